"""What pipelines and their environment declare alike: identities, state machines, rules with their target."""

from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_aws as aws

from slipway.security import Principal, _identity
from slipway.security.workload_identity import WorkloadIdentityArgs

RETRY_SECONDS, RETRIES = 3600, 20
"""How long, and how often, a delivery is tried before it is left in the dead-letter queue."""


def later(value: Any) -> pulumi.Output[Any]:
    """An input as an Output."""
    return pulumi.Output.from_input(value)


def place(arn: Any) -> pulumi.Output[str]:
    """Partition, region and account of an ARN, as words."""
    return later(arn).apply(lambda known: "{1} {3} {4}".format(*known.split(":", 5)))


def machine_arn(where: pulumi.Output[str], name: str) -> pulumi.Output[str]:
    """ARN of a state machine that is not there yet; ``where`` is a ``place``."""
    return where.apply(lambda known: "arn:{}:states:{}:{}:stateMachine:{}".format(*known.split(), name))


def identity(
    name: str,
    args: Mapping[str, Any],
    account_id: Any,
    rights: WorkloadIdentityArgs,
    child: pulumi.ResourceOptions,
) -> _identity.Identity:
    """An identity with the boundary and the tags of ``args``."""
    if account_id is not None:
        rights["account_id"] = account_id
    if args.get("permissions_boundary_arn") is not None:
        rights["permissions_boundary_arn"] = args["permissions_boundary_arn"]
    if args.get("tags") is not None:
        rights["tags"] = args["tags"]
    return _identity.declare(name, rights, child)


def machine(
    name: str,
    aws_name: str,
    definition: pulumi.Output[str],
    role: _identity.Identity,
    args: Mapping[str, Any],
    log_group_arn: Any,
    child: pulumi.ResourceOptions,
) -> aws.sfn.StateMachine:
    """A state machine under the key, with traces, and a log of every step that has no data of the run in it."""
    return aws.sfn.StateMachine(
        name,
        name=aws_name,
        type="STANDARD",
        role_arn=role.role_arn,
        definition=definition,
        logging_configuration={
            "level": "ALL",
            "include_execution_data": False,
            "log_destination": pulumi.Output.concat(log_group_arn, ":*"),
        },
        tracing_configuration={"enabled": True},
        encryption_configuration={
            "type": "CUSTOMER_MANAGED_KMS_KEY",
            "kms_key_id": args["key_arn"],
            "kms_data_key_reuse_period_seconds": 300,
        },
        tags=args.get("tags"),
        opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=role.resources)),
    )


def caller_rights(target_arn: Any, key_arn: Any) -> WorkloadIdentityArgs:
    """Rights of EventBridge to start a state machine under the key."""
    return {"principal": Principal.EVENTS, "uses": [target_arn, key_arn]}


def rule(
    name: str,
    *,
    bus: Any,
    pattern: Any,
    target_arn: Any,
    role_arn: Any,
    transformer: aws.cloudwatch.EventTargetInputTransformerArgsDict,
    dead_letter_arn: Any,
    tags: Any,
    child: pulumi.ResourceOptions,
) -> aws.cloudwatch.EventRule:
    """A rule and its one target. ``bus`` None is the default bus, where AWS's services publish."""
    declared = aws.cloudwatch.EventRule(name, event_bus_name=bus, event_pattern=pattern, tags=tags, opts=child)
    aws.cloudwatch.EventTarget(
        name,
        rule=declared.name,
        event_bus_name=bus,
        target_id="target",
        arn=target_arn,
        role_arn=role_arn,
        input_transformer=transformer,
        retry_policy={"maximum_event_age_in_seconds": RETRY_SECONDS, "maximum_retry_attempts": RETRIES},
        dead_letter_config={"arn": dead_letter_arn},
        opts=child,
    )
    return declared


def bus_name(event_bus_arn: Any) -> pulumi.Output[str]:
    """Name of the bus with this ARN."""
    return later(event_bus_arn).apply(lambda arn: arn.split(":event-bus/")[1])
