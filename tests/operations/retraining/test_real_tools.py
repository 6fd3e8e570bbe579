"""The real DVC and the real MLflow, out of ``.venv-loop``: what the other tests assume of them."""

import json
import os
import re
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml
from moto.server import ThreadedMotoServer
from slipway_ops.retraining import dvc
from slipway_ops.retraining.revisions import Revisions
from slipway_ops.retraining.tracking import TAG_RUN, Tracking, Version

from tests.operations.retraining.conftest import Bus
from tests.operations.retraining.mlflow_stub import Mlflow
from tests.operations.retraining.pipeline import Pipeline, rows
from tests.operations.world import MODEL, World

ROOT = Path(__file__).parents[3]
TOOLS = ROOT / ".venv-loop" / "bin"
READY = ROOT / ".venv-loop" / ".ready"
BUCKET = "acme-dev-datasets"
KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "eu-west-1"}

pytestmark = [
    pytest.mark.loop,
    pytest.mark.skipif(not READY.exists(), reason=f"{READY} is not there: 'make tools' makes it"),
]
FILES = {
    "2026-01/part.csv": b"a,b\n1,2\n",
    "2026-01/deep/er/part 2.csv": b"",
    "2026-02/part.csv": b"a,b\n3,4\n",
    "2026-02/gr\xc3\xbc\xc3\x9fe.csv".encode("latin-1").decode(): b"x" * 100_000,
    "2026-01.csv": b"beside the folder of this name",
}
Dvc = Callable[..., str]


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3(endpoint: str) -> Iterator[Any]:
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    make: Any = boto3.client
    client = make("s3", endpoint_url=endpoint, region_name="eu-west-1", **keys)
    client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    yield client
    for entry in client.list_objects_v2(Bucket=BUCKET).get("Contents", []):
        client.delete_object(Bucket=BUCKET, Key=entry["Key"])
    client.delete_bucket(Bucket=BUCKET)


@pytest.fixture
def program(endpoint: str, tmp_path: Path) -> Dvc:
    """``dvc`` in a repository of its own, whose remote is the model's."""
    repository = tmp_path / "repository"
    repository.mkdir()

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [str(TOOLS / "dvc"), *arguments],
            cwd=repository,
            env={
                **KEYS,
                "PATH": f"{TOOLS}:/usr/bin:/bin",
                "HOME": str(tmp_path),
                "LANG": "C.UTF-8",
                "DVC_NO_ANALYTICS": "1",
                "AWS_ENDPOINT_URL": endpoint,
                "NO_PROXY": "127.0.0.1",
            },
            capture_output=True,
            text=True,
            timeout=180,
        )
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout

    run("init", "--no-scm")
    run("remote", "add", "--default", "store", f"s3://{BUCKET}/dvc/{MODEL}")
    return run


