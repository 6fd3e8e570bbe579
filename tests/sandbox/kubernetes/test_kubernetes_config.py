"""Provider arguments: a kubeconfig is needed, never used; the cluster identifier decides what a change means."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import grpc
import pytest
from pulumi.runtime.proto import provider_pb2 as messages
from pulumi.runtime.proto import provider_pb2_grpc as rpc

from sandbox.providers.kubernetes import backend, config
from sandbox.providers.protocol import _EMPTY, sdk_version
from sandbox.providers.values import UNKNOWN, encode
from tests.sandbox.kubernetes.conftest import CLUSTER, CONFIG_MAP, KUBECONFIG, Cluster, refusal

OTHER = KUBECONFIG.replace("203.0.113.1", "203.0.113.2")
RENEWED = KUBECONFIG.replace("args: [token]", "args: [token, again]")


@pytest.mark.parametrize(
    ("arguments", "where", "text"),
    [
        ({}, "kubeconfig", "accepted: the contents of a kubeconfig, because the sandbox reads no file of the user's"),
        ({"kubeconfig": "~/.kube/config"}, "kubeconfig", "accepted: the contents of a kubeconfig, because"),
        ({"kubeconfig": "a: ["}, "kubeconfig", "accepted: the contents of a kubeconfig, because"),
        ({"kubeconfig": "{}"}, "kubeconfig", "accepted: a kubeconfig whose current-context names a cluster"),
        (
            {"kubeconfig": KUBECONFIG.replace("current-context: it", "current-context: that")},
            "kubeconfig",
            "accepted: a kubeconfig whose current-context names a cluster: received: context 'that' with cluster None",
        ),
        ({"kubeconfig": KUBECONFIG, "context": "it"}, "context", "accepted: nothing, the sandbox has one way"),
        ({"kubeconfig": KUBECONFIG, "renderYamlToDirectory": "x"}, "renderYamlToDirectory", "accepted: nothing, the"),
    ],
)
def test_wrong_arguments_are_refused(unconfigured: Cluster, arguments: Any, where: str, text: str) -> None:
    answer = unconfigured.stub.CheckConfig(messages.CheckRequest(news=encode(arguments)), timeout=10)
    assert [failure.property for failure in answer.failures] == [where]
    assert answer.failures[0].reason.startswith(text)
    with refusal() as refused:
        unconfigured.stub.Configure(messages.ConfigureRequest(args=encode(arguments)), timeout=10)
    assert refused.message.startswith(f"{where}: {text}")


def test_the_kubeconfigs_contents_are_not_repeated() -> None:
    assert "secret" not in str(config.failures({"kubeconfig": "{token: secret}"}))


def test_good_arguments(unconfigured: Cluster) -> None:
    for kubeconfig in (KUBECONFIG, UNKNOWN):
        request = messages.CheckRequest(news=encode({"kubeconfig": kubeconfig, "clusterIdentifier": CLUSTER}))
        assert list(unconfigured.stub.CheckConfig(request, timeout=10).failures) == []


@pytest.mark.parametrize(
    ("old", "new", "replaces"),
    [
        ({"kubeconfig": KUBECONFIG, "clusterIdentifier": "a"}, {"kubeconfig": OTHER, "clusterIdentifier": "a"}, []),
        ({"kubeconfig": KUBECONFIG, "clusterIdentifier": "a"}, {"kubeconfig": UNKNOWN, "clusterIdentifier": "a"}, []),
        ({"clusterIdentifier": "a"}, {"clusterIdentifier": "b"}, ["clusterIdentifier"]),
        ({}, {"clusterIdentifier": "b"}, []),
        ({"clusterIdentifier": "a"}, {}, []),
        ({"kubeconfig": KUBECONFIG}, {"kubeconfig": OTHER}, ["kubeconfig"]),
        ({"kubeconfig": KUBECONFIG}, {"kubeconfig": UNKNOWN}, ["kubeconfig"]),
        ({"kubeconfig": KUBECONFIG}, {"kubeconfig": RENEWED}, []),
        ({"kubeconfig": KUBECONFIG}, {"kubeconfig": KUBECONFIG}, []),
    ],
)
def test_what_a_change_of_arguments_means(unconfigured: Cluster, old: Any, new: Any, replaces: list[str]) -> None:
    request = messages.DiffRequest(old_inputs=encode(old), news=encode(new))
    answer = unconfigured.stub.DiffConfig(request, timeout=10)
    assert list(answer.replaces) == replaces
    assert (answer.changes == messages.DiffResponse.DIFF_SOME) == (old != new)


def test_each_cluster_has_its_directory(tmp_path: Path) -> None:
    for arguments in ({"clusterIdentifier": "a/x"}, {"clusterIdentifier": "b/x"}, {}, {"namespace": "default"}):
        provider = backend.KubernetesBackend()
        provider.configure({"kubeconfig": KUBECONFIG, **arguments}, {backend.MANIFESTS: str(tmp_path)})
        checked, _ = provider.check(CONFIG_MAP, "", "a", {}, {"metadata": {"name": "a"}}, b"")
        provider.create(CONFIG_MAP, checked, 0)
    names = sorted(path.name.rpartition("-")[0] for path in tmp_path.iterdir())
    assert names == ["203.0.113.1", "x", "x"]


def test_the_directory_must_be_named() -> None:
    with pytest.raises(ValueError, match="SLIPWAY_MANIFESTS: accepted: a directory for manifests: received: nothing"):
        backend.KubernetesBackend().configure({"kubeconfig": KUBECONFIG}, {})


def test_mutable_config_maps_are_updated_in_place(tmp_path: Path) -> None:
    provider = backend.KubernetesBackend()
    arguments = {"kubeconfig": KUBECONFIG, "enableConfigMapMutable": "true", "namespace": "models"}
    provider.configure(arguments, {backend.MANIFESTS: str(tmp_path)})
    olds, _ = provider.check(CONFIG_MAP, "", "a", {}, {"metadata": {"name": "a"}}, b"")
    news, _ = provider.check(CONFIG_MAP, "", "a", {}, {"metadata": {"name": "a"}, "data": {"x": "1"}}, b"")
    assert olds["metadata"]["namespace"] == "models"
    assert provider.diff(CONFIG_MAP, "models/a", olds, {}, news).replaces == frozenset()


def test_an_unconfigured_provider_can_check_but_not_create(unconfigured: Cluster) -> None:
    assert unconfigured.check(CONFIG_MAP, {"metadata": {"name": "a"}})[1] == {}
    with refusal() as refused:
        unconfigured.create(CONFIG_MAP, {"metadata": {"name": "a"}})
    assert refused.message == "the provider was not configured: its kubeconfig is not known yet"


def test_the_plugin_process(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sandbox.providers.kubernetes", "127.0.0.1:1"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={"PATH": "", "HOME": str(tmp_path)})
    try:
        assert process.stdout is not None
        with grpc.insecure_channel(f"127.0.0.1:{process.stdout.readline().strip()}") as channel:
            answer = rpc.ResourceProviderStub(channel).GetPluginInfo(_EMPTY, timeout=10)
        assert answer.version == sdk_version("pulumi_kubernetes")
    finally:
        process.terminate()
        assert process.wait(10) == 0
