"""S3 objects: checksums that are checked and kept, retention that can be read and not shortened."""

import base64
import re
from typing import Any

from moto.core.responses import ActionResult
from moto.s3.exceptions import S3ClientError
from moto.s3.responses import S3Response
from moto.s3.utils import compute_checksum

from sandbox.cloud.extension import replaces

_PREFIX = "x-amz-checksum-"
_NOT_SUMS = (_PREFIX + "algorithm", _PREFIX + "mode", _PREFIX + "type")
_VERIFIED = ("SHA256", "SHA1", "CRC32")
_TRAILER = re.compile(rb"x-amz-checksum-(\w+):([A-Za-z0-9+/]+=*)")
_TRAILER_BYTES = 200


@replaces(S3Response, "_get_checksum")
def _get_checksum(original: Any, self: Any, response_headers: dict[str, Any]) -> tuple[str, str | None]:
    """A checksum that came with the object, in a header or in the trailer, must fit and is kept."""
    came = _came(self)
    if came is None:
        computed: tuple[str, str | None] = original(self, response_headers)
        return computed
    algorithm, value = came
    if algorithm in _VERIFIED and value != _sum(self.body or b"", algorithm):
        raise S3ClientError("BadDigest", f"The {algorithm} you specified did not match the calculated checksum.")
    response_headers[_PREFIX + algorithm.lower()] = value
    return algorithm, value


def _came(response: Any) -> tuple[str, str] | None:
    for name, value in response.headers.items():
        if name.lower().startswith(_PREFIX) and name.lower() not in _NOT_SUMS:
            return name.lower().removeprefix(_PREFIX).upper(), value
    end = response.raw_body[-_TRAILER_BYTES:] if isinstance(response.raw_body, bytes) else b""
    if response.headers.get("x-amz-trailer") and (trailer := _TRAILER.search(end)):
        return trailer[1].decode().upper(), trailer[2].decode()
    return None


def _sum(body: bytes, algorithm: str) -> str:
    return base64.b64encode(compute_checksum(body, algorithm, encode_base64=False)).decode()


@replaces(S3Response, "head_object")
def _head_object(original: Any, self: Any, bucket: str, query: dict[str, Any], name: str, headers: Any) -> Any:
    """The checksum of an object that came in parts says so, with the number of parts."""
    status, answer, body = original(self, bucket, query, name, headers)
    if status == 200 and headers.get("x-amz-checksum-mode") == "ENABLED":
        key = self.backend.get_object(bucket, name, version_id=query.get("versionId", [None])[0])
        if key.checksum_type:
            answer["x-amz-checksum-type"] = key.checksum_type
        if key.checksum_type == "COMPOSITE":
            answer[_PREFIX + key.checksum_algorithm.lower()] = f"{key.checksum_value}-{key.checksum_parts}"
    return status, answer, body


@replaces(S3Response, "_key_response_get")
def _key_response_get(original: Any, self: Any, query: dict[str, Any], key_name: str) -> Any:
    """GetObjectRetention, which moto lacks."""
    if "retention" not in query:
        return original(self, query, key_name)
    key = self.backend.get_object(self.bucket_name, key_name, version_id=query.get("versionId", [None])[0])
    if key is None:
        raise S3ClientError("NoSuchKey", "The specified key does not exist.")
    if not key.lock_mode:
        raise S3ClientError(
            "NoSuchObjectLockConfiguration", "The specified object does not have a ObjectLock configuration"
        )
    self.data["Action"] = "GetObjectRetention"
    return self.serialized(ActionResult({"Retention": {"Mode": key.lock_mode, "RetainUntilDate": key.lock_until}}))


@replaces(S3Response, "put_object_retention")
def _put_object_retention(original: Any, self: Any) -> Any:
    """A lock may be made longer by anybody, shorter or weaker only with the right to bypass it."""
    key = self.backend.get_object(self.bucket_name, self.parse_key_name(), version_id=self._get_param("versionId"))
    bypass = self.headers.get("x-amz-bypass-governance-retention", "").lower() == "true"
    if key is not None and key.lock_mode and key.is_locked(governance_bypass=bypass):
        mode, until = self._mode_until_from_body()
        weaker = key.lock_mode == "COMPLIANCE" and mode != "COMPLIANCE"
        if weaker or not until or until[:19] < key.lock_until[:19]:
            raise S3ClientError("AccessDenied", "Access Denied because object protected by object lock.")
    return original(self)
