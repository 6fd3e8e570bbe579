"""What only the settings together show: each finding as ``(key, accepted, received)``."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from slipway.retraining.engine import Engine

from stacks import capacity, drift_checks, gates, monitoring_checks
from stacks.model_settings import ModelSettings
from stacks.values import NEWEST, Part

if TYPE_CHECKING:
    from stacks.settings import Settings

Problem = tuple[str, str, Any]


def problems(settings: "Settings") -> list[Problem]:
    """All of them."""
    found = [*_parts(settings), *_operations(settings), *_zones(settings), *_candidates(settings)]
    found += monitoring_checks.problems(settings)
    for name, model in settings.models.items():
        found += _release(settings, name, model)
        found += _front(settings, f"models.{name}", model)
        found += _stores(settings, f"models.{name}.stores", model)
        found += _rollout(settings, f"models.{name}", model)
        found += _retrain(settings, f"models.{name}.retrain", model)
        found += drift_checks.problems(settings, f"models.{name}", model)
    return [*found, *_hosts(settings)]


def _parts(settings: "Settings") -> Iterator[Problem]:
    """What belongs to a platform, to its shards, or to both together."""
    models = settings.part is Part.MODELS
    for section in ("network", "cluster"):
        value = getattr(settings, section)
        if not models and value is None:
            yield section, f"a section, because part is {settings.part}", None
        if models and value is not None:
            yield section, "no such section where part is models: the platform stack has it", "a section"
    for section in ("gateway", "rollouts", "gate", "datasets", "mlflow", "retraining", "github_token"):
        if models and getattr(settings, section) is not None:
            yield section, "no such section where part is models: the platform stack has it", "a section"
    if models and settings.request_autoscaler:
        yield "request_autoscaler", "false where part is models: the platform stack has it", True
    if not models and settings.gateway_domain is not None:
        yield "gateway_domain", "nothing, because the section gateway has it", settings.gateway_domain
    if models and settings.gateway_domain is None:
        for name, model in settings.models.items():
            if model.auth is not None:
                yield "gateway_domain", f"the domain of the platform's gateway, because {name} has auth", None
                break
    if models and settings.stores.databases:
        yield "stores.databases", "nothing where part is models: they are in the platform's network", "a section"
    askers = [f"models.{name}.rollout" for name, model in settings.models.items() if model.rollout]
    if not models and settings.rollouts is None and (askers or settings.gate):
        yield "rollouts", f"a section, because {[*askers, 'gate'][0]} is given: its controller", None
    if settings.rollouts and settings.gateway is None:
        yield "rollouts", "nothing, because there is no section gateway whose traffic is shared out", "a section"
    if models != (settings.platform_stack is not None):
        yield "platform_stack", "a stack's name where part is models, else nothing", settings.platform_stack
    if settings.part is Part.PLATFORM and settings.models:
        yield "models", "nothing where part is platform: a shard has them", sorted(settings.models)
    if models and not settings.models:
        yield "models", "at least one model where part is models", {}
    if settings.part is Part.PLATFORM and (settings.stores.online or settings.stores.databases):
        yield "stores", "nothing where part is platform: the shard whose models use them has them", "a section"


def _operations(settings: "Settings") -> Iterator[Problem]:
    if settings.operations_image == NEWEST and not settings.allow_newest:
        yield "operations_image", "sha256:<64 hex>, because allow_newest is false", NEWEST
    if settings.operations_image is not None:
        return
    for name, model in settings.models.items():
        if model.release is not None:
            yield "operations_image", f"a digest or newest, because {name} has a release", None
    if settings.gate is not None:
        yield "operations_image", "a digest or newest, because the gate runs it", None


def _release(settings: "Settings", name: str, model: ModelSettings) -> Iterator[Problem]:
    gpus = model.resources.gpus or 0
    if settings.cluster and gpus > settings.gpu_limit:
        yield f"models.{name}.resources.gpus", f"at most cluster.gpu.limit ({settings.gpu_limit})", gpus
    if model.release == NEWEST and not settings.allow_newest:
        yield f"models.{name}.release", "a release id, because allow_newest is false", NEWEST
    if model.release not in (None, NEWEST) and not str(model.release).startswith(f"{name}-"):
        yield f"models.{name}.release", f"a release of {name}: {name}-<yyyymmdd>-<8 hex>", model.release


def _front(settings: "Settings", key: str, model: ModelSettings) -> Iterator[Problem]:
    """What is asked of the gateway, and of what measures it."""
    given = [name for name in ("auth", "host", "requests_per_second_limit") if getattr(model, name) is not None]
    if given and settings.part is not Part.MODELS and settings.gateway is None:
        yield f"{key}.{given[0]}", "nothing, because there is no section gateway", "a value"
    for name in given:
        if model.auth is None:
            yield f"{key}.auth", f"a section, because {name} is given: who may call?", None
    scale = model.scale
    for target in ("target_requests_per_second", "target_latency_ms"):
        value = getattr(scale, target)
        if value is None:
            continue
        if settings.prometheus is None:
            yield f"{key}.scale.{target}", "nothing, because there is no monitoring or prometheus_address to ask", value
        if settings.part is not Part.MODELS and not settings.request_autoscaler:
            yield f"{key}.scale.{target}", "nothing, because request_autoscaler is false", value
        if model.auth is None:
            yield f"{key}.scale.{target}", "nothing, because without auth no request comes by the gateway", value
        if scale.min == scale.max:
            yield f"{key}.scale.{target}", f"nothing, because min and max are both {scale.max}", value
    promised = model.slo.latency_p99_ms
    if promised and scale.target_latency_ms and scale.target_latency_ms >= promised:
        accepted = f"less than slo.latency_p99_ms ({promised}): replicas come before the promise is broken"
        yield f"{key}.scale.target_latency_ms", accepted, scale.target_latency_ms


def _hosts(settings: "Settings") -> Iterator[Problem]:
    """Two routes of one host name would take each other's requests."""
    owners: dict[str, str] = {}
    for name, model in settings.models.items():
        if model.auth is None:
            continue
        host = model.host or name
        if host in owners:
            yield f"models.{name}.host", f"a name that no other model has: {owners[host]} has it", host
        owners.setdefault(host, name)


