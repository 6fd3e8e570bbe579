"""`make loop`: the flights of 2013 arrive, half a month after the other, and the model is kept good.

What is real: the declared state machine and its jobs' programs, the events between them, MLflow's server, DVC, the
release records, the gate's statistics, and all of the data. What is played: AWS (Step Functions, Batch and the rest by
the sandbox's cloud, jobs as processes of this machine), the servers (flights are answered in one go by the artifacts
that releases name) and the time, which is advanced and not slept.
"""

import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError
from slipway_ops.problems import ReleaseError

from sandbox.cloud.process import CloudError
from sandbox.dataplane.processes import ProcessError
from sandbox.loop import checking, judging, plot, tools
from sandbox.loop.commands import CommandError, slipway
from sandbox.loop.judging import Year
from sandbox.loop.playing import FIRST, LATER, Player
from sandbox.loop.runs import RunError
from sandbox.loop.stack import EXAMPLE, MODEL, Stack, StackError
from sandbox.loop.tools import Dvc, Mlflow, ToolError
from sandbox.loop.traffic import Half
from sandbox.loopback import NotLoopbackError
from sandbox.report import Printer

PICTURE, SUMMARY, RECORDS = "loop.png", "loop.json", "records"
_COMMIT = "0" * 40
"""Of the code in the image, which an image that was built knows."""
_JOBS = {"SLIPWAY_CODE_COMMIT": _COMMIT, "OMP_WAIT_POLICY": "passive"}


class LoopError(Exception):
    """Something ended otherwise than it must; the message says what."""


_ERRORS = (
    BotoCoreError,
    ClientError,
    CloudError,
    CommandError,
    LoopError,
    NotLoopbackError,
    ProcessError,
    ReleaseError,
    RunError,
    StackError,
    ToolError,
)


def main(root: Path, *, quiet: bool = False) -> int:
    """Run it and print what happens; 0: all ended as it must, 1: something did not, or broke. 130: interrupted."""

    def say(text: str) -> None:
        if not quiet:
            print(text, flush=True)

    try:
        year = run(root, say)
    except _ERRORS as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted; everything that it started has ended", file=sys.stderr)
        return 130
    if quiet:
        print("\n".join(line for chapter in year.chapters for line in judging.told(chapter, root / RECORDS)[:1]))
    return 0


def run(root: Path, say: Callable[[str], None]) -> Year:
    """All of it; raises ``LoopError`` at the end if something did not end as it must."""
    started = time.monotonic()
    tools.check()
    say("a cloud, MLflow's server and the year's flights")
    stack = Stack.make(root, Printer(quiet=True))
    mlflow = None
    try:
        mlflow = Mlflow(root / "mlflow")
        with ThreadPoolExecutor(1) as pool:
            reading = pool.submit(Half.several, (*FIRST, *LATER))
            stack.up(mlflow.uri)
            known = reading.result()
        year = _play(stack, mlflow, known, say)
    finally:
        if mlflow:
            mlflow.stop()
        stack.end()
    _tell(year, root, time.monotonic() - started, say)
    found = judging.problems(year)
    if found:
        raise LoopError("; ".join(found))
    return year


def _play(stack: Stack, mlflow: Mlflow, known: dict[str, Half], say: Callable[[str], None]) -> Year:
    for name in ("data", "evaluation"):
        suffix = "" if name == "data" else f".{name}"
        stack.declare(f"{MODEL}{suffix}.json", EXAMPLE / "pipeline" / f"{name}.json")
    stack.cloud.set_job_environment(_JOBS)
    say(f"declared; a run costs at most {stack.outputs['run_ceiling_usd']} US dollars; DVC pushes what there is")
    dvc = Dvc(stack.root / "team", stack.outputs["dvc_config"], stack.environment)
    player = Player(stack, say)
    files = [known[name].file(player.batches) for name in FIRST]
    revision = dvc.push(file.parent for file in files)
    pushed = ("--model", MODEL, "--datasets", f"s3://{stack.datasets}", "--pushed", str(dvc.pointer))
    slipway(stack.environment, "data", "add", *pushed)
    say(f"  {revision}: {len(FIRST)} batches")
    mlflow.wait()
    player.begin(known[FIRST[-1]])
    for name in LATER:
        player.play(known[name])
    if not player.machine.quiet():
        player.year.problems.append("runs: accepted: those that something started: received: more")
    serving = stack.serving() or player.first
    sent = {name: known[name].file(player.batches).read_bytes() for name in (*FIRST, *LATER)}
    checking.data(stack, dvc, serving, sent, player.year)
    checking.registry(mlflow.uri, serving, stack, player.year)
    player.listen()
    checking.bus(player.heard, player.year)
    checking.keep(stack, stack.root / RECORDS)
    return player.year


def _tell(year: Year, root: Path, seconds: float, say: Callable[[str], None]) -> None:
    plot.draw(year, root / PICTURE)
    judging.save(year, seconds, root / SUMMARY)
    say("")
    for chapter in year.chapters:
        for line in judging.told(chapter, root / RECORDS):
            say(line)
    say("")
    for line in [*judging.table(year), "", *year.notes]:
        say(line)
    say(f"\nplot: {root / PICTURE}\nsummary: {root / SUMMARY}\n{seconds:.0f} s in all")
