"""Ask the deployed release for predictions: `make predict`.

There is no cluster in the sandbox, so this starts the model's own server here, as a pod would: the artifact that the
release names is fetched and checked by the init container's command (`slipway artifact fetch`), and the server gets
that file, the release's settings and nothing else. Then it is asked about flights that training never saw, and its
answers are printed beside what happened.
"""

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import train
import yaml
from slipway_ops.environments import Environment
from slipway_ops.release import Release, ReleaseError, ReleaseStore

HERE = Path(__file__).resolve().parent
STACKS = HERE.parents[1] / "stacks"
ROWS = 20
START_SECONDS = 60.0
_KEPT = ("HOME", "LANG", "LC_ALL", "PATH", "TMPDIR")


class PredictError(Exception):
    """No prediction can be had; the message is for the user."""


def served(stack: str, directory: Path = STACKS) -> Release:
    """The release that the environment of ``stack`` serves: the one its settings name, or the newest."""
    environment = Environment.of_stack(stack, directory)
    settings = yaml.safe_load((directory / f"Pulumi.{stack}.yaml").read_text())["config"]
    wanted = ((settings.get("slipway:models") or {}).get(train.MODEL) or {}).get("release")
    if wanted is None:
        raise PredictError(f"{stack} serves no release of {train.MODEL}: its settings name none")
    store = ReleaseStore(boto3.client("s3", region_name=environment.region), environment.models_bucket)
    identifier = store.newest(train.MODEL) if wanted == "newest" else wanted
    if identifier is None:
        raise PredictError(f"{environment.models_bucket} holds no release of {train.MODEL}: run `make up` first")
    return store.get(identifier)


def fetch(release: Release, target: Path) -> None:
    """Run what the init container runs."""
    location = release.location
    command = [
        *(sys.executable, "-c", "from slipway_ops.cli import main; main()", "artifact", "fetch"),
        *("--uri", release.artifact_uri, "--version", location.version_id),
        *("--sha256", release.content.artifact.sha256, "--to", str(target)),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)  # noqa: S603 -- our own command
    if done.returncode != 0:
        raise PredictError(done.stderr.strip())


@contextmanager
def server(release: Release, artifact: Path) -> Generator[str]:
    """The model's server on a free loopback port, with the environment of its pod; yields its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **{key: os.environ[key] for key in _KEPT if key in os.environ},
        **release.content.settings,
        "SLIPWAY_MODEL": release.content.model,
        "SLIPWAY_RELEASE": release.id,
        "SLIPWAY_ARTIFACT": str(artifact),
        "SLIPWAY_HOST": "127.0.0.1",
        "SLIPWAY_PORT": str(port),
    }
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(  # noqa: S603 -- the example's own server
            [sys.executable, str(HERE / "serve.py")], env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
        try:
            address = f"http://127.0.0.1:{port}"
            if not _ready(address, process, release.id):
                log.seek(0)
                raise PredictError(f"the server did not start:\n{log.read()[-2000:]}")
            yield address
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def ask(address: str, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The server's answer about ``rows``."""
    return _json(f"{address}/predict", {"instances": rows})


def heldout(directory: Path, count: int) -> list[dict[str, Any]]:
    """Flights that training never saw, spread over the test period."""
    try:
        rows: list[dict[str, Any]] = json.loads((directory / train.HELDOUT).read_text())
    except FileNotFoundError:
        raise PredictError(
            f"{directory / train.HELDOUT} is not there: `python {HERE.name}/train.py` writes it"
        ) from None
    step = max(len(rows) // count, 1)
    return rows[::step][:count]


def table(release: Release, answer: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> str:
    """What was predicted beside what happened."""
    lines = ["day         flight            departs predicted          in fact"]
    right = 0
    for row, prediction in zip(rows, answer["predictions"], strict=True):
        flight = row["features"]
        route = f"{flight['carrier']} {flight['origin']} to {flight['dest']}"
        said, was = ("late" if late else "on time" for late in (prediction["late"], row["late"]))
        right += said == was
        mark = " " if said == was else "x"
        lines.append(
            f"{row['date']}  {route:16}  {flight['sched_dep_time']:04d}    "
            f"{said:8} ({prediction['probability']:.2f})  {mark} {was}"
        )
    lines.append(f"{right} of {len(rows)} right ({right / len(rows):.0%})")
    metrics = release.content.metrics
    if {"accuracy", "baseline_accuracy"} <= metrics.keys():
        lines.append(
            f"over {metrics['accuracy'].rows:,} test flights: {metrics['accuracy'].value:.1%}; "
            f"always saying `on time`: {metrics['baseline_accuracy'].value:.1%}"
        )
    lines.append(f"release {answer['release']}")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Fetch, serve, ask, print."""
    parser = argparse.ArgumentParser(description="Ask the release that an environment serves for predictions.")
    parser.add_argument("--stack", required=True, help="the environment, by its stack")
    parser.add_argument("--rows", type=int, default=ROWS, help=f"flights to ask about; default: {ROWS}")
    given = parser.parse_args(arguments)
    try:
        if given.rows < 1:
            raise PredictError(f"--rows: accepted: at least 1: received: {given.rows}")
        rows = heldout(train.DIRECTORY, given.rows)
        release = served(given.stack)
        with tempfile.TemporaryDirectory(prefix="slipway-predict-") as directory:
            artifact = Path(directory) / "artifact"
            fetch(release, artifact)
            with server(release, artifact) as address:
                answer = ask(address, [row["features"] for row in rows])
        print(table(release, answer, rows))
    except (PredictError, ReleaseError, ValueError) as error:
        sys.exit(f"predict: {error}")


def _ready(address: str, process: "subprocess.Popen[bytes]", release: str) -> bool:
    """Whether the server that answers is ours: it must name the release."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            return bool(_json(f"{address}/readyz")["release"] == release)
        except (OSError, ValueError):
            time.sleep(0.05)
    return False


def _json(url: str, body: object = None) -> dict[str, Any]:
    """Ask a loopback address, past any proxy."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})  # noqa: S310 -- http to loopback
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=30) as response:
            answer: dict[str, Any] = json.load(response)
    except urllib.error.HTTPError as error:
        raise PredictError(f"{url}: {error.code}: {error.read().decode(errors='replace')}") from None
    return answer


if __name__ == "__main__":
    main()
