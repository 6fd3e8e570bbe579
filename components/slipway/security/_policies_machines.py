"""IAM statements of state machines: what Step Functions does in their role's name, beside the calls of their states."""

from collections.abc import Sequence
from typing import Any

from slipway.security._policies_everywhere import LOG_DELIVERY, TRACING

_BATCH_RULE = "StepFunctionsGetEventsForBatchJobsRule"
"""The rule by which Step Functions learns that a job has ended (``batch:submitJob.sync``); it makes it itself."""


def machine_statements(machine_arn: str, waits_for_jobs: bool, keys: Sequence[str]) -> list[dict[str, Any]]:
    """Logs and traces, the rule that tells of ended jobs, and ``keys`` for this machine's executions and their logs."""
    _, partition, _, region, account, _ = machine_arn.split(":", 5)
    statements = [_allow(LOG_DELIVERY, ["*"]), _allow(TRACING, ["*"])]
    if waits_for_jobs:
        rule = f"arn:{partition}:events:{region}:{account}:rule/{_BATCH_RULE}"
        statements.append(_allow(("events:DescribeRule", "events:PutRule", "events:PutTargets"), [rule]))
    if keys:
        own = {"kms:EncryptionContext:aws:states:stateMachineArn": machine_arn}
        statements.append(_allow(("kms:Decrypt", "kms:GenerateDataKey"), keys, {"StringEquals": own}))
        # What Step Functions hands over to CloudWatch Logs is encrypted on the way; the star is part of the context.
        logs = {"kms:EncryptionContext:SourceArn": f"arn:{partition}:logs:{region}:{account}:*"}
        statements.append(_allow(("kms:GenerateDataKey",), keys, {"StringEquals": logs}))
    return statements


def _allow(actions: Sequence[str], resources: Sequence[str], condition: dict[str, Any] | None = None) -> dict[str, Any]:
    statement: dict[str, Any] = {"Effect": "Allow", "Action": [*actions], "Resource": [*resources]}
    return statement | ({"Condition": condition} if condition else {})
