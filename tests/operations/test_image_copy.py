"""Copying an image between registries, against two registries that behave as ECR is documented to.

The emulator keeps manifests without layers, so the layers' way is tested here: a registry that refuses a manifest whose
layers it lacks, and an upload whose bytes are not those of its digest.
"""

import hashlib
import io
import json
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError
from mypy_boto3_ecr import ECRClient
from slipway_ops import image_copy
from slipway_ops.image_copy import copy_image
from slipway_ops.images import INDEX_TYPES, MANIFEST_TYPES
from slipway_ops.release import ReleaseError


def sha256(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def refuse(name: str) -> ClientError:
    return ClientError({"Error": {"Code": name, "Message": "no"}}, "call")


class Registry:
    """One repository of a registry."""

    part_size = 4

    def __init__(self) -> None:
        self.layers: dict[str, bytes] = {}
        self.manifests: dict[str, tuple[str, str]] = {}
        self.tags: dict[str, str] = {}
        self.sent: list[str] = []
        self._upload = bytearray()

    @property
    def client(self) -> ECRClient:
        return cast(ECRClient, self)

    def add(self, document: dict[str, Any], kind: str) -> str:
        text = json.dumps(document)
        self.manifests[sha256(text.encode())] = (text, kind)
        return sha256(text.encode())

    def push(self, *layers: bytes) -> str:
        self.layers |= {sha256(layer): layer for layer in layers}
        config, *rest = [{"digest": sha256(layer)} for layer in layers]
        return self.add({"config": config, "layers": rest}, MANIFEST_TYPES[0])

    def batch_get_image(self, imageIds: list[dict[str, str]], **_: Any) -> dict[str, Any]:
        digest = imageIds[0]["imageDigest"]
        found = self.manifests.get(digest)
        return {"images": [{"imageManifest": found[0], "imageManifestMediaType": found[1]}] if found else []}

    def batch_check_layer_availability(self, layerDigests: list[str], **_: Any) -> dict[str, Any]:
        assert 1 <= len(layerDigests) <= 100
        known = [{"layerDigest": d, "layerAvailability": "AVAILABLE"} for d in layerDigests if d in self.layers]
        return {"layers": known, "failures": []}

    def get_download_url_for_layer(self, layerDigest: str, **_: Any) -> dict[str, str]:
        return {"downloadUrl": f"https://layers.example/{layerDigest}?signature=secret"}

    def initiate_layer_upload(self, **_: Any) -> dict[str, Any]:
        self._upload.clear()
        return {"uploadId": "u", "partSize": self.part_size}

    def upload_layer_part(self, partFirstByte: int, partLastByte: int, layerPartBlob: bytes, **_: Any) -> None:
        assert partFirstByte == len(self._upload)
        assert partLastByte - partFirstByte + 1 == len(layerPartBlob) <= self.part_size
        self._upload += layerPartBlob

    def complete_layer_upload(self, layerDigests: list[str], **_: Any) -> None:
        assert layerDigests == [sha256(bytes(self._upload))]
        if layerDigests[0] in self.layers:
            raise refuse("LayerAlreadyExistsException")
        self.layers[layerDigests[0]] = bytes(self._upload)
        self.sent += layerDigests

    def put_image(self, imageManifest: str, imageDigest: str, imageManifestMediaType: str, **more: Any) -> None:
        assert sha256(imageManifest.encode()) == imageDigest
        document = json.loads(imageManifest)
        needed = [part["digest"] for part in [*document.get("layers", []), document.get("config")] if part]
        if any(layer not in self.layers for layer in needed):
            raise refuse("LayersNotFoundException")
        if any(part["digest"] not in self.manifests for part in document.get("manifests", [])):
            raise refuse("ReferencedImagesNotFoundException")
        self.manifests[imageDigest] = (imageManifest, imageManifestMediaType)
        if "imageTag" in more:
            self.tags[more["imageTag"]] = imageDigest


@pytest.fixture
def registries(monkeypatch: pytest.MonkeyPatch) -> tuple[Registry, Registry]:
    source, target = Registry(), Registry()
    monkeypatch.setattr(image_copy, "_open", lambda url: io.BytesIO(source.layers[url.split("/")[-1].split("?")[0]]))
    return source, target


def copy(source: Registry, target: Registry, digest: str) -> None:
    copy_image(source.client, "acme-dev/m", target.client, "acme-prod/m", digest, "release-1")


def test_layers_go_first_in_parts_and_the_manifest_last_with_its_tag(registries: tuple[Registry, Registry]) -> None:
    source, target = registries
    digest = source.push(b"config", b"a layer of several parts", b"x")
    copy(source, target, digest)
    assert target.layers == source.layers
    assert target.manifests == source.manifests
    assert target.tags == {"release-1": digest}


def test_what_the_target_has_is_not_sent_again(registries: tuple[Registry, Registry]) -> None:
    source, target = registries
    digest = source.push(b"config", b"base", b"base", b"own")
    target.layers[sha256(b"base")] = b"base"
    copy(source, target, digest)
    assert sorted(target.sent) == sorted([sha256(b"config"), sha256(b"own")])
    copy(source, target, digest)
    assert len(target.sent) == 2


def test_an_image_of_several_platforms_is_copied_whole(registries: tuple[Registry, Registry]) -> None:
    source, target = registries
    parts = [source.push(b"config amd64", b"amd64"), source.push(b"config arm64", b"arm64")]
    index = source.add({"manifests": [{"digest": part} for part in parts]}, INDEX_TYPES[0])
    copy(source, target, index)
    assert target.manifests == source.manifests
    assert target.tags == {"release-1": index}


def test_a_layer_that_changed_on_its_way_is_refused(
    registries: tuple[Registry, Registry], monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = registries
    digest = source.push(b"config", b"layer")
    monkeypatch.setattr(image_copy, "_open", lambda url: io.BytesIO(b"other"))
    with pytest.raises(ReleaseError, match=r"repository acme-prod/m: layer: accepted: sha256:.*: received: .sha256:"):
        copy(source, target, digest)
    assert (target.manifests, target.layers) == ({}, {})


def test_an_image_whose_layer_is_lost_is_refused_by_the_registry(registries: tuple[Registry, Registry]) -> None:
    source, target = registries
    digest = source.push(b"config", b"layer")
    del source.layers[sha256(b"layer")]
    with pytest.raises(ReleaseError, match="put of the image failed: LayersNotFoundException"):
        copy(source, target, digest)


def test_a_copy_that_another_one_overtook_is_complete(
    registries: tuple[Registry, Registry], monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = registries
    digest = source.push(b"config", b"layer")
    target.layers |= source.layers
    monkeypatch.setattr(target, "batch_check_layer_availability", lambda **_: {"layers": []})
    copy(source, target, digest)
    assert target.tags == {"release-1": digest}


def test_what_is_no_image_is_refused(registries: tuple[Registry, Registry]) -> None:
    source, target = registries
    source.manifests["sha256:0"] = ("[]", "text/plain")
    with pytest.raises(ReleaseError, match="image_digest: accepted: an image's manifest: received: "):
        copy(source, target, "sha256:0")


def test_a_connection_that_breaks_is_one_line(
    registries: tuple[Registry, Registry], monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = registries

    def broken(url: str) -> None:
        raise TimeoutError("timed out")

    monkeypatch.setattr(image_copy, "_open", broken)
    with pytest.raises(ReleaseError, match=r"repository acme-dev/m: read of the layer .* failed: timed out"):
        copy(source, target, source.push(b"config"))


@pytest.mark.parametrize("url", ["http://layers.example/x?signature=secret", "file:///etc/passwd"])
def test_only_https_is_opened_and_a_signature_is_never_shown(url: str) -> None:
    with pytest.raises(ReleaseError, match="layer: accepted: an https:// address") as caught:
        image_copy._open(url)
    assert "secret" not in str(caught.value)
