"""What a job finds in its image: the sources that ``sandbox.push`` packed, and how their Dockerfile runs them.

There is no base image and nothing is installed: a job gets the programs of this Python environment and of the system.
"""

import io
import json
import re
import shlex
import tarfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from moto.ecr.models import ecr_backends

from sandbox.cloud.ecr import LAYERS

_REFERENCE = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(\.cn)?/"
    r"(?P<repository>[^:@]+)(:(?P<tag>[^@]+))?(@(?P<digest>sha256:[0-9a-f]{64}))?"
)
_LABEL = "slipway.sandbox.dockerfile"


class PullError(Exception):
    """There is no such image; the message is Batch's reason."""


@dataclass
class Image:
    """An image of the sandbox's registry."""

    layers: list[bytes]
    environment: dict[str, str] = field(default_factory=dict)
    entrypoint: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)
    """What runs where a job names no command."""

    def unpack(self, folder: Path) -> None:
        """Put the image's files into ``folder``."""
        for layer in self.layers:
            with tarfile.open(fileobj=io.BytesIO(layer), mode="r:*") as tar:
                tar.extractall(folder, filter="data")


def find(reference: str) -> Image:
    """The image that ``reference`` names by digest or tag; raises ``PullError``."""
    found = _REFERENCE.fullmatch(reference)
    if found is None:
        raise _refused(reference, "the sandbox has the images of its own registry only")
    repository = ecr_backends[found["account"]][found["region"]].repositories.get(found["repository"])
    if repository is None:
        raise _refused(reference, "repository does not exist")
    wanted, tag = found["digest"], found["tag"] or "latest"
    for image in repository.images:
        if image.get_image_digest() == wanted if wanted else tag in image.image_tags:
            return _read(reference, json.loads(image.image_manifest))
    raise _refused(reference, "not found")


def _read(reference: str, manifest: dict[str, Any]) -> Image:
    digests = [layer["digest"] for layer in manifest.get("layers", [])]
    config = LAYERS.get(manifest.get("config", {}).get("digest", ""))
    if config is None or not digests or not all(digest in LAYERS for digest in digests):
        raise _refused(reference, "it was not pushed with its layers: see sandbox/push.py")
    image = Image([LAYERS[digest] for digest in digests])
    labels = json.loads(config).get("config", {}).get("Labels") or {}
    _take(image, labels.get(_LABEL, ""))
    return image


def _take(image: Image, dockerfile: str) -> None:
    """The last stage's ENV, ENTRYPOINT and CMD. The path is this machine's; a value that has a variable is unknown."""
    for line in dockerfile.replace("\\\n", " ").splitlines():
        instruction, _, rest = line.strip().partition(" ")
        match instruction.upper():
            case "FROM":
                image.environment, image.entrypoint, image.command = {}, [], []
            case "ENV":
                pairs = [word.partition("=") for word in shlex.split(rest)]
                image.environment |= {name: value for name, _, value in pairs if "$" not in value and name != "PATH"}
            case "ENTRYPOINT":
                image.entrypoint = _words(rest)
            case "CMD":
                image.command = _words(rest)


def _words(text: str) -> list[str]:
    """The form with brackets is a list, the other a command for a shell."""
    if text.lstrip().startswith("["):
        return [str(word) for word in json.loads(text)]
    return ["/bin/sh", "-c", text]


def _refused(reference: str, why: str) -> PullError:
    return PullError(f"CannotPullContainerError: pull image manifest: failed to resolve ref {reference}: {why}")
