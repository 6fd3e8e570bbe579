"""IAM: a role needs a trust policy that parses and a permissions boundary that exists."""

from typing import Any

from moto.iam.models import IAMBackend
from moto.iam.policy_validation import IAMTrustPolicyDocumentValidator

from sandbox.cloud.extension import fail, replaces


@replaces(IAMBackend, "create_role")
def _create_role(
    original: Any,
    self: Any,
    role_name: str,
    assume_role_policy_document: str,
    path: str,
    permissions_boundary: str | None,
    *args: Any,
    **kwargs: Any,
) -> Any:
    IAMTrustPolicyDocumentValidator(assume_role_policy_document).validate()
    _check_boundary(self, permissions_boundary)
    return original(self, role_name, assume_role_policy_document, path, permissions_boundary, *args, **kwargs)


@replaces(IAMBackend, "put_role_permissions_boundary")
def _put_boundary(original: Any, self: Any, role_name: str, permissions_boundary: str) -> Any:
    _check_boundary(self, permissions_boundary)
    return original(self, role_name, permissions_boundary)


def _check_boundary(backend: Any, arn: str | None) -> None:
    ours = arn and arn.split(":")[4] in ("aws", backend.account_id)
    if ours and arn not in backend.managed_policies:
        fail("NoSuchEntity", f"Scope ARN: {arn} does not exist or is not attachable.")
