"""`slipway rollback` and `slipway promote`: one line is edited, after what it names was checked."""

from pathlib import Path
from typing import Any

import pytest
from slipway_ops import images, promote
from slipway_ops.record import Location, Release

from tests.operations.test_cli import Command
from tests.operations.test_cli import slipway as slipway
from tests.operations.world import BUCKET, MODEL, REPOSITORY

UNKNOWN = "flight-delay-20261120-00000000"
DAYS = ("2026-11-20T09:30:00Z", "2026-11-21T09:30:00Z", "2026-11-22T09:30:00Z")


class Team:
    """A model with three releases in dev, the last of which its stack names."""

    def __init__(self, command: Command) -> None:
        self.command, self.world = command, command.world
        self.old = self.world.release(created_at=DAYS[0], settings={"DECISION_THRESHOLD": "0.3"})
        image, accuracy = self.world.push("second"), {"accuracy": {"value": 0.5, "rows": 10}}
        self.middle = self.world.release(
            created_at=DAYS[1], previous=self.old.id, image_digest=image, metrics=accuracy, code_commit="e" * 40
        )
        self.new = self.world.release(created_at=DAYS[2], previous=self.middle.id)
        self.says("dev", self.new.id)
        self.says("prod", None)

    def file(self, stack: str) -> Path:
        return self.world.stacks / f"Pulumi.{stack}.yaml"

    def says(self, stack: str, release: str | None) -> None:
        line = f"      release: {release}   # by hand\n" if release else "      # release: none yet\n"
        self.file(stack).write_text(
            f"config:\n  aws:region: eu-west-1\n  slipway:namespace: acme\n  slipway:environment: {stack}\n"
            f"  slipway:models:\n    {MODEL}:\n{line}      scale: {{min: 1}}\n"
        )

    def line(self, stack: str) -> str:
        (line,) = [
            line for line in self.file(stack).read_text().splitlines() if "release:" in line and "#" not in line[:8]
        ]
        return line.strip()

    def rollback(self, *flags: str) -> Any:
        return self.command.json("rollback", MODEL, *self.command.stack, *flags)

    def refused(self, *flags: str) -> str:
        before = self.file("dev").read_bytes()
        message = self.command.refused("rollback", MODEL, *self.command.stack, *flags)
        assert self.file("dev").read_bytes() == before
        return message

    @property
    def between(self) -> list[str]:
        return ["--from", "dev", "--to", "prod", "--stacks-dir", str(self.world.stacks)]

    def promote(self, *flags: str) -> Any:
        return self.command.json("promote", MODEL, *self.between, *flags)


@pytest.fixture
def team(slipway: Command) -> Team:
    return Team(slipway)


def test_back_to_the_one_before_and_what_moves(team: Team) -> None:
    before = team.file("dev").read_text()
    done = team.rollback()
    assert team.file("dev").read_text() == before.replace(team.new.id, team.middle.id)
    assert team.line("dev") == f"release: {team.middle.id}   # by hand"
    image, digest = team.new.content.image_digest, team.middle.content.image_digest
    assert done.pop("moves") == [
        f"image: {image} -> {digest}",
        "metric accuracy.rows: 27915 -> 10",
        "metric accuracy.value: 0.7825 -> 0.5",
        "metric brier.rows: 27915 -> none",
        "metric brier.value: 0.16 -> none",
        f"code: {'c' * 40} -> {'e' * 40}",
        f"created: {DAYS[2]} -> {DAYS[1]}",
    ]
    assert done == {
        "model": MODEL,
        "file": str(team.file("dev")),
        "line": 7,
        "from": team.new.id,
        "to": team.middle.id,
        "image": f"image {digest} is still in {REPOSITORY}",
        "changed": True,
    }


def test_for_people(team: Team) -> None:
    code, out, err = team.command("rollback", MODEL, *team.command.stack, "--to", team.old.id)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == f"{team.file('dev')}:7: {MODEL}: {team.new.id} -> {team.old.id}"
    assert "  setting DECISION_THRESHOLD: 0.4 -> 0.3" in lines
    assert lines[-2].startswith("  image sha256:") and lines[-2].endswith(f" is still in {REPOSITORY}")
    assert lines[-1] == "written; next: pulumi preview --stack dev"


def test_the_artifacts_version_is_named(team: Team) -> None:
    location = team.old.location
    put = team.world.s3.put_object(
        Bucket=BUCKET, Key=location.key, Body=team.world.path.read_bytes(), ChecksumAlgorithm="SHA256"
    )
    moved = location.model_dump() | {"version_id": put["VersionId"]}
    team.world.overwrite(team.old.id, Release.of(team.old.content, Location.model_validate(moved)))
    moves = team.rollback("--to", team.old.id)["moves"]
    assert f"artifact version: {location.version_id} -> {put['VersionId']}" in moves


