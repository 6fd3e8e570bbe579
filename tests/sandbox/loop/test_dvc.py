"""The real DVC against the dataset store, with what identities of jobs and people may do enforced."""

import re
import shutil
from pathlib import Path

import pytest

from tests.sandbox.loop.conftest import Deployed, Tool

pytestmark = [pytest.mark.sandbox, pytest.mark.loop]

BUCKET, REMOTE = "loop-datasets", "dvc/flight-delay"


def project(folder: Path, deployed: Deployed, tool: Tool) -> Path:
    """A repository with the configuration that the store hands out."""
    folder.mkdir()
    done = tool(folder, {}, "dvc", "init", "--no-scm", "--quiet")
    assert done.returncode == 0, done.stderr
    (folder / ".dvc" / "config").write_text(deployed.outputs["dvc_config"])
    (folder / ".dvc" / "config.local").write_text("[core]\n    no_scm = true\n")  # a test has no git
    return folder


def add(folder: Path, tool: Tool, **files: str) -> str:
    """Put files under ``data`` under DVC; returns the revision, ``<32 hex>.dir``."""
    shutil.rmtree(folder / "data", ignore_errors=True)
    (folder / "data").mkdir()
    for name, text in files.items():
        (folder / "data" / f"{name}.csv").write_text(text)
    done = tool(folder, {}, "dvc", "add", "--quiet", "data")
    assert done.returncode == 0, done.stderr
    found = re.search(r"md5: ([0-9a-f]{32}\.dir)", (folder / "data.dvc").read_text())
    assert found
    return found.group(1)


def stored(deployed: Deployed) -> set[str]:
    listed = deployed.s3().list_objects_v2(Bucket=BUCKET, Prefix=f"{REMOTE}/").get("Contents", [])
    return {one["Key"].removeprefix(f"{REMOTE}/files/md5/").replace("/", "") for one in listed}


def test_who_curates_pushes_and_who_trains_pulls(deployed: Deployed, tool: Tool, tmp_path: Path) -> None:
    curator, trainer = deployed.acting_as("curator"), deployed.acting_as("trainer")
    here = project(tmp_path / "curator", deployed, tool)
    first = add(here, tool, january="a,b\n1,2\n")

    pushed = tool(here, curator, "dvc", "push")
    assert pushed.returncode == 0, pushed.stderr
    assert first in stored(deployed)
    assert "2 files pushed" in pushed.stdout
    before = (here / "data.dvc").read_text()
    second = add(here, tool, january="a,b\n1,2\n", february="a,b\n3,4\n")
    assert tool(here, curator, "dvc", "push").returncode == 0
    assert {first, second} <= stored(deployed)  # a revision that a release names is still there

    for who in (trainer, deployed.acting_as("person")):
        there = project(tmp_path / f"reader-{len(list(tmp_path.iterdir()))}", deployed, tool)
        shutil.copy(here / "data.dvc", there)
        pulled = tool(there, who, "dvc", "pull")
        assert pulled.returncode == 0, pulled.stderr
        assert (there / "data" / "february.csv").read_text() == "a,b\n3,4\n"
        (there / "data.dvc").write_text(before)
        assert tool(there, who, "dvc", "pull", "--force").returncode == 0
        assert [path.name for path in (there / "data").iterdir()] == ["january.csv"]


def test_who_trains_cannot_push(deployed: Deployed, tool: Tool, tmp_path: Path) -> None:
    here = project(tmp_path / "trainer", deployed, tool)
    revision = add(here, tool, forged="x\n")

    for who in ("trainer", "person"):
        pushed = tool(here, deployed.acting_as(who), "dvc", "push")
        assert pushed.returncode != 0
        assert "Access Denied" in pushed.stderr, pushed.stderr
    assert revision not in stored(deployed)


def test_nobody_takes_data_of_another_model(deployed: Deployed, tool: Tool, tmp_path: Path) -> None:
    here = project(tmp_path / "other", deployed, tool)
    revision = add(here, tool, mine="x\n")
    config = here / ".dvc" / "config"
    config.write_text(config.read_text().replace("/dvc/flight-delay", "/dvc/churn"))

    pushed = tool(here, deployed.acting_as("curator"), "dvc", "push")
    assert pushed.returncode != 0
    assert "Access Denied" in pushed.stderr or "Forbidden" in pushed.stderr, pushed.stderr
    folder, file = revision[:2], revision[2:]
    deployed.s3().put_object(Bucket=BUCKET, Key=f"dvc/churn/files/md5/{folder}/{file}", Body=b"[]")
    shutil.rmtree(here / ".dvc" / "cache")
    shutil.rmtree(here / "data")
    assert tool(here, deployed.acting_as("trainer"), "dvc", "pull").returncode != 0
    assert not (here / "data").exists()


def test_nobody_throws_data_away(deployed: Deployed, tool: Tool, tmp_path: Path) -> None:
    here = project(tmp_path / "gone", deployed, tool)
    curator = deployed.acting_as("curator")
    revision = add(here, tool, old="1\n")
    assert tool(here, curator, "dvc", "push").returncode == 0
    add(here, tool, new="2\n")

    before = stored(deployed)
    tool(here, curator, "dvc", "gc", "--workspace", "--cloud", "--force")  # says that it removed, whatever S3 says
    assert revision in before == stored(deployed)
