"""Where the sandbox keeps what it knows: everything under ``.sandbox/`` of the repository."""

import os
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
"""The repository."""


@dataclass(frozen=True)
class Workspace:
    """The sandbox's files. Nothing of the user's is read or written outside of it."""

    root: Path

    @classmethod
    def default(cls) -> "Workspace":
        """``SLIPWAY_SANDBOX_DIR`` if it is set, else ``.sandbox`` of the repository."""
        chosen = os.environ.get("SLIPWAY_SANDBOX_DIR")
        return cls(Path(chosen).resolve() if chosen else ROOT / ".sandbox")

    @property
    def cloud(self) -> Path:
        """Files of the cloud process."""
        return self.root / "cloud"

    @property
    def pulumi_home(self) -> Path:
        """``PULUMI_HOME`` of the real engine: plugins and credentials apart from the user's."""
        return self.root / "pulumi-home"

    @property
    def pulumi_state(self) -> Path:
        """File backend of the real engine."""
        return self.root / "pulumi-state"

    def stack(self, stack: str) -> Path:
        """Directory of one stack."""
        return self.root / "stacks" / stack

    def state(self, stack: str) -> Path:
        """State of one stack under the stand-in engine."""
        return self.stack(stack) / "state.json"

    def manifests(self, cloud: str) -> Path:
        """Kubernetes objects of all clusters of the cloud with this instance id, a file each."""
        return self.root / "manifests" / cloud[:8]

    def claims(self, stack: str) -> Path:
        """What the AWS provider made for one stack and AWS named, so that a killed run loses none of it."""
        return self.stack(stack) / "claims"

    def stacks(self) -> list[str]:
        """Names of the stacks that were ever brought up here, sorted."""
        return sorted(path.name for path in (self.root / "stacks").glob("*") if path.is_dir())
