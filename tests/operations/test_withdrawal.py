"""A withdrawn release is shown, with the reason, and never used."""

import json
from typing import Any

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError
from slipway_ops import promote
from slipway_ops.problems import ReleaseError
from slipway_ops.record import record_key
from slipway_ops.withdrawal import Withdrawal, marker_key

from tests.operations.test_cli import Command
from tests.operations.test_cli import slipway as slipway
from tests.operations.world import BUCKET, MODEL, World

UNKNOWN = "flight-delay-20261120-00000000"
REASON = "trained on labels of the future"


def test_the_marker_stands_beside_the_record_and_is_locked(world: World) -> None:
    release = world.release()
    before = world.stored(release.id)
    withdrawal, new = world.store.withdraw(release.id, REASON, "ci/models")
    assert new and (withdrawal.reason, withdrawal.by) == (REASON, "ci/models")
    key = marker_key(release.id)
    assert key == record_key(release.id).replace(".json", ".withdrawn.json")
    head = world.s3.head_object(Bucket=BUCKET, Key=key)
    assert head["ObjectLockMode"] == "GOVERNANCE"
    assert world.stored(release.id) == before
    assert world.store.withdrawal(release.id) == withdrawal
    assert world.store.withdrawn(MODEL) == {release.id: withdrawal}


def test_the_first_reason_stays(world: World) -> None:
    release = world.release()
    first, _ = world.store.withdraw(release.id, REASON, "ci/models")
    assert world.store.withdraw(release.id, "another", "ci/other") == (first, False)
    assert len(world.s3.list_object_versions(Bucket=BUCKET, Prefix=marker_key(release.id))["Versions"]) == 1


def test_get_refuses_with_the_whole_reason(world: World) -> None:
    release = world.release()
    reason = "r" * 300
    world.store.withdraw(release.id, reason, "ci/models")
    with pytest.raises(
        ReleaseError, match=f"release {release.id}: withdrawn: accepted: .*: received: {reason} \\(by ci"
    ):
        world.store.get(release.id)
    assert world.store.get(release.id, withdrawn=True) == release


def test_newest_skips_it_and_list_does_not(world: World) -> None:
    days = [f"2026-11-2{day}T09:30:00Z" for day in range(3)]
    old, middle, new = (world.release(created_at=day) for day in days)
    world.store.withdraw(new.id, REASON, "ci/models")
    assert world.store.newest(MODEL) == middle.id
    assert world.store.newest(MODEL, before=days[2]) == middle.id
    world.store.withdraw(middle.id, REASON, "ci/models")
    assert world.store.newest(MODEL) == old.id
    assert [release.id for release in world.store.list(MODEL)] == [new.id, middle.id, old.id]
    world.store.withdraw(old.id, REASON, "ci/models")
    assert world.store.newest(MODEL) is None


def test_an_unknown_release_cannot_be_withdrawn(world: World) -> None:
    with pytest.raises(ReleaseError, match="no such record"):
        world.store.withdraw(UNKNOWN, REASON, "ci/models")


@pytest.mark.parametrize("marker", [b"{}", b"", b"null", b'{"id": 1}', "other"])
def test_a_marker_that_cannot_be_read_withdraws_just_as_well(world: World, marker: Any) -> None:
    release = world.release()
    if marker == "other":
        marker = Withdrawal(id=UNKNOWN, reason=REASON, by="ci/x", at="2026-11-20T09:30:00Z").data
    world.s3.put_object(Bucket=BUCKET, Key=marker_key(release.id), Body=marker)
    with pytest.raises(ReleaseError, match=f"release {release.id}: withdrawn"):
        world.store.get(release.id)
    assert world.store.newest(MODEL) is None


def denied(*_: Any, **__: Any) -> Any:
    raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "Call")


@pytest.mark.parametrize("listed", [True, False])
def test_a_marker_that_may_not_be_read_refuses_the_release(
    world: World, monkeypatch: pytest.MonkeyPatch, listed: bool
) -> None:
    release = world.release()
    get = world.s3.get_object
    if listed:
        world.store.withdraw(release.id, REASON, "ci/x")
    else:  # nothing tells whether there is one
        monkeypatch.setattr(world.s3, "list_objects_v2", denied)
    monkeypatch.setattr(
        world.s3, "get_object", lambda **given: denied() if given["Key"] == marker_key(release.id) else get(**given)
    )
    with pytest.raises(ReleaseError, match=r"withdrawn\.json failed: AccessDenied"):
        world.store.get(release.id)


def test_s3_says_403_about_what_is_not_there_to_who_lists_only_a_prefix(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = world.release()
    get = world.s3.get_object
    monkeypatch.setattr(
        world.s3, "get_object", lambda **given: denied() if given["Key"] == marker_key(release.id) else get(**given)
    )
    assert world.store.get(release.id) == release


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"reason": "ask me@example.com"}, "no personal data"),
        ({"reason": ""}, "1 to 500 characters"),
        ({"reason": "two\nlines"}, "on one line"),
        ({"by": "me@example.com"}, "a role or CI identity"),
        ({"by": "arn:aws:iam::123456789012:user/me"}, "a role or CI identity"),
        ({"at": "yesterday"}, "RFC 3339"),
        ({"id": "fraud"}, "<yyyymmdd>"),
        ({"more": "x"}, "Extra inputs"),
    ],
)
def test_a_withdrawal_holds_no_person_and_nothing_else(change: dict[str, str], message: str) -> None:
    good = {"id": UNKNOWN, "reason": REASON, "by": "ci/x", "at": "2026-11-20T09:30:00Z"}
    Withdrawal.model_validate(good)
    with pytest.raises(ValueError, match=message):
        Withdrawal.model_validate(good | change)


