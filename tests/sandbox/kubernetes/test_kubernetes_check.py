"""What is refused before anything is written: kinds, schemas, rules, Pod Security."""

from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2 as messages

from sandbox.providers.kubernetes import rules
from sandbox.providers.values import UNKNOWN, encode
from tests.sandbox.kubernetes.conftest import (
    APPS,
    CONFIG_MAP,
    CONTEXT,
    DEPLOYMENT,
    NAMESPACE,
    Cluster,
    changed,
    refusal,
)

SPEC = "spec.template.spec"
SERVER = f"{SPEC}.containers.0"
AT = f"{SPEC}.containers[0]"


@pytest.mark.parametrize(
    ("path", "value", "where", "text"),
    [
        ("spec.replica", 2, "spec.replica", "no such field; did you mean replicas?"),
        ("spec.template.spec.zzz", 2, "spec.template.spec.zzz", "no such field; here: activeDeadlineSeconds, "),
        ("spec.replicas", "two", "spec.replicas", "accepted: integer: received: 'two'"),
        (f"{SERVER}.imagePullPolicy", "Often", f"{AT}.imagePullPolicy", "accepted: Always or IfNotPresent or Never"),
        (f"{SERVER}.ports", [{"name": "http"}], f"{AT}.ports[0].containerPort", "accepted: a value: received: nothing"),
        (f"{SERVER}.name", ..., f"{AT}.name", "accepted: a value: received: nothing"),
        (f"{SERVER}.env", {"A": "1"}, f"{AT}.env", "accepted: array: received: {'A': '1'}"),
        ("spec.selector", ..., "spec.selector", "accepted: a value: received: nothing"),
        ("metadata.labels", {"a": 1}, "metadata.labels.a", "accepted: string: received: 1"),
        ("metadata.labels", {"a b": "x"}, "metadata.labels", "accepted: keys [prefix/]name, the name of at most 63"),
        ("metadata.labels", {"a": "x" * 64}, "metadata.labels.a", "accepted: at most 63 letters, digits, -, _ and ."),
        ("metadata.annotations", {"/a": "x"}, "metadata.annotations", "accepted: keys [prefix/]name"),
        ("metadata.name", "Web", "metadata.name", "accepted: 1 to 253 of a-z, 0-9, - and .: received: 'Web'"),
        ("metadata.namespace", "a.b", "metadata.namespace", "accepted: 1 to 63 of a-z, 0-9 and -: received: 'a.b'"),
        ("metadata.generateName", "web-", "metadata.generateName", "accepted: metadata.name, or neither"),
        ("metadata", 3, "metadata", "accepted: a map: received: 3"),
        (
            "spec.strategy",
            {"type": "Rolling"},
            "spec.strategy.type",
            "accepted: Recreate or RollingUpdate: received: 'R",
        ),
        (f"{SPEC}.restartPolicy", "never", f"{SPEC}.restartPolicy", "accepted: Always or Never or OnFailure: received"),
        (
            f"{SERVER}.volumeMounts",
            [{"name": "model", "mountPath": "/model"}],
            f"{AT}.volumeMounts[0].name",
            "accepted: nothing, the pod has no volumes: received: model",
        ),
        (
            f"{SPEC}.initContainers",
            [{"name": "server", "image": "x"}],
            f"{AT}.name",
            "accepted: a name that no other container has: received: server",
        ),
        (
            f"{SERVER}.ports",
            [{"containerPort": 80, "name": "a-very-long-name"}],
            f"{AT}.ports[0].name",
            "accepted: at most 15 of a-z, 0-9 and -, a letter among them: received: 'a-very-long-name'",
        ),
        ("spec.template.metadata.labels", {"app": "x"}, "spec.selector.matchLabels", "accepted: labels of the pod"),
        (
            f"{SERVER}.resources",
            {"limits": {"cpu": "1,5"}},
            f"{AT}.resources.limits.cpu",
            "accepted: a quantity such as",
        ),
        (
            f"{SERVER}.resources",
            {"limits": {"cpu": "-1"}},
            f"{AT}.resources.limits.cpu",
            "accepted: a quantity such as",
        ),
        (
            f"{SERVER}.resources",
            {"limits": {"memory": "1Gi"}, "requests": {"memory": "1025Mi"}},
            f"{AT}.resources.requests.memory",
            "accepted: at most the limit 1Gi: received: 1025Mi",
        ),
        ("apiVersion", "apps/v1beta1", "kind", "apiVersion: accepted: apps/v1, as kubernetes:apps/v1:Deployment has"),
        ("kind", "Job", "kind", "kind: accepted: Deployment, as kubernetes:apps/v1:Deployment has: received: Job"),
    ],
)
def test_a_wrong_deployment_is_refused(cluster: Cluster, path: str, value: Any, where: str, text: str) -> None:
    _, failures = cluster.check(APPS, changed(DEPLOYMENT, path, value))
    assert list(failures) == [where]
    assert failures[where].startswith(text)


