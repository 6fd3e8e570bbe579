"""The release that a candidate has to be better than."""

import os
from dataclasses import dataclass

from slipway_ops.decisions import DECISIONS, last
from slipway_ops.record import Release
from slipway_ops.release import ReleaseStore
from slipway_ops.retraining.job import Job

NONE = "none"


@dataclass(frozen=True)
class Champion:
    """A release, or none, and the rule by which it was chosen."""

    release: Release | None
    rule: str


def find(job: Job, named: str | None) -> Champion:
    """The release ``named`` by the pipeline, ``none``, or the newest that neither a person nor the gate turned down.

    Raises ``ReleaseError`` for a named one that is not there or was withdrawn.
    """
    store = ReleaseStore(job.s3, job.need("models_bucket"))
    if named == NONE:
        return Champion(None, "none, as --champion says")
    if named is not None:
        return Champion(store.get(named), "the one that --champion names")
    withdrawn = store.withdrawn(job.model)
    for release in store.list(job.model):
        if release.id not in withdrawn and not _turned_down(job, release.id):
            return Champion(release, "the newest release that was neither withdrawn nor rejected by the gate")
    return Champion(None, "none, because there is no release that was neither withdrawn nor rejected by the gate")


def _turned_down(job: Job, release: str) -> bool:
    where = os.environ.get(DECISIONS) or f"s3://{job.need('models_bucket')}/gate"
    decision = last(job.s3, where, job.model, release)
    return decision is not None and decision["answer"] == "reject"
