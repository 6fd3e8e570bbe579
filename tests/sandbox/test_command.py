"""The command, with a small project in place of the repository's and a real cloud process."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox import command, first_release
from sandbox.cloud import process
from sandbox.engine.outcome import Outcome
from sandbox.engine.project import Project
from sandbox.engine.real import Real
from sandbox.report import Printer
from sandbox.session import Session, SessionError
from sandbox.workspace import ROOT, Workspace

PROGRAM = """
import os, pulumi

class Box(pulumi.ComponentResource):
    def __init__(self, name, props):
        super().__init__("boxes:index:Box", name, props)

Box("box", {"a": pulumi.Config().require("a")})
pulumi.export("aws", sorted(name for name in os.environ if name.startswith(("AWS_", "KUBE"))))
pulumi.export("key", pulumi.Output.secret("hush"))
"""


@pytest.fixture(scope="module")
def cloud_directory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    directory = tmp_path_factory.mktemp("sandbox")
    yield directory
    process.stop(directory / "cloud")


@pytest.fixture
def project(tmp_path: Path, cloud_directory: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """A project with stacks ``local`` and ``dev``; the cloud is shared by the tests of this module."""
    (tmp_path / "stacks").mkdir()
    (tmp_path / "Pulumi.yaml").write_text("name: toys\nruntime: python\nstackConfigDir: stacks\n")
    (tmp_path / "__main__.py").write_text(PROGRAM)
    for stack in ("local", "dev"):
        settings = f"config:\n  aws:region: eu-west-1\n  slipway:environment: {stack}\n  a: '1'\n"
        (tmp_path / "stacks" / f"Pulumi.{stack}.yaml").write_text(settings)
    found = Project.at(tmp_path)
    monkeypatch.setattr(command, "_project", lambda: found)
    monkeypatch.setenv("SLIPWAY_SANDBOX_DIR", str(cloud_directory))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")  # without pulumi
    monkeypatch.setenv("AWS_PROFILE", "of-the-user")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "https://s3.amazonaws.com")
    monkeypatch.setenv("KUBECONFIG", "/home/user/.kube/config")
    yield found
    for stack in ("local", "dev"):
        Session(Workspace.default(), found, stack).forget()


def last_line(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(capsys.readouterr().out.strip().splitlines()[-1])
    return content


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "the following arguments are required: up|preview|down|status|shell"),
        (["start"], "invalid choice: 'start'"),
        (["up", "--engine", "terraform"], "argument --engine: invalid choice: 'terraform'"),
        (["up", "--first-release", "docs"], "accepted: a folder with a release.py: received: 'docs'"),
        (["preview", "--all"], "unrecognized arguments: --all"),
        (["down", "--first-release", "x"], "unrecognized arguments: --first-release"),
    ],
)
def test_a_command_that_is_not_understood(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        command.main(arguments)
    assert stopped.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("name", ["up", "preview", "down", "shell"])
def test_a_stack_without_settings_is_refused(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main([name, "--stack", "nope"]) == 1
    accepted = ", ".join(Project.at(ROOT).stacks())
    assert f"error: stack: accepted: {accepted}: received: 'nope'" in capsys.readouterr().err


@pytest.mark.sandbox
def test_up_again_preview_status_shell_and_down(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["preview", "--json"]) == 0
    assert last_line(capsys)["created"] == 2
    assert Workspace.default().stacks() == []

    assert command.main(["up", "--json"]) == 0
    found = last_line(capsys)
    assert found.keys() >= {"created", "updated", "replaced", "deleted", "unchanged", "recorded", "writes", "seconds"}
    assert (found["created"], found["unchanged"], found["writes"], found["ok"]) == (2, 0, 0, True)
    outputs = found["outputs"]
    assert outputs["key"] == "[secret]"
    assert "AWS_PROFILE" not in outputs["aws"]
    assert "AWS_ENDPOINT_URL_S3" not in outputs["aws"]
    assert "KUBECONFIG" not in outputs["aws"]
    assert "AWS_ENDPOINT_URL" in outputs["aws"]

    assert command.main(["up", "--json", "--quiet"]) == 0
    assert (last_line(capsys) | {"seconds": 0, "outputs": {}}) == {
        "created": 0,
        "updated": 0,
        "replaced": 0,
        "deleted": 0,
        "unchanged": 2,
        "recorded": 0,
        "writes": 0,
        "ok": True,
        "stack": "local",
        "kept": [],
        "seconds": 0,
        "outputs": {},
        "engine": "stand-in engine: never used for a real account",
    }

    settings = project.stack_file("local")
    settings.write_text(settings.read_text().replace("a: '1'", "a: '2'"))
    assert command.main(["preview"]) == 0
    text = capsys.readouterr().out
    assert '  ~  boxes:index:Box                              box\n         a: "1" => "2"\n' in text
    assert "would be created 0, updated 1, replaced 0, deleted 0, unchanged 1" in text

    assert command.main(["status"]) == 0
    assert "local: up, engine stand-in, 2 resources" in capsys.readouterr().out
    assert command.main(["status", "--json"]) == 0
    (stack,) = last_line(capsys)["stacks"]
    assert (stack["stack"], stack["alive"]) == ("local", True)

    assert command.main(["shell"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "unset AWS_ENDPOINT_URL_S3" in lines
    assert "unset AWS_PROFILE" in lines
    cloud = process.find(Workspace.default().cloud)
    assert cloud is not None
    assert f"export AWS_ENDPOINT_URL={cloud.url}" in lines

    assert command.main(["down", "--json"]) == 0
    assert last_line(capsys)["deleted"] == 2
    assert Workspace.default().stacks() == []
    assert command.main(["down"]) == 0
    assert "local: nothing is up" in capsys.readouterr().out


@pytest.mark.sandbox
def test_a_program_that_fails_fails_the_command(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    (project.root / "__main__.py").write_text("import pulumi\nraise pulumi.RunError('local: wrong setting')\n")
    assert command.main(["up", "--json"]) == 1
    assert last_line(capsys)["ok"] is False
    assert command.main(["up", "--quiet"]) == 1
    text = capsys.readouterr().out
    assert "  !  program: local: wrong setting" in text
    assert "local: failed; what was done is kept" in text


@pytest.mark.sandbox
def test_when_the_cloud_has_died_the_next_up_says_so_and_rebuilds(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(["up", "--quiet"]) == 0
    workspace = Workspace.default()
    cloud = process.find(workspace.cloud)
    assert cloud is not None
    os.kill(cloud.pid, signal.SIGKILL)
    while process.find(workspace.cloud):
        time.sleep(0.01)
    assert command.main(["status"]) == 0
    assert "local: its cloud has ended" in capsys.readouterr().out
    assert command.main(["shell"]) == 1
    assert "no sandbox is running: python -m sandbox up" in capsys.readouterr().err
    assert command.main(["up", "--json", "--quiet"]) == 0
    text = capsys.readouterr().out
    assert f"warning: the cloud that local was in ({cloud.instance[:8]}) has ended" in text
    assert json.loads(text.splitlines()[-1])["created"] == 2
    assert (workspace.root / "aside" / f"local-{cloud.instance[:8]}" / "state.json").exists()


@pytest.mark.sandbox
def test_down_all_ends_every_stack_and_the_cloud(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    for stack in ("local", "dev"):
        assert command.main(["up", "--quiet", "--stack", stack]) == 0
    capsys.readouterr()
    assert command.main(["down", "--all", "--quiet"]) == 0
    text = capsys.readouterr().out
    assert "local: created 0, updated 0, replaced 0, deleted 2" in text
    assert "dev: created 0, updated 0, replaced 0, deleted 2" in text
    assert "the cloud process has ended" in text
    assert process.find(Workspace.default().cloud) is None
    assert command.main(["down", "--all"]) == 0
    assert "there is no cloud process" in capsys.readouterr().out


@pytest.mark.sandbox
def test_one_command_at_a_time_and_the_lock_of_a_dead_one_is_free(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    session = Session(Workspace.default(), project, "local")
    with session.locked():
        assert command.main(["up"]) == 1
    assert f"error: stack local is being worked on by process {os.getpid()}" in capsys.readouterr().err
    holder = (
        "import os, sys, time; from pathlib import Path\n"
        "from sandbox.session import *; from sandbox.engine.project import Project\n"
        "session = Session(Workspace.default(), Project.at(Path(sys.argv[1])), 'local')\n"
        "with session.locked(): print('held', flush=True); time.sleep(60)"
    )
    child = subprocess.Popen([sys.executable, "-c", holder, str(project.root)], stdout=subprocess.PIPE, cwd=ROOT)
    assert child.stdout is not None
    child.stdout.readline()
    with pytest.raises(SessionError, match=f"process {child.pid}"), session.locked():
        pass
    child.kill()
    child.wait()
    child.stdout.close()
    with session.locked():
        pass


@pytest.mark.sandbox
def test_a_stack_stays_with_its_engine(
    project: Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert command.main(["up", "--engine", "pulumi"]) == 1
    assert "error: engine pulumi: there is no `pulumi` on PATH" in capsys.readouterr().err
    assert command.main(["up", "--quiet"]) == 0
    monkeypatch.setattr("sandbox.session.installed", lambda: True)
    assert command.main(["up", "--engine", "pulumi"]) == 1
    assert "stack local was brought up with engine stand-in: take it down" in capsys.readouterr().err
    assert command.main(["up", "--quiet"]) == 0
    cloud = process.find(Workspace.default().cloud)
    assert cloud is not None
    session = Session(Workspace.default(), project, "dev")
    assert isinstance(session.engine("auto", cloud, Printer()), Real)


@pytest.mark.sandbox
def test_a_first_release_makes_a_second_pass(
    project: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    example = tmp_path / "toy-model"
    example.mkdir()
    (example / "release.py").write_text("print('training'); print('toy-model-20260101-00000000')")
    pushed: list[str] = []

    def push(environment: dict[str, str], repository: str, folder: Path, tag: str) -> str:
        pushed.append(f"{repository} {folder.name} {tag}")
        return "sha256:0"

    monkeypatch.setattr("sandbox.push.push", push)
    settings = project.stack_file("local")
    more = "  slipway:namespace: acme\n  slipway:models: {toy-model: {release: newest}}\n"
    settings.write_text(settings.read_text() + more)
    assert command.main(["up", "--json", "--first-release", str(example)]) == 0
    text = capsys.readouterr().out
    assert pushed == ["acme-local/toy-model toy-model dev-first", "acme-local/slipway-ops operations dev-first"]
    assert "released toy-model-20260101-00000000; now its service" in text
    found = json.loads(text.splitlines()[-1])
    assert (found["created"], found["unchanged"]) == (2, 0)

    (example / "release.py").write_text("print('no data'); raise SystemExit(4)")
    assert command.main(["up", "--first-release", str(example)]) == 1
    assert "error: toy-model: release.py ended with code 4: no data" in capsys.readouterr().err

    settings.write_text(settings.read_text().replace("newest", "toy-model-20260101-00000000"))
    assert not first_release.wanted(project, "local", example, {})


def test_an_interrupt_ends_with_its_code(
    project: Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_options: object) -> Outcome:
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "_session", interrupted)
    assert command.main(["up"]) == 130
    assert "interrupted; the next `up` continues" in capsys.readouterr().err
