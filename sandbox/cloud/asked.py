"""What a call asks of IAM: actions on resources, from its parameters."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from moto.kms.models import kms_backends

Parameters = Mapping[str, Any]


@dataclass(frozen=True)
class Asked:
    """One right that a call needs."""

    action: str
    resources: tuple[str, ...] = ("*",)
    """ARNs of which one must be allowed: AWS takes several spellings for some things."""
    context: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True)
class Place:
    """Where a call arrives."""

    region: str
    account: str

    def arn(self, service: str, resource: str) -> str:
        """An ARN here; ``resource`` as it is if it already is one."""
        return resource if resource.startswith("arn:") else f"arn:aws:{service}:{self.region}:{self.account}:{resource}"


def asked(service: str, action: str, given: Parameters, place: Place) -> list[Asked]:
    """All that a call of ``action`` needs; ``service`` is IAM's prefix. What is not in the table: an ARN, or ``*``."""
    rule = _SERVICES.get(service, _any)
    return list(rule(f"{service}:{action}", action, given, place))


def _any(right: str, _: str, given: Parameters, __: Place) -> Iterator[Asked]:
    arns = [value for name, value in given.items() if name.lower().endswith("arn") and isinstance(value, str)]
    yield Asked(right, (arns[0],) if arns else ("*",))


def _dynamodb(right: str, action: str, given: Parameters, place: Place) -> Iterator[Asked]:
    def table(name: str, right: str, index: str | None = None) -> Asked:
        arn = name if name.startswith("arn:") else place.arn("dynamodb", f"table/{name}")
        return Asked(right, (f"{arn}/index/{index}" if index else arn,))

    if action in ("BatchGetItem", "BatchWriteItem"):
        yield from (table(name, right) for name in given.get("RequestItems", {}))
    elif action in ("TransactGetItems", "TransactWriteItems"):
        words = {"Get": "GetItem", "Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem"}
        for item in given.get("TransactItems", []):
            for kind, what in item.items():
                yield table(what["TableName"], f"dynamodb:{words.get(kind, 'ConditionCheckItem')}")
    elif "TableName" in given:
        yield table(given["TableName"], right, given.get("IndexName"))
    else:
        yield from _any(right, action, given, place)


def _sqs(right: str, _: str, given: Parameters, place: Place) -> Iterator[Asked]:
    name = given.get("QueueName") or str(given.get("QueueUrl", "")).rpartition("/")[2]
    yield Asked(right, (place.arn("sqs", name) if name else "*",))


def _events(right: str, action: str, given: Parameters, place: Place) -> Iterator[Asked]:
    if action == "PutEvents":
        buses = {entry.get("EventBusName") or "default" for entry in given.get("Entries", [])}
        yield from (Asked(right, (_bus(name, place),)) for name in sorted(buses))
        return
    rule = given.get("Rule") or (given.get("Name") if "Rule" in action else None)
    if rule:
        bus = str(given.get("EventBusName") or "default").rpartition("/")[2]
        yield Asked(right, (place.arn("events", f"rule/{rule}" if bus == "default" else f"rule/{bus}/{rule}"),))
    elif "EventBus" in action and "Name" in given:
        yield Asked(right, (_bus(given["Name"], place),))
    else:
        yield from _any(right, action, given, place)


def _bus(name: str, place: Place) -> str:
    return name if name.startswith("arn:") else place.arn("events", f"event-bus/{name}")


def _batch(right: str, action: str, given: Parameters, place: Place) -> Iterator[Asked]:
    if action == "SubmitJob":
        queue, definition = given["jobQueue"], given["jobDefinition"]
        yield Asked(right, (queue if queue.startswith("arn:") else place.arn("batch", f"job-queue/{queue}"),))
        whole = definition if definition.startswith("arn:") else place.arn("batch", f"job-definition/{definition}")
        # a policy may name a definition without its revision
        yield Asked(right, (whole, whole.rsplit(":", 1)[0] if whole.rpartition(":")[2].isdigit() else f"{whole}:1"))
    elif "jobId" in given:
        yield Asked(right, (place.arn("batch", f"job/{given['jobId']}"),))
    else:
        yield from _any(right, action, given, place)


def _logs(right: str, action: str, given: Parameters, place: Place) -> Iterator[Asked]:
    name = given.get("logGroupName") or given.get("logGroupIdentifier")
    if not name:
        yield from _any(right, action, given, place)
        return
    group = name.removesuffix(":*") if name.startswith("arn:") else place.arn("logs", f"log-group:{name}")
    stream = given.get("logStreamName")
    yield Asked(right, (group, f"{group}:*", *([f"{group}:log-stream:{stream}"] if stream else [])))


def _kms(right: str, _: str, given: Parameters, place: Place) -> Iterator[Asked]:
    if "KeyId" not in given:
        yield Asked(right)
        return
    yield Asked(right, (key_arn(given["KeyId"], place),), {"kms:ViaService": None})


def key_arn(key: str, place: Place) -> str:
    """A key's ARN from any way to name it."""
    kms = kms_backends[place.account][place.region]
    found = kms.any_id_to_key_id(key)
    return str(kms.keys[found].arn) if found in kms.keys else key


def _named(service: str, member: str, kind: str) -> Callable[[str, str, Parameters, Place], Iterator[Asked]]:
    def rule(right: str, action: str, given: Parameters, place: Place) -> Iterator[Asked]:
        if name := given.get(member):
            arn = name if str(name).startswith("arn:") else place.arn(service, f"{kind}{name}")
            yield Asked(right, (arn, f"{arn}-*") if service == "secretsmanager" else (arn,))
        else:
            yield from _any(right, action, given, place)

    return rule


def _scheduler(right: str, action: str, given: Parameters, place: Place) -> Iterator[Asked]:
    name, group = given.get("Name"), given.get("GroupName", "default")
    kind = f"schedule-group/{name}" if "Group" in action else f"schedule/{group}/{name}"
    yield Asked(right, (place.arn("scheduler", kind) if name else "*",))


def _cloudwatch(right: str, _: str, given: Parameters, __: Place) -> Iterator[Asked]:
    yield Asked(right, context={"cloudwatch:namespace": given.get("Namespace")})


_SERVICES: dict[str, Callable[[str, str, Parameters, Place], Iterator[Asked]]] = {
    "batch": _batch,
    "cloudwatch": _cloudwatch,
    "dynamodb": _dynamodb,
    "ecr": _named("ecr", "repositoryName", "repository/"),
    "events": _events,
    "kms": _kms,
    "lambda": _named("lambda", "FunctionName", "function:"),
    "logs": _logs,
    "scheduler": _scheduler,
    "secretsmanager": _named("secretsmanager", "SecretId", "secret:"),
    "sqs": _sqs,
}
