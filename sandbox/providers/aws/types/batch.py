"""Batch: environments that start machines, queues of jobs, definitions of jobs."""

import json
from typing import Any

from sandbox.providers.aws.shapes import build, equal, mirror
from sandbox.providers.aws.table import Call, Code, Context, Tags, Type

_DEFINED = {
    # input of a definition: parameter of its registration
    "containerProperties": "containerProperties",
    "ecsProperties": "ecsProperties",
    "eksProperties": "eksProperties",
    "name": "jobDefinitionName",
    "nodeProperties": "nodeProperties",
    "parameters": "parameters",
    "platformCapabilities": "platformCapabilities",
    "propagateTags": "propagateTags",
    "retryStrategy": "retryStrategy",
    "schedulingPriority": "schedulingPriority",
    "timeout": "timeout",
    "type": "type",
}
_AS_JSON = ("containerProperties", "ecsProperties", "nodeProperties")
_ARN_OF_DEFINITION = "jobDefinitionArn || arn"


def _tags(arn: str) -> Tags:
    return Tags(Call("TagResource", {"resourceArn": arn}), Call("UntagResource", {"resourceArn": arn}))


def _delete_environment(batch: Any, seen: Context) -> None:
    """A thing that takes jobs is not deleted: it is disabled first."""
    if batch.describe_compute_environments(computeEnvironments=[seen["id"]])["computeEnvironments"]:
        batch.update_compute_environment(computeEnvironment=seen["id"], state="DISABLED")
        batch.delete_compute_environment(computeEnvironment=seen["id"])


def _delete_queue(batch: Any, seen: Context) -> None:
    if batch.describe_job_queues(jobQueues=[seen["id"]])["jobQueues"]:
        batch.update_job_queue(jobQueue=seen["id"], state="DISABLED")
        batch.delete_job_queue(jobQueue=seen["id"])


def _name_of(seen: Context) -> str:
    """A definition's name: its id is the ARN of its first revision."""
    return str(seen.get("name") or seen["id"].rpartition("/")[2].partition(":")[0])


def _active(batch: Any, name: str) -> list[dict[str, Any]]:
    """Revisions in use, the newest first."""
    pages = batch.get_paginator("describe_job_definitions").paginate(jobDefinitionName=name, status="ACTIVE")
    found = [definition for page in pages for definition in page["jobDefinitions"]]
    return sorted(found, key=lambda definition: -definition["revision"])


def _find_definition(batch: Any, seen: Context) -> dict[str, Any] | None:
    """The newest revision, in the program's own words where it means the same."""
    found = next(iter(_active(batch, _name_of(seen))), None)
    if found is None:
        return None
    for name in _AS_JSON:
        text = seen.get(name)
        if isinstance(text, str) and name in found:
            found[name] = _said(text, found[name])
    given = (seen.get("retryStrategy") or {}).get("evaluateOnExits") or []
    said = {rule["action"].lower(): rule["action"] for rule in given}
    for rule in (found.get("retryStrategy") or {}).get("evaluateOnExit") or []:
        rule["action"] = said.get(rule["action"], rule["action"])  # case says nothing here, and Batch answers in lower
    return found


def _said(given: str, actual: Any) -> str:
    """JSON of ``actual`` without what Batch adds to ``given``; it drops variables without a value."""
    wanted = json.loads(given)
    if wanted.get("environment"):
        wanted["environment"] = [pair for pair in wanted["environment"] if pair.get("value") != ""]
    seen = {name: value for name, value in mirror(wanted, actual).items() if value or not wanted[name]}
    return given if equal(seen, wanted) else json.dumps(seen, sort_keys=True)


def _register(batch: Any, seen: Context) -> dict[str, Any]:
    """Any change is a new revision; the old one is kept where the program says so."""
    members = batch.meta.service_model.operation_model("RegisterJobDefinition").input_shape.members
    parameters = {"tags": seen.get("tagsAll") or {}}
    for name, parameter in _DEFINED.items():
        value = seen.get(name)
        if value is not None:
            value = json.loads(value) if name in _AS_JSON else value
            parameters[parameter] = build(members[parameter], value, f"aws:batch/jobDefinition:JobDefinition: {name}")
    made: dict[str, Any] = batch.register_job_definition(**parameters)
    if seen.get("old") is not None and seen.get("deregisterOnNewRevision", True):
        for definition in _active(batch, _name_of(seen))[1:]:
            batch.deregister_job_definition(jobDefinition=definition["jobDefinitionArn"])
    return made


