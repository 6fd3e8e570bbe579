"""What a sandbox does about a cloud that died and about a run that was killed."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sandbox.workspace import ROOT
from tests.sandbox.world import World, shown

pytestmark = pytest.mark.sandbox


def test_a_dead_cloud_is_noticed_and_rebuilt(tmp_path: Path) -> None:
    world = World(tmp_path)
    try:
        assert world.up("local").outcome.ok
        os.kill(world.cloud.pid, signal.SIGKILL)
        again = world.up("local")
        assert again.outcome.ok, shown(again)
        assert any("has ended" in note for note in again.log.notes)
        assert again.writes > 50
        assert list((world.workspace.root / "aside").iterdir())
    finally:
        world.stop()


def test_a_killed_up_is_continued(tmp_path: Path) -> None:
    environment = {**os.environ, "SLIPWAY_SANDBOX_DIR": str(tmp_path / "sandbox")}
    command = [sys.executable, "-m", "sandbox", "up", "--stack", "local", "--engine", "stand-in"]
    world = World(tmp_path)
    cloud = world.cloud
    try:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, start_new_session=True
        )
        deadline = time.monotonic() + 120
        while cloud.writes() < 40 and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        assert cloud.writes() >= 40
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=200)
        assert done.returncode == 0, done.stdout[-3000:]
        before = cloud.writes()
        again = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=200)
        assert again.returncode == 0 and cloud.writes() == before, again.stdout[-3000:]
        names = [bucket["Name"] for bucket in world.client("s3").list_buckets()["Buckets"]]
        logged = [f"acme-local-{name}{logs}" for name in ("datasets", "models") for logs in ("", "-access-logs")]
        assert sorted(names) == sorted(["acme-local-gateway-logs", *logged])
        assert len(world.client("ec2").describe_vpcs()["Vpcs"]) == 1
    finally:
        world.stop()
