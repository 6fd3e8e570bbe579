"""Tasks of state machines: in their machine's role, in the spelling of the SDK and of Step Functions, soon answered."""

import datetime as dt
import os
import sys
import threading
import uuid
from contextlib import suppress
from typing import Any

from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from moto.core import DEFAULT_ACCOUNT_ID
from moto.core.utils import get_service_model
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration import iteration_worker
from moto.stepfunctions.parser.asl.component.state.exec.state_parallel import branches_decl
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (
    state_task_service_aws_sdk as sdk,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (
    state_task_service_callback as callback,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.resource import ResourceCondition
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service import StateTaskService
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_batch import (
    StateTaskServiceBatch,
)
from moto.stepfunctions.parser.asl.component.state.fail import state_fail
from moto.stepfunctions.parser.asl.utils import boto_client
from moto.stepfunctions.parser.models import stepfunctions_parser_backends

from sandbox.cloud import credentials
from sandbox.cloud.clients import session
from sandbox.cloud.extension import MissingNameError, replaces, store
from sandbox.cloud.turn import TURN

SERVICE = "states.amazonaws.com"
_POLL_SECONDS = 0.1
_FOREVER_SECONDS = 99999999
_CONFIG = Config(
    parameter_validation=False,
    inject_host_prefix=False,
    proxies={},
    retries={"max_attempts": 0},
    connect_timeout=_FOREVER_SECONDS,
    read_timeout=_FOREVER_SECONDS,
)
_making = threading.Lock()

_NAMES = {"batch": "Batch", "eventbridge": "EventBridge", "s3": "S3", "sns": "Sns", "sqs": "Sqs", "sts": "Sts"}
"""Services in the names of the SDK's errors; moto has DynamoDb and Sfn."""
_CLIENTS = {"eventbridge": "events", "cloudwatchlogs": "logs"}
"""Services that boto3 names otherwise; moto has sfn and states."""


def _client_for(_: Any, region: str, service: str, state_credentials: Any = None) -> Any:
    """A client with credentials of the role that the machine, or the task, runs in; made once for each."""
    role = getattr(state_credentials, "role_arn", None)
    account = role.split(":")[4] if role else DEFAULT_ACCOUNT_ID
    made = store(stepfunctions_parser_backends[account][region], "clients")
    with _making:
        if (role, service) not in made:
            made[role, service] = _make(region, service, role)
    return made[role, service]


def _make(region: str, service: str, role: str | None) -> Any:
    keys = {"AWS_ACCESS_KEY_ID": "sandbox", "AWS_SECRET_ACCESS_KEY": "sandbox"}
    if role:
        with TURN:
            credentials.check(role, SERVICE)
            keys = credentials.assume(role, "step-functions", region)
    make: Any = session({"AWS_REGION": region, **keys}).client
    made = make(service, endpoint_url=f"http://127.0.0.1:{os.environ['MOTO_PORT']}", config=_CONFIG)
    made.meta.events.register("after-call", _number)
    return made


def _number(parsed: dict[str, Any], **_: Any) -> None:
    """Each answer has a number in AWS; a refusal of moto's has none, and what reads it would fail."""
    parsed.setdefault("ResponseMetadata", {}).setdefault("RequestId", str(uuid.uuid4()))


for _module in [module for name, module in sys.modules.items() if name.startswith("moto.stepfunctions.parser")]:
    if getattr(_module, "boto_client_for", None) is not None and _module is not boto_client:
        replaces(_module, "boto_client_for")(_client_for)

if not hasattr(callback, "_DELAY_SECONDS_SYNC_CONDITION_CHECK"):
    raise MissingNameError(f"{callback.__name__}._DELAY_SECONDS_SYNC_CONDITION_CHECK is gone: the sandbox replaces it")
callback._DELAY_SECONDS_SYNC_CONDITION_CHECK = _POLL_SECONDS
sdk._SERVICE_ERROR_NAMES.update(_NAMES)
StateTaskService._SERVICE_NAME_SFN_TO_BOTO_OVERRIDES.update(_CLIENTS)


def _shape(task: Any, service: str | None, action: str | None, which: str) -> Any:
    """The SDK's shape of what goes into a call or comes out of it; None for what is no call of the SDK's."""
    with suppress(BotoCoreError):
        model = get_service_model(task._get_boto_service_name(service))
        wanted = task._get_boto_service_action(action)
        for name in model.operation_names:
            if xform_name(name) == wanted:
                return getattr(model.operation_model(name), which)
    return None


@replaces(StateTaskService, "_normalise_parameters")
def _parameters(
    _: Any, self: Any, parameters: Any, boto_service_name: str | None = None, service_action_name: str | None = None
) -> None:
    shape = _shape(self, boto_service_name, service_action_name, "input_shape")
    if shape is not None:
        self._to_boto_request(parameters, shape)


@replaces(StateTaskService, "_normalise_response")
def _response(
    _: Any, self: Any, response: Any, boto_service_name: str | None = None, service_action_name: str | None = None
) -> None:
    shape = _shape(self, boto_service_name, service_action_name, "output_shape")
    if shape is not None:
        self._from_boto_response(response, shape)


@replaces(StateTaskService, "_after_eval_execution")
def _after(original: Any, self: Any, env: Any, **kwargs: Any) -> None:
    """A result is JSON; one that nobody waits for any more is none."""
    env.stack[-1] = plain(env.stack[-1])
    if env.is_running():
        original(self, env=env, **kwargs)


def plain(value: Any) -> Any:
    """``value`` as JSON holds it: dates as ISO 8601 text."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items() if key != "ResponseMetadata"}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value.isoformat().replace("+00:00", "Z") if isinstance(value, dt.datetime) else value


@replaces(callback.StateTaskServiceCallback, "_evaluate_with_timeout")
def _evaluate_with_timeout(original: Any, self: Any, env: Any) -> None:
    """Another attempt of a task that waits needs a token of its own: the last one's is closed."""
    waits = (
        self._is_integration_pattern() and ResourceCondition.WaitForTaskToken in self._supported_integration_patterns
    )
    if waits and env.states.context_object.context_object_data["State"].get("RetryCount"):
        env.callback_pool_manager.add(env.states.context_object.update_task_token())
    original(self, env)


@replaces(StateTaskServiceBatch, "_build_sync_resolver")
def _resolver(original: Any, self: Any, env: Any, resource_runtime_part: Any, **kwargs: Any) -> Any:
    env.sandbox_job = (resource_runtime_part.region, env.stack[-1]["JobId"], kwargs["state_credentials"])
    return original(self, env=env, resource_runtime_part=resource_runtime_part, **kwargs)


@replaces(callback.StateTaskServiceCallback, "_eval_sync")
def _eval_sync(original: Any, self: Any, env: Any, **kwargs: Any) -> Any:
    """A job whose task has timed out or was stopped is terminated, as far as the machine's role may do that."""
    outcome = original(self, env=env, **kwargs)
    if not isinstance(outcome, dict) and hasattr(env, "sandbox_job"):
        region, job, role = env.sandbox_job
        with suppress(ClientError):
            batch = _client_for(None, region, "batch", role)
            batch.terminate_job(jobId=job, reason="Terminated by Step Functions: its task was aborted")
    return outcome


def _error_name(original: Any, error_name: str | None) -> Any:
    """What a branch, an iteration or a Fail state passes on keeps its name; moto refuses Step Functions' own there."""
    if error_name is not None and error_name.startswith("States."):
        return StatesErrorName.from_name(error_name)
    return original(error_name=error_name)


for _module in (branches_decl, iteration_worker, state_fail):
    replaces(_module, "CustomErrorName")(_error_name)
