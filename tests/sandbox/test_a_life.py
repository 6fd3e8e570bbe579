"""One environment's life: edited, taken down; and what its protection keeps."""

from pathlib import Path

import pytest

from sandbox.cloud.inventory import PENDING_DELETION, inventory
from sandbox.engine.outcome import Op
from tests.sandbox.world import World, shown

pytestmark = pytest.mark.sandbox


def test_an_edit_moves_what_its_preview_named_and_down_leaves_nothing(tmp_path: Path) -> None:
    world = World(tmp_path)
    try:
        assert world.up("local").outcome.ok
        world.edit("local", lambda config: config["slipway:network"].update(flow_log_days=14))

        preview = world.preview("local")
        assert preview.writes == 0
        moved = [change for change in preview.log.moved() if not change.type.startswith("slipway:")]
        assert [(change.op, change.type.rpartition(":")[2]) for change in moved] == [(Op.UPDATE, "LogGroup")]
        assert [(d.path, d.old, d.new) for d in moved[0].details] == [("retentionInDays", "7", "14")]

        done = world.up("local")
        assert [(change.op, change.name) for change in done.log.moved()] == [
            (change.op, change.name) for change in preview.log.moved()
        ]
        assert 14 in {group["retentionInDays"] for group in world.client("logs").describe_log_groups()["logGroups"]}

        down = world.down("local")
        assert down.outcome.ok, shown(down)
        left = inventory(world.environment("local"))
        assert {(item.kind, item.state) for item in left} == {("key", PENDING_DELETION)}
    finally:
        world.stop()


def test_what_is_protected_survives_a_down(tmp_path: Path) -> None:
    world = World(tmp_path)
    try:
        assert world.up("staging").outcome.ok
        result = world.down("staging")
        assert result.outcome.protected
        kinds = {item.kind for item in inventory(world.environment("staging"))}
        assert {"bucket", "key", "repository", "cluster"} <= kinds
    finally:
        world.stop()
