"""Settings of the look for drift of one model."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from stacks._section import Section
from stacks.values import Arn, EventsUri, MetricName, Name, ObjectUri, Timing


class EventsSettings(Section):
    """Where the model's events are, where it is not as in ``gate``."""

    predictions: EventsUri
    """Prediction events, partitioned by model and day."""
    labels: EventsUri | None = None
    """Label events, likewise; without them nothing is said about quality."""
    key_arns: list[Arn] = []
    """KMS keys of their buckets."""


class DriftSettings(Section):
    """Looks for drift by a schedule, once the model has a release; without this section nobody looks.

    What counts as drift, where it is not said here, is as in docs/reference/drift.schema.json.
    """

    schedule: Timing = "cron(0 4 * * ? *)"
    """``cron(…)`` or ``rate(…)`` of EventBridge Scheduler."""
    timezone: str = "UTC"
    """Time zone of the schedule, such as ``Europe/Dublin``."""
    days: Annotated[int, Field(ge=1, le=366)] = 7
    """That are looked at together, up to the last midnight, UTC."""
    seasonal: list[Name] = []
    """Features that never alarm alone, besides those that the training period shows to be seasonal."""
    quality: dict[MetricName, Annotated[float, Field(gt=0)]] | None = None
    """By how much each measure may be worse than at training: ``roc_auc``, ``brier``, ``accuracy``, ``absolute_error``,
    ``squared_error``."""
    reference: ObjectUri | None = None
    """What production is compared with, as ``slipway drift profile`` writes it; what the run left that made the release
    if not given. A release that no run made has nothing."""
    events: EventsSettings | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if "timezone" in self.model_fields_set and self.schedule.startswith("rate("):
            raise ValueError("timezone with a schedule of cron(…)")
        return self
