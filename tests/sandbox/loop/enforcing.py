"""A cloud in which roles may do in S3 what their policies say, and nothing else: ``python -m … <directory>``.

Whoever has no role is the account's administrator. A keyed bucket needs the right to its key too, as in AWS: through
S3, in the encryption context of the bucket.
"""

import sys
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree

from sandbox.cloud import server


def _install() -> None:
    from moto.core.authorization import ActionAuthenticatorMixin
    from moto.s3.exceptions import BucketAccessDeniedError, S3AccessDeniedError
    from moto.s3.models import s3_backends

    from sandbox.cloud.extension import replaces
    from sandbox.cloud.policies import decide

    @replaces(ActionAuthenticatorMixin, "_authenticate_and_authorize_s3_action")
    def _authorize(_: Any, self: Any, bucket_name: str | None = None, key_name: str | None = None) -> None:
        policies = _policies(self)
        if policies is None:
            return
        action, bucket = self._get_action(), f"arn:aws:s3:::{bucket_name or ''}"
        names = [key_name] if key_name else _named(self) if action == "DeleteObject" else []
        context = {"s3:prefix": self.querystring.get("prefix", [None])[0]}
        asked = [(f"s3:{action}", f"{bucket}/{name}", context) for name in names]
        asked = asked or [(f"s3:{'ListBucket' if action == 'HeadBucket' else action}", bucket, context)]
        key = _key(s3_backends[self.current_account]["aws"].buckets.get(bucket_name))
        use = {"GetObject": "kms:Decrypt", "PutObject": "kms:GenerateDataKey"}.get(action)
        if key and use:
            through = {
                "kms:ViaService": f"s3.{key.split(':')[3]}.amazonaws.com",
                "kms:EncryptionContext:aws:s3:arn": bucket,
            }
            asked.append((use, key, through))
        if not all(decide(policies, *one) for one in asked):
            raise BucketAccessDeniedError(bucket=bucket_name) if bucket_name else S3AccessDeniedError()


def _policies(call: Any) -> list[str] | None:
    """The inline policies of the role that makes a call; nothing where no role does."""
    from moto.iam.models import iam_backends
    from moto.sts.models import sts_backends

    account = call.current_account
    given = call.headers.get("Authorization", "").partition("Credential=")[2].partition("/")[0]
    for assumed in sts_backends[account]["aws"].assumed_roles:
        if assumed.access_key_id == given:
            role = iam_backends[account]["aws"].get_role(assumed.role_arn.rpartition("/")[2])
            return [*role.policies.values()]
    return None


def _named(call: Any) -> list[str]:
    """The objects that a call deletes together."""
    keys = ElementTree.fromstring(call.body).iter("{http://s3.amazonaws.com/doc/2006-03-01/}Key")
    return [unquote(key.text or "") for key in keys]


def _key(bucket: Any) -> str | None:
    """ARN of the key that a bucket encrypts with, if it has one."""
    rules = ((bucket and bucket.encryption) or {}).get("Rule") or {}
    rule = rules[0] if isinstance(rules, list) else rules
    key: str | None = rule.get("ApplyServerSideEncryptionByDefault", {}).get("KMSMasterKeyID")
    return key


def main(directory: Path) -> None:
    """Serve until terminated."""
    module: Any = server
    load = module._load

    def _enforcing() -> Any:
        application = load()
        _install()
        return application

    module._load = _enforcing
    server.serve(directory, 0)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
