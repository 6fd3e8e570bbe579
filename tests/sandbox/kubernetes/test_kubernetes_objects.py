"""The life of an object: made, changed, seen, replaced, removed."""

import stat
import threading
from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2 as messages

from sandbox.providers.kubernetes import backend
from sandbox.providers.values import UNKNOWN, decode, encode
from tests.sandbox.kubernetes.conftest import (
    APPS,
    CLUSTER,
    CONFIG_MAP,
    CONTEXT,
    DEPLOYMENT,
    KUBECONFIG,
    NAMESPACE,
    SERVICE,
    Cluster,
    changed,
    refusal,
)

WEB = "deployment.apps_models_web.yaml"
IMAGE = "spec.template.spec.containers.0.image"


def test_a_created_object_is_a_private_file(restricted: Cluster) -> None:
    identifier, outputs, _ = restricted.create(APPS, DEPLOYMENT)
    path, manifest = restricted.manifest(WEB)
    assert identifier == "models/web"
    assert manifest == outputs
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert path.parent.name.startswith("acme-local-")
    assert {"uid", "creationTimestamp", "resourceVersion", "generation"} <= outputs["metadata"].keys()
    assert "status" not in outputs
    assert restricted.files() == [WEB, "namespace__models.yaml"]


def test_what_the_server_adds(restricted: Cluster) -> None:
    _, namespace = restricted.manifest("namespace__models.yaml")
    assert namespace["metadata"]["labels"]["kubernetes.io/metadata.name"] == "models"
    ports = [{"port": 80}]
    _, service, inputs = restricted.create(SERVICE, {"metadata": {"name": "a"}, "spec": {"ports": ports}})
    assert service["spec"]["clusterIP"].startswith("10.100.")
    assert service["spec"]["type"] == "ClusterIP"
    after = restricted.update(SERVICE, "default/a", service, inputs, changed(inputs, "spec.ports.0.port", 81))
    assert after["spec"]["clusterIP"] == service["spec"]["clusterIP"]
    assert after["metadata"]["uid"] == service["metadata"]["uid"]
    headless = {"metadata": {"name": "b"}, "spec": {"clusterIP": "None", "ports": ports}}
    assert restricted.create(SERVICE, headless)[1]["spec"]["clusterIP"] == "None"
    external = {"metadata": {"name": "c"}, "spec": {"type": "ExternalName", "externalName": "example.org"}}
    assert "clusterIP" not in restricted.create(SERVICE, external)[1]["spec"]


def test_a_custom_object_is_recorded(cluster: Cluster) -> None:
    pool = {"metadata": {"name": "general"}, "spec": {"anything": [{"goes": True}]}}
    identifier, outputs, inputs = cluster.create("kubernetes:karpenter.sh/v1:NodePool", pool)
    assert (identifier, outputs["__recorded"]) == ("general", True)
    assert inputs["apiVersion"] == "karpenter.sh/v1"
    assert cluster.files() == ["nodepool.karpenter.sh__general.yaml"]
    _, failures = cluster.check("kubernetes:karpenter.sh/v1:NodePool", {"metadata": {"name": "A"}})
    assert list(failures) == ["metadata.name"]


def test_an_update_merges(restricted: Cluster) -> None:
    labels = {"a": "1", "b": "2"}
    inputs = changed(changed(DEPLOYMENT, "spec.replicas", 1), "metadata.labels", labels)
    identifier, outputs, olds = restricted.create(APPS, inputs)
    path, manifest = restricted.manifest(WEB)
    manifest["spec"]["paused"] = True  # somebody else's
    path.write_text(str(manifest))
    news = changed(changed(olds, "metadata.labels", {"a": "9"}), IMAGE, "web@sha256:2")
    after = restricted.update(APPS, identifier, outputs, olds, changed(news, "spec.replicas"))
    assert after["metadata"]["labels"] == {"a": "9"}
    assert after["spec"]["paused"] is True
    assert "replicas" not in after["spec"]
    assert after["spec"]["template"]["spec"]["containers"][0]["image"] == "web@sha256:2"
    assert (after["metadata"]["generation"], after["metadata"]["resourceVersion"]) == (2, "2")
    assert after["metadata"]["uid"] == outputs["metadata"]["uid"]
    assert restricted.manifest(WEB)[1] == after


def test_an_update_to_the_same_writes_nothing(restricted: Cluster) -> None:
    identifier, outputs, inputs = restricted.create(APPS, DEPLOYMENT)
    before = restricted.manifest(WEB)[0].stat()
    assert restricted.update(APPS, identifier, outputs, inputs, inputs) == outputs
    assert restricted.manifest(WEB)[0].stat().st_mtime_ns == before.st_mtime_ns
    labelled = changed(inputs, "metadata.labels", {"a": "1"})
    after = restricted.update(APPS, identifier, outputs, inputs, labelled)
    assert (after["metadata"]["generation"], after["metadata"]["resourceVersion"]) == (1, "2")


