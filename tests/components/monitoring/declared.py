"""Rules of one model with everything, and of the platform, as the tests look at them."""

from slipway.monitoring import _model_rules, _platform_rules, _slo_rules
from slipway.monitoring._model_rules import Prices, Watch
from slipway.monitoring._rule import Group
from slipway.monitoring._sli import Gateway, Server
from slipway.monitoring._slo_rules import Objective

MACHINE = "arn:aws:states:eu-west-1:123456789012:stateMachine:acme-prod-fraud"

OBJECTIVE = Objective(
    model="fraud",
    team="risk",
    source=Gateway("models", "fraud"),
    availability_percent=99.9,
    latency_p99_ms=200,
    minimum_requests=100,
    arms=("stable", "canary", "shadow"),
)
WATCH = Watch(
    model="fraud",
    team="risk",
    namespace="models",
    prices=Prices(cpu=0.05, gib=0.0, gpu=1.0),
    monthly_budget_usd=365,
    longest_pause_minutes=15,
    state_machine=MACHINE.rpartition(":")[2],
    retrained_within_hours=2,
    drift_within_hours=36,
    champion=("accuracy", 0.9),
)
INSIDE = Objective("fraud", "risk", Server("models", "fraud"), 99.9, 200, 100, ("stable",))


def groups() -> list[Group]:
    """All rules."""
    platform = _platform_rules.groups("platform", cloud=True, gateway=True, rollouts=True)
    return [*_slo_rules.groups(OBJECTIVE), *_model_rules.groups(WATCH), *platform]
