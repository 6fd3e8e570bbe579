"""The items of the guards' table, each taken by a condition: what was seen, who has the lock, what a month may cost."""

from dataclasses import dataclass
from typing import Any

from slipway.retraining._declaration import Declaration

State = dict[str, Any]

RELEASE, ANNOUNCE = "Release the lock", "Say how it ended"
_SEEN_SECONDS = 30 * 86_400
_LEDGER_SECONDS = 400 * 86_400
NO_CONDITION = "DynamoDB.ConditionalCheckFailedException"


@dataclass(frozen=True)
class Guard:
    """Where the guards are kept, and who is told."""

    table_name: str
    topic_arn: str


def seen(guard: Guard, model: str) -> State:
    arguments = {
        "TableName": guard.table_name,
        "Item": {
            "pk": {"S": f"{{% 'seen#{model}#' & $dedupe_key %}}"},
            "expires_at": _number(f"$now + {_SEEN_SECONDS}"),
            "run": {"S": "{% $run %}"},
        },
        "ConditionExpression": "attribute_not_exists(pk) OR expires_at < :now OR #run = :run",
        "ExpressionAttributeNames": {"#run": "run"},
        "ExpressionAttributeValues": {":now": _number("$now"), ":run": {"S": "{% $run %}"}},
    }
    skipped = _skipped("this trigger was acted on before", ANNOUNCE)
    return _table_task("putItem", arguments, skipped, retried=True) | {"Next": "Take the lock"}


def lock(guard: Guard, model: str, minutes: int) -> State:
    """A person does not wait for the end of the pause; the run that has the lock may take it again."""
    free = "attribute_not_exists(#run) OR expires_at < :now OR #run = :run"
    rested = "attribute_not_exists(not_before) OR not_before <= :asked"
    arguments = {
        "TableName": guard.table_name,
        "Key": {"pk": {"S": f"lock#{model}"}},
        "UpdateExpression": "SET #run = :run, expires_at = :until",
        "ConditionExpression": f"({free}) AND ({rested})",
        "ExpressionAttributeNames": {"#run": "run"},
        "ExpressionAttributeValues": {
            ":run": {"S": "{% $run %}"},
            ":now": _number("$now"),
            ":asked": _number("$reason = 'manual' ? 9999999999 : $now"),
            ":until": _number(f"$now + {minutes * 60}"),
        },
    }
    skipped = _skipped("another run is on its way, or the last one ended too short ago", ANNOUNCE)
    return _table_task("updateItem", arguments, skipped, retried=True) | {"Next": "Stay below the ceiling"}


def ledger(guard: Guard, declaration: Declaration) -> State:
    """Not tried twice: an entry that was made must not be made again."""
    model, run_cents = declaration.model, declaration.run_ceiling_cents()
    ceiling = declaration.monthly_ceiling_usd
    arguments = {
        "TableName": guard.table_name,
        "Key": {"pk": {"S": f"{{% 'ledger#{model}#' & $substring($states.context.State.EnteredTime, 0, 7) %}}"}},
        "UpdateExpression": "SET expires_at = :until ADD spent_cents :run",
        "ConditionExpression": "attribute_not_exists(spent_cents) OR spent_cents <= :room",
        "ExpressionAttributeValues": {
            ":run": {"N": str(run_cents)},
            ":room": {"N": str(ceiling * 100 - run_cents)},
            ":until": _number(f"$now + {_LEDGER_SECONDS}"),
        },
    }
    why = f"the ceiling of {ceiling} USD a month has no room for a run of up to {run_cents / 100:.2f} USD"
    entered = {"Assign": {"cool_down": declaration.cool_down_minutes * 60}}
    return _table_task("updateItem", arguments, _skipped(why, RELEASE, tell=True), retried=False) | entered


def release(guard: Guard, lock_key: str, not_held: str) -> State:
    """Leaves the lock's item for as long as the next run has to wait; another run's lock is left alone."""
    until = _number(f"{clock()} + $cool_down")
    arguments = {
        "TableName": guard.table_name,
        "Key": {"pk": {"S": lock_key}},
        "UpdateExpression": "SET not_before = :until, expires_at = :until REMOVE #run",
        "ConditionExpression": "#run = :run",
        "ExpressionAttributeNames": {"#run": "run"},
        "ExpressionAttributeValues": {":until": until, ":run": {"S": "{% $run %}"}},
    }
    other = {"ErrorEquals": [NO_CONDITION], "Next": not_held}
    end = {"Catch": [other, {"ErrorEquals": ["States.ALL"], "Next": ANNOUNCE}], "Next": ANNOUNCE}
    return _table_task("updateItem", arguments, other, retried=True) | end


def _table_task(action: str, arguments: dict[str, Any], otherwise: State, *, retried: bool) -> State:
    never = {"ErrorEquals": [NO_CONDITION], "MaxAttempts": 0}
    broken = {"step": "start", "outcome": "failed", "why": "{% $states.errorOutput.Error %}", "tell": True}
    task: State = {
        "Type": "Task",
        "Resource": f"arn:aws:states:::dynamodb:{action}",
        "Arguments": arguments,
        "TimeoutSeconds": 60,
        "Output": {},
    }
    if retried:
        task["Retry"] = [never, *again()]
    return task | {"Catch": [otherwise, {"ErrorEquals": ["States.ALL"], "Assign": broken, "Next": RELEASE}]}


def _skipped(why: str, then: str, *, tell: bool = False) -> State:
    assign = {"outcome": "skipped", "step": "start", "why": why, "tell": tell}
    return {"ErrorEquals": [NO_CONDITION], "Assign": assign, "Next": then}


def again() -> list[State]:
    return [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 2, "MaxAttempts": 4, "BackoffRate": 2}]


def clock() -> str:
    """Seconds since 1970, in whole: the time at which the state was entered."""
    return "$floor($toMillis($states.context.State.EnteredTime) / 1000)"


def _number(expression: str) -> dict[str, str]:
    return {"N": f"{{% $string({expression}) %}}"}
