"""Where an analysis' numbers come from: scraped counters, and services of the cluster, the real gate among them."""

import sys
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from sandbox.dataplane.clock import Clock, text
from sandbox.dataplane.measuring import MeasureError, Measurer, Scraper
from sandbox.dataplane.plot import look, path
from sandbox.dataplane.processes import Program, free_port, get
from sandbox.dataplane.samples import Samples
from sandbox.loopback import NotLoopbackError
from sandbox.workspace import ROOT
from tests.sandbox.dataplane.echo import Echo

GATE = {
    "metric": {"name": "brier", "kind": "mean", "direction": "decrease", "label": "brier", "minimum_effect": 0.01},
    "deadline_minutes": 5,
    "label_window_minutes": 0.3,
}


def web(url: str, **more: Any) -> dict[str, Any]:
    return {"web": {"method": "POST", "url": url, "jsonBody": {"a": 1}, "jsonPath": "{$.host}", **more}}


def test_a_service_of_the_cluster_is_a_process_here() -> None:
    echo = Echo()
    try:
        address = f"http://127.0.0.1:{echo.address[1]}"
        measurer = Measurer(Samples(), Clock(1), {"gate.rollouts.svc": address})
        assert measurer(web("http://gate.rollouts.svc:8080/v1/decisions")) == f"127.0.0.1:{echo.address[1]}"
        assert measurer.answers[0]["content-type"] == "application/json"
    finally:
        echo.stop()


@pytest.mark.parametrize(
    ("provider", "problem"),
    [
        (web("http://other.svc/x"), "web.url: accepted: a service that runs here"),
        (web("http://gate.svc/x", method="GET"), "web: accepted: POST with jsonBody"),
        ({"job": {}}, "provider: accepted: prometheus or web: received: job"),
    ],
)
def test_what_cannot_be_measured_is_an_error(provider: dict[str, Any], problem: str) -> None:
    with pytest.raises(MeasureError, match=problem):
        Measurer(Samples(), Clock(1), {"gate.svc": "http://127.0.0.1:9"})(provider)


def test_a_service_may_not_be_elsewhere() -> None:
    with pytest.raises(NotLoopbackError):
        Measurer(Samples(), Clock(1), {"gate.svc": "http://gate.example.com"})


def test_counters_are_scraped_in_declared_seconds_and_a_failed_scrape_is_missing() -> None:
    answers: Iterator[str | OSError] = iter(
        [OSError("starting"), *(f"envoy_cluster_x {number}" for number in range(0, 1000, 10))]
    )

    def exposition() -> str:
        answer = next(answers)
        if isinstance(answer, OSError):
            raise answer
        return answer

    clock = Clock(20)
    scraper = Scraper(exposition, clock)
    time.sleep(1.6)
    scraper.stop()
    measured = Measurer(scraper.samples, clock, {})({"prometheus": {"query": "rate(envoy_cluster_x[30s])"}})
    assert 1 < measured[0] < 3  # 10 more each quarter of a second, which is 5 declared seconds


@pytest.mark.sandbox
def test_the_real_gate_answers_by_the_fast_clock(tmp_path: Path) -> None:
    clock, port = Clock(600), free_port()
    folders = {name: tmp_path / name for name in ("predictions", "labels", "decisions")}
    for folder in folders.values():
        folder.mkdir()
    command = [sys.executable, "-m", "sandbox.dataplane.gate", "--port", str(port), "--start", text(clock.start)]
    command += ["--speed", str(clock.speed), *(part for n, p in folders.items() for part in (f"--{n}", str(p)))]
    program = Program("gate", command, {"PYTHONPATH": str(ROOT)}, tmp_path / "log")
    try:
        program.wait(lambda: bool(get(f"http://127.0.0.1:{port}/healthz")), 60)
        measurer = Measurer(Samples(), clock, {"slipway-gate.rollouts.svc": f"http://127.0.0.1:{port}"})
        body = {"gate": GATE, "model": "m1", "candidate": "r-2", "weight": "25", "final": "false"}
        asked = {"url": "http://slipway-gate.rollouts.svc:8080/v1/decisions", "jsonBody": body}
        provider = {"web": {"method": "POST", "jsonPath": "{$.verdict}", **asked}}
        assert measurer(provider) == 0  # nothing is known yet
        first = look(measurer.answers[0])
        assert (first.answer, first.weight, first.estimate) == ("wait", 25, None)
        time.sleep(0.6)  # six declared minutes
        assert measurer(provider) == -1
        last = look(measurer.answers[1])
        assert last.reason.startswith("the deadline of 5 minutes has passed")
        assert last.minutes > 5
        record = path(last.record).name
        assert datetime.strptime(record[:15], "%Y%m%dT%H%M%S").date() >= clock.start.date()
    finally:
        program.stop()
