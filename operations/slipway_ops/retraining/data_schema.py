"""What a team declares about a model's data; its JSON Schema is docs/reference/data.schema.json."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field
from pydantic import model_validator as validator

from slipway_ops.content import MODEL_NAME, Feature, Name, Number, Section
from slipway_ops.problems import FieldError, refused
from slipway_ops.retraining import records

Type = Literal["integer", "number", "boolean", "string", "timestamp"]
Share = Annotated[float, Field(ge=0, le=1)]


class Column(Section):
    """One column."""

    name: Name
    type: Type
    null_share: Share = 0.0
    """The largest share of a batch's rows that may have no value here."""
    minimum: Number | None = None
    maximum: Number | None = None
    values: Annotated[list[str] | list[int], Field(min_length=1)] | None = None
    """All that are allowed."""
    personal_data: bool = False
    """True: the column may hold e-mail addresses and the like. Text of other columns is searched for them."""
    feature: bool = False
    """True: an input of the model; the record of a release names them where training does not."""

    @validator(mode="after")
    def _consistent(self) -> Self:
        for bound in ("minimum", "maximum"):
            if getattr(self, bound) is not None and self.type not in ("integer", "number"):
                raise FieldError(bound, "nothing, because type is neither integer nor number", getattr(self, bound))
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise FieldError("minimum", f"at most maximum ({self.maximum:g})", self.minimum)
        if self.values is not None:
            fitting = {"string": str, "integer": int}.get(self.type)
            if fitting is None:
                raise FieldError("values", "nothing, because type is neither string nor integer", self.values)
            if not all(isinstance(value, fitting) for value in self.values):
                raise FieldError("values", f"values of the type {self.type}", self.values)
        if self.personal_data and self.type != "string":
            raise FieldError("personal_data", "false, because only text is searched", self.personal_data)
        return self

    def as_feature(self) -> Feature:
        """As the record of a release names it."""
        texts = [value for value in self.values or [] if isinstance(value, str)]
        return Feature(
            name=self.name,
            type="category" if texts else self.type,
            nullable=self.null_share > 0,
            minimum=self.minimum,
            maximum=self.maximum,
            categories=texts or None,
        )


class Rows(Section):
    """How many rows a batch has."""

    minimum: Annotated[int, Field(ge=1)] = 1
    maximum: Annotated[int, Field(ge=1)] | None = None

    @validator(mode="after")
    def _ordered(self) -> Self:
        if self.maximum is not None and self.minimum > self.maximum:
            raise FieldError("minimum", f"at most maximum ({self.maximum})", self.minimum)
        return self


class Freshness(Section):
    """How old the newest of the data may be."""

    column: Name
    maximum_age_hours: Annotated[float, Field(gt=0, allow_inf_nan=False)]


class DataSchema(Section):
    """What the data of a model must be like; checked for every batch before anything is learnt from it."""

    schema_version: Literal[1] = 1
    model: Annotated[str, MODEL_NAME]
    columns: Annotated[list[Column], Field(min_length=1)]
    additional_columns: bool = False
    """True: a file may have columns that are not declared; nothing of them is looked at."""
    rows: Rows = Rows()
    unique: list[Annotated[list[Name], Field(min_length=1)]] = Field(default_factory=list)
    """Groups of columns whose values together occur once in a batch."""
    freshness: Freshness | None = None

    @validator(mode="after")
    def _consistent(self) -> Self:
        names = [column.name for column in self.columns]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise FieldError("columns", "names that differ from each other", twice)
        for number, group in enumerate(self.unique):
            unknown = sorted(set(group) - set(names))
            if unknown or len(set(group)) < len(group):
                raise FieldError(f"unique.{number}", "names of columns, each once", unknown or group)
        if self.freshness is not None:
            kinds = {column.name: column.type for column in self.columns}
            if kinds.get(self.freshness.column) != "timestamp":
                raise FieldError("freshness.column", "a column of the type timestamp", self.freshness.column)
        return self

    def features(self) -> list[Feature]:
        """The columns that are inputs of the model."""
        return [column.as_feature() for column in self.columns if column.feature]


def parse(data: bytes, subject: str, model: str | None = None) -> DataSchema:
    """Read a schema, of ``model`` if given; raises ``ReleaseError`` with everything that is wrong with it."""
    found = records.parse(DataSchema, data, subject)
    if model is not None and found.model != model:
        raise refused(subject, "model", model, found.model)
    return found


def schema() -> dict[str, Any]:
    """The JSON Schema of a declaration, as published in docs/reference/data.schema.json."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **DataSchema.model_json_schema()}
