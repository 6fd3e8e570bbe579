"""The table: every resource type that the sandbox emulates, one module per service."""

from sandbox.providers.aws.table import Type
from sandbox.providers.aws.types import (
    acm,
    alarms,
    batch,
    cognito,
    dynamodb,
    ecr,
    eks,
    endpoints,
    events,
    flow_logs,
    iam,
    kms,
    launch_templates,
    lb,
    logs,
    mwaa,
    network,
    rds,
    rds_groups,
    route53,
    routing,
    s3,
    s3_objects,
    s3_settings,
    sagemaker,
    scheduler,
    security_groups,
    sfn,
    sns,
    sqs,
    wafv2,
)

_MODULES = (
    *(kms, iam, logs, network, endpoints, flow_logs, routing, security_groups, ecr, s3, s3_settings, eks),
    *(dynamodb, rds, rds_groups, lb, wafv2, acm, route53, cognito),
    *(batch, sfn, launch_templates),
    *(events, scheduler, sqs, sns, sagemaker, mwaa, s3_objects, alarms),
)

TYPES: dict[str, Type] = {type_.token: type_ for module in _MODULES for type_ in module.TYPES}
"""Token -> declaration."""
