"""The real programs: MLflow's server, on loopback and with its registry in a file, and DVC in a team's repository.

They are in an environment of their own, ``.venv-loop``, which `make loop` sets up.
"""

import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

from sandbox.dataplane.processes import ProcessError, Program, free_port, get
from sandbox.workspace import ROOT

BIN = ROOT / ".venv-loop" / "bin"
READY = BIN.parent / ".ready"
_START_SECONDS = 120.0
_SECONDS = 120
_NOT_OF_DVC = ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE")
"""DVC stops at a file that is none, such as ``/dev/null``."""


class ToolError(RuntimeError):
    """A program is missing, or did not do what it was asked for."""


def check() -> None:
    """Raise ``ToolError`` where the programs are not there."""
    if not READY.exists():
        raise ToolError(
            f"{BIN.parent.name}: accepted: the environment of MLflow and DVC ('make loop' sets it up): none"
        )


class Mlflow:
    """A tracking server; it starts while others do something else."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        port = free_port()
        self.uri = f"http://127.0.0.1:{port}"
        command = [str(BIN / "mlflow"), "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
        command += ["--backend-store-uri", f"sqlite:///{folder}/mlflow.db"]
        command += ["--artifacts-destination", str(folder / "artifacts")]
        environment = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
        self._program = Program("mlflow", command, {"PATH": f"{BIN}:/usr/bin:/bin", **environment}, folder / "log")

    def wait(self) -> None:
        """Until it answers; raises ``ToolError``."""
        try:
            self._program.wait(lambda: get(f"{self.uri}/health") == b"OK", _START_SECONDS)
        except ProcessError as error:
            raise ToolError(str(error)) from error

    def stop(self) -> None:
        """End it."""
        self._program.stop()


class Dvc:
    """A team's repository with its data in the dataset store."""

    def __init__(self, folder: Path, config: str, environment: Mapping[str, str]) -> None:
        self.folder, self._environment = folder, environment
        folder.mkdir(parents=True)
        self._run("init", "--no-scm", "--quiet")
        (folder / ".dvc" / "config").write_text(config)
        (folder / ".dvc" / "config.local").write_text("[core]\n    no_scm = true\n")

    @property
    def pointer(self) -> Path:
        """The ``.dvc`` file that the team commits."""
        return self.folder / "data.dvc"

    def push(self, batches: Iterable[Path]) -> str:
        """Put folders of batches under DVC and push them; returns the revision, ``<32 hex>.dir``."""
        for path in batches:
            shutil.copytree(path, self.folder / "data" / path.name)
        self._run("add", "--quiet", "data")
        self._run("push", "--quiet")
        found = re.search(r"md5: ([0-9a-f]{32}\.dir)", self.pointer.read_text())
        if found is None:
            raise ToolError(f"{self.pointer}: accepted: a folder's MD5: received: none")
        return found[1]

    def pull(self, pointer: str) -> list[Path]:
        """Fetch the revision that the text of a ``.dvc`` file names; its files."""
        shutil.rmtree(self.folder / "data", ignore_errors=True)
        shutil.rmtree(self.folder / ".dvc" / "cache", ignore_errors=True)
        self.pointer.write_text(pointer)
        self._run("pull", "--quiet")
        return sorted(path for path in (self.folder / "data").rglob("*") if path.is_file())

    def _run(self, *arguments: str) -> None:
        kept = {name: value for name, value in self._environment.items() if name not in _NOT_OF_DVC}
        done = subprocess.run(  # noqa: S603 -- a program of ours, arguments of ours
            [str(BIN / "dvc"), *arguments],
            cwd=self.folder,
            env={
                "PATH": f"{BIN}:/usr/bin:/bin",
                "HOME": str(self.folder),
                "LANG": "C.UTF-8",
                "DVC_NO_ANALYTICS": "1",
                **kept,
            },
            capture_output=True,
            text=True,
            timeout=_SECONDS,
        )
        if done.returncode:
            raise ToolError(f"dvc {' '.join(arguments)}: {' '.join(done.stderr.split())[-500:]}")
