"""State machines run: jobs, conditions, retries, time, JSONata, roles, logs, events."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from sandbox.cloud.process import Cloud
from tests.sandbox.cloud.compute import Compute, until
from tests.sandbox.cloud.helpers import Call, policy, refused
from tests.sandbox.enforced import enforced

PUT = "arn:aws:states:::dynamodb:putItem"
END = {"End": True}


@pytest.fixture(scope="module")
def compute(aws: Call, environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Compute:
    made = Compute(aws, environment, tmp_path_factory.mktemp("image") / "job", "states")
    key = [{"AttributeName": "pk", "AttributeType": "S"}]
    schema = [{"AttributeName": "pk", "KeyType": "HASH"}]
    for table in ("states-items", "states-others"):
        aws("dynamodb").create_table(
            TableName=table, AttributeDefinitions=key, KeySchema=schema, BillingMode="PAY_PER_REQUEST"
        )
    aws("s3").create_bucket(Bucket="states-bucket", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    return made


def job(compute: Compute, definition: str, **more: Any) -> dict[str, Any]:
    """A state that runs a job to its end."""
    parameters = {"JobName": "step", "JobQueue": compute.queue, "JobDefinition": definition}
    task = {"Type": "Task", "Resource": "arn:aws:states:::batch:submitJob.sync", "TimeoutSeconds": 60}
    return {**task, "Parameters": parameters | more.pop("Parameters", {}), **(more or END)}


def output(execution: dict[str, Any]) -> Any:
    assert execution["status"] == "SUCCEEDED", execution
    return json.loads(execution["output"])


def done(compute: Compute, name: str, states: dict[str, Any], given: Any = None, language: str = "JSONata") -> Any:
    """Output of a machine's only execution."""
    return output(compute.executed(compute.start(compute.machine(name, states, language), given)))


def types(compute: Compute, execution: str) -> list[str]:
    events = compute.aws("stepfunctions").get_execution_history(executionArn=execution)["events"]
    return [event["type"] for event in events]


def test_a_job_runs_and_its_exit_code_decides(compute: Compute) -> None:
    definition = compute.define("decides", "Ref::code")
    states = {
        "Job": job(
            compute,
            definition,
            Parameters={"Parameters": {"code.$": "$.code"}},
            ResultSelector={"code.$": "$.Container.ExitCode", "status.$": "$.Status"},
            Catch=[{"ErrorEquals": ["States.TaskFailed"], "ResultPath": "$.failure", "Next": "Read"}],
            End=True,
        ),
        "Read": {
            "Type": "Pass",
            "Parameters": {"cause.$": "States.StringToJson($.failure.Cause)", "error.$": "$.failure.Error"},
            "Next": "Refused?",
        },
        "Refused?": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.cause.Container.ExitCode", "NumericEquals": 3, "Next": "Refused"}],
            "Default": "Failed",
        },
        "Refused": {"Type": "Pass", "Result": "refused", "End": True},
        "Failed": {"Type": "Fail", "ErrorPath": "$.error", "CausePath": "$.cause.StatusReason"},
    }
    machine = compute.machine("decides", states)
    assert output(compute.executed(compute.start(machine, {"code": "0"}))) == {"code": 0, "status": "SUCCEEDED"}
    assert output(compute.executed(compute.start(machine, {"code": "3"}))) == "refused"
    failed = compute.executed(compute.start(machine, {"code": "1"}))
    assert (failed["status"], failed["error"]) == ("FAILED", "States.TaskFailed")
    assert failed["cause"] == "Essential container in task exited"


def test_a_retried_state_is_another_job(compute: Compute, tmp_path: Path) -> None:
    again = [{"ErrorEquals": ["States.TaskFailed"], "IntervalSeconds": 1, "MaxAttempts": 1}]
    definition = compute.define("retried", f"again={tmp_path / 'marker'}")
    machine = compute.machine("retried", {"Job": job(compute, definition, Retry=again, End=True)})
    execution = compute.start(machine)
    assert output(compute.executed(execution))["Container"]["ExitCode"] == 0
    assert types(compute, execution).count("TaskSubmitted") == 2


def test_a_state_that_takes_too_long_ends_its_job(compute: Compute) -> None:
    definition = compute.define("late", "sleep=60")
    machine = compute.machine("late", {"Job": job(compute, definition, TimeoutSeconds=2, End=True)})
    failed = compute.executed(compute.start(machine))
    assert (failed["status"], failed["error"]) == ("FAILED", "States.Timeout")
    (left,) = [each for each in _jobs(compute) if each["jobDefinition"] == definition]
    assert "Terminated by Step Functions" in compute.end(left["jobId"])["statusReason"]


