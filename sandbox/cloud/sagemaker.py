"""SageMaker: MLflow Apps, which moto lacks. They exist and have an address; no MLflow server answers there."""

import uuid
from typing import Any

from moto.iam.models import iam_backends
from moto.sagemaker.models import SageMakerModelBackend

from sandbox.cloud import clock
from sandbox.cloud.extension import extend, fail, replaces, store
from sandbox.cloud.policies import decide

_VERSION = "3.4"
_PRINCIPAL = "sagemaker.amazonaws.com"
_OF_CREATION = ("Name", "ArtifactStoreUri", "RoleArn", "KmsKeyId")
_CHANGEABLE = (
    *("Name", "ArtifactStoreUri", "ModelRegistrationMode", "WeeklyMaintenanceWindowStart"),
    *("DefaultDomainIdList", "AccountDefaultStatus"),
)
_DEFAULTS = {"ModelRegistrationMode": "AutoModelRegistrationDisabled", "AccountDefaultStatus": "DISABLED"}


class App:
    """One MLflow App; ``tags`` is where moto looks for them."""

    def __init__(self, described: dict[str, Any], tags: list[dict[str, str]]) -> None:
        self.described, self.tags = described, tags


def _apps(backend: Any) -> dict[str, App]:
    return store(backend, "mlflow_apps")


def _app(backend: Any, given: dict[str, Any]) -> App:
    found = _apps(backend).get(given["Arn"].rpartition("/")[2])
    return found or fail("ResourceNotFound", f"MLflow App {given['Arn']} does not exist.")


def _create(backend: Any, given: dict[str, Any]) -> dict[str, Any]:
    if any(app.described["Name"] == given["Name"] for app in _apps(backend).values()):
        fail("ConflictException", f"An MLflow App {given['Name']} exists already.")
    _check_role(backend, given["RoleArn"])
    identifier = f"app-{uuid.uuid4().hex[:12].upper()}"
    arn = f"arn:{backend.partition}:sagemaker:{backend.region_name}:{backend.account_id}:mlflow-app/{identifier}"
    _only_default(backend, arn, given)
    chosen = {name: given[name] for name in dict.fromkeys((*_OF_CREATION, *_CHANGEABLE)) if name in given}
    made = {"Arn": arn, "Status": "Created", "MlflowVersion": _VERSION, "MaintenanceStatus": "MaintenanceComplete"}
    times = {"CreationTime": clock.now(), "LastModifiedTime": clock.now()}
    _apps(backend)[identifier] = App({**_DEFAULTS, **chosen, **made, **times}, given.get("Tags", []))
    return {"Arn": arn}


def _check_role(backend: Any, arn: str) -> None:
    roles = iam_backends[backend.account_id][backend.partition].roles.values()
    role = next((role for role in roles if role.arn == arn), None)
    trusted = role and decide([role.assume_role_policy_document], "sts:AssumeRole", arn, None, ("Service", _PRINCIPAL))
    if not trusted:
        fail("ValidationException", f"Could not assume role {arn}: it does not exist or does not trust {_PRINCIPAL}.")


def _only_default(backend: Any, arn: str, given: dict[str, Any]) -> None:
    """One App at most is the account's default."""
    if given.get("AccountDefaultStatus") != "ENABLED":
        return
    for app in _apps(backend).values():
        if app.described["Arn"] != arn:
            app.described["AccountDefaultStatus"] = "DISABLED"


def _update(backend: Any, given: dict[str, Any]) -> dict[str, Any]:
    app = _app(backend, given)
    _only_default(backend, given["Arn"], given)
    app.described |= {name: given[name] for name in _CHANGEABLE if name in given}
    app.described |= {"Status": "Updated", "LastModifiedTime": clock.now()}
    return {"Arn": given["Arn"]}


def _delete(backend: Any, given: dict[str, Any]) -> dict[str, Any]:
    app = _app(backend, given)
    del _apps(backend)[app.described["Arn"].rpartition("/")[2]]
    return {"Arn": given["Arn"]}


def _list(backend: Any, given: dict[str, Any]) -> dict[str, Any]:
    wanted = {name: given[name] for name in ("Status", "MlflowVersion", "AccountDefaultStatus") if name in given}
    members = ("Arn", "Name", "Status", "CreationTime", "LastModifiedTime", "MlflowVersion")
    found = [app.described for app in _apps(backend).values() if wanted.items() <= app.described.items()]
    found.sort(key=lambda app: app["CreationTime"], reverse=given.get("SortOrder") == "Descending")
    return {"Summaries": [{name: app[name] for name in members} for app in found]}


def _presigned(backend: Any, given: dict[str, Any]) -> dict[str, Any]:
    identifier = _app(backend, given).described["Arn"].rpartition("/")[2]
    host = f"{identifier.lower()}.mlflow.sagemaker.{backend.region_name}.app.aws"
    return {"AuthorizedUrl": f"https://{host}/auth?authToken={uuid.uuid4().hex}"}


@replaces(SageMakerModelBackend, "_get_resource_from_arn")
def _resource(original: Any, self: Any, arn: str) -> Any:
    return _app(self, {"Arn": arn}) if ":mlflow-app/" in arn else original(self, arn)


extend(
    "sagemaker",
    {
        "CreateMlflowApp": _create,
        "DescribeMlflowApp": lambda backend, given: _app(backend, given).described,
        "UpdateMlflowApp": _update,
        "DeleteMlflowApp": _delete,
        "ListMlflowApps": _list,
        "CreatePresignedMlflowAppUrl": _presigned,
    },
)
