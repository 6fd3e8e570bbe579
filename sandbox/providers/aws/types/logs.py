"""CloudWatch log groups."""

from sandbox.providers.aws.table import Call, Tags, Type, arn

_GROUP = {"logGroupName": "id"}
_ARN = {"resourceArn": arn("logs", "join(':', ['log-group', id])")}
_POLICY = Call("PutResourcePolicy")

TYPES = [
    Type(
        "aws:cloudwatch/logGroup:LogGroup",
        client="logs",
        create=Call("CreateLogGroup", {"logGroupName": "name"}),
        id="name",
        id_parts="{name}",
        read=(
            Call(
                "DescribeLogGroups",
                {"logGroupNamePrefix": "id || name"},
                at="logGroups[?logGroupName=='$name'] | [0]",
            ),
        ),
        settle=(Call("PutRetentionPolicy", _GROUP, when="retentionInDays > `0`"),),
        update=(
            Call("DeleteRetentionPolicy", _GROUP, when="!(retentionInDays > `0`)"),
            Call("AssociateKmsKey", _GROUP, when="kmsKeyId"),
            Call("DisassociateKmsKey", _GROUP, when="!kmsKeyId"),
            Call(
                "PutLogGroupDeletionProtection",
                {"logGroupIdentifier": "id", "deletionProtectionEnabled": "deletionProtectionEnabled || `false`"},
            ),
        ),
        delete=(Call("DeleteLogGroup", _GROUP, when="!skipDestroy"),),
        name="name",
        replace=frozenset({"name", "logGroupClass"}),
        defaults={"retentionInDays": 0},
        local=frozenset({"skipDestroy"}),
        back={"name": "logGroupName", "retentionInDays": "retentionInDays || `0`", "kmsKeyId": "kmsKeyId"},
        outputs={"arn": arn("logs", "join(':', ['log-group', id])"), "retentionInDays": "retentionInDays || `0`"},
        tags=Tags(Call("TagResource", _ARN), Call("UntagResource", _ARN), Call("ListTagsForResource", _ARN, at="tags")),
    ),
    Type(
        "aws:cloudwatch/logResourcePolicy:LogResourcePolicy",
        client="logs",
        create=_POLICY,
        update=(_POLICY,),
        id="policyName",
        id_parts="{policyName}",
        read=(Call("DescribeResourcePolicies", at="resourcePolicies[?policyName=='$policyName'] | [0]"),),
        delete=(Call("DeleteResourcePolicy"),),
        replace=frozenset({"policyName", "region"}),
    ),
]
