"""Wrong settings are refused at once, each with its key, what is accepted and what came."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel

from stacks.settings import Part, Settings, SettingsError, parse
from tests.stacks.config import ENVIRONMENTS, VALID, shipped, valid

ROLE = "arn:aws:iam::123456789012:role/admin"

# path, value, and what the message must say is accepted
WRONG: list[tuple[str, Any, str]] = [
    ("aws:region", ..., "a value"),
    ("aws:region", "Ireland", "a region such as eu-west-1"),
    ("environment", ..., "a value"),
    ("environment", "Prod", "2 to 30 of a-z, 0-9 and -"),
    ("environment", "x" * 31, "2 to 30"),
    ("namespace", "1acme", "beginning with a letter"),
    ("namespace", "acme_", "2 to 30 of a-z"),
    ("workload_namespace", "Models", "2 to 30 of a-z"),
    ("part", "half", "'whole', 'platform' or 'models'"),
    ("platform_stack", "acme/other", "a stack's name where part is models, else nothing"),
    ("permissions_boundary_arn", "boundary", "an ARN with its account id"),
    ("unheard_of", 1, "no such key; here: allow_newest, "),
    ("network", ..., "a section, because part is whole"),
    ("network.cidr", "10.0.0.0/33", "an IPv4 network"),
    ("network.cidr", "10.0.0.1/16", "an IPv4 network"),
    ("network.cidr", "fd00::/48", "an IPv4 network"),
    ("network.zones", ..., "a value"),
    ("network.zones", ["a"], "at least 2 entries"),
    ("network.zones", list("abcdefg"), "at most 6 entries"),
    ("network.zones", ["a", "a"], "entries that differ"),
    ("network.zones", ["a", "eu-west-1b"], "an availability zone's letter"),
    ("network.nat", "two", "'none', 'single' or 'per_zone'"),
    ("network.flow_log_days", 0, "a retention of CloudWatch Logs"),
    ("network.flow_log_days", 100, "a retention of CloudWatch Logs"),
    ("network.cidrs", "10.0.0.0/16", "no such key; here: cidr, "),
    ("keys.deletion_window_days", 6, "greater than or equal to 7"),
    ("keys.deletion_window_days", 31, "less than or equal to 30"),
    ("keys.rotation_period_days", 30, "greater than or equal to 90"),
    ("keys.multi_region", "yes", "true or false"),
    ("keys.administrator_arns", ["arn:aws:iam::123456789012:user/me"], "a role's ARN"),
    ("cluster", ..., "a section, because part is whole"),
    ("cluster.version", "1.29", "1.35, 1.36"),
    ("cluster.version", 1.36, "text"),
    ("cluster.admin_role_arns", ..., "a value"),
    ("cluster.admin_role_arns", [], "at least 1 entries"),
    ("cluster.admin_role_arns", ROLE, "a list"),
    ("cluster.viewer_role_arns", ["arn:aws:iam::12:role/x"], "a role's ARN"),
    ("cluster.public_access_cidrs", ["0.0.0.0/0"], "networks narrower than 0.0.0.0/0"),
    ("cluster.log_types", ["audits"], "'api', 'audit'"),
    ("cluster.log_days", "365", "a whole number"),
    ("cluster.cpu_limit", 1, "greater than or equal to 2"),
    ("cluster.gpu", {}, "a value"),
    ("cluster.gpu.limit", 0, "greater than or equal to 1"),
    ("cluster.gpu.instance_families", [], "at least 1 entries"),
    ("cluster.namespace.cpu", 0, "greater than or equal to 1"),
    ("cluster.namespace", 8, "a section"),
    ("storage.keep_versions_days", 0, "greater than or equal to 1"),
    ("storage.access_log_days", 90.5, "a whole number"),
    ("storage.dev_image_days", 400, "less than or equal to 365"),
    ("storage.pull_account_ids", ["1234"], "an account id of 12 digits"),
    ("storage.replica_bucket_arn", "arn:aws:s3:::copy", "together, or neither"),
    ("storage.replica_bucket_arn", "copy", "a bucket's ARN"),
    ("publisher.subjects", [], "at least 1 entries"),
    ("publisher.subjects", ["repo:acme/*"], "exact token subjects"),
    ("publisher.oidc_provider_arn", "token.actions.githubusercontent.com", "an ARN"),
    ("operations_image", "v1", "sha256:<64 hex> or newest"),
    ("operations_image", ..., "a digest or newest, because fraud has a release"),
    ("models", ["fraud"], "a map"),
    ("models.Fraud", {}, "2 to 30 of a-z"),
    ("models.fraud.release", "yesterday", "<model>-<yyyymmdd>-<8 hex> or newest"),
    ("models.fraud.release", "spam-20260102-0123abcd", "a release of fraud"),
    ("models.fraud.scale", {"min": 4, "max": 3}, "min at most max"),
    ("models.fraud.scale.min", 0, "greater than or equal to 1"),
    ("models.fraud.scale.target_cpu_percent", 101, "less than or equal to 100"),
    ("models.fraud.scales", {}, "no such key; here: auth, drift, host, ingress_namespaces, release, "),
    ("models.fraud.ingress_namespaces", ["Web"], "2 to 30 of a-z"),
    ("models.fraud.resources.cpu", "half", "a CPU quantity"),
    ("models.fraud.resources.memory", "512", "a memory quantity"),
    ("models.fraud.resources.gpus", 5, "at most cluster.gpu.limit (4)"),
]


def accepted_line(error: SettingsError, key: str) -> str:
    """The message's line about ``key``."""
    lines = [line for line in str(error).splitlines() if line.startswith(f"Pulumi.test.yaml: {key}")]
    assert lines, f"no line about {key} in: {error}"
    return lines[0]


