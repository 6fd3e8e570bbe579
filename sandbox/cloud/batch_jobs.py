"""The life of a job: it waits for room, tries as often as its strategy says, and ends with a reason.

Each job lives in a thread of its own, moto's. What it reads or writes of the account it does with the turn.
"""

import os
import time
import traceback
import uuid
from typing import Any

from moto.batch.utils import JobStatus

from sandbox.cloud import batch_logs, clock, credentials, happenings
from sandbox.cloud.batch_images import Image, PullError, find
from sandbox.cloud.batch_process import OVERRIDES, CannotStartError, JobProcess
from sandbox.cloud.batch_retry import Ending, again
from sandbox.cloud.turn import TURN

GRACE_SECONDS = 3.0
"""From being asked to end to being killed; 30 on AWS."""
_LOOK_SECONDS = 0.05
_FAILED_TO_START = "Task failed to start"
_ENDED = "Essential container in task exited"
_TIMED_OUT = "Job attempt duration exceeded timeout"
_TASKS = "ecs-tasks.amazonaws.com"


def live(job: Any) -> None:
    """From submission to the end; the body of the job's thread."""
    try:
        with TURN:
            _announce(job)  # once the call that submitted it is answered
        ending = _dependent(job) or _try(job)
        _end(job, ending)
    except Exception as error:
        traceback.print_exc()
        _end(job, Ending(status_reason=f"the sandbox cannot run this job: {type(error).__name__}: {error}"))


def reclaim(job: Any) -> bool:
    """Take the running job's machine away, as EC2 does with Spot; whether there was one to take."""
    running = bool(job.status == JobStatus.RUNNING)
    job.sandbox_reclaimed = running
    return running


def _dependent(job: Any) -> Ending | None:
    """Wait for the jobs that it depends on; how it ends if it never begins."""
    wanted = [dependency["jobId"] for dependency in job.depends_on or [] if "jobId" in dependency]
    if wanted:
        _move(job, JobStatus.PENDING)
    while wanted and not job.stop:
        states = {name: job.all_jobs[name].status for name in wanted if name in job.all_jobs}
        if JobStatus.FAILED in states.values():
            return Ending(status_reason="Dependent Job failed", final=True)
        wanted = [name for name in wanted if states.get(name) != JobStatus.SUCCEEDED]
        time.sleep(_LOOK_SECONDS)
    return _stopped(job)


def _try(job: Any) -> Ending:
    number = 0
    while True:
        number += 1
        refused = _placed(job)
        if refused:
            return refused
        _move(job, JobStatus.STARTING)
        started = clock.now()
        ending = _attempt(job, number, started)
        with TURN:
            _record(job, ending, started)
            job.sandbox_environment = None
        if not again(job.sandbox_strategy, number, ending):
            return ending


def _placed(job: Any) -> Ending | None:
    """Wait until one of the queue's environments has room; how it ends if that never comes."""
    since = clock.now()
    _move(job, JobStatus.RUNNABLE)
    while not job.stop:
        with TURN:
            job.sandbox_environment, job.job_stopped_reason = _room(job)
            if job.sandbox_environment is not None:
                return None
        waited = (clock.now() - since).total_seconds()
        limits = getattr(job.job_queue, "sandbox_limits", [])
        for limit in sorted(limits, key=lambda each: each["reason"] != job.job_stopped_reason):  # its own reason first
            if waited >= limit["maxTimeSeconds"]:
                return Ending(status_reason=limit["reason"], final=True)
        time.sleep(_LOOK_SECONDS)
    return _stopped(job)


def _room(job: Any) -> tuple[Any, str | None]:
    """The first environment that holds it now, or why none does."""
    why = None
    needed = job.sandbox_needed("VCPU", 1)
    for environment in job.job_queue.environments:
        if environment.state != "ENABLED":
            continue
        most = int((environment.compute_resources or {}).get("maxvCpus", 1 << 30))
        others = [
            other for other in job.all_jobs.values() if getattr(other, "sandbox_environment", None) is environment
        ]
        if sum(other.sandbox_needed("VCPU", 1) for other in others) + needed <= most:
            return environment, None
        if needed > most:
            why = "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE"
    return None, why


def _attempt(job: Any, number: int, started: Any) -> Ending:
    """One try; ``Ending`` says how far it came."""
    job.log_stream_name = None
    job.sandbox_reclaimed = False
    try:
        with TURN:
            image = find(job.sandbox_container["image"])
            environment = _environment(job, number)
            log = batch_logs.open_stream(job)
        process = _start(job, image, environment)
    except credentials.NotAssumableError as error:
        return Ending(status_reason=f"ECS was unable to assume the role of this task: {error}")
    except (PullError, CannotStartError, batch_logs.NoLogsError) as error:
        return Ending(reason=str(error), status_reason=_FAILED_TO_START)
    job.log_stream_name, job.job_started_at = log.stream, started
    _move(job, JobStatus.RUNNING)
    return _watch(job, process, log)


