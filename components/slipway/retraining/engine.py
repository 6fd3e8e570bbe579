"""What runs a retraining pipeline."""

from enum import StrEnum


class Engine(StrEnum):
    """The engine behind a pipeline; each runs the same declaration."""

    STEP_FUNCTIONS = "step_functions"
    """AWS Step Functions and Batch: nothing runs, and nothing is paid, between two runs."""
    AIRFLOW = "airflow"
    """A DAG for Apache Airflow, on Amazon MWAA or one that is there."""
    KUBEFLOW = "kubeflow"
    """A pipeline of Kubeflow Pipelines, in a cluster that has it."""
