"""State machines, versions and aliases: what AWS refuses when one is made, and what moto does not answer."""

import json
import uuid
from collections.abc import Iterator
from typing import Any

from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
from moto.stepfunctions.parser.models import StepFunctionsParserBackend, stepfunctions_parser_backends
from moto.stepfunctions.responses import StepFunctionResponse

from sandbox.cloud import credentials
from sandbox.cloud.extension import extend, fail, replaces
from sandbox.cloud.key_policy import may_use_through
from sandbox.cloud.stepfunctions_tasks import SERVICE

_CUSTOMER_KEY = "CUSTOMER_MANAGED_KMS_KEY"


@replaces(StepFunctionsParserBackend, "create_state_machine")
def _create(original: Any, self: Any, name: str, definition: str, roleArn: str, **kwargs: Any) -> Any:
    """The same machine again is the one that is there; another of its name is refused."""
    _check(self, definition, roleArn, kwargs.get("encryptionConfiguration"))
    existing = next((machine for machine in self.state_machines if machine.name == name), None)
    if existing is not None and (existing.definition, existing.roleArn) != (definition, roleArn):
        fail("StateMachineAlreadyExists", f"State Machine Already Exists: '{existing.arn}'")
    machine = original(self, name, definition, roleArn, **kwargs)
    if existing is None:
        machine.sandbox_revision = str(uuid.uuid4())
    return machine


@replaces(StepFunctionsParserBackend, "update_state_machine")
def _update(original: Any, self: Any, arn: str, definition: Any = None, role_arn: Any = None, **kwargs: Any) -> Any:
    current = self.describe_state_machine(arn)
    _check(self, definition, role_arn, kwargs.get("encryption_configuration"))
    before = (current.definition, current.roleArn)
    machine = original(self, arn, definition, role_arn, **kwargs)
    if before != (machine.definition, machine.roleArn):
        machine.sandbox_revision = str(uuid.uuid4())
    return machine


def _check(backend: Any, definition: str | None, role_arn: str | None, encryption: dict[str, Any] | None) -> None:
    problems = [problem["message"] for problem in diagnose(definition)] if definition is not None else []
    if problems:
        fail("InvalidDefinition", f"Invalid State Machine Definition: {'; '.join(problems)}")
    if role_arn is not None:
        backend._validate_role_arn(role_arn)
        try:
            credentials.check(role_arn, SERVICE)
        except credentials.NotAssumableError as error:
            fail(
                "AccessDeniedException",
                f"Neither the global service principal {SERVICE}, nor the regional one: {error}",
            )
    if encryption and encryption.get("type") == _CUSTOMER_KEY:
        key = encryption.get("kmsKeyId", "")
        if not may_use_through(backend, key, "states", grants=False):
            fail(
                "KmsAccessDeniedException", f"the key does not exist, or may not be used through Step Functions: {key}"
            )


def diagnose(definition: str) -> list[dict[str, str]]:
    """What is wrong with a definition beyond its grammar: every transition needs a target, every state a way out."""
    try:
        AmazonStateLanguageParser.parse(definition)
    except Exception as error:
        return [_problem("SCHEMA_VALIDATION_FAILED", str(error) or repr(error))]
    return list(_dangling(json.loads(definition), "/States"))


def _dangling(program: dict[str, Any], path: str) -> Iterator[dict[str, str]]:
    states = program.get("States", {})
    targets = [("/StartAt", program.get("StartAt"))]
    for name, state in states.items():
        here = f"{path}/{name}"
        targets += [(here, state[key]) for key in ("Next", "Default") if key in state]
        rules = [*state.get("Catch", []), *(state.get("Choices", []) if state["Type"] == "Choice" else [])]
        targets += [(here, rule.get("Next")) for rule in rules]
        if state["Type"] not in ("Choice", "Succeed", "Fail") and "Next" not in state and state.get("End") is not True:
            yield _problem("MISSING_TRANSITION_TARGET", f"Missing 'Next' or 'End' at {here}")
        for index, branch in enumerate(state.get("Branches", [])):
            yield from _dangling(branch, f"{here}/Branches[{index}]/States")
        for key in ("ItemProcessor", "Iterator"):
            if key in state:
                yield from _dangling(state[key], f"{here}/{key}/States")
    for where, target in targets:
        if target not in states:
            yield _problem("MISSING_TRANSITION_TARGET", f"Missing 'Next' target: {target} at {where}")
    reached = {target for _, target in targets}
    for name in states:
        if name not in reached:
            yield _problem("UNREACHABLE_STATE", f"State {name} is not reachable at {path}")


def _problem(code: str, message: str) -> dict[str, str]:
    return {"severity": "ERROR", "code": code, "message": message}


@replaces(StepFunctionResponse, "_describe_state_machine")
def _describe(original: Any, self: Any, state_machine_arn: str) -> Any:
    answer = original(self, state_machine_arn)
    machine = self.stepfunction_backend.describe_state_machine(state_machine_arn)
    revision = getattr(machine, "sandbox_revision", None)
    answer._result |= {"revisionId": revision} if revision else {}
    return answer


def _ours(backend: Any) -> Any:
    """The interpreter's backend."""
    return stepfunctions_parser_backends[backend.account_id][backend.region_name]


def _validate(_: Any, given: dict[str, Any]) -> dict[str, Any]:
    problems = diagnose(given["definition"])
    return {"result": "FAIL" if problems else "OK", "diagnostics": problems}


def _publish(backend: Any, given: dict[str, Any]) -> dict[str, Any]:
    machine = _ours(backend).describe_state_machine(given["stateMachineArn"])
    machine.publish(given.get("description"))
    return {"creationDate": machine.latest_version.creation_date, "stateMachineVersionArn": machine.latest_version.arn}


def _versions(backend: Any, given: dict[str, Any]) -> dict[str, Any]:
    machine = _ours(backend).describe_state_machine(given["stateMachineArn"])
    newest_first = sorted(machine.versions.items(), reverse=True)
    return {
        "stateMachineVersions": [
            {"stateMachineVersionArn": version.arn, "creationDate": version.creation_date}
            for _, version in newest_first
        ]
    }


def _delete_version(backend: Any, given: dict[str, Any]) -> None:
    arn = given["stateMachineVersionArn"]
    base, _, number = arn.rpartition(":")
    machine = _ours(backend).describe_state_machine(base)
    for alias in machine.aliases.values():
        if any(route["stateMachineVersionArn"] == arn for route in alias.routing_configuration):
            fail("ConflictException", f"Version to be deleted must not be referenced by an alias: {alias.arn}")
    machine.versions.pop(int(number), None)


extend(
    "stepfunctions",
    {
        "ValidateStateMachineDefinition": _validate,
        "PublishStateMachineVersion": _publish,
        "ListStateMachineVersions": _versions,
        "DeleteStateMachineVersion": _delete_version,
    },
)
