import json

import pytest
from slipway.security import _policies_gateway as policies


@pytest.mark.parametrize(
    ("partition", "region"), [("aws", "eu-west-1"), ("aws-us-gov", "us-gov-west-1"), ("aws-cn", "cn-north-1")]
)
def test_a_load_balancer_writes_logs_of_its_own_account_and_region(partition: str, region: str) -> None:
    bucket = f"arn:{partition}:s3:::acme-logs"
    neighbour = f"arn:{partition}:ec2:{region}:123456789012:security-group/sg-0a"

    statements = {
        one["Sid"]: one for one in json.loads(policies.load_balancer_log_bucket(bucket, neighbour))["Statement"]
    }

    deliver = statements.pop("DeliverAccessLogs")
    assert deliver["Action"] == ["s3:PutObject"]
    assert deliver["Resource"] == [f"{bucket}/AWSLogs/123456789012/*"]
    source = f"arn:{partition}:elasticloadbalancing:{region}:123456789012:loadbalancer/*"
    assert deliver["Condition"] == {"ArnLike": {"aws:SourceArn": source}}
    assert [one["Effect"] for one in statements.values()] == ["Deny", "Deny"]
    assert set(statements) == {"DenyPlaintext", "DenyOldTls"}
