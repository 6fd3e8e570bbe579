"""How a refusal reads: the field, what is accepted and what came."""

import json
from dataclasses import dataclass
from typing import Any

import pydantic

_PLAIN = {
    "missing": "a value",
    "string_type": "text",
    "string_unicode": "text in valid Unicode",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "list_type": "a list",
    "dict_type": "an object",
    "model_type": "an object",
    "model_attributes_type": "an object",
}


@dataclass(frozen=True)
class Problem:
    """One value that is refused."""

    field: str
    """Dotted path of the field, such as ``content.artifact.sha256``."""
    accepted: str
    received: str

    def __str__(self) -> str:
        return f"{self.field}: accepted: {self.accepted}: received: {self.received}"


class ReleaseError(ValueError):
    """A release, its artifact or its image is not what it should be; ``problems`` holds each finding."""

    def __init__(self, subject: str, *problems: Problem) -> None:
        self.subject = subject
        self.problems = problems
        findings = "; ".join(str(problem) for problem in problems)
        super().__init__(f"{subject}: {findings}" if findings else subject)


def refused(subject: str, field: str, accepted: str, received: Any) -> ReleaseError:
    """The error for one field of ``subject``."""
    return ReleaseError(subject, Problem(field, accepted, short(received)))


def of_validation(error: pydantic.ValidationError) -> list[Problem]:
    """pydantic's findings, in our words."""
    return [_problem(finding) for finding in error.errors(include_url=False)]


def short(value: Any) -> str:
    """A received value for a message: one line, at most 100 characters."""
    if value is None:
        return "nothing"
    text = json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= 100 else text[:97] + "..."


def _problem(finding: Any) -> Problem:
    location = [str(part) for part in finding["loc"] if part != "[key]"]
    kind, context = finding["type"], finding.get("ctx", {})
    received = None if kind == "missing" else finding["input"]
    if kind == "json_invalid":
        return Problem("record", "JSON", context["error"])
    if kind == "extra_forbidden":
        accepted = "no such field"
    elif kind == "value_error":
        accepted = str(context["error"])
        if isinstance(context["error"], FieldError):
            location += context["error"].path
            received = context["error"].received
    elif kind in ("too_short", "too_long"):
        bound = "at least {min_length}" if kind == "too_short" else "at most {max_length}"
        accepted = f"{bound.format_map(context)} entries"
    elif kind == "literal_error":
        accepted = context["expected"]
    else:
        accepted = _PLAIN.get(kind) or _lowered(finding["msg"])
    return Problem(".".join(location) or "record", accepted, _summary(received))


class FieldError(ValueError):
    """Raised by a validator of a whole section about one field inside it."""

    def __init__(self, path: str, accepted: str, received: Any) -> None:
        self.path = path.split(".")
        self.received = received
        super().__init__(accepted)


def _lowered(message: str) -> str:
    text = message.removeprefix("Input should be ").removeprefix("Value should have ")
    return text[:1].lower() + text[1:]


def _summary(value: Any) -> str:
    return short(value.model_dump() if isinstance(value, pydantic.BaseModel) else value)
