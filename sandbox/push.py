"""What ``docker push`` is for a real registry, on a machine that need not have Docker.

A folder is packed into an image that is real for everything that names, checks, tags, copies or deletes it: manifest,
configuration, one layer, true digests. It is not real for a container runtime: nobody built it, there is no base under
it, and it cannot run. Its manifest says so.
"""

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from sandbox.cloud.clients import client

NOT_BUILT = (
    "Packed by the slipway sandbox from the image's sources. Nobody built it: it holds no base image and no installed"
    " package, and it cannot run."
)
"""What the manifest and the configuration say about the image."""

_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_CONFIG = "application/vnd.oci.image.config.v1+json"
_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
_NOT_SOURCES = ("data", "model")
_CACHE = "__pycache__"
_PART_BYTES = 8 << 20


@dataclass(frozen=True)
class Image:
    """An image of one layer, as bytes."""

    manifest: bytes
    config: bytes
    layer: bytes

    @property
    def digest(self) -> str:
        """What names the image wherever it is."""
        return _digest(self.manifest)


DOCKERFILE = "Dockerfile"


def push(cloud_env: Mapping[str, str], repository: str, folder: Path, tag: str, dockerfile: str = DOCKERFILE) -> str:
    """Bring the image of ``folder`` into ``repository`` of the sandbox's registry under ``tag``; returns its digest.

    ``cloud_env`` is ``Cloud.environment``. The same sources give the same digest, and what is there is not sent again.
    Raises botocore's ``ClientError`` as ECR does, such as for a tag that another image has and that may not move.
    """
    image = pack(folder, dockerfile)
    ecr = client("ecr", cloud_env)
    if tag in _tags(ecr, repository, image.digest):
        return image.digest
    for blob in (image.config, image.layer):
        _upload(ecr, repository, blob)
    ecr.put_image(
        repositoryName=repository,
        imageManifest=image.manifest.decode(),
        imageManifestMediaType=_MANIFEST,
        imageTag=tag,
        imageDigest=image.digest,
    )
    return image.digest


def pack(folder: Path, dockerfile: str = DOCKERFILE) -> Image:
    """The image of ``folder``: its files without ``data/``, ``model/`` and caches, and the text of a Dockerfile in it.

    Raises ``FileNotFoundError`` where there is no Dockerfile.
    """
    text = (folder / dockerfile).read_text()
    layer = _layer(folder)
    config = _json(
        {
            "architecture": "amd64",
            "os": "linux",
            "config": {"Labels": {"slipway.sandbox.dockerfile": text, "slipway.sandbox.note": NOT_BUILT}},
            "rootfs": {"type": "layers", "diff_ids": [_digest(layer)]},
        }
    )
    packed = gzip.compress(layer, mtime=0)
    manifest = _json(
        {
            "schemaVersion": 2,
            "mediaType": _MANIFEST,
            "config": {"mediaType": _CONFIG, "digest": _digest(config), "size": len(config)},
            "layers": [{"mediaType": _LAYER, "digest": _digest(packed), "size": len(packed)}],
            "annotations": {"org.opencontainers.image.description": NOT_BUILT},
        }
    )
    return Image(manifest, config, packed)


def _layer(folder: Path) -> bytes:
    """A tar file that depends on the files' names, contents and executable bits only."""
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path in _sources(folder):
            content = path.read_bytes()
            entry = tarfile.TarInfo(path.relative_to(folder).as_posix())
            entry.size = len(content)
            entry.mode = 0o755 if path.stat().st_mode & 0o100 else 0o644
            tar.addfile(entry, io.BytesIO(content))
    return output.getvalue()


def _sources(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if path.is_file() and parts[0] not in _NOT_SOURCES and _CACHE not in parts:
            yield path


def _tags(ecr: Any, repository: str, digest: str) -> list[str]:
    """The tags that the image has in the registry; none where it is not there."""
    try:
        found = ecr.describe_images(repositoryName=repository, imageIds=[{"imageDigest": digest}])
    except ClientError as error:
        if error.response["Error"]["Code"] != "ImageNotFoundException":
            raise
        return []
    tags: list[str] = found["imageDetails"][0].get("imageTags", [])
    return tags


def _upload(ecr: Any, repository: str, blob: bytes) -> None:
    digest = _digest(blob)
    known = ecr.batch_check_layer_availability(repositoryName=repository, layerDigests=[digest])
    if known["layers"]:
        return
    upload = ecr.initiate_layer_upload(repositoryName=repository)["uploadId"]
    for first in range(0, len(blob), _PART_BYTES):
        part = blob[first : first + _PART_BYTES]
        ecr.upload_layer_part(
            repositoryName=repository,
            uploadId=upload,
            partFirstByte=first,
            partLastByte=first + len(part) - 1,
            layerPartBlob=part,
        )
    ecr.complete_layer_upload(repositoryName=repository, uploadId=upload, layerDigests=[digest])


def _json(document: dict[str, Any]) -> bytes:
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
