"""Reads and checks the arguments of ``ModelRegistry``. Without Pulumi's resources."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import pulumi

from slipway import _check

LABEL = (r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", "1 to 63 of a-z, 0-9 and -, neither first nor last -")
_APP = (r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,255}", "an MLflow App's name: 1 to 256 letters, digits and -")
_PREFIX = (
    r"[A-Za-z0-9][A-Za-z0-9_.-]*(/[A-Za-z0-9][A-Za-z0-9_.-]*)*",
    "a prefix such as mlflow, without / at its ends",
)
_WINDOW = (r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun):([01]\d|2[0-3]):[0-5]\d", "a weekly time in UTC such as Sun:03:00")
_CRON = (r"\S+( \S+){4}", "a cron expression of five fields such as 30 3 * * *")
_IMAGE = (
    r"(?:[a-zA-Z0-9.-]+(?::\d+)?/)?[a-z0-9._-]+(?:/[a-z0-9._-]+)*@sha256:[0-9a-f]{64}",
    "an image by digest, <repository>@sha256:<64 hex>; a tag may point elsewhere tomorrow",
)
_NETWORK = (
    r"(?!0\.0\.0\.0/)\d{1,3}(\.\d{1,3}){3}/([1-9]|[12]\d|3[0-2])",
    "a network such as 10.0.16.0/24, not all of them",
)


class Backend(StrEnum):
    """Who runs MLflow."""

    MANAGED = "managed"
    """SageMaker: nothing to run, no customer's key for its metadata."""
    SELF_HOSTED = "self_hosted"
    """Pods in a cluster, with a database that has the customer's key."""


_MANAGED = ("key_arn", "maintenance_window", "permissions_boundary_arn", "deletion_protection", "tags")
_SELF_HOSTED = (
    *("image", "namespace", "service_account", "region", "replicas", "cpu", "memory", "database_environment"),
    *("database_ca_bundle", "login_image", "database_secret_name", "database_cidr_blocks", "cluster_internal"),
    *("client_namespaces", "hostname", "gateway_name", "gateway_namespace", "jwt_issuer", "jwt_jwks_uri"),
    *("jwt_audiences", "jwt_claims", "jwt_scopes", "request_timeout_seconds", "gc_schedule", "gc_after_days"),
)


@dataclass(frozen=True)
class Managed:
    """What decides a registry that SageMaker runs."""

    name: str
    key_arn: pulumi.Input[str]
    maintenance_window: str | None
    deletion_protection: bool


@dataclass(frozen=True)
class Login:
    """How pods log in to the database: by IAM, with libpq's own variables and a token that is made anew in time."""

    environment: pulumi.Input[Mapping[str, pulumi.Input[str]]]
    ca_bundle: pulumi.Input[str]
    image: pulumi.Input[str]


@dataclass(frozen=True)
class Server:
    """What decides a registry that runs in a cluster."""

    name: str
    image: pulumi.Input[str]
    namespace: pulumi.Input[str]
    service_account: str
    region: pulumi.Input[str] | None
    replicas: int
    cpu: str
    memory: str
    login: Login | None
    secret_name: str | None
    """Secret with the database's address and password, where there is no login by IAM."""
    database_cidr_blocks: list[str]
    database_port: int
    client_namespaces: list[str]
    gc_schedule: str
    gc_after_days: int


def backend_of(args: Mapping[str, Any]) -> Backend:
    """The argument ``backend``; refuses what the other one would need, because this one would ignore it."""
    backend = Backend(_check.one_of("backend", args.get("backend"), Backend))
    others = _SELF_HOSTED if backend is Backend.MANAGED else _MANAGED
    for name in (*others, *(("database_port",) if backend is Backend.MANAGED else ())):
        if args.get(name) is not None:
            _check.refuse(name, f"nothing, because backend is {backend}", args[name])
    return backend


def prefix_of(args: Mapping[str, Any]) -> str:
    """Where in the bucket the artifacts are."""
    return _check.matches("artifact_prefix", args.get("artifact_prefix", "mlflow"), *_PREFIX)


