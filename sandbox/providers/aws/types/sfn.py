"""Step Functions: state machines and aliases of their versions."""

from sandbox.providers.aws.table import Call, Tags, Type, arn

_MACHINE = {"stateMachineArn": "id"}
_ALIAS = {"stateMachineAliasArn": "id"}
_ARN = {"resourceArn": "id"}
_LOGGING = (
    "loggingConfiguration && {level: loggingConfiguration.level, "
    "includeExecutionData: loggingConfiguration.includeExecutionData || `false`, "
    "destinations: loggingConfiguration.logDestination "
    "&& [{cloudWatchLogsLogGroup: {logGroupArn: loggingConfiguration.logDestination}}] || `null`}"
)

TYPES = [
    Type(
        "aws:sfn/stateMachine:StateMachine",
        client="stepfunctions",
        create=Call("CreateStateMachine", {"loggingConfiguration": f"{_LOGGING} || `null`"}),
        id="stateMachineArn || " + arn("states", "join(':', ['stateMachine', name])"),
        read=(
            Call("DescribeStateMachine", _MACHINE),
            Call("ListStateMachineVersions", _MACHINE, at="stateMachineVersions", into="versions"),
        ),
        ready="status=='ACTIVE'",
        update=(
            Call(
                "UpdateStateMachine",
                {
                    **_MACHINE,
                    "loggingConfiguration": f"{_LOGGING} || {{level: 'OFF'}}",
                    "tracingConfiguration": "tracingConfiguration || {enabled: `false`}",
                    "encryptionConfiguration": "encryptionConfiguration || {type: 'AWS_OWNED_KEY'}",
                },
            ),
        ),
        delete=(Call("DeleteStateMachine", _MACHINE),),
        name="name",
        replace=frozenset({"name", "type", "region"}),
        defaults={"type": "STANDARD"},
        moves=frozenset({"revisionId", "stateMachineVersionArn"}),
        back={
            "name": "name",
            "loggingConfiguration": "{level: loggingConfiguration.level, "
            "includeExecutionData: loggingConfiguration.includeExecutionData, "
            "logDestination: loggingConfiguration.destinations[0].cloudWatchLogsLogGroup.logGroupArn}",
            # What only a creation or an update takes is in no answer.
            "publish": "given.publish",
        },
        outputs={
            "arn": "stateMachineArn",
            "creationDate": "creationDate",
            "description": "description",
            "revisionId": "revisionId",
            "stateMachineVersionArn": "versions[0].stateMachineVersionArn",
            "status": "status",
        },
        tags=Tags(Call("TagResource", _ARN), Call("UntagResource", _ARN), Call("ListTagsForResource", _ARN, at="tags")),
    ),
    Type(
        "aws:sfn/alias:Alias",
        client="stepfunctions",
        create=Call("CreateStateMachineAlias"),
        id="stateMachineAliasArn",
        read=(Call("DescribeStateMachineAlias", _ALIAS),),
        update=(Call("UpdateStateMachineAlias", _ALIAS),),
        delete=(Call("DeleteStateMachineAlias", _ALIAS),),
        name="name",
        replace=frozenset({"name", "region"}),
        back={"name": "name", "routingConfigurations": "routingConfiguration"},
        outputs={"arn": "stateMachineAliasArn", "creationDate": "creationDate"},
    ),
]
