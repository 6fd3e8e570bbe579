"""Runs of deployed pipelines: each way that one can take ends with its lock free and with an announcement."""

import json
from typing import Any

import pytest

from tests.sandbox.cloud.eventing import wait_for
from tests.sandbox.retraining.conftest import DATASETS, MODELS, Deployed

pytestmark = pytest.mark.sandbox


def free(deployed: Deployed, model: str) -> bool:
    """Whether nobody has the model's lock."""
    return "run" not in (deployed.item(f"lock#{model}") or {})


def test_a_run_ends_with_a_candidate(deployed: Deployed) -> None:
    ended = deployed.run("good", {"reason": "manual", "dataset_uri": "s3://x/y"})
    assert ended["outcome"] == "candidate"
    assert sorted(deployed.objects(f"runs/good/{ended['run']}/")) == ["s0.json", "s1.json"]
    told = deployed.aws("s3").get_object(Bucket=MODELS, Key=f"runs/good/{ended['run']}/s0.json")["Body"].read().decode()
    assert f"'SLIPWAY_RUN': '{ended['run']}'" in told
    assert "'SLIPWAY_DATASET_URI': 's3://x/y'" in told
    assert "'SLIPWAY_TRIGGER': 'manual'" in told
    heard = deployed.heard("RunEnded", ended["run"])
    assert heard
    assert (heard["model"], heard["outcome"]) == ("good", "candidate")
    assert free(deployed, "good")
    assert int((deployed.item(f"ledger#good#{_month(deployed)}") or {})["spent_cents"]) > 0


def _month(deployed: Deployed) -> str:
    return str(deployed.cloud.advance(0)[:7])


def test_a_refusal_ends_the_run_and_people_know(deployed: Deployed) -> None:
    ended = deployed.run("refused")
    assert (ended["outcome"], ended["step"]) == ("refused", "s1")
    assert deployed.objects(f"runs/refused/{ended['run']}/") == ["s0.json"]  # nothing runs after it
    notice = deployed.heard("notice", ended["run"])
    assert notice
    assert notice["Subject"] == "Retraining of refused: refused"
    assert f"s3://{MODELS}/runs/refused/{ended['run']}/" in notice["Message"]
    assert free(deployed, "refused")


def test_after_a_run_there_is_a_pause_but_not_for_people(deployed: Deployed) -> None:
    deployed.run("refused")
    early = deployed.run("refused", {"reason": "drift", "dedupe_key": "early"})
    assert (early["outcome"], early["step"]) == ("skipped", "start")
    assert deployed.run("refused", {"reason": "manual"})["outcome"] == "refused"
    deployed.cloud.advance(31 * 60)
    assert deployed.run("refused", {"reason": "drift", "dedupe_key": "late"})["outcome"] == "refused"


def test_a_failure_fails_the_machine_and_frees_the_lock(deployed: Deployed) -> None:
    found = deployed.end(deployed.start("failed", name="by_hand.1"))
    assert (found["status"], found["error"]) == ("FAILED", "RetrainingFailed")
    assert found["cause"] == "s0: Essential container in task exited"
    heard = deployed.heard("RunEnded", "by-hand-1")
    assert heard
    assert (heard["outcome"], heard["step"]) == ("failed", "s0")
    assert free(deployed, "failed")


def test_a_step_that_wants_to_be_started_again_is(deployed: Deployed) -> None:
    ended = deployed.run("again")
    assert ended["outcome"] == "candidate"
    assert "s0.json" in deployed.objects(f"runs/again/{ended['run']}/")


def test_a_refusal_beside_another_step_is_one(deployed: Deployed) -> None:
    ended = deployed.run("beside")
    assert (ended["outcome"], ended["step"]) == ("refused", "s1 and s2")
    assert "s3.json" not in deployed.objects(f"runs/beside/{ended['run']}/")


def test_the_ceiling_stops_a_run_before_it_starts(deployed: Deployed) -> None:
    first, second = deployed.run("dear"), deployed.run("dear")
    assert first["outcome"] == "candidate"
    assert (second["outcome"], second["step"]) == ("skipped", "start")
    assert second["reason"] == "the ceiling of 1 USD a month has no room for a run of up to 0.91 USD"
    assert deployed.objects(f"runs/dear/{second['run']}/") == []
    assert deployed.heard("notice", second["run"])
    assert free(deployed, "dear")


def test_two_triggers_at_once_are_one_run(deployed: Deployed) -> None:
    detail = {"model": "slow", "release": "r", "reason": "drift", "window": {}, "report_uri": "s3://x"}
    entries = [
        {
            "Source": "slipway.drift",
            "DetailType": "DriftDetected",
            "Detail": json.dumps(detail | {"dedupe_key": key}),
            "EventBusName": deployed.outputs["bus"],
        }
        for key in ("one", "two")
    ]
    deployed.aws("events").put_events(Entries=entries)
    runs = wait_for(lambda: deployed.runs("slow") if len(deployed.runs("slow")) == 2 else [])
    assert len(runs) == 2
    deployed.aws("s3").put_object(Bucket=MODELS, Key="runs/slow/go", Body=b"x")
    outcomes = sorted(json.loads(deployed.end(each["executionArn"])["output"])["outcome"] for each in runs)
    assert outcomes == ["candidate", "skipped"]


