"""Refuses wrong arguments, always in one form: the argument, what is accepted, what came.

Each function returns the checked value, so that a constructor reads and checks an argument in one line. Whole numbers
are accepted as floats too: a plugin host sends ``90.0`` for 90.
"""

import re
from collections.abc import Collection, Iterable
from typing import Any, NoReturn

A_KEY = (r"arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key/[A-Za-z0-9-]+", "a KMS key's ARN")
A_BUCKET = (r"arn:aws[a-z-]*:s3:::[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "a bucket's ARN: arn:aws:s3:::<bucket>")
A_ROLE = (r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+", "a role's ARN: arn:aws:iam::<account>:role/<name>")
A_MANAGED_POLICY = (r"arn:aws[a-z-]*:iam::(\d{12}|aws):policy/[\w+=,.@/-]+", "a managed policy's ARN")
AN_OIDC_PROVIDER = (r"arn:aws[a-z-]*:iam::\d{12}:oidc-provider/.+", "an IAM OIDC provider's ARN")
A_STATE_MACHINE = (r"arn:aws[a-z-]*:states:[a-z0-9-]+:\d{12}:stateMachine:[\w-]+", "a state machine's ARN")
AN_ACCOUNT = (r"\d{12}", "an account id of 12 digits")
A_REGION = (r"[a-z]{2}(-[a-z]+)+-\d", "a region such as eu-west-1")
"""Patterns with what they accept, to be handed on together: ``_check.plain("region", value, *_check.A_REGION)``."""


def refuse(arg: str, accepted: str, received: Any) -> NoReturn:
    """Raise the ``ValueError`` of a wrong argument."""
    raise ValueError(f"{arg}: accepted: {accepted}: received: {received!r}")


def whole(arg: str, value: Any, accepted: str = "a whole number") -> int:
    """A whole number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value % 1 != 0:
        refuse(arg, accepted, value)
    return int(value)


def between(arg: str, value: Any, low: int, high: int) -> int:
    """A whole number from ``low`` to ``high``."""
    return _within(arg, value, low, high, f"a whole number from {low} to {high}")


def days(arg: str, value: Any, low: int = 1, high: int = 3653) -> int:
    """A number of days; by default 1 day to 10 years."""
    return _within(arg, value, low, high, f"{low} to {high} days")


LOG_DAYS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)
"""The retentions that CloudWatch Logs accepts."""


def log_days(arg: str, value: Any) -> int:
    """A retention of CloudWatch Logs, in days."""
    accepted = f"one of {', '.join(map(str, LOG_DAYS))}"
    number = whole(arg, value, accepted)
    if number not in LOG_DAYS:
        refuse(arg, accepted, value)
    return number


def flag(arg: str, value: Any) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        refuse(arg, "true or false", value)
    return value


def matches(arg: str, value: Any, pattern: str, accepted: str) -> str:
    """Text that ``pattern`` matches as a whole; ``accepted`` says the pattern to a person."""
    if not isinstance(value, str) or not re.fullmatch(pattern, value):
        refuse(arg, accepted, value)
    return value


def one_of(arg: str, value: Any, choices: Iterable[str]) -> str:
    """One of ``choices``."""
    known = [str(choice) for choice in choices]
    if not isinstance(value, str) or str(value) not in known:
        refuse(arg, f"one of {', '.join(known)}", str(value) if isinstance(value, str) else value)
    return str(value)


def unique(arg: str, values: Any, *, at_least: int = 0) -> list[str]:
    """A list of text without duplicates."""
    if isinstance(values, str) or not isinstance(values, Collection) or not all(isinstance(v, str) for v in values):
        refuse(arg, "a list of text", values)
    items = [str(value) for value in values]
    if len(items) < at_least:
        refuse(arg, f"at least {at_least} {'entry' if at_least == 1 else 'entries'}", items)
    duplicates = sorted({item for item in items if items.count(item) > 1})
    if duplicates:
        refuse(arg, "entries that differ from each other", items)
    return items


def each(arg: str, values: Any, pattern: str, accepted: str, *, at_least: int = 0) -> list[str]:
    """A list of text without duplicates, each of which ``pattern`` matches."""
    return [matches(f"{arg}[{i}]", v, pattern, accepted) for i, v in enumerate(unique(arg, values, at_least=at_least))]


def plain(arg: str, value: Any, pattern: str, accepted: str) -> None:
    """An input that ``pattern`` must match where it is already known text; an Output is checked by AWS."""
    if isinstance(value, str):
        matches(arg, value, pattern, accepted)


def given(args: Any, arg: str, pattern: str, accepted: str) -> Any:
    """A required input, whose text ``pattern`` must match where it is already known."""
    value = args.get(arg)
    if value is None:
        refuse(arg, accepted, value)
    plain(arg, value, pattern, accepted)
    return value


def together(args: Any, *names: str) -> bool:
    """Whether all of ``names`` are given; refuses some without the others."""
    given = [name for name in names if args.get(name) is not None]
    if given and len(given) < len(names):
        refuse(" and ".join(names), "all of them or none", given)
    return bool(given)


def known(args: Any, accepted: Iterable[str]) -> None:
    """Refuses arguments that the component does not have: a dict is not checked by Python."""
    names = sorted(accepted)
    for name in args:
        if name not in names:
            refuse(str(name), f"no such argument; there are {', '.join(names)}", args[name])


def _within(arg: str, value: Any, low: int, high: int, accepted: str) -> int:
    number = whole(arg, value, accepted)
    if not low <= number <= high:
        refuse(arg, accepted, value)
    return number
