"""One look at the queue of runs: what is new is started, what goes on is said to go on, what ended is answered for.

A message is a run that a state machine waits for, with the token to answer with. Everything here may happen twice, or
be cut off anywhere: a run is started only if there is none of its name, and a message that is still needed goes back
into the queue before it is taken out. Nothing is kept between two turns but the queue.
"""

import json
from collections import Counter
from typing import TYPE_CHECKING, Annotated, Any

import pydantic
from botocore.exceptions import ClientError

from slipway_ops.content import MODEL_NAME, RUN_ID
from slipway_ops.kubeflow.api import ENDED, Api, Run
from slipway_ops.objects import code
from slipway_ops.problems import ReleaseError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_stepfunctions import SFNClient

AGAIN_SECONDS = 50
"""Until a run that goes on is looked at again: less than a minute, so that each turn of a minutely job sees it."""
_NOBODY_WAITS = {"InvalidToken", "TaskDoesNotExist", "TaskTimedOut"}
_REASON = 500


class Wanted(pydantic.BaseModel):
    """What a message asks for."""

    model_config = pydantic.ConfigDict(strict=True, extra="forbid")

    run: Annotated[str, RUN_ID]
    namespace: Annotated[str, MODEL_NAME]
    pipeline: str
    version: str
    service_account: str
    parameters: dict[str, str]
    outcome_uri: Annotated[str, pydantic.Field(pattern=r"^s3://[a-z0-9.-]+/.+$")]
    token: str


class Turn:
    """One turn over a queue."""

    def __init__(self, api: Api, sqs: "SQSClient", states: "SFNClient", s3: "S3Client", queue_url: str) -> None:
        self._api, self._sqs, self._states, self._s3, self._queue = api, sqs, states, s3, queue_url
        self.counted: Counter[str] = Counter()
        """What happened how often: started, running, ended, given up, failed."""
        self.problems: list[str] = []

    def take(self, most: int = 100) -> None:
        """Go through the messages that are there. One that fails stays for another turn and, in the end, is dead."""
        for _ in range(most):
            found = self._sqs.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=1, WaitTimeSeconds=1)
            for message in found.get("Messages", []):
                try:
                    self._one(Wanted.model_validate_json(message["Body"]), message)
                except (ReleaseError, ClientError, pydantic.ValidationError) as error:
                    self.counted["failed"] += 1
                    self.problems.append(" ".join(str(error).split()))
            if not found.get("Messages"):
                return

    def _one(self, wanted: Wanted, message: Any) -> None:
        run = self._api.run_called(wanted.namespace, wanted.run)
        if run is not None and run.state in ENDED:
            self._answer(wanted, self._outcome(wanted, run))
            self.counted["ended"] += 1
        elif not self._heard(wanted):
            if run is not None:
                self._api.stop(run)
            self.counted["given up"] += 1
        else:
            if run is None:
                self._api.start(wanted.namespace, wanted.model_dump())
            self.counted["started" if run is None else "running"] += 1
            self._sqs.send_message(QueueUrl=self._queue, MessageBody=message["Body"], DelaySeconds=AGAIN_SECONDS)
        self._sqs.delete_message(QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"])

    def _heard(self, wanted: Wanted) -> bool:
        """Say that the run goes on; whether somebody waits for it."""
        try:
            self._states.send_task_heartbeat(taskToken=wanted.token)
        except ClientError as error:
            if code(error) in _NOBODY_WAITS:
                return False
            raise
        return True

    def _answer(self, wanted: Wanted, outcome: dict[str, str]) -> None:
        try:
            self._states.send_task_success(taskToken=wanted.token, output=json.dumps(outcome))
        except ClientError as error:
            if code(error) not in _NOBODY_WAITS:
                raise

    def _outcome(self, wanted: Wanted, run: Run) -> dict[str, str]:
        """What the run's steps wrote of its end: Kubeflow does not tell a refusal from a failure."""
        bucket, _, key = wanted.outcome_uri.removeprefix("s3://").partition("/")
        said: dict[str, Any] = {}
        try:
            said = json.loads(self._s3.get_object(Bucket=bucket, Key=key)["Body"].read())
        except ClientError as error:
            if code(error) not in ("NoSuchKey", "404"):
                raise
        except ValueError:
            said = {}
        if run.state in ("SUCCEEDED", "SKIPPED") and said.get("outcome") != "refused":
            return {"outcome": "candidate", "step": "", "reason": ""}
        refused = said.get("outcome") == "refused"
        reason = str(said.get("reason") or run.error or f"Kubeflow says {run.state}")
        return {
            "outcome": "refused" if refused else "failed",
            "step": str(said.get("step") or "kubeflow"),
            "reason": reason[:_REASON],
        }
