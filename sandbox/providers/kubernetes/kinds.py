"""What is known about kinds: which exist, which have a namespace, which changes need a new object.

Built-in kinds come from the schemas. A custom kind must be defined in the folder of ``crds``, or stand in ``CUSTOM``:
then its schema is unknown here, its objects are only recorded, and the summary of an update says so.
"""

import difflib
from dataclasses import dataclass
from functools import cached_property
from typing import Self

from sandbox.providers.kubernetes import crds, schema
from sandbox.providers.kubernetes.custom import CUSTOM, CUSTOM_FILE
from sandbox.providers.values import UNKNOWN, Properties


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_CLUSTER_SCOPED = _words(
    "APIService CSIDriver CSINode CertificateSigningRequest ClusterRole ClusterRoleBinding ClusterTrustBundle "
    "ComponentStatus CustomResourceDefinition DeviceClass DeviceTaintRule FlowSchema IPAddress IngressClass "
    "MutatingAdmissionPolicy MutatingAdmissionPolicyBinding MutatingWebhookConfiguration Namespace Node "
    "PersistentVolume PriorityClass PriorityLevelConfiguration ResourcePoolStatusRequest ResourceSlice RuntimeClass "
    "ServiceCIDR StorageClass StorageVersionMigration ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding "
    "ValidatingWebhookConfiguration VolumeAttachment VolumeAttributesClass"
)
# Requests to the API server, not objects that it keeps.
_NOT_STORED = _words(
    "Binding Eviction LocalSubjectAccessReview Scale SelfSubjectAccessReview SelfSubjectReview SelfSubjectRulesReview "
    "Status SubjectAccessReview TokenRequest TokenReview"
)
_SELECTOR = ("spec.selector",)
_CONTAINER = _words(
    "args command env image imagePullPolicy lifecycle livenessProbe ports readinessProbe resources securityContext "
    "stdin stdinOnce terminationMessagePath terminationMessagePolicy tty volumeDevices volumeMounts workingDir"
)
_POD = _words(
    "affinity automountServiceAccountToken dnsConfig dnsPolicy enableServiceLinks hostAliases hostIPC hostNetwork "
    "hostPID hostname imagePullSecrets nodeName nodeSelector overhead preemptionPolicy priority priorityClassName "
    "readinessGates restartPolicy runtimeClassName schedulerName securityContext serviceAccount serviceAccountName "
    "shareProcessNamespace subdomain terminationGracePeriodSeconds volumes"
)
_VOLUME_SOURCES = _words(
    "awsElasticBlockStore azureDisk azureFile cephfs cinder csi fc flexVolume flocker gcePersistentDisk glusterfs "
    "hostPath iscsi local nfs photonPersistentDisk portworxVolume quobyte rbd scaleIO storageos vsphereVolume"
)
_STATEFUL_SET = _words("podManagementPolicy revisionHistoryLimit selector serviceName volumeClaimTemplates")


def _of_spec(*fields: str) -> tuple[str, ...]:
    return tuple(f"spec.{field}" for field in fields)


# What pulumi-kubernetes 4 replaces instead of updating, beside kind, name and namespace. ConfigMaps and Secrets, unless
# the provider is told that they are mutable, are in ``replace_on``.
_REPLACE_ON: dict[tuple[str, str], tuple[str, ...]] = {
    ("apps/v1", "DaemonSet"): _SELECTOR,
    ("apps/v1", "Deployment"): _SELECTOR,
    ("apps/v1", "StatefulSet"): _of_spec(*_STATEFUL_SET),
    ("batch/v1", "Job"): _of_spec("completions", "parallelism", "selector", "template"),
    ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding"): ("roleRef",),
    ("rbac.authorization.k8s.io/v1", "RoleBinding"): ("roleRef",),
    ("storage.k8s.io/v1", "StorageClass"): ("parameters", "provisioner"),
    ("v1", "PersistentVolume"): _of_spec(*_VOLUME_SOURCES),
    ("v1", "PersistentVolumeClaim"): _of_spec("accessModes", "selector", "storageClassName", "volumeName"),
    ("v1", "Pod"): _of_spec(
        *_POD, *(f"{kind}.{field}" for kind in ("containers", "initContainers") for field in _CONTAINER)
    ),
    ("v1", "ResourceQuota"): ("spec.scopes",),
    ("v1", "Secret"): ("type",),
    ("v1", "Service"): ("spec.clusterIP",),
}


class KindError(ValueError):
    """A resource type that this provider does not have; the message says what to do."""


@dataclass(frozen=True)
class ObjectKind:
    """A kind of object."""

    api_version: str
    name: str

    @classmethod
    def of(cls, type_: str, inputs: Properties) -> Self:
        """The kind of a resource type such as ``kubernetes:apps/v1:Deployment``; raises ``KindError``."""
        _package, module, name = type_.split(":")
        api_version = module.removeprefix("core/")
        kind = cls(api_version, name)
        if module.startswith(("helm.sh/", "yaml", "kustomize")):
            raise KindError(f"{type_} is not supported by the sandbox: declare the objects themselves")
        if name.endswith(("Patch", "List")):
            raise KindError(f"{type_} is not supported by the sandbox: declare the object itself")
        if not kind.custom and (name in _NOT_STORED or not schema.exists(api_version, name)):
            known = {f"{version} {custom}" for version, custom in CUSTOM} | set(crds.known())
            close = difflib.get_close_matches(f"{api_version} {name}", sorted(known), 1)
            hint = f"; did you mean {close[0]}?" if close else ""
            raise KindError(
                f"{type_}: accepted: a kind of Kubernetes {schema.VERSION}, or a custom one that {crds.CRDS} defines "
                f"or {CUSTOM_FILE} lists: received: {api_version} {name}{hint}"
            )
        for key, expected in (("apiVersion", api_version), ("kind", name)):
            if inputs.get(key, expected) not in (expected, UNKNOWN):
                raise KindError(f"{key}: accepted: {expected}, as {type_} has: received: {inputs[key]}")
        return kind

    @property
    def defined(self) -> bool:
        """Whether it is a custom kind whose definition is here."""
        return crds.scope(self.api_version, self.name) is not None

    @property
    def custom(self) -> bool:
        """Whether it is a custom kind."""
        return (self.api_version, self.name) in CUSTOM or self.defined

    @property
    def recorded(self) -> bool:
        """Whether its objects are kept without being validated."""
        return self.custom and not self.defined

    @property
    def namespaced(self) -> bool:
        """Whether its objects live in a namespace."""
        defined = crds.scope(self.api_version, self.name)
        if defined is not None:
            return defined
        return CUSTOM.get((self.api_version, self.name), self.name not in _CLUSTER_SCOPED)

    @cached_property
    def group(self) -> str:
        """API group; empty for the core."""
        return self.api_version.rpartition("/")[0]

    def replace_on(self, mutable_config_maps: bool = False, mutable_secrets: bool = False) -> tuple[str, ...]:
        """Paths that an update cannot change."""
        paths: tuple[str, ...] = ("apiVersion", "kind", "metadata.name", "metadata.namespace")
        paths += _REPLACE_ON.get((self.api_version, self.name), ())
        if self.api_version == "v1" and self.name == "ConfigMap" and not mutable_config_maps:
            paths += ("binaryData", "data")
        if self.api_version == "v1" and self.name == "Secret" and not mutable_secrets:
            paths += ("data", "stringData")
        return paths
