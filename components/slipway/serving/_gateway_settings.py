"""The plain arguments of a gateway, read once and checked."""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from slipway import _check, versions
from slipway.serving import _names

DOMAIN = (
    r"(?=.{4,200}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}",
    "a domain such as ml.example.com, whose hosts are the models'",
)
BUCKET = (
    r"(?!xn--|sthree-|amzn-s3-demo-)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]",
    "a bucket's name: 3 to 63 of a-z, 0-9 and -",
)
A_CERTIFICATE = (r"arn:aws[a-z-]*:acm:[a-z0-9-]+:\d{12}:certificate/[a-z0-9-]+", "an ACM certificate's ARN")
A_ZONE = (r"Z[A-Z0-9]{1,31}", "the id of a Route 53 hosted zone")
A_SECURITY_GROUP = (r"sg-[0-9a-z]+", "the id of a security group")
HTTPS = (r"https://[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::\d{1,5})?(?:/[^\s?#]*)?", "an https:// address")
PREFIX = (
    r"(?!.*(?:aws|amazon|cognito))[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?",
    "1 to 63 of a-z, 0-9 and -, without aws, amazon and cognito, which are reserved",
)
RULE_GROUP = (
    r"AWSManagedRules[A-Za-z0-9]+",
    "the name of a managed rule group of AWS, such as AWSManagedRulesSQLiRuleSet",
)
RULE_GROUPS = (
    "AWSManagedRulesAmazonIpReputationList",
    "AWSManagedRulesCommonRuleSet",
    "AWSManagedRulesKnownBadInputsRuleSet",
)
COUNTED_RULES = ("AWSManagedRulesCommonRuleSet/SizeRestrictions_BODY",)
"""It refuses bodies of more than 8 KiB, which predictions often have."""
REGISTRY = (
    r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::\d{1,5})?(?:/[a-z0-9._/-]*[a-z0-9])?",
    "a registry, with a path or not",
)
CPU = (r"[1-9]\d*m|[1-9]\d*", "CPUs such as 500m or 2")
MEMORY = (r"[1-9]\d*(?:Mi|Gi)", "memory such as 512Mi or 4Gi")
MFA = ("OFF", "OPTIONAL", "ON")


@dataclass(frozen=True)
class GatewaySettings:
    """What decides the shape of a gateway."""

    domain: str
    bucket_name: str
    own_certificate: bool
    cognito_prefix: str | None
    cognito_clients: list[str]
    cognito_mfa: str
    allowed_cidrs: list[str]
    access_log_days: int
    waf_log_days: int
    waf_requests_per_5_minutes: int
    rule_groups: list[str]
    counted: dict[str, list[str]]
    """Rules that only count, by their group."""
    idle_seconds: int
    min_replicas: int
    max_replicas: int
    cpu: str
    memory: str
    route_namespaces: list[str]
    metrics_namespaces: list[str]
    kubernetes_version: str
    install_crds: bool
    image_registry: str | None
    deletion_protection: bool


def settings_of(args: Mapping[str, Any]) -> GatewaySettings:
    """The settings in ``args``, defaults filled in. Raises ``ValueError`` that names the first wrong argument."""
    _check.given(args, "vpc_id", r"vpc-[0-9a-z]+", "the id of a VPC")
    _check.given(args, "cluster_security_group_id", *A_SECURITY_GROUP)
    _check.given(args, "logs_key_arn", *_check.A_KEY)
    _subnets("public_subnet_ids", args, "ids of public subnets in at least two zones")
    _subnets("public_subnet_cidr_blocks", args, "IPv4 networks of the public subnets")
    prefix = _issuer(args)
    minimum = _check.between("min_replicas", args.get("min_replicas", 2), 1, 100)
    maximum = _check.between("max_replicas", args.get("max_replicas", max(10, minimum)), 1, 100)
    if maximum < minimum:
        _check.refuse("max_replicas", f"at least min_replicas, {minimum}", maximum)
    groups = _check.each("waf_rule_groups", args.get("waf_rule_groups", list(RULE_GROUPS)), *RULE_GROUP)
    version = args.get("kubernetes_version", versions.KUBERNETES)
    registry = args.get("image_registry")
    return GatewaySettings(
        domain=_check.matches("domain", args.get("domain"), *DOMAIN),
        bucket_name=_check.matches("access_log_bucket_name", args.get("access_log_bucket_name"), *BUCKET),
        own_certificate=_own_certificate(args),
        cognito_prefix=prefix,
        cognito_clients=_cognito(args, "cognito_clients", ["default"], prefix),
        cognito_mfa=_check.one_of("cognito_mfa", _cognito(args, "cognito_mfa", "OPTIONAL", prefix), MFA),
        allowed_cidrs=_networks("allowed_cidrs", args.get("allowed_cidrs", ["0.0.0.0/0"])),
        access_log_days=_check.days("access_log_days", args.get("access_log_days", 365)),
        waf_log_days=_check.log_days("waf_log_days", args.get("waf_log_days", 365)),
        waf_requests_per_5_minutes=_check.between(
            "waf_requests_per_5_minutes", args.get("waf_requests_per_5_minutes", 30_000), 10, 2_000_000_000
        ),
        rule_groups=groups,
        counted=_counted(args.get("waf_counted_rules"), groups),
        idle_seconds=_check.between("idle_timeout_seconds", args.get("idle_timeout_seconds", 60), 1, 4000),
        min_replicas=minimum,
        max_replicas=maximum,
        cpu=_check.matches("cpu", args.get("cpu", "500m"), *CPU),
        memory=_check.matches("memory", args.get("memory", "512Mi"), *MEMORY),
        route_namespaces=_route_namespaces(args.get("route_namespaces", ["models"])),
        metrics_namespaces=_namespaces("metrics_namespaces", args.get("metrics_namespaces", ["monitoring"])),
        kubernetes_version=_check.one_of("kubernetes_version", version, versions.KUBERNETES_SUPPORT_ENDS),
        install_crds=_check.flag("install_crds", args.get("install_crds", True)),
        image_registry=None if registry is None else _check.matches("image_registry", registry, *REGISTRY),
        deletion_protection=_check.flag("deletion_protection", args.get("deletion_protection", True)),
    )


