"""Recorded series hold what they say, as Prometheus computes it of what the gateway or a server exports."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from slipway.monitoring import _names as names
from slipway.monitoring import _sli, _slo_rules
from slipway.monitoring._sli import BUCKETS_MS, Gateway, Server
from slipway.monitoring._slo_rules import Objective
from slipway.rollout import _queries as rollout

from tests.components.monitoring import declared
from tests.components.monitoring.promtool import rule_file, tool

ROUTE = "httproute/models/fraud/rule/0/backend/{}"
STABLE, CANARY = ROUTE.format(0), ROUTE.format(1)
MODEL = '{model="fraud"}'


def xx(cluster: str, code: str, a_minute: float) -> dict[str, str]:
    return {
        f'envoy_cluster_upstream_rq_xx{{envoy_cluster_name="{cluster}",envoy_response_code_class="{code}"}}': (
            f"0+{a_minute}x400"
        )
    }


def timed(cluster: str, shares: dict[float, float], a_minute: float, suffix: str = "") -> dict[str, str]:
    """A histogram of Envoy's with these cumulative shares; ``suffix`` is what Prometheus 3 appends to whole bounds."""
    name = f'envoy_cluster_name="{cluster}"'
    found = {f"envoy_cluster_upstream_rq_time_count{{{name}}}": f"0+{a_minute}x400"}
    for bound in (*BUCKETS_MS, float("inf")):
        share = max((value for at, value in shares.items() if at <= bound), default=0.0)
        text = "+Inf" if bound == float("inf") else f"{bound:g}" + (suffix if bound >= 1 else "")
        if bound < 1_000_000 or bound == float("inf"):
            found[f'envoy_cluster_upstream_rq_time_bucket{{{name},le="{text}"}}'] = f"0+{share * a_minute}x400"
    return found


