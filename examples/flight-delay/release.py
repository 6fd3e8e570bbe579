"""Release flight-delay: `python examples/flight-delay/release.py --stack local`.

Trains the model unless a whole one is there, then does what a pipeline would: `slipway release create` with the image
that was pushed last. The last line printed is the release's id. Run again, it gives the same release.
"""

import argparse
import contextlib
import io
import json
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import train
from slipway_ops import cli

ROOT = Path(__file__).resolve().parents[2]
CREATED_BY = "example/flight-delay"


def commit(root: Path = ROOT) -> str:
    """Commit of the code that trained the model; raises ``ValueError`` where ``root`` is no git repository."""
    # Reading is safe whoever owns the files, which git would otherwise refuse as another user (in a container, say).
    git = ["git", "-c", f"safe.directory={root}", "-C", str(root)]
    try:
        head = _run([*git, "rev-parse", "HEAD"])
        changed = _run([*git, "status", "--porcelain", "--", "examples/flight-delay"])
    except (OSError, subprocess.CalledProcessError):
        raise ValueError(f"--code-commit: accepted: 40 hex digits, because {root} is no git repository") from None
    if changed:
        print("note: the example has changes that its commit does not have", file=sys.stderr)
    return head


def release(stack: str, code_commit: str | None, directory: Path | None = None) -> str:
    """Create the release in the environment of ``stack``; returns its id. Exits as the command does if it refuses."""
    directory = directory or train.DIRECTORY
    code_commit = code_commit or commit()
    summary = train.trained(directory)
    if summary is None:
        print("training the model")
        summary = train.train(directory)
    metrics = "  ".join(f"{name} {value}" for name, value in summary["metrics"].items())
    print(f"{train.MODEL}: {summary['test_rows']:,} test flights: {metrics}")
    answer = io.StringIO()
    with contextlib.redirect_stdout(answer):
        cli.main(
            [
                *("release", "create", "--json", "--stack", stack, "--stacks-dir", str(ROOT / "stacks")),
                *("--model", train.MODEL, "--artifact", str(directory / train.ARTIFACT), "--image", "newest"),
                *("--training", str(directory / train.TRAINING)),
                *("--code-commit", code_commit, "--created-by", CREATED_BY),
            ]
        )
    created = json.loads(answer.getvalue())
    print(f"{'created' if created['created'] else 'already there'}: {created['record']}")
    return str(created["id"])


def main(arguments: Sequence[str] | None = None) -> None:
    """Train if need be, release, print the id."""
    parser = argparse.ArgumentParser(description="Train flight-delay if need be and release it.")
    parser.add_argument("--stack", required=True, help="the environment, by its stack")
    parser.add_argument("--code-commit", type=_commit, help="commit of the training code; default: this repository's")
    given = parser.parse_args(arguments)
    try:
        print(release(given.stack, given.code_commit))
    except (ValueError, FileNotFoundError) as error:
        sys.exit(f"release: {error}")


def _commit(value: str) -> str:
    if not re.fullmatch(r"[0-9a-f]{40}", value):
        raise argparse.ArgumentTypeError(f"accepted: 40 hex digits: received: {value}")
    return value


def _run(command: list[str]) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=30).stdout.strip()  # noqa: S603 -- git


if __name__ == "__main__":
    main()
