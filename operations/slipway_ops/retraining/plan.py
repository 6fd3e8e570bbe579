"""What a team declares about the evaluation of candidates; its JSON Schema is docs/reference/evaluation.schema.json."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field
from pydantic import model_validator as validator

from slipway_ops.content import MODEL_NAME, Name, Number, Section, Text
from slipway_ops.problems import FieldError, refused
from slipway_ops.retraining import dvc, records
from slipway_ops.retraining.job import Job, read

Measure = Literal["correct", "brier", "absolute_error", "squared_error"]
INCREASE = ("correct",)
"""Measures of which more is better; of the others less is."""
Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Metric(Section):
    """What decides."""

    label: Measure
    """How the outcome of a row is made: whether the prediction is ``correct``, that is equal to the label; ``brier``,
    (score - label)^2; ``absolute_error`` and ``squared_error`` of the prediction."""
    minimum_effect: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    """The smallest improvement that is worth a release, in the measure's own unit."""
    first_release: Number | None = None
    """What the mean of the measure has to reach (``correct``) or may not exceed (the others) where there is no champion
    to compare with. Default: a first candidate is refused."""


class Frozen(Section):
    """The rows that both are asked about, which neither has seen: the newest batches of the dataset, which ``train``
    keeps from the training, or a revision of their own."""

    batches: Annotated[int, Field(ge=1, le=100)] | None = None
    revision: Annotated[str, Text(dvc.REVISION.pattern, "<32 hex>.dir")] | None = None

    @validator(mode="after")
    def _consistent(self) -> Self:
        if (self.batches is None) == (self.revision is None):
            raise FieldError("batches", "a number, or revision, one of the two", self.batches)
        return self


class Guardrail(Section):
    """What the candidate may not make worse by more than a margin; that has to be shown."""

    label: Measure
    margin: Positive


class Slice(Section):
    """A feature, for none of whose values the metric may be worse by more than a margin; that has to be shown."""

    feature: Name
    margin: Positive
    minimum_rows: Annotated[int, Field(ge=30)] = 400
    """Rows of a value from which it is judged."""
    values: Annotated[list[str], Field(min_length=1)] | None = None
    """Those that must be judged: one with too few rows refuses the candidate. Default: all that have enough rows."""


class Fairness(Section):
    """A number that may not differ by more than a gap between the groups that a feature makes."""

    feature: Name
    statistic: Literal["selection_rate", "true_positive_rate", "false_positive_rate", "metric"]
    """``selection_rate``: share of rows that are predicted as 1 (demographic parity); ``true_positive_rate``: of those
    whose label is 1 (equal opportunity); ``false_positive_rate``: of those whose label is 0; ``metric``: the mean."""
    maximum_gap: Positive
    """Largest difference between two groups, in the candidate's answers."""
    minimum_rows: Annotated[int, Field(ge=30)] = 100
    """Rows of a group from which it is compared."""


class Plan(Section):
    """How a candidate is compared with the champion before anything is rolled out."""

    schema_version: Literal[1] = 1
    model: Annotated[str, MODEL_NAME]
    metric: Metric
    frozen: Frozen
    alpha: Annotated[float, Field(gt=0, le=0.2)] = 0.05
    """Of all candidates that are not better, the share that may pass."""
    minimum_rows: Annotated[int, Field(ge=100)] = 1000
    cluster: Name | None = None
    """A column of the predictions whose rows are no independent trials, such as the day: its values are counted, not
    the rows."""
    guardrails: list[Guardrail] = Field(default_factory=list)
    slices: list[Slice] = Field(default_factory=list, max_length=16)
    fairness: list[Fairness] = Field(default_factory=list, max_length=16)

    @validator(mode="after")
    def _consistent(self) -> Self:
        if self.metric.label in ("correct", "brier") and self.metric.minimum_effect >= 1:
            accepted = "less than 1, because outcomes are from 0 to 1"
            raise FieldError("metric.minimum_effect", accepted, self.metric.minimum_effect)
        names: dict[str, list[Any]] = {
            "guardrails": [one.label for one in self.guardrails],
            "slices": [one.feature for one in self.slices],
            "fairness": [(one.feature, one.statistic) for one in self.fairness],
        }
        for field, found in names.items():
            twice = [one for one in found if found.count(one) > 1]
            if twice:
                raise FieldError(field, "each one once", twice[0])
        return self

    @property
    def features(self) -> list[str]:
        """The columns that predictions must have besides."""
        named = [self.cluster, *(one.feature for one in self.slices), *(one.feature for one in self.fairness)]
        return sorted({name for name in named if name is not None})

    @property
    def measures(self) -> list[Measure]:
        """Every way in which an outcome is made here; the metric's is the first."""
        return list(dict.fromkeys([self.metric.label, *(one.label for one in self.guardrails)]))

    def held_out(self, batches: list[str]) -> list[str]:
        """Those of a dataset's batches that training does not see."""
        return batches[-self.frozen.batches :] if self.frozen.batches else []


def key(model: str) -> str:
    """Where the plan is, in the bucket of the datasets."""
    return f"schemas/{model}.evaluation.json"


def parse(data: bytes, subject: str, model: str) -> Plan:
    """Read a plan of ``model``; raises ``ReleaseError`` with everything that is wrong with it."""
    found = records.parse(Plan, data, subject)
    if found.model != model:
        raise refused(subject, "model", model, found.model)
    return found


def declared(job: Job) -> tuple[Plan, bytes]:
    """The plan of the job's model, and as it was read; raises ``ReleaseError`` where there is none."""
    data = read(job.s3, job.datasets_bucket, key(job.model))
    subject = f"s3://{job.datasets_bucket}/{key(job.model)}"
    if data is None:
        raise refused(subject, "plan", "a declaration of the evaluation", None)
    return parse(data, subject, job.model), data


def schema() -> dict[str, Any]:
    """The JSON Schema of a plan, as published in docs/reference/evaluation.schema.json."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Plan.model_json_schema()}
