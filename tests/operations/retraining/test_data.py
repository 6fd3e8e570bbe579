"""Datasets: batches that arrive, revisions in DVC's layout, and everything that is refused about them."""

import json
from pathlib import Path
from typing import Any

import pytest
from slipway_ops.problems import ReleaseError
from slipway_ops.retraining import dvc
from slipway_ops.retraining.batches import Incoming
from slipway_ops.retraining.dvc import Remote
from slipway_ops.retraining.revisions import Revisions

from tests.operations.retraining.pipeline import DATASETS, Pipeline, rows
from tests.operations.world import MODEL

AT = "2026-03-01T00:00:00Z"
MD5 = "a" * 32


@pytest.fixture
def revisions(pipeline: Pipeline) -> Revisions:
    return Revisions(pipeline.s3, DATASETS, MODEL)


def folder(path: Path, **files: str) -> Path:
    for name, text in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text(text)
    return path


def put(pipeline: Pipeline, key: str, data: bytes) -> None:
    pipeline.s3.put_object(Bucket=DATASETS, Key=key, Body=data)


def test_a_revision_is_the_one_before_and_what_came_to_it(revisions: Revisions, tmp_path: Path) -> None:
    first = revisions.add({"b1": folder(tmp_path / "b1", x="1", y="2")}, AT, "run-1")
    second = revisions.add({"b0": folder(tmp_path / "b0", x="3")}, AT, None)
    assert (second.previous, second.batches, second.files, second.bytes) == (first.revision, ["b1", "b0"], 3, 3)
    assert revisions.remote.entries(second.revision) == {
        "b0/x": dvc.md5(b"3"),
        "b1/x": dvc.md5(b"1"),
        "b1/y": dvc.md5(b"2"),
    }
    head = revisions.head()
    assert head is not None
    assert head.revision == second
    assert revisions.named(first.revision, AT) == first
    revisions.remote.fetch(revisions.remote.entries(first.revision), tmp_path / "out")
    assert (tmp_path / "out" / "b1" / "y").read_text() == "2"


def test_the_same_batch_again_changes_nothing(revisions: Revisions, tmp_path: Path) -> None:
    first = revisions.add({"b1": folder(tmp_path / "b1", x="1")}, AT, None)
    assert revisions.add({"b1": tmp_path / "b1"}, AT, None) == first
    with pytest.raises(ReleaseError, match="batch b1: content: accepted: that of the batch of this name"):
        revisions.add({"b1": folder(tmp_path / "other", x="2")}, AT, None)
    with pytest.raises(ReleaseError, match='batch b2: b2/x: accepted: a file that the dataset has not: received: "b1'):
        revisions.add({"b2": tmp_path / "b1"}, AT, None)


