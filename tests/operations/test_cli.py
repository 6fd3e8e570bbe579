"""The command: what it prints, what it refuses and how it ends."""

import json
from typing import Any

import pytest
from slipway_ops.cli import main

from tests.operations.world import BUCKET, BYTES, MODEL, REPOSITORY, World, training

ID = "flight-delay-20261120-00000000"


class Command:
    """``slipway``, run inside this process."""

    def __init__(self, world: World, capsys: pytest.CaptureFixture[str]) -> None:
        self.world, self.capsys = world, capsys
        self.training = world.directory / "training.json"
        self.training.write_text(json.dumps(training()))

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        """Exit code, stdout and stderr."""
        code = 0
        try:
            main(arguments)
        except SystemExit as error:
            code = int(error.code or 0)
        captured = self.capsys.readouterr()
        return code, captured.out, captured.err

    def json(self, *arguments: str) -> Any:
        code, out, err = self(*arguments, "--json")
        assert (code, err) == (0, "")
        return json.loads(out)

    def refused(self, *arguments: str) -> str:
        """The one line that a refusal is, without the command's name."""
        code, out, err = self(*arguments)
        assert (code, out) in ((1, ""), (2, ""))
        assert err.count("\n") == 1
        assert "Traceback" not in err
        return f"{code} {err.strip()}"

    @property
    def stack(self) -> list[str]:
        return ["--stack", "dev", "--stacks-dir", str(self.world.stacks)]

    def create(self, **changes: str | None) -> list[str]:
        """Arguments of a good create, with ``changes``; None leaves a flag out."""
        flags: dict[str, str | None] = {
            "stack": "dev",
            "stacks_dir": str(self.world.stacks),
            "model": MODEL,
            "artifact": str(self.world.path),
            "image": "newest",
            "training": str(self.training),
            "code_commit": "c" * 40,
            "created_by": "ci/flight-delay",
            **changes,
        }
        pairs = [(f"--{name.replace('_', '-')}", value) for name, value in flags.items() if value is not None]
        return ["release", "create", *(part for pair in pairs for part in pair)]


