"""Environments of Managed Airflow."""

from typing import Any

from sandbox.providers.aws.table import Call, Code, Context, Tags, Type

_ENVIRONMENT = {"Name": "id || name"}
_ARN = {"ResourceArn": "Arn || arn"}


def _find(mwaa: Any, seen: Context) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = mwaa.get_environment(Name=seen["name"])["Environment"]
    except mwaa.exceptions.ResourceNotFoundException:
        return None
    return found


TYPES = [
    Type(
        "aws:mwaa/environment:Environment",
        client="mwaa",
        create=Call("CreateEnvironment"),
        id="name",
        id_parts="{name}",
        read=(Call("GetEnvironment", _ENVIRONMENT, at="Environment"),),
        find=Code(_find),
        ready="Status=='AVAILABLE'",
        failed="Status=='CREATE_FAILED' || Status=='UPDATE_FAILED' || Status=='UNAVAILABLE'",
        update=(
            Call(
                "UpdateEnvironment",
                {
                    "Name": "id",
                    "NetworkConfiguration": "{SecurityGroupIds: networkConfiguration.securityGroupIds}",
                    "AirflowConfigurationOptions": "airflowConfigurationOptions || `{}`",
                },
            ),
        ),
        delete=(Call("DeleteEnvironment", _ENVIRONMENT),),
        name="name",
        replace=frozenset({"name", "kmsKey", "networkConfiguration.subnetIds", "endpointManagement", "region"}),
        local=frozenset({"workerReplacementStrategy"}),
        back={
            "name": "Name",
            "airflowConfigurationOptions": "AirflowConfigurationOptions",
            "kmsKey": "KmsKey",
            "pluginsS3Path": "PluginsS3Path",
            "requirementsS3Path": "RequirementsS3Path",
            "startupScriptS3Path": "StartupScriptS3Path",
        },
        grows=frozenset({"loggingConfiguration"}),
        outputs={
            "arn": "Arn",
            "createdAt": "CreatedAt",
            "status": "Status",
            "serviceRoleArn": "ServiceRoleArn",
            "webserverUrl": "WebserverUrl",
            "loggingConfiguration": "LoggingConfiguration",
        },
        tags=Tags(Call("TagResource", _ARN), Call("UntagResource", _ARN), Call("ListTagsForResource", _ARN, at="Tags")),
    ),
]
