"""Walks what a program declared of events and jobs: who calls whom, in which role, and where what fails is left."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from tests.components.graph import Resource

RULE, TARGET = "aws:cloudwatch/eventRule:EventRule", "aws:cloudwatch/eventTarget:EventTarget"
SCHEDULE, GROUP = "aws:scheduler/schedule:Schedule", "aws:scheduler/scheduleGroup:ScheduleGroup"
BUS, TOPIC, QUEUE = "aws:cloudwatch/eventBus:EventBus", "aws:sns/topic:Topic", "aws:sqs/queue:Queue"
TABLE, LOGS = "aws:dynamodb/table:Table", "aws:cloudwatch/logGroup:LogGroup"
MACHINE, JOB = "aws:sfn/stateMachine:StateMachine", "aws:batch/jobDefinition:JobDefinition"
DESTINATION = "aws:cloudwatch/eventApiDestination:EventApiDestination"
CONNECTION = "aws:cloudwatch/eventConnection:EventConnection"
JOB_QUEUE, COMPUTE = "aws:batch/jobQueue:JobQueue", "aws:batch/computeEnvironment:ComputeEnvironment"
ROLE, POLICY, PROFILE = (
    "aws:iam/role:Role",
    "aws:iam/rolePolicy:RolePolicy",
    "aws:iam/instanceProfile:InstanceProfile",
)
CALLS = {MACHINE: "states:StartExecution", DESTINATION: "events:InvokeApiDestination", TOPIC: "sns:Publish"}
"""What calling a target is."""
SUBMIT = ":aws-sdk:batch:submitJob"


def problems(resources: Sequence[Resource]) -> list[str]:
    """Everything that dangles, that anybody could read, or that is kept for ever."""
    walk = _Walk(resources)
    return sorted(
        f"{item.type.rpartition(':')[2]} {item.name}: {problem}" for item in resources for problem in walk.of(item)
    )


class _Walk:
    def __init__(self, resources: Sequence[Resource]) -> None:
        self.resources = resources
        self.by_arn = {item.outputs["arn"]: item for item in resources if item.outputs.get("arn")}

    def of(self, item: Resource) -> Iterator[str]:
        check = {
            RULE: self._rule,
            TARGET: self._target,
            SCHEDULE: self._schedule,
            BUS: self._bus,
            TOPIC: self._topic,
            QUEUE: self._queue,
            TABLE: self._table,
            LOGS: self._logs,
            MACHINE: self._machine,
            JOB: self._job,
            JOB_QUEUE: self._job_queue,
            COMPUTE: self._compute,
            DESTINATION: self._destination,
            CONNECTION: self._connection,
            ROLE: self._role,
        }.get(item.type)
        yield from check(item) if check else ()

    def _all(self, type_: str) -> list[Resource]:
        return [item for item in self.resources if item.type == type_]

    def _rule(self, rule: Resource) -> Iterator[str]:
        bus = rule.inputs.get("eventBusName")
        targets = [item for item in self._all(TARGET) if item.inputs.get("rule") == rule.outputs["name"]]
        if not targets:
            yield "no target"
        if any(item.inputs.get("eventBusName") != bus for item in targets):
            yield "a target on another bus"
        if bus is not None and bus not in [item.outputs["name"] for item in self._all(BUS)]:
            yield f"on a bus that is not there: {bus}"
        if not json.loads(rule.inputs["eventPattern"]).get("source"):
            yield "any source"

    def _target(self, target: Resource) -> Iterator[str]:
        if target.inputs.get("rule") not in [item.outputs["name"] for item in self._all(RULE)]:
            yield "of a rule that is not there"
        yield from self._delivery(target.inputs)
        yield from self._call(target.inputs, "events.amazonaws.com")

    def _schedule(self, schedule: Resource) -> Iterator[str]:
        target = schedule.inputs["target"]
        yield from self._delivery(target)
        yield from self._call(target, "scheduler.amazonaws.com")
        if schedule.inputs.get("groupName") not in [item.outputs["name"] for item in self._all(GROUP)]:
            yield "in a group that is not there"
        letters = target.get("deadLetterConfig", {}).get("arn")
        if letters and not self._allowed(target.get("roleArn"), "sqs:SendMessage", letters):
            yield "its role may not leave dead letters"
        if schedule.inputs["flexibleTimeWindow"]["mode"] != "FLEXIBLE":
            yield "starts together with all others"

    def _delivery(self, inputs: dict[str, Any]) -> Iterator[str]:
        queue = self.by_arn.get(inputs.get("deadLetterConfig", {}).get("arn"))
        if queue is None or queue.type != QUEUE:
            yield "no dead-letter queue"
        if not inputs.get("retryPolicy", {}).get("maximumEventAgeInSeconds"):
            yield "no retry policy"

    def _submission(self, target: dict[str, Any], caller: str) -> Iterator[str]:
        """A schedule calls Batch itself; which job and queue is in what it is given."""
        given, role = json.loads(target["input"]), target.get("roleArn")
        if caller not in self._trusted(role):
            yield f"{caller} may not take its role"
        for key, type_ in (("JobQueue", JOB_QUEUE), ("JobDefinition", JOB)):
            called = self.by_arn.get(given[key])
            if called is None or called.type != type_:
                yield f"calls what is not there: {given[key]}"
            if not self._allowed(role, "batch:SubmitJob", given[key]):
                yield f"its role may not submit to {given[key]}"

    def _call(self, inputs: dict[str, Any], caller: str) -> Iterator[str]:
        if str(inputs.get("arn")).endswith(SUBMIT):
            yield from self._submission(inputs, caller)
            return
        called = self.by_arn.get(inputs.get("arn"))
        if called is None or called.type not in CALLS:
            yield f"calls what is not there: {inputs.get('arn')}"
            return
        action, role = CALLS[called.type], inputs.get("roleArn")
        if role is None:
            own = [item for item in self.resources if item.inputs.get("arn") == inputs["arn"]]
            policies = [item.inputs.get("policy", "") for item in own]
            if not any(action in text and caller in text for text in policies):
                yield f"{caller} may not {action}"
            return
        if caller not in self._trusted(role):
            yield f"{caller} may not take its role"
        if not self._allowed(role, action, inputs["arn"]):
            yield f"its role may not {action}"

    def _bus(self, bus: Resource) -> Iterator[str]:
        if not bus.inputs.get("kmsKeyIdentifier"):
            yield "no key"
        if bus.inputs.get("deadLetterConfig", {}).get("arn") not in self.by_arn:
            yield "no dead-letter queue"

    def _topic(self, topic: Resource) -> Iterator[str]:
        if not topic.inputs.get("kmsMasterKeyId"):
            yield "no key"
        if not any(self._names(item, topic.outputs["arn"]) for item in self._all(MACHINE)):
            yield "nobody publishes"

    def _queue(self, queue: Resource) -> Iterator[str]:
        if not queue.inputs.get("kmsMasterKeyId"):
            yield "no key"
        if not queue.inputs.get("messageRetentionSeconds"):
            yield "no retention"
        allowed = [item for item in self.resources if item.inputs.get("queueUrl") == queue.outputs["url"]]
        if not any("events.amazonaws.com" in item.inputs["policy"] for item in allowed):
            yield "EventBridge may not leave anything"

    def _table(self, table: Resource) -> Iterator[str]:
        if not table.inputs.get("serverSideEncryption", {}).get("kmsKeyArn"):
            yield "no key"
        if not table.inputs.get("ttl", {}).get("enabled"):
            yield "items stay for ever"
        if not table.inputs.get("pointInTimeRecovery", {}).get("enabled"):
            yield "cannot be set back"

    def _logs(self, group: Resource) -> Iterator[str]:
        if not group.inputs.get("kmsKeyId"):
            yield "no key"
        if not group.inputs.get("retentionInDays"):
            yield "logs stay for ever"

    def _machine(self, machine: Resource) -> Iterator[str]:
        role = machine.inputs["roleArn"]
        if "states.amazonaws.com" not in self._trusted(role):
            yield "may not take its role"
        if machine.inputs.get("encryptionConfiguration", {}).get("type") != "CUSTOMER_MANAGED_KMS_KEY":
            yield "no key"
        logging = machine.inputs.get("loggingConfiguration", {})
        if self.by_arn.get(str(logging.get("logDestination")).removesuffix(":*")) not in self._all(LOGS):
            yield "no log"
        if logging.get("includeExecutionData") is not False:
            yield "data of runs in the log"
        tables = [item.outputs["name"] for item in self._all(TABLE)]
        for call, arguments in _tasks(machine.document("definition")["States"]):
            for arn in [text for text in _texts(arguments) if text.startswith("arn:") and text not in self.by_arn]:
                yield f"names what is not there: {arn}"
            if "TableName" in arguments and arguments["TableName"] not in tables:
                yield "keeps its lock in a table that is not there"
            if call == "batch:submitJob.sync":
                for arn in (arguments["JobQueue"], arguments["JobDefinition"]):
                    if not self._allowed(role, "batch:SubmitJob", arn):
                        yield f"its role may not submit to {arn}"

    def _job(self, job: Resource) -> Iterator[str]:
        properties = job.document("containerProperties")
        for key in ("jobRoleArn", "executionRoleArn"):
            if "ecs-tasks.amazonaws.com" not in self._trusted(properties.get(key)):
                yield f"{key}: no role of a job"
        options = properties["logConfiguration"]["options"]
        if options["awslogs-group"] not in [item.outputs["name"] for item in self._all(LOGS)]:
            yield "logs into a group that is not there"
        callers = [*self._all(MACHINE), *self._all(SCHEDULE)]
        if not any(self._names(item, job.outputs["arn"]) for item in callers):
            yield "nobody submits it"
        if not job.inputs.get("timeout", {}).get("attemptDurationSeconds"):
            yield "no time limit"
        rules = job.inputs["retryStrategy"]["evaluateOnExits"]
        if rules[-1] != {"onReason": "*", "action": "exit"}:
            yield "started again for any reason"

    def _job_queue(self, queue: Resource) -> Iterator[str]:
        if not all(order["computeEnvironment"] in self.by_arn for order in queue.inputs["computeEnvironmentOrders"]):
            yield "on machines that are not there"
        if not queue.inputs.get("jobStateTimeLimitActions"):
            yield "jobs wait for ever"

    def _compute(self, compute: Resource) -> Iterator[str]:
        orders = [order for queue in self._all(JOB_QUEUE) for order in queue.inputs["computeEnvironmentOrders"]]
        if compute.outputs["arn"] not in [order["computeEnvironment"] for order in orders]:
            yield "in no queue"
        if compute.inputs["computeResources"]["instanceRole"] not in self.by_arn:
            yield "no instance profile"
        if compute.inputs["computeResources"]["minVcpus"] != 0:
            yield "machines that idle"

    def _destination(self, destination: Resource) -> Iterator[str]:
        if destination.inputs.get("connectionArn") not in self.by_arn:
            yield "no connection"
        if destination.outputs["arn"] not in [item.inputs.get("arn") for item in self._all(TARGET)]:
            yield "nobody calls it"

    def _connection(self, connection: Resource) -> Iterator[str]:
        if "authParameters.apiKey.value" not in connection.secrets:
            yield "its token is no secret"

    def _role(self, role: Resource) -> Iterator[str]:
        arn, name = role.outputs["arn"], role.outputs["name"]
        users = [item for item in self.resources if item.type != POLICY and item is not role]
        if not any(self._names(item, arn) or item.inputs.get("role") == name for item in users):
            yield "nobody takes it"

    def _trusted(self, arn: str | None) -> str:
        role = self.by_arn.get(arn or "")
        return str(role.inputs["assumeRolePolicy"]) if role and role.type == ROLE else ""

    def _allowed(self, role_arn: str | None, action: str, arn: str) -> bool:
        role = self.by_arn.get(role_arn or "")
        mine = [item for item in self._all(POLICY) if role and item.inputs["role"] == role.outputs["name"]]
        statements = [statement for item in mine for statement in item.document("policy")["Statement"]]
        wanted = {arn, f"{arn.rpartition(':')[0]}:*"}
        return any(action in each["Action"] and wanted & set(each["Resource"]) for each in statements)

    def _names(self, item: Resource, arn: str) -> bool:
        """Whether an input of ``item`` holds ``arn``, be it inside a JSON document."""
        return any(arn in text for text in _texts(item.inputs))


def _tasks(states: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for state in states.values():
        for branch in state.get("Branches", []):
            yield from _tasks(branch["States"])
        if state["Type"] == "Task":
            yield state["Resource"].removeprefix("arn:aws:states:::"), state["Arguments"]


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _texts(item)
