"""The command line of drift: files, objects, the event, and one line for what is wrong."""

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import boto3
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from moto import mock_aws
from prometheus_client.parser import text_string_to_metric_families
from slipway_ops.cli import main
from slipway_ops.drift.record import Record
from slipway_ops.gate.clients import s3_client

from tests.operations.drift.shop import MODEL, RELEASE, Shop
from tests.operations.world import BUCKET, World
from tests.operations.world import MODEL as FLIGHTS

TO = "2026-11-02T00:00:00Z"


class Command:
    """``slipway drift``, run inside this process."""

    def __init__(self, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.shop, self.capsys = Shop(root), capsys
        self.shop.train()

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        code = 0
        try:
            main(["drift", *arguments])
        except SystemExit as error:
            code = int(error.code or 0)
        captured = self.capsys.readouterr()
        return code, captured.out, captured.err

    def report(self, *more: str, command: str = "report", **changes: str | None) -> tuple[int, str, str]:
        predictions, labels = self.shop.places
        flags: dict[str, str | None] = {
            "model": MODEL,
            "predictions": predictions,
            "labels": labels,
            "profile": str(self.shop.root / "profile.json"),
            "to": TO,
            "days": "1",
            **changes,
        }
        given = [part for name, value in flags.items() if value is not None for part in (f"--{name}", value)]
        return self(command, *given, *more)


@pytest.fixture
def drift(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    for name in ("MODEL", "PREDICTIONS", "LABELS", "PROFILE", "DRIFT_CONFIG", "DRIFT_REPORTS", "EVENT_BUS"):
        monkeypatch.delenv(f"SLIPWAY_{name}", raising=False)
    return Command(tmp_path, capsys)


def shifted(count: int = 2000) -> Any:
    return np.random.default_rng(1).lognormal(3.5, 0.5, count)


def test_the_exit_code_says_whether_there_is_drift(drift: Command) -> None:
    drift.shop.day(0, 2000)
    code, out, err = drift.report()
    assert (code, out, err) == (0, "no drift: as at training\n", "")
    drift.shop.day(0, 2000, release="demand-20260801-bbbbbbbb", age=shifted())
    code, out, err = drift.report(release="demand-20260801-bbbbbbbb")
    assert (code, err) == (3, "")
    assert out.startswith("drift: feature age: PSI ")


def test_the_release_that_answered_most_is_looked_at(drift: Command) -> None:
    drift.shop.day(0, 700)
    drift.shop.day(0, 900, release="demand-20260801-bbbbbbbb")
    drift.shop.day(0, 2000, release="demand-20260701-cccccccc", variant="canary")
    code, out, _ = drift.report("--json")
    assert (code, json.loads(out)["release"]) == (0, "demand-20260801-bbbbbbbb")


class Page(HTMLParser):
    """What a page loads, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href", "xlink:href", "onload")]


def test_record_report_and_metrics_are_written(drift: Command) -> None:
    drift.shop.day(0, 2000, age=shifted(), shop=["<b>&'\""] * 2000)
    out = drift.shop.root / "out"
    code, said, _ = drift.report(out=str(out))
    assert code == 3
    assert said.endswith(f"report: file://{out}/drift.html\n")
    assert sorted(path.name for path in out.iterdir()) == ["drift.html", "drift.json", "drift.prom"]
    record = Record.parse((out / "drift.json").read_bytes(), "drift.json")
    assert (record.alarm, record.release, record.rows) == (True, RELEASE, 2000)
    page = Page((out / "drift.html").read_text())
    assert page.links == []
    assert {"script", "link", "img", "iframe", "b"}.isdisjoint(page.tags)
    assert page.tags.count("svg") == len(record.features) + len(record.outputs) + len(record.quality)
    series = [
        sample
        for family in text_string_to_metric_families((out / "drift.prom").read_text())
        for sample in family.samples
    ]
    values = {
        (one.name, *(value for key, value in sorted(one.labels.items()) if key != "model")): one.value for one in series
    }
    assert values["slipway_feature_drift", "age", "psi"] == record.features["age"].psi
    assert values["slipway_feature_drift", "age", "changed"] == 1
    assert values["slipway_model_quality", "roc_auc", RELEASE] == record.quality["roc_auc"].value
    assert values["slipway_drift_alarm", RELEASE] == 1
    assert {one.labels["model"] for one in series} == {MODEL}


def test_a_name_cannot_break_out_of_the_page_or_the_metrics(drift: Command) -> None:
    root, name = drift.shop.root, 'a"b\\c<script>alert(1)</script>'
    for wrong, code in ((name, 0), (f"{name}\n", 1)):
        path = root / "odd.parquet"
        pq.write_table(pa.table({wrong: [1.0] * 600}), path)
        found, _, err = drift("profile", "--model", MODEL, "--data", str(path), "--out", str(root / "odd.json"))
        assert (found, err.count("\n")) == (code, code)
    drift.shop.day(0, 600)
    drift.report(profile=str(root / "odd.json"), out=str(root / "out"))
    assert "script" not in Page((root / "out" / "drift.html").read_text()).tags
    text = (root / "out" / "drift.prom").read_text()
    labels = [sample.labels for family in text_string_to_metric_families(text) for sample in family.samples]
    assert {one["feature"] for one in labels if "feature" in one} == {name}


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Buckets, a bus, and a queue that its rule sends everything to."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    s3_client.cache_clear()
    with mock_aws():
        s3, events, sqs = boto3.client("s3"), boto3.client("events"), boto3.client("sqs")
        s3.create_bucket(Bucket="models", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        events.create_event_bus(Name="retraining")
        url = sqs.create_queue(QueueName="events")["QueueUrl"]
        events.put_rule(Name="all", EventBusName="retraining", EventPattern='{"source": ["slipway.drift"]}')
        arn = "arn:aws:sqs:eu-west-1:123456789012:events"
        events.put_targets(Rule="all", EventBusName="retraining", Targets=[{"Id": "1", "Arn": arn}])
        yield s3, lambda: sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    s3_client.cache_clear()


def test_run_reads_the_environments_places_and_tells_of_an_alarm(
    drift: Command, account: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    s3, messages = account
    predictions, labels = drift.shop.places
    profile = f"s3://models/runs/{MODEL}/run-1/training/profile.json"
    places = {"PREDICTIONS": predictions, "LABELS": labels, "PROFILE": profile, "MODELS_BUCKET": "models"}
    environment = {"MODEL": MODEL, **places, "EVENT_BUS": "retraining", "DRIFT_CONFIG": '{"psi": 0.3}'}
    for name, value in environment.items():
        monkeypatch.setenv(f"SLIPWAY_{name}", value)
    key = profile.removeprefix("s3://models/")
    s3.put_object(Bucket="models", Key=key, Body=(drift.shop.root / "profile.json").read_bytes())
    drift.shop.day(0, 2000)
    scraped = drift.shop.root / "textfile" / "drift.prom"
    code, out, err = drift("run", "--to", TO, "--days", "1", "--at", "2026-11-03T00:00:00Z", "--metrics", str(scraped))
    assert (code, err) == (0, "")
    assert out.startswith(
        "no drift: as at training\nreport: s3://models/drift/demand/20261102T000000.000000Z-20261103T"
    )
    assert messages() == []
    assert 'slipway_drift_alarm{model="demand"' in scraped.read_text()
    drift.shop.day(0, 4000, age=shifted(4000))
    code, out, err = drift("run", "--json", "--to", TO, "--days", "1", "--at", "2026-11-04T00:00:00Z")
    assert (code, err) == (0, "")
    said = json.loads(out)
    (message,) = messages()
    event = json.loads(message["Body"])
    assert (event["source"], event["detail-type"], event["id"]) == ("slipway.drift", "DriftDetected", said["event"])
    assert event["detail"] == {
        "model": MODEL,
        "release": RELEASE,
        "reason": said["reason"],
        "window": {"from": "2026-11-01T00:00:00.000000Z", "to": "2026-11-02T00:00:00.000000Z"},
        "report_uri": said["report"],
        "dedupe_key": "drift-demand-2026-11-01T00:00:00.000000Z-2026-11-02T00:00:00.000000Z",
    }
    bucket, key = said["record"].removeprefix("s3://").split("/", 1)
    body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    assert Record.parse(body, key).dedupe_key == event["detail"]["dedupe_key"]
    page = s3.head_object(Bucket=bucket, Key=key.replace(".json", ".html"))
    assert page["ContentType"] == "text/html; charset=utf-8"


def test_the_reference_is_what_the_run_of_the_release_left(
    drift: Command, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    s3_client.cache_clear()
    monkeypatch.setenv("SLIPWAY_MODELS_BUCKET", BUCKET)
    (drift.shop.root / "predictions").mkdir()
    run = f"s3://{BUCKET}/runs/{FLIGHTS}/run-1/"
    release = world.release(provenance={"run": "run-1", "run_uri": run}).id
    asked: dict[str, Any] = {"model": FLIGHTS, "profile": None, "labels": None, "release": release}
    code, _, err = drift.report(**asked)
    assert (code, err.count("\n")) == (1, 1)
    assert f"{run}training/profile.json: accepted: a reference, as slipway drift profile writes it" in err
    profile = (drift.shop.root / "profile.json").read_text().replace(MODEL, FLIGHTS)
    world.s3.put_object(Bucket=BUCKET, Key=f"runs/{FLIGHTS}/run-1/training/profile.json", Body=profile.encode())
    code, out, err = drift.report(**asked)
    assert (code, err) == (0, "")
    assert out == "no drift: too few answered requests: accepted: at least 500: received: 0\n"
    older = world.release(created_at="2026-11-19T00:00:00Z").id
    code, _, err = drift.report(**{**asked, "release": older})
    assert (code, f"because no run made {older}" in err) == (2, True)


def test_an_event_that_is_not_taken_is_a_failure(drift: Command, account: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    drift.shop.day(0, 2000, age=shifted())
    out = str(drift.shop.root / "out")
    code, _, err = drift.report(command="run", bus="nowhere", out=out, at="2026-11-03T00:00:00Z")
    assert (code, err.count("\n")) == (1, 1)
    assert err.startswith("slipway drift run: nowhere: put event failed: ")


@pytest.mark.parametrize(
    "changes, message",
    [
        (
            {"model": None},
            "2 slipway drift report: --model: accepted: the model's name, or SLIPWAY_MODEL: received: ",
        ),
        ({"model": "No Name"}, "2 slipway drift report: --model: accepted: 2 to 30 of a-z, 0-9 and -, beginning with"),
        (
            {"model": "other", "release": RELEASE},
            "1 slipway drift report: .*: model: accepted: other: received: ",
        ),
        (
            {"predictions": None},
            "2 slipway drift report: --predictions: accepted: s3://<bucket>/<prefix>, file:",
        ),
        (
            {"predictions": "/no/folder"},
            "1 slipway drift report: /no/folder: accepted: a folder or a file of events: ",
        ),
        (
            {"profile": "/no/file"},
            "1 slipway drift report: /no/file: accepted: a reference, as slipway drift ",
        ),
        (
            {"profile": None},
            "2 slipway drift report: --profile: accepted: s3://<bucket>/<prefix>, file:///<path> or ",
        ),
        (
            {"to": "now"},
            "2 slipway drift report: --to: accepted: RFC 3339 in UTC, such as 2026-11-20T09:30:00Z: ",
        ),
        (
            {"from": TO},
            "2 slipway drift report: --from: accepted: before --to, which is not after --at: ",
        ),
        ({"days": "0"}, "2 slipway drift report: --days: accepted: a whole number from 1 to 366: received: 0"),
        ({"config": "/no/file"}, "2 slipway drift report: --config: accepted: a readable file: received: /no/file"),
        ({"config": '{"psi": 0}'}, "1 slipway drift report: drift: psi: accepted: greater than 0: received: 0"),
        ({"config": '{"quality": {"f1": 1}}'}, "1 slipway drift report: drift: quality.f1: accepted: 'roc_auc', 'brie"),
        ({"config": "{"}, "1 slipway drift report: drift: config: accepted: JSON: received: "),
        (
            {"to": "2026-10-20T00:00:00Z"},
            "1 slipway drift report: .*: events: accepted: predictions of demand from ",
        ),
    ],
)
def test_what_is_wrong_is_one_line(drift: Command, changes: dict[str, Any], message: str) -> None:
    drift.shop.day(0, 600)
    code, out, err = drift.report(**changes)
    assert (out, err.count("\n")) == ("", 1)
    assert re.match(message.replace("{", r"\{"), f"{code} {err}"), err


def test_profile_says_what_is_seasonal(drift: Command) -> None:
    root = drift.shop.root
    code, out, _ = drift(
        "profile", "--model", MODEL, "--data", str(root / "reference.parquet"), "--out", str(root / "p.json")
    )
    assert (code, out) == (0, f"20000 rows, 5 features\n{root / 'p.json'}\n")


def test_schema_is_printed(drift: Command) -> None:
    code, out, _ = drift("schema")
    assert (code, json.loads(out)["title"]) == (0, "DriftConfig")