@pytest.fixture
def slipway(world: World, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(world, capsys)


def test_create_list_show_and_verify(slipway: Command) -> None:
    digest = slipway.world.push()
    made = slipway.json(*slipway.create(created_at="2026-11-20T09:30:00Z"), "--set", "MAX_IN_FLIGHT=8=8")
    assert made["created"] is True
    assert made["record"] == f"s3://{BUCKET}/releases/{MODEL}/{made['id']}.json"
    record = slipway.json("release", "show", made["id"], *slipway.stack)
    assert record == made["release"]
    assert record["content"]["settings"] == {"DECISION_THRESHOLD": "0.4", "MAX_IN_FLIGHT": "8=8"}
    assert record["content"]["image_digest"] == digest
    listed = slipway.json("release", "list", MODEL, *slipway.stack)
    assert listed == [
        {
            "id": made["id"],
            "created_at": "2026-11-20T09:30:00Z",
            "created_by": "ci/flight-delay",
            "metrics": {"accuracy": 0.7825, "brier": 0.16},
        }
    ]
    verified = slipway.json("release", "verify", made["id"], *slipway.stack)
    assert verified == {
        "id": made["id"],
        "verified": True,
        "sha256": record["content"]["artifact"]["sha256"],
        "bytes": len(BYTES),
        "image_digest": digest,
    }


def test_the_same_for_people(slipway: Command) -> None:
    slipway.world.push()
    code, out, err = slipway(*slipway.create(created_at="2026-11-20T09:30:00Z", image=slipway.world.push("two")))
    identifier = out.split(":")[0]
    assert (code, err) == (0, "")
    assert out == f"{identifier}: created: s3://{BUCKET}/releases/{MODEL}/{identifier}.json\n"
    _, out, _ = slipway("release", "list", MODEL, *slipway.stack)
    assert out == f"{identifier}  2026-11-20T09:30:00Z  ci/flight-delay  accuracy=0.7825 brier=0.16\n"
    _, out, _ = slipway("release", "show", identifier, *slipway.stack)
    assert "content.settings.DECISION_THRESHOLD: 0.4\n" in out
    assert "content.feature_schema: distance, carrier\n" in out
    _, out, _ = slipway("release", "verify", identifier, *slipway.stack)
    assert out.startswith(f"{identifier}: verified: {len(BYTES)} bytes of sha256 ")
    _, out, _ = slipway("release", "list", "other", *slipway.stack)
    assert out == f"no release of other in {BUCKET}\n"


def test_the_release_before_is_the_newest_unless_named(slipway: Command) -> None:
    slipway.world.push()
    first = slipway.json(*slipway.create(created_at="2026-11-20T09:30:00Z"))["id"]
    second = slipway.json(*slipway.create(created_at="2026-11-21T09:30:00Z"))["release"]["content"]
    none = slipway.json(*slipway.create(created_at="2026-11-22T09:30:00Z", previous="none"))["release"]["content"]
    named = slipway.json(*slipway.create(created_at="2026-11-23T09:30:00Z", previous=first))["release"]["content"]
    assert (second["previous"], none.get("previous"), named["previous"]) == (first, None, first)


def test_a_create_with_its_instant_can_be_repeated(slipway: Command) -> None:
    slipway.world.push()
    first = slipway.json(*slipway.create(created_at="2026-11-20T09:30:00Z"))
    slipway.json(*slipway.create(created_at="2026-11-21T09:30:00Z"))
    assert slipway.json(*slipway.create(created_at="2026-11-20T09:30:00Z")) == first | {"created": False}


def test_a_pipeline_that_runs_again_makes_no_second_release(slipway: Command) -> None:
    slipway.world.push()
    first = slipway.json(*slipway.create(created_at="2026-11-20T09:30:00Z"))
    assert slipway.json(*slipway.create()) == first | {"created": False}
    assert slipway.json(*slipway.create(), "--set", "MAX_IN_FLIGHT=8")["created"] is True


def test_diff(slipway: Command) -> None:
    slipway.world.push()
    one = slipway.json(*slipway.create(created_at="2026-11-20T09:30:00Z"))["id"]
    arguments = slipway.create(created_at="2026-11-20T09:30:00Z", previous="none")
    other = slipway.json(*arguments, "--set", "DECISION_THRESHOLD=0.5")["id"]
    found = slipway.json("release", "diff", one, other, *slipway.stack)
    assert found["differences"] == [
        {"field": "content.settings.DECISION_THRESHOLD", "before": "0.4", "after": "0.5"},
        {"field": "id", "before": one, "after": other},
    ]
    _, out, _ = slipway("release", "diff", one, other, *slipway.stack)
    assert out == f"content.settings.DECISION_THRESHOLD: 0.4 -> 0.5\nid: {one} -> {other}\n"
    assert slipway("release", "diff", one, one, *slipway.stack)[1] == "no difference\n"


def test_promote(slipway: Command) -> None:
    slipway.world.push()
    made = slipway.json(*slipway.create())
    move = [
        "release",
        "promote",
        made["id"],
        "--from",
        "dev",
        "--to",
        "prod",
        "--stacks-dir",
        str(slipway.world.stacks),
    ]
    promoted = slipway.json(*move)
    assert (promoted["id"], promoted["created"]) == (made["id"], True)
    assert promoted["release"]["content"] == made["release"]["content"]
    assert (
        slipway(*move)[1] == f"{made['id']}: already there: s3://acme-prod-models/releases/{MODEL}/{made['id']}.json\n"
    )


def test_schema_is_printed(slipway: Command) -> None:
    assert slipway.json("release", "schema") == json.loads(slipway("release", "schema")[1])


def fetching(slipway: Command, **changes: str) -> list[str]:
    release = slipway.world.release()
    flags = {
        "uri": release.artifact_uri,
        "version": release.location.version_id,
        "sha256": release.content.artifact.sha256,
        "to": str(slipway.world.directory / "artifact"),
        **changes,
    }
    return ["artifact", "fetch", *(part for name, value in flags.items() for part in (f"--{name}", value))]


def test_fetch(slipway: Command) -> None:
    target, arguments = slipway.world.directory / "artifact", fetching(slipway)
    code, out, err = slipway(*arguments)
    assert (code, err) == (0, "")
    assert out.startswith(f"{target}: fetched: sha256 ")
    assert target.read_bytes() == BYTES
    assert slipway.json(*arguments)["fetched"] is False


def test_fetch_of_altered_bytes_fails_with_one_line_and_no_file(slipway: Command) -> None:
    line = slipway.refused(*fetching(slipway, sha256="0" * 64))
    assert line.startswith(f"1 slipway artifact fetch: s3://{BUCKET}/artifacts/")
    assert f"sha256: accepted: {'0' * 64}: received: " in line
    assert not (slipway.world.directory / "artifact").exists()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"uri": "https://x/y"}, "--uri: accepted: s3://<bucket>/<key>: received: https://x/y"),
        ({"uri": "s3://bucket"}, "--uri: accepted: s3://<bucket>/<key>: received: s3://bucket"),
        ({"version": "null"}, "--version: accepted: a version id of S3: received: null"),
        ({"version": ""}, "--version: accepted: a version id of S3: received: nothing"),
        ({"sha256": "ABC"}, "--sha256: accepted: 64 hex digits in lower case: received: ABC"),
    ],
)
def test_fetch_refuses_wrong_values(slipway: Command, changes: dict[str, str], message: str) -> None:
    assert slipway.refused(*fetching(slipway, **changes)) == f"2 slipway artifact fetch: {message}"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"stack": "nope"}, "--stack: accepted: dev, prod: received: nope"),
        ({"stack": None}, "--stack: accepted: a value: received: nothing"),
        (
            {"model": "Flight"},
            "--model: accepted: 2 to 30 of a-z, 0-9 and -, beginning with a letter: received: Flight",
        ),
        (
            {"media_type": "pickle"},
            "--media-type: accepted: a media type such as application/octet-stream: received: pickle",
        ),
        ({"image": "latest"}, "--image: accepted: sha256:<64 hex> or newest: received: latest"),
        ({"set": "NAME"}, "--set: accepted: NAME=VALUE: received: NAME"),
        (
            {"set": "name=x"},
            "--set: accepted: a name of A-Z, 0-9 and _ that does not begin with SLIPWAY_ or AWS_: received: name",
        ),
        ({"set": "API_TOKEN=x"}, "--set: accepted: no secret, because a record is locked for years: "),
        ({"code_commit": "main"}, "--code-commit: accepted: a whole commit id: 40 or 64 hex digits: received: main"),
        ({"created_by": "jo@acme.example"}, "--created-by: accepted: a role or CI identity such as ci/flight-delay, "),
        ({"created_at": "today"}, "--created-at: accepted: RFC 3339 in UTC to the second, such as "),
        ({"previous": "last"}, "--previous: accepted: <model>-<yyyymmdd>-<8 hex> or none: received: last"),
        ({"previous": "other-20261120-00000000"}, "--previous: accepted: a release of flight-delay: received: "),
        ({"retain_days": "0"}, "--retain-days: accepted: a whole number from 1 to 36500: received: 0"),
        ({"retain_days": "ten"}, "--retain-days: accepted: a whole number from 1 to 36500: received: ten"),
        ({"profile": "nope"}, "--profile: accepted: a profile of the AWS configuration: received: nope"),
        (
            {"training": "/no/file"},
            "--training: accepted: a readable file: received: /no/file (No such file or directory)",
        ),
        (
            {"colour": "red"},
            "--colour: accepted: --artifact, --code-commit, --created-at, --created-by, --help, --image",
        ),
    ],
)
def test_create_refuses_wrong_values_with_code_2(
    slipway: Command, changes: dict[str, str | None], message: str
) -> None:
    slipway.world.push()
    assert slipway.refused(*slipway.create(**changes)).startswith(f"2 slipway release create: {message}")
    assert slipway.world.keys("") == []


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("{", "record: accepted: JSON: received: "),
        ("[]", "record: accepted: an object: received: []"),
        (json.dumps(training(model="x")), 'model: accepted: no such field: received: "x"'),
        (json.dumps(training(metrics={"accuracy": 0.9})), "metrics.accuracy: accepted: an object: received: 0.9"),
        (
            json.dumps(training(feature_schema=[{"name": "a"}])),
            "feature_schema.0.type: accepted: a value: received: nothing",
        ),
    ],
)
def test_create_refuses_a_wrong_training_file(slipway: Command, file: str, message: str) -> None:
    slipway.training.write_text(file)
    line = slipway.refused(*slipway.create())
    assert line.startswith(f"2 slipway release create: --training: {slipway.training}: {message}")


