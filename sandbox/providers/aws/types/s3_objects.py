"""Objects in buckets that a program puts there."""

import base64
import hashlib
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from sandbox.providers.aws.table import Call, Code, Context, Tags, Type

_OBJECT = {"Bucket": "bucket", "Key": "key"}
_SETTINGS = {
    "bucketKeyEnabled": "BucketKeyEnabled",
    "cacheControl": "CacheControl",
    "contentDisposition": "ContentDisposition",
    "contentEncoding": "ContentEncoding",
    "contentLanguage": "ContentLanguage",
    "contentType": "ContentType",
    "kmsKeyId": "SSEKMSKeyId",
    "metadata": "Metadata",
    "serverSideEncryption": "ServerSideEncryption",
    "storageClass": "StorageClass",
}
_BODIES = ("content", "contentBase64", "source")
_INPUTS = frozenset({*_SETTINGS, *_BODIES, "sourceHash", "etag"})


def _body(seen: Context) -> bytes:
    if seen.get("content") is not None:
        return str(seen["content"]).encode()
    if seen.get("contentBase64") is not None:
        return base64.b64decode(seen["contentBase64"])
    asset = seen.get("source") or {}
    if "text" in asset:
        return str(asset["text"]).encode()
    return Path(asset["path"]).read_bytes() if asset.get("path") else b""


def _put(s3: Any, seen: Context) -> dict[str, Any]:
    settings = {member: seen[name] for name, member in _SETTINGS.items() if seen.get(name) is not None}
    if seen.get("kmsKeyId"):
        settings.setdefault("ServerSideEncryption", "aws:kms")
    settings["Tagging"] = urlencode({tag["Key"]: tag["Value"] for tag in seen["tagList"]})
    made: dict[str, Any] = s3.put_object(Bucket=seen["bucket"], Key=seen["key"], Body=_body(seen), **settings)
    return made


def _read(s3: Any, seen: Context) -> dict[str, Any]:
    """What is in it counts as what the program gave, if it is the same."""
    where = {"Bucket": seen["bucket"], "Key": seen["key"]}
    found: dict[str, Any] = s3.get_object(**where)
    body = found.pop("Body").read()
    for name in _BODIES:
        found[name] = seen.get(name) if seen.get(name) is not None and body == _wanted(seen) else _shown(name, body)
    found["ETag"] = found["ETag"].strip('"')
    found["Tags"] = s3.get_object_tagging(**where)["TagSet"]
    return found


def _wanted(seen: Context) -> bytes | None:
    """What it should hold; None where a file of the program is gone."""
    try:
        return _body(seen)
    except OSError:
        return None


def _shown(name: str, body: bytes) -> Any:
    if name == "content":
        return body.decode(errors="replace")
    encoded = base64.b64encode(body).decode()
    return encoded if name == "contentBase64" else {"hash": hashlib.sha256(body).hexdigest()}


def _delete(s3: Any, seen: Context) -> None:
    """Every version of it goes."""
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=seen["bucket"], Prefix=seen["key"]):
        for version in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]:
            if version["Key"] == seen["key"]:
                which = {"Bucket": seen["bucket"], "Key": seen["key"], "VersionId": version["VersionId"]}
                s3.delete_object(**which, **({"BypassGovernanceRetention": True} if seen.get("forceDestroy") else {}))


TYPES = [
    Type(
        "aws:s3/bucketObjectv2:BucketObjectv2",
        client="s3",
        create=Code(_put, _INPUTS | {"bucket", "key"}),
        id="join('/', [bucket, key])",
        id_parts="{bucket}/{key}",
        read=(Code(_read),),
        settle=(Call("PutObjectTagging", {**_OBJECT, "Tagging": "{TagSet: tagList}"}, when="tagList"),),
        update=(Code(_put, _INPUTS), Call("DeleteObjectTagging", _OBJECT, when="!tagList")),
        delete=(Code(_delete),),
        replace=frozenset({"bucket", "key", "region"}),
        local=frozenset({"forceDestroy", "overrideProvider"}),
        back={
            **_SETTINGS,
            "content": "content",
            "contentBase64": "contentBase64",
            "source": "source",
            "sourceHash": "given.sourceHash",
            "etag": "ETag",
        },
        outputs={
            "arn": "join('', ['arn:', here.partition, ':s3:::', id])",
            "versionId": "VersionId",
            "etag": "ETag",
            "contentType": "ContentType",
        },
        tags=Tags(),
    ),
]