def written(folder: Path, files: dict[str, bytes] = FILES) -> None:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def read(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_slipway_reads_what_dvc_pushed(s3: Any, program: Dvc, tmp_path: Path) -> None:
    repository = tmp_path / "repository"
    written(repository / "data")
    program("add", "data")
    program("push")
    remote = dvc.Remote(s3, BUCKET, MODEL)
    revision = dvc.revision_of(repository / "data.dvc")
    entries = remote.entries(revision)
    remote.fetch(entries, tmp_path / "fetched")
    assert read(tmp_path / "fetched") == FILES
    # byte for byte the same list, so the same revision
    stored = s3.get_object(Bucket=BUCKET, Key=remote.key(revision))["Body"].read()
    assert dvc.listed(entries) == stored
    text = dvc.pointer(revision, len(FILES), sum(map(len, FILES.values())))
    assert yaml.safe_load(text) == yaml.safe_load((repository / "data.dvc").read_text())


def test_dvc_pulls_what_slipway_added(s3: Any, program: Dvc, tmp_path: Path) -> None:
    repository, revisions = tmp_path / "repository", Revisions(s3, BUCKET, MODEL)
    parts = {
        name: {path: data for path, data in FILES.items() if path.startswith(f"{name}/")}
        for name in ("2026-01", "2026-02")
    }
    made = []
    for name, files in parts.items():
        written(tmp_path / "batches", files)
        made.append(revisions.add({name: tmp_path / "batches" / name}, "2026-03-01T00:00:00Z", None))
    for revision, files in zip(made, (parts["2026-01"], {**parts["2026-01"], **parts["2026-02"]}), strict=True):
        (repository / "data.dvc").write_text(revision.pointer)
        program("pull")
        assert read(repository / "data") == files
        assert "up to date" in program("status")
        # what DVC itself says about these files
        program("add", "data")
        assert dvc.revision_of(repository / "data.dvc") == revision.revision
    assert "Everything is up to date" in program("push")


def test_a_pushed_revision_becomes_the_newest(
    s3: Any, program: Dvc, endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: Any
) -> None:
    from slipway_ops.cli import main

    repository = tmp_path / "repository"
    written(repository / "data")
    program("add", "data")
    for name, value in {**KEYS, "AWS_ENDPOINT_URL": endpoint, "SLIPWAY_MODEL": MODEL}.items():
        monkeypatch.setenv(name, value)
    arguments = ["data", "add", "--datasets", f"s3://{BUCKET}", "--pushed", str(repository / "data.dvc")]
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 1
    assert "revision: accepted: one that the remote holds" in capfd.readouterr().err
    program("push")
    main(arguments)
    head = Revisions(s3, BUCKET, MODEL).head()
    assert head is not None
    assert head.revision.batches == ["2026-01", "2026-01.csv", "2026-02"]
    assert head.revision.bytes == sum(map(len, FILES.values()))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real MLflow server, on loopback."""
    folder = tmp_path_factory.mktemp("mlflow")
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    environment = {
        "PATH": f"{TOOLS}:/usr/bin:/bin",
        "HOME": str(folder),
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    }
    command = [str(TOOLS / "mlflow"), "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    command += ["--backend-store-uri", f"sqlite:///{folder}/mlflow.db", "--artifacts-destination", str(folder / "art")]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log, start_new_session=True)
    address, deadline = f"http://127.0.0.1:{port}", time.monotonic() + 150
    try:
        while True:
            with suppress(OSError):
                urllib.request.build_opener(urllib.request.ProxyHandler({})).open(f"{address}/health", timeout=5)
                break
            assert time.monotonic() < deadline and process.poll() is None, (folder / "log").read_text()
            time.sleep(0.3)
        yield address
    finally:
        os.killpg(process.pid, 15)
        process.wait(60)


def test_registering_is_the_same_with_the_real_server(
    server: str, world: World, bus: Bus, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    known = Mlflow()
    known.uri = server
    pipeline = Pipeline(world, monkeypatch, capfd, known)
    pipeline.arrive("2026-02", rows(0))
    pipeline.arrive("2026-03", rows(1000))
    release = pipeline.whole("run-1", 0.5)
    done = pipeline.record("registration.json")
    tracking, run = Tracking(server), done["mlflow_run"]
    query = f"{server}/api/2.0/mlflow/registered-models/alias?name={MODEL}&alias=candidate"
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(query, timeout=30) as answer:
        assert json.load(answer)["model_version"]["version"] == done["mlflow_version"] == "1"

    code, out, err = pipeline("register")  # as if it had been killed at its end
    assert code == 0, out + err
    assert tracking.versions(MODEL, run) == [Version("1", release)]
    assert len(bus.events()) == 2
    found: Any = tracking.run(run)
    assert found["info"]["status"] == "FINISHED"
    assert {one["key"]: one["value"] for one in found["data"]["tags"]}[TAG_RUN] == "run-1"
    assert {one["key"]: one["value"] for one in found["data"]["params"]} == {"threshold": "0.5"}
    assert [one["key"] for one in found["data"]["metrics"]] == ["accuracy"]
    assert tracking.run("0" * 32) is None

    code, out, _ = pipeline("lineage", release, "--stack", "dev", "--stacks-dir", str(world.stacks))
    assert re.search(rf"mlflow run: +{run}\n +FINISHED at {server}; version 1 of {MODEL}\n", out)


def test_a_job_started_again_goes_on_with_its_run(server: str, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from slipway_ops.retraining.job import Job

    job = Job({"model": "other", "run": "run-2"}, "2026-03-01T00:00:00Z")
    tracking = Tracking(server)
    first = tracking.begin(job, "c" * 40)
    tracking.end(first, "FAILED")
    assert tracking.begin(job, "c" * 40) == first
    assert (tracking.run(first) or {})["info"]["status"] == "RUNNING"
