"""Tags of a child: those that the caller adds and those that something looks for."""

from collections.abc import Mapping
from typing import Any, cast

import pulumi

from slipway._tags import Tags


def merge(given: Tags | None, own: Mapping[str, str]) -> Tags:
    """``given`` and ``own`` together; ``own`` wins."""
    if given is None:
        return {**own}
    if isinstance(given, Mapping):
        return {**given, **own}
    later: pulumi.Output[dict[str, str]] = pulumi.Output.from_input(cast(Any, given))  # the SDK resolves it deeply
    return later.apply(lambda tags: {**tags, **own})
