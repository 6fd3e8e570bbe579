"""What every section of a stack's settings is."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """Strict: no unknown key, no conversion of a value's type."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, use_attribute_docstrings=True)