@pytest.mark.parametrize(
    ("type_", "spec", "where", "text"),
    [
        (
            "kubernetes:policy/v1:PodDisruptionBudget",
            {"minAvailable": [1]},
            "spec.minAvailable",
            "accepted: string or integer: received: [1]",
        ),
        ("kubernetes:core/v1:Service", {"type": "Cluster"}, "spec.type", "accepted: ClusterIP or ExternalName or Load"),
        (
            "kubernetes:networking.k8s.io/v1:NetworkPolicy",
            {"podSelector": {}, "policyTypes": ["Ingres"]},
            "spec.policyTypes",
            "accepted: Egress or Ingress: received: ['Ingres']",
        ),
        (
            "kubernetes:policy/v1:PodDisruptionBudget",
            {"minAvailable": 1, "maxUnavailable": 1},
            "spec.maxUnavailable",
            "accepted: nothing beside minAvailable: received: 1",
        ),
        (
            "kubernetes:autoscaling/v2:HorizontalPodAutoscaler",
            {"scaleTargetRef": {"kind": "Deployment", "name": "a"}, "minReplicas": 3, "maxReplicas": 2},
            "spec.minReplicas",
            "accepted: at most maxReplicas (2): received: 3",
        ),
    ],
)
def test_wrong_values_of_other_kinds(cluster: Cluster, type_: str, spec: Any, where: str, text: str) -> None:
    _, failures = cluster.check(type_, {"metadata": {"name": "a"}, "spec": spec})
    assert list(failures) == [where]
    assert failures[where].startswith(text)


def test_words_in_maps_of_the_users_are_free(cluster: Cluster) -> None:
    data = {"protocol": "mine", "restartPolicy": "often"}
    assert cluster.check(CONFIG_MAP, {"metadata": {"name": "a", "labels": data}, "data": data})[1] == {}


def test_all_problems_come_at_once(cluster: Cluster) -> None:
    wrong = changed(changed(changed(DEPLOYMENT, "spec.a", 1), f"{SERVER}.b", 1), "spec.replicas", "x")
    _, failures = cluster.check(APPS, wrong)
    assert sorted(failures) == ["spec.a", "spec.replicas", f"{AT}.b"]


