"""The work of a run in an Airflow on AWS (MWAA): states that start the DAG, wait for it and ask how it ended.

Step Functions calls Airflow's own API for it (``mwaa:invokeRestApi``), with the rights of its role and through AWS, so
that the web server stays private and no function is written. ``CreateCliToken`` would need a caller inside the network,
and a rule of EventBridge has no such target. The run has the same id in both, so that starting it twice is refused.
"""

import json
from typing import Any

from slipway.retraining import _airflow, _guard
from slipway.retraining._declaration import Declaration, Wiring
from slipway.retraining._locks import State, clock

AIRFLOW_ROLE = "User"
"""Role in Airflow with which the state machine calls it: it may start runs and see them, and administer nothing."""
START, WAIT, ASK, JUDGE, REPORT, STOP = (
    "Start the DAG",
    "Give the DAG time",
    "Ask for the DAG's run",
    "Has the DAG ended?",
    "Ask how the steps ended",
    "Stop the DAG",
)
_SLACK_MINUTES = 10
"""For Airflow itself, before the state machine's own limit: scheduling a step takes it some seconds to minutes."""
_ASKED_AT_MOST = 1500
"""Times that a run is asked for: three events each, of the 25,000 that an execution may have."""


def work(declaration: Declaration, wiring: Wiring, environment: str) -> tuple[dict[str, State], str]:
    """States for ``_guard.guarded``, and the first of them; ``environment`` is the name of that of MWAA."""
    minutes = declaration.worst_case_minutes() + _SLACK_MINUTES
    runs = f"/dags/{_airflow.dag_id(declaration, wiring)}/dagRuns"
    one = f"{{% '{runs}/' & $run %}}"
    body = {
        "dag_run_id": "{% $run %}",
        "logical_date": "{% $states.context.State.EnteredTime %}",
        "conf": {name: f"{{% ${name} %}}" for name in ("reason", "dedupe_key", "dataset_uri", "dataset_version")},
    }
    there = {"ErrorEquals": ["Mwaa.RestApiClientException"], "Output": {}, "Next": WAIT}  # refused only if it is there
    states: dict[str, State] = {
        START: _call(environment, "POST", runs, Body=body) | {"Output": {}, "Next": WAIT},
        WAIT: {"Type": "Wait", "Seconds": max(60, minutes * 60 // _ASKED_AT_MOST), "Next": ASK},
        ASK: _call(environment, "GET", one)
        | {"Assign": {"state": "{% $states.result.RestApiResponse.state %}"}, "Output": {}, "Next": JUDGE},
        JUDGE: {
            "Type": "Choice",
            "Choices": [
                {"Condition": "{% $state in ['success', 'failed'] %}", "Next": REPORT},
                {
                    "Condition": f"{{% {clock()} > $now + {minutes * 60} %}}",
                    "Assign": {"outcome": "failed", "step": "airflow", "why": "the DAG did not end", "tell": True},
                    "Next": STOP,
                },
            ],
            "Default": WAIT,
        },
        STOP: _call(environment, "PATCH", one, Body={"state": "failed"}) | {"Output": {}, "Next": _guard.DONE},
        REPORT: _call(environment, "GET", f"{{% '{runs}/' & $run & '/taskInstances' %}}")
        | {"Assign": _verdict([step.name for step in declaration.steps]), "Output": {}, "Next": _guard.DONE},
    }
    states[START]["Catch"] = [there, *states[START]["Catch"]]
    return states, START


def _verdict(steps: list[str]) -> dict[str, str]:
    """Variables of how the run ended: the first step that failed or, if none did, the first that was skipped.

    A step that refuses is skipped, and with it those after it, so the first is the one that refused.
    """
    named = json.dumps(steps).replace('"', "'")

    def first(state: str) -> str:
        return f"{named}[$ in $tasks[state='{state}'].task_id][0]"

    def said(failed: str, refused: str, done: str) -> str:
        tasks = "$tasks := $states.result.RestApiResponse.task_instances"
        bound = f"({tasks}; $failed := {first('failed')}; $refused := {first('skipped')}; "
        # A run that failed though no step did was ended by a person or by Airflow itself.
        verdict = f"$exists($failed) or $state = 'failed' ? {failed} : $exists($refused) ? {refused} : {done}"
        return f"{{% {bound}{verdict}) %}}"

    return {
        "outcome": said("'failed'", "'refused'", "'candidate'"),
        "step": said("($exists($failed) ? $failed : 'airflow')", "$refused", "''"),
        "why": said("'see the log of the DAG'", "'the step refused; its record says why'", "''"),
        "tell": said("true", "true", "false"),
    }


def _call(environment: str, method: str, path: str, **more: Any) -> State:
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:mwaa:invokeRestApi",
        "Arguments": {"Name": environment, "Method": method, "Path": path, **more},
        "TimeoutSeconds": 60,
        "Retry": [
            {"ErrorEquals": ["Mwaa.RestApiClientException"], "MaxAttempts": 0},
            {"ErrorEquals": ["States.ALL"], "IntervalSeconds": 5, "MaxAttempts": 6, "BackoffRate": 2},
        ],
        "Catch": _guard.caught("airflow"),
    }
