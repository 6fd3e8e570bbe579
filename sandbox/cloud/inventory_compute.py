"""What exists of Batch, Step Functions, instance profiles and launch templates."""

from collections.abc import Iterator

from sandbox.cloud.item import Call, Item, tags_of


def _batch(call: Call) -> Iterator[Item]:
    """Definitions of jobs that are in use; the others stay in every account that ever had them."""
    batch = call("batch")
    for page in batch.get_paginator("describe_compute_environments").paginate():
        for environment in page["computeEnvironments"]:
            yield Item("compute environment", environment["computeEnvironmentName"], environment.get("tags", {}))
    for page in batch.get_paginator("describe_job_queues").paginate():
        for queue in page["jobQueues"]:
            yield Item("job queue", queue["jobQueueName"], queue.get("tags", {}))
    for page in batch.get_paginator("describe_job_definitions").paginate(status="ACTIVE"):
        for definition in page["jobDefinitions"]:
            name = f"{definition['jobDefinitionName']}:{definition['revision']}"
            yield Item("job definition", name, definition.get("tags", {}))


def _machines(call: Call) -> Iterator[Item]:
    sfn = call("stepfunctions")
    for page in sfn.get_paginator("list_state_machines").paginate():
        for machine in page["stateMachines"]:
            tags = sfn.list_tags_for_resource(resourceArn=machine["stateMachineArn"])["tags"]
            yield Item("state machine", machine["name"], {tag["key"]: tag["value"] for tag in tags})


def _instances(call: Call) -> Iterator[Item]:
    for page in call("iam").get_paginator("list_instance_profiles").paginate():
        for profile in page["InstanceProfiles"]:
            yield Item("instance profile", profile["InstanceProfileName"], tags_of(profile.get("Tags", [])))
    for page in call("ec2").get_paginator("describe_launch_templates").paginate():
        for template in page["LaunchTemplates"]:
            yield Item("launch template", template["LaunchTemplateName"], tags_of(template.get("Tags", [])))


WALKS = (_batch, _machines, _instances)