@pytest.mark.parametrize(
    ("type_", "text"),
    [
        (
            "kubernetes:apps/v2:Deployment",
            "accepted: a kind of Kubernetes 1.36, or a custom one that SLIPWAY_CRDS defines or ",
        ),
        ("kubernetes:apps.example.com/v1:Deployment", "received: apps.example.com/v1 Deployment"),
        ("kubernetes:argoproj.io/v1alpha1:Rolout", "did you mean argoproj.io/v1alpha1 Rollout?"),
        ("kubernetes:core/v1:Container", "received: v1 Container"),
        ("kubernetes:core/v1:Binding", "received: v1 Binding"),
        ("kubernetes:helm.sh/v3:Chart", "is not supported by the sandbox: declare the objects themselves"),
        ("kubernetes:yaml/v2:ConfigFile", "is not supported by the sandbox: declare the objects themselves"),
        ("kubernetes:kustomize:Directory", "is not supported by the sandbox: declare the objects themselves"),
        ("kubernetes:core/v1:ConfigMapPatch", "is not supported by the sandbox: declare the object itself"),
        ("kubernetes:core/v1:ConfigMapList", "is not supported by the sandbox: declare the object itself"),
    ],
)
def test_an_unknown_kind_is_refused(cluster: Cluster, type_: str, text: str) -> None:
    _, failures = cluster.check(type_, {"metadata": {"name": "a"}})
    assert text in failures["kind"]
    with refusal() as refused:
        cluster.stub.Create(
            messages.CreateRequest(type=type_, properties=encode({"metadata": {"name": "a"}})), timeout=10
        )
    assert text in refused.message
    assert cluster.files() == []


def test_functions_are_refused(cluster: Cluster) -> None:
    with refusal() as refused:
        cluster.stub.Invoke(messages.InvokeRequest(tok="kubernetes:helm:template"), timeout=10)
    assert refused.message.startswith("kubernetes:helm:template is not supported by the sandbox")


@pytest.mark.parametrize(
    "path",
    [
        *("metadata", "metadata.name", "metadata.labels", "spec", "spec.replicas", "spec.template"),
        *("spec.template.metadata.labels", f"{SPEC}.securityContext", f"{SPEC}.volumes"),
        *(f"{SERVER}.image", f"{SERVER}.resources"),
    ],
)
def test_what_is_not_known_yet_is_taken_for_right(restricted: Cluster, path: str) -> None:
    inputs, failures = restricted.check(APPS, changed(DEPLOYMENT, path, UNKNOWN))
    assert failures == {}
    assert inputs["kind"] == "Deployment"


def test_a_typo_beside_an_unknown_value_is_found(cluster: Cluster) -> None:
    _, failures = cluster.check(
        APPS, changed(changed(DEPLOYMENT, f"{SERVER}.image", UNKNOWN), f"{SERVER}.imgae", UNKNOWN)
    )
    assert failures == {f"{AT}.imgae": "no such field; did you mean image?"}


def test_names_and_namespaces_are_filled_in(cluster: Cluster) -> None:
    inputs, _ = cluster.check(CONFIG_MAP, {}, name="Settings")
    name = inputs["metadata"]["name"]
    assert inputs["apiVersion"] == "v1"
    assert inputs["metadata"]["namespace"] == "default"
    assert inputs["metadata"]["annotations"] == {"pulumi.com/autonamed": "true"}
    assert (name[:9], len(name)) == ("settings-", 16)
    again, _ = cluster.check(CONFIG_MAP, {"data": {"a": "1"}}, inputs, name="Settings")
    assert again["metadata"]["name"] == name


def test_a_cluster_scoped_kind_has_no_namespace(cluster: Cluster) -> None:
    inputs, failures = cluster.check(NAMESPACE, {"metadata": {"name": "a"}})
    assert ("namespace" in inputs["metadata"], failures) == (False, {})
    _, failures = cluster.check(NAMESPACE, {"metadata": {"name": "a", "namespace": "b"}})
    assert failures == {"metadata.namespace": "accepted: nothing, Namespace belongs to no namespace: received: b"}


def test_a_namespace_is_a_label_and_rbac_names_are_free(cluster: Cluster) -> None:
    _, failures = cluster.check(NAMESPACE, {"metadata": {"name": "a.b"}})
    assert failures == {"metadata.name": "accepted: 1 to 63 of a-z, 0-9 and -: received: 'a.b'"}
    _, failures = cluster.check("kubernetes:rbac.authorization.k8s.io/v1:ClusterRole", {"metadata": {"name": "a:b"}})
    assert failures == {}


