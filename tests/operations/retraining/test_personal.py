"""What counts as personal data in text, and what does not."""

import pyarrow as pa
import pytest
from slipway_ops.retraining import personal

FOUND = [
    ("jo@acme.example", "e-mail address"),
    ("mail to: j.o+x@mail.acme.example, thanks", "e-mail address"),
    ("+49 170 1234567", "telephone number"),
    ("call +1 (212) 555-0100 now", "telephone number"),
    ("+442071838750", "telephone number"),
    ("(212) 555-0100", "telephone number"),
    ("212-555-0100", "telephone number"),
    ("DE89370400440532013000", "IBAN"),
    ("to DE89 3704 0044 0532 0130 00 please", "IBAN"),
    ("GB82 WEST 1234 5698 7654 32", "IBAN"),
    ("NO9386011117947 AND MORE", "IBAN"),
    ("4111111111111111", "card number"),
    ("card 4111 1111 1111 1111, 12/29", "card number"),
    ("3782-822463-10005", "card number"),
]
NOT = [
    "",
    "flight 1545 from EWR to IAH",
    "2026-03-01T00:00:00+01:00",
    "2013-01-01 05:00:00",
    "10.0.0.1",
    "a@b",  # no domain with a top level
    "@acme.example",
    "+49",
    "+0 123 456 789",
    "1-800",
    "555-0100",
    "212 555",
    "DE89370400440532013001",  # wrong remainder
    "DE8937040044053201300",  # too short for its country
    "XX89370400440532013000",  # no such country
    "ABCD-EFGH-IJKL",
    "4111111111111112",  # wrong check digit
    "411111111111",  # too short
    "1234567890123452",  # right check digit, no card begins so
    "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "N725UA",
    "123456789012345678901234567890",
]


@pytest.mark.parametrize(("text", "kind"), FOUND)
def test_is_found(text: str, kind: str) -> None:
    assert personal.found(pa.array([text, None, "harmless"])).get(kind) == 1


@pytest.mark.parametrize("text", NOT)
def test_is_not_found(text: str) -> None:
    assert personal.found(pa.array([text])) == {}


def test_values_are_counted_by_kind() -> None:
    column = pa.array(["a@b.example c@d.example", "x", None, "a@b.example, 4111111111111111"])
    assert personal.found(column) == {"e-mail address": 2, "card number": 1}


def test_a_column_without_values_holds_none() -> None:
    assert personal.found(pa.nulls(3, pa.string())) == {}
    assert personal.found(pa.array([], pa.string())) == {}
