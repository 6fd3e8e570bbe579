"""Names and the stack files that environments are read from."""

from pathlib import Path

import pytest
from slipway_ops.environments import Environment, models_bucket, repository

STACKS = Path(__file__).parents[2] / "stacks"


def test_names_are_those_of_the_components_stack() -> None:
    assert models_bucket("acme", "dev") == "acme-dev-models"
    assert repository("acme", "dev", "flight-delay") == "acme-dev/flight-delay"
    environment = Environment("dev", "acme", "eu-west-1")
    assert environment.models_bucket == "acme-dev-models"
    assert environment.repository("slipway-ops") == "acme-dev/slipway-ops"


@pytest.mark.parametrize("stack", ["local", "dev", "staging", "prod"])
def test_every_stack_of_this_project_is_an_environment(stack: str) -> None:
    assert Environment.of_stack(stack, STACKS) == Environment(stack, "acme", "eu-west-1")


def test_an_unknown_stack_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"accepted: .*dev, local, prod, staging.*: received: nope"):
        Environment.of_stack("nope", STACKS)


def test_a_folder_without_stacks_says_what_belongs_there(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"accepted: a stack with a file .*/Pulumi.<stack>.yaml: received: dev"):
        Environment.of_stack("dev", tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Pulumi.dev.yaml: aws:region: accepted: a region such as eu-west-1: received: nothing; "),
        (
            "config: []",
            "slipway:namespace: accepted: 2 to 30 of a-z, 0-9 and -, beginning with a letter: received: nothing",
        ),
        (
            "config: {slipway:environment: 7}",
            "slipway:environment: accepted: 2 to 30 of a-z, 0-9 and -, beginning with a letter: received: 7",
        ),
        ("config: {aws:region: Ireland}", "aws:region: accepted: a region such as eu-west-1: received: 'Ireland'"),
        ("config: {", "Pulumi.dev.yaml: accepted: a readable YAML file: received: "),
    ],
)
def test_a_wrong_stack_file_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "Pulumi.dev.yaml").write_text(text)
    with pytest.raises(ValueError) as caught:
        Environment.of_stack("dev", tmp_path)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
