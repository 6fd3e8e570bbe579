"""What EC2's types have in common."""

from sandbox.providers.aws.table import Call, Tags

TAGS = Tags(Call("CreateTags", {"Resources": "[id]"}), Call("DeleteTags", {"Resources": "[id]"}))


def filters(**values: str) -> str:
    """Expression of the filters of a Describe call: ``vpc_id="vpcId"`` filters ``vpc-id`` by that input."""
    each = [f"{{Name: '{name.replace('_', '-')}', Values: [{value}]}}" for name, value in values.items()]
    return f"[{', '.join(each)}]"