def test_two_at_once_do_not_lose_a_batch(revisions: Revisions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    revisions.add({"b1": folder(tmp_path / "b1", x="1")}, AT, None)
    before = revisions.head()
    revisions.add({"b2": folder(tmp_path / "b2", x="2")}, AT, None)
    monkeypatch.setattr(Revisions, "head", lambda self: before)
    with pytest.raises(ReleaseError, match=r"head\.json: revision: accepted: \w{32}\.dir, as it was read"):
        revisions.add({"b3": folder(tmp_path / "b3", x="3")}, AT, None)
    monkeypatch.undo()
    head = revisions.head()
    assert head is not None
    assert head.revision.batches == ["b1", "b2"]


def test_an_add_that_was_killed_can_be_repeated(
    revisions: Revisions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = folder(tmp_path / "b1", x="1")

    class Killed(BaseException):
        pass

    def die(*_: Any) -> None:
        raise Killed

    for step in ("put_folder", "put"):
        with monkeypatch.context() as patch:
            patch.setattr(Remote, step, die)
            with pytest.raises(Killed):
                revisions.add({"b1": batch}, AT, None)
        assert revisions.head() is None
    with monkeypatch.context() as patch:
        patch.setattr(Revisions, "move", die)
        with pytest.raises(Killed):
            revisions.add({"b1": batch}, AT, None)
    assert revisions.add({"b1": batch}, AT, None).batches == ["b1"]


LISTS: list[tuple[Any, str]] = [
    ({}, "list: accepted: a JSON list of md5 and relpath"),
    ([{"md5": MD5}], "list: accepted: a JSON list of md5 and relpath"),
    ([1], "list: accepted: a JSON list of md5 and relpath"),
    ([{"md5": MD5, "relpath": "../x"}], 'relpath: accepted: a path inside the folder: received: "../x"'),
    ([{"md5": MD5, "relpath": "/etc/x"}], "relpath: accepted: a path inside the folder"),
    ([{"md5": MD5, "relpath": "a/./b"}], "relpath: accepted: a path inside the folder"),
    ([{"md5": MD5, "relpath": "a//b"}], "relpath: accepted: a path inside the folder"),
    ([{"md5": MD5, "relpath": "a\\b"}], "relpath: accepted: a path inside the folder"),
    ([{"md5": MD5, "relpath": ""}], "relpath: accepted: a path inside the folder"),
    ([{"md5": MD5, "relpath": "a"}] * 2, "relpath: accepted: each path once"),
    ([{"md5": "../../x", "relpath": "a"}], "md5 of a: accepted: 32 hex digits"),
    ([{"md5": None, "relpath": "a"}], "md5 of a: accepted: 32 hex digits"),
]


@pytest.mark.parametrize(("document", "message"), LISTS)
def test_a_list_that_is_none_is_refused(pipeline: Pipeline, document: Any, message: str) -> None:
    remote, data = Remote(pipeline.s3, DATASETS, MODEL), json.dumps(document).encode()
    name = f"{dvc.md5(data)}.dir"
    put(pipeline, remote.key(name), data)
    with pytest.raises(ReleaseError) as caught:
        remote.entries(name)
    assert str(caught.value).startswith(f"s3://{DATASETS}/dvc/{MODEL}: revision {name}: {message}")


def test_what_a_revision_names_is_checked(pipeline: Pipeline, tmp_path: Path) -> None:
    remote = Remote(pipeline.s3, DATASETS, MODEL)
    for name in ("main", MD5, f"{MD5}.dir/x"):
        with pytest.raises(ReleaseError, match=r"revision: accepted: <32 hex>\.dir"):
            remote.entries(name)
    with pytest.raises(ReleaseError, match="revision: accepted: one that the remote holds"):
        remote.entries(f"{MD5}.dir")
    put(pipeline, remote.key(f"{MD5}.dir"), b"[]")
    with pytest.raises(ReleaseError, match=f"md5: accepted: {MD5}: received: "):
        remote.entries(f"{MD5}.dir")
    with pytest.raises(ReleaseError, match="x: accepted: a file that the remote holds: received: nothing"):
        remote.fetch({"x": MD5}, tmp_path)
    put(pipeline, remote.key(MD5), b"altered")
    with pytest.raises(ReleaseError, match=f"md5: accepted: {MD5}: received: .{dvc.md5(b'altered')}"):
        remote.fetch({"x": MD5}, tmp_path)
    assert not (tmp_path / "x").exists()
    assert remote.absent({"x": MD5, "y": "b" * 32}) == ["y"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "outs: []",
        "outs:\n- md5: abc\n  hash: md5\n",
        f"outs:\n- md5: {MD5}\n  hash: md5\n",
        f"outs:\n- md5: {MD5}.dir\n",
        "outs: [",
        f"outs:\n- {{md5: {MD5}.dir, hash: md5}}\n- {{md5: {MD5}.dir, hash: md5}}\n",
    ],
)
def test_a_dvc_file_that_names_no_folder_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "data.dvc"
    path.write_text(text)
    with pytest.raises(ReleaseError, match=r"data\.dvc: outs: accepted: a \.dvc file of DVC 3 with one folder"):
        dvc.revision_of(path)


def test_a_dvc_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match="No such file"):
        dvc.revision_of(tmp_path / "data.dvc")