@pytest.mark.parametrize("where", ["dev", "prod"])
def test_it_is_not_promoted(world: World, where: str) -> None:
    release = world.release()
    sides = world.side("dev"), world.side("prod")
    if where == "prod":
        promote.promote(release.id, *sides, work=world.directory)
    world.side(where).store.withdraw(release.id, REASON, "ci/models")
    with pytest.raises(ReleaseError, match=REASON):
        promote.promote(release.id, *sides, work=world.directory)
    assert bool(world.keys("releases/", "acme-prod-models")) == (where == "prod")


def test_the_command_withdraws_and_shows(slipway: Command) -> None:
    release = slipway.world.release()
    by = ["--by", "ci/models", "--reason", REASON]
    made = slipway.json("release", "withdraw", release.id, *slipway.stack, *by)
    assert made.pop("at").endswith("Z")
    assert made == {"withdrawn": True, "schema_version": 1, "id": release.id, "reason": REASON, "by": "ci/models"}
    _, out, _ = slipway("release", "withdraw", release.id, *slipway.stack, *by)
    assert out.startswith(f"{release.id}: was withdrawn before: {REASON} (by ci/models at ")
    (listed,) = slipway.json("release", "list", MODEL, *slipway.stack)
    assert listed["withdrawn"]["reason"] == REASON
    _, out, _ = slipway("release", "list", MODEL, *slipway.stack)
    assert f"withdrawn: {REASON}" in out
    shown = slipway.json("release", "show", release.id, *slipway.stack)
    assert shown["withdrawn"]["by"] == "ci/models" and shown["content"]
    _, out, _ = slipway("release", "show", release.id, *slipway.stack)
    assert out.startswith(f"withdrawn: {REASON} (by ci/models at ")
    assert slipway.json("release", "diff", release.id, release.id, *slipway.stack)["differences"] == []
    assert REASON in slipway.refused("release", "verify", release.id, *slipway.stack)


def test_the_same_thing_is_not_released_again(slipway: Command) -> None:
    slipway.world.push()
    create = slipway.create(created_at="2026-11-20T09:30:00Z")
    made = slipway.json(*create)["id"]
    slipway.world.store.withdraw(made, REASON, "ci/models")
    assert REASON in slipway.refused(*create)


@pytest.mark.parametrize(
    ("arn", "by"),
    [
        ("arn:aws:sts::123456789012:assumed-role/releaser/me@example.com", "role/releaser"),
        ("arn:aws:iam::123456789012:user/me", None),
        ("arn:aws:iam::123456789012:root", None),
    ],
)
def test_who_withdraws_is_the_role_of_the_credentials(
    slipway: Command, monkeypatch: pytest.MonkeyPatch, arn: str, by: str | None
) -> None:
    release = slipway.world.release()
    call = getattr(BaseClient, "_make_api_call")  # noqa: B009  # the one door of all clients

    def answer(client: Any, operation: str, arguments: Any) -> Any:
        return {"Arn": arn} if operation == "GetCallerIdentity" else call(client, operation, arguments)

    monkeypatch.setattr(BaseClient, "_make_api_call", answer)
    command = ["release", "withdraw", release.id, *slipway.stack, "--reason", REASON]
    if by:
        assert slipway.json(*command)["by"] == by
        assert (
            b"example.com" not in slipway.world.s3.get_object(Bucket=BUCKET, Key=marker_key(release.id))["Body"].read()
        )
    else:
        assert slipway.refused(*command).startswith("2 slipway release withdraw: --by: accepted: a role or CI identity")


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--reason", "ask me@example.com"], "--reason: accepted: no personal data"),
        ([], "--reason: accepted: a value: received: nothing"),
        (["--reason", REASON, "--by", "me@example.com"], "--by: accepted: a role or CI identity"),
        (["--reason", "x" * 501], "--reason: accepted: 1 to 500 characters"),
        (["--reason", "two\nlines"], "--reason: accepted: 1 to 500 characters"),
    ],
)
def test_wrong_flags_are_refused(slipway: Command, flags: list[str], message: str) -> None:
    refused = slipway.refused("release", "withdraw", UNKNOWN, *slipway.stack, *flags)
    assert refused.startswith("2 slipway release withdraw: ") and message in refused


def test_markers_are_json_that_people_can_read(world: World) -> None:
    release = world.release()
    world.store.withdraw(release.id, "Zürich", "ci/models")
    data = world.s3.get_object(Bucket=BUCKET, Key=marker_key(release.id))["Body"].read()
    assert json.loads(data)["reason"] == "Zürich" and "Zürich".encode() in data
