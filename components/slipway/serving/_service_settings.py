"""Reads and checks the arguments of ``ModelService``. Without Pulumi's resources."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from slipway import _check
from slipway.rollout._front import front_of
from slipway.rollout._routes import Front
from slipway.rollout._scale import Scale, scale_of
from slipway.rollout._steps import Plan, plan_of
from slipway.rollout.rollout_args import RolloutArgs
from slipway.serving import _names, _workload

MODEL = r"[a-z](?:[a-z0-9-]{0,38}[a-z0-9])?"
IMAGE = r"(?:[a-zA-Z0-9.-]+(?::\d+)?/)?[a-z0-9._-]+(?:/[a-z0-9._-]+)*@sha256:[0-9a-f]{64}"
IMAGE_ACCEPTED = "an image by digest, <repository>@sha256:<64 hex>; a tag may point elsewhere tomorrow"
OBJECT_URI = r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/\S+"
LABEL_VALUE = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?"
CPU = r"[1-9]\d*m|[1-9]\d*|\d*\.\d+"
MEMORY = r"[1-9]\d*(?:Mi|Gi)"
PATH = r"/[\w./-]*"
VARIABLE = r"(?!SLIPWAY_)[A-Za-z_][A-Za-z0-9_]*"
LABEL = (_names.LABEL, _names.LABEL_ACCEPTED)


@dataclass(frozen=True)
class ServiceSettings:
    """What a model's service is to be."""

    workload: _workload.Workload
    scale: Scale
    front: Front | None
    plan: Plan | None
    """Nothing where a new release replaces the old one pod by pod."""
    callers: list[str]
    """Namespaces that may call."""
    egress: list[tuple[str, int]]


def settings_of(args: Mapping[str, Any]) -> ServiceSettings:
    """Raises ``ValueError`` that names the argument."""
    front = front_of(args)
    scale = scale_of(args, routed=front is not None)
    callers = _check.each("ingress_namespaces", args.get("ingress_namespaces", []), *LABEL)
    if front and front.gateway_namespace not in callers:
        callers.append(front.gateway_namespace)
    plan = None
    if args.get("rollout") is not None:
        plan = plan_with(args["rollout"], front, scale)
    return ServiceSettings(_workload_of(args), scale, front, plan, callers, _egress(args.get("egress", [])))


def plan_with(args: Any, front: Front | None, scale: Scale) -> Plan:
    """A rollout's plan; refuses what nothing would carry out."""
    plan = plan_of(args, RolloutArgs.__annotations__, scale.minimum, scale.maximum)
    if front is None:
        _check.refuse("hostname", "a host name, because rollout is given: weights are those of a route", None)
    if scale.prometheus is None:
        _check.refuse("prometheus_address", "an address, because rollout is given: guardrails ask there", None)
    if plan.sticky and front.tokens is None:
        reason = "false with allow_unauthenticated: without tokens nothing says which requests are one user's"
        _check.refuse("rollout.sticky", reason, plan.sticky)
    return plan


def _workload_of(args: Mapping[str, Any]) -> _workload.Workload:
    model = model_name(args)
    account = _check.matches("service_account", args.get("service_account", model), *LABEL)
    health_path = _path("health_path", args.get("health_path", "/healthz"))
    priority = args.get("priority_class")
    return _workload.Workload(
        model=model,
        release=release_id(args),
        image=_later("image", args.get("image"), IMAGE, IMAGE_ACCEPTED),
        fetch_image=_later("fetch_image", args.get("fetch_image"), IMAGE, IMAGE_ACCEPTED),
        artifact_uri=_later("artifact_uri", args.get("artifact_uri"), OBJECT_URI, "s3://<bucket>/<key>"),
        artifact_version=_check.matches(
            "artifact_version", args.get("artifact_version"), r"(?!null$)\S+", "the id of an object's version"
        ),
        artifact_sha256=_check.matches(
            "artifact_sha256", args.get("artifact_sha256"), r"[0-9a-f]{64}", "64 hex digits"
        ),
        service_account=account,
        port=_check.between("port", args.get("port", 8080), 1024, 65535),
        cpu=_check.matches("cpu", args.get("cpu", "500m"), CPU, "CPUs such as 500m or 2"),
        memory=_check.matches("memory", args.get("memory", "512Mi"), MEMORY, "memory such as 512Mi or 4Gi"),
        gpus=_check.between("gpus", args.get("gpus", 0), 0, 16),
        artifact_gib=_check.between("artifact_gib", args.get("artifact_gib", 2), 1, 1000),
        startup_seconds=startup_seconds(args),
        health_path=health_path,
        ready_path=_path("ready_path", args.get("ready_path", health_path)),
        warm_up_path=_path("warm_up_path", args.get("warm_up_path", health_path)),
        settings=_settings(args.get("settings", {})),
        priority_class=None if priority is None else _check.matches("priority_class", priority, *LABEL),
        region=args.get("region"),
    )


def model_name(args: Mapping[str, Any]) -> str:
    """The model's name."""
    return _check.matches("model", args.get("model"), MODEL, "1 to 40 of a-z, 0-9 and -, beginning with a letter")


def release_id(args: Mapping[str, Any]) -> str:
    """The id of the release that is to serve."""
    return _check.matches("release", args.get("release"), LABEL_VALUE, "a release's id, at most 63 characters")


def startup_seconds(args: Mapping[str, Any]) -> int:
    """How long a server may take to start."""
    return _check.between("startup_seconds", args.get("startup_seconds", 300), 5, 3600)


def _later(arg: str, value: pulumi.Input[str] | None, pattern: str, accepted: str) -> pulumi.Input[str]:
    """Check ``value`` now, or where it is an Output once it is known."""
    if isinstance(value, pulumi.Output):
        return value.apply(lambda known: _check.matches(arg, known, pattern, accepted))
    return _check.matches(arg, value, pattern, accepted)


def _path(arg: str, value: str) -> str:
    return _check.matches(arg, value, PATH, "a path such as /healthz")


def _settings(settings: Mapping[str, pulumi.Input[str]]) -> Mapping[str, pulumi.Input[str]]:
    accepted = "names of environment variables that do not begin with SLIPWAY_, which tells the release"
    for key, value in settings.items():
        _check.matches("settings", key, VARIABLE, accepted)
        if not isinstance(value, str | pulumi.Output):
            _check.refuse(f"settings.{key}", "text", value)
    return settings


def _egress(rules: Any) -> list[tuple[str, int]]:
    """Networks and ports, each of which is narrower than everything."""
    found: list[tuple[str, int]] = []
    if isinstance(rules, str | Mapping) or not isinstance(rules, list | tuple):
        _check.refuse("egress", "a list of {cidr_block, port}", rules)
    for i, rule in enumerate(rules):
        if not isinstance(rule, Mapping) or set(rule) != {"cidr_block", "port"}:
            _check.refuse(f"egress[{i}]", "cidr_block and port", rule)
        try:
            network = ipaddress.ip_network(rule["cidr_block"])
        except (TypeError, ValueError):
            network = None
        if network is None or network.prefixlen == 0:
            _check.refuse(
                f"egress[{i}].cidr_block", "a network such as 10.0.0.0/16, not all of them", rule["cidr_block"]
            )
        found.append((str(network), _check.between(f"egress[{i}].port", rule["port"], 1, 65535)))
    return sorted(set(found))
