"""Under enforcement a role may do what its policies say, and nothing else."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.cloud.clients import client
from sandbox.cloud.process import Cloud
from tests.sandbox.cloud.helpers import ACCOUNT, Call, make_role, policy, refused
from tests.sandbox.enforced import acting_as, enforced

REGION = "eu-west-1"


@pytest.fixture(scope="module")
def machine(aws: Call) -> str:
    definition = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})
    role = make_role(aws, "permitted-machine", "states.amazonaws.com")
    made = aws("stepfunctions").create_state_machine(name="permitted", roleArn=role, definition=definition)
    return str(made["stateMachineArn"])


@pytest.fixture(scope="module")
def worker(aws: Call, machine: str) -> str:
    """A role, and what it has to do with."""
    role = make_role(aws, "permitted-worker", "batch.amazonaws.com")
    for bucket in ("permitted-own", "permitted-other"):
        aws("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
        aws("s3").put_object(Bucket=bucket, Key="a/1", Body=b"x")
    for table in ("permitted-own", "permitted-other"):
        aws("dynamodb").create_table(
            TableName=table,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        )
    for queue in ("permitted-own", "permitted-other"):
        aws("sqs").create_queue(QueueName=queue)
    aws("events").create_event_bus(Name="permitted")
    aws("logs").create_log_group(logGroupName="/permitted")

    def arn(service: str, resource: str) -> str:
        return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}"

    def allow(*actions: str, resource: str, **condition: Any) -> dict[str, Any]:
        more = {"Condition": condition} if condition else {}
        return {"Effect": "Allow", "Action": list(actions), "Resource": [resource], **more}

    statements = [
        allow("s3:GetObject", "s3:DeleteObject", resource="arn:aws:s3:::permitted-own/a/*"),
        allow("s3:ListBucket", resource="arn:aws:s3:::permitted-own", StringLike={"s3:prefix": ["a/*"]}),
        allow("dynamodb:UpdateItem", "dynamodb:PutItem", resource=arn("dynamodb", "table/permitted-own")),
        allow("sqs:SendMessage", "sqs:GetQueueUrl", resource=arn("sqs", "permitted-own")),
        allow("events:PutEvents", resource=arn("events", "event-bus/permitted")),
        allow("states:StartExecution", resource=machine),
        allow("logs:CreateLogStream", "logs:PutLogEvents", resource=arn("logs", "log-group:/permitted:*")),
        allow("cloudwatch:PutMetricData", resource="*", StringEquals={"cloudwatch:namespace": "slipway"}),
    ]
    document = policy(*statements)
    aws("iam").put_role_policy(RoleName="permitted-worker", PolicyName="access", PolicyDocument=document)
    return role


@pytest.fixture
def acting(cloud: Cloud, environment: dict[str, str], worker: str) -> Iterator[Call]:
    given = acting_as(environment, worker)
    with enforced(cloud):
        yield lambda service: client(service, given)


def test_what_is_allowed_works(acting: Call, machine: str) -> None:
    assert acting("s3").get_object(Bucket="permitted-own", Key="a/1")["Body"].read() == b"x"
    assert acting("s3").list_objects_v2(Bucket="permitted-own", Prefix="a/")["KeyCount"] == 1
    acting("dynamodb").put_item(TableName="permitted-own", Item={"pk": {"S": "lock"}})
    url = acting("sqs").get_queue_url(QueueName="permitted-own")["QueueUrl"]
    acting("sqs").send_message(QueueUrl=url, MessageBody="x")
    entry = {"Source": "x", "DetailType": "y", "Detail": "{}", "EventBusName": "permitted"}
    assert acting("events").put_events(Entries=[entry])["FailedEntryCount"] == 0
    acting("stepfunctions").start_execution(stateMachineArn=machine, name="one")
    acting("logs").create_log_stream(logGroupName="/permitted", logStreamName="a")
    acting("cloudwatch").put_metric_data(Namespace="slipway", MetricData=[{"MetricName": "a", "Value": 1}])
    acting("sts").get_caller_identity()


def test_what_is_not_allowed_is_denied(acting: Call, machine: str) -> None:
    for bucket, key in (("permitted-own", "b/1"), ("permitted-other", "a/1")):
        with refused("AccessDenied"):
            acting("s3").get_object(Bucket=bucket, Key=key)
    with refused("AccessDenied"):
        acting("s3").list_objects_v2(Bucket="permitted-own")
    with refused("AccessDenied"):
        acting("s3").put_object(Bucket="permitted-own", Key="a/1", Body=b"y")
    with refused("AccessDeniedException", "dynamodb:PutItem on resource"):
        acting("dynamodb").put_item(TableName="permitted-other", Item={"pk": {"S": "lock"}})
    with refused("AccessDeniedException", "dynamodb:DeleteItem"):
        acting("dynamodb").delete_item(TableName="permitted-own", Key={"pk": {"S": "lock"}})
    with refused("AccessDeniedException", "dynamodb:DeleteItem"):
        delete = {"Delete": {"TableName": "permitted-own", "Key": {"pk": {"S": "lock"}}}}
        acting("dynamodb").transact_write_items(TransactItems=[delete])
    with refused("AccessDeniedException", "sqs:SendMessage"):
        acting("sqs").send_message(QueueUrl=f"http://127.0.0.1/{ACCOUNT}/permitted-other", MessageBody="x")
    with refused("AccessDeniedException", "events:PutEvents"):
        acting("events").put_events(Entries=[{"Source": "x", "DetailType": "y", "Detail": "{}"}])
    with refused("AccessDeniedException", "states:StopExecution"):
        acting("stepfunctions").stop_execution(executionArn=machine.replace("stateMachine", "execution") + ":one")
    with refused("AccessDeniedException", "cloudwatch:PutMetricData"):
        acting("cloudwatch").put_metric_data(Namespace="other", MetricData=[{"MetricName": "a", "Value": 1}])
    with refused("AccessDenied", "iam:CreateRole"):
        acting("iam").create_role(RoleName="more", AssumeRolePolicyDocument="{}")
    with refused("AccessDenied", "sts:AssumeRole"):
        acting("sts").assume_role(RoleArn=f"arn:aws:iam::{ACCOUNT}:role/permitted-machine", RoleSessionName="xx")


def test_a_deletion_of_many_is_denied_where_one_is(acting: Call) -> None:
    """AWS would delete the others."""
    both = {"Objects": [{"Key": "a/2"}, {"Key": "b/2"}]}
    answer = acting("s3").delete_objects(Bucket="permitted-own", Delete=both)
    assert {error["Code"] for error in answer["Errors"]} == {"AccessDenied"}
    answer = acting("s3").delete_objects(Bucket="permitted-own", Delete={"Objects": [{"Key": "a/2"}]})
    assert "Errors" not in answer


def test_a_key_is_needed_too(cloud: Cloud, environment: dict[str, str], aws: Call) -> None:
    key = aws("kms").create_key()["KeyMetadata"]["Arn"]
    url = aws("sqs").create_queue(QueueName="permitted-keyed", Attributes={"KmsMasterKeyId": key})["QueueUrl"]
    role = make_role(aws, "permitted-sender", "batch.amazonaws.com")
    send = {
        "Effect": "Allow",
        "Action": "sqs:SendMessage",
        "Resource": f"arn:aws:sqs:{REGION}:{ACCOUNT}:permitted-keyed",
    }
    aws("iam").put_role_policy(RoleName="permitted-sender", PolicyName="a", PolicyDocument=policy(send))
    sqs = client("sqs", acting_as(environment, role))
    with enforced(cloud), refused("AccessDeniedException", "kms:Decrypt"):
        sqs.send_message(QueueUrl=url, MessageBody="x")
    through = {"StringEquals": {"kms:ViaService": f"sqs.{REGION}.amazonaws.com"}}
    use = {"Effect": "Allow", "Action": ["kms:Decrypt", "kms:GenerateDataKey"], "Resource": key, "Condition": through}
    aws("iam").put_role_policy(RoleName="permitted-sender", PolicyName="b", PolicyDocument=policy(use))
    with enforced(cloud):
        sqs.send_message(QueueUrl=url, MessageBody="x")
        with refused("AccessDeniedException", "kms:Decrypt"):
            client("kms", acting_as(environment, role)).decrypt(KeyId=key, CiphertextBlob=b"x")


def test_a_boundary_limits(cloud: Cloud, environment: dict[str, str], aws: Call) -> None:
    document = policy({"Effect": "Allow", "Action": "sqs:*", "Resource": "*"})
    boundary = aws("iam").create_policy(PolicyName="permitted-boundary", PolicyDocument=document)["Policy"]["Arn"]
    role = make_role(aws, "permitted-bounded", "batch.amazonaws.com")
    aws("iam").put_role_permissions_boundary(RoleName="permitted-bounded", PermissionsBoundary=boundary)
    everything = policy({"Effect": "Allow", "Action": "*", "Resource": "*"})
    aws("iam").put_role_policy(RoleName="permitted-bounded", PolicyName="a", PolicyDocument=everything)
    given = acting_as(environment, role)
    with enforced(cloud):
        client("sqs", given).list_queues()
        with refused("AccessDeniedException", "dynamodb:ListTables"):
            client("dynamodb", given).list_tables()


def test_without_enforcement_and_without_a_role_everything_is_allowed(
    cloud: Cloud, environment: dict[str, str], aws: Call, worker: str
) -> None:
    client("dynamodb", acting_as(environment, worker)).list_tables()
    with enforced(cloud):
        aws("dynamodb").list_tables()
