"""What holds for every component that slipway exports: how it is built, named, guarded and hosted."""

from collections.abc import Iterator
from typing import Any

import pulumi
import pytest
import slipway
from pulumi.provider.experimental.component import ComponentProvider
from pulumi.provider.experimental.util import camel_case

from tests.components.callers import SHORTEST
from tests.components.graph import Graph, declare

every_component = pytest.mark.parametrize("name", slipway.COMPONENTS)

STATEFUL = (
    "aws:amp/workspace:Workspace",
    "aws:cognito/userPool:UserPool",
    "aws:dynamodb/table:Table",
    "aws:ecr/repository:Repository",
    "aws:eks/cluster:Cluster",
    "aws:kms/key:Key",
    "aws:mwaa/environment:Environment",  # the history of runs
    "aws:lb/loadBalancer:LoadBalancer",  # no data, but the address that callers know
    "aws:rds/cluster:Cluster",
    "aws:s3/bucket:Bucket",
    "aws:sagemaker/mlflowApp:MlflowApp",
)
"""Types whose loss is the loss of data."""


def build(name: str, preview: bool, **more: Any) -> Graph[pulumi.ComponentResource]:
    return declare(lambda: getattr(slipway, name)("it", SHORTEST[name] | more), preview=preview)


@pytest.fixture(scope="module")
def provider() -> ComponentProvider:
    """What the plugin hosts."""
    return ComponentProvider([getattr(slipway, name) for name in slipway.COMPONENTS], "slipway")


def test_each_component_has_a_shortest_call() -> None:
    assert sorted(SHORTEST) == sorted(slipway.COMPONENTS)


@every_component
def test_builds(name: str, preview: bool) -> None:
    graph = build(name, preview)
    [component] = [item for item in graph.resources if item.parent.endswith("pulumi:pulumi:Stack::slipway-test")]
    assert (component.type, component.name) == (f"slipway:index:{name}", "it")
    urns = {item.urn for item in graph.resources}
    for item in graph.resources:
        assert item.name == "it" or item.name.startswith("it-")
        assert item is component or item.parent in urns
    assert graph.types()


@every_component
def test_registers_the_outputs_that_it_announces(name: str, preview: bool, provider: ComponentProvider) -> None:
    graph = build(name, preview)
    component = next(item for item in graph.resources if item.type == f"slipway:index:{name}")
    assert sorted(component.outputs) == sorted(provider._component_defs[name].outputs)
    assert None not in component.outputs.values()


@every_component
def test_guards_what_must_not_be_lost(name: str, preview: bool) -> None:
    for item in build(name, preview).resources:
        assert item.protect is (item.type in STATEFUL), item.urn
    if "deletion_protection" in _args(name):
        for item in build(name, preview, deletion_protection=False).resources:
            assert item.protect is False, item.urn


@every_component
def test_sends_no_empty_values(name: str) -> None:
    """A null deep in an input is a difference at every run: the cloud answers without it."""
    for item in build(name, preview=False).resources:
        assert not list(_nulls(item.inputs)), item.urn


@every_component
def test_no_policy_allows_a_wildcard_action(name: str) -> None:
    for item in build(name, preview=False).resources:
        for key in {"policy", "assumeRolePolicy"} & item.inputs.keys():
            statements = item.document(key).get("Statement", [])
            for statement in [each for each in statements if each["Effect"] == "Allow"]:
                assert not [action for action in statement["Action"] if "*" in action], item.urn
                assert statement.get("Principal") != "*", item.urn


UNTAGGED = (
    "ModelMonitoring",
    "ModelService",
    "MonitoringStack",
    "ProgressiveRollout",
    "PromotionGate",
    "RequestAutoscaler",
    "RolloutController",
)
"""Components that have nothing of AWS."""


@pytest.mark.parametrize("name", [name for name in slipway.COMPONENTS if name not in UNTAGGED])
def test_tags_reach_what_can_be_tagged(name: str, preview: bool) -> None:
    for item in build(name, preview, tags={"team": "ml"}).resources:
        if "tags" in item.inputs:
            assert item.inputs["tags"]["team"] == "ml", item.urn
        assert not item.custom or "tags" in item.inputs or item.type not in STATEFUL


@every_component
def test_a_plugin_host_can_build_it(name: str, preview: bool, provider: ComponentProvider) -> None:
    """It hands over a plain dict under the schema's names, in which every number is a float."""
    inputs = {camel_case(key): float(value) if type(value) is int else value for key, value in SHORTEST[name].items()}
    hosted = declare(lambda: provider.construct("it", f"slipway:index:{name}", inputs), preview=preview)
    assert hosted.types() == build(name, preview).types()
    assert sorted(hosted.built.state) == sorted(provider._component_defs[name].outputs)


@every_component
def test_an_unknown_argument_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="colour: accepted: no such argument; there are "):
        build(name, preview=True, colour="red")


def test_an_unknown_name_says_which_there_are() -> None:
    with pytest.raises(AttributeError, match=r"has no attribute 'Bucket'; it has .*, ContainerRegistry, "):
        slipway.Bucket  # noqa: B018
    from slipway import models, security

    with pytest.raises(
        AttributeError, match=r"module 'slipway\.models' has no attribute 'Bucket'; it has .*ModelBucket"
    ):
        models.Bucket  # noqa: B018
    assert "DataKeys" in dir(security)
    assert set(slipway.COMPONENTS) <= set(dir(slipway))


def _args(name: str) -> set[str]:
    return set(getattr(slipway, name).__init__.__annotations__["args"].__annotations__)


def _nulls(value: Any, path: str = "") -> Iterator[str]:
    if value is None:
        yield path
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in pairs:
        yield from _nulls(item, f"{path}.{key}")