def _subnets(arg: str, args: Mapping[str, Any], accepted: str) -> None:
    """A list of at least two, where it is known: a load balancer is in two zones or more."""
    given = _check.given(args, arg, r"(?!)", accepted)
    if isinstance(given, pulumi.Output):
        return
    if len(given) < 2:
        _check.refuse(arg, accepted, given)
    if arg == "public_subnet_cidr_blocks":
        _networks(arg, [one for one in given if isinstance(one, str)])


def _own_certificate(args: Mapping[str, Any]) -> bool:
    """Whether the certificate is made here, in the zone; else it is given. Both or neither would leave it open."""
    given = [name for name in ("zone_id", "certificate_arn") if args.get(name) is not None]
    if len(given) != 1:
        accepted = (
            "one of them: a zone, in which the certificate is validated and the hosts are found, or a certificate"
        )
        _check.refuse("zone_id and certificate_arn", accepted, given)
    _check.plain("zone_id", args.get("zone_id"), *A_ZONE)
    _check.plain("certificate_arn", args.get("certificate_arn"), *A_CERTIFICATE)
    return given == ["zone_id"]


def _issuer(args: Mapping[str, Any]) -> str | None:
    """Prefix of the Cognito domain, or None where tokens come from elsewhere."""
    foreign = [name for name in ("jwt_issuer", "jwt_jwks_uri", "jwt_audiences") if args.get(name) is not None]
    prefix = args.get("cognito_domain_prefix")
    if bool(foreign) == (prefix is not None):
        accepted = "one of them: who issues the tokens that callers show"
        received = [*foreign, *(["cognito_domain_prefix"] if prefix is not None else [])]
        _check.refuse("jwt_issuer and cognito_domain_prefix", accepted, received)
    if prefix is not None:
        return _check.matches("cognito_domain_prefix", prefix, *PREFIX)
    _check.together(args, "jwt_issuer", "jwt_jwks_uri", "jwt_audiences")
    _check.plain("jwt_issuer", args["jwt_issuer"], *HTTPS)
    _check.plain("jwt_jwks_uri", args["jwt_jwks_uri"], *HTTPS)
    _check.unique("jwt_audiences", args["jwt_audiences"], at_least=1)
    return None


def _cognito(args: Mapping[str, Any], arg: str, default: Any, prefix: str | None) -> Any:
    """A setting of the user pool, which means nothing without one."""
    value = args.get(arg)
    if value is None:
        return default
    if prefix is None:
        _check.refuse(arg, "nothing without cognito_domain_prefix: there is no user pool", value)
    if arg == "cognito_clients":
        return _check.each(arg, value, _names.LABEL, _names.LABEL_ACCEPTED, at_least=1)
    return value


def _networks(arg: str, values: Any) -> list[str]:
    accepted = "an IPv4 network such as 203.0.113.0/24"
    networks = _check.unique(arg, values, at_least=1)
    for index, value in enumerate(networks):
        try:
            ipaddress.IPv4Network(value)
        except ValueError:
            _check.refuse(f"{arg}[{index}]", accepted, value)
    return networks


def _namespaces(arg: str, values: Any, *, at_least: int = 0) -> list[str]:
    return sorted(_check.each(arg, values, _names.LABEL, _names.LABEL_ACCEPTED, at_least=at_least))


def _route_namespaces(values: Any) -> list[str]:
    namespaces = _namespaces("route_namespaces", values, at_least=1)
    if "gateway" in namespaces:
        _check.refuse("route_namespaces", "namespaces of models, not gateway", namespaces)
    return namespaces


def _counted(given: Any, groups: list[str]) -> dict[str, list[str]]:
    """Rules that only count, by group; those of a group that is not used would be ignored."""
    if given is None:
        given = [rule for rule in COUNTED_RULES if rule.split("/")[0] in groups]
    counted: dict[str, list[str]] = {}
    for index, rule in enumerate(_check.unique("waf_counted_rules", given)):
        group, _, name = rule.partition("/")
        if group not in groups or not re.fullmatch(r"[A-Za-z0-9_-]+", name):
            _check.refuse(f"waf_counted_rules[{index}]", "<group>/<rule>, with a group of waf_rule_groups", rule)
        counted.setdefault(group, []).append(name)
    return {group: sorted(names) for group, names in counted.items()}
