"""Every version that slipway pins, each with the end of its support.

Read on 2026-11-23 from the EKS version calendar and the add-on versions that EKS offers for these versions.
"""

from datetime import date

KUBERNETES = "1.36"
"""Kubernetes version of a new cluster."""

KUBERNETES_SUPPORT_ENDS = {
    "1.35": date(2027, 3, 27),
    "1.36": date(2027, 8, 2),
    "1.37": date(2027, 12, 1),  # not published yet: EKS supports a version for about 14 months
}
"""Accepted Kubernetes versions and the end of their standard support on EKS, when a cluster is upgraded by force."""

SUPPORT_WARNING_DAYS = 90
"""How long before the end of its support a version is warned about."""

METRICS_SERVER_ADDON = "v0.9.0-eksbuild.11"
"""EKS add-on ``metrics-server`` for Kubernetes 1.35 to 1.37. EKS ends add-on versions with the cluster's version."""

AURORA_POSTGRESQL = "17.7"
"""Aurora PostgreSQL of a new database: the long-term release of version 17, which gets fixes only."""

AURORA_POSTGRESQL_SUPPORT_ENDS = {
    "16.8": date(2029, 2, 28),  # long-term
    "17.7": date(2030, 2, 28),  # long-term
    "17.9": date(2027, 9, 30),
    "17.10": date(2027, 12, 31),
}
"""Accepted versions and the end of their standard support: the release calendar of Aurora PostgreSQL."""

AIRFLOW = "3.0.6"
"""Apache Airflow of a new environment of Amazon MWAA: the newest that it offers."""

AIRFLOW_ACCEPTED = ("2.10.1", "2.10.3", "2.11.0", "3.0.6")
"""Versions of Airflow on MWAA that generated DAGs run with. AWS ends a version some months after announcing it, and
names no date for these."""

ENVOY_GATEWAY = "v1.9.1"
"""Envoy Gateway, as its charts are tagged. It brings Gateway API 1.6.1, and is tested with Kubernetes 1.33 to 1.36."""

ENVOY_GATEWAY_SUPPORT_ENDS = date(2027, 2, 14)
"""When Envoy Gateway 1.9 gets its last fixes."""

ARGO_ROLLOUTS_CHART = "2.41.0"
"""Chart ``argo-rollouts``. It comes with 1.9.0, whose kinds are those of the pinned version."""

ARGO_ROLLOUTS = "v1.10.1"
"""Argo Rollouts, as its images are tagged. It gives the last two minor versions fixes and names no end."""

ROLLOUTS_GATEWAY_PLUGIN = "v0.15.0"
"""Gateway API plugin of Argo Rollouts, as its images are tagged. It names no end of support."""

MLFLOW = "3.17.2"
"""MLflow of a self-hosted registry, of the sandbox and of jobs: the official image is tagged ``v<this>-full``. It fixes
the latest version only and names no end of support."""

KEDA_CHART = "2.20.2"
"""Chart ``keda``, which has the version of what it installs; tested with the last three Kubernetes versions."""

KUBE_PROMETHEUS_STACK_CHART = "88.5.3"
"""Chart ``kube-prometheus-stack``: operator 0.93.1, Prometheus 3.14, Alertmanager 0.34, Grafana 13.2. Its projects fix
their latest versions only, and name no end of support."""

PROMETHEUS_OPERATOR_CRDS_CHART = "31.0.1"
"""Chart ``prometheus-operator-crds``: the kinds of the operator that the chart above installs."""

CLOUDWATCH_EXPORTER_CHART = "0.47.0"
"""Chart ``prometheus-yet-another-cloudwatch-exporter``, which comes with 0.67.0."""

DCGM_EXPORTER_CHART = "4.8.2"
"""Chart ``dcgm-exporter``, which has the version of what it installs."""


def support_warning(version: str, today: date) -> str | None:
    """What to tell whoever runs Kubernetes ``version`` on ``today``: a text near or past the end of support, else None.

    ``version`` is a key of ``KUBERNETES_SUPPORT_ENDS``.
    """
    ends = KUBERNETES_SUPPORT_ENDS[version]
    left = (ends - today).days
    if left > SUPPORT_WARNING_DAYS:
        return None
    when = f"ends on {ends} ({left} days left)" if left >= 0 else f"ended on {ends}"
    return (
        f"Kubernetes {version}: standard support on EKS {when}; EKS then upgrades the cluster by itself. "
        f"Newest accepted version: {max(KUBERNETES_SUPPORT_ENDS, key=_minor)}."
    )


def database_warning(version: str, today: date) -> str | None:
    """Like ``support_warning``, for a key of ``AURORA_POSTGRESQL_SUPPORT_ENDS``."""
    ends = AURORA_POSTGRESQL_SUPPORT_ENDS[version]
    left = (ends - today).days
    if left > SUPPORT_WARNING_DAYS:
        return None
    when = f"ends on {ends} ({left} days left)" if left >= 0 else f"ended on {ends}"
    return (
        f"Aurora PostgreSQL {version}: standard support {when}; Aurora then upgrades the cluster by itself. "
        f"Long-term version: {AURORA_POSTGRESQL}."
    )


def envoy_gateway_warning(today: date) -> str | None:
    """What to tell whoever runs the pinned Envoy Gateway once it gets no fixes any more, else None."""
    if today <= ENVOY_GATEWAY_SUPPORT_ENDS:
        return None
    return f"Envoy Gateway {ENVOY_GATEWAY}: its support ended on {ENVOY_GATEWAY_SUPPORT_ENDS}; use a newer slipway."


def _minor(version: str) -> int:
    return int(version.split(".")[1])
