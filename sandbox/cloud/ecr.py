"""ECR: digests that are the manifest's own, tags that move without deleting images, layers that must be there."""

import hashlib
import json
import os
import re
from typing import Any

from moto.ecr.exceptions import ImageAlreadyExistsException
from moto.ecr.models import ECRBackend, Image

from sandbox.cloud import clock
from sandbox.cloud.extension import extend, fail, replaces

LAYERS: dict[str, bytes] = {}
"""Every layer that was uploaded, by digest; ``GET /sandbox/layers/<digest>`` hands it out."""


@replaces(Image, "__init__")
def _init(original: Any, self: Any, *args: Any, **kwargs: Any) -> None:
    original(self, *args, **kwargs)
    self.image_pushed_at = clock.now().timestamp()  # finer than moto's second: two pushes have an order


@replaces(Image, "_create_digest")
def _create_digest(_: Any, self: Any) -> None:
    self._image_digest = _digest(self.image_manifest.encode())


@replaces(Image, "get_image_size_in_bytes")
def _size(original: Any, self: Any) -> Any:
    manifest = json.loads(self.image_manifest)
    if "layers" not in manifest:
        return original(self)
    return sum(part.get("size", 0) for part in (manifest.get("config", {}), *manifest["layers"]))


@replaces(ECRBackend, "put_image")
def _put_image(
    _: Any,
    self: Any,
    repository_name: str,
    image_manifest: str,
    image_tag: str | None,
    image_manifest_mediatype: str | None = None,
    digest: str | None = None,
) -> Any:
    """Like ``docker push`` of a manifest: the last step, when its layers are there."""
    repository = self._get_repository(repository_name)
    try:
        manifest = json.loads(image_manifest)
        kind = image_manifest_mediatype or manifest["mediaType"]
    except (ValueError, KeyError, TypeError):
        fail("InvalidParameterException", "image manifest: JSON with a mediaType, or imageManifestMediaType")
    actual = _digest(image_manifest.encode())
    if digest and digest != actual:
        fail("ImageDigestDoesNotMatchException", f"The manifest's digest is {actual}, not {digest}")
    parts = [part["digest"] for part in (manifest.get("config"), *manifest.get("layers", [])) if part]
    if missing := [part for part in parts if part not in repository.layers]:
        fail("LayersNotFoundException", f"Layers with digests '{missing}' required for pushing image not found")

    known = {image.get_image_digest(): image for image in repository.images}
    if missing := [part["digest"] for part in manifest.get("manifests", []) if part["digest"] not in known]:
        fail("ReferencedImagesNotFoundException", f"Images {missing} that the manifest refers to were not found")

    image = known.get(actual)
    holders = [holder for holder in repository.images if image_tag in holder.image_tags]
    nothing_new = image is not None and (not image_tag or image in holders)
    if nothing_new or (holders and not _may_move(repository, str(image_tag))):
        raise ImageAlreadyExistsException(
            registry_id=repository.registry_id,
            image_tag=str(image_tag),
            digest=holders[0].get_image_digest() if holders else actual,
            repository_name=repository_name,
        )
    for holder in holders:
        holder.remove_tag(image_tag)
        holder.image_tag = holder.image_tags[-1] if holder.image_tags else None
    if image is None:
        image = Image(self.account_id, image_tag, image_manifest, repository_name, kind, actual)
        repository.images.append(image)
    elif image_tag:
        image.update_tag(image_tag)
    return image


def _may_move(repository: Any, tag: str) -> bool:
    """Whether ``tag`` may pass from one image to another: ``*`` in an exclusion stands for any characters."""
    excluded = any(
        re.fullmatch(".*".join(re.escape(part) for part in exclusion["filter"].split("*")), tag)
        for exclusion in repository.image_tag_mutability_exclusion_filters or []
    )
    return excluded if repository.is_tag_immutable() else not excluded


@replaces(ECRBackend, "complete_layer_upload")
def _complete_layer_upload(
    original: Any, self: Any, repository_name: str, upload_id: str, layer_digests: list[str], *args: Any, **kwargs: Any
) -> Any:
    """The bytes must be what the caller says they are; they are kept, so that a layer can be copied elsewhere."""
    upload = self._get_repository(repository_name).uploads.get(upload_id)
    if upload is not None:
        content = bytes(upload.layer_parts)
        if _digest(content) not in layer_digests:
            fail("InvalidLayerException", f"The layer's digest is {_digest(content)}, not one of {layer_digests}")
        LAYERS[_digest(content)] = content
    return original(self, repository_name, upload_id, layer_digests, *args, **kwargs)


def _download_url(backend: Any, given: dict[str, Any]) -> dict[str, str]:
    digest = given["layerDigest"]
    if digest not in backend._get_repository(given["repositoryName"]).layers:
        fail("LayersNotFoundException", f"The layer with digest '{digest}' was not found")
    return {"downloadUrl": f"http://127.0.0.1:{os.environ['MOTO_PORT']}/sandbox/layers/{digest}", "layerDigest": digest}


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


extend("ecr", {"GetDownloadUrlForLayer": _download_url})
