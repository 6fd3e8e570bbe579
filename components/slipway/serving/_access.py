"""Who may use a cluster, and how."""

import json

ADMIN = "AmazonEKSClusterAdminPolicy"
VIEWER = "AmazonEKSViewPolicy"
NODE = "AmazonEKSAutoNodePolicy"


def access_policy_arn(partition: str, name: str) -> str:
    """ARN of one of EKS's own access policies."""
    return f"arn:{partition}:eks::aws:cluster-access-policy/{name}"


def role_key(arn: str) -> str:
    """A stable key of a role: ``123456789012-team-deployer`` of ``arn:aws:iam::123456789012:role/team/deployer``."""
    account, role = arn.split(":", 5)[4:]
    return f"{account}-{role.removeprefix('role/').replace('/', '-')}"


def kubeconfig(cluster: str, endpoint: str, certificate: str, region: str) -> str:
    """How to reach a cluster: tokens come from ``aws eks get-token`` each time, so no credential is stored."""
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": cluster, "cluster": {"server": endpoint, "certificate-authority-data": certificate}}],
            "contexts": [{"name": cluster, "context": {"cluster": cluster, "user": cluster}}],
            "current-context": cluster,
            "users": [
                {
                    "name": cluster,
                    "user": {
                        "exec": {
                            "apiVersion": "client.authentication.k8s.io/v1beta1",
                            "command": "aws",
                            "args": [
                                *("eks", "get-token"),
                                *("--cluster-name", cluster),
                                *("--region", region),
                                *("--output", "json"),
                            ],
                        }
                    },
                }
            ],
        },
        sort_keys=True,
    )
