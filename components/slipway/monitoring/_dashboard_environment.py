"""The dashboard of an environment: all of its models beside each other, however many there are."""

from slipway.monitoring import _names as names
from slipway.monitoring._board import Board, Row, graph, stat, table
from slipway.monitoring._model_rules import HOURS_OF_A_MONTH

FIRING = 'ALERTS{alertstate="firing",model!=""}'


def board(environment: str) -> Board:
    """Models are found by their recorded series, so that adding one changes nothing here."""
    return Board(
        "slipway-environment",
        f"Environment {environment}",
        ["environment", environment],
        [_now(), _over_time(), _right(), _costs()],
    )


def _now() -> Row:
    return Row(
        "Now",
        [
            stat(
                "Models",
                "short",
                "Models whose objectives are measured.",
                f"count(count by (model) ({names.requests('5m')}))",
            ),
            stat("Requests", "reqps", "Answers a second of all models.", f"sum({names.requests('5m')})"),
            stat(
                "Pages",
                "short",
                "Alerts of models that wake somebody, firing now.",
                'count(ALERTS{alertstate="firing",severity="page",model!=""}) or vector(0)',
                red_from=1,
            ),
            stat(
                "Tickets",
                "short",
                "Alerts of models for a working day, firing now.",
                'count(ALERTS{alertstate="firing",severity="ticket",model!=""}) or vector(0)',
            ),
            stat(
                "Rollouts under way",
                "short",
                "Rollouts that are neither done nor aborted.",
                'count(rollout_info{phase=~"Progressing|Paused"} == 1) or vector(0)',
            ),
            stat(
                "Month like today",
                "currencyUSD",
                "What all models' pods request, at list prices; no bill.",
                f"sum(avg_over_time({names.COST}[1d])) * {HOURS_OF_A_MONTH}",
            ),
            table(
                "Each model",
                "short",
                "One line for each model. Shares are of the last hour.",
                (f"sum by (model) ({names.requests('1h')})", "requests/s"),
                (f"sum by (model) ({names.errors('1h')})", "errors"),
                (f"sum by (model) ({names.slow('1h')})", "too slow"),
                (f"sum by (model) ({names.COST})", "USD/h"),
                (f"count by (model) ({FIRING})", "alerts"),
                ("max by (model) (slipway_drift_alarm)", "drift"),
            ),
            table("Firing", "short", "Alerts of models that fire now.", (FIRING, "")),
        ],
    )


def _over_time() -> Row:
    return Row(
        "Traffic",
        [
            graph("Requests", "reqps", "Answers a second of each model.", (names.requests("5m"), "{{model}}")),
            graph("Errors", "percentunit", "Share of the last five minutes.", (names.errors("5m"), "{{model}}")),
            graph(
                "Too slow",
                "percentunit",
                "Share of the answers beyond each model's own limit; 0.01 is the objective.",
                (names.slow("5m"), "{{model}}"),
                red_from=0.01,
            ),
        ],
    )


def _right() -> Row:
    return Row(
        "Quality, drift, rollouts",
        [
            graph(
                "Quality",
                "short",
                "Each model's measures from labels that have come.",
                ('slipway_model_quality{metric!~".+_(lower|upper)"}', "{{model}} {{metric}}"),
            ),
            graph(
                "Features that changed",
                "short",
                "Features of each model that differ from training, by the tests of the look.",
                ('sum by (model) (slipway_feature_drift{statistic="changed"})', "{{model}}"),
            ),
            graph(
                "Rollouts",
                "short",
                "Rollouts by phase; Degraded are the aborted ones.",
                ("sum by (phase) (rollout_info)", "{{phase}}"),
            ),
        ],
    )


def _costs() -> Row:
    return Row(
        "Cost",
        [
            graph("An hour", "currencyUSD", "By model, at list prices.", (names.COST, "{{model}}"), width=12),
            graph(
                "1000 answers",
                "currencyUSD",
                "Cost of an hour by answers of the hour.",
                (f"{names.COST} / on (model) ({names.requests('1h')} * 3.6 > 0)", "{{model}}"),
                width=12,
            ),
        ],
    )
