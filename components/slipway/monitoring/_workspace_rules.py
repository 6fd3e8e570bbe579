"""What only the workspace can say of a cluster: that it writes nothing any more. Without Pulumi."""

from typing import Any

from slipway.monitoring._rule import PAGE, Alert, Group, labels, written

SILENT_MINUTES = 10


def groups(environments: list[str], team: str) -> list[Group]:
    """An alert for each environment."""
    return [Group("silence", [_silent(environment, team) for environment in environments], 60)]


def silence(environments: list[str], team: str) -> dict[str, Any]:
    """Its rule file."""
    return {"groups": [dict(group) for group in written(groups(environments, team))]}


def _silent(environment: str, team: str) -> Alert:
    return Alert(
        "EnvironmentSilent",
        f"absent(up{labels(environment=environment)})",
        SILENT_MINUTES,
        PAGE,
        f"{environment}: its Prometheus writes nothing",
        "Look whether the cluster and its Prometheus run, and whether the identity may write.",
        {"environment": environment, "team": team},
    )
