"""MLflow Apps."""

from typing import Any

from sandbox.providers.aws.table import Call, Code, Context, Tags, Type

_APP = {"Arn": "id"}
_TAGGED = {"ResourceArn": "id"}


def _find(sagemaker: Any, seen: Context) -> dict[str, Any] | None:
    for page in sagemaker.get_paginator("list_mlflow_apps").paginate():
        for app in page["Summaries"]:
            if app["Name"] == seen["name"]:
                found: dict[str, Any] = sagemaker.describe_mlflow_app(Arn=app["Arn"])
                return found
    return None


TYPES = [
    Type(
        "aws:sagemaker/mlflowApp:MlflowApp",
        client="sagemaker",
        create=Call("CreateMlflowApp"),
        id="Arn",
        read=(Call("DescribeMlflowApp", _APP),),
        find=Code(_find),
        ready="Status=='Created' || Status=='Updated'",
        failed="Status=='CreateFailed' || Status=='UpdateFailed'",
        update=(Call("UpdateMlflowApp", _APP),),
        delete=(Call("DeleteMlflowApp", _APP),),
        name="name",
        replace=frozenset({"roleArn", "region"}),
        defaults={"accountDefaultStatus": "DISABLED", "modelRegistrationMode": "AutoModelRegistrationDisabled"},
        local=frozenset({"timeouts"}),
        back={
            "name": "Name",
            "defaultDomainIdLists": "DefaultDomainIdList",
            "weeklyMaintenanceWindowStart": "WeeklyMaintenanceWindowStart",
        },
        outputs={"arn": "Arn"},
        tags=Tags(Call("AddTags", _TAGGED), Call("DeleteTags", _TAGGED), Call("ListTags", _TAGGED, at="Tags")),
    ),
]
