"""Copies an image from one ECR repository to another by digest, also to another account or region.

Only ECR's own API and the addresses it hands out are used, so that a promotion needs no container tool. What the target
has is not sent again, and a copy that was interrupted is continued by the next one.
"""

import hashlib
import json
import urllib.request
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from slipway_ops import images
from slipway_ops.objects import calls, code
from slipway_ops.problems import ReleaseError, refused

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient

_BATCH = 100  # ECR's limit of digests in one question
_TIMEOUT_SECONDS = 60


def copy_image(
    source: "ECRClient", repository: str, target: "ECRClient", into: str, digest: str, tag: str | None = None
) -> None:
    """Copy the image ``digest``, with all its platforms, from ``repository`` to the repository ``into``.

    There it carries ``tag`` from its first moment, so that no lifecycle rule can meet it without it.
    Raises ``ReleaseError`` where either repository refuses.
    """
    text, media_type = images.manifest(source, repository, digest)
    try:
        document = json.loads(text)
        parts = [part["digest"] for part in document.get("manifests", [])]
        layers = [part["digest"] for part in [document.get("config"), *document.get("layers", [])] if part]
    except (ValueError, TypeError, KeyError, AttributeError):
        raise refused(
            f"repository {repository}", "image_digest", "an image's manifest", f"another at {digest}"
        ) from None
    for part in parts:
        copy_image(source, repository, target, into, part)
    missing = _absent(target, into, list(dict.fromkeys(layers)))
    # A layer that the source lacks too cannot be sent: ECR refuses the manifest below if it needs it.
    lost = set(_absent(source, repository, missing)) if missing else set()
    for layer in missing:
        if layer not in lost:
            _copy_layer(source, repository, target, into, layer)
    images.put(target, into, digest, text, media_type, tag)


def _absent(ecr: "ECRClient", repository: str, layers: list[str]) -> list[str]:
    """Those of ``layers`` that ``repository`` does not hold."""
    present: set[str] = set()
    with calls(f"repository {repository}", "check of the layers"):
        for start in range(0, len(layers), _BATCH):
            answer = ecr.batch_check_layer_availability(
                repositoryName=repository, layerDigests=layers[start : start + _BATCH]
            )
            present |= {
                layer["layerDigest"] for layer in answer["layers"] if layer.get("layerAvailability") == "AVAILABLE"
            }
    return [layer for layer in layers if layer not in present]


def _copy_layer(source: "ECRClient", repository: str, target: "ECRClient", into: str, layer: str) -> None:
    with calls(f"repository {repository}", f"read of the layer {layer}"):
        url = source.get_download_url_for_layer(repositoryName=repository, layerDigest=layer)["downloadUrl"]
    try:
        with _open(url) as body, calls(f"repository {into}", f"upload of the layer {layer}"):
            _send(body, target, into, layer)
    except OSError as error:
        raise ReleaseError(f"repository {repository}: read of the layer {layer} failed: {error}") from error


def _send(body: IO[bytes], target: "ECRClient", into: str, layer: str) -> None:
    started = target.initiate_layer_upload(repositoryName=into)
    upload: Any = {"repositoryName": into, "uploadId": started["uploadId"]}
    digest, first = hashlib.sha256(), 0
    while blob := _read(body, started["partSize"]):
        target.upload_layer_part(**upload, partFirstByte=first, partLastByte=first + len(blob) - 1, layerPartBlob=blob)
        digest.update(blob)
        first += len(blob)
    if f"sha256:{digest.hexdigest()}" != layer:
        raise refused(f"repository {into}", "layer", layer, f"sha256:{digest.hexdigest()} of {first} bytes")
    try:
        target.complete_layer_upload(**upload, layerDigests=[layer])
    except ClientError as error:
        if code(error) != "LayerAlreadyExistsException":  # else another copy was faster
            raise


def _read(body: IO[bytes], size: int) -> bytes:
    """``size`` bytes, or what is left: a read from the network may give less than it was asked for."""
    blob = bytearray()
    while len(blob) < size and (piece := body.read(size - len(blob))):
        blob += piece
    return bytes(blob)


def _open(url: str) -> IO[bytes]:
    address = urlsplit(url)
    local = address.hostname in ("127.0.0.1", "::1", "localhost")  # a registry on this machine needs no TLS
    if address.scheme != "https" and not (address.scheme == "http" and local):
        raise ReleaseError(f"layer: accepted: an https:// address: received: {url.partition('?')[0]}")
    opened: IO[bytes] = urllib.request.urlopen(url, timeout=_TIMEOUT_SECONDS)  # noqa: S310 -- checked above
    return opened