def _jobs(compute: Compute) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = compute.batch.list_jobs(jobQueue=compute.queue)["jobSummaryList"]
    return found


def test_a_stopped_execution_ends_its_job_and_says_why(compute: Compute, tmp_path: Path) -> None:
    definition = compute.define("stopped", f"write={tmp_path / 'pid'}", "sleep=60")
    execution = compute.start(compute.machine("stopped", {"Job": job(compute, definition)}))
    until(lambda: {"runs": (tmp_path / "pid").exists()}, lambda found: found["runs"])
    answer = compute.aws("stepfunctions").stop_execution(executionArn=execution, error="Enough", cause="too dear")
    assert answer["stopDate"]
    stopped = compute.executed(execution)
    assert (stopped["status"], stopped["error"], stopped["cause"]) == ("ABORTED", "Enough", "too dear")
    assert types(compute, execution)[-1] == "ExecutionAborted"
    (left,) = [each for each in _jobs(compute) if each["jobDefinition"] == definition]
    assert compute.end(left["jobId"])["status"] == "FAILED"


def test_a_branch_that_fails_ends_the_others(compute: Compute) -> None:
    slow, fails = compute.define("branch-slow", "sleep=60"), compute.define("branch-fails", "3")
    branches = [
        {"StartAt": name, "States": {name: job(compute, definition)}}
        for name, definition in (("Slow", slow), ("Fails", fails))
    ]
    states = {
        "Both": {
            "Type": "Parallel",
            "Branches": branches,
            "Catch": [{"ErrorEquals": ["States.TaskFailed"], "Next": "Caught"}],
            "End": True,
        },
        "Caught": {"Type": "Pass", "Parameters": {"error.$": "$.Error"}, "End": True},
    }
    assert done(compute, "branches", states, language="JSONPath") == {"error": "States.TaskFailed"}
    (left,) = [each for each in _jobs(compute) if each["jobDefinition"] == slow]
    assert compute.end(left["jobId"])["status"] == "FAILED"


def test_of_two_at_once_one_wins(compute: Compute) -> None:
    lock = {
        "TableName": "states-items",
        "Item": {"pk": {"S": "lock"}, "run": {"S.$": "$$.Execution.Name"}},
        "ConditionExpression": "attribute_not_exists(pk)",
    }
    condition = [{"ErrorEquals": ["DynamoDB.ConditionalCheckFailedException"], "Next": "Lost"}]
    states = {
        "Lock": {"Type": "Task", "Resource": PUT, "Parameters": lock, "Catch": condition, "Next": "Won"},
        "Won": {"Type": "Pass", "Result": "won", "End": True},
        "Lost": {"Type": "Pass", "Result": "lost", "End": True},
    }
    machine = compute.machine("race", states)
    with ThreadPoolExecutor(4) as pool:
        found = pool.map(lambda _: output(compute.executed(compute.start(machine))), range(4))
        assert sorted(found) == ["lost", "lost", "lost", "won"]


