"""The provider behind real gRPC, on a directory of its own."""

import copy
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
import yaml
from pulumi.runtime.proto import provider_pb2 as messages
from pulumi.runtime.proto import provider_pb2_grpc as rpc

from sandbox.providers import protocol
from sandbox.providers.kubernetes import backend, helm
from sandbox.providers.values import decode, encode

KUBECONFIG = """
apiVersion: v1
kind: Config
current-context: it
clusters: [{name: c, cluster: {server: https://203.0.113.1}}]
contexts: [{name: it, context: {cluster: c, user: u}}]
users: [{name: u, user: {exec: {apiVersion: client.authentication.k8s.io/v1, command: /bin/false, args: [token]}}}]
"""
CLUSTER = "arn:aws:eks:eu-west-1:123456789012:cluster/acme-local"
CONTEXT = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}
DEPLOYMENT: dict[str, Any] = {
    "metadata": {"name": "web", "namespace": "models"},
    "spec": {
        "selector": {"matchLabels": {"app": "web"}},
        "template": {
            "metadata": {"labels": {"app": "web"}},
            "spec": {"containers": [{"name": "server", "image": "web@sha256:1", "securityContext": CONTEXT}]},
        },
    },
}
APPS = "kubernetes:apps/v1:Deployment"
NAMESPACE = "kubernetes:core/v1:Namespace"
SERVICE = "kubernetes:core/v1:Service"
CONFIG_MAP = "kubernetes:core/v1:ConfigMap"


def changed(document: dict[str, Any], path: str, value: Any = ...) -> dict[str, Any]:
    """A copy of ``document`` with the value at ``path`` (``spec.containers.0.image``) set, or removed."""
    result = copy.deepcopy(document)
    place: Any = result
    *steps, last = path.split(".")
    for step in steps:
        place = place[int(step)] if isinstance(place, list) else place.setdefault(step, {})
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return result


class Refusal:
    """The message of a refused call."""

    message = ""


@contextmanager
def refusal() -> Generator[Refusal]:
    """Expects a refused call."""
    found = Refusal()
    with pytest.raises(grpc.RpcError) as raised:
        yield found
    error: Any = raised.value
    found.message = error.details()


class Cluster:
    """What an engine does with the provider."""

    def __init__(self, stub: Any, directory: Path) -> None:
        self.stub, self.directory = stub, directory

    def check(self, type_: str, inputs: dict[str, Any], olds: dict[str, Any] | None = None, name: str = "thing") -> Any:
        """Checked inputs and failures by property."""
        request = messages.CheckRequest(
            urn=f"urn:pulumi:s::p::{type_}::{name}",
            type=type_,
            name=name,
            news=encode(inputs),
            olds=encode(olds or {}),
            randomSeed=b"seed",
        )
        answer = self.stub.Check(request, timeout=10)
        return decode(answer.inputs), {failure.property: failure.reason for failure in answer.failures}

    def create(self, type_: str, inputs: dict[str, Any], timeout: float = 0) -> Any:
        """Check and create; returns id, outputs and inputs."""
        checked, failures = self.check(type_, inputs)
        assert failures == {}
        request = messages.CreateRequest(type=type_, properties=encode(checked), timeout=timeout)
        made = self.stub.Create(request, timeout=20)
        return made.id, decode(made.properties), checked

    def update(self, type_: str, identifier: str, outputs: Any, olds: Any, news: Any, preview: bool = False) -> Any:
        """Check and update; returns outputs."""
        checked, failures = self.check(type_, news, olds)
        assert failures == {}
        request = messages.UpdateRequest(
            id=identifier,
            type=type_,
            olds=encode(outputs),
            old_inputs=encode(olds),
            news=encode(checked),
            preview=preview,
        )
        return decode(self.stub.Update(request, timeout=10).properties)

    def diff(self, type_: str, olds: dict[str, Any], news: dict[str, Any]) -> Any:
        """Changes by path, paths that replace, and whether deletion comes first."""
        before, _ = self.check(type_, olds)
        after, _ = self.check(type_, news, before)
        request = messages.DiffRequest(id="x", type=type_, old_inputs=encode(before), news=encode(after))
        answer = self.stub.Diff(request, timeout=10)
        kind = messages.PropertyDiff.Kind
        kinds = {path: kind.Name(change.kind) for path, change in answer.detailedDiff.items()}
        replaced = {path for path, name in kinds.items() if name.endswith("_REPLACE")}
        return (
            {path: name.removesuffix("_REPLACE") for path, name in kinds.items()},
            replaced,
            answer.deleteBeforeReplace,
        )

    def read(self, type_: str, identifier: str, inputs: dict[str, Any] | None = None) -> Any:
        """Id, outputs and inputs."""
        request = messages.ReadRequest(id=identifier, type=type_, inputs=encode(inputs or {}))
        answer = self.stub.Read(request, timeout=10)
        return answer.id, decode(answer.properties), decode(answer.inputs)

    def delete(self, type_: str, identifier: str) -> None:
        """Delete."""
        self.stub.Delete(messages.DeleteRequest(id=identifier, type=type_), timeout=10)

    def files(self) -> list[str]:
        """Names of the manifests."""
        return sorted(path.name for path in self.directory.glob("*/*") if not path.name.startswith("."))

    def manifest(self, name: str) -> Any:
        """A manifest's path and content."""
        (path,) = self.directory.glob(f"*/{name}")
        return path, yaml.safe_load(path.read_text())


@pytest.fixture
def unconfigured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    monkeypatch.setenv(backend.MANIFESTS, str(tmp_path / "manifests"))
    monkeypatch.setattr(backend, "FOREIGN_WAIT", 0.1)
    server, port = protocol.start(helm.KubernetesWithHelm(), "4.34.2")
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield Cluster(rpc.ResourceProviderStub(channel), tmp_path / "manifests")
    server.stop(None)


@pytest.fixture
def cluster(unconfigured: Cluster) -> Cluster:
    arguments = encode({"kubeconfig": KUBECONFIG, "clusterIdentifier": CLUSTER})
    unconfigured.stub.Configure(messages.ConfigureRequest(args=arguments), timeout=10)
    return unconfigured


@pytest.fixture
def restricted(cluster: Cluster) -> Cluster:
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    cluster.create(NAMESPACE, {"metadata": {"name": "models", "labels": labels}})
    return cluster
