"""``slipway evaluate``: candidate and champion answer the same frozen rows, and the better one is known afterwards.

The command is a team's own. It is run once for each, with the model's file in ``SLIPWAY_ARTIFACT``, the frozen rows
with their labels in the folder ``SLIPWAY_DATA``, the settings of the release as its server has them, and fills
``SLIPWAY_OUTPUT`` with ``predictions.parquet`` or ``predictions.jsonl``: columns ``row`` (a name for the row),
``prediction``, ``label``, ``score`` where a measure needs it, and the features that the plan names.

What cannot be judged is refused: an answer that is missing or not a number, other rows for one than for the other, too
few of them, rows that the candidate was trained on, no champion where the plan says no bound for a first release.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from slipway_ops import artifact as artifacts
from slipway_ops.content import Training
from slipway_ops.objects import Source
from slipway_ops.problems import ReleaseError, refused
from slipway_ops.record import Release
from slipway_ops.retraining import champion as champions
from slipway_ops.retraining import compare, predictions, program, revisions, train
from slipway_ops.retraining import plan as plans
from slipway_ops.retraining.champion import Champion
from slipway_ops.retraining.dvc import Remote
from slipway_ops.retraining.evaluation import Check, Evaluation, Side
from slipway_ops.retraining.job import Job
from slipway_ops.retraining.plan import Plan
from slipway_ops.retraining.predictions import Predictions
from slipway_ops.retraining.records import Lineage, made, parse


def run(job: Job, command: Sequence[str], named: str | None = None) -> Evaluation:
    """Let both answer, compare and write ``evaluation.json``; ``named`` is the champion's id, ``none``, or None.

    Raises ``ReleaseError`` where something failed, which is no judgement.
    """
    done = job.get("evaluation.json", Evaluation)
    if done is not None:
        return done  # this step was started again after its end
    lineage: Lineage = train.needed(job, f"{train.FOLDER}lineage.json", Lineage)
    plan, data = plans.declared(job)
    champion = champions.find(job, named)
    remote = Remote(job.s3, job.datasets_bucket, job.model)
    trained = remote.entries(lineage.dataset.revision)
    entries, batches, revision = _frozen(plan, lineage, remote, trained)
    seen = set(revisions.of_batches(trained, lineage.batches).values()) & set(entries.values())
    checks: list[Check] = []
    means: dict[str, dict[str, float]] = {}
    rows = 0
    if not entries or seen:
        detail = f"{len(seen)} of {len(entries)} files were trained on" if entries else "there are none"
        checks = [Check(name="frozen rows", passed=False, detail=detail)]
    else:
        with job.workspace() as work:
            remote.fetch(entries, work / "data")
            candidate = train.artifact(job, lineage, work / "candidate")
            _answer(command, work, "candidate", candidate, _settings(job), plan)
            if champion.release:
                path = work / "champion" / "artifact"
                _fetch(job, champion.release, path)
                _answer(command, work, "champion", path, champion.release.content.settings, plan)
            try:
                rows, means, checks = _compared(plan, work, champion)
            except ReleaseError as error:
                checks = [Check(name="predictions", passed=False, detail=" ".join(str(error).split())[:500])]
    evaluation = _record(job, plan, data, champion, lineage, revision, batches, rows, means, checks)
    job.put("evaluation.json", evaluation)
    if evaluation.state == "refused":
        job.ended("refused", evaluation.reason)
    return evaluation


def _frozen(
    plan: Plan, lineage: Lineage, remote: Remote, trained: dict[str, str]
) -> tuple[dict[str, str], list[str], str]:
    """Files of the frozen rows, their batches and the revision that they are of."""
    if plan.frozen.revision is None:
        batches = plan.held_out([*lineage.batches, *lineage.held_out])
        return revisions.of_batches(trained, batches), batches, lineage.dataset.revision
    entries = remote.entries(plan.frozen.revision)
    return entries, sorted({path.partition("/")[0] for path in entries}), plan.frozen.revision


def _answer(command: Sequence[str], work: Path, who: str, artifact: Path, settings: dict[str, str], plan: Plan) -> None:
    """Let one of them answer; the command is told nothing about which one it is."""
    output = work / who / "output"
    output.mkdir(parents=True)
    variables = {
        **settings,
        "SLIPWAY_ARTIFACT": str(artifact),
        "SLIPWAY_DATA": str(work / "data"),
        "SLIPWAY_OUTPUT": str(output),
        "SLIPWAY_FEATURES": ",".join(plan.features),
    }
    program.run(command, variables, f"scoring of the {who}")


def _compared(plan: Plan, work: Path, champion: Champion) -> tuple[int, dict[str, dict[str, float]], list[Check]]:
    """Rows, the means of both, and the checks."""

    def load(who: str) -> Predictions:
        score, numbers = "brier" in plan.measures, compare.needs_numbers(plan)
        return predictions.load(work / who / "output", who, plan.features, score=score, numbers=numbers)

    candidate = load("candidate")
    means = {"candidate": compare.means(compare.measured(plan, candidate, "candidate"))}
    if champion.release is None:
        return len(candidate.rows), means, compare.alone(plan, candidate)
    other = load("champion")
    predictions.agree(candidate, other)
    means["champion"] = compare.means(compare.measured(plan, other, "champion"))
    return len(candidate.rows), means, compare.both(plan, candidate, other)


def _record(
    job: Job,
    plan: Plan,
    data: bytes,
    champion: Champion,
    lineage: Lineage,
    revision: str,
    batches: list[str],
    rows: int,
    means: dict[str, dict[str, float]],
    checks: list[Check],
) -> Evaluation:
    failed = [check for check in checks if not check.passed]
    told = failed or [check for check in checks if check.name.startswith(("metric", "first release"))]
    release = champion.release
    side = Side(artifact_sha256=lineage.artifact.sha256, means=means.get("candidate", {}))
    known = {
        **job.facts(),
        "state": "refused" if failed else "passed",
        "reason": "; ".join(map(str, told))[:500],
        "plan": plan.model_dump(),
        "plan_sha256": hashlib.sha256(data).hexdigest(),
        "champion_rule": champion.rule,
        "dataset": {**lineage.dataset.model_dump(), "revision": revision},
        "batches": batches,
        "rows": rows,
        "candidate": side.model_dump(),
        "champion": release
        and {
            "release": release.id,
            "artifact_sha256": release.content.artifact.sha256,
            "means": means.get("champion", {}),
        },
        "checks": [check.model_dump() for check in checks],
    }
    return made(Evaluation, known, "evaluation")


def _settings(job: Job) -> dict[str, str]:
    """Those of the candidate's server."""
    name = f"{train.FOLDER}training.json"
    data = job.raw(name)
    if data is None:
        raise refused(job.uri(name), "object", "one that a step before wrote", None)
    return parse(Training, data, job.uri(name)).settings


def _fetch(job: Job, release: Release, path: Path) -> None:
    """The champion's artifact, by the hash that its record says."""
    path.parent.mkdir(parents=True, exist_ok=True)
    location = release.location
    source = Source(location.bucket, location.key, location.version_id)
    artifacts.fetch(job.s3, source, release.content.artifact.sha256, path)
