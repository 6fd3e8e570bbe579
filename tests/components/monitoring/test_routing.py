"""Who is told of which alert, as Alertmanager itself decides it."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from slipway.monitoring import _routing, _rule, _workspace_rules
from slipway.monitoring._routing import Quiet, Routing, Topics
from slipway.monitoring._routing_args import routing_of
from slipway.monitoring._rule import HEARTBEAT, PAGE, TICKET

from tests.components.monitoring import declared
from tests.components.monitoring.promtool import tool

TOPIC = "arn:aws:sns:eu-west-1:123456789012:acme-"
NIGHT = Quiet("20:00", "07:00", True, "Europe/Dublin")
ROUTING = Routing(
    "eu-west-1",
    Topics(f"{TOPIC}page", {"risk": f"{TOPIC}page-risk"}),
    Topics(f"{TOPIC}ticket", {"risk": f"{TOPIC}ticket-risk"}),
    f"{TOPIC}heartbeat",
    NIGHT,
)
ARGS: dict[str, Any] = {
    "region": "eu-west-1",
    "page_topic_arn": f"{TOPIC}page",
    "ticket_topic_arn": f"{TOPIC}ticket",
}
ALERTS = [*_rule.alerts(declared.groups()), *_rule.alerts(_workspace_rules.groups(["prod"], "platform"))]


@pytest.fixture(scope="module")
def routed(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., str]:
    """Asks amtool which receiver gets an alert with these labels."""
    file = tmp_path_factory.mktemp("routes") / "alertmanager.yml"
    file.write_text(yaml.safe_dump(_routing.config(ROUTING), sort_keys=False))
    checked = subprocess.run([tool("amtool"), "check-config", str(file)], capture_output=True, text=True, timeout=60)
    assert checked.returncode == 0, checked.stdout + checked.stderr

    def ask(**labels: str) -> str:
        command = [tool("amtool"), "config", "routes", "test", f"--config.file={file}"]
        done = subprocess.run(
            [*command, *(f"{key}={value}" for key, value in labels.items())], capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()

    return ask


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_every_alert_reaches_whom_it_is_for(alert: _rule.Alert, routed: Callable[..., str]) -> None:
    team = alert.labels.get("team", "")
    expected = {PAGE: "page", TICKET: "ticket", HEARTBEAT: "heartbeat"}[alert.severity]

    found = routed(alertname=alert.name, severity=alert.severity, **alert.labels)

    assert found == (f"{expected}-{team}" if team == "risk" else expected)


@pytest.mark.parametrize(
    ("labels", "receiver"),
    [
        ({"severity": "critical"}, "page"),
        ({"severity": "warning", "team": "risk"}, "ticket-risk"),
        ({"severity": "info"}, "nobody"),
        ({"severity": "none", "alertname": "Watchdog"}, "nobody"),
        ({"severity": "page", "team": "unheard-of"}, "page"),
        ({}, "nobody"),
    ],
)
def test_alerts_of_the_chart_too(labels: dict[str, str], receiver: str, routed: Callable[..., str]) -> None:
    assert routed(**labels) == receiver


def test_tickets_wait_and_pages_never() -> None:
    config = _routing.config(ROUTING)
    heartbeat, page, ticket = config["route"]["routes"]

    assert "mute_time_intervals" not in str([heartbeat, page])
    for route in (ticket, *ticket["routes"]):  # a team's own route does not inherit it
        assert route["mute_time_intervals"] == ["quiet"]
    assert heartbeat["repeat_interval"] == "5m"
    assert config["time_intervals"] == [
        {
            "name": "quiet",
            "time_intervals": [
                {
                    "times": [
                        {"start_time": "20:00", "end_time": "24:00"},
                        {"start_time": "00:00", "end_time": "07:00"},
                    ],
                    "location": "Europe/Dublin",
                },
                {"weekdays": ["saturday", "sunday"], "location": "Europe/Dublin"},
            ],
        }
    ]


def test_every_receiver_has_a_topic_of_its_own_in_the_region() -> None:
    topics = {}
    for receiver in _routing.config(ROUTING)["receivers"]:
        for sns in receiver.get("sns_configs", []):
            assert sns["sigv4"] == {"region": "eu-west-1"}
            topics[receiver["name"]] = sns["topic_arn"].removeprefix(TOPIC)

    assert topics == {name: name for name in ("heartbeat", "page", "page-risk", "ticket", "ticket-risk")}


def test_a_ticket_is_not_told_beside_the_page_of_its_objective() -> None:
    tickets, absent = _routing.inhibitions()

    assert tickets["equal"] == ["environment", "model", "slo"]
    # labels that both lack count as equal: without this, a page of a model would hide all of its tickets
    assert 'slo!=""' in tickets["source_matchers"]
    assert 'slo!=""' in tickets["target_matchers"]
    assert absent["target_matchers"] == ['alertname="ModelMetricsAbsent"']


def test_without_topics_nobody_is_told() -> None:
    assert _routing.config(None) == {"route": {"receiver": "nobody"}, "receivers": [{"name": "nobody"}]}
    assert routing_of({}) is None


@pytest.mark.parametrize(
    ("hours", "times"),
    [
        ("20:00-07:00", [("20:00", "24:00"), ("00:00", "07:00")]),
        ("01:00-05:00", [("01:00", "05:00")]),
        ("20:00-00:00", [("20:00", "24:00")]),
    ],
)
def test_hours_never_reach_over_midnight(hours: str, times: list[tuple[str, str]]) -> None:
    routing = routing_of({**ARGS, "quiet_hours": hours})
    assert routing
    assert routing.quiet
    (found,) = _routing.intervals(routing.quiet)

    assert [(one["start_time"], one["end_time"]) for one in found["times"]] == times


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"page_topic_arn": f"{TOPIC}page"}, "page_topic_arn and ticket_topic_arn: accepted: all of them or none"),
        ({**ARGS, "region": None}, "region: accepted: a region"),
        ({**ARGS, "page_topic_arn": "page"}, "page_topic_arn: accepted: an SNS topic's ARN"),
        ({"quiet_hours": "20:00-07:00"}, "quiet_hours: accepted: only with page_topic_arn"),
        ({"team_page_topic_arns": {}}, "team_page_topic_arns: accepted: only with page_topic_arn"),
        ({**ARGS, "quiet_hours": "8pm"}, "quiet_hours: accepted: hours such as 22:00-07:00"),
        ({**ARGS, "quiet_hours": "20:00-20:00"}, "quiet_hours: accepted: two hours that differ"),
        ({**ARGS, "time_zone": "Dublin!"}, "time_zone: accepted: a time zone such as Europe/Dublin"),
        ({**ARGS, "quiet_weekends": "yes"}, "quiet_weekends: accepted: true or false"),
        ({**ARGS, "heartbeat_topic_arn": "h"}, "heartbeat_topic_arn: accepted: an SNS topic's ARN"),
        ({**ARGS, "team_page_topic_arns": {"R": f"{TOPIC}x"}}, "team_page_topic_arns (a key): accepted: a team's name"),
        ({**ARGS, "team_ticket_topic_arns": {"r": "x"}}, "team_ticket_topic_arns.r: accepted: an SNS topic's ARN"),
    ],
)
def test_refused(args: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as refused:
        routing_of(args)

    assert message in str(refused.value)


def test_alertmanager_accepts_it_without_topics(tmp_path: Path) -> None:
    """The configuration without topics is one that Alertmanager accepts too."""
    file = tmp_path / "alertmanager.yml"
    file.write_text(yaml.safe_dump(_routing.config(None)))

    done = subprocess.run([tool("amtool"), "check-config", str(file)], capture_output=True, text=True, timeout=60)

    assert done.returncode == 0, done.stdout + done.stderr
