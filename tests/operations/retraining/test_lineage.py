"""From the endpoint to the data: each link of a release is looked at, and its run leads back to it."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from slipway_ops import images
from slipway_ops.record import record_key

from tests.operations.retraining.conftest import Bus
from tests.operations.retraining.mlflow_stub import Mlflow
from tests.operations.retraining.pipeline import DATASETS, MODELS, Pipeline, rows
from tests.operations.world import MODEL

NAMES = ["endpoint", "release", "image", "mlflow run", "evaluation", "dataset", "code"]


class Traced:
    """A release whose links are all good."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline
        directory = pipeline.world.directory
        self.code = directory / "code"
        git = ["git", "-c", "user.name=ci", "-c", "user.email=ci@acme.example", "-C", str(self.code)]
        subprocess.run(["git", "init", "--quiet", str(self.code)], check=True)
        subprocess.run([*git, "commit", "--quiet", "--allow-empty", "--message", "train"], check=True)
        head = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True)
        self.commit = head.stdout.strip()
        pipeline.monkeypatch.setenv("SLIPWAY_CODE_COMMIT", self.commit)
        pipeline.arrive("b1", rows(0))
        pipeline.arrive("b2", rows(1000))
        self.release = pipeline.whole("run-1", 0.5)
        stacks = pipeline.world.stacks
        file = stacks / "Pulumi.dev.yaml"
        file.write_text(f"{file.read_text()}  slipway:models:\n    {MODEL}: {{release: {self.release}}}\n")
        self.manifests = directory / "acme-dev-01234567"
        self.manifests.mkdir()
        self.deployed(self.release)

    def deployed(self, release: str) -> None:
        found = {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": MODEL, "namespace": "models", "generation": 1},
            "spec": {"replicas": 1, "template": {"metadata": {"labels": {"release": release}}}},
            "status": {"replicas": 1, "updatedReplicas": 1, "availableReplicas": 1, "observedGeneration": 1},
        }
        path = self.manifests / f"deployment.apps_models_{MODEL}.yaml"
        path.write_text(yaml.safe_dump(found))

    def links(self, *arguments: str, code: int = 0) -> dict[str, Any]:
        """The links by name, and the exit code that they must have."""
        given = ["lineage", self.release, "--stack", "dev", "--stacks-dir", str(self.pipeline.world.stacks)]
        given += ["--manifests", str(self.manifests), "--repository", str(self.code), *arguments]
        got, out, err = self.pipeline(*given, "--json")
        assert (got, err) == (code, ""), out
        found = json.loads(out)
        assert found["release"] == self.release
        assert [link["name"] for link in found["links"]] == NAMES
        return {link["name"]: link for link in found["links"]}


@pytest.fixture
def traced(pipeline: Pipeline, bus: Bus) -> Traced:
    return Traced(pipeline)


def test_every_link_is_checked(traced: Traced, mlflow: Mlflow) -> None:
    links = traced.links()
    (run,) = mlflow.runs
    assert {link["state"] for link in links.values()} == {"checked"}
    assert links["endpoint"]["value"] == f"{MODEL}: 100 % of the requests"
    assert links["mlflow run"]["value"] == run
    assert links["mlflow run"]["detail"] == f"FINISHED at {mlflow.uri}; version 1 of {MODEL}"
    assert links["dataset"]["detail"] == "all of its 2 files are there; the list's MD5 is right"
    assert links["code"]["value"] == traced.commit
    assert "trained: " in links["code"]["detail"]
    given = ["lineage", traced.release, "--stack", "dev", "--stacks-dir", str(traced.pipeline.world.stacks)]
    given += ["--manifests", str(traced.manifests), "--repository", str(traced.code)]
    code, out, err = traced.pipeline(*given)
    assert (code, err, len(out.splitlines())) == (0, "", 2 * len(NAMES))
    assert out.splitlines()[2].startswith(f"release:     {traced.release}")


def gone(bucket: str, prefix: str) -> Callable[[Traced], None]:
    def spoil(traced: Traced) -> None:
        s3 = traced.pipeline.s3
        for one in s3.list_object_versions(Bucket=bucket, Prefix=prefix)["Versions"]:
            s3.delete_object(Bucket=bucket, Key=one["Key"], VersionId=one["VersionId"])

    return spoil


def untagged(traced: Traced) -> None:
    tag = images.release_tag(traced.release)
    ecr = traced.pipeline.world.ecr
    ecr.batch_delete_image(repositoryName=f"acme-dev/{MODEL}", imageIds=[{"imageTag": tag}])


