"""What the goals compute from their figures."""

from typing import Any

import pytest
from pulumi.runtime.proto import resource_pb2

from bench.engine import Graph
from bench.goals import imports, linearity, sizes
from bench.process import interleave, lowest
from bench.run import difference

COMPONENT = "urn:pulumi:bench::slipway::slipway:index:Box::a"
ROLE = "aws:iam/role:Role"


def request(name: str, **more: Any) -> Any:
    return resource_pb2.RegisterResourceRequest(type=ROLE, name=name, custom=True, **more)


def test_every_other_round_goes_backwards() -> None:
    order: list[str] = []

    def figure(name: str) -> float:
        order.append(name)
        return 1.0

    found = interleave(("a", "b"), figure, 2)
    assert order == ["a", "b", "b", "a"]
    assert [list(figures) for figures in found] == [["a", "b"], ["a", "b"]]
    assert lowest([{"a": 2.0, "b": 1.0}, {"a": 1.0, "b": 3.0}]) == {"a": 1.0, "b": 1.0}


def test_the_cost_of_a_model_is_the_slope_between_two_sizes() -> None:
    assert linearity.per_model(1.0, 3.0, (2, 42)) == pytest.approx(0.05)


@pytest.mark.parametrize("pair, middle", [(linearity.SMALL, 20), (linearity.LARGE, 200)])
def test_the_slopes_are_those_at_20_and_at_200_models(pair: tuple[int, int], middle: int) -> None:
    assert sum(pair) / 2 == middle


def test_a_stack_beyond_300_resources_is_a_problem() -> None:
    assert sizes.oversized({"local": 300, "prod": 301}) == ["prod has 301 resources"]


def test_modules_of_other_steps_are_found() -> None:
    modules = [
        "pulumi",
        "pulumi_aws",
        "pulumi_aws.ec2",
        "pulumi_aws.ec2.vpc",
        "slipway.models",
        "slipway.models.bucket",
    ]
    assert imports.foreign(modules, ("slipway.models.",)) == ["slipway.models.bucket"]
    assert imports.foreign(modules, ("pulumi_aws.ec2.", "boto3")) == ["pulumi_aws.ec2.vpc"]
    assert imports.foreign(modules, ("pulumi_aws",)) == ["pulumi_aws", "pulumi_aws.ec2", "pulumi_aws.ec2.vpc"]
    assert imports.foreign([imports.KEYS], (imports.KEYS,)) == [imports.KEYS]
    assert imports.foreign(["slipway.models._private", "slipway.modelsx"], ("slipway.models.",)) == []


def test_the_order_of_registrations_and_dependencies_makes_no_difference() -> None:
    one = Graph([request("a", dependencies=["x::y::t::1", "x::y::t::2"]), request("b")])
    other = Graph([request("b"), request("a", dependencies=["x::y::t::2", "x::y::t::1"])])
    assert difference(one, other) == []


def test_a_lost_option_or_resource_is_a_difference() -> None:
    one, other = Graph([request("a", protect=True), request("b")]), Graph([request("a")])
    assert difference(one, other) == [f"only one program registers {ROLE} b", f"{ROLE} a differs in protect"]


def test_without_components_parents_and_their_part_of_a_urn_do_not_count() -> None:
    inside = f"urn:pulumi:bench::slipway::slipway:index:Box${ROLE}::b"
    flat = f"urn:pulumi:bench::slipway::{ROLE}::b"
    box = resource_pb2.RegisterResourceRequest(type="slipway:index:Box", name="a")
    composed = Graph([box, request("a", parent=COMPONENT, dependencies=[inside, COMPONENT])])
    plain = Graph([request("a", dependencies=[flat])])
    assert difference(composed, plain, components=False) == []
    assert difference(composed, plain) != []


def test_a_resource_registered_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="registered twice"):
        Graph([request("a"), request("a")]).normalised()
