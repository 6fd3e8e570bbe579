"""Executions: named, on the account's clock, logged, reported to EventBridge, startable by a version or an alias."""

import datetime as dt
import json
import random
import time
import uuid
from typing import Any

from moto.stepfunctions.parser.asl.component.state import state as state_module
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.timestamp import Timestamp
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.wait_function import WaitFunction
from moto.stepfunctions.parser.asl.eval.event.event_manager import EventManager
from moto.stepfunctions.parser.asl.eval.event.logging import CloudWatchLoggingConfiguration, CloudWatchLoggingSession
from moto.stepfunctions.parser.backend.execution import BaseExecutionWorkerCommunication, Execution
from moto.stepfunctions.parser.models import StepFunctionsParserBackend
from moto.stepfunctions.responses import StepFunctionResponse

from sandbox.cloud import clock, happenings
from sandbox.cloud.extension import fail, replaces
from sandbox.cloud.stepfunctions_tasks import plain
from sandbox.cloud.turn import TURN

_LOOK_SECONDS = 0.1
_BEGIN_SECONDS = 5.0


@replaces(StepFunctionsParserBackend, "start_execution")
def _start(
    _: Any,
    self: Any,
    state_machine_arn: str,
    name: str | None = None,
    execution_input: str | None = None,
    trace_header: str | None = None,
) -> Any:
    """Of the machine as it is, of one of its versions, or of the version that an alias chooses."""
    machine, definition = _chosen(self, state_machine_arn)
    name = name or str(uuid.uuid4())
    self._validate_name(name)
    text = execution_input or "{}"
    try:
        json.loads(text)
    except ValueError as error:
        fail("InvalidExecutionInput", f"Invalid State Machine Execution Input: '{error}'")
    known = machine._handle_name_input_idempotency(name, text)
    if known is not None:
        return known
    arn = f"{machine.arn.replace(':stateMachine:', ':execution:')}:{name}"
    logging = CloudWatchLoggingConfiguration.from_logging_configuration(machine.arn, _logging(definition))
    make: Any = Execution  # a machine as it was is no class of moto's
    execution = make(
        name=name,
        sm_type=definition.sm_type,
        role_arn=definition.roleArn,
        exec_arn=arn,
        account_id=self.account_id,
        region_name=self.region_name,
        state_machine=_Snapshot(machine, definition),
        start_date=clock.now(),
        cloud_watch_logging_session=CloudWatchLoggingSession(arn, logging) if logging else None,
        activity_store={},
        input_data=text,
        trace_header=trace_header,
    )
    machine.executions.append(execution)
    _publish(execution, "RUNNING")
    execution.start()
    return execution


class _Snapshot:
    """A machine as it was when an execution began."""

    def __init__(self, machine: Any, definition: Any) -> None:
        self.arn, self.name = machine.arn, machine.name
        self.definition, self.sm_type, self.type = definition.definition, definition.sm_type, definition.type


def _logging(definition: Any) -> Any:
    return {"includeExecutionData": False, **(definition.loggingConfiguration or {})}


def _chosen(backend: Any, arn: str) -> tuple[Any, Any]:
    """The machine, and what of it runs."""
    base, _, qualifier = arn.partition(":stateMachine:")[2].partition(":")
    machine = backend.describe_state_machine(arn.partition(":stateMachine:")[0] + f":stateMachine:{base}")
    if not qualifier:
        return machine, machine
    if qualifier in machine.aliases:
        routes = machine.aliases[qualifier].routing_configuration
        (route,) = random.choices(routes, [route["weight"] for route in routes])  # noqa: S311 -- a share, no secret
        qualifier = route["stateMachineVersionArn"].rpartition(":")[2]
    if not qualifier.isdigit() or int(qualifier) not in machine.versions:
        fail("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{arn}'")
    return machine, machine.versions[int(qualifier)]


@replaces(StepFunctionResponse, "stop_execution")
def _stop(original: Any, self: Any) -> Any:
    """With the error and the cause that the call gives, once the execution has begun; it ends a moment later."""
    execution = self.stepfunction_backend.describe_execution(self._get_param("executionArn"))
    deadline = time.monotonic() + _BEGIN_SECONDS
    while execution.exec_worker.env is None and time.monotonic() < deadline:
        time.sleep(0.01)
    if execution.stop_date is None:
        execution.sandbox_stopped = (self._get_param("error"), self._get_param("cause"))
        execution.stop_date = clock.now()
    return original(self)


@replaces(BaseExecutionWorkerCommunication, "_reflect_execution_status")
def _reflect(original: Any, self: Any) -> None:
    with TURN:
        original(self)
        execution = self.execution
        execution.stop_date = clock.now()
        if execution.status == "SUCCEEDED":
            execution.output = json.dumps(plain(execution.output))  # moto answers a text as if it were JSON
        if execution.status == "ABORTED":
            execution.error, execution.cause = getattr(execution, "sandbox_stopped", (None, None))
        _publish(execution, execution.status)


def _publish(execution: Any, status: str) -> None:
    """The change as EventBridge has it."""
    ended = execution.stop_date
    output = execution.output if status == "SUCCEEDED" else None
    detail = {
        "executionArn": execution.exec_arn,
        "stateMachineArn": execution.state_machine.arn,
        "name": execution.name,
        "status": status,
        "startDate": _millis(execution.start_date),
        "stopDate": _millis(ended) if ended else None,
        "input": execution.execution_input,
        "output": output,
        "inputDetails": {"included": True},
        "outputDetails": {"included": True} if output else None,
        "error": execution.error,
        "cause": execution.cause,
    }
    happenings.publish(
        execution.region_name,
        execution.account_id,
        "aws.states",
        "Step Functions Execution Status Change",
        detail,
        [execution.exec_arn],
    )


def _millis(moment: dt.datetime) -> int:
    return int(moment.timestamp() * 1000)


def _text(moment: dt.datetime) -> str:
    """As in the context object."""
    return moment.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@replaces(Execution, "get_start_execution_details")
def _details(original: Any, self: Any) -> Any:
    details = original(self)
    details.start_time = _text(self.start_date)
    return details


@replaces(state_module, "StateData")
def _entered(original: Any, **data: Any) -> Any:
    return original(**{**data, "EnteredTime": _text(clock.now())})


@replaces(EventManager, "_get_current_timestamp")
def _timestamp(_original: Any, _self: Any) -> dt.datetime:
    return clock.now()


@replaces(WaitFunction, "_wait_interval")
def _wait(_original: Any, _self: Any, env: Any, wait_seconds: float) -> None:
    """Until the account's clock is there."""
    until = clock.now() + dt.timedelta(seconds=wait_seconds)
    while env.is_running() and clock.now() < until:
        env.program_state_event.wait(min(_LOOK_SECONDS, max((until - clock.now()).total_seconds(), 0)))


@replaces(Timestamp, "_get_wait_seconds")
def _seconds_until(original: Any, self: Any, env: Any) -> float:
    """moto counts from the real present."""
    ahead = clock.now() - dt.datetime.now(dt.UTC)
    seconds: float = original(self, env)
    return seconds - ahead.total_seconds()


@replaces(CloudWatchLoggingSession, "publish_history_log")
def _log(_: Any, self: Any, history_log: dict[str, Any]) -> None:
    """A line of JSON an event; where the group is gone there are none."""
    logs, group, stream = self._logs_client, self.configuration.log_group_name, self.configuration.log_stream_name
    event = {"timestamp": _millis(clock.now()), "message": json.dumps(history_log, default=str)}
    with TURN:
        if group in logs.groups:
            logs.ensure_log_stream(group, stream)
            logs.put_log_events(group, stream, [event])