BROKEN: list[tuple[Callable[[Traced], Any], str, str]] = [
    (gone(MODELS, "artifacts/"), "release", "location.version_id"),
    (untagged, "image", "under the tag release-"),
    (lambda it: it.pipeline.mlflow.runs.clear(), "mlflow run", "does not know it"),
    (lambda it: it.pipeline.mlflow.versions.clear(), "mlflow run", "no version of the registry is this release"),
    (
        lambda it: [run["tags"].update({"slipway.run": "run-9"}) for run in it.pipeline.mlflow.runs.values()],
        "mlflow run",
        "its tag slipway.run is run-9, not run-1",
    ),
    (gone(MODELS, f"runs/{MODEL}/run-1/evaluation.json"), "evaluation", "there is no such record"),
    (
        lambda it: it.pipeline.s3.put_object(Bucket=MODELS, Key=f"runs/{MODEL}/run-1/evaluation.json", Body=b"{}"),
        "evaluation",
        "its sha256 is ",
    ),
    (gone(DATASETS, f"dvc/{MODEL}/files/"), "dataset", "revision: accepted: one that the remote holds"),
    (
        lambda it: it.deployed(f"{MODEL}-20260101-00000000"),
        "endpoint",
        f"{MODEL}-20260101-00000000 serves, not this one",
    ),
]


@pytest.mark.parametrize(("spoil", "name", "detail"), BROKEN)
def test_a_link_that_does_not_agree_is_broken(
    traced: Traced, spoil: Callable[[Traced], Any], name: str, detail: str
) -> None:
    spoil(traced)
    links = traced.links(code=3)
    assert {key: link["state"] for key, link in links.items() if link["state"] != "checked"} == {name: "broken"}
    assert detail in links[name]["detail"]


def test_a_file_of_the_dataset_that_is_gone(traced: Traced) -> None:
    keys = [key for key in traced.pipeline.world.keys(f"dvc/{MODEL}/files/", DATASETS) if not key.endswith(".dir")]
    traced.pipeline.s3.delete_object(Bucket=DATASETS, Key=keys[0])
    assert "1 of 2 files are gone, such as b" in traced.links(code=3)["dataset"]["detail"]


def test_what_cannot_be_reached_is_said(traced: Traced, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    links = traced.links("--tracking-uri", "http://127.0.0.1:9", "--repository", str(tmp_path), code=4)
    states = {key: link["state"] for key, link in links.items() if link["state"] != "checked"}
    assert states == {"mlflow run": "not checked", "code": "not checked"}
    assert links["mlflow run"]["value"] is not None
    assert f"not in a repository at {tmp_path}" in links["code"]["detail"]
    monkeypatch.setenv("PATH", "")
    assert "there is no git here" in traced.links(code=4)["code"]["detail"]


def test_a_cluster_that_cannot_be_reached(traced: Traced) -> None:
    links = traced.links("--manifests", "/no/such", code=4)
    assert (links["endpoint"]["state"], "cluster: /no/such" in links["endpoint"]["detail"]) == ("not checked", True)


def test_a_release_by_hand_has_fewer_links(traced: Traced) -> None:
    release = traced.pipeline.world.release()
    traced.release = release.id
    given = ["lineage", release.id, "--stack", "dev", "--stacks-dir", str(traced.pipeline.world.stacks)]
    given += ["--manifests", str(traced.manifests), "--repository", str(traced.code), "--json"]
    code, out, _ = traced.pipeline(*given)
    links = {link["name"]: link for link in json.loads(out)["links"]}
    assert code == 4
    assert {name: link["state"] for name, link in links.items()} == {
        "endpoint": "absent",  # the other one serves, as the file says
        "release": "checked",
        "image": "checked",
        "mlflow run": "absent",
        "dataset": "not checked",
        "code": "not checked",
    }


def test_a_run_leads_to_its_release(traced: Traced, mlflow: Mlflow) -> None:
    stack = ["--stack", "dev", "--stacks-dir", str(traced.pipeline.world.stacks)]
    (run,) = mlflow.runs
    for named in (run, "run-1"):
        for more in ([], ["--model", MODEL]):
            code, out, err = traced.pipeline("release", "show", "--run", named, *more, *stack, "--json")
            assert (code, json.loads(out)["id"]) == (0, traced.release), err
    code, out, _ = traced.pipeline("release", "show", traced.release, *stack)
    assert f"content.provenance.mlflow_run: {run}\n" in out
    assert "content.provenance.run: run-1\n" in out
    code, _, err = traced.pipeline("release", "show", "--run", "run-9", *stack)
    assert (code, f"run run-9: run: accepted: one that a release in s3://{MODELS}/releases/ names" in err) == (1, True)
    for wrong in ([], [traced.release, "--run", "run-1"], [traced.release, "--model", MODEL]):
        assert traced.pipeline("release", "show", *wrong, *stack)[0] == 2


def test_a_record_that_was_altered_has_no_lineage(traced: Traced) -> None:
    key = record_key(traced.release)
    record = json.loads(traced.pipeline.world.stored(traced.release))
    record["content"]["provenance"]["run"] = "run-9"
    body = json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    traced.pipeline.s3.put_object(Bucket=MODELS, Key=key, Body=body)
    stack = ["--stack", "dev", "--stacks-dir", str(traced.pipeline.world.stacks)]
    code, _, err = traced.pipeline("lineage", traced.release, *stack)
    assert (code, "id: accepted: " in err) == (1, True)
