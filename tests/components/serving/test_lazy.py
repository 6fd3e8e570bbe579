import subprocess
import sys

import pytest
import slipway.serving


@pytest.mark.parametrize(
    ("name", "absent"), [("Network", "pulumi_kubernetes"), ("Nat", "pulumi_kubernetes"), ("ModelService", "pulumi_aws")]
)
def test_a_component_loads_only_the_sdk_that_it_uses(name: str, absent: str) -> None:
    program = f"import sys; from slipway.serving import {name}; sys.exit({absent!r} in sys.modules)"

    assert subprocess.run([sys.executable, "-c", program], timeout=60, check=False).returncode == 0


def test_names() -> None:
    assert {"ModelService", "Nat", "Network", "ServingCluster"} <= set(dir(slipway.serving))
    with pytest.raises(AttributeError, match=r"slipway\.serving' has no attribute 'Cluster'; it has .*, ModelService,"):
        _ = slipway.serving.Cluster
