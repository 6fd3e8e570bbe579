"""Retraining: fresh data or drift starts a pipeline that ends with a candidate, or says why there is none."""

from typing import TYPE_CHECKING

from slipway import _lazy

if TYPE_CHECKING:
    from slipway.retraining.engine import Engine as Engine

__getattr__, __dir__ = _lazy.exports(__name__, {"Engine": "engine"})