def test_an_update_restores_what_was_deleted(restricted: Cluster) -> None:
    identifier, outputs, inputs = restricted.create(APPS, DEPLOYMENT)
    restricted.manifest(WEB)[0].unlink()
    restricted.update(APPS, identifier, outputs, inputs, changed(inputs, "spec.replicas", 3))
    assert restricted.manifest(WEB)[1]["spec"]["replicas"] == 3


def test_an_update_is_checked(restricted: Cluster) -> None:
    identifier, outputs, inputs = restricted.create(APPS, DEPLOYMENT)
    request = messages.UpdateRequest(
        id=identifier,
        type=APPS,
        olds=encode(outputs),
        old_inputs=encode(inputs),
        news=encode(changed(inputs, "spec.x", 1)),
    )
    with refusal() as refused:
        restricted.stub.Update(request, timeout=10)
    assert refused.message.startswith("Deployment web: spec.x: no such field")


def test_previews_write_nothing_and_keep_what_is_known(restricted: Cluster) -> None:
    checked, _ = restricted.check(APPS, changed(DEPLOYMENT, IMAGE, UNKNOWN))
    request = messages.CreateRequest(type=APPS, properties=encode(checked), preview=True)
    assert decode(restricted.stub.Create(request, timeout=10).properties) == checked
    assert restricted.files() == ["namespace__models.yaml"]
    identifier, outputs, inputs = restricted.create(APPS, DEPLOYMENT)
    shown = restricted.update(APPS, identifier, outputs, inputs, changed(inputs, "spec.replicas", 4), preview=True)
    assert shown["metadata"]["uid"] == outputs["metadata"]["uid"]
    assert shown["spec"]["replicas"] == 4
    assert "replicas" not in restricted.manifest(WEB)[1]["spec"]


def test_a_read_shows_what_others_did(restricted: Cluster) -> None:
    identifier, outputs, inputs = restricted.create(APPS, DEPLOYMENT)
    assert restricted.read(APPS, identifier, inputs) == (identifier, outputs, inputs)
    path, manifest = restricted.manifest(WEB)
    manifest["spec"]["template"]["spec"]["containers"][0]["image"] = "other"
    manifest["metadata"]["annotations"] = {"note": "not the program's"}
    path.write_text(str(manifest))
    _, seen, known = restricted.read(APPS, identifier, inputs)
    assert seen == manifest
    assert known == changed(inputs, IMAGE, "other")
    path.unlink()
    assert restricted.read(APPS, identifier, inputs)[0] == ""


def test_an_import_gives_inputs(restricted: Cluster) -> None:
    identifier, _, inputs = restricted.create(APPS, DEPLOYMENT)
    assert restricted.read(APPS, identifier)[2] == inputs


@pytest.mark.parametrize("content", ["a: [", "- 1", "{}"])
def test_a_broken_manifest_is_named(restricted: Cluster, content: str) -> None:
    identifier, _, inputs = restricted.create(APPS, DEPLOYMENT)
    path, _ = restricted.manifest(WEB)
    path.write_text(content)
    with refusal() as refused:
        restricted.read(APPS, identifier, inputs)
    assert refused.message.startswith(f"{path}: accepted: a Kubernetes object")


def test_deleting_twice_is_fine_and_a_namespace_takes_its_objects_along(restricted: Cluster) -> None:
    restricted.create(APPS, DEPLOYMENT)
    restricted.create(CONFIG_MAP, {"metadata": {"name": "kept"}})
    restricted.delete(APPS, "models/web")
    restricted.delete(APPS, "models/web")
    restricted.create(APPS, DEPLOYMENT)
    restricted.delete(NAMESPACE, "models")
    assert restricted.files() == ["configmap_default_kept.yaml"]


def test_two_resources_may_not_declare_one_object(cluster: Cluster) -> None:
    cluster.create(CONFIG_MAP, {"metadata": {"name": "a"}})
    with refusal() as refused:
        cluster.create(CONFIG_MAP, {"metadata": {"name": "a"}, "data": {"x": "1"}})
    assert refused.message == "ConfigMap default/a already exists: two resources declare it"


def test_a_killed_update_goes_on(cluster: Cluster) -> None:
    """The object was made, but the engine did not get to write that down: a new process takes it over."""
    _, outputs, inputs = cluster.create(CONFIG_MAP, {"metadata": {"name": "a"}})
    other = backend.KubernetesBackend()
    arguments = {"kubeconfig": KUBECONFIG, "clusterIdentifier": CLUSTER}
    other.configure(arguments, {backend.MANIFESTS: str(cluster.directory)})
    _, again = other.create(CONFIG_MAP, inputs, 0)
    assert again == outputs


