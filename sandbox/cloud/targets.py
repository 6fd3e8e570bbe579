"""Targets of rules and schedules, called as their service is called; who may call them is looked up each time."""

import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from botocore import xform_name
from moto.kms.models import kms_backends

from sandbox.cloud import clock, delivery
from sandbox.cloud.delivery import Delivery
from sandbox.cloud.extension import fail
from sandbox.cloud.itself import check, client
from sandbox.cloud.key_policy import may_use
from sandbox.cloud.policies import decide

NEED_ROLE = ("states", "batch", "api-destination")
"""Kinds of targets that a rule can only call with a role."""

_KEY_USES = ("kms:Decrypt", "kms:GenerateDataKey")
_UNIVERSAL = ":aws-sdk:"


def kind_of(arn: str) -> str:
    """What a target is: a service, or which of EventBridge's own things."""
    service, resource = arn.split(":")[2], arn.split(":", 5)[5]
    if _UNIVERSAL in arn:
        return "aws-sdk"
    return resource.split("/")[0] if service == "events" else service


def send(one: Delivery) -> None:
    """Deliver, soon; see ``delivery.send``."""
    delivery.send(one, _call, _bury)


def _call(one: Delivery) -> None:
    kind = kind_of(one.target["Arn"])
    if kind not in _CALLS:
        fail("NotImplemented", f"the sandbox delivers to {', '.join(sorted(_CALLS))}: not to {one.target['Arn']}")
    _CALLS[kind](one)


def _bury(one: Delivery, queue: str, about: dict[str, str]) -> None:
    """A schedule's role puts its dead letters away; a rule's are let in by the queue."""
    attributes = {name: {"DataType": "String", "StringValue": value} for name, value in about.items()}
    role = one.target.get("RoleArn") if one.principal != "events.amazonaws.com" else None
    letter = replace(one, target={**one.target, "RoleArn": role})
    _send_message(letter, queue, one.dead_letter, MessageAttributes=attributes)


def _client(one: Delivery, service: str) -> Any:
    return client(service, one.target["Arn"].split(":")[3] or one.region, one.account)


def _with_role(one: Delivery, action: str, resource: str | None) -> None:
    role = one.target.get("RoleArn") or fail("ValidationException", f"{one.target['Arn']}: a role is needed to call it")
    check(role, one.region, one.principal, action, resource)


def _start_execution(one: Delivery) -> None:
    arn = one.target["Arn"]
    _with_role(one, "states:StartExecution", arn)
    name = str(uuid.uuid4())
    _client(one, "stepfunctions").start_execution(stateMachineArn=arn, name=name, input=one.payload)


def _submit_job(one: Delivery) -> None:
    batch, job = _client(one, "batch"), one.target["BatchParameters"]
    _with_role(one, "batch:SubmitJob", one.target["Arn"])
    shape = batch.meta.service_model.operation_model("SubmitJob").input_shape
    given = json.loads(one.payload) if one.payload[:1] == "{" else {}
    more = {name: given[name] for name in ("ContainerOverrides", "Parameters") if name in given}
    more |= {name: job[name] for name in ("ArrayProperties", "RetryStrategy") if name in job}
    batch.submit_job(
        jobName=job["JobName"], jobDefinition=job["JobDefinition"], jobQueue=one.target["Arn"], **_spelt(shape, more)
    )


def _send_to_queue(one: Delivery) -> None:
    group = (one.target.get("SqsParameters") or {}).get("MessageGroupId")
    _send_message(one, one.target["Arn"], one.payload, **({"MessageGroupId": group} if group else {}))


def _send_message(one: Delivery, queue: str, body: str, **more: Any) -> None:
    _, _, _, region, account, name = queue.split(":")
    sqs = client("sqs", region, account)
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    held = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy", "KmsMasterKeyId"]).get("Attributes", {})
    if one.target.get("RoleArn"):
        _with_role(one, "sqs:SendMessage", queue)
    else:
        _by_policy(one, [held["Policy"]] if held.get("Policy") else [], "sqs:SendMessage", queue)
        _by_key(one, held.get("KmsMasterKeyId"), queue)
    sqs.send_message(QueueUrl=url, MessageBody=body, **more)