def test_a_run_that_a_person_stops_frees_its_lock(deployed: Deployed) -> None:
    execution = deployed.start("stopped")
    run = execution.rpartition(":")[2]
    assert wait_for(lambda: deployed.objects(f"runs/stopped/{run}/"), 30.0) == ["waits"]
    assert not free(deployed, "stopped")
    deployed.aws("stepfunctions").stop_execution(executionArn=execution)
    heard = deployed.heard("RunEnded", run)
    assert heard
    assert (heard["outcome"], heard["reason"]) == ("failed", "Step Functions says ABORTED")
    assert free(deployed, "stopped")
    assert deployed.heard("notice", run)


def waiting(deployed: Deployed, model: str) -> tuple[str, str]:
    """A run whose step waits, and the job that it is."""
    execution = deployed.start(model)
    assert wait_for(lambda: deployed.objects(f"runs/{model}/{execution.rpartition(':')[2]}/waits"), 30.0)
    history = deployed.aws("stepfunctions").get_execution_history(executionArn=execution, reverseOrder=True)["events"]
    submitted = next(each["taskSubmittedEventDetails"] for each in history if each["type"] == "TaskSubmitted")
    return execution, json.loads(submitted["output"])["JobId"]


def test_a_job_whose_machine_is_taken_is_started_again_if_it_may_be(deployed: Deployed) -> None:
    execution, job = waiting(deployed, "taken")
    deployed.cloud.reclaim(job)
    deployed.aws("s3").put_object(Bucket=MODELS, Key="runs/taken/go", Body=b"x")
    ended = deployed.end(execution)
    assert json.loads(ended["output"])["outcome"] == "candidate"
    execution, job = waiting(deployed, "stopped")
    deployed.cloud.reclaim(job)
    ended = deployed.end(execution)
    assert ended["status"] == "FAILED"
    assert "Host EC2" in ended["cause"]
    assert free(deployed, "taken")
    assert free(deployed, "stopped")


def started(deployed: Deployed, reason: str) -> list[dict[str, Any]]:
    """Inputs of the runs of ``good`` that a trigger started."""
    describe = deployed.aws("stepfunctions").describe_execution
    inputs = [json.loads(describe(executionArn=each["executionArn"])["input"]) for each in deployed.runs("good")]
    return [given for given in inputs if given.get("reason") == reason]


def test_a_batch_starts_a_run_when_its_manifest_is_there(deployed: Deployed) -> None:
    s3 = deployed.aws("s3")
    for key in ("incoming/good/b1/rows.parquet", "incoming/another/b1/manifest.json", "incoming/good/b1/manifest.json"):
        s3.put_object(Bucket=DATASETS, Key=key, Body=b"{}")
    [given] = wait_for(lambda: started(deployed, "data"))
    assert given["model"] == "good"
    assert given["dataset_uri"] == f"s3://{DATASETS}/incoming/good/b1/manifest.json"
    assert given["dedupe_key"].startswith("incoming/good/b1/manifest.json-")
    for each in deployed.runs("good"):
        deployed.end(each["executionArn"])
    s3.put_object(Bucket=DATASETS, Key="incoming/good/b1/manifest.json", Body=b"{}")  # the same once more
    again = wait_for(lambda: started(deployed, "data") if len(started(deployed, "data")) == 2 else [])
    assert again[0] == again[1]
    newest = json.loads(deployed.end(deployed.runs("good")[0]["executionArn"])["output"])
    assert (newest["outcome"], newest["reason"]) == ("skipped", "this trigger was acted on before")


def test_a_schedule_starts_a_run(deployed: Deployed) -> None:
    before = len(started(deployed, "schedule"))
    deployed.cloud.advance(26 * 3600)
    found = wait_for(lambda: started(deployed, "schedule")[: -before or None])
    assert found
    assert found[0]["dedupe_key"].startswith("schedule-20")


def test_a_candidate_is_handed_over(deployed: Deployed) -> None:
    detail: dict[str, Any] = {
        "model": "good",
        "release": "good-20261201-0a1b2c3d",
        "run": "run-0a1b",
        "previous": None,
        "metrics": {},
        "evaluation_uri": "s3://x/evaluation.json",
        "environment": "test",
    }
    entry = {
        "Source": "slipway.retraining",
        "DetailType": "CandidateReady",
        "Detail": json.dumps(detail),
        "EventBusName": deployed.outputs["bus"],
    }
    deployed.aws("events").put_events(Entries=[entry])
    notice = deployed.heard("notice", detail["release"])
    assert notice
    assert "slipway release show --stack test good-20261201-0a1b2c3d" in notice["Message"]
    requests = wait_for(lambda: [each for each in deployed.cloud.requests() if "api.github.com" in each["to"]])
    assert [(each["to"], each["called"]) for each in requests] == [
        ("https://api.github.com/repos/acme/settings/dispatches", False)
    ]
    body = json.loads(requests[0]["body"])
    assert body["event_type"] == "slipway-candidate"
    assert body["client_payload"]["release"] == detail["release"]
    assert body["client_payload"]["how"] == "roll_out"
