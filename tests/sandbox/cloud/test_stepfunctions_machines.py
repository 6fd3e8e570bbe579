"""State machines are checked when they are made; versions stay as they were, aliases lead to them."""

import json
from typing import Any

import pytest

from tests.sandbox.cloud.compute import until
from tests.sandbox.cloud.helpers import ACCOUNT, Call, make_role, refused

ROLE = f"arn:aws:iam::{ACCOUNT}:role/machines"


@pytest.fixture(scope="module", autouse=True)
def roles(aws: Call) -> None:
    make_role(aws, "machines", "states.amazonaws.com")
    make_role(aws, "not-machines", "lambda.amazonaws.com")


def says(word: str) -> str:
    return json.dumps({"StartAt": "Say", "States": {"Say": {"Type": "Pass", "Result": word, "End": True}}})


def make(aws: Call, name: str, definition: str = "", **more: Any) -> dict[str, Any]:
    given = {"name": name, "definition": definition or says("one"), "roleArn": ROLE, **more}
    made: dict[str, Any] = aws("stepfunctions").create_state_machine(**given)
    return made


def run(aws: Call, machine: str) -> Any:
    sfn = aws("stepfunctions")
    execution = sfn.start_execution(stateMachineArn=machine)["executionArn"]
    ended = until(lambda: sfn.describe_execution(executionArn=execution), lambda found: found["status"] != "RUNNING")
    return json.loads(ended["output"])


@pytest.mark.parametrize(
    ("states", "problem"),
    [
        ({"A": {"Type": "Pass", "Next": "B"}}, "Missing 'Next' target: B at /States/A"),
        ({"A": {"Type": "Pass", "End": True}, "B": {"Type": "Pass", "End": True}}, "State B is not reachable"),
        (
            {"A": {"Type": "Choice", "Choices": [{"Variable": "$.a", "IsNull": True, "Next": "C"}], "Default": "B"},
             "B": {"Type": "Succeed"}},
            "Missing 'Next' target: C",
        ),
        (
            {"A": {"Type": "Task", "Resource": "arn:aws:states:::sns:publish", "Parameters": {"TopicArn": "t"},
                   "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Gone"}], "End": True}},
            "Missing 'Next' target: Gone",
        ),
        (
            {"A": {"Type": "Parallel", "End": True,
                   "Branches": [{"StartAt": "B", "States": {"B": {"Type": "Pass", "Next": "A"}}}]}},
            "target: A at /States/A/Branches[0]/States/B",
        ),
        ({"A": {"Type": "Pass"}}, ""),
        ({"A": {"Type": "Nothing", "End": True}}, ""),
    ],
)  # fmt: skip
def test_a_definition_that_leads_nowhere(aws: Call, states: dict[str, Any], problem: str) -> None:
    definition = json.dumps({"StartAt": "A", "States": states})
    with refused("InvalidDefinition", problem):
        make(aws, "nowhere", definition)
    found = aws("stepfunctions").validate_state_machine_definition(definition=definition)
    assert found["result"] == "FAIL"
    assert problem in found["diagnostics"][0]["message"]


def test_a_definition_that_is_in_order(aws: Call) -> None:
    found = aws("stepfunctions").validate_state_machine_definition(definition=says("x"))
    assert (found["result"], found["diagnostics"]) == ("OK", [])


@pytest.mark.parametrize("role", ["nobody", "not-machines"])
def test_a_role_that_step_functions_may_not_assume(aws: Call, role: str) -> None:
    with refused("AccessDeniedException", "states.amazonaws.com"):
        make(aws, "roleless", roleArn=f"arn:aws:iam::{ACCOUNT}:role/{role}")


def test_a_key_that_does_not_exist(aws: Call) -> None:
    key = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/none"
    with refused("KmsAccessDeniedException", key):
        make(aws, "keyless", encryptionConfiguration={"type": "CUSTOMER_MANAGED_KMS_KEY", "kmsKeyId": key})


def test_a_name_is_taken_by_another_machine_only(aws: Call) -> None:
    first = make(aws, "taken")
    assert make(aws, "taken")["stateMachineArn"] == first["stateMachineArn"]
    with refused("StateMachineAlreadyExists"):
        make(aws, "taken", says("two"))


def test_versions_and_aliases(aws: Call) -> None:
    sfn = aws("stepfunctions")
    made = make(aws, "versioned", publish=True)
    machine, first = made["stateMachineArn"], made["stateMachineVersionArn"]
    described = sfn.describe_state_machine(stateMachineArn=machine)
    second = sfn.update_state_machine(stateMachineArn=machine, definition=says("two"), publish=True)
    second = second["stateMachineVersionArn"]
    assert sfn.describe_state_machine(stateMachineArn=machine)["revisionId"] != described["revisionId"]
    sfn.update_state_machine(stateMachineArn=machine, definition=says("three"))
    listed = sfn.list_state_machine_versions(stateMachineArn=machine)["stateMachineVersions"]
    assert [version["stateMachineVersionArn"] for version in listed] == [second, first]
    assert [run(aws, arn) for arn in (machine, first, second)] == ["three", "one", "two"]

    route = [{"stateMachineVersionArn": first, "weight": 100}]
    alias = sfn.create_state_machine_alias(name="live", routingConfiguration=route)["stateMachineAliasArn"]
    assert run(aws, alias) == "one"
    with refused("ConflictException", "live"):
        sfn.delete_state_machine_version(stateMachineVersionArn=first)
    both = [{"stateMachineVersionArn": arn, "weight": 50} for arn in (first, second)]
    sfn.update_state_machine_alias(stateMachineAliasArn=alias, routingConfiguration=both)
    assert {run(aws, alias) for _ in range(24)} == {"one", "two"}
    sfn.delete_state_machine_alias(stateMachineAliasArn=alias)
    sfn.delete_state_machine_version(stateMachineVersionArn=first)
    with refused("StateMachineDoesNotExist"):
        run(aws, first)
    assert len(sfn.list_executions(stateMachineArn=machine)["executions"]) == 28
    third = sfn.publish_state_machine_version(stateMachineArn=machine, description="by hand")
    assert run(aws, third["stateMachineVersionArn"]) == "three"
