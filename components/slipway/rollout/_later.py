"""Values that may be known only later."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import pulumi

T = TypeVar("T")


def after(value: pulumi.Input[str], make: Callable[[str], T]) -> T | pulumi.Output[T]:
    """``make`` of ``value``: now where it is known text, else once it is known."""
    if isinstance(value, str):
        return make(value)
    later: pulumi.Output[str] = pulumi.Output.from_input(cast(Any, value))
    return later.apply(make)