def test_names_never_share_a_file(cluster: Cluster) -> None:
    for namespace in ("a", "a-b"):
        cluster.create(NAMESPACE, {"metadata": {"name": namespace}})
    cluster.create(CONFIG_MAP, {"metadata": {"name": "b-c", "namespace": "a"}})
    cluster.create(CONFIG_MAP, {"metadata": {"name": "c", "namespace": "a-b"}})
    cluster.create("kubernetes:rbac.authorization.k8s.io/v1:ClusterRole", {"metadata": {"name": "x_y:../z"}})
    assert cluster.files() == [
        "clusterrole.rbac.authorization.k8s.io__x%5fy:..%2fz.yaml",
        "configmap_a-b_c.yaml",
        "configmap_a_b-c.yaml",
        "namespace__a-b.yaml",
        "namespace__a.yaml",
    ]


@pytest.mark.parametrize(
    ("type_", "before", "after", "replaced", "first"),
    [
        (APPS, DEPLOYMENT, changed(DEPLOYMENT, "spec.replicas", 2), set(), False),
        (APPS, DEPLOYMENT, changed(DEPLOYMENT, IMAGE, "x"), set(), False),
        (APPS, DEPLOYMENT, changed(DEPLOYMENT, "metadata.name", "x"), {"metadata.name"}, False),
        (APPS, DEPLOYMENT, changed(DEPLOYMENT, "metadata.namespace", "x"), {"metadata.namespace"}, False),
        (
            APPS,
            DEPLOYMENT,
            changed(
                changed(DEPLOYMENT, "spec.selector.matchLabels.app", "x"), "spec.template.metadata.labels.app", "x"
            ),
            {"spec.selector.matchLabels.app"},
            True,
        ),
        (CONFIG_MAP, {"metadata": {"name": "a"}}, {"metadata": {"name": "a"}, "data": {"x": "1"}}, {"data"}, True),
        (CONFIG_MAP, {"data": {"x": "1"}}, {"data": {"x": "2"}}, {"data.x"}, False),
        (
            SERVICE,
            {"metadata": {"name": "a"}, "spec": {"clusterIP": "None"}},
            {"metadata": {"name": "a"}, "spec": {}},
            {"spec.clusterIP"},
            True,
        ),
        (
            "kubernetes:core/v1:Pod",
            {"metadata": {"name": "a"}, "spec": {"containers": [{"name": "c", "image": "i"}]}},
            {"metadata": {"name": "a"}, "spec": {"containers": [{"name": "c", "image": "j"}]}},
            {"spec.containers[0].image"},
            True,
        ),
        (
            "kubernetes:core/v1:Secret",
            {"metadata": {"name": "a"}, "stringData": {"x": "1"}},
            {"metadata": {"name": "a"}, "stringData": {"x": "2"}},
            {"stringData.x"},
            True,
        ),
        (
            "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding",
            {"metadata": {"name": "a"}, "roleRef": {"apiGroup": "g", "kind": "Role", "name": "a"}},
            {"metadata": {"name": "a"}, "roleRef": {"apiGroup": "g", "kind": "Role", "name": "b"}},
            {"roleRef.name"},
            True,
        ),
        (
            "kubernetes:karpenter.sh/v1:NodePool",
            {"metadata": {"name": "a"}, "spec": {"limits": {"cpu": 1}}},
            {"metadata": {"name": "a"}, "spec": {"limits": {"cpu": 2}}},
            set(),
            False,
        ),
    ],
)
def test_what_a_change_means(
    cluster: Cluster, type_: str, before: Any, after: Any, replaced: set[str], first: bool
) -> None:
    changes, replaces, delete_first = cluster.diff(type_, before, after)
    assert changes
    assert (replaces, delete_first) == (replaced, first)
    assert cluster.diff(type_, before, before) == ({}, set(), False)


def test_a_namespace_is_waited_for(cluster: Cluster) -> None:
    cluster.create(NAMESPACE, {"metadata": {"name": "other"}})
    timer = threading.Timer(0.2, lambda: cluster.create(NAMESPACE, {"metadata": {"name": "models"}}))
    timer.start()
    try:
        assert cluster.create(APPS, DEPLOYMENT)[0] == "models/web"
    finally:
        timer.join()


def test_a_namespace_that_does_not_come_is_named(cluster: Cluster) -> None:
    cluster.create(NAMESPACE, {"metadata": {"name": "other"}})
    with refusal() as refused:
        cluster.create(APPS, DEPLOYMENT, timeout=0.2)
    assert refused.message == (
        "metadata.namespace: accepted: default, kube-node-lease, kube-public, kube-system, other: received: models"
    )


def test_a_stack_without_namespaces_uses_anothers(cluster: Cluster) -> None:
    assert cluster.create(APPS, DEPLOYMENT)[0] == "models/web"


def test_many_objects_at_once(restricted: Cluster) -> None:
    failed: list[BaseException] = []

    def make(number: int) -> None:
        try:
            document = changed(DEPLOYMENT, "metadata.name", f"web-{number}")
            restricted.create(APPS, changed(document, "spec.template.spec.containers.0.securityContext", CONTEXT))
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=make, args=[number]) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (failed, len(restricted.files())) == ([], 21)
