"""How a new release takes over, as an argument."""

from typing import NotRequired, TypedDict


class RolloutArgs(TypedDict):
    """How a new release takes over from the one that serves."""

    steps_percent: NotRequired[list[int]]
    """Shares of the requests that the new release gets one after the other, increasing, each below 100. After the last
    one it is promoted. Default: 5, 25, 50."""
    step_minutes: NotRequired[int]
    """Minutes at each share before it is judged. Default: 15."""
    bake_minutes: NotRequired[int]
    """Minutes after the promotion that the old release keeps its pods. Default: 60."""
    pods_per_arm: NotRequired[int]
    """Fewest pods of an arm that gets requests. Default: 2, or 1 where ``min_replicas`` is 1."""
    sticky: NotRequired[bool]
    """Whether a user's requests stay with one arm; needs tokens, which say who the user is. Default: true."""
    mirror_percent: NotRequired[int]
    """Share of the requests copied to a shadow of the new release before any step; needs ``mirror_minutes``. Default:
    no mirror stage."""
    mirror_minutes: NotRequired[int]
    """Minutes of the mirror stage. Default: no mirror stage."""
    mirror_replicas: NotRequired[int]
    """Pods of the shadow. Default: what ``mirror_percent`` of ``max_replicas`` is."""
    minimum_requests: NotRequired[int]
    """Fewest requests of each arm in a stage; with fewer the new release is not judged and not kept. Default: 100."""
    error_margin_percent: NotRequired[int]
    """Percentage points by which the share of errors may be above the old release's. Default: 1."""
    latency_margin_percent: NotRequired[int]
    """Percent by which the 99th percentile of latency may be above the old release's. Default: 20."""
    saturation_margin_percent: NotRequired[int]
    """Percent by which the requests under way in a pod may be above the old release's. Default: 50."""
    gate: NotRequired[str]
    """Decides by labels whether the new release is better: the gate's settings as JSON text
    (docs/reference/gate.schema.json). Default: the guardrails alone decide."""
    gate_url: NotRequired[str]
    """Where the gate answers. Default: ``PromotionGate`` in the namespace ``rollouts``."""
    gate_interval_seconds: NotRequired[int]
    """Seconds between two looks at the end. Default: 60."""
