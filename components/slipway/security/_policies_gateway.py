"""IAM documents of the front door: who may write a load balancer's access logs."""

from slipway.security._policies import document
from slipway.security._policies_stores import tls_only


def load_balancer_log_bucket(bucket_arn: str, neighbour_arn: str) -> str:
    """Policy of the bucket that gets a load balancer's access logs: from Elastic Load Balancing, for this account.

    The bucket is there before the load balancer, whose ARN nobody knows yet; ``neighbour_arn`` is that of anything in
    its account and region.
    """
    _, partition, _, region, account, _ = neighbour_arn.split(":", 5)
    return document(
        *tls_only(bucket_arn),
        {
            "Sid": "DeliverAccessLogs",
            "Effect": "Allow",
            "Principal": {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"},
            "Action": ["s3:PutObject"],
            "Resource": [f"{bucket_arn}/AWSLogs/{account}/*"],
            "Condition": {
                "ArnLike": {"aws:SourceArn": f"arn:{partition}:elasticloadbalancing:{region}:{account}:loadbalancer/*"}
            },
        },
    )
