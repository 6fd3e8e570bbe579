"""Who may take a workload's role."""

from enum import StrEnum


class Principal(StrEnum):
    """Where a workload runs."""

    POD = "pod"
    """A pod of an EKS cluster, by Pod Identity."""
    BATCH = "batch"
    """A container of AWS Batch or ECS."""
    FUNCTION = "function"
    """A Lambda function."""
    STATE_MACHINE = "state_machine"
    """A Step Functions state machine."""
    EVENTS = "events"
    """A rule or a schedule of EventBridge, for its targets."""
    AIRFLOW = "airflow"
    """An environment of Amazon MWAA, and what its DAGs call."""
    CI = "ci"
    """A CI pipeline that proves itself with an OIDC token."""