def _watch(job: Any, process: JobProcess, log: batch_logs.Log) -> Ending:
    """Until it ends, or is made to."""
    limit = job._get_attempt_duration()
    deadline = time.monotonic() + limit if limit else None
    why, killed_at = "", None
    while (code := process.poll()) is None:
        log.write(process.lines())
        now = time.monotonic()
        if not why:
            why = _cut_short(job, deadline)
            if why:
                process.terminate()
                killed_at = now + GRACE_SECONDS
        elif killed_at is not None and now >= killed_at:
            process.kill()
            killed_at = None
        time.sleep(_LOOK_SECONDS)
    log.write(process.lines())
    if job.sandbox_reclaimed:
        return Ending(status_reason=why)  # a machine that is gone reports no exit code
    return Ending(exit_code=code, status_reason=why or _ENDED, final=bool(why))


def _cut_short(job: Any, deadline: float | None) -> str:
    """Why it may not go on."""
    if job.stop:
        return job.job_stopped_reason or "Job terminated"
    if job.sandbox_reclaimed:
        return f"Host EC2 (instance i-{uuid.uuid4().hex[:17]}) terminated."
    return _TIMED_OUT if deadline is not None and time.monotonic() >= deadline else ""


def _start(job: Any, image: Image, environment: dict[str, str]) -> JobProcess:
    command = job._add_parameters_to_command(job.sandbox_container["command"])
    return JobProcess(image, command, environment)


def _environment(job: Any, number: int) -> dict[str, str]:
    """Variables of the container, those of the sandbox last: no definition leads a job out of this machine."""
    region = job.backend.region_name
    declared = {pair["name"]: str(pair.get("value", "")) for pair in job.sandbox_container["environment"]}
    kept = {name: value for name, value in declared.items() if not name.startswith("AWS_ENDPOINT_URL")}
    own = {
        "AWS_BATCH_JOB_ID": job.job_id,
        "AWS_BATCH_JOB_ATTEMPT": str(number),
        "AWS_BATCH_JQ_NAME": job.job_queue.name,
        "AWS_BATCH_CE_NAME": job.sandbox_environment.name,
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{os.environ['MOTO_PORT']}",
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
    }
    if "index" in job.array_properties:
        own["AWS_BATCH_JOB_ARRAY_INDEX"] = str(job.array_properties["index"])
    return {**kept, **OVERRIDES, **own, **_identity(job)}


def _identity(job: Any) -> dict[str, str]:
    """Credentials of the job's role; a job without one has the sandbox's, that enforcement of IAM refuses."""
    execution, role = (job.sandbox_container.get(name) for name in ("executionRoleArn", "jobRoleArn"))
    for arn in filter(None, (execution, role)):
        credentials.check(arn, _TASKS)
    if role:
        return credentials.assume(role, job.job_id, job.backend.region_name)
    return {"AWS_ACCESS_KEY_ID": "sandbox", "AWS_SECRET_ACCESS_KEY": "sandbox"}


def _stopped(job: Any) -> Ending | None:
    return Ending(status_reason=job.job_stopped_reason or "Job terminated", final=True) if job.stop else None


def _record(job: Any, ending: Ending, started: Any) -> None:
    """The attempt as DescribeJobs has it."""
    place = f"{job.backend.region_name}:{job.backend.account_id}"
    cluster = job.sandbox_environment.ecs_name
    container = {
        "containerInstanceArn": f"arn:aws:ecs:{place}:container-instance/{cluster}/{uuid.uuid4().hex}",
        "taskArn": f"arn:aws:ecs:{place}:task/{cluster}/{uuid.uuid4().hex}",
        "exitCode": ending.exit_code,
        "reason": ending.reason or None,
        "logStreamName": job.log_stream_name,
        "networkInterfaces": [],
    }
    record = {
        "container": {name: value for name, value in container.items() if value is not None},
        "startedAt": int(started.timestamp() * 1000),
        "stoppedAt": int(clock.now().timestamp() * 1000),
        "statusReason": ending.status_reason,
    }
    job.attempts.append(record)
    job.latest_attempt = record


def _end(job: Any, ending: Ending) -> None:
    with TURN:
        job.exit_code = ending.exit_code
        job.job_stopped, job.job_stopped_at = True, clock.now()
        job.job_stopped_reason = ending.status_reason
        job.sandbox_environment = None
        _move(job, JobStatus.SUCCEEDED if ending.succeeded else JobStatus.FAILED)


def _move(job: Any, status: str) -> None:
    with TURN:
        job.status = status
        _announce(job)


def _announce(job: Any) -> None:
    where = job.backend
    detail = job.describe()
    happenings.publish(where.region_name, where.account_id, "aws.batch", "Batch Job State Change", detail, [job.arn])
