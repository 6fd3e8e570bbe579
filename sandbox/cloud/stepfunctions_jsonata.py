"""JSONata in state machines, by the pure Python implementation; AWS's own functions; the account's clock."""

import hashlib
import json
import random
import uuid
from typing import Any

import jsonata
from jsonata.functions import Functions
from moto.stepfunctions.parser.asl.component.common.string import string_expression
from moto.stepfunctions.parser.asl.component.intrinsic import jsonata as intrinsic
from moto.stepfunctions.parser.asl.eval import states, variable_store
from moto.stepfunctions.parser.asl.jsonata import jsonata as bridge
from moto.stepfunctions.parser.asl.jsonata import validations
from moto.stepfunctions.parser.asl.utils.encoding import to_json_str

from sandbox.cloud import clock
from sandbox.cloud.extension import replaces

_ALGORITHMS = ("MD5", "SHA-1", "SHA-256", "SHA-384", "SHA-512")
_OURS = ("$hash", "$parse", "$uuid")
"""Of AWS's functions, those that moto declares and does not have; the others it writes in JSONata itself."""


def evaluate(expression: str) -> Any:
    """The value of an expression; raises moto's ``JSONataException``."""
    try:
        parsed = jsonata.Jsonata(expression)
        for name, function in _FUNCTIONS.items():
            parsed.register_lambda(name, function)
        return _plain(parsed.evaluate(None))
    except Exception as error:
        raise bridge.JSONataException("UNKNOWN", str(error)) from error


def _millis() -> int:
    return int(clock.now().timestamp() * 1000)


def _now(picture: str | None = None, timezone: str | None = None) -> Any:
    return Functions.datetime_from_millis(_millis(), picture, timezone)


def _hash(value: str, algorithm: str) -> str:
    if algorithm not in _ALGORITHMS:
        raise ValueError(f"$hash: accepted: {', '.join(_ALGORITHMS)}: received: {algorithm!r}")
    return hashlib.new(algorithm.replace("-", ""), value.encode()).hexdigest()


_FUNCTIONS = {
    "hash": _hash,
    "millis": _millis,
    "now": _now,
    "parse": lambda text: json.loads(text),
    "random": lambda seed=None: random.Random(seed).random(),  # noqa: S311 -- a state machine's, no secret
    "uuid": lambda: str(uuid.uuid4()),
}


def _plain(value: Any) -> Any:
    """JSON's own types, and whole numbers without a fraction, as JavaScript has them."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _evaluate(_: Any, expression: str) -> Any:
    return evaluate(expression)


def _declare(_: Any, bindings: dict[str, Any]) -> str:
    """Variables before an expression; moto writes texts without escaping what is in them."""
    return "".join(f"{name}:={to_json_str(value, separators=(',', ':'))};" for name, value in bindings.items())


for _module in (string_expression, validations):
    replaces(_module, "eval_jsonata_expression")(_evaluate)
for _module in (states, variable_store):
    replaces(_module, "encode_jsonata_variable_declarations")(_declare)
for _name in _OURS:
    del intrinsic._DECLARATION_BY_VARIABLE_REFERENCE[_name]