def test_the_manifest_comes_last_and_a_batch_once(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    incoming = Incoming(pipeline.s3, DATASETS, MODEL)
    path = pipeline.world.directory / "part.csv"
    path.write_text("a\n1\n")
    keys: list[str] = []
    upload, put_object = pipeline.s3.upload_file, pipeline.s3.put_object

    def uploaded(name: str, bucket: str, key: str) -> None:
        keys.append(key)
        upload(name, bucket, key)

    def put_there(**given: Any) -> Any:
        keys.append(given["Key"])
        return put_object(**given)

    monkeypatch.setattr(pipeline.s3, "upload_file", uploaded)
    monkeypatch.setattr(pipeline.s3, "put_object", put_there)
    where, manifest = incoming.send("b1", [path], AT)
    assert list(dict.fromkeys(keys)) == [f"incoming/{MODEL}/b1/part.csv", f"incoming/{MODEL}/b1/manifest.json"]
    assert incoming.send("b1", [path], "2026-04-01T00:00:00Z") == (where, manifest)
    path.write_text("a\n2\n")
    with pytest.raises(ReleaseError, match="batch: accepted: a name that is free"):
        incoming.send("b1", [path], AT)


def test_what_arrived_is_checked_with_its_manifest(pipeline: Pipeline, tmp_path: Path) -> None:
    pipeline.arrive("b1", rows(0))
    incoming = Incoming(pipeline.s3, DATASETS, MODEL)
    data = incoming.manifest("b1") or b""
    manifest = incoming.parse(data, "b1")
    with pytest.raises(ReleaseError, match="batch: accepted: b2, as the key: received: "):
        incoming.parse(data, "b2")
    put(pipeline, f"incoming/{MODEL}/b1/part.csv", b"cut")
    with pytest.raises(ReleaseError, match=r"part\.csv: file: accepted: \d+ bytes of sha256 \w+: received: \"3 of"):
        incoming.fetch(manifest, tmp_path)
    pipeline.s3.delete_object(Bucket=DATASETS, Key=f"incoming/{MODEL}/b1/part.csv")
    with pytest.raises(ReleaseError, match="file: accepted: one that the manifest names: received: nothing"):
        incoming.fetch(manifest, tmp_path)


def test_data_commands(pipeline: Pipeline) -> None:
    folder_, file = pipeline.world.directory / "got", pipeline.world.directory / "data.dvc"
    code, _, err = pipeline("data", "fetch", "--to", str(folder_))
    assert (code, "revision: accepted: one revision at least: received: nothing" in err) == (1, True)
    pipeline.arrive("b1", rows(0))
    part = str(pipeline.world.directory / "b1" / "part.csv")
    code, out, err = pipeline("data", "add", "--batch", "b1", "--dvc-file", str(file), part, "--json")
    assert (code, err) == (0, "")
    made = json.loads(out)
    assert file.read_text() == made["dvc"]
    assert dvc.revision_of(file) == made["revision"]
    code, out, err = pipeline("data", "fetch", "--to", str(folder_))
    assert (code, err) == (0, "")
    assert (folder_ / "b1" / "part.csv").read_bytes() == Path(part).read_bytes()
    code, _, err = pipeline("data", "fetch", "--to", str(folder_))
    assert (code, err.endswith(f"--to: accepted: an empty folder or a new one: received: {folder_}\n")) == (2, True)
    code, out, _ = pipeline("data", "validate", "--data", part)
    assert (code, out) == (0, "passed: 400 rows\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["send", "--batch", "a/b", "x"], "--batch: accepted: 1 to 100 of A-Z, a-z, 0-9, '.', '_', '=' and '-'"),
        (["send", "--batch", "b", "absent"], "FILE: accepted: a file: received: absent"),
        (["add"], "--batch: accepted: a name and files, or --pushed: received: not both"),
        (["add", "--pushed", "x.dvc", "--batch", "b"], "--pushed: accepted: without files and --batch: received: both"),
        (["validate", "--at", "today"], "--at or SLIPWAY_AT: accepted: RFC 3339 in UTC to the second"),
        (["validate", "--run", "a b"], "--run: accepted: 1 to 80 of A-Z, a-z, 0-9 and -: received: a b"),
        (["validate", "--datasets", "bucket"], "--datasets: accepted: s3://<bucket>: received: bucket"),
        (["fetch", "--to", "x", "--revision", "main"], "--revision: accepted: <32 hex>.dir: received: main"),
    ],
)
def test_a_wrong_flag_is_refused(pipeline: Pipeline, arguments: list[str], message: str) -> None:
    code, out, err = pipeline("data", *arguments)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert message in err


@pytest.mark.parametrize(
    ("variable", "message"),
    [
        ("SLIPWAY_MODEL", "--model: accepted: 2 to 30 of a-z"),
        ("SLIPWAY_DATASETS", "--datasets: accepted: s3://<bucket>, or SLIPWAY_DATASETS: received: nothing"),
        ("SLIPWAY_RUN", "--run: accepted: 1 to 80 of A-Z"),
    ],
)
def test_what_is_needed_and_not_given_is_named(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, variable: str, message: str
) -> None:
    monkeypatch.setenv(variable, "")
    code, _, err = pipeline("data", "validate")
    assert (code, message in err) == (2, True), err
