"""Finds the releases that a stack's settings name, before anything is declared.

One pass over S3 for all models (docs/adr/0002-releases-at-preview.md): each record is read and its hash recomputed, a
withdrawn one refused, and the exact version of its artifact checked, so that a preview already refuses what a
deployment would.
"""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from stacks.settings import PREFIX, Settings, SettingsError
from stacks.values import NEWEST

if TYPE_CHECKING:
    from slipway_ops.release import Release

_CONCURRENT = 16


@dataclass(frozen=True)
class Found:
    """What the settings' names stand for."""

    releases: Mapping[str, "Release"] = field(default_factory=dict)
    """Release of each model that has one."""
    operations_digest: str | None = None
    """Digest of the operations image; None where nothing runs it yet."""


def find(settings: Settings) -> Found:
    """Resolve every ``release:`` and the operations image; raises ``SettingsError`` that lists each one refused."""
    wanted = {name: model.release for name, model in settings.models.items() if model.release}
    if not wanted and settings.gate is None:
        return Found()

    import boto3  # a stack without a release needs none of it
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError
    from slipway_ops.environments import OPERATIONS, models_bucket, repository
    from slipway_ops.images import newest_image
    from slipway_ops.release import ReleaseError, ReleaseStore

    bucket = models_bucket(settings.namespace, settings.environment)
    calls = Config(max_pool_connections=_CONCURRENT, retries={"mode": "standard", "max_attempts": 5})
    store = ReleaseStore(boto3.client("s3", region_name=settings.region, config=calls), bucket)
    problems: list[str] = []

    def refuse(key: str, reason: object) -> None:
        problems.append(f"{settings.source}: {PREFIX}{key}: {reason}")

    def release(name: str) -> "Release | None":
        try:
            identifier = store.newest(name) if wanted[name] == NEWEST else wanted[name]
            if identifier is None:
                withdrawn = store.withdrawn(name)
                if withdrawn:  # else the model would be taken for one that waits, and its service deleted
                    listed = "; ".join(f"{known}: {marker}" for known, marker in sorted(withdrawn.items()))
                    refuse(
                        f"models.{name}.release", f"accepted: newest, where one was not withdrawn: received: {listed}"
                    )
                return None
            found = store.get(identifier)
            store.check_artifact(found)
        except ReleaseError as error:
            refuse(f"models.{name}.release", error)
            return None
        if found.content.model != name:  # `flight-delay-…` also begins as a release of a model `flight` would
            refuse(f"models.{name}.release", f"accepted: a release of {name}: received: {found.id}")
            return None
        needed = found.content.resources.gpus if found.content.resources else 0
        if settings.cluster and settings.models[name].resources.gpus is None and needed > settings.gpu_limit:
            accepted = f"a release of at most cluster.gpu.limit ({settings.gpu_limit}) GPUs"
            refuse(f"models.{name}.release", f"accepted: {accepted}: received: {found.id}, which needs {needed}")
        return found

    with ThreadPoolExecutor(_CONCURRENT) as pool:
        releases = dict(zip(wanted, pool.map(release, wanted), strict=True))
    found = {name: value for name, value in releases.items() if value is not None}

    digest = settings.operations_image
    needed = bool(found) or settings.gate is not None
    if digest == NEWEST and needed:
        operations = repository(settings.namespace, settings.environment, OPERATIONS)
        try:
            digest = newest_image(boto3.client("ecr", region_name=settings.region, config=calls), operations)
        except (ClientError, BotoCoreError) as error:
            refuse("operations_image", error)
        if digest is None and found:  # the gate alone waits for it, as models wait for their first release
            refuse(
                "operations_image",
                f"accepted: newest, where {operations} holds an image: received: an empty repository",
            )
    if problems:
        raise SettingsError("\n".join(sorted(problems)))
    return Found(found, digest if needed else None)
