"""Personal data in text: e-mail addresses, telephone numbers, bank accounts and payment cards, counted and never shown.

Four patterns with their check digits instead of a library: Presidio brings a language model of hundreds of megabytes,
and what it finds beyond these (names, places) it only guesses. A batch is refused for what is found here, so a finding
must be hard to get by chance:

- e-mail: a local part, ``@`` and a domain with a top level of letters;
- telephone: ``+``, then 8 to 15 digits (E.164) with single separators, or ten digits of a North American number in
  groups of 3, 3 and 4 with separators;
- IBAN: a country, its length, and the remainder modulo 97 is 1 (ISO 13616);
- card: 13 to 19 digits that begin with 3 to 6, with single separators, where Luhn's sum is right (ISO/IEC 7812). Of
  random numbers of that form one in ten passes: a column of such numbers has to be declared as ``personal_data``.
"""

import re
from typing import Any

import pyarrow as pa
import pyarrow.compute

pc: Any = pa.compute

_EMAIL = r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,24}\b"
_TELEPHONE = (
    r"(^|[^0-9A-Za-z])(\+[1-9]([ ./()-]{0,2}[0-9]){7,14}|\(?[2-9][0-9]{2}\)?[ .-][2-9][0-9]{2}[ .-][0-9]{4})([^0-9]|$)"
)
_IBAN = r"\b[A-Z]{2}[0-9]{2}( ?[A-Z0-9]){11,30}\b"
_CARD = r"\b[3-6]([ -]?[0-9]){12,18}\b"

_COUNTRIES = {
    15: "NO",
    16: "BE",
    18: "DK FI FO GL NL",
    19: "MK SI",
    20: "AT BA EE KZ LT LU XK",
    21: "CH HR LI LV",
    22: "BG BH CR DE GB GE IE ME RS VA",
    23: "AE GI IL IQ TL",
    24: "AD CZ ES MD PK RO SA SE SK TN VG",
    25: "PT ST",
    26: "IS TR",
    27: "FR GR IT MC MR SM",
    28: "AL AZ BY CY DO GT HU LB PL SV",
    29: "BR EG PS QA UA",
    30: "JO KW MU",
    31: "MT SC",
    32: "LC",
}
"""Countries by the length of their IBANs, as SWIFT's registry lists them."""
_LENGTHS = {country: length for length, countries in _COUNTRIES.items() for country in countries.split()}


def found(column: Any) -> dict[str, int]:
    """How many values of an Arrow column of text hold each kind of personal data; kinds without any are left out."""
    counts = {
        "e-mail address": _count(column, _EMAIL),
        "telephone number": _count(column, _TELEPHONE),
        "IBAN": _verified(column, _IBAN, _is_iban),
        "card number": _verified(column, _CARD, _is_card),
    }
    return {kind: count for kind, count in counts.items() if count}


def _count(column: Any, pattern: str) -> int:
    return int(pc.sum(pc.match_substring_regex(column, pattern)).as_py() or 0)


def _verified(column: Any, pattern: str, check: Any) -> int:
    """Values in which the pattern occurs with right check digits; only those that match are looked at one by one."""
    matching = pc.filter(column, pc.fill_null(pc.match_substring_regex(column, pattern), False))
    compiled = re.compile(pattern, re.ASCII)
    return sum(any(check(match[0]) for match in compiled.finditer(value)) for value in matching.to_pylist())


def _is_iban(text: str) -> bool:
    whole = text.replace(" ", "")
    whole = whole[: _LENGTHS.get(whole[:2], 0)]  # what follows after a space may be the next word
    return (
        len(whole) == _LENGTHS.get(whole[:2])
        and int("".join(str(int(sign, 36)) for sign in whole[4:] + whole[:4])) % 97 == 1
    )


def _is_card(text: str) -> bool:
    digits = [int(sign) for sign in text if sign.isdigit()]
    doubled = [digit if place % 2 == 0 else digit * 2 - 9 * (digit > 4) for place, digit in enumerate(reversed(digits))]
    return sum(doubled) % 10 == 0