def test_a_dry_run_writes_nothing(team: Team) -> None:
    before = team.file("dev").read_bytes()
    done = team.rollback("--dry-run")
    assert (done["to"], done["changed"]) == (team.middle.id, False)
    _, out, _ = team.command("rollback", MODEL, *team.command.stack, "--dry-run")
    assert out.endswith("nothing written: --dry-run\n")
    assert team.file("dev").read_bytes() == before


def test_to_what_is_there_already_changes_nothing(team: Team) -> None:
    assert team.rollback("--to", team.new.id)["changed"] is False
    _, out, _ = team.command("rollback", MODEL, *team.command.stack, "--to", team.new.id)
    assert out == f"{team.file('dev')}:7: {MODEL}: already {team.new.id}\n"


def test_newest_is_explained_and_pinned_when_asked(team: Team) -> None:
    team.says("dev", "newest")
    assert (
        "Pulumi.dev.yaml:7: slipway:models.flight-delay.release: accepted: a release's id, or --pin: " in team.refused()
    )
    assert team.rollback("--pin")["from"] == "newest"
    assert team.line("dev") == f"release: {team.middle.id}   # by hand"


def test_a_withdrawn_release_is_left_and_never_gone_to(team: Team) -> None:
    team.world.store.withdraw(team.new.id, "drifts", "ci/models")
    team.world.store.withdraw(team.old.id, "biased", "ci/models")
    assert "withdrawn: accepted: a release that was not withdrawn: received: biased" in team.refused(
        "--to", team.old.id
    )
    assert team.rollback()["to"] == team.middle.id
    assert "biased" in team.refused()


def test_one_that_is_broken_can_be_left(team: Team) -> None:
    team.world.overwrite(team.new.id, team.world.stored(team.new.id).replace(b"0.4", b"0.9"))
    assert "id: accepted: " in team.refused()  # what came before it cannot be believed
    (moves,) = team.rollback("--to", team.old.id)["moves"]
    assert moves.startswith(f"what it moves from cannot be said: release {team.new.id}: id: accepted: ")


def test_an_unknown_or_altered_release_is_refused(team: Team) -> None:
    assert f"1 slipway rollback: release {UNKNOWN}: id: accepted: a release in s3://" in team.refused("--to", UNKNOWN)
    team.world.overwrite(team.old.id, team.world.stored(team.old.id).replace(b"0.3", b"0.9"))
    assert f"release {team.old.id}: id: accepted: " in team.refused("--to", team.old.id)


