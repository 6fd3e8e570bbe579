"""A candidate becomes a release: once, whatever is killed, and only if this one was found better."""

import json
from typing import Any

import pytest
from slipway_ops.release import ReleaseStore
from slipway_ops.retraining import register
from slipway_ops.retraining.job import Job
from slipway_ops.retraining.tracking import Tracking

from tests.operations.retraining.conftest import Bus
from tests.operations.retraining.mlflow_stub import Mlflow
from tests.operations.retraining.pipeline import BUS, MODELS, PLAN, Pipeline, rows
from tests.operations.world import MODEL


@pytest.fixture
def judged(pipeline: Pipeline, bus: Bus) -> Pipeline:
    """A run whose candidate was found better."""
    pipeline.arrive("b1", rows(0))
    pipeline.arrive("b2", rows(1000))
    pipeline.judged()
    return pipeline


class Killed(BaseException):
    pass


def die(*_: Any, **__: Any) -> None:
    raise Killed


STEPS: list[tuple[Any, str]] = [
    (register, "_content"),
    (ReleaseStore, "create"),
    (ReleaseStore, "put"),
    (Tracking, "register"),
    (Tracking, "alias"),
    (register, "_announce"),
    (Job, "ended"),
]


@pytest.mark.parametrize(("owner", "name"), STEPS)
def test_a_registration_that_was_killed_is_continued(
    judged: Pipeline, mlflow: Mlflow, bus: Bus, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(owner, name, die)
        with pytest.raises(Killed):
            judged("register")
    judged.world.push("two")  # an image that came meanwhile is not this candidate's
    monkeypatch.setattr("slipway_ops.retraining.job.now", lambda: "2030-01-01T00:00:00Z")
    bus.events()
    for _ in range(2):
        code, out, err = judged("register")
        assert code == 0, out + err
    done = judged.record("registration.json")
    (key,) = judged.world.keys(f"releases/{MODEL}/")
    assert key == f"releases/{MODEL}/{done['release']}.json"
    assert [version["version"] for version in mlflow.versions] == ["1"] == [done["mlflow_version"]]
    assert mlflow.models == {MODEL: {"candidate": "1"}}
    release = judged.world.store.get(done["release"])
    assert (release.content.image_digest, release.content.created_at[:4] != "2030") == (judged.image, True)
    events = bus.events()
    assert len(events) == 2
    assert {event["detail"]["release"] for event in events} == {release.id}
    assert judged.record("outcome.json")["release"] == release.id


def test_what_the_event_says(judged: Pipeline, bus: Bus) -> None:
    assert judged("register")[0] == 0
    (event,) = bus.events()
    evaluation = judged.record("evaluation.json")
    assert event["detail"] == {
        "model": MODEL,
        "release": judged.record("registration.json")["release"],
        "run": "run-1",
        "previous": None,
        "metrics": {
            **judged.record("training/metrics.json"),
            "evaluation.correct": {"value": evaluation["candidate"]["means"]["correct"], "rows": 400},
            "evaluation.brier": {"value": evaluation["candidate"]["means"]["brier"], "rows": 400},
        },
        "evaluation_uri": f"s3://{MODELS}/runs/{MODEL}/run-1/evaluation.json",
        "environment": "dev",
    }


def test_the_release_before_is_the_champion(pipeline: Pipeline, bus: Bus) -> None:
    pipeline.declare(f"{MODEL}.evaluation.json", {**PLAN, "metric": {**PLAN["metric"], "first_release": 0.5}})
    pipeline.arrive("b1", rows(0))
    pipeline.arrive("b2", rows(1000))
    first = pipeline.whole("run-1", 0.7)
    pipeline.arrive("b3", rows(2000))
    second = pipeline.whole("run-2", 0.5)
    assert pipeline.world.store.get(second).content.previous == first
    assert [event["detail"]["previous"] for event in bus.events()] == [None, first]


def change(pipeline: Pipeline, name: str, **values: Any) -> None:
    body = json.dumps({**pipeline.record(name), **values}).encode()
    pipeline.s3.put_object(Bucket=MODELS, Key=f"runs/{MODEL}/run-1/{name}", Body=body)


def test_only_a_candidate_that_was_found_better_is_registered(judged: Pipeline, mlflow: Mlflow, bus: Bus) -> None:
    checks = judged.record("evaluation.json")["checks"]
    spoilt = [{**checks[0], "passed": False}, *checks[1:]]
    refusals: list[tuple[dict[str, Any], str]] = [
        ({"state": "refused", "checks": spoilt}, "evaluation.json: state: accepted: passed: received: "),
        ({"checks": spoilt}, "evaluation.json: state: accepted: passed where every check did and only there"),
        ({"candidate": {"artifact_sha256": "a" * 64}}, "candidate.artifact_sha256: accepted: "),
        ({"run": "run-9"}, 'evaluation.json: run: accepted: run-1: received: "run-9"'),
    ]
    good = judged.record("evaluation.json")
    for values, message in refusals:
        change(judged, "evaluation.json", **{**good, **values})
        code, out, err = judged("register")
        assert (code, out) == (1, "")
        assert message in err
        assert judged.record("outcome.json")["outcome"] == "failed"
    judged.s3.delete_object(Bucket=MODELS, Key=f"runs/{MODEL}/run-1/evaluation.json")
    code, _, err = judged("register")
    assert (code, "evaluation.json: record: accepted: one that a step before wrote" in err) == (1, True)
    assert judged.world.keys("releases/") == []
    assert (mlflow.versions, bus.events()) == ([], [])


def test_a_release_that_was_withdrawn_is_not_registered_again(judged: Pipeline, bus: Bus) -> None:
    assert judged("register")[0] == 0
    bus.events()
    judged.world.store.withdraw(judged.record("registration.json")["release"], "it is wrong", "ci/x")
    code, _, err = judged("register")
    assert (code, "withdrawn: accepted: a release that was not withdrawn: received: it is wrong" in err) == (1, True)
    assert bus.events() == []


@pytest.mark.parametrize(
    ("variable", "message"),
    [
        ("SLIPWAY_REPOSITORY", "--repository: accepted: a value without spaces, or SLIPWAY_REPOSITORY"),
        ("SLIPWAY_EVENT_BUS", "--event-bus: accepted: "),
        ("SLIPWAY_ENVIRONMENT", "--environment: accepted: "),
        ("MLFLOW_TRACKING_URI", "--tracking-uri: accepted: "),
    ],
)
def test_what_is_needed_is_named(
    judged: Pipeline, monkeypatch: pytest.MonkeyPatch, variable: str, message: str
) -> None:
    monkeypatch.delenv(variable)
    code, _, err = judged("register")
    assert (code, message in err) == (2, True), err
    assert judged.world.keys("releases/") == []


def test_without_mlflow_there_is_a_release_and_no_version(
    pipeline: Pipeline, mlflow: Mlflow, bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    pipeline.arrive("b1", rows(0))
    pipeline.arrive("b2", rows(1000))
    release = pipeline.world.store.get(pipeline.whole("run-1", 0.5))
    assert release.content.provenance is not None
    assert (release.content.provenance.mlflow_run, mlflow.calls) == (None, [])


def test_a_training_that_knew_no_mlflow_gets_its_run_at_the_end(
    judged: Pipeline, mlflow: Mlflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    mlflow.runs.clear()
    lineage = {key: value for key, value in judged.record("training/lineage.json").items() if "mlflow" not in key}
    key = f"runs/{MODEL}/run-1/training/lineage.json"
    judged.s3.put_object(Bucket=MODELS, Key=key, Body=json.dumps(lineage).encode())
    assert judged("register")[0] == 0
    (run,) = mlflow.runs.values()
    assert (run["info"]["status"], run["params"]) == ("FINISHED", {"threshold": "0.5"})
    assert mlflow.versions[0]["run_id"] == run["info"]["run_id"]


@pytest.mark.parametrize(
    "address", ["123456789012.dkr.ecr.eu-west-1.amazonaws.com/acme-dev/flight-delay", "r:5/acme-dev/flight-delay"]
)
def test_a_repository_may_be_an_address(judged: Pipeline, monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("SLIPWAY_REPOSITORY", address)
    assert judged("register", "--serving-image", judged.image)[0] == 0
    code, _, err = judged("register", "--serving-image", "latest")
    assert (code, "--serving-image: accepted: sha256:<64 hex> or newest: received: latest" in err) == (2, True)


def test_an_event_that_was_not_taken_is_a_failure(judged: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    client = type(
        "Events",
        (),
        {
            "put_events": lambda self, Entries: {
                "FailedEntryCount": 1,
                "Entries": [{"ErrorCode": "Throttled", "ErrorMessage": "later"}],
            }
        },
    )()
    make = Job.client
    monkeypatch.setattr(Job, "client", lambda job, name: client if name == "events" else make(job, name))
    code, _, err = judged("register")
    assert (code, f"event bus {BUS}: Throttled: later" in err) == (1, True)
    monkeypatch.undo()


def test_a_repository_without_an_image_is_refused(judged: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    judged.world.ecr.create_repository(repositoryName=f"empty/{MODEL}")
    monkeypatch.setenv("SLIPWAY_REPOSITORY", f"empty/{MODEL}")
    code, _, err = judged("register")
    assert (code, "image: accepted: an image, because --image is newest: received: nothing" in err) == (1, True)