def _zones(settings: "Settings") -> Iterator[Problem]:
    for name, database in settings.stores.databases.items():
        if settings.network and database.zones and not set(database.zones) <= set(settings.network.zones):
            accepted = f"zones of network.zones ({', '.join(settings.network.zones)})"
            yield f"stores.databases.{name}.zones", accepted, database.zones


def _stores(settings: "Settings", key: str, model: ModelSettings) -> Iterator[Problem]:
    for kind, defined, wanted in (
        ("online", settings.stores.online, model.stores.online),
        ("databases", settings.stores.databases, model.stores.database),
    ):
        if wanted is not None and wanted not in defined:
            names = ", ".join(sorted(defined)) or "none is defined"
            yield f"{key}.{kind.removesuffix('s')}", f"a name in stores.{kind}: {names}", wanted


def _rollout(settings: "Settings", key: str, model: ModelSettings) -> Iterator[Problem]:
    rollout = model.rollout
    if rollout is None:
        return
    if model.auth is None:
        yield f"{key}.auth", "a section, because rollout is given: it shares out what comes by the gateway", None
    if settings.prometheus is None:
        yield "prometheus_address", f"an address, because {key}.rollout compares what the gateway measures", None
    better = rollout.only_if_better
    if better is not None:
        if settings.part is not Part.MODELS and settings.gate is None:
            accepted = f"a section, because {key}.rollout.only_if_better is given: where predictions and labels are"
            yield "gate", accepted, None
        ladder = len(rollout.steps_percent) * rollout.step_minutes
        if better.deadline_minutes <= ladder:
            accepted = f"more than the {ladder} minutes of all steps: later the gate rejects"
            yield f"{key}.rollout.only_if_better.deadline_minutes", accepted, better.deadline_minutes
        for path, accepted, received in gates.problems(better):
            yield f"{key}.rollout.only_if_better.{path}", accepted, received
    yield from capacity.problems(settings, key, model)


def _candidates(settings: "Settings") -> Iterator[Problem]:
    candidates = settings.retraining.candidates if settings.retraining else None
    if settings.retraining and settings.datasets is None:
        yield "datasets", "a section, because retraining is given: where the data is", None
    if settings.retraining and settings.retraining.kubeflow and settings.operations_image is None:
        yield "operations_image", "a digest or newest, because retraining.kubeflow runs it", None
    if candidates and settings.github_token is None:
        yield "github_token", "a token, because retraining.candidates is given (pulumi config set --secret)", None
    if settings.github_token is not None and candidates is None:
        yield "github_token", "nothing, because there is no section retraining.candidates", "a token"


def _retrain(settings: "Settings", key: str, model: ModelSettings) -> Iterator[Problem]:
    retrain = model.retrain
    if retrain is None:
        return
    if settings.part is not Part.MODELS and settings.retraining is None:
        yield "retraining", f"a section, because {key} is given", None
    if retrain.image is None and model.release is None:
        yield f"{key}.image", "a digest, because the model has no release whose image could train", None
    if retrain.image == NEWEST:
        yield f"{key}.image", "sha256:<64 hex>, so that a preview says which code trains", NEWEST
    for engine, section in ((Engine.AIRFLOW, "airflow"), (Engine.KUBEFLOW, "kubeflow")):
        if retrain.engine is engine and settings.retraining and getattr(settings.retraining, section) is None:
            yield f"retraining.{section}", f"a section, because {key}.engine is {engine}", None
    if retrain.train.gpus and settings.retraining and not settings.retraining.gpu_max_vcpus:
        yield f"{key}.train.gpus", "0, because retraining.gpu_max_vcpus is 0", retrain.train.gpus
