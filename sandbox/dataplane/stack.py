"""The stack of `make ab`: a cloud for its artifacts, releases in it, and an `up` for each.

Everything lies in a directory of its own, so that neither a sandbox that is up nor its state is touched.
"""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from slipway_ops import artifact
from slipway_ops.content import Content
from slipway_ops.release import Release, ReleaseStore

from sandbox.cloud import process
from sandbox.cloud.clients import client
from sandbox.dataplane.challengers import Build
from sandbox.dataplane.objects import Objects
from sandbox.engine.outcome import Op, Outcome, Reporter
from sandbox.engine.project import Project
from sandbox.engine.standin import StandIn
from sandbox.providers.kubernetes.store import Store
from sandbox.push import push
from sandbox.workspace import ROOT, Workspace

PROGRAM = Path(__file__).parent / "program"
STACK, NAMESPACE, REGION = "ab", "models", "eu-west-1"
MODEL, HOST = "flight-delay", "flight-delay.ml.example.com"
ISSUER, AUDIENCE = "https://issuer.example.com", "models"
_BUCKET, _CLUSTER = "acme-ab-models", "acme-ab"
_COMMIT = "0" * 40
_KUBECONFIG = """
apiVersion: v1
kind: Config
current-context: ab
clusters: [{name: ab, cluster: {server: "https://127.0.0.1:9"}}]
contexts: [{name: ab, context: {cluster: ab, user: nobody}}]
users: [{name: nobody, user: {}}]
"""


class StackError(RuntimeError):
    """An `up` failed; what failed has been said."""


@dataclass(frozen=True)
class Stack:
    """The stack, in a directory."""

    root: Path
    reporter: Reporter
    cloud: process.Cloud

    @classmethod
    def make(cls, root: Path, reporter: Reporter) -> "Stack":
        """A new one: what an earlier run left is removed."""
        workspace = Workspace(root)
        process.stop(workspace.cloud)
        shutil.rmtree(root, ignore_errors=True)
        made = cls(root, reporter, process.ensure(workspace.cloud))
        made.copy_program()
        s3 = client("s3", made.environment)
        place = {"LocationConstraint": REGION}
        s3.create_bucket(Bucket=_BUCKET, CreateBucketConfiguration=place, ObjectLockEnabledForBucket=True)
        client("ecr", made.environment).create_repository(repositoryName=made.repository)
        return made

    @property
    def environment(self) -> dict[str, str]:
        """What leads a program to the cloud, and a provider to the manifests."""
        manifests = {"SLIPWAY_MANIFESTS": str(self.root / "manifests")}
        return {**self.cloud.merged({}, REGION), **manifests}

    @property
    def repository(self) -> str:
        """Where the model's images are."""
        return f"{_BUCKET.removesuffix('-models')}/{MODEL}"

    @property
    def objects(self) -> Objects:
        """What was declared."""
        return Objects(Store(self.root / "manifests", _CLUSTER), NAMESPACE)

    def copy_program(self) -> None:
        """The program, beside which the settings are written."""
        (self.root / "project").mkdir(parents=True)
        for name in ("Pulumi.yaml", "__main__.py"):
            shutil.copy(PROGRAM / name, self.root / "project")

    def release(self, build: Build, created_at: str) -> Release:
        """Store a model and record its release, as ``slipway release create`` does."""
        store = ReleaseStore(client("s3", self.environment), _BUCKET)
        digest = push(self.environment, self.repository, ROOT / "examples" / MODEL, "dev-ab")
        local = artifact.describe(build.artifact)
        content = Content.model_validate(
            {
                **build.training,
                "model": MODEL,
                "image_digest": digest,
                "artifact": local.content("application/octet-stream").model_dump(),
                "code_commit": _COMMIT,
                "created_at": created_at,
                "created_by": f"sandbox/ab/{build.name}",
            }
        )
        return store.create(content, local, client("ecr", self.environment), self.repository)

    def write(self, release: Release, rollout: Mapping[str, Any], gate: Mapping[str, Any]) -> None:
        """The stack's settings, which name the release."""
        image = f"registry.example.com/{self.repository}@{release.content.image_digest}"
        values = {
            "kubeconfig": _KUBECONFIG,
            "cluster_name": _CLUSTER,
            "region": REGION,
            "model": MODEL,
            "hostname": HOST,
            "issuer": ISSUER,
            "audience": AUDIENCE,
            "fetch_image": "registry.example.com/slipway-ops@sha256:" + "0" * 64,
            "rollout": dict(rollout),
            "gate": dict(gate),
            "release": {
                "id": release.id,
                "image": image,
                "artifact_uri": release.artifact_uri,
                "artifact_version": release.location.version_id,
                "artifact_sha256": release.content.artifact.sha256,
                "settings": dict(release.content.settings),
            },
        }
        config = {f"ab:{key}": value for key, value in values.items()}
        path = self.root / "project" / f"Pulumi.{STACK}.yaml"
        path.write_text(yaml.safe_dump(json.loads(json.dumps({"config": config}))))

    def up(self) -> Outcome:
        """Declare what the settings say; raises ``StackError``."""
        outcome = self._engine().up()
        if not outcome.ok:
            raise StackError("the stack of `ab` could not be brought up")
        return outcome

    def changes(self) -> int:
        """How many resources an `up` would touch now."""
        outcome = self._engine().preview()
        return sum(number for op, number in outcome.counts.items() if op is not Op.SAME)

    def end(self) -> None:
        """End the cloud, with everything in it."""
        process.stop(Workspace(self.root).cloud)

    def _engine(self) -> StandIn:
        return StandIn(
            project=Project.at(self.root / "project"),
            stack=STACK,
            state=self.root / "state.json",
            environment=self.environment,
            reporter=self.reporter,
            cloud=self.cloud.instance,
        )
