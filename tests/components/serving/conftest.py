"""What EKS adds to a cluster's answer."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.components import computed

CLUSTER_SECURITY_GROUP = "sg-0c0ffee0c0ffee0c0"


@pytest.fixture(autouse=True)
def cluster_security_group(monkeypatch: pytest.MonkeyPatch) -> None:
    """The security group that EKS makes for each cluster comes back inside its ``vpcConfig``."""
    answer = computed.outputs

    def outputs(type_: str, name: str, inputs: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        identity, extra = answer(type_, name, inputs)
        if type_ == "aws:eks/cluster:Cluster":
            made = {"clusterSecurityGroupId": CLUSTER_SECURITY_GROUP, "vpcId": "vpc-0123456789abcdef0"}
            extra = {**extra, "vpcConfig": {**inputs["vpcConfig"], **made}}
        return identity, extra

    monkeypatch.setattr(computed, "outputs", outputs)
