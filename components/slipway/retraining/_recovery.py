"""What no state of a run can do: free the lock of a run that was stopped, ran out of time or broke.

One state machine for all pipelines of an environment, started by Step Functions' own event about the run. It frees the
lock if the run still has it, and only then announces the end: a run that ended by itself did both already.
"""

import json
from typing import Any

from slipway.retraining import _guard, _locks
from slipway.retraining._locks import Guard

_STATUSES = ["ABORTED", "FAILED", "TIMED_OUT"]


def pattern(machine_arn_prefix: str) -> str:
    """Which events are a run's bad end; ``machine_arn_prefix`` begins the ARNs of the pipelines' state machines."""
    detail = {"status": _STATUSES, "stateMachineArn": [{"prefix": machine_arn_prefix}]}
    return json.dumps(
        {"source": ["aws.states"], "detail-type": ["Step Functions Execution Status Change"], "detail": detail}
    )


def input_paths() -> dict[str, str]:
    """What is taken from the event."""
    return {"machine": "$.detail.stateMachineArn", "name": "$.detail.name", "status": "$.detail.status"}


def input_template() -> str:
    """The recovery's input."""
    return json.dumps({"machine": "<machine>", "name": "<name>", "status": "<status>"})


def definition(guard: Guard, event_bus_arn: str, machine_arn_prefix: str) -> str:
    """The state machine."""
    model = f"$substringAfter($states.input.machine, '{machine_arn_prefix}')"
    begin: dict[str, Any] = {
        "Type": "Pass",
        "Assign": {
            "model": f"{{% {model} %}}",
            "run": f"{{% {_guard.run_of('$states.input.name')} %}}",
            "where": "{% 'Its execution: ' & $states.input.name %}",
            "cool_down": 0,
            "outcome": "failed",
            "step": "run",
            "why": "{% 'Step Functions says ' & $states.input.status %}",
            "tell": True,
        },
        "Next": _locks.RELEASE,
    }
    lock = "{% 'lock#' & $model %}"
    nothing = "Nothing to free"
    ending = _guard.ending(guard, event_bus_arn, lock, not_held=nothing, fails=False)
    states = {"Begin": begin, **ending, nothing: {"Type": "Succeed"}}
    return _guard.text(
        {
            "Comment": "Frees the lock of a run that ended where no state could",
            "QueryLanguage": "JSONata",
            "StartAt": "Begin",
            "TimeoutSeconds": 900,
            "States": states,
        }
    )
