"""Managed Airflow, which moto lacks: environments exist, with what AWS asks of them; no Airflow runs in them."""

import uuid
from typing import Any

from moto.ec2.models import ec2_backends
from moto.iam.models import iam_backends
from moto.s3.models import s3_backends

from sandbox.cloud import clock
from sandbox.cloud.extension import add_service, extend, fail, store

VERSIONS = ("2.7.2", "2.8.1", "2.9.2", "2.10.1", "2.10.3", "2.11.0", "3.0.6")
"""Versions of Airflow that can be had; the last is the default."""

_CLASSES = ("mw1.micro", "mw1.small", "mw1.medium", "mw1.large", "mw1.xlarge", "mw1.2xlarge")
_ONE_OF_EACH = "mw1.micro"
_LOGS = {
    "DagProcessingLogs": "DAGProcessing",
    "SchedulerLogs": "Scheduler",
    "TaskLogs": "Task",
    "WebserverLogs": "WebServer",
    "WorkerLogs": "Worker",
}


def _environments(backend: Any) -> dict[str, dict[str, Any]]:
    return store(backend, "environments")


def _environment(backend: Any, name: str) -> dict[str, Any]:
    return _environments(backend).get(name) or fail("ResourceNotFoundException", f"There is no environment {name}.")


def _create(backend: Any, given: dict[str, Any]) -> dict[str, Any]:
    name, environments = given["Name"], _environments(backend)
    if name in environments:
        fail("ValidationException", f"Environment {name} already exists.")
    _check(backend, given)
    subnets, region = given["NetworkConfiguration"]["SubnetIds"], backend.region_name
    known = ec2_backends[backend.account_id][region]
    zones = {known.get_subnet(subnet).availability_zone for subnet in subnets}
    if len(subnets) != 2 or len(zones) != 2:
        fail("ValidationException", "SubnetIds: two private subnets in two Availability Zones are required.")
    arn = f"arn:{backend.partition}:airflow:{region}:{backend.account_id}:environment/{name}"
    service_role = "aws-service-role/airflow.amazonaws.com/AWSServiceRoleForAmazonMWAA"
    micro = given.get("EnvironmentClass") == _ONE_OF_EACH
    defaults: dict[str, Any] = {
        "AirflowVersion": VERSIONS[-1],
        "EnvironmentClass": "mw1.small",
        "MaxWorkers": 1 if micro else 10,
        "MinWorkers": 1,
        "MaxWebservers": 1 if micro else 2,
        "MinWebservers": 1 if micro else 2,
        "Schedulers": 1 if micro else 2,
        "WebserverAccessMode": "PRIVATE_ONLY",
        "EndpointManagement": "SERVICE",
        "WeeklyMaintenanceWindowStart": "MON:02:00",
        "AirflowConfigurationOptions": {},
        "Tags": {},
    }
    made = {
        "Arn": arn,
        "Status": "AVAILABLE",
        "CreatedAt": clock.now(),
        "WebserverUrl": f"{uuid.uuid4()}.c1.{region}.airflow.amazonaws.com",
        "ServiceRoleArn": f"arn:{backend.partition}:iam::{backend.account_id}:role/{service_role}",
        "LastUpdate": {"Status": "SUCCESS", "CreatedAt": clock.now()},
        "LoggingConfiguration": _logging(arn, given.get("LoggingConfiguration", {})),
    }
    environments[name] = {**defaults, **given, **made}
    return {"Arn": arn}


def _check(backend: Any, given: dict[str, Any]) -> None:
    """What AWS checks of values; also of an update, which has only some."""
    if given.get("AirflowVersion", VERSIONS[-1]) not in VERSIONS:
        fail("ValidationException", f"AirflowVersion: one of {', '.join(VERSIONS)}: {given['AirflowVersion']}")
    if given.get("EnvironmentClass", _ONE_OF_EACH) not in _CLASSES:
        fail("ValidationException", f"EnvironmentClass: one of {', '.join(_CLASSES)}: {given['EnvironmentClass']}")
    roles = iam_backends[backend.account_id][backend.partition].roles.values()
    if "ExecutionRoleArn" in given and given["ExecutionRoleArn"] not in {role.arn for role in roles}:
        fail("ValidationException", f"Execution role {given['ExecutionRoleArn']} does not exist.")
    if "SourceBucketArn" in given:
        bucket = s3_backends[backend.account_id][backend.partition].buckets.get(given["SourceBucketArn"].split(":")[-1])
        if bucket is None or bucket.versioning_status != "Enabled":
            fail("ValidationException", f"{given['SourceBucketArn']} does not exist or does not keep versions.")


def _logging(arn: str, given: dict[str, Any]) -> dict[str, Any]:
    """Each part's settings, with the group that Airflow makes for it where it writes."""
    begin, name = arn.replace(":airflow:", ":logs:").rsplit(":", 1)[0], arn.rpartition("/")[2]
    found: dict[str, Any] = {}
    for part, word in _LOGS.items():
        settings = {"Enabled": False, "LogLevel": "INFO", **given.get(part, {})}
        group = {"CloudWatchLogGroupArn": f"{begin}:log-group:airflow-{name}-{word}"} if settings["Enabled"] else {}
        found[part] = {**settings, **group}
    return found


def _update(backend: Any, given: dict[str, Any]) -> dict[str, Any]:
    environment = _environment(backend, given["Name"])
    _check(backend, given)
    changed = {name: value for name, value in given.items() if name not in ("NetworkConfiguration",)}
    if "LoggingConfiguration" in given:
        changed["LoggingConfiguration"] = _logging(environment["Arn"], given["LoggingConfiguration"])
    if "NetworkConfiguration" in given:
        groups = given["NetworkConfiguration"]["SecurityGroupIds"]
        changed["NetworkConfiguration"] = {**environment["NetworkConfiguration"], "SecurityGroupIds": groups}
    strategy = changed.pop("WorkerReplacementStrategy", None)
    environment |= changed
    environment["LastUpdate"] = {"Status": "SUCCESS", "CreatedAt": clock.now()}
    if strategy:
        environment["LastUpdate"]["WorkerReplacementStrategy"] = strategy
    return {"Arn": environment["Arn"]}


def _delete(backend: Any, given: dict[str, Any]) -> None:
    _environment(backend, given["Name"])
    del _environments(backend)[given["Name"]]


def _tags(backend: Any, given: dict[str, Any]) -> dict[str, str]:
    tags: dict[str, str] = _environment(backend, given["ResourceArn"].rpartition("/")[2])["Tags"]
    return tags


def _untag(backend: Any, given: dict[str, Any]) -> None:
    for key in given["tagKeys"]:
        _tags(backend, given).pop(key, None)


add_service("mwaa", "mwaa", r"https?://airflow\.(.+)\.amazonaws\.com")
extend(
    "mwaa",
    {
        "CreateEnvironment": _create,
        "GetEnvironment": lambda backend, given: {"Environment": _environment(backend, given["Name"])},
        "UpdateEnvironment": _update,
        "DeleteEnvironment": _delete,
        "ListEnvironments": lambda backend, _: {"Environments": sorted(_environments(backend))},
        "ListTagsForResource": lambda backend, given: {"Tags": _tags(backend, given)},
        "TagResource": lambda backend, given: _tags(backend, given).update(given["Tags"]),
        "UntagResource": _untag,
    },
    (r"/environments$", r"/environments/(?P<name>[^/]+)$", r"/tags/(?P<arn>.+)$"),
)
