"""Step Functions: moto's interpreter of Amazon States Language, switched on, with what keeps pipelines from running.

The parts: machines, their versions and aliases; executions, which run on the account's clock and say what happens to
them; tasks, which call the cloud in their machine's role; and JSONata, which moto leaves to a Java library.
"""

import logging

from moto.core.config import default_user_config

default_user_config["stepfunctions"] = {"execute_state_machine": True}  # another backend: before anything else uses one

from sandbox.cloud import (  # noqa: E402
    stepfunctions_executions,
    stepfunctions_jsonata,
    stepfunctions_machines,
    stepfunctions_tasks,
)

logging.getLogger("moto.stepfunctions").setLevel(logging.CRITICAL)  # what fails in a machine is in its history

__all__ = ["stepfunctions_executions", "stepfunctions_jsonata", "stepfunctions_machines", "stepfunctions_tasks"]