def evaluate(
    folder: Path, series: dict[str, str], asked: dict[str, float], objective: Objective = declared.OBJECTIVE
) -> None:
    """Asserts values, by query, in the fourth hour."""
    rules = folder / "rules.yml"
    rules.write_text(yaml.safe_dump(rule_file(_slo_rules.groups(objective)), sort_keys=False, width=10_000))
    expected = [
        {"expr": f"round({query}, 0.0001)", "eval_time": "200m", "exp_samples": [{"labels": "{}", "value": value}]}
        for query, value in asked.items()
    ]
    test: dict[str, Any] = {
        "rule_files": [str(rules)],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "15s",
                "input_series": [{"series": name, "values": values} for name, values in series.items()],
                "promql_expr_test": expected,
            }
        ],
    }
    file = folder / "test.yml"
    file.write_text(yaml.safe_dump(test, sort_keys=False, width=10_000))
    done = subprocess.run([tool("promtool"), "test", "rules", str(file)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


def quarter_minutes(series: dict[str, str]) -> dict[str, str]:
    """The same a minute, read four times in it."""
    found = {}
    for name, values in series.items():
        step = float(values.partition("+")[2].partition("x")[0])
        found[name] = f"0+{step / 4:.12g}x900"
    return found


def test_shares_of_all_that_users_get(tmp_path: Path) -> None:
    """A minute: 60 requests of the stable arm, of which 6 fail, 20 of the canary, of which 10, and a shadow's."""
    series = xx(STABLE, "2", 54) | xx(STABLE, "5", 6) | xx(CANARY, "2", 10) | xx(CANARY, "5", 10)
    series |= xx("httproute/models/fraud/rule/0-mirror-1", "5", 500) | xx(
        "httproute/models/other/rule/0/backend/0", "5", 9
    )

    evaluate(
        tmp_path,
        quarter_minutes(series),
        {
            f"sum({names.requests('5m')}{MODEL}) * 60": 80,
            f"sum({names.errors('5m')}{MODEL})": 0.2,
            f"sum({names.errors('1h')}{MODEL})": 0.2,
            f'sum({names.ARM_REQUESTS}{{model="fraud",variant="canary"}}) * 60': 20,
            f'1 - sum({names.ARM_GOOD}{{variant="canary"}}) / sum({names.ARM_REQUESTS}{{variant="canary"}})': 0.5,
            f'sum({names.ARM_REQUESTS}{{model="fraud",variant="shadow"}}) * 60': 500,
        },
    )


@pytest.mark.parametrize("suffix", ["", ".0"], ids=["prometheus-2", "prometheus-3"])
@pytest.mark.parametrize(("limit", "slow"), [(250, 0.25), (100, 0.75), (200, 0.4167)])
def test_slow_answers_between_two_bounds_in_proportion(tmp_path: Path, suffix: str, limit: int, slow: float) -> None:
    """A quarter within 100 ms, half more within 250: at 200 two thirds of that half."""
    objective = Objective("fraud", "risk", Gateway("models", "fraud"), None, limit, 100, ("stable",))
    series = timed(STABLE, {100: 0.25, 250: 0.75, 500: 1.0}, 120, suffix)

    evaluate(tmp_path, quarter_minutes(series), {f"sum({names.slow('5m')}{MODEL})": slow}, objective)


def test_without_a_request_there_is_no_share(tmp_path: Path) -> None:
    series = xx(STABLE, "2", 0)

    evaluate(tmp_path, quarter_minutes(series), {f"count({names.errors('5m')}{MODEL}) or vector(-1)": -1})


def test_a_server_measures_itself(tmp_path: Path) -> None:
    of = 'namespace="models",model="fraud",release="r1"'
    series = {
        f'slipway_requests_total{{{of},variant="stable",code="200"}}': "0+30x400",
        f'slipway_requests_total{{{of},variant="stable",code="503"}}': "0+10x400",
        f'slipway_requests_total{{{of},variant="shadow",code="500"}}': "0+500x400",
        f'slipway_request_seconds_bucket{{{of},variant="stable",le="0.2"}}': "0+20x400",
        f'slipway_request_seconds_bucket{{{of},variant="stable",le="+Inf"}}': "0+40x400",
        f'slipway_request_seconds_count{{{of},variant="stable"}}': "0+40x400",
    }

    asked = {
        f"sum({names.errors('5m')}{MODEL})": 0.25,
        f"sum({names.slow('5m')}{MODEL})": 0.5,
        f"sum({names.requests('1h')}{MODEL}) * 60": 40,
    }
    evaluate(tmp_path, quarter_minutes(series), asked, declared.INSIDE)


def test_the_guardrails_of_a_rollout_get_the_same_answer_from_recorded_series(tmp_path: Path) -> None:
    """What ``rollout._queries`` asks of Envoy's own series, and the same of recorded ones."""
    series = xx(STABLE, "2", 56) | xx(STABLE, "5", 8) | timed(STABLE, {50: 0.5, 100: 1.0}, 64)
    arm = rollout.arm("models", "fraud", rollout.STABLE)
    pairs = {
        rollout.requests(arm, 15): names.arm_requests("fraud", "stable", 15),
        rollout.error_ratio(arm, 15): names.arm_error_ratio("fraud", "stable", 15),
        rollout.p99(arm, 15): names.arm_p99("fraud", "stable", 15),
    }

    evaluate(
        tmp_path,
        quarter_minutes(series),
        {
            rollout.requests(arm, 15): 960,
            rollout.error_ratio(arm, 15): 0.125,
            rollout.p99(arm, 15): 99,
            **{f"abs({raw} - {recorded}) < bool 0.01": 1.0 for raw, recorded in pairs.items()},
        },
    )


@pytest.mark.parametrize("objective", [declared.OBJECTIVE, declared.INSIDE], ids=["gateway", "server"])
def test_a_name_is_recorded_once_for_each_arm(objective: Objective) -> None:
    found = [
        (rule.name, *sorted(rule.labels.items()))
        for group in _slo_rules.groups(objective)
        for rule in group.rules
        if not hasattr(rule, "severity")
    ]

    assert len(found) == len(set(found))


def test_only_objectives_that_there_are_are_recorded() -> None:
    bare = Objective("fraud", "risk", Server("models", "fraud"), None, None, 100, ("stable",))
    found = {rule.name for group in _slo_rules.groups(bare) for rule in group.rules}

    assert names.slow("5m") not in found
    assert {name for name in found if name.startswith("Model")} == {"ModelMetricsAbsent"}


@pytest.mark.parametrize(
    ("bound", "text"),
    [(250, 'le=~"250([.]0)?"'), (0.5, 'le=~"0[.]5"'), (0.2, 'le=~"0[.]2"'), (1, 'le=~"1([.]0)?"')],
)
def test_a_bound_as_either_version_of_prometheus_writes_it(bound: float, text: str) -> None:
    assert _sli.le(bound) == text
