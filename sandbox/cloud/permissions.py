"""What roles may do, while it is enforced: ``POST /moto-api/reset-auth`` with ``0`` begins it, a large number ends it.

Whoever calls with a role's temporary credentials is held to the policies of the role, its permissions boundary too.
Everybody else is the account's administrator, so that what was enforced can be taken down again. Also needed is the
right to the key of a bucket, queue, topic or table that has one: through its service, as in AWS.

Not evaluated: policies of resources (but for those of events.py and sns.py), session policies, signatures, conditions
other than those that ``policies`` and ``asked`` know; and ``iam:PassRole``. A deletion of many objects is denied as a
whole where one of them is.
"""

import json
import math
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree

from moto import settings
from moto.core.authorization import ActionAuthenticatorMixin
from moto.core.responses import ActionResult
from moto.core.utils import get_service_model
from moto.dynamodb.models import dynamodb_backends
from moto.iam.models import iam_backends
from moto.s3.exceptions import BucketAccessDeniedError, S3AccessDeniedError
from moto.s3.models import s3_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends
from moto.sts.models import sts_backends
from werkzeug.exceptions import HTTPException

from sandbox.cloud import itself
from sandbox.cloud.asked import Asked, Place, asked, key_arn
from sandbox.cloud.extension import Fault, operation, parameters, replaces
from sandbox.cloud.policies import decide

_ALWAYS = ("sts:GetCallerIdentity", "sts:GetSessionToken")
_DELETE_KEYS = "{http://s3.amazonaws.com/doc/2006-03-01/}Key"
_READ, _WRITE = ("kms:Decrypt",), ("kms:Decrypt", "kms:GenerateDataKey")
_PREFIXES = {"monitoring": "cloudwatch"}


@replaces(ActionAuthenticatorMixin, "_authenticate_and_authorize_normal_action")
def _authorize(_: Any, self: Any, resource: str = "*") -> None:
    role = _role(self)
    if role is None:
        return
    place = Place(self.region, self.current_account)
    service = _scope(self)[3]
    service, action = _PREFIXES.get(service, service), operation(self)
    given = parameters(self) if action else {}
    needed = asked(service, action, given, place)
    if needed and resource != "*" and needed[0].resources == ("*",):
        needed = [Asked(needed[0].action, (resource,))]
    for one in [*needed, *_keys_of(service, action, given, place)]:
        if one.action not in _ALWAYS and not _may(role, one):
            raise _denied(self, role, one)


class _Denied(HTTPException):  # type: ignore[misc] # werkzeug is not followed
    """An answer that is already in the form of the service's protocol."""

    def __init__(self, code: int, body: Any) -> None:
        super().__init__()
        self.code, self.description = code, body


def _denied(call: Any, role: Any, one: Asked) -> Exception:
    message = f"User: {role.arn} is not authorized to perform: {one.action} on resource: {one.resources[0]}"
    query = call.determine_response_protocol(get_service_model(call.boto3_service_name)) in ("query", "ec2")
    fault = Fault("AccessDenied" if query else "AccessDeniedException", message)
    status, headers, body = call.serialized(ActionResult(fault))
    call.response_headers.update(headers)
    return _Denied(status, body)


@replaces(ActionAuthenticatorMixin, "_authenticate_and_authorize_s3_action")
def _authorize_s3(_: Any, self: Any, bucket_name: str | None = None, key_name: str | None = None) -> None:
    role = _role(self)
    if role is None:
        return
    if not all(_may(role, one) for one in _asked_of_s3(self, bucket_name, key_name)):
        raise BucketAccessDeniedError(bucket=bucket_name) if bucket_name else S3AccessDeniedError()


