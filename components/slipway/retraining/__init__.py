"""Retraining: fresh data or drift starts a pipeline that ends with a candidate, or says why there is none."""

from typing import TYPE_CHECKING

from slipway import _lazy

if TYPE_CHECKING:
    from slipway.retraining.airflow_environment import AirflowEnvironment as AirflowEnvironment
    from slipway.retraining.airflow_environment import AirflowEnvironmentArgs as AirflowEnvironmentArgs
    from slipway.retraining.candidate_workflow import CandidateWorkflow as CandidateWorkflow
    from slipway.retraining.candidate_workflow import CandidateWorkflowArgs as CandidateWorkflowArgs
    from slipway.retraining.candidate_workflow import How as How
    from slipway.retraining.engine import Engine as Engine
    from slipway.retraining.kubeflow_runs import KubeflowRuns as KubeflowRuns
    from slipway.retraining.kubeflow_runs import KubeflowRunsArgs as KubeflowRunsArgs
    from slipway.retraining.pipeline_args import RetrainingPipelineArgs as RetrainingPipelineArgs
    from slipway.retraining.pipeline_args import StepArgs as StepArgs
    from slipway.retraining.retraining_environment import RetrainingEnvironment as RetrainingEnvironment
    from slipway.retraining.retraining_environment import RetrainingEnvironmentArgs as RetrainingEnvironmentArgs
    from slipway.retraining.retraining_pipeline import RetrainingPipeline as RetrainingPipeline

__getattr__, __dir__ = _lazy.exports(
    __name__,
    {
        "AirflowEnvironment": "airflow_environment",
        "AirflowEnvironmentArgs": "airflow_environment",
        "CandidateWorkflow": "candidate_workflow",
        "CandidateWorkflowArgs": "candidate_workflow",
        "Engine": "engine",
        "How": "candidate_workflow",
        "KubeflowRuns": "kubeflow_runs",
        "KubeflowRunsArgs": "kubeflow_runs",
        "RetrainingEnvironment": "retraining_environment",
        "RetrainingEnvironmentArgs": "retraining_environment",
        "RetrainingPipeline": "retraining_pipeline",
        "RetrainingPipelineArgs": "pipeline_args",
        "StepArgs": "pipeline_args",
    },
)
