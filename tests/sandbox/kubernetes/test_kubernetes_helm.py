"""Charts: recorded, and refused where Helm would not know what to fetch."""

from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2 as messages

from sandbox.providers.kubernetes.helm import CHART, RELEASE, problems
from sandbox.providers.values import MARK, SECRET, UNKNOWN, encode
from tests.sandbox.kubernetes.conftest import NAMESPACE, Cluster, changed

ROLLOUTS: dict[str, Any] = {
    "chart": "argo-rollouts",
    "version": "2.41.0",
    "namespace": "rollouts",
    "repositoryOpts": {"repo": "https://charts.example.com"},
    "values": {"controller": {"replicas": 2}},
}


def test_a_release_lives_as_a_record(cluster: Cluster) -> None:
    identifier, outputs, inputs = cluster.create(RELEASE, ROLLOUTS)
    namespace, name = identifier.split("/")
    assert (namespace, name.startswith("thing-")) == ("rollouts", True)
    assert outputs["status"] == {
        "chart": "argo-rollouts",
        "name": name,
        "namespace": "rollouts",
        "revision": 1,
        "status": "deployed",
        "version": "2.41.0",
    }
    assert outputs["__recorded"] is True
    assert cluster.files() == [f"release.helm.sh_rollouts_{name}.yaml"]
    assert cluster.check(RELEASE, ROLLOUTS, inputs) == (inputs, {})  # the name stays

    newer = changed(ROLLOUTS, "values.controller.replicas", 3)
    assert cluster.diff(RELEASE, inputs, newer)[:2] == ({"values.controller.replicas": "UPDATE"}, set())
    assert cluster.diff(RELEASE, inputs, changed(ROLLOUTS, "namespace", "other"))[1] == {"namespace"}
    updated = cluster.update(RELEASE, identifier, outputs, inputs, newer)
    assert updated["status"]["revision"] == 2
    assert cluster.read(RELEASE, identifier)[2]["values"] == {"controller": {"replicas": 3}}
    cluster.delete(RELEASE, identifier)
    assert cluster.files() == []
    assert cluster.read(RELEASE, identifier)[0] == ""


def test_other_objects_live_beside_releases(cluster: Cluster) -> None:
    identifier, outputs, inputs = cluster.create(NAMESPACE, {"metadata": {"name": "models"}})
    assert cluster.read(NAMESPACE, identifier, inputs)[1] == outputs
    assert cluster.diff(NAMESPACE, inputs, inputs)[0] == {}
    cluster.update(NAMESPACE, identifier, outputs, inputs, inputs)
    cluster.delete(NAMESPACE, identifier)
    assert cluster.files() == []


@pytest.mark.parametrize(
    ("path", "value", "problem"),
    [
        ("chart", ..., "chart: accepted: a chart's name or its address: received: nothing"),
        ("version", ..., "version: accepted: an exact version, else two runs install two: received: nothing"),
        ("repositoryOpts", ..., "repositoryOpts.repo: accepted: the repository that has argo-rollouts: received: no"),
        ("repositoryOpts.url", "x", "repositoryOpts.url: no such field; here: caFile"),
        ("valuess", {}, "valuess: no such field; did you mean values?"),
        ("values", "a: 1", "values: accepted: a map: received: 'a: 1'"),
    ],
)
@pytest.mark.parametrize("type_", [RELEASE, CHART])
def test_what_helm_would_refuse_is_refused(type_: str, path: str, value: Any, problem: str) -> None:
    found = [f"{key}: {text}" for key, text in problems(type_, changed(ROLLOUTS, path, value))]
    assert len(found) == 1
    assert found[0].startswith(problem)


def test_an_address_needs_no_repository_and_what_is_unknown_is_right() -> None:
    assert problems(CHART, {"chart": "oci://charts.example.com/gateway", "version": "1.9.1"}) == []
    assert problems(CHART, {"chart": UNKNOWN, "version": UNKNOWN, "values": UNKNOWN, "repositoryOpts": UNKNOWN}) == []


def test_a_secret_value_stays_one(cluster: Cluster) -> None:
    """The engine leaves it to a provider that makes components to mark what is secret."""
    inputs = {**ROLLOUTS, "values": {"password": {MARK: SECRET, "value": "hush"}, "other": 1}}
    checked = cluster.stub.Check(messages.CheckRequest(type=RELEASE, news=encode(inputs), name="a"), timeout=10)
    values = checked.inputs.fields["values"].struct_value.fields
    assert values["password"].struct_value.fields["value"].string_value == "hush"
    assert values["other"].number_value == 1
    made = cluster.stub.Create(messages.CreateRequest(type=RELEASE, properties=checked.inputs), timeout=10)
    assert made.properties.fields["values"].struct_value.fields["password"].struct_value.fields[MARK]


def test_only_the_chart_is_a_component(cluster: Cluster) -> None:
    from tests.sandbox.kubernetes.conftest import refusal

    for type_, text in (("kubernetes:yaml/v2:ConfigGroup", "is not supported"), (CHART, "version: accepted")):
        with refusal() as refused:
            cluster.stub.Construct(messages.ConstructRequest(type=type_, name="a", inputs=encode({"chart": "x"})))
        assert text in refused.message