def _asked_of_s3(call: Any, bucket_name: str | None, key_name: str | None) -> Iterator[Asked]:
    action, bucket = call._get_action(), f"arn:aws:s3:::{bucket_name or ''}"
    names = [key_name] if key_name else _deleted(call) if action == "DeleteObject" else []
    context = {"s3:prefix": call.querystring.get("prefix", [None])[0], "aws:SecureTransport": "true"}
    for name in names:
        yield Asked(f"s3:{action}", (f"{bucket}/{name}",), context)
    if not names:
        yield Asked(f"s3:{'ListBucket' if action == 'HeadBucket' else action}", (bucket,), context)
    key = _key_of_bucket(s3_backends[call.current_account]["aws"].buckets.get(bucket_name))
    use = {"GetObject": "kms:Decrypt", "PutObject": "kms:GenerateDataKey"}.get(action)
    if key and use and key.startswith("arn:"):
        via = {"kms:ViaService": f"s3.{key.split(':')[3]}.amazonaws.com", "kms:EncryptionContext:aws:s3:arn": bucket}
        yield Asked(use, (key,), via)


def _deleted(call: Any) -> list[str]:
    """The objects that a call deletes together."""
    return [unquote(key.text or "") for key in ElementTree.fromstring(call.body).iter(_DELETE_KEYS)]  # noqa: S314 -- ours


def _key_of_bucket(bucket: Any) -> str | None:
    rules = ((bucket and bucket.encryption) or {}).get("Rule") or {}
    rule = rules[0] if isinstance(rules, list) else rules
    key: str | None = rule.get("ApplyServerSideEncryptionByDefault", {}).get("KMSMasterKeyID")
    return key


def _keys_of(service: str, action: str, given: dict[str, Any], place: Place) -> Iterator[Asked]:
    """Rights to the key of what is called, through its service."""
    key: Any = None
    uses: tuple[str, ...] = _READ
    if service == "sqs" and action.startswith(("SendMessage", "ReceiveMessage")):
        queue: Any = sqs_backends[place.account][place.region].queues.get(
            str(given.get("QueueUrl", "")).rpartition("/")[2]
        )
        key, uses = queue and queue.kms_master_key_id, _WRITE if action.startswith("Send") else _READ
    elif service == "sns" and action.startswith("Publish"):
        topic = sns_backends[place.account][place.region].topics.get(given.get("TopicArn"))
        key, uses = topic and topic.kms_master_key_id, _WRITE
    elif service == "dynamodb" and "TableName" in given:
        table = dynamodb_backends[place.account][place.region].tables.get(given["TableName"].rpartition("/")[2])
        key = table and (table.sse_specification or {}).get("KMSMasterKeyId")
    if key and not str(key).startswith("alias/aws/"):
        via = {"kms:ViaService": f"{service}.{place.region}.amazonaws.com"}
        yield from (Asked(use, (key_arn(str(key), place),), via) for use in uses)


def _role(call: Any) -> Any:
    """The role that makes a call; None where nothing is enforced, or for it nothing."""
    if math.isinf(settings.INITIAL_NO_AUTH_ACTION_COUNT) or itself.is_ours(call.headers):
        return None
    account, key = call.current_account, _scope(call)[0]
    for assumed in sts_backends[account]["aws"].assumed_roles:
        if assumed.access_key_id == key:
            return iam_backends[account]["aws"].get_role(assumed.role_arn.rpartition("/")[2])
    return None


def _scope(call: Any) -> list[str]:
    """Access key, day, region and service that a call was signed with."""
    credential = call.headers.get("Authorization", "").partition("Credential=")[2].partition(",")[0]
    query = call.querystring.get("X-Amz-Credential", [""])[0]
    return [*(credential or query).split("/"), "", "", "", ""]


def _may(role: Any, one: Asked) -> bool:
    attached = [_document(policy) for policy in role.managed_policies.values()]
    held = [*role.policies.values(), *attached]
    boundary = iam_backends[role.account_id]["aws"].managed_policies.get(role.permissions_boundary_arn)
    sets = [held, [_document(boundary)]] if role.permissions_boundary_arn and boundary else [held]
    return any(all(decide(texts, one.action, arn, one.context) for texts in sets) for arn in one.resources)


def _document(policy: Any) -> str:
    version = next(version for version in policy.versions if version.is_default)
    document = version.document
    return document if isinstance(document, str) else json.dumps(document)
