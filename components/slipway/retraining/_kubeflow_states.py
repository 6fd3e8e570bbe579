"""The work of a run in Kubeflow: a message to whoever starts runs inside the cluster, and waiting for the answer.

Kubeflow's API is inside the cluster, where nothing of AWS reaches: Step Functions calls only public clusters, an API
destination needs an address that EventBridge resolves and a token that does not expire. So the cluster asks: a job of
``KubeflowRuns`` reads the queue, starts the run with ``POST /apis/v2beta1/runs``, says again and again that it goes on,
and in the end how it ended. When nothing is heard, as when nobody reads the queue, the run fails and frees its lock.
"""

from typing import Any

from slipway.retraining import _guard, _kubeflow
from slipway.retraining._declaration import Declaration, Wiring, run_uri
from slipway.retraining._locks import State

HAND_OVER = "Hand over to Kubeflow"
SILENT_MINUTES = 15
"""How long nothing may be heard of a run: several turns of the job that reads the queue."""
_SLACK_MINUTES = 10
"""For the queue, before the state machine's own limit."""


def work(declaration: Declaration, wiring: Wiring, namespace: str, queue_url: str) -> tuple[dict[str, State], str]:
    """States for ``_guard.guarded``, and the first of them. ``namespace`` is that of runs."""
    parameters = {
        "run": "{% $run %}",
        **{name: f"{{% ${name} %}}" for name in ("reason", "dedupe_key", "dataset_uri", "dataset_version")},
    }
    records = run_uri(wiring.models_bucket, declaration.model, "").rstrip("/")
    message: dict[str, Any] = {
        "run": "{% $run %}",
        "namespace": namespace,
        "pipeline": _kubeflow.pipeline_name(declaration),
        "version": _kubeflow.version_name(declaration, wiring),
        "service_account": _kubeflow.service_account(declaration),
        "parameters": parameters,
        "outcome_uri": f"{{% '{records}/' & $run & '/outcome.json' %}}",
        "token": "{% $states.context.Task.Token %}",
    }
    said = {
        "outcome": "{% $states.result.outcome %}",
        "step": "{% $states.result.step %}",
        "why": "{% $states.result.reason %}",
        "tell": "{% $states.result.outcome != 'candidate' %}",
    }
    state: State = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Arguments": {"QueueUrl": queue_url, "MessageBody": message},
        "TimeoutSeconds": (declaration.worst_case_minutes() + _SLACK_MINUTES) * 60,
        "HeartbeatSeconds": SILENT_MINUTES * 60,
        "Assign": said,
        "Output": {},
        "Catch": _guard.caught("kubeflow"),
        "Next": _guard.DONE,
    }
    return {HAND_OVER: state}, HAND_OVER