def test_a_secrets_value_is_not_repeated(cluster: Cluster) -> None:
    _, failures = cluster.check("kubernetes:core/v1:Secret", {"metadata": {"name": "a"}, "data": {"key": 12345}})
    assert failures == {"data.key": "accepted: string: received: a value that is not shown"}


@pytest.mark.parametrize(
    ("path", "value", "where", "text"),
    [
        (f"{SPEC}.hostNetwork", True, f"{SPEC}.hostNetwork", "accepted: false: received: true"),
        (f"{SPEC}.hostPID", True, f"{SPEC}.hostPID", "accepted: false: received: true"),
        (f"{SPEC}.hostIPC", True, f"{SPEC}.hostIPC", "accepted: false: received: true"),
        (
            f"{SPEC}.volumes",
            [{"name": "a", "hostPath": {"path": "/"}}],
            f"{SPEC}.volumes[0].hostPath",
            "accepted: configMap, csi, ",
        ),
        (f"{SPEC}.securityContext", {"runAsUser": 0}, f"{SPEC}.securityContext.runAsUser", "accepted: any but 0"),
        (
            f"{SPEC}.securityContext",
            {"sysctls": [{"name": "kernel.msgmax", "value": "1"}]},
            f"{SPEC}.securityContext.sysctls[0].name",
            "accepted: kernel.shm_rmid_forced, ",
        ),
        (
            f"{SPEC}.securityContext",
            {"windowsOptions": {"hostProcess": True}},
            f"{SPEC}.securityContext.windowsOptions.hostProcess",
            "accepted: false",
        ),
        (
            f"{SPEC}.securityContext",
            {"seLinuxOptions": {"type": "spc_t"}},
            f"{SPEC}.securityContext.seLinuxOptions.type",
            "accepted: nothing, container_t",
        ),
        (f"{SERVER}.ports", [{"containerPort": 1, "hostPort": 1}], f"{AT}.ports[0].hostPort", "accepted: nothing"),
        (
            f"{SERVER}.livenessProbe",
            {"httpGet": {"port": 1, "host": "10.0.0.1"}},
            f"{AT}.livenessProbe.httpGet.host",
            "accepted: nothing: received: 10.0.0.1",
        ),
        (
            f"{SERVER}.lifecycle",
            {"preStop": {"tcpSocket": {"port": 1, "host": "x"}}},
            f"{AT}.lifecycle.preStop.tcpSocket.host",
            "accepted: nothing: received: x",
        ),
        *(
            (f"{SERVER}.securityContext.{path}", value, f"{AT}.securityContext.{where or path}", text)
            for path, value, where, text in [
                ("privileged", True, "", "accepted: false: received: true"),
                ("allowPrivilegeEscalation", True, "", "accepted: false: received: True"),
                ("allowPrivilegeEscalation", ..., "", "accepted: false: received: nothing"),
                ("procMount", "Unmasked", "", "accepted: Default: received: Unmasked"),
                ("capabilities", ..., "capabilities.drop", "accepted: [ALL]: received: nothing"),
                ("capabilities.drop", ["NET_RAW"], "", "accepted: [ALL]: received: ['NET_RAW']"),
                ("capabilities.add", ["SYS_ADMIN"], "", "accepted: NET_BIND_SERVICE: received: SYS_ADMIN"),
                ("runAsNonRoot", False, "", "accepted: true: received: false"),
                ("runAsNonRoot", ..., "", "accepted: true, here or on the pod: received: nothing"),
                ("runAsUser", 0, "", "accepted: any but 0: received: 0"),
                ("seccompProfile", ..., "seccompProfile.type", "accepted: RuntimeDefault or Localhost, here or on"),
                ("seccompProfile.type", "Unconfined", "", "accepted: RuntimeDefault or Localhost: received: 'Unconf"),
                ("appArmorProfile.type", "Unconfined", "", "accepted: RuntimeDefault or Localhost: received: 'Unconf"),
            ]
        ),
    ],
)
def test_pod_security_refuses_a_template(restricted: Cluster, path: str, value: Any, where: str, text: str) -> None:
    _, failures = restricted.check(APPS, changed(DEPLOYMENT, path, value))
    assert list(failures) == [where]
    assert failures[where].startswith(text)
    assert failures[where].endswith("(Pod Security level restricted)")


