"""Tags of a child: those that the caller adds, and those that something looks for, such as the data class."""

from collections.abc import Mapping
from typing import Any

import pulumi

Tags = pulumi.Input[dict[str, pulumi.Input[str]]]

DATA_CLASS = "data-class"
"""The class decides key, retention, who may read, and whether an erasure must reach a store."""


def merge(given: Tags | None, own: Mapping[str, str]) -> Tags:
    """``given`` and ``own`` together; ``own`` wins."""
    if given is None:
        return {**own}
    if isinstance(given, Mapping):
        return {**given, **own}
    later: pulumi.Output[Any] = pulumi.Output.from_input(given)
    return later.apply(lambda tags: {**(tags or {}), **own})


def classified(given: Tags | None, data_class: str) -> Tags:
    """``given`` and the data class, which wins: policies and erasures rely on it."""
    return merge(given, {DATA_CLASS: data_class})