def managed(args: Mapping[str, Any]) -> Managed:
    """Settings of a registry that SageMaker runs."""
    window = args.get("maintenance_window")
    _check.plain("permissions_boundary_arn", args.get("permissions_boundary_arn"), *_check.A_MANAGED_POLICY)
    return Managed(
        name=_check.matches("registry_name", args.get("registry_name"), *_APP),
        key_arn=_check.given(args, "key_arn", *_check.A_KEY),
        maintenance_window=None if window is None else _check.matches("maintenance_window", window, *_WINDOW),
        deletion_protection=_check.flag("deletion_protection", args.get("deletion_protection", True)),
    )


def self_hosted(args: Mapping[str, Any]) -> Server:
    """Settings of a registry that runs in a cluster."""
    name = _check.matches("registry_name", args.get("registry_name"), r"[a-z](?:[a-z0-9-]{0,38}[a-z0-9])?", LABEL[1])
    login, secret = _database(args)
    return Server(
        name=name,
        image=_check.given(args, "image", *_IMAGE),
        namespace=_check.given(args, "namespace", *LABEL),
        service_account=_check.matches("service_account", args.get("service_account", name), *LABEL),
        region=args.get("region"),
        replicas=_check.between("replicas", args.get("replicas", 2), 1, 10),
        cpu=_check.matches("cpu", args.get("cpu", "500m"), r"[1-9]\d*m|[1-9]\d*|\d*\.\d+", "CPUs such as 500m or 2"),
        memory=_check.matches("memory", args.get("memory", "2Gi"), r"[1-9]\d*(?:Mi|Gi)", "memory such as 512Mi or 4Gi"),
        login=login,
        secret_name=secret,
        database_cidr_blocks=_check.each(
            "database_cidr_blocks", args.get("database_cidr_blocks"), *_NETWORK, at_least=1
        ),
        database_port=_check.between("database_port", args.get("database_port", 5432), 1, 65535),
        client_namespaces=_clients(args),
        gc_schedule=_check.matches("gc_schedule", args.get("gc_schedule", "30 3 * * *"), *_CRON),
        gc_after_days=_check.days("gc_after_days", args.get("gc_after_days", 30)),
    )


def _database(args: Mapping[str, Any]) -> tuple[Login | None, str | None]:
    secret = args.get("database_secret_name")
    by_iam = _check.together(args, "database_environment", "database_ca_bundle", "login_image")
    if by_iam == (secret is not None):
        accepted = "either database_environment, database_ca_bundle and login_image, or database_secret_name"
        _check.refuse("database", accepted, "both" if by_iam else "neither")
    if not by_iam:
        return None, _check.matches("database_secret_name", secret, *LABEL)
    environment = args["database_environment"]
    if isinstance(environment, Mapping):
        for variable in ("PGHOST", "PGPORT", "PGUSER", "PGDATABASE", "PGSSLMODE"):
            if variable not in environment:
                _check.refuse("database_environment", f"libpq's variables, {variable} too", sorted(environment))
    _check.plain(
        "database_ca_bundle", args["database_ca_bundle"], r"(?s).*-----BEGIN CERTIFICATE-----.*", "certificates in PEM"
    )
    _check.plain("login_image", args["login_image"], *_IMAGE)
    return Login(environment, args["database_ca_bundle"], args["login_image"]), None


def _clients(args: Mapping[str, Any]) -> list[str]:
    """Namespaces whose pods may call without a token: none, unless the registry is for the cluster only."""
    internal = _check.flag("cluster_internal", args.get("cluster_internal", False))
    if not internal:
        if args.get("client_namespaces") is not None:
            accepted = "only with cluster_internal: true; else callers show a token at the gateway"
            _check.refuse("client_namespaces", accepted, args["client_namespaces"])
        if args.get("hostname") is None:
            _check.refuse("hostname", "a host name at the gateway, or cluster_internal: true", None)
        return []
    if args.get("hostname") is not None:
        _check.refuse("cluster_internal", "false, because hostname is given", internal)
    return _check.each("client_namespaces", args.get("client_namespaces"), *LABEL, at_least=1)


def artifacts(bucket_arn: str, prefix: str) -> str:
    """ARN of everything under the prefix."""
    if not re.fullmatch(_check.A_BUCKET[0], bucket_arn):
        _check.refuse("artifact_bucket_arn", _check.A_BUCKET[1], bucket_arn)
    return f"{bucket_arn}/{prefix}/*"