def _deregister(batch: Any, seen: Context) -> None:
    for definition in _active(batch, _name_of(seen)):
        batch.deregister_job_definition(jobDefinition=definition["jobDefinitionArn"])


_INPUTS = frozenset(_DEFINED)

TYPES = [
    Type(
        "aws:batch/computeEnvironment:ComputeEnvironment",
        client="batch",
        create=Call("CreateComputeEnvironment", {"computeEnvironmentName": "name"}),
        id="computeEnvironmentName || name",
        id_parts="{name}",
        read=(
            Call("DescribeComputeEnvironments", {"computeEnvironments": "[id || name]"}, at="computeEnvironments[0]"),
        ),
        find=Call("DescribeComputeEnvironments", {"computeEnvironments": "[name]"}, at="computeEnvironments[0]"),
        ready="status=='VALID'",
        failed="status=='INVALID'",
        update=(
            Call(
                "UpdateComputeEnvironment",
                {
                    "computeEnvironment": "id",
                    # what Spot needed a role for, no update takes
                    "computeResources": "computeResources && merge(computeResources, {spotIamFleetRole: `null`}) "
                    "|| `null`",
                },
            ),
        ),
        delete=(Code(_delete_environment),),
        name="name",
        replace=frozenset({"name", "type", "eksConfiguration", "computeResources.spotIamFleetRole", "region"}),
        defaults={"state": "ENABLED"},
        back={"name": "computeEnvironmentName"},
        outputs={
            "arn": "computeEnvironmentArn",
            "ecsClusterArn": "ecsClusterArn",
            "serviceRole": "serviceRole",
            "status": "status",
            "statusReason": "statusReason",
        },
        tags=_tags("computeEnvironmentArn || arn"),
    ),
    Type(
        "aws:batch/jobQueue:JobQueue",
        client="batch",
        create=Call("CreateJobQueue", {"jobQueueName": "name"}),
        id="jobQueueArn || arn",
        read=(Call("DescribeJobQueues", {"jobQueues": "[id]"}, at="jobQueues[0]"),),
        find=Call("DescribeJobQueues", {"jobQueues": "[name]"}, at="jobQueues[0]"),
        ready="status=='VALID'",
        failed="status=='INVALID'",
        update=(
            Call(
                "UpdateJobQueue",
                {"jobQueue": "id", "jobStateTimeLimitActions": "jobStateTimeLimitActions || `[]`"},
            ),
        ),
        delete=(Code(_delete_queue),),
        name="name",
        replace=frozenset({"name", "region"}),
        local=frozenset({"timeouts"}),
        back={
            "name": "jobQueueName",
            "computeEnvironmentOrders": "computeEnvironmentOrder",
            "jobStateTimeLimitActions": "jobStateTimeLimitActions || `null`",
        },
        outputs={"arn": "jobQueueArn"},
        tags=_tags("jobQueueArn || arn"),
    ),
    Type(
        "aws:batch/jobDefinition:JobDefinition",
        client="batch",
        create=Code(_register, _INPUTS),
        id=_ARN_OF_DEFINITION,
        read=(Code(_find_definition),),
        find=Code(_find_definition),
        update=(Code(_register, _INPUTS),),
        delete=(Code(_deregister),),
        name="name",
        replace=frozenset({"name", "type", "region"}),
        defaults={"deregisterOnNewRevision": True, "propagateTags": False},
        moves=frozenset({"arn", "revision"}),
        local=frozenset({"deregisterOnNewRevision"}),
        back={
            "name": "jobDefinitionName",
            "parameters": "parameters || `null`",
            "propagateTags": "propagateTags || `false`",
        },
        outputs={
            "arn": "jobDefinitionArn",
            "arnPrefix": "join('', ['arn:', here.partition, ':batch:', here.region, ':', here.account, "
            "':job-definition/', jobDefinitionName])",
            "revision": "revision",
        },
        tags=_tags(_ARN_OF_DEFINITION),
    ),
]
