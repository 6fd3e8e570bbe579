"""Releases of models: the record, its errors and the store that keeps them."""

from slipway_ops.problems import Problem, ReleaseError
from slipway_ops.record import Location, Release
from slipway_ops.store import RETAIN_DAYS, ReleaseStore

__all__ = ["RETAIN_DAYS", "Location", "Problem", "Release", "ReleaseError", "ReleaseStore"]
