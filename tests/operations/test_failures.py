"""Calls that AWS refuses: one line that says what was being done, and never a half-done record."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from slipway_ops import artifact, image_copy, images
from slipway_ops.cli import main
from slipway_ops.content import Content
from slipway_ops.promote import promote
from slipway_ops.record import Location, Release
from slipway_ops.release import ReleaseError

from tests.operations.world import BUCKET, BYTES, MODEL, REPOSITORY, World, content

ID = "flight-delay-20261120-00000000"


def denied(*_: Any, **__: Any) -> None:
    raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no\nway"}}, "Call")


CALLS: list[tuple[str, str, Callable[[World, Release], Any], str]] = [
    ("s3", "get_object", lambda world, release: world.store.get(release.id), "release .*: read of s3://"),
    ("s3", "get_paginator", lambda world, release: world.store.newest(MODEL), "s3://.*/releases/flight-delay/: list"),
    ("s3", "head_object", lambda world, release: world.store.check_artifact(release), "release .*: check of s3://"),
    ("s3", "head_object", lambda world, release: world.release(), "s3://.*: head"),
    ("s3", "put_object", lambda world, release: world.store.put(release), "release .*: put of s3://"),
    ("ecr", "batch_get_image", lambda world, _: images.manifest(world.ecr, REPOSITORY, "x"), "repository .*: read"),
    ("ecr", "describe_images", lambda world, _: images.tagged(world.ecr, REPOSITORY, ID), "repository .*: read"),
    ("ecr", "put_image", lambda world, _: images.put(world.ecr, REPOSITORY, "d", "{}", "t"), "repository .*: put"),
    (
        "ecr",
        "batch_check_layer_availability",
        lambda world, release: image_copy.copy_image(
            world.ecr, REPOSITORY, world.ecr, f"acme-prod/{MODEL}", release.content.image_digest
        ),
        "repository acme-prod/.*: check of the layers",
    ),
]


@pytest.mark.parametrize(("client", "call", "run", "message"), CALLS)
def test_a_denied_call_is_one_line(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    client: str,
    call: str,
    run: Callable[[World, Release], Any],
    message: str,
) -> None:
    release = world.release()
    monkeypatch.setattr(getattr(world, client), call, paginator if call == "get_paginator" else denied)
    with pytest.raises(ReleaseError, match=rf"{message}.* failed: AccessDenied: .* no way") as caught:
        run(world, release)
    assert "\n" not in str(caught.value)


class paginator:
    def __init__(self, _: str) -> None:
        pass

    paginate = staticmethod(denied)


def test_newest_image_leaves_other_errors_to_its_caller(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world.ecr, "get_paginator", paginator)
    with pytest.raises(ClientError, match="AccessDenied"):
        images.newest_image(world.ecr, REPOSITORY)


def test_a_denied_call_of_the_command_is_one_line(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(images, "newest_image", denied)
    training = world.directory / "training.json"
    training.write_text(
        '{"dataset":{"kind":"package","uri":"x","revision":"1"},"feature_schema":[{"name":"a",'
        '"type":"number"}],"metrics":{"a":{"value":1,"rows":1}}}'
    )
    with pytest.raises(SystemExit) as caught:
        main(
            [
                *("release", "create", "--stack", "dev", "--stacks-dir", str(world.stacks), "--model", MODEL),
                *("--artifact", str(world.path), "--image", "newest", "--training", str(training)),
                *("--code-commit", "c" * 40, "--created-by", "ci/x"),
            ]
        )
    assert caught.value.code == 1
    error = capsys.readouterr().err
    assert error.startswith("slipway release create: AccessDenied: ")
    assert error.count("\n") == 1


def test_an_upload_that_is_not_there_afterwards_is_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(artifact, "_head", lambda *_: None)
    with pytest.raises(ReleaseError, match="object: accepted: the object just uploaded: received: nothing"):
        artifact.upload(world.s3, BUCKET, MODEL, world.local, "text/plain", REPOSITORY)


def test_a_file_that_cannot_be_read_is_one_line(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.open", broken)
    with pytest.raises(ReleaseError, match=r"artifact: .*/model.bin: Permission denied"):
        artifact.describe(world.path)


def test_a_record_with_its_right_id_and_a_wrong_size_is_neither_verified_nor_promoted(world: World) -> None:
    good = world.release()
    fields = content(image_digest=good.content.image_digest)
    fields["artifact"] |= {"bytes": len(BYTES) + 1}
    wrong = Release.of(Content.model_validate(fields), Location.model_validate(good.location.model_dump()))
    world.store.put(wrong)
    with pytest.raises(ReleaseError, match=f"content.artifact.bytes: accepted: {len(BYTES) + 1} in s3://"):
        world.store.verify(wrong)
    with pytest.raises(ReleaseError, match=f"content.artifact.bytes: accepted: {len(BYTES)}: received: "):
        promote(wrong.id, world.side("dev"), world.side("prod"))