def test_the_services_that_a_pipeline_calls(compute: Compute) -> None:
    topic = compute.aws("sns").create_topic(Name="states-topic")["TopicArn"]
    key = {"pk": {"S": "ledger"}}

    def task(resource: str, arguments: dict[str, Any], result: str, **more: Any) -> dict[str, Any]:
        return {
            "Type": "Task",
            "Resource": f"arn:aws:states:::{resource}",
            "Arguments": arguments,
            "Assign": {resource.rpartition(":")[2]: f"{{% $states.result.{result} %}}"},
            **more,
        }

    add = {
        "TableName": "states-items",
        "Key": key,
        "UpdateExpression": "ADD spent :run",
        "ConditionExpression": "attribute_not_exists(spent) OR spent <= :room",
        "ExpressionAttributeValues": {":run": {"N": "5"}, ":room": {"N": "0"}},
        "ReturnValues": "ALL_NEW",
    }
    sdk_over = [{"ErrorEquals": ["DynamoDb.ConditionalCheckFailedException"], "Next": "Missing"}]
    missing = [{"ErrorEquals": ["S3.NoSuchKeyException"], "Next": "Events"}]
    event = {"Source": "test", "DetailType": "Said", "Detail": {"what": "{% $updateItem %}"}}
    child = compute.machine("child", {"Wait": {"Type": "Pass", "Result": "grown", "End": True}})
    states = {
        "Put": task(
            "aws-sdk:s3:putObject", {"Bucket": "states-bucket", "Key": "a", "Body": {"b": 1}}, "ETag", Next="Get"
        ),
        "Get": task("aws-sdk:s3:getObject", {"Bucket": "states-bucket", "Key": "a"}, "Body", Next="Add"),
        "Add": task("dynamodb:updateItem", add, "Attributes.spent.N", Next="Read"),
        "Read": task("dynamodb:getItem", {"TableName": "states-items", "Key": key}, "Item.spent.N", Next="Over"),
        "Over": task("aws-sdk:dynamodb:updateItem", add, "X", Catch=sdk_over, End=True),
        "Missing": task("aws-sdk:s3:getObject", {"Bucket": "states-bucket", "Key": "no"}, "X", Catch=missing, End=True),
        "Events": task("events:putEvents", {"Entries": [event]}, "FailedEntryCount", Next="Topic"),
        "Topic": task(
            "sns:publish", {"TopicArn": topic, "Message": {"spent": "{% $getItem %}"}}, "MessageId", Next="Child"
        ),
        "Child": task(
            "states:startExecution.sync:2", {"StateMachineArn": child, "Input": {}}, "Output", Next="Reports"
        ),
        "Reports": {
            "Type": "Pass",
            "Output": "{% [$getObject, $getItem, $putEvents, $exists($publish)] %}",
            "End": True,
        },
    }
    assert done(compute, "services", states) == ['{"b":1}', "5", 0, True]


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("$string($floor(1732490000123 / 1000))", "1732490000"),
        ("10 / 4", 2.5),
        ("$hash('a', 'SHA-256')", "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"),
        ("$parse('{\"a\": [1, null]}')", {"a": [1, None]}),
        ("$partition([1, 2, 3], 2)", [[1, 2], [3]]),
        ("$range(0, 4, 2)", [0, 2, 4]),
        ("$length($uuid())", 36),
        ("$random() < 1", True),
        ("$states.input.text & '!'", 'a "quoted" \\ text!'),
        ("$kept", 'a "quoted" \\ text'),
        ("$replace('a_b', /[^a-z]/, '-')", "a-b"),
        ("$exists($states.input.nothing) ? 1 : 2", 2),
    ],
)
def test_jsonata(compute: Compute, expression: str, value: Any) -> None:
    text = 'a "quoted" \\ text'
    states = {
        "Keep": {"Type": "Pass", "Assign": {"kept": "{% $states.input.text %}"}, "Next": "Say"},
        "Say": {"Type": "Pass", "Output": f"{{% {expression} %}}", "End": True},
    }
    name = f"jsonata-{abs(hash(expression))}"
    assert done(compute, name, states, {"text": text}) == value


@pytest.mark.parametrize("expression", ["$nothing", "$hash('a', 'MD4')", "$states.input.a.b ~> $sum("])
def test_jsonata_that_gives_nothing_fails(compute: Compute, expression: str) -> None:
    states = {"Say": {"Type": "Pass", "Output": f"{{% {expression} %}}", "End": True}}
    execution = compute.executed(compute.start(compute.machine(f"nothing-{abs(hash(expression))}", states, "JSONata")))
    assert execution["status"] == "FAILED"


def test_the_accounts_clock_is_the_machines(cloud: Cloud, compute: Compute) -> None:
    moments = "{% [$toMillis($states.context.State.EnteredTime), $millis(), $toMillis($now())] %}"
    states = {
        "Before": {"Type": "Pass", "Assign": {"before": "{% $millis() %}"}, "Next": "Wait"},
        "Wait": {"Type": "Wait", "Seconds": 7200, "Next": "After"},
        "After": {
            "Type": "Pass",
            "Output": f"{{% $map({moments[3:-3]}, function($m) {{ $m - $before }}) %}}",
            "End": True,
        },
    }
    execution = compute.start(compute.machine("clock", states, "JSONata"))
    until(lambda: {"types": types(compute, execution)}, lambda found: "WaitStateEntered" in found["types"])
    began = time.monotonic()
    cloud.advance(7200)
    ended = compute.executed(execution)
    assert all(7_200_000 <= moment < 7_260_000 for moment in output(ended))
    assert time.monotonic() - began < 20
    assert (ended["stopDate"] - ended["startDate"]).total_seconds() >= 7200


def test_until_a_moment(cloud: Cloud, compute: Compute) -> None:
    soon = "$fromMillis($millis() + 3600000, '[Y0001]-[M01]-[D01]T[H01]:[m01]:[s01]Z')"
    states = {
        "When": {"Type": "Pass", "Output": {"at": f"{{% {soon} %}}"}, "Next": "Wait"},
        "Wait": {"Type": "Wait", "Timestamp": "{% $states.input.at %}", "End": True},
    }
    execution = compute.start(compute.machine("moment", states, "JSONata"))
    until(lambda: {"types": types(compute, execution)}, lambda found: "WaitStateEntered" in found["types"])
    time.sleep(0.3)
    assert "ExecutionSucceeded" not in types(compute, execution)
    cloud.advance(3601)
    assert compute.executed(execution)["status"] == "SUCCEEDED"