@pytest.mark.parametrize(("path", "value", "accepted"), WRONG, ids=[f"{path}={value}" for path, value, _ in WRONG])
def test_a_wrong_setting_is_named(path: str, value: Any, accepted: str) -> None:
    with pytest.raises(SettingsError) as refused:
        parse(valid(**{path: value}), "Pulumi.test.yaml")
    section = path if ":" in path else f"slipway:{path}"
    line = accepted_line(refused.value, section.rsplit(".", 1)[0] if "together" in accepted else section)
    assert accepted in line.split(": accepted: ")[1] and ": received: " in line


def leaves(model: type[BaseModel], path: str = "") -> Iterator[str]:
    """Dotted path of every setting, sections left out."""
    for name, field in model.model_fields.items():
        if name in ("source", "region", "models"):
            continue
        inner = _section(field.annotation)
        if inner:
            yield from leaves(inner, f"{path}{name}.")
        else:
            yield path + name


def _section(annotation: Any) -> type[BaseModel] | None:
    for kind in (annotation, *getattr(annotation, "__args__", ())):
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            return kind
    return None


@pytest.mark.parametrize("path", list(leaves(Settings)))
def test_no_setting_takes_another_type(path: str) -> None:
    with pytest.raises(SettingsError) as refused:
        parse(valid(**{path: {"of": "another type"}}), "Pulumi.test.yaml")
    assert ": accepted: " in accepted_line(refused.value, f"slipway:{path}")


def test_all_problems_come_at_once() -> None:
    config = valid(**{"environment": "X", "network.nat": "two", "models.fraud.scale.min": 0, "typo": 1})
    with pytest.raises(SettingsError) as refused:
        parse(config, "Pulumi.test.yaml")
    assert len(str(refused.value).splitlines()) == 4


def test_newest_needs_permission() -> None:
    config = valid(**{"allow_newest": False, "operations_image": "newest", "models.fraud.release": "newest"})
    with pytest.raises(SettingsError) as refused:
        parse(config, "Pulumi.test.yaml")
    assert "because allow_newest is false" in accepted_line(refused.value, "slipway:models.fraud.release")
    assert "because allow_newest is false" in accepted_line(refused.value, "slipway:operations_image")


def test_a_shard_has_models_and_a_platform_stack_only() -> None:
    shard = valid(part="models", platform_stack="test", network=..., cluster=...)
    assert parse(shard, "Pulumi.test.yaml").part is Part.MODELS
    with pytest.raises(SettingsError) as refused:
        parse(valid(part="models", models={}), "Pulumi.test.yaml")
    for key in ("network", "cluster", "platform_stack", "models"):
        accepted_line(refused.value, f"slipway:{key}")


def test_a_platform_has_no_models() -> None:
    assert parse(valid(part="platform", models={}), "Pulumi.test.yaml").part is Part.PLATFORM
    with pytest.raises(SettingsError, match="nothing where part is platform"):
        parse(valid(part="platform"), "Pulumi.test.yaml")


def test_the_engine_passes_sections_as_json_text() -> None:
    text = {key: value if isinstance(value, str) else json.dumps(value) for key, value in VALID.items()}
    assert parse(text, "Pulumi.test.yaml") == parse(VALID, "Pulumi.test.yaml")


def test_broken_json_is_a_wrong_type_not_a_crash() -> None:
    with pytest.raises(SettingsError, match="slipway:network: accepted: a section"):
        parse(valid(network="{"), "Pulumi.test.yaml")


def test_long_values_are_shortened() -> None:
    with pytest.raises(SettingsError) as refused:
        parse(valid(environment="x" * 500), "Pulumi.test.yaml")
    assert len(str(refused.value)) < 300


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_shipped_environments_are_valid(environment: str) -> None:
    settings = parse(shipped(environment), f"Pulumi.{environment}.yaml")
    assert settings.environment == environment


def test_environments_differ_by_values_only() -> None:
    prod, staging, dev, local = (parse(shipped(name), name) for name in ("prod", "staging", "dev", "local"))
    assert prod.deletion_protection and staging.deletion_protection
    assert not (dev.deletion_protection or local.deletion_protection)
    assert not (prod.allow_newest or staging.allow_newest)
    assert all(s.cluster and not s.cluster.public_access_cidrs for s in (prod, staging, dev, local))
    assert len({s.network.cidr for s in (prod, staging, dev, local) if s.network}) == 4