@pytest.mark.parametrize(
    ("type_", "prefix"),
    [
        ("kubernetes:core/v1:Pod", "spec"),
        ("kubernetes:batch/v1:Job", "spec.template.spec"),
        ("kubernetes:batch/v1:CronJob", "spec.jobTemplate.spec.template.spec"),
    ],
)
def test_pod_security_reaches_every_template_and_container(restricted: Cluster, type_: str, prefix: str) -> None:
    good = {"name": "a", "image": "i", "securityContext": CONTEXT}
    pod = {"containers": [good], "initContainers": [{"name": "b", "image": "i"}], "restartPolicy": "Never"}
    document = changed({"metadata": {"name": "a", "namespace": "models"}}, prefix, pod)
    if "CronJob" in type_:
        document = changed(document, "spec.schedule", "@daily")
    _, failures = restricted.check(type_, document)
    assert len(failures) == 4
    assert all(path.startswith(f"{prefix}.initContainers[0].securityContext") for path in failures)


def test_pod_security_allows_what_it_should(restricted: Cluster) -> None:
    pod = {"runAsNonRoot": True, "seccompProfile": {"type": "Localhost", "localhostProfile": "p.json"}}
    document = changed(DEPLOYMENT, f"{SPEC}.securityContext", pod)
    document = changed(document, f"{SERVER}.securityContext.runAsNonRoot")
    document = changed(document, f"{SERVER}.securityContext.seccompProfile")
    document = changed(document, f"{SERVER}.securityContext.capabilities.add", ["NET_BIND_SERVICE"])
    document = changed(document, f"{SPEC}.volumes", [{"name": "a", "emptyDir": {}}])
    assert restricted.check(APPS, document)[1] == {}


def test_pod_security_of_a_namespace_of_the_same_preview(cluster: Cluster) -> None:
    bad = changed(DEPLOYMENT, f"{SPEC}.hostPID", True)
    assert cluster.check(APPS, bad)[1] == {}  # no such namespace yet
    cluster.check(
        NAMESPACE, {"metadata": {"name": "models", "labels": {"pod-security.kubernetes.io/enforce": "baseline"}}}
    )
    assert cluster.check(APPS, bad)[1] == {}
    cluster.check(
        NAMESPACE, {"metadata": {"name": "models", "labels": {"pod-security.kubernetes.io/enforce": "restricted"}}}
    )
    assert list(cluster.check(APPS, bad)[1]) == [f"{SPEC}.hostPID"]


def test_a_create_looks_again(restricted: Cluster) -> None:
    """The values that a preview did not know are known now."""
    bad = {"apiVersion": "apps/v1", "kind": "Deployment", **changed(DEPLOYMENT, f"{SPEC}.hostPID", True)}
    with refusal() as refused:
        restricted.stub.Create(messages.CreateRequest(type=APPS, properties=encode(bad)), timeout=10)
    assert refused.message == (
        f"Deployment web: {SPEC}.hostPID: accepted: false: received: true (Pod Security level restricted)"
    )
    assert restricted.files() == ["namespace__models.yaml"]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        *[
            ("1", 1),
            ("500m", 0.5),
            ("1.5", 1.5),
            ("2Ki", 2048),
            ("1e3", 1000),
            ("1E", 1e18),
            ("2Ei", 2 * 2**60),
            (2, 2),
        ],
        *[("5k", 5000), ("", None), ("m", None), ("1.2.3", None), ("1 Gi", None), ("1gb", None), (".", None)],
    ],
)
def test_quantities(text: Any, number: float | None) -> None:
    found = rules.parse_quantity(text)
    assert (found is None) == (number is None)
    assert number is None or float(found or 0) == number
