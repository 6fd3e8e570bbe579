"""The Pulumi programs that are measured, run by ``bench.child`` in a process of their own.

Each imports what it needs when it is called, as a program would, so that the cost of its imports counts.
"""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pulumi

from bench import environments

if TYPE_CHECKING:
    from stacks.releases import Found
    from stacks.settings import Settings

_BATCH = "arn:aws:batch:eu-west-1:123456789012"
_LOGS = "arn:aws:logs:eu-west-1:123456789012"
_PLATFORM = {
    "cluster_name": "acme-bench",
    "cluster_arn": "arn:aws:eks:eu-west-1:123456789012:cluster/acme-bench",
    "kubeconfig": "{}",
    "namespace": "models",
    "models_bucket": "acme-bench-models",
    "models_bucket_arn": "arn:aws:s3:::acme-bench-models",
    "models_key_arn": "arn:aws:kms:eu-west-1:123456789012:key/00000000-0000-0000-0000-000000000000",
    "personal_key_arn": "arn:aws:kms:eu-west-1:123456789012:key/11111111-1111-1111-1111-111111111111",
    "operations_repository_url": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/acme-bench/slipway-ops",
    "gateway_domain": environments.DOMAIN,
    "gateway_name": "models",
    "jwt_issuer": "https://login.bench.example/",
    "jwt_jwks_uri": "https://login.bench.example/jwks.json",
    "jwt_audiences": ["models"],
    "gate_url": "http://slipway-gate.rollouts.svc:8080",
    "monitoring_namespace": "monitoring",
    "retraining": {
        "job_queue_arn": f"{_BATCH}:job-queue/acme-bench-retraining-on-demand",
        "spot_job_queue_arn": f"{_BATCH}:job-queue/acme-bench-retraining-spot",
        "gpu_job_queue_arn": "",
        "gpu_spot_job_queue_arn": "",
        "execution_role_arn": "arn:aws:iam::123456789012:role/acme-bench-execution",
        "job_log_group_name": "/slipway/acme-bench-retraining",
        "machine_log_group_arn": f"{_LOGS}:log-group:/aws/vendedlogs/states/acme-bench-retraining",
        "lock_table_arn": "arn:aws:dynamodb:eu-west-1:123456789012:table/acme-bench-retraining",
        "event_bus_arn": "arn:aws:events:eu-west-1:123456789012:event-bus/acme-bench-retraining",
        "topic_arn": "arn:aws:sns:eu-west-1:123456789012:acme-bench-retraining",
        "dead_letter_queue_arn": "arn:aws:sqs:eu-west-1:123456789012:acme-bench-retraining-dead-letters",
        "schedule_group_name": "acme-bench-retraining",
        "datasets_bucket_name": "acme-bench-datasets",
        "data_key_arn": "arn:aws:kms:eu-west-1:123456789012:key/00000000-0000-0000-0000-000000000000",
        "predictions": "s3://acme-bench-events/predictions",
        "labels": "s3://acme-bench-events/labels",
        "events_key_arns": "",
        "tracking_uri": "",
        "registry_arn": "",
        "registry_artifact_arn": "",
        "airflow_environment_name": "",
        "dags_bucket_name": "",
        "kubeflow_queue_arn": "",
    },
}
"""What a platform stack exports (stacks/contract.py)."""


def components(count: str, kind: str = environments.PLAIN) -> None:
    """Models through slipway's components and entry point."""
    import slipway

    slipway.run(lambda: _declare(*_read(int(count), kind)))


def untuned(count: str) -> None:
    """The same models without the entry point, as a plain Pulumi program declares them."""
    _declare(*_read(int(count)))


def recorded(count: str, path: str, kind: str = environments.PLAIN) -> None:
    """The same models; what they pass to the typed classes is written to ``path``."""
    from bench import recording

    with recording.into(path):
        _declare(*_read(int(count), kind))


def loaded(count: str, path: str) -> None:
    """The same models; the names of all modules loaded for them are written to ``path``."""
    import sys

    _declare(*_read(int(count)))
    with open(path, "w") as file:  # noqa: PTH123 -- no further import
        json.dump(sorted(sys.modules), file)


def flat(count: str, path: str, kind: str = environments.PLAIN) -> None:
    """The same resources in a flat loop over the typed classes; it reads the same settings and starts the same way."""
    import slipway

    from bench import recording

    def build() -> None:
        _read(int(count), kind)
        with open(path) as file:  # noqa: PTH123 -- no import that the alternative does not have
            recording.declare(json.load(file))

    slipway.run(build)


def _read(count: int, kind: str = environments.PLAIN) -> tuple["Settings", "Found"]:
    from stacks.settings import parse

    settings = parse(environments.shard(environments.names(count), kind=kind), "bench")
    return settings, environments.found(settings)


def _declare(settings: "Settings", found: "Found") -> None:
    """What stacks/environment.py declares for the models of a shard, on a platform of constants: no stack to read."""
    from stacks import models
    from stacks.contract import PlatformContract

    constants: dict[str, Any] = {key: pulumi.Output.from_input(value) for key, value in _PLATFORM.items()}
    contract = PlatformContract(**constants)
    models.declare(models.Place(settings, contract, contract.kubernetes(), found))


PROGRAMS: dict[str, Callable[..., None]] = {
    program.__name__: program for program in (components, untuned, recorded, loaded, flat)
}
"""By name."""
