"""Conditions of an analysis on its result, as Argo Rollouts evaluates them: the part of the language Expr in use."""

import ast
import math
import re
from collections.abc import Callable
from typing import Any


class ConditionError(ValueError):
    """A condition cannot be evaluated: for the analysis, an error of this measurement."""


_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: lambda left, right: bool(left == right),
    ast.NotEq: lambda left, right: bool(left != right),
    ast.Lt: lambda left, right: bool(left < right),
    ast.LtE: lambda left, right: bool(left <= right),
    ast.Gt: lambda left, right: bool(left > right),
    ast.GtE: lambda left, right: bool(left >= right),
}
_FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "len": len,
    "isNaN": math.isnan,
    "isInf": math.isinf,
    "asFloat": float,
    "asInt": int,
}
_WORDS = ((r"&&", " and "), (r"\|\|", " or "), (r"!(?!=)", " not "), (r"\btrue\b", "True"), (r"\bfalse\b", "False"))


def holds(condition: str, result: Any) -> bool:
    """Whether ``result`` (a number, or the list of a vector's values) fits; raises ``ConditionError``."""
    text = condition
    for pattern, word in _WORDS:
        text = re.sub(pattern, word, text)
    try:
        found = _value(ast.parse(text.strip(), mode="eval").body, result)
    except ConditionError:
        raise
    except (SyntaxError, TypeError, IndexError, ValueError, KeyError) as error:
        raise ConditionError(f"could not evaluate {condition!r}: {error}") from None
    if not isinstance(found, bool):
        raise ConditionError(f"could not evaluate {condition!r}: expected bool, but got {type(found).__name__}")
    return found


def _value(node: ast.expr, result: Any) -> Any:
    match node:
        case ast.Constant(value=bool() | int() | float() as value):
            return value
        case ast.Name(id="result"):
            return result
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return not _value(operand, result)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand, result)
        case ast.BoolOp(op=op, values=values):
            wanted = isinstance(op, ast.Or)
            return wanted if any(_value(item, result) is wanted for item in values) else not wanted
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            return _COMPARE[type(op)](_value(left, result), _value(right, result))
        case ast.Subscript(value=value, slice=index):
            return _value(value, result)[_value(index, result)]
        case ast.Call(func=ast.Name(id=name), args=[argument], keywords=[]) if name in _FUNCTIONS:
            return _FUNCTIONS[name](_value(argument, result))
    raise ConditionError(f"could not evaluate {ast.unparse(node)!r}: not in the part of Expr that is known here")
