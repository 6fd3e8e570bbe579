"""A push brings the same image for the same sources, once, and says what it is."""

import io
import json
import os
import shutil
import tarfile
import urllib.request
from pathlib import Path

import pytest

from sandbox.cloud.process import Cloud
from sandbox.push import NOT_BUILT, pack, push
from tests.sandbox.cloud.helpers import Call, refused


def test_the_image_holds_the_sources(folder: Path) -> None:
    image = pack(folder)
    with tarfile.open(fileobj=io.BytesIO(image.layer), mode="r:gz") as tar:
        entries = tar.getmembers()
        assert [entry.name for entry in entries] == ["Dockerfile", "server/app.py"]
        assert {(entry.mtime, entry.uid, entry.uname) for entry in entries} == {(0, 0, "")}
    manifest, config = json.loads(image.manifest), json.loads(image.config)
    assert manifest["annotations"]["org.opencontainers.image.description"] == NOT_BUILT
    assert "cannot run" in NOT_BUILT
    assert config["config"]["Labels"]["slipway.sandbox.dockerfile"] == "FROM scratch\n"


def test_the_digest_depends_on_the_sources_only(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    digest = pack(folder).digest
    other = tmp_path_factory.mktemp("elsewhere") / "copy"
    shutil.copytree(folder, other)
    os.utime(other / "Dockerfile", (1, 1))
    (other / "data" / "more.csv").write_text("5\n")
    assert pack(other).digest == digest
    (other / "server" / "app.py").write_text("print('hello again')\n")
    changed = pack(other).digest
    assert changed != digest
    (other / "server" / "app.py").chmod(0o755)
    assert pack(other).digest != changed


def test_a_folder_without_dockerfile_is_no_image(folder: Path) -> None:
    (folder / "Dockerfile").unlink()
    with pytest.raises(FileNotFoundError, match="Dockerfile"):
        pack(folder)


def test_push(cloud: Cloud, environment: dict[str, str], aws: Call, folder: Path) -> None:
    ecr = aws("ecr")
    ecr.create_repository(repositoryName="acme-local/pushed", imageTagMutability="IMMUTABLE")
    digest = push(environment, "acme-local/pushed", folder, "v1")
    (image,) = ecr.describe_images(repositoryName="acme-local/pushed")["imageDetails"]
    assert (image["imageDigest"], image["imageTags"]) == (digest, ["v1"])

    before = cloud.writes()
    assert push(environment, "acme-local/pushed", folder, "v1") == digest
    assert cloud.writes() == before, "what is there is not sent again"
    push(environment, "acme-local/pushed", folder, "v2")
    assert [entry["operation"] for entry in cloud.journal(before)] == ["PutImage"]

    (folder / "Dockerfile").write_text("FROM other\n")
    with refused("ImageAlreadyExistsException"):
        push(environment, "acme-local/pushed", folder, "v1")
    with refused("RepositoryNotFoundException"):
        push(environment, "acme-local/nowhere", folder, "v1")


def test_a_pushed_image_can_be_read_back(environment: dict[str, str], aws: Call, folder: Path) -> None:
    ecr = aws("ecr")
    ecr.create_repository(repositoryName="acme-local/read")
    digest = push(environment, "acme-local/read", folder, "v1")
    image_ids = [{"imageDigest": digest}]
    (image,) = ecr.batch_get_image(repositoryName="acme-local/read", imageIds=image_ids)["images"]
    packed = pack(folder)
    assert image["imageManifest"].encode() == packed.manifest
    layer = json.loads(image["imageManifest"])["layers"][0]["digest"]
    url = ecr.get_download_url_for_layer(repositoryName="acme-local/read", layerDigest=layer)["downloadUrl"]
    with urllib.request.urlopen(url, timeout=5) as answer:
        assert answer.read() == packed.layer


def test_a_push_goes_to_this_machine_only(environment: dict[str, str], folder: Path) -> None:
    elsewhere = {**environment, "AWS_ENDPOINT_URL": "https://api.ecr.eu-west-1.amazonaws.com"}
    with pytest.raises(ValueError, match="the sandbox refuses"):
        push(elsewhere, "acme-local/pushed", folder, "v1")
