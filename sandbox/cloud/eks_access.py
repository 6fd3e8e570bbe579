"""EKS: who may use a cluster (access entries and their policies) and who its pods are (pod identities)."""

import secrets
import string
from typing import Any

from sandbox.cloud import clock
from sandbox.cloud.eks_state import Records, answering, arn, cluster
from sandbox.cloud.extension import Operation, fail

ADMIN_POLICY = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"

_POLICY_PREFIX = "arn:aws:eks::aws:cluster-access-policy/"
_NODE_TYPES = ("EC2", "EC2_LINUX", "EC2_WINDOWS", "FARGATE_LINUX", "HYBRID_LINUX", "HYPERPOD_LINUX")


def _entry(backend: Any, owner: Any, given: dict[str, Any]) -> dict[str, Any]:
    if owner.access_config["authenticationMode"] == "CONFIG_MAP":
        fail(
            "InvalidRequestException",
            "The cluster's authentication mode must be set to one of [API, API_AND_CONFIG_MAP] to perform this"
            " operation.",
        )
    principal, kind = given["principalArn"], given.get("type", "STANDARD")
    if not principal.startswith("arn:aws:iam::"):
        fail("InvalidParameterException", "The principalArn parameter format is not valid")
    if kind not in ("STANDARD", *_NODE_TYPES):
        fail("InvalidParameterException", f"The type {kind} is not valid: STANDARD, {', '.join(_NODE_TYPES)}")
    if kind != "STANDARD" and given.get("kubernetesGroups"):
        fail("InvalidParameterException", f"kubernetesGroups cannot be set for the access entry type {kind}")
    sort, _, name = principal.split(":")[5].partition("/")
    return {
        "type": kind,
        "kubernetesGroups": given.get("kubernetesGroups") or (["system:nodes"] if kind in _NODE_TYPES else []),
        "username": given.get("username") or _username(backend, principal, sort, name, kind),
        "policies": {},
        "accessEntryArn": arn(backend, "access-entry", owner.name, sort, backend.account_id, name, _id("", 20)),
    }


def _username(backend: Any, principal: str, sort: str, name: str, kind: str) -> str:
    if kind in _NODE_TYPES:
        return "system:node:{{EC2PrivateDNSName}}"
    if sort == "role":
        role = name.rpartition("/")[2]
        return f"arn:aws:sts::{backend.account_id}:assumed-role/{role}/{{{{SessionName}}}}"
    return principal


entries = Records("access entry", "principalArn", _entry)


def admit(backend: Any, name: str, principal: str) -> None:
    """Make ``principal`` an administrator of the cluster, as EKS does for its creator unless told not to."""
    given = {"clusterName": name, "principalArn": principal}
    entries.create(backend, given)
    associate(backend, {**given, "policyArn": ADMIN_POLICY, "accessScope": {"type": "cluster"}})


def associate(backend: Any, given: dict[str, Any]) -> dict[str, Any]:
    """AssociateAccessPolicy: a second call replaces the scope."""
    entry = entries.get(backend, given)
    policy, scope = given["policyArn"], given["accessScope"]
    if not policy.startswith(_POLICY_PREFIX):
        fail("InvalidParameterException", f"The policyArn {policy} is not valid: {_POLICY_PREFIX}<name>")
    if (scope.get("type") == "namespace") != bool(scope.get("namespaces")):
        fail("InvalidParameterException", "accessScope: type namespace with namespaces, or type cluster without")
    now = clock.now()
    kept = entry["policies"].setdefault(policy, {"policyArn": policy, "associatedAt": now})
    kept.update(accessScope={"namespaces": [], **scope}, modifiedAt=now)
    return {
        "clusterName": given["clusterName"],
        "principalArn": given["principalArn"],
        "associatedAccessPolicy": kept,
    }


def _disassociate(backend: Any, given: dict[str, Any]) -> dict[str, Any]:
    if entries.get(backend, given)["policies"].pop(given["policyArn"], None) is None:
        fail("ResourceNotFoundException", f"The policy {given['policyArn']} is not associated")
    return {}


def _associated(backend: Any, given: dict[str, Any]) -> dict[str, Any]:
    return {
        "clusterName": given["clusterName"],
        "principalArn": given["principalArn"],
        "associatedAccessPolicies": list(entries.get(backend, given)["policies"].values()),
    }


def _entry_arns(backend: Any, given: dict[str, Any]) -> list[str]:
    policy = given.get("associatedPolicyArn")
    found = entries.all(backend, cluster(backend, given).name)
    return [entry["principalArn"] for entry in found if policy is None or policy in entry["policies"]]


def _association(backend: Any, owner: Any, given: dict[str, Any]) -> dict[str, Any]:
    for other in associations.all(backend, owner.name):
        if (other["namespace"], other["serviceAccount"]) == (given["namespace"], given["serviceAccount"]):
            fail("ResourceInUseException", f"Association already exists: {other['associationId']}")
    identifier = _id("a-", 17)
    return {
        "associationId": identifier,
        "associationArn": arn(backend, "podidentityassociation", owner.name, identifier),
        "disableSessionTags": given.get("disableSessionTags", False),
    }


associations = Records("pod identity association", "associationId", _association)


def _association_summaries(backend: Any, given: dict[str, Any]) -> list[dict[str, Any]]:
    found = associations.all(backend, cluster(backend, given).name)
    return [
        association
        for association in found
        if all(given.get(part) in (None, association[part]) for part in ("namespace", "serviceAccount"))
    ]


def _id(prefix: str, length: int) -> str:
    return prefix + "".join(secrets.choice(string.ascii_lowercase + string.digits) for _ in range(length))


OPERATIONS: dict[str, Operation] = {
    "CreateAccessEntry": answering("accessEntry", entries.create),
    "DescribeAccessEntry": answering("accessEntry", entries.get),
    "UpdateAccessEntry": answering("accessEntry", entries.change),
    "DeleteAccessEntry": lambda backend, given: entries.delete(backend, given) and {},
    "ListAccessEntries": answering("accessEntries", _entry_arns),
    "AssociateAccessPolicy": associate,
    "DisassociateAccessPolicy": _disassociate,
    "ListAssociatedAccessPolicies": _associated,
    "CreatePodIdentityAssociation": answering("association", associations.create),
    "DescribePodIdentityAssociation": answering("association", associations.get),
    "UpdatePodIdentityAssociation": answering("association", associations.change),
    "DeletePodIdentityAssociation": answering("association", associations.delete),
    "ListPodIdentityAssociations": answering("associations", _association_summaries),
}
