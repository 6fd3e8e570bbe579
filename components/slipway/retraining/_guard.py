"""What surrounds the work of a run, whichever engine does it: states of Step Functions, in JSONata.

A trigger is acted on once (``seen``), a model has one run at a time and a pause after it (``lock``), and a month's runs
fit its ceiling (``ledger``): three items of one table, each taken by a condition, so that of two triggers at once one
wins. What a run may cost is entered before it starts and stays entered, whatever it came to cost.

From then on every state leads to the release of the lock, then to ``RunEnded`` on the environment's bus, and to people
where one is needed. What no state can catch, such as a run that a person stops, is left to ``_recovery``; without it
the lock ends by itself when the run must have ended.
"""

import json
from collections.abc import Mapping
from typing import Any

from slipway.retraining import _locks
from slipway.retraining._declaration import REFUSED, Declaration, Wiring, run_uri
from slipway.retraining._locks import ANNOUNCE, RELEASE, Guard, State

TELL, ENDED, FAILED = "Tell people", "Ended", "Failed"
DONE = RELEASE
"""Where the last state of the work leads."""
SOURCE = "slipway.retraining"
"""Source of a run's events on the environment's bus."""
SLACK_MINUTES = 15
"""For what is not a step: the run is stopped, and its lock free, this long after its steps must have ended."""


def guarded(
    declaration: Declaration, wiring: Wiring, guard: Guard, work: Mapping[str, State], first: str
) -> dict[str, Any]:
    """A state machine that runs ``work``, from its state ``first``, under the guards.

    States of the work find the variables ``run``, ``reason``, ``dedupe_key``, ``dataset_uri`` and ``dataset_version``.
    The last one leads to ``DONE``, and each has ``caught`` as its ``Catch``.
    """
    model, minutes = declaration.model, declaration.worst_case_minutes() + SLACK_MINUTES
    states: dict[str, State] = {
        "Begin": _begin(wiring, model),
        "Act on a trigger once": _locks.seen(guard, model),
        "Take the lock": _locks.lock(guard, model, minutes),
        "Stay below the ceiling": _locks.ledger(guard, declaration) | {"Next": first},
        **work,
        **ending(guard, wiring.event_bus_arn, f"lock#{model}"),
    }
    return {
        "Comment": f"Retraining of {model}",
        "QueryLanguage": "JSONata",
        "StartAt": "Begin",
        "TimeoutSeconds": minutes * 60,
        "States": states,
    }


def text(machine: dict[str, Any]) -> str:
    """The definition, always the same text for the same machine."""
    return json.dumps(machine, separators=(",", ":"))


def caught(step: str) -> list[State]:
    """``Catch`` of a state that does the work of ``step``: refused and failed are told apart by the exit code.

    Nothing here may go wrong, because nothing would catch it: texts are searched, never parsed.
    """
    cause = "$states.errorOutput.Cause & ''"
    refused = f'$contains({cause}, /"ExitCode":\\s*{REFUSED}[^0-9]/i)'
    reason = (
        f'($said := $match({cause}, /"StatusReason":\\s*"([^"]*)"/i); $exists($said) ? $said[-1].groups[0] : $error)'
    )
    why = f"($error := $states.errorOutput.Error; {refused} ? 'its record says why' : {reason})"
    assign = {
        "step": step,
        "outcome": f"{{% {refused} ? 'refused' : 'failed' %}}",
        "why": f"{{% {why} %}}",
        "tell": True,
    }
    return [{"ErrorEquals": ["States.ALL"], "Assign": assign, "Next": RELEASE}]


def ending(
    guard: Guard, event_bus_arn: str, lock_key: str, *, not_held: str = ANNOUNCE, fails: bool = True
) -> dict[str, State]:
    """From the release of the lock to the end; reads the variables that ``Begin`` and ``caught`` set.

    ``not_held`` comes next where the run does not have the lock; with ``fails`` a failed run fails the machine.
    """
    detail = {name: f"{{% ${name} %}}" for name in ("model", "run", "outcome", "step")} | {"reason": "{% $why %}"}
    event = {"Source": SOURCE, "DetailType": "RunEnded", "EventBusName": event_bus_arn, "Detail": detail}
    message = "{% 'Run ' & $run & ' of ' & $model & ': ' & $outcome & '. ' & $why & '. ' & $where %}"
    subject = "{% $substring('Retraining of ' & $model & ': ' & $outcome, 0, 100) %}"
    last = "How did it end?" if fails else ENDED
    failed = {"Condition": "{% $outcome = 'failed' %}", "Next": FAILED}
    states: dict[str, State] = {
        RELEASE: _locks.release(guard, lock_key, not_held),
        ANNOUNCE: {
            "Type": "Task",
            "Resource": "arn:aws:states:::events:putEvents",
            "Arguments": {"Entries": [event]},
            "TimeoutSeconds": 60,
            "Retry": _locks.again(),
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Who must know?"}],
            "Next": "Who must know?",
        },
        "Who must know?": {
            "Type": "Choice",
            "Choices": [{"Condition": "{% $tell %}", "Next": TELL}],
            "Default": ENDED,
        },
        TELL: {
            "Type": "Task",
            "Resource": "arn:aws:states:::sns:publish",
            "Arguments": {"TopicArn": guard.topic_arn, "Subject": subject, "Message": message},
            "TimeoutSeconds": 60,
            "Retry": _locks.again(),
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": last}],
            "Next": last,
        },
        ENDED: {"Type": "Succeed", "Output": detail},
    }
    if fails:
        states[last] = {"Type": "Choice", "Choices": [failed], "Default": ENDED}
        states[FAILED] = {"Type": "Fail", "Error": "RetrainingFailed", "Cause": "{% $step & ': ' & $why %}"}
    return states


def run_of(name: str) -> str:
    """Id of the run that an execution is, by the expression of its name: EventBridge names them with ``_``."""
    return f"$replace({name}, /[^A-Za-z0-9-]/, '-')"


def _begin(wiring: Wiring, model: str) -> State:
    """Names the run and reads the trigger: what it leaves out is empty; without a key of its own it is always new."""

    def given(name: str, otherwise: str) -> str:
        return f"{{% $exists($states.input.{name}) ? $states.input.{name} : {otherwise} %}}"

    run = run_of("$states.context.Execution.Name")
    records = f"'{run_uri(wiring.models_bucket, model, '')[:-1]}' & {run} & '/'"
    return {
        "Type": "Pass",
        "Assign": {
            "model": model,
            "run": f"{{% {run} %}}",
            "records": f"{{% {records} %}}",
            "where": f"{{% 'Its records: ' & {records} %}}",
            "reason": given("reason", "'manual'"),
            "dedupe_key": given("dedupe_key", "$states.context.Execution.Name"),
            "dataset_uri": given("dataset_uri", "''"),
            "dataset_version": given("dataset_version", "''"),
            "now": f"{{% {_locks.clock()} %}}",
            "cool_down": 0,
            "outcome": "candidate",
            "step": "",
            "why": "",
            "tell": False,
        },
        "Next": "Act on a trigger once",
    }
