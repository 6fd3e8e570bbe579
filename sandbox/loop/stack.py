"""The stack of `make loop`: a cloud of its own, the program's resources in it, and the settings files of two stacks.

Everything lies in a directory of its own, so that neither a sandbox that is up nor its state is touched.
"""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from sandbox.cloud import clients, process
from sandbox.engine.outcome import Reporter
from sandbox.engine.project import Project
from sandbox.engine.standin import StandIn
from sandbox.push import pack, push
from sandbox.workspace import ROOT, Workspace

PROGRAM = Path(__file__).parent / "program"
STACK, REGION, NAMESPACE = "loop", "eu-west-1", "acme"
ENVIRONMENT, LIVE = "loop", "live"
"""Where the model is retrained, and where it serves."""
MODEL = "flight-delay"
EXAMPLE = ROOT / "examples" / MODEL
DOCKERFILE = "pipeline/Dockerfile"


class StackError(RuntimeError):
    """The `up` failed; what failed has been said."""


@dataclass
class Stack:
    """The stack, in a directory."""

    root: Path
    reporter: Reporter
    cloud: process.Cloud
    outputs: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def make(cls, root: Path, reporter: Reporter) -> "Stack":
        """A new one: what an earlier run left is removed."""
        workspace = Workspace(root)
        process.stop(workspace.cloud)
        shutil.rmtree(root, ignore_errors=True)
        (root / "project").mkdir(parents=True)
        for name in ("Pulumi.yaml", "__main__.py"):
            shutil.copy(PROGRAM / name, root / "project")
        made = cls(root, reporter, process.ensure(workspace.cloud))
        made.stacks.mkdir()
        for environment in (ENVIRONMENT, LIVE):
            made.settings(environment).write_text(_SETTINGS.format(environment=environment))
        return made

    @property
    def environment(self) -> dict[str, str]:
        """What leads a program to the cloud."""
        return self.cloud.merged({}, REGION)

    @property
    def stacks(self) -> Path:
        """Folder of the stacks' files."""
        return self.root / "stacks"

    @property
    def models(self) -> str:
        """Bucket of releases and runs."""
        return f"{NAMESPACE}-{ENVIRONMENT}-models"

    @property
    def datasets(self) -> str:
        """Bucket of the datasets, and of the prediction log."""
        return f"{NAMESPACE}-{ENVIRONMENT}-datasets"

    def settings(self, environment: str) -> Path:
        """A stack's file."""
        return self.stacks / f"Pulumi.{environment}.yaml"

    def serving(self) -> str | None:
        """The release that the file of the serving stack names: the pointer."""
        content = yaml.safe_load(self.settings(LIVE).read_text())
        found: str | None = content["config"]["slipway:models"][MODEL].get("release")
        return found

    def client(self, service: str) -> Any:
        """A client of the cloud."""
        return clients.client(service, self.environment)

    def up(self, tracking_uri: str) -> None:
        """Declare everything, and push the image of the steps; raises ``StackError``."""
        values = {
            "namespace": NAMESPACE,
            "environment": ENVIRONMENT,
            "live": LIVE,
            "region": REGION,
            "model": MODEL,
            "digest": pack(EXAMPLE, DOCKERFILE).digest,
            "tracking_uri": tracking_uri,
        }
        config = {"aws:region": REGION} | {f"loop:{key}": value for key, value in values.items()}
        (self.root / "project" / f"Pulumi.{STACK}.yaml").write_text(yaml.safe_dump({"config": config}))
        outcome = StandIn(
            project=Project.at(self.root / "project"),
            stack=STACK,
            state=self.root / "state.json",
            environment=self.environment,
            reporter=self.reporter,
            cloud=self.cloud.instance,
        ).up()
        if not outcome.ok:
            raise StackError("the stack of `loop` could not be brought up")
        self.outputs = {name: str(value) for name, value in outcome.outputs.items()}
        # The image that serves was pushed last: it is the one that a candidate gets.
        push(self.environment, f"{NAMESPACE}-{ENVIRONMENT}/{MODEL}", EXAMPLE, "dev-pipeline", DOCKERFILE)
        push(self.environment, f"{NAMESPACE}-{ENVIRONMENT}/{MODEL}", EXAMPLE, "dev-server")

    def declare(self, name: str, file: Path) -> None:
        """Put a declaration where the pipeline looks for it."""
        self.client("s3").put_object(Bucket=self.datasets, Key=f"schemas/{name}", Body=file.read_bytes())

    def document(self, bucket: str, key: str) -> Any:
        """A JSON object of the cloud's; None where there is none."""
        s3 = self.client("s3")
        try:
            return json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
        except s3.exceptions.NoSuchKey:
            return None

    def end(self) -> None:
        """End the cloud, with everything in it."""
        process.stop(Workspace(self.root).cloud)


_SETTINGS = f"""\
config:
  aws:region: {REGION}
  slipway:namespace: {NAMESPACE}
  slipway:environment: {{environment}}
  slipway:models:
    {MODEL}:
      scale: {{{{min: 2, max: 4}}}}
"""
