"""The table: every resource type that the sandbox emulates, one module per service."""

from sandbox.providers.aws.table import Type
from sandbox.providers.aws.types import (
    ecr,
    eks,
    endpoints,
    flow_logs,
    iam,
    kms,
    logs,
    network,
    routing,
    s3,
    s3_settings,
    security_groups,
)

TYPES: dict[str, Type] = {
    type_.token: type_
    for module in (kms, iam, logs, network, endpoints, flow_logs, routing, security_groups, ecr, s3, s3_settings, eks)
    for type_ in module.TYPES
}
"""Token -> declaration."""
