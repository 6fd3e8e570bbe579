"""The table: every resource type that the sandbox emulates, one module per service."""

from sandbox.providers.aws.table import Type
from sandbox.providers.aws.types import (
    dynamodb,
    ecr,
    eks,
    endpoints,
    flow_logs,
    iam,
    kms,
    logs,
    network,
    rds,
    routing,
    s3,
    s3_settings,
    security_groups,
)

_MODULES = (
    *(kms, iam, logs, network, endpoints, flow_logs, routing, security_groups, ecr, s3, s3_settings, eks),
    *(dynamodb, rds),
)

TYPES: dict[str, Type] = {type_.token: type_ for module in _MODULES for type_ in module.TYPES}
"""Token -> declaration."""
