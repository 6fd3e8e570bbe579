"""IAM statements of an Airflow on AWS: what MWAA does in its environment's role, and the jobs that its DAGs start."""

from collections.abc import Sequence

from slipway.security._policies import document, through

METRICS = "AmazonMWAA"
"""Namespace of the metrics that MWAA writes in the role's name."""


def airflow_service(environment_arn: str, bucket_arn: str, key_arn: str) -> str:
    """What MWAA needs of its environment's role: its bucket, its log groups, its metrics and the queue of its workers.

    The queue is in an account of AWS's own that nobody knows beforehand, hence the star in its place. The role may not
    make log groups: they are there, with a key and an end.
    """
    _, partition, _, region, account, resource = environment_arn.split(":", 5)
    name = resource.removeprefix("environment/")
    groups = f"arn:{partition}:logs:{region}:{account}:log-group:airflow-{name}-*"
    queue = f"arn:{partition}:sqs:{region}:*:airflow-celery-*"
    in_queue = {
        "Effect": "Allow",
        "Action": [
            "sqs:ChangeMessageVisibility",
            "sqs:DeleteMessage",
            "sqs:GetQueueAttributes",
            "sqs:GetQueueUrl",
            "sqs:ReceiveMessage",
            "sqs:SendMessage",
        ],
        "Resource": [queue],
    }
    return document(
        {"Effect": "Allow", "Action": ["airflow:PublishMetrics"], "Resource": [environment_arn]},
        {
            "Effect": "Allow",
            "Action": [
                "s3:GetBucketLocation",
                "s3:GetBucketPublicAccessBlock",
                "s3:GetBucketVersioning",
                "s3:GetEncryptionConfiguration",
                "s3:ListBucket",
            ],
            "Resource": [bucket_arn],
        },
        {"Effect": "Allow", "Action": ["s3:GetObject", "s3:GetObjectVersion"], "Resource": [f"{bucket_arn}/*"]},
        {"Effect": "Allow", "Action": ["s3:GetAccountPublicAccessBlock"], "Resource": ["*"]},
        {
            "Effect": "Allow",
            "Action": [
                "logs:CreateLogStream",
                "logs:GetLogEvents",
                "logs:GetLogGroupFields",
                "logs:GetLogRecord",
                "logs:GetQueryResults",
                "logs:PutLogEvents",
            ],
            "Resource": [groups],
        },
        {"Effect": "Allow", "Action": ["logs:DescribeLogGroups"], "Resource": ["*"]},
        {
            "Effect": "Allow",
            "Action": ["cloudwatch:PutMetricData"],
            "Resource": ["*"],
            "Condition": {"StringEquals": {"cloudwatch:namespace": METRICS}},
        },
        in_queue,
        {
            "Effect": "Allow",
            "Action": ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"],
            "Resource": [key_arn],
            "Condition": through(["s3", "sqs"], [key_arn]),
        },
    )


def airflow_jobs(queue_arns: Sequence[str], definition_prefix: str) -> str:
    """Starting the jobs whose definitions begin with ``definition_prefix`` in these queues, seeing and ending them."""
    _, partition, _, region, account, _ = queue_arns[0].split(":", 5)
    batch = f"arn:{partition}:batch:{region}:{account}"
    definitions = f"{batch}:job-definition/{definition_prefix}*"
    return document(
        {"Effect": "Allow", "Action": ["batch:SubmitJob"], "Resource": [*queue_arns, definitions]},
        {"Effect": "Allow", "Action": ["batch:TerminateJob"], "Resource": [f"{batch}:job/*"]},
        {"Effect": "Allow", "Action": ["batch:DescribeJobs"], "Resource": ["*"]},
    )
