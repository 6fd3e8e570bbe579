"""Instants as microseconds since 1970, and as text."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def now() -> int:
    """The present instant."""
    return of(datetime.now(UTC))


def of(value: datetime) -> int:
    """Of a datetime with a zone."""
    return (value - _EPOCH) // timedelta(microseconds=1)


def day(value: int) -> str:
    """The day, in UTC."""
    return text(value)[:10]


def text(value: int) -> str:
    """RFC 3339 in UTC, to the microsecond."""
    return (_EPOCH + timedelta(microseconds=value)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def compact(value: int) -> str:
    """As ``text``, for the name of an object; names sort as instants do."""
    return text(value).replace("-", "").replace(":", "")


def micros(value: str) -> int:
    """Of text or compact text; raises ``ValueError`` that says what is accepted."""
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        found = None
    if found is None or found.utcoffset() != timedelta(0):
        raise ValueError("RFC 3339 in UTC, such as 2026-11-20T09:30:00Z")
    return of(found)