def test_create_refuses_personal_data_in_a_setting(slipway: Command) -> None:
    slipway.world.push()
    line = slipway.refused(*slipway.create(set="OWNER=jo@acme.example"))
    assert "settings.OWNER: accepted: no personal data, because a record is locked for years" in line


def test_create_without_an_image_fails_with_code_1(slipway: Command) -> None:
    line = slipway.refused(*slipway.create())
    assert line == (
        f"1 slipway release create: repository {REPOSITORY}: image: accepted: an image, because --image is newest: "
        "received: nothing"
    )


def test_create_without_an_artifact_fails_with_code_1(slipway: Command) -> None:
    slipway.world.push()
    line = slipway.refused(*slipway.create(artifact="/no/model"))
    assert line == '1 slipway release create: artifact: file: accepted: a file that is not empty: received: "/no/model"'


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "2 slipway: AREA: accepted: a value: received: nothing"),
        (["release"], "2 slipway release: COMMAND: accepted: a value: received: nothing"),
        (["release", "delete"], "2 slipway release: COMMAND: invalid choice: 'delete' (choose from 'create', 'list'"),
        (["release", "show", "latest", "--stack", "dev"], "2 slipway release show: id: accepted: <model>-<yyyymmdd>-"),
        (["release", "verify", ID], "2 slipway release verify: --stack: accepted: a value: received: nothing"),
        (
            ["release", "show", ID, "--sta", "dev"],
            "2 slipway release show: --stack: accepted: a value: received: nothing",
        ),
        (
            ["release", "diff", ID, "--stack", "dev"],
            "2 slipway release diff: after: accepted: a value: received: nothing",
        ),
        (["release", "promote", ID, "--from", "dev"], "2 slipway release promote: --to: accepted: a value: received: "),
    ],
)
def test_a_wrong_command_line_is_one_line(slipway: Command, arguments: list[str], message: str) -> None:
    assert slipway.refused(*arguments).startswith(message)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--from", "dev", "--to", "dev"], "--to: accepted: an environment other than --from's: received: dev"),
        (["--from", "x", "--to", "dev"], "--from: accepted: dev, prod: received: x"),
        (["--from", "dev", "--to", "x"], "--to: accepted: dev, prod: received: x"),
        (["--from", "dev", "--to", "prod", "--to-profile", "x"], "--to-profile: accepted: a profile of the AWS"),
    ],
)
def test_promote_refuses_wrong_values(slipway: Command, flags: list[str], message: str) -> None:
    line = slipway.refused("release", "promote", ID, "--stacks-dir", str(slipway.world.stacks), *flags)
    assert line.startswith(f"2 slipway release promote: {message}")


@pytest.mark.parametrize("command", ["show", "verify"])
def test_a_release_that_does_not_exist_fails_with_code_1(slipway: Command, command: str) -> None:
    line = slipway.refused("release", command, ID, *slipway.stack)
    assert line.startswith(f"1 slipway release {command}: release {ID}: id: accepted: a release in s3://{BUCKET}/")


def test_an_interrupted_command_says_how_to_go_on(slipway: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("slipway_ops.artifact.describe", interrupt)
    slipway.world.push()
    assert slipway.refused(*slipway.create()).endswith("interrupted; run the same command again to continue")


def test_missing_credentials_are_one_line(slipway: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = slipway.create()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    assert slipway.refused(*arguments).startswith("1 slipway release create: NoCredentialsError: ")


@pytest.mark.parametrize("arguments", [[], ["artifact", "fetch"], ["release", "promote"]])
def test_help_says_what_the_exit_codes_mean(slipway: Command, arguments: list[str]) -> None:
    code, out, _ = slipway(*arguments, "--help")
    assert code == 0
    assert "exit codes: 0 done; 1 refused or failed" in " ".join(out.split())