def test_names(compute: Compute) -> None:
    machine = compute.machine("named", {"Wait": {"Type": "Wait", "Seconds": 60, "End": True}})
    first, second = compute.start(machine), compute.start(machine)
    assert first != second, "each without a name has one of its own"
    named = compute.start(machine, name="once")
    assert compute.start(machine, name="once") == named, "the same while it runs"
    with refused("ExecutionAlreadyExists"):
        compute.start(machine, {"other": 1}, name="once")
    with refused("InvalidName"):
        compute.start(machine, name="a b")
    with refused("InvalidExecutionInput"):
        compute.aws("stepfunctions").start_execution(stateMachineArn=machine, input="{")
    for execution in (first, second, named):
        compute.aws("stepfunctions").stop_execution(executionArn=execution)


@pytest.mark.parametrize(("level", "data"), [("ALL", True), ("ALL", False), ("ERROR", True), ("OFF", True)])
def test_logs(compute: Compute, level: str, data: bool) -> None:
    group = f"/acme/states-{level}-{data}"
    compute.aws("logs").create_log_group(logGroupName=group)
    arn = f"arn:aws:logs:eu-west-1:123456789012:log-group:{group}:*"
    logging: dict[str, Any] = {"level": level, "includeExecutionData": data}
    if level != "OFF":
        logging["destinations"] = [{"cloudWatchLogsLogGroup": {"logGroupArn": arn}}]
    states = {"Fail": {"Type": "Fail", "Error": "Bad", "Cause": "on purpose"}}
    machine = compute.machine(f"logs-{level}-{data}", states, loggingConfiguration=logging)
    compute.executed(compute.start(machine, {"secret": "s"}))
    lines = compute.aws("logs").filter_log_events(logGroupName=group)["events"]
    found = [json.loads(line["message"]) for line in lines]
    assert {"OFF": [], "ERROR": ["FailStateEntered", "ExecutionFailed"]}.get(
        level, ["ExecutionStarted", "FailStateEntered", "ExecutionFailed"]
    ) == [line["type"] for line in found]
    assert ("secret" in str(found)) == (data and level != "OFF")


def test_what_happens_to_an_execution_is_an_event(compute: Compute) -> None:
    sqs, events = compute.aws("sqs"), compute.aws("events")
    queue = sqs.create_queue(QueueName="states-events")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    statement = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage"}
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy({**statement, "Resource": arn})})
    machine = compute.machine("told", {"Say": {"Type": "Pass", "Result": {"a": 1}, "End": True}})
    pattern = {"source": ["aws.states"], "detail": {"stateMachineArn": [machine]}}
    events.put_rule(Name="states-events", EventPattern=json.dumps(pattern), State="ENABLED")
    events.put_targets(Rule="states-events", Targets=[{"Id": "queue", "Arn": arn}])
    execution = compute.start(machine, {"b": 2})
    seen: dict[str, Any] = {}

    def receive() -> dict[str, Any]:
        for message in sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", []):
            event = json.loads(message["Body"])
            assert event["detail-type"] == "Step Functions Execution Status Change"
            seen[event["detail"]["status"]] = event["detail"]
        return seen

    until(receive, lambda found: len(found) == 2)
    assert seen["RUNNING"]["stopDate"] is None
    assert (seen["SUCCEEDED"]["executionArn"], seen["SUCCEEDED"]["input"]) == (execution, '{"b": 2}')
    assert json.loads(seen["SUCCEEDED"]["output"]) == {"a": 1}


def test_a_machine_may_do_what_its_role_may(cloud: Cloud, compute: Compute) -> None:
    arn = "arn:aws:dynamodb:eu-west-1:123456789012:table/states-items"
    allowed = policy({"Effect": "Allow", "Action": "dynamodb:PutItem", "Resource": arn})
    compute.aws("iam").put_role_policy(RoleName="states-machine", PolicyName="put", PolicyDocument=allowed)
    ends = {}
    with enforced(cloud):
        for table in ("states-items", "states-others"):
            put = {"TableName": table, "Item": {"pk": {"S": "allowed"}}}
            machine = compute.machine(
                f"role-{table}", {"Put": {"Type": "Task", "Resource": PUT, "Parameters": put} | END}
            )
            ends[table] = compute.executed(compute.start(machine))
    assert ends["states-items"]["status"] == "SUCCEEDED", ends["states-items"]
    assert ends["states-others"]["status"] == "FAILED"
    assert "AccessDenied" in ends["states-others"]["error"]
