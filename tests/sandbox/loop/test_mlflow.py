"""The real MLflow as ``ModelRegistry`` declares it, with a real PostgreSQL and its identities' rights enforced."""

import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError

import pytest

from tests.components.models.registry import IN_CLUSTER, registry
from tests.components.serving.manifests import manifest, manifests
from tests.sandbox.loop.conftest import TOOLS, Deployed, Tool

pytestmark = [pytest.mark.sandbox, pytest.mark.loop, pytest.mark.timeout(600)]  # each server takes its time to start

BUCKET = "loop-models"
HOST = "mlflow.ml.example.com"


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class Registry:
    """The containers of the declared registry, as processes: their own arguments, other addresses."""

    def __init__(self, folder: Path, deployed: Deployed) -> None:
        self.folder, self.deployed = folder, deployed
        self.port, self.own_port = free_port(), free_port()
        self._running: list[subprocess.Popen[Any]] = []
        args: dict[str, Any] = {**IN_CLUSTER, "artifact_bucket_arn": f"arn:aws:s3:::{BUCKET}", "region": "eu-west-1"}
        graph = registry(**args)
        (job,) = [one for one in manifests(graph) if one["kind"] == "Job"]
        cron = manifest(graph, "CronJob", "mlflow-collection")["spec"]["jobTemplate"]
        pods = [manifest(graph, "Deployment", "mlflow")["spec"]["template"], job["spec"]["template"]]
        pods.append(cron["spec"]["template"])
        found = [one for pod in pods for one in [*pod["spec"]["initContainers"], *pod["spec"]["containers"]]]
        self.containers: dict[str, dict[str, Any]] = {one["name"]: one for one in found}
        self.password_file = folder / "pgpass"
        self.database = {
            "PGHOST": str(folder / "database"),
            "PGPASSFILE": str(self.password_file),
            "PGSSLMODE": "disable",
            "PGSSLROOTCERT": "",
        }

    def log_in(self) -> str:
        """Run the container that makes the password; returns it."""
        container, environment = self._environment("login", "tracker")
        assert container["command"][0] == "python"
        process = self._start([sys.executable, *container["command"][1:]], environment, "login")
        while process.poll() is None:
            with suppress(OSError):
                return re.sub(r"\\(.)", r"\1", self.password_file.read_text().removeprefix("*:*:*:*:").strip())
            time.sleep(0.1)
        raise AssertionError((self.folder / "login.log").read_text())

    def start_database(self, password: str) -> None:
        script = str(Path(__file__).with_name("postgres.py"))
        command = [str(TOOLS / "python"), "-W", "ignore", script, self.database["PGHOST"], password]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._running.append(process)
        assert process.stdout
        assert process.stdout.readline(), "no database"

    def run(self, name: str, role: str, **changes: str) -> subprocess.CompletedProcess[str]:
        """Run a container to its end."""
        container, environment = self._environment(name, role)
        return subprocess.run(
            self._command(container, environment, changes), env=environment, capture_output=True, text=True, timeout=180
        )

    def serve(self, name: str, role: str, port: int, **changes: str) -> None:
        """Run a container that serves; returns once it is ready."""
        container, environment = self._environment(name, role)
        changes = {"5000": str(port), "0.0.0.0": "127.0.0.1", "2": "1", **changes}  # one worker is enough
        process = self._start(self._command(container, environment, changes), environment, name)
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and process.poll() is None:
            with suppress(URLError, OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5)
                return
            time.sleep(0.3)
        raise AssertionError((self.folder / f"{name}.log").read_text())

    def stop(self) -> None:
        for process in reversed(self._running):
            if process.stdin:
                process.stdin.close()  # the database cleans up by itself
            else:
                process.terminate()
            process.wait(timeout=60)

    def _environment(self, name: str, role: str) -> tuple[dict[str, Any], dict[str, str]]:
        container = self.containers[name]
        declared = {one["name"]: one["value"] for one in container["env"]}
        environment = {**declared, "PATH": f"{TOOLS}:/usr/bin:/bin", "HOME": str(self.folder)}
        environment |= {key: value for key, value in self.database.items() if key in declared}
        if name == "login":
            environment["PGHOST"] = declared["PGHOST"]  # a token is for a host; the database here is a socket
        return container, environment | self.deployed.acting_as(role)

    def _command(
        self, container: Mapping[str, Any], environment: Mapping[str, str], changes: Mapping[str, str]
    ) -> list[str]:
        assert container["command"] == ["mlflow"]
        filled = [re.sub(r"\$\((\w+)\)", lambda name: environment[name.group(1)], one) for one in container["args"]]
        return [str(TOOLS / "mlflow"), *(changes.get(one, one) for one in filled)]

    def _start(self, command: list[str], environment: Mapping[str, str], name: str) -> "subprocess.Popen[bytes]":
        with (self.folder / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(command, cwd=self.folder, env=dict(environment), stdout=log, stderr=log)
        self._running.append(process)
        return process


@pytest.fixture(scope="module")
def mlflow(deployed: Deployed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    started = Registry(tmp_path_factory.mktemp("mlflow"), deployed)
    try:
        started.start_database(started.log_in())
        migrated = started.run("migration", "tracker")
        assert migrated.returncode == 0, migrated.stderr
        started.serve("server", "tracker", started.port)
        yield started
    finally:
        started.stop()


CLIENT = """
import mlflow, sys
from mlflow import MlflowClient
from pathlib import Path

client = MlflowClient()
with mlflow.start_run() as run:
    mlflow.log_params({"trees": 10})
    mlflow.log_metric("auc", 0.75)
    mlflow.set_tag("slipway.release", "flight-delay-20260101-0a1b2c3d")
    mlflow.log_text("weights", "model/weights.bin")
client.create_registered_model(sys.argv[1])
version = client.create_model_version(sys.argv[1], run.info.artifact_uri + "/model", run.info.run_id)
client.set_registered_model_alias(sys.argv[1], "champion", version.version)
found = client.get_model_version_by_alias(sys.argv[1], "champion")
assert found.run_id == run.info.run_id
[same] = client.search_runs(["0"], "tags.`slipway.release` = 'flight-delay-20260101-0a1b2c3d'", max_results=1)
assert client.get_run(same.info.run_id).data.metrics == {"auc": 0.75}
path = mlflow.artifacts.download_artifacts(run_id=run.info.run_id, artifact_path="model/weights.bin")
assert Path(path).read_text() == "weights"
print(run.info.run_id)
"""


def client(mlflow: Registry) -> dict[str, str]:
    """What a client has: an address. It has no credentials of AWS."""
    return {"MLFLOW_TRACKING_URI": f"http://localhost:{mlflow.port}", "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false"}


def register(mlflow: Registry, tool: Tool, folder: Path, model: str) -> str:
    """Log a run with an artifact and register it; returns the run's id."""
    done = tool(folder, client(mlflow), "python", "-W", "ignore", "-c", CLIENT, model)
    assert done.returncode == 0, done.stderr
    return str(done.stdout.split()[-3] if "View run" in done.stdout.split()[-1] else done.stdout.split()[-1])


def artifacts(deployed: Deployed, run: str) -> list[str]:
    listed = deployed.s3().list_objects_v2(Bucket=BUCKET, Prefix=f"mlflow/0/{run}/").get("Contents", [])
    return [one["Key"] for one in listed]


def test_a_client_without_rights_logs_and_registers(
    mlflow: Registry, deployed: Deployed, tool: Tool, tmp_path: Path
) -> None:
    run = register(mlflow, tool, tmp_path, "flight-delay")

    assert artifacts(deployed, run) == [f"mlflow/0/{run}/artifacts/model/weights.bin"]


def test_migrating_again_changes_nothing(mlflow: Registry) -> None:
    again = mlflow.run("migration", "tracker")
    assert again.returncode == 0, again.stderr


def test_the_password_file_is_nobody_elses(mlflow: Registry) -> None:
    assert oct(mlflow.password_file.stat().st_mode & 0o777) == "0o600"
    assert "X-Amz-Signature" in mlflow.password_file.read_text()


def test_another_name_is_refused(mlflow: Registry) -> None:
    def ask(host: str, path: str = "/api/2.0/mlflow/experiments/search?max_results=1") -> int:
        request = urllib.request.Request(f"http://127.0.0.1:{mlflow.port}{path}", headers={"Host": host})
        try:
            return int(urllib.request.urlopen(request, timeout=10).status)
        except HTTPError as refused:
            return refused.code

    assert ask(HOST) == 200
    assert ask("evil.example.com") == 403
    assert ask("10.0.0.7:5000", "/health") == 200  # as a kubelet asks


def test_clients_cannot_delete_artifacts(mlflow: Registry, deployed: Deployed, tool: Tool, tmp_path: Path) -> None:
    run = register(mlflow, tool, tmp_path, "kept")
    url = f"http://localhost:{mlflow.port}/api/2.0/mlflow-artifacts/artifacts/0/{run}/artifacts/model/weights.bin"

    with suppress(HTTPError):
        urllib.request.urlopen(urllib.request.Request(url, method="DELETE"), timeout=10)
    assert len(artifacts(deployed, run)) == 1


def test_a_server_writes_only_where_it_is_meant_to(mlflow: Registry, tool: Tool, tmp_path: Path) -> None:
    port = free_port()
    mlflow.serve("server", "tracker", port, **{f"s3://{BUCKET}/mlflow": f"s3://{BUCKET}/releases"})
    (tmp_path / "file").write_text("x")
    environment = {"MLFLOW_TRACKING_URI": f"http://localhost:{port}", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0"}
    run = register(mlflow, tool, tmp_path, "elsewhere")
    done = tool(tmp_path, environment, "mlflow", "artifacts", "log-artifact", "--local-file", "file", "--run-id", run)
    assert done.returncode != 0
    assert "Internal Server Error" in done.stderr or "500" in done.stderr, done.stderr


def test_garbage_collection_deletes_what_was_deleted_and_nothing_else(
    mlflow: Registry, deployed: Deployed, tool: Tool, tmp_path: Path
) -> None:
    gone, kept = (register(mlflow, tool, tmp_path, name) for name in ("going", "staying"))
    done = tool(tmp_path, client(mlflow), "mlflow", "runs", "delete", "--run-id", gone)
    assert done.returncode == 0, done.stderr

    early = _collect(mlflow, "30d")
    assert early.returncode == 0, early.stderr
    assert artifacts(deployed, gone)

    collected = _collect(mlflow, "0d")
    assert collected.returncode == 0, collected.stderr
    assert f"Run with ID {gone} has been permanently deleted" in collected.stdout
    assert artifacts(deployed, gone) == []
    assert artifacts(deployed, kept)
    versions = deployed.s3().list_object_versions(Bucket=BUCKET, Prefix=f"mlflow/0/{gone}/")
    assert len(versions["Versions"]) == len(versions["DeleteMarkers"]) == 1  # can be brought back for a while
    assert tool(tmp_path, client(mlflow), "mlflow", "runs", "describe", "--run-id", gone).returncode != 0


def _collect(mlflow: Registry, older_than: str) -> subprocess.CompletedProcess[str]:
    if "artifacts" not in {path.stem for path in mlflow.folder.glob("*.log")}:
        mlflow.serve("artifacts", "collector", mlflow.own_port)
    own = f"http://127.0.0.1:{mlflow.own_port}"
    return mlflow.run("collection", "collector", **{"http://127.0.0.1:5000": own, "30d": older_than})


def test_the_program_is_the_version_that_is_pinned(tool: Tool, tmp_path: Path) -> None:
    from slipway.versions import MLFLOW

    assert tool(tmp_path, {}, "mlflow", "--version").stdout.split()[-1] == MLFLOW
    assert os.environ.get("MLFLOW_TRACKING_URI") is None  # nothing of the machine's takes part
