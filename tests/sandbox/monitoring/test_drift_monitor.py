"""A deployed look for drift: a day passes, the job runs once, in its role, and its event arrives."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from botocore.exceptions import ClientError

from sandbox.cloud import clients
from tests.operations.drift import shop
from tests.sandbox.cloud.eventing import wait_for
from tests.sandbox.enforced import acting_as
from tests.sandbox.retraining.conftest import MODELS, Deployed

pytestmark = pytest.mark.sandbox

EVENTS = "acme-test-events"
DAY = 86_400


@pytest.fixture(scope="module")
def asked(looking: Deployed, tmp_path_factory: pytest.TempPathFactory) -> Deployed:
    """Events of yesterday, by this machine's clock, which is what a job goes by: ages have moved since training."""
    made = shop.Shop(tmp_path_factory.mktemp("shop"))
    made.train()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(shop, "FIRST", (datetime.now(UTC) - timedelta(days=1)).date())
        made.day(0, 2000, age=np.random.default_rng(1).lognormal(3.5, 0.5, 2000))
    s3 = looking.aws("s3")
    for kind in ("predictions", "labels"):
        for file in Path(made.root / kind).rglob("*.parquet"):
            s3.put_object(Bucket=EVENTS, Key=file.relative_to(made.root).as_posix(), Body=file.read_bytes())
    s3.put_object(Bucket=EVENTS, Key="references/demand.json", Body=(made.root / "profile.json").read_bytes())
    return looking


def jobs(deployed: Deployed, model: str) -> list[dict[str, Any]]:
    """The model's looks that have ended."""
    batch, found = deployed.aws("batch"), []
    for status in ("SUCCEEDED", "FAILED"):
        listed = batch.list_jobs(jobQueue=deployed.outputs["queue"], jobStatus=status)["jobSummaryList"]
        found += [job for job in listed if job["jobName"] == f"acme-test-drift-{model}"]
    return found


def told(deployed: Deployed, count: int) -> list[dict[str, Any]]:
    """What the bus was told of drift, once it is as much."""

    def look() -> list[dict[str, Any]]:
        deployed.heard("DriftDetected", "demand")
        found = [event for event in deployed.seen if event["kind"] == "DriftDetected"]
        return found if len(found) >= count else []

    return wait_for(look, 60.0)


def test_a_day_later_it_was_looked_once_and_the_bus_knows(asked: Deployed) -> None:
    assert jobs(asked, "demand") == []
    asked.cloud.advance(DAY + 60)
    found = wait_for(lambda: jobs(asked, "demand"), 60.0)
    assert [job["status"] for job in found] == ["SUCCEEDED"], asked.said()
    [event] = told(asked, 1)
    assert event["model"] == "demand"
    assert event["release"] == shop.RELEASE
    assert "feature age" in event["reason"]
    assert event["report_uri"].startswith(f"s3://{MODELS}/drift/demand/")
    names = asked.objects("drift/demand/")
    assert sorted(name.rpartition("/")[2] for name in names) == ["drift.html", "drift.json", "drift.prom"]


def test_the_next_day_it_is_looked_again_and_the_same_drift_has_the_same_key(asked: Deployed) -> None:
    before = told(asked, 1)
    asked.cloud.advance(DAY)
    assert wait_for(lambda: len(jobs(asked, "demand")) == 2, 60.0)
    events = told(asked, len(before) + 1)
    assert len({event["dedupe_key"] for event in events}) == 1


def test_people_hear_of_a_look_that_found_nothing_to_look_at(asked: Deployed) -> None:
    assert wait_for(lambda: jobs(asked, "silent"), 60.0)
    assert {job["status"] for job in jobs(asked, "silent")} == {"FAILED"}
    notice = asked.heard("notice", "whether silent drifts")
    assert notice
    assert "/slipway/acme-test-retraining" in notice["Message"]


@pytest.mark.parametrize(
    "key",
    ["runs/demand/1/evaluation.json", "drift/silent/1/drift.json", f"releases/demand/{shop.RELEASE}.json"],
)
def test_it_may_write_nothing_but_its_reports(asked: Deployed, key: str) -> None:
    acting = clients.client("s3", acting_as(asked.environment, asked.outputs["demand"]))
    acting.put_object(Bucket=MODELS, Key="drift/demand/by-hand/drift.json", Body=b"{}")
    with pytest.raises(ClientError, match="AccessDenied"):
        acting.put_object(Bucket=MODELS, Key=key, Body=b"{}")