def _publish(one: Delivery) -> None:
    sns, arn = _client(one, "sns"), one.target["Arn"]
    held = sns.get_topic_attributes(TopicArn=arn)["Attributes"]
    if one.target.get("RoleArn"):
        _with_role(one, "sns:Publish", arn)
    else:
        _by_policy(one, [held["Policy"]], "sns:Publish", arn)
        _by_key(one, held.get("KmsMasterKeyId"), arn)
    sns.publish(TopicArn=arn, Message=one.payload)


def _write_log(one: Delivery) -> None:
    logs, group = _client(one, "logs"), one.target["Arn"].split(":log-group:")[1].removesuffix(":*")
    documents = [policy["policyDocument"] for policy in logs.describe_resource_policies()["resourcePolicies"]]
    stream = str(uuid.uuid4())
    resource = f"{one.target['Arn'].removesuffix(':*')}:log-stream:{stream}"
    _by_policy(one, documents, "logs:PutLogEvents", resource)
    logs.create_log_stream(logGroupName=group, logStreamName=stream)
    line = {"timestamp": int(clock.now().timestamp() * 1000), "message": one.payload}
    logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=[line])


def _put_event(one: Delivery) -> None:
    arn, source = one.target["Arn"], one.target.get("EventBridgeParameters")
    if one.target.get("RoleArn"):
        _with_role(one, "events:PutEvents", arn)
    if source:  # of a schedule, whose input is only the detail
        entry = {"Source": source["Source"], "DetailType": source["DetailType"], "Detail": one.payload}
    else:
        event = json.loads(one.payload)
        entry = {"Source": event["source"], "DetailType": event["detail-type"], "Detail": json.dumps(event["detail"])}
        entry["Resources"] = event["resources"]
    answer = _client(one, "events").put_events(Entries=[{**entry, "EventBusName": arn}])["Entries"][0]
    if "ErrorCode" in answer:
        fail(answer["ErrorCode"], answer["ErrorMessage"])


def _call_api(one: Delivery) -> None:
    """A schedule's universal target: any operation, its parameters spelt as in the service's API."""
    service, operation = one.target["Arn"].split(_UNIVERSAL)[1].split(":")
    service = {"sfn": "stepfunctions", "eventbridge": "events", "cloudwatchlogs": "logs"}.get(service, service)
    api, method = client(service, one.region, one.account), xform_name(operation)
    model = api.meta.service_model.operation_model(api.meta.method_to_api_mapping[method])
    _with_role(one, f"{api.meta.service_model.signing_name}:{model.name}", None)
    getattr(api, method)(**_spelt(model.input_shape, json.loads(one.payload)))


def _by_policy(one: Delivery, documents: list[str], action: str, resource: str) -> None:
    """The resource's own policy must let the service in."""
    context = {"aws:SourceArn": one.source_arn, "aws:SourceAccount": one.account, "aws:SecureTransport": "true"}
    if not decide(documents, action, resource, context, ("Service", one.principal)):
        fail("AccessDenied", f"the policy of {resource} does not let {one.principal} {action} for {one.source_arn}")


def _by_key(one: Delivery, key: str | None, resource: str) -> None:
    """What is encrypted with a key of the account needs that key's leave as well."""
    if not key:
        return
    region, account = resource.split(":")[3:5]
    arn = client("kms", region, account).describe_key(KeyId=key)["KeyMetadata"]["Arn"]
    if not may_use(kms_backends[account][region], arn, one.principal, {}, _KEY_USES):
        fail("KMS.AccessDeniedException", f"the policy of {arn} does not let {one.principal} use it for {resource}")


def _spelt(shape: Any, value: Any) -> Any:
    """``value`` with its names as ``shape``, botocore's, spells them: EventBridge has capitals where Batch has not."""
    if shape is not None and shape.type_name == "structure" and isinstance(value, Mapping):
        names = {name.lower(): name for name in shape.members}
        spelt = {names.get(name.lower(), name): item for name, item in value.items()}
        return {name: _spelt(shape.members.get(name), item) for name, item in spelt.items()}
    if shape is not None and shape.type_name == "list" and isinstance(value, list):
        return [_spelt(shape.member, item) for item in value]
    return value


_CALLS: dict[str, Callable[[Delivery], None]] = {
    "states": _start_execution,
    "batch": _submit_job,
    "sqs": _send_to_queue,
    "sns": _publish,
    "logs": _write_log,
    "event-bus": _put_event,
    "aws-sdk": _call_api,
}


def add(kind: str, call: Callable[[Delivery], None]) -> None:
    """Have targets of ``kind`` called with ``call``."""
    _CALLS[kind] = call
