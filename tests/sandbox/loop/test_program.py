"""What `make loop` declares comes up, stays as it is, and its pointer is a line of a file."""

from pathlib import Path

import pytest

from sandbox.loop.stack import LIVE, MODEL, Stack
from sandbox.report import Printer

pytestmark = pytest.mark.sandbox


def test_it_comes_up_and_a_second_time_nothing_changes(tmp_path: Path) -> None:
    stack = Stack.make(tmp_path / "loop", Printer(quiet=True))
    try:
        stack.up("http://127.0.0.1:9")
        assert stack.outputs["machine"].endswith(":stateMachine:acme-loop-retrain-flight-delay")
        images = stack.client("ecr").describe_images(repositoryName=f"acme-loop/{MODEL}")["imageDetails"]
        assert sorted(tag for image in images for tag in image["imageTags"]) == ["dev-pipeline", "dev-server"]
        before = stack.cloud.writes()
        stack.up("http://127.0.0.1:9")
        assert stack.cloud.writes() == before
        assert stack.serving() is None
        stack.declare("some.json", Path(__file__).with_name("program") / "Pulumi.yaml")
        assert stack.document(stack.models, "none.json") is None
        assert stack.settings(LIVE).read_text().startswith("config:\n  aws:region: eu-west-1\n")
    finally:
        stack.end()
