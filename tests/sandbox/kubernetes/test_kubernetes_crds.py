"""Custom objects: recorded where nothing defines their kind, validated where a folder of definitions does."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.providers.kubernetes import crds
from tests.sandbox.kubernetes.conftest import CONTEXT, Cluster, changed

ROLLOUT = "kubernetes:argoproj.io/v1alpha1:Rollout"
WIDGET = "kubernetes:toys.example.com/v1:Widget"
DEFINITION: dict[str, Any] = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "spec": {
        "group": "toys.example.com",
        "scope": "Namespaced",
        "names": {"kind": "Widget"},
        "versions": [
            {
                "name": "v1",
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "required": ["spec"],
                        "properties": {
                            "apiVersion": {"type": "string"},
                            "kind": {"type": "string"},
                            "metadata": {"type": "object"},
                            "spec": {
                                "type": "object",
                                "properties": {
                                    "size": {"type": "integer", "minimum": 0, "exclusiveMinimum": True},
                                    "port": {"x-kubernetes-int-or-string": True},
                                    "color": {"type": "string", "enum": ["red"], "nullable": True},
                                    "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                                    "labels": {"type": "object", "additionalProperties": {"type": "string"}},
                                    "parts": {
                                        "type": "array",
                                        "items": {
                                            "type": "object",
                                            "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
                                            "oneOf": [{"required": ["a"]}, {"required": ["b"]}],
                                            "not": {"properties": {"a": {"type": "string", "enum": ["no"]}}},
                                        },
                                    },
                                    "object": {"type": "object", "x-kubernetes-embedded-resource": True},
                                },
                            },
                        },
                    }
                },
            }
        ],
    },
}
GOOD = {
    "size": 1,
    "port": "http",
    "color": None,
    "free": {"any": {"thing": 1}},
    "labels": {"x": "y"},
    "parts": [{"a": "yes"}],
    "object": {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}},
}


@pytest.fixture
def definitions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "crds"
    (folder / "deeper").mkdir(parents=True)
    (folder / "deeper" / "widget.yaml").write_text("---\n" + yaml.safe_dump(DEFINITION) + "---\nx: =\n")
    (folder / "README.md").write_text("{")
    monkeypatch.setenv(crds.CRDS, str(folder))
    return folder


def test_a_defined_kind_is_validated(cluster: Cluster, definitions: Path) -> None:
    place = {"name": "a", "namespace": "default"}
    assert crds.known() == ["toys.example.com/v1 Widget"]
    _, outputs, _ = cluster.create(WIDGET, {"metadata": place, "spec": GOOD})
    assert "__recorded" not in outputs


@pytest.mark.parametrize(
    ("path", "value", "where", "problem"),
    [
        ("size", "1", "spec.size", "accepted: integer: received: '1'"),
        ("size", 0, "spec.size", "accepted: exclusiveMinimum 0: received: 0"),
        ("siz", 1, "spec.siz", "no such field; did you mean size?"),
        ("port", 1.5, "spec.port", "accepted: integer or string: received: 1.5"),
        ("color", "blue", "spec.color", "accepted: enum ['red', None]: received: 'blue'"),
        ("labels.x", 1, "spec.labels.x", "accepted: string: received: 1"),
        ("parts", [{"c": "1"}], "spec.parts[0].c", "no such field; here: a, b"),
        ("parts", [{"a": "1", "b": "2"}], "spec.parts[0]", "accepted: a value of the schema: received: {"),
        ("parts", [{"a": "no"}], "spec.parts[0]", "accepted: not {"),
        ("object.more", 1, "spec.object.more", "no such field"),
    ],
)
def test_what_a_definition_refuses(
    cluster: Cluster, definitions: Path, path: str, value: Any, where: str, problem: str
) -> None:
    _, failures = cluster.check(WIDGET, {"metadata": {"name": "a"}, "spec": changed(GOOD, path, value)})
    assert failures[where].startswith(problem)


def test_a_kind_that_is_only_listed_is_recorded_whatever_else_is_defined(cluster: Cluster, definitions: Path) -> None:
    route = {"metadata": {"name": "a"}, "spec": {"hostname": ["typo"]}}
    _, outputs, _ = cluster.create("kubernetes:gateway.networking.k8s.io/v1:HTTPRoute", route)
    assert outputs["__recorded"] is True


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("a.yaml", "a: [", "accepted: files of Kubernetes objects: received: "),
        ("a.yaml", "a: 1", "accepted: a folder with CustomResourceDefinitions: received: "),
        ("a.txt", "", "accepted: a folder with CustomResourceDefinitions: received: "),
    ],
)
def test_a_folder_of_something_else_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, text: str, problem: str
) -> None:
    (tmp_path / name).write_text(text)
    monkeypatch.setenv(crds.CRDS, str(tmp_path))
    with pytest.raises(ValueError, match=f"{crds.CRDS}: {problem}"):
        crds.known()


def rollout(level: str = "app") -> dict[str, Any]:
    containers = [{"name": "server", "image": "web@sha256:1", "securityContext": CONTEXT}]
    return {
        "metadata": {"name": "web", "namespace": "models"},
        "spec": {
            "selector": {"matchLabels": {"app": "web"}},
            "template": {"metadata": {"labels": {level: "web"}}, "spec": {"containers": containers}},
        },
    }


def test_a_rollouts_pods_are_checked_as_a_deployments_are(restricted: Cluster) -> None:
    assert restricted.check(ROLLOUT, rollout())[1] == {}
    _, failures = restricted.check(ROLLOUT, rollout("other"))
    assert failures["spec.selector.matchLabels"].startswith("accepted: labels of the pod template")
    _, failures = restricted.check(ROLLOUT, changed(rollout(), "spec.template.spec.containers.0.imagee", "x"))
    assert failures == {"spec.template.spec.containers[0].imagee": "no such field; did you mean image?"}
    _, failures = restricted.check(ROLLOUT, changed(rollout(), "spec.template.spec.hostNetwork", True))
    assert list(failures) == ["spec.template.spec.hostNetwork"]
