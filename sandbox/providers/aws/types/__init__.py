"""The table: every resource type that the sandbox emulates, one module per service."""

from sandbox.providers.aws.table import Type
from sandbox.providers.aws.types import (
    acm,
    cognito,
    dynamodb,
    ecr,
    eks,
    endpoints,
    flow_logs,
    iam,
    kms,
    lb,
    logs,
    network,
    rds,
    rds_groups,
    route53,
    routing,
    s3,
    s3_settings,
    security_groups,
    wafv2,
)

_MODULES = (
    *(kms, iam, logs, network, endpoints, flow_logs, routing, security_groups, ecr, s3, s3_settings, eks),
    *(dynamodb, rds, rds_groups, lb, wafv2, acm, route53, cognito),
)

TYPES: dict[str, Type] = {type_.token: type_ for module in _MODULES for type_ in module.TYPES}
"""Token -> declaration."""
