"""Tags of a child: those that the caller adds and those that the component needs."""

from collections.abc import Mapping
from typing import Any, cast

import pulumi

Tags = pulumi.Input[dict[str, pulumi.Input[str]]]


def merge(given: Tags | None, own: Mapping[str, str]) -> Tags:
    """``given`` and ``own`` together; ``own`` wins, because something looks for it."""
    if given is None:
        return {**own}
    if isinstance(given, Mapping):
        return {**given, **own}
    later: pulumi.Output[dict[str, str]] = pulumi.Output.from_input(cast(Any, given))  # the SDK resolves it deeply
    return later.apply(lambda tags: {**tags, **own})
