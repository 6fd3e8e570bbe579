"""The area ``slipway kubeflow`` of the command line."""

import argparse
import os
import re
from collections.abc import Callable
from typing import Any

from slipway_ops.commands import RETRIES, Answer, UsageError

VARIABLES = {"--queue": "SLIPWAY_KUBEFLOW_QUEUE", "--address": "SLIPWAY_KUBEFLOW_ADDRESS"}
_ADDRESS = (r"https?://[A-Za-z0-9.-]+(:\d+)?/?", "an address such as http://ml-pipeline.kubeflow.svc:8888")
_QUEUE = (r"https?://\S+", "the address of an SQS queue")


def add(into: Any, command: Callable[..., Any]) -> None:
    """Add the area's commands to a parser; ``command`` makes one of them."""
    turn_ = command(into, "turn", turn, "start the runs that state machines wait for, and answer for those that ended")
    turn_.add_argument("--queue", metavar="URL", help=f"queue of the runs; default: {VARIABLES['--queue']}")
    turn_.add_argument("--address", metavar="URL", help=f"of Kubeflow's API; default: {VARIABLES['--address']}")


def turn(arguments: argparse.Namespace) -> Answer:
    """``slipway kubeflow turn``. One message that fails does not keep the others from their turn."""
    import boto3

    from slipway_ops.kubeflow.api import Api
    from slipway_ops.kubeflow.turn import Turn

    queue, address = _given(arguments.queue, "--queue", _QUEUE), _given(arguments.address, "--address", _ADDRESS)
    session = boto3.Session()
    sqs, states = session.client("sqs", config=RETRIES), session.client("stepfunctions", config=RETRIES)
    found = Turn(Api(address), sqs, states, session.client("s3", config=RETRIES), queue)
    found.take()
    value = {"counted": dict(found.counted), "problems": found.problems}
    told = ", ".join(f"{number} {what}" for what, number in sorted(found.counted.items())) or "nothing to do"
    return Answer(value, "\n".join([told, *found.problems]), code=1 if found.problems else 0)


def _given(value: str | None, flag: str, accepted: tuple[str, str]) -> str:
    found = value if value is not None else os.environ.get(VARIABLES[flag])
    if found is None or not re.fullmatch(accepted[0], found):
        raise UsageError(f"{flag}: accepted: {accepted[1]}: received: {found if found is not None else 'nothing'}")
    return found