def test_altered_bytes_are_found_when_they_are_read(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("slipway_ops.objects.stream", lambda *_: iter([b"altered"]))
    assert team.rollback("--dry-run")["to"] == team.middle.id
    assert "sha256: accepted: " in team.refused("--verify")


def test_a_lost_artifact_is_refused(team: Team) -> None:
    location = team.middle.location
    team.world.s3.delete_object(Bucket=BUCKET, Key=location.key, VersionId=location.version_id)
    assert "location.version_id: accepted: a version of s3://" in team.refused()


def test_a_lost_image_is_refused_and_a_lost_tag_is_said(team: Team) -> None:
    digest = team.middle.content.image_digest
    tag = images.release_tag(team.middle.id)
    team.world.ecr.batch_delete_image(repositoryName=REPOSITORY, imageIds=[{"imageTag": tag}])
    assert team.rollback("--dry-run")["image"].endswith(f"without the tag {tag} that keeps it there")
    team.world.ecr.batch_delete_image(repositoryName=REPOSITORY, imageIds=[{"imageDigest": digest}])
    assert f"repository {REPOSITORY}: image_digest: accepted: an image that the repository holds" in team.refused()


@pytest.mark.parametrize(
    ("says", "flags", "message"),
    [
        (None, [], "release: accepted: --to, because no release is named here: received: nothing"),
        ("old", [], "release: accepted: --to, because no release came before "),
        (None, ["--to", "fraud-20261120-00000000"], "--to: release: accepted: a release of flight-delay"),
        (None, ["--to", "yesterday"], "--to: accepted: <model>-<yyyymmdd>-<8 hex>: received: yesterday"),
    ],
)
def test_where_back_is_must_be_known(team: Team, says: str | None, flags: list[str], message: str) -> None:
    team.says("dev", team.old.id if says == "old" else None)
    assert message in team.refused(*flags)


def test_a_model_or_stack_that_is_not_there_is_refused(team: Team) -> None:
    assert 'slipway:models: accepted: flight-delay: received: "fraud"' in team.command.refused(
        "rollback", "fraud", *team.command.stack
    )
    assert "--stack: accepted: dev, prod: received: test" in team.command.refused(
        "rollback", MODEL, "--stack", "test", "--stacks-dir", str(team.world.stacks)
    )


def test_what_came_before_elsewhere_is_not_here(team: Team) -> None:
    """`previous` is of the environment where a release was created; another one may have skipped it."""
    for release in (team.old, team.new):
        promote.promote(release.id, team.world.side("dev"), team.world.side("prod"), work=team.world.directory)
    team.says("prod", team.new.id)
    stack = ["--stack", "prod", "--stacks-dir", str(team.world.stacks)]
    message = team.command.refused("rollback", MODEL, *stack)
    assert (
        f"{team.middle.id}, which came before {team.new.id}, is not in this environment; here it was {team.old.id}"
        in message
    )
    assert team.command.json("rollback", MODEL, *stack, "--to", team.old.id)["changed"] is True


def test_promote_copies_and_names_it(team: Team) -> None:
    done = team.promote()
    assert (done["to"], done["from"], done["moves"]) == (team.new.id, None, ["the first release here"])
    assert team.line("prod") == f"release: {team.new.id}"
    prod = team.world.side("prod").store
    prod.verify(prod.get(team.new.id))
    done = team.promote("--release", team.old.id)
    assert "setting DECISION_THRESHOLD: 0.4 -> 0.3" in done["moves"]
    assert team.line("prod") == f"release: {team.old.id}"
    assert team.promote("--release", team.old.id)["changed"] is False


def test_promote_names_what_is_there_already(team: Team) -> None:
    team.says("dev", team.middle.id)
    flags = ["--to", "dev", "--stacks-dir", str(team.world.stacks)]
    done = team.command.json("promote", MODEL, *flags, "--release", team.new.id)
    assert (done["from"], done["to"], done["changed"]) == (team.middle.id, team.new.id, True)
    assert team.line("dev") == f"release: {team.new.id}   # by hand"
    for more, message in (
        ([], "--release: accepted: a release, because no --from is there to ask: received: nothing"),
        (["--release", "fraud-20261120-00000000"], "--release: accepted: a release of flight-delay"),
        (["--release", f"{MODEL}-20261120-00000000"], f"{MODEL}-20261120-00000000"),
        (["--release", team.new.id, "--from-profile", "x"], "--from-profile: accepted: nothing, because there is no"),
    ):
        assert message in team.command.refused("promote", MODEL, *flags, *more)


def test_promote_takes_the_newest_where_the_first_stack_says_so(team: Team) -> None:
    team.says("dev", "newest")
    assert team.promote()["to"] == team.new.id


def test_a_dry_promotion_copies_nothing(team: Team) -> None:
    before = team.file("prod").read_bytes()
    done = team.promote("--dry-run")
    assert done["image"].endswith(f" is still in {REPOSITORY}; it and the artifact would be copied to prod")
    assert team.file("prod").read_bytes() == before
    assert team.world.keys("", "acme-prod-models") == []
    team.promote()
    done = team.promote("--dry-run", "--release", team.old.id)
    assert not any(word.startswith("artifact version") for word in done["moves"])
    assert team.promote("--dry-run")["image"].endswith(f" is still in acme-prod/{MODEL}")


def test_a_promotion_that_cannot_be_written_down_is_not_begun(team: Team) -> None:
    team.file("prod").write_text(team.file("prod").read_text().replace("scale:", "<<: &m"))
    assert "without a merge" in team.command.refused("promote", MODEL, *team.between)
    assert team.world.keys("", "acme-prod-models") == []


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--release", "fraud-20261120-00000000"], "2 slipway promote: --release: accepted: a release of flight-delay"),
        (["--to", "dev"], "2 slipway promote: --to: accepted: an environment other than --from's: received: dev"),
        (["--from", "prod", "--to", "dev"], "release: accepted: --release, because no release is there"),
    ],
)
def test_wrong_promotions_are_refused(team: Team, flags: list[str], message: str) -> None:
    assert message in team.command.refused("promote", MODEL, *team.between, *flags)
    assert team.world.keys("", "acme-prod-models") == []


def test_a_promotion_into_newest_is_explained(team: Team) -> None:
    team.says("prod", "newest")
    assert "a release's id, or --pin: this line follows" in team.command.refused("promote", MODEL, *team.between)
    assert team.promote("--pin")["changed"] is True


def test_a_withdrawn_release_is_not_promoted(team: Team) -> None:
    team.world.store.withdraw(team.new.id, "drifts", "ci/models")
    assert "received: drifts (by ci/models" in team.command.refused("promote", MODEL, *team.between)
    assert "received: drifts (by ci/models" in team.command.refused("promote", MODEL, *team.between, "--dry-run")
