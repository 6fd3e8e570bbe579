"""An artifact's way into a pod: whole and unaltered, or not at all."""

import fcntl
import io
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from botocore.response import StreamingBody
from slipway_ops import objects
from slipway_ops.artifact import fetch
from slipway_ops.objects import Source
from slipway_ops.release import ReleaseError

from tests.operations.world import BUCKET, BYTES, World


@pytest.fixture
def source(world: World) -> Source:
    location = world.release().location
    return Source(location.bucket, location.key, location.version_id)


def leftovers(target: Path) -> list[str]:
    return sorted(path.name for path in target.parent.iterdir() if path.name.startswith("."))


def test_the_exact_version_is_fetched_and_no_part_is_left(world: World, source: Source) -> None:
    world.s3.put_object(Bucket=BUCKET, Key=source.key, Body=b"a newer version")
    target = world.directory / "artifact"
    assert fetch(world.s3, source, world.local.sha256, target) is True
    assert target.read_bytes() == BYTES
    assert leftovers(target) == []


def test_another_user_may_read_what_was_fetched(world: World, source: Source) -> None:
    target = world.directory / "artifact"
    fetch(world.s3, source, world.local.sha256, target)
    assert target.stat().st_mode & 0o444 == 0o444


def test_a_matching_file_is_kept(world: World, source: Source) -> None:
    target = world.directory / "artifact"
    target.write_bytes(BYTES)
    before = target.stat().st_ino
    gone = Source(BUCKET, "no/such/key", "v")  # so a call would fail
    assert fetch(world.s3, gone, world.local.sha256, target) is False
    assert target.stat().st_ino == before


def test_another_file_is_replaced_only_when_the_new_one_is_right(world: World, source: Source) -> None:
    target = world.directory / "artifact"
    target.write_bytes(b"old")
    with pytest.raises(ReleaseError, match=f"sha256: accepted: {'0' * 64}: received: "):
        fetch(world.s3, source, "0" * 64, target)
    assert target.read_bytes() == b"old"
    assert leftovers(target) == []
    assert fetch(world.s3, source, world.local.sha256, target) is True
    assert target.read_bytes() == BYTES


def test_a_part_left_by_a_killed_run_is_overwritten(world: World, source: Source) -> None:
    target = world.directory / "artifact"
    (world.directory / ".artifact.part").write_bytes(b"half of something much longer " * 1000)
    fetch(world.s3, source, world.local.sha256, target)
    assert target.read_bytes() == BYTES
    assert leftovers(target) == []


def test_two_fetches_do_not_write_one_file(world: World, source: Source) -> None:
    target = world.directory / "artifact"
    with (world.directory / ".artifact.part").open("ab") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(ReleaseError, match="part file: accepted: one fetch at a time"):
            fetch(world.s3, source, world.local.sha256, target)
    assert not target.exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version_id": "no-such-version"}, "object: accepted: an object with this version: received: nothing"),
        ({"key": "artifacts/flight-delay/none"}, "object: accepted: an object with this version: received: nothing"),
        ({"bucket": "no-such-bucket"}, "object: accepted: an object with this version: received: nothing"),
    ],
)
def test_what_is_not_there_is_refused_at_once(
    world: World, source: Source, change: dict[str, str], message: str
) -> None:
    target = world.directory / "artifact"
    with pytest.raises(ReleaseError, match=message):
        fetch(world.s3, Source(**{**vars(source), **change}), world.local.sha256, target)
    assert not target.exists()
    assert leftovers(target) == []


def test_a_target_that_cannot_be_written_is_refused(world: World, source: Source) -> None:
    with pytest.raises(ReleaseError, match="No such file or directory"):
        fetch(world.s3, source, world.local.sha256, world.directory / "no" / "artifact")


class Cut(io.BytesIO):
    """A body whose connection breaks after some bytes."""

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        if not data:
            raise ReadTimeoutError(endpoint_url="s3")
        return data


def breaking(world: World, monkeypatch: pytest.MonkeyPatch, times: int, after: int) -> list[str | None]:
    """Break the first ``times`` downloads ``after`` bytes; returns the ranges asked for."""
    real, ranges = world.s3.get_object, list[str | None]()

    def get_object(**arguments: Any) -> Any:
        answer = real(**arguments)
        ranges.append(arguments.get("Range"))
        if len(ranges) <= times:
            whole = answer["Body"].read()
            answer["Body"] = StreamingBody(Cut(whole[:after]), len(whole))
        return answer

    monkeypatch.setattr(world.s3, "get_object", get_object)
    return ranges


def test_a_body_that_is_cut_off_is_continued_where_it_stopped(
    world: World, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    ranges = breaking(world, monkeypatch, times=3, after=1000)
    target = world.directory / "artifact"
    assert fetch(world.s3, source, world.local.sha256, target, wait=0.001) is True
    assert target.read_bytes() == BYTES
    assert ranges == [None, "bytes=1000-", "bytes=2000-", "bytes=3000-"]


def test_a_body_that_is_always_cut_off_fails_with_nothing_left(
    world: World, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    ranges = breaking(world, monkeypatch, times=99, after=10)
    target = world.directory / "artifact"
    with pytest.raises(ReleaseError, match="download failed after 5 attempts, 50 bytes: ReadTimeoutError"):
        fetch(world.s3, source, world.local.sha256, target, wait=0.001)
    assert len(ranges) == objects.ATTEMPTS
    assert not target.exists()
    assert leftovers(target) == []


def test_a_refusal_by_aws_is_not_tried_again(world: World, source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def denied(**_: Any) -> None:
        asked.append(1)
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "GetObject")

    monkeypatch.setattr(world.s3, "get_object", denied)
    with pytest.raises(ReleaseError, match="download failed: AccessDenied"):
        fetch(world.s3, source, world.local.sha256, world.directory / "artifact")
    assert len(asked) == 1
