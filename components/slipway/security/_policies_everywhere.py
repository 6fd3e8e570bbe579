"""The actions that a role may have on every resource: those for which AWS knows no resource.

AWS's service authorization reference names no resource type for them, so a statement that allows one must say ``*``.
They are the whole list: a policy that allows anything else on ``*`` is not written (``_policies.document``).
"""

EVERYWHERE = {
    "batch:DescribeJobs": "jobs are described by id",
    "cloudwatch:PutMetricData": "a metric has no ARN",
    "cloudwatch:GetMetricData": "a metric has no ARN",
    "cloudwatch:ListMetrics": "lists",
    "ecr:GetAuthorizationToken": "a login is to the registry",
    "ecs:DiscoverPollEndpoint": "asks where an agent reports to",
    "logs:CreateLogDelivery": "a delivery has no ARN",
    "logs:DeleteLogDelivery": "a delivery has no ARN",
    "logs:DescribeLogGroups": "lists",
    "logs:DescribeResourcePolicies": "lists",
    "logs:GetLogDelivery": "a delivery has no ARN",
    "logs:ListLogDeliveries": "lists",
    "logs:PutResourcePolicy": "the policies of an account's log groups have no ARN",
    "logs:UpdateLogDelivery": "a delivery has no ARN",
    "s3:GetAccountPublicAccessBlock": "the setting is the account's",
    "tag:GetResources": "lists",
    "xray:GetSamplingRules": "rules are read together",
    "xray:GetSamplingTargets": "rules are read together",
    "xray:PutTelemetryRecords": "a trace has no ARN",
    "xray:PutTraceSegments": "a trace has no ARN",
}
"""Action -> why there is no resource to name."""

LOG_DELIVERY = tuple(action for action in EVERYWHERE if action.startswith("logs:"))
"""What a service needs to deliver logs in its role's name (vended logs), as Step Functions does."""
TRACING = tuple(action for action in EVERYWHERE if action.startswith("xray:"))
"""What a service needs to send traces in its role's name."""
