"""What the goals compute from their figures."""

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from pulumi.runtime.proto import resource_pb2
from slipway_ops.gate.simulate import Figure

from bench import environments, programs, traffic
from bench.engine import Graph
from bench.goals import gate, gate_events, imports, linearity, loop, sizes
from bench.process import interleave, lowest
from bench.run import difference
from stacks import pipelines
from stacks.contract import PlatformContract
from stacks.settings import parse

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


@pytest.mark.parametrize(
    "seconds, cpu, mib, found",
    [
        (8.0, 13.0, 800.0, []),
        (12.0, 20.0, 800.0, ["12.0 s"]),
        (30.0, 13.0, 800.0, []),  # it had less than one core
        (30.0, 21.0, 1100.0, ["30.0 s", "1100 MiB"]),
    ],
)
def test_a_gate_that_had_no_cores_is_not_too_slow(seconds: float, cpu: float, mib: float, found: list[str]) -> None:
    assert gate_events.problems(seconds, cpu, mib) == found


def test_a_promotion_that_clean_data_would_not_give_is_a_problem() -> None:
    def figure(name: str = "clean", effect: float = 0.0, promoted: int = 0, extra: int = 0) -> Figure:
        return Figure(name, effect, 100, 1, promoted, 0, extra, None)

    good = figure(promoted=5), figure(effect=0.02, promoted=80)
    assert gate.problems(*good, [figure("x", 0.02, 50)]) == []
    assert len(gate.problems(figure(promoted=6), figure(effect=0.02, promoted=79), [figure("x", 0.0, 1, 1)])) == 3
    assert gate.problems(*good, [figure(gate.UNSEEN, 0.02, 30, 2)]) == []
    assert len(gate.problems(*good, [figure(gate.UNSEEN, 0.0, 30, 2)])) == 1


def test_what_was_written_is_counted(tmp_path: Path) -> None:
    traffic.write(tmp_path, 2000)
    found = traffic.count(tmp_path)
    assert found["used"] + 40 > 2000  # but for the last minutes of the day
    assert found["answer"] == "wait"


def test_the_platform_of_constants_has_what_models_need() -> None:
    assert programs._PLATFORM.keys() == {field.name for field in fields(PlatformContract)}


@pytest.mark.parametrize("kind", [environments.PLAIN, environments.ROLLOUTS, environments.PIPELINES])
def test_the_kinds_of_models_are_settings_of_a_stack(kind: str) -> None:
    settings = parse(environments.shard(["a-model"], kind=kind), "bench")
    assert (settings.models["a-model"].rollout is not None) == (kind == environments.ROLLOUTS)
    assert (settings.models["a-model"].retrain is not None) == (kind == environments.PIPELINES)


def test_the_platform_of_constants_shares_what_pipelines_need() -> None:
    shared = {pipelines.DATASETS, pipelines.DATA_KEY, pipelines.TRACKING, pipelines.CLIENT, pipelines.ARTIFACTS}
    engines = {pipelines.AIRFLOW, pipelines.DAGS, pipelines.KUBEFLOW}
    events = {pipelines.PREDICTIONS, pipelines.LABELS, pipelines.EVENT_KEYS}
    assert set(programs._PLATFORM["retraining"]) == {*pipelines.SHARED, *shared, *engines, *events}


def test_a_run_counts_without_its_own_training() -> None:
    run = {"run": "a", "seconds": 60.0, "own_seconds": 31.0}
    assert loop.problems({"endings": [run], "seconds": 200.0}) == []
    assert loop.problems({"endings": [run, {**run, "run": "b", "own_seconds": 20.0}], "seconds": 300.0}) == [
        "b 40 s",
        "the year 300 s",
    ]
