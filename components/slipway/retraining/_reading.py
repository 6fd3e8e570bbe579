"""From a pipeline's arguments to its declaration; what cannot work is refused here, before anything is declared."""

import re
from typing import Any

from slipway import _check
from slipway.retraining import _prices, _schedule
from slipway.retraining._declaration import Declaration, Step, Triggers
from slipway.retraining.engine import Engine
from slipway.retraining.pipeline_args import RetrainingPipelineArgs, StepArgs

NAME_PREFIX = (r"[a-z][a-z0-9-]{0,58}[a-z0-9]", "2 to 60 of a-z, 0-9 and -, beginning with a letter, as in acme-prod")
ENVIRONMENT = (r"[a-z]([a-z0-9-]{0,28}[a-z0-9])?", "an environment's name: 1 to 30 of a-z, 0-9 and -")
IMAGE = (r"[^\s@]+@sha256:[0-9a-f]{64}", "an image by its digest: <repository>@sha256:<64 hex digits>")
MODEL = (r"[a-z](?:[a-z0-9-]{0,38}[a-z0-9])?", "1 to 40 of a-z, 0-9 and -, beginning with a letter")
_STEP = (r"[a-z]([a-z0-9-]{0,30}[a-z0-9])?", "1 to 32 of a-z, 0-9 and -, beginning with a letter")
TIMEZONE = (r"UTC|GMT|[A-Z][A-Za-z]+(/[A-Z][A-Za-z0-9+_-]+){1,2}", "a time zone such as UTC or Europe/Dublin")
_VARIABLE = (r"(?!SLIPWAY_|AWS_|MLFLOW_TRACKING_URI$)[A-Za-z_]\w*", "variables not of slipway's own: SLIPWAY_…, AWS_…")
BUCKET = (r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "a bucket's name")
CLUSTER = (r"[0-9A-Za-z][0-9A-Za-z_-]{0,99}", "an EKS cluster's name")
NAMESPACE = (r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", "a namespace: 1 to 63 of a-z, 0-9 and -")
ARNS = {
    "execution_role_arn": _check.A_ROLE,
    "machine_log_group_arn": (r"arn:aws[a-z-]*:logs:.+:log-group:[\w/.#-]+", "a log group's ARN"),
    "lock_table_arn": (r"arn:aws[a-z-]*:dynamodb:.+:table/[\w.-]+", "a DynamoDB table's ARN"),
    "event_bus_arn": (
        r"arn:aws[a-z-]*:events:.+:event-bus/(?!default$)[\w./-]+",
        "an event bus's ARN, not the default",
    ),
    "topic_arn": (r"arn:aws[a-z-]*:sns:.+", "an SNS topic's ARN"),
    "dead_letter_queue_arn": (r"arn:aws[a-z-]*:sqs:.+", "an SQS queue's ARN"),
    "key_arn": _check.A_KEY,
    "image": IMAGE,
    "repository": (r"[a-z0-9][a-z0-9._/-]+", "an ECR repository's name"),
    "datasets_bucket_name": BUCKET,
    "models_bucket_name": BUCKET,
    "job_log_group_name": (r"[\w/.#-]+", "a log group's name"),
}
"""Inputs that a pipeline cannot do without: what is accepted where they are known text."""
_MACHINE_NAME, _JOB_NAME = 80, 128
_LONGEST_MINUTES = 14 * 24 * 60
_QUEUES = {
    (False, False): "job_queue_arn",
    (False, True): "spot_job_queue_arn",
    (True, False): "gpu_job_queue_arn",
    (True, True): "gpu_spot_job_queue_arn",
}


def declaration(args: RetrainingPipelineArgs) -> Declaration:
    """The declaration; raises ``ValueError`` that names the argument, what is accepted and what was received."""
    steps = _steps(args)
    region = _check.matches("region", args.get("region"), *_check.A_REGION)
    found = Declaration(
        model=_check.matches("model", args.get("model"), *MODEL),
        engine=Engine(_check.one_of("engine", args.get("engine", Engine.STEP_FUNCTIONS), Engine)),
        steps=steps,
        triggers=_triggers(args),
        monthly_ceiling_usd=_check.between("monthly_ceiling_usd", args.get("monthly_ceiling_usd", 100), 1, 1_000_000),
        cool_down_minutes=_check.between("cool_down_minutes", args.get("cool_down_minutes", 60), 0, 43_200),
        region=region,
    )
    _affordable(found)
    _named(args, found)
    for step in steps if found.engine is not Engine.KUBEFLOW else ():
        if args.get(queue_of(step)) is None:
            what = f"{'GPUs' if step.gpus else 'no GPU'} {'on Spot' if step.spot else 'on demand'}"
            _check.refuse(queue_of(step), f"a Batch job queue, because step {step.name} runs with {what}", None)
    return found


def queue_of(step: Step) -> str:
    """The argument that has the queue of a step."""
    return _QUEUES[step.gpus > 0, step.spot]


def machine_name(name_prefix: str, model: str) -> str:
    """Name of the model's state machine, which also begins the names of its job definitions."""
    return f"{name_prefix}-retrain-{model}"


def _affordable(found: Declaration) -> None:
    """A ceiling below one run's worst case would let no run start, ever."""
    run, ceiling = found.run_ceiling_cents(), found.monthly_ceiling_usd
    if run > ceiling * 100:
        accepted = f"at least {run / 100:.2f}, the most that one run can cost (attempts, time limits, on-demand prices)"
        _check.refuse("monthly_ceiling_usd", accepted, ceiling)


def _named(args: RetrainingPipelineArgs, found: Declaration) -> None:
    _check.matches("environment", args.get("environment"), *ENVIRONMENT)
    prefix = _check.matches("name_prefix", args.get("name_prefix"), *NAME_PREFIX)
    name = machine_name(prefix, found.model)
    longest = max(len(step.name) for step in found.steps)
    room = min(_MACHINE_NAME - len(name), _JOB_NAME - len(name) - 1 - longest)
    if room < 0:
        _check.refuse("name_prefix", f"at most {len(prefix) + room} characters for this model and its steps", prefix)


def _triggers(args: RetrainingPipelineArgs) -> Triggers:
    schedule, zone = args.get("schedule"), args.get("schedule_timezone")
    if schedule is None and zone is not None:
        _check.refuse("schedule_timezone", "nothing, because there is no schedule", zone)
    if schedule is not None:
        _schedule.schedule("schedule", schedule)
        if args.get("schedule_group_name") is None:
            _check.refuse("schedule_group_name", "a group, because there is a schedule", None)
    return Triggers(
        schedule=schedule,
        schedule_timezone=_check.matches("schedule_timezone", zone, *TIMEZONE) if zone is not None else "UTC",
        on_new_data=_check.flag("on_new_data", args.get("on_new_data", False)),
        on_drift=_check.flag("on_drift", args.get("on_drift", False)),
    )


def _defaults(args: RetrainingPipelineArgs) -> dict[str, StepArgs]:
    train = _command("train_command", args.get("train_command", ["python", "train.py"]))
    predict = _command("predict_command", args.get("predict_command", ["python", "score.py"]))
    return {
        "validate": {"name": "validate", "command": ["slipway", "data", "validate"], "time_limit_minutes": 30},
        "train": {
            "name": "train",
            "command": ["slipway", "train", "--", *train],
            "time_limit_minutes": 120,
            "vcpus": 2,
            "memory_mib": 6144,
            "attempts": 2,
        },
        "evaluate": {
            "name": "evaluate",
            "command": ["slipway", "evaluate", "--", *predict],
            "time_limit_minutes": 30,
            "vcpus": 2,
            "memory_mib": 6144,
        },
        "register": {"name": "register", "command": ["slipway", "register"], "time_limit_minutes": 15},
    }


def _steps(args: RetrainingPipelineArgs) -> tuple[Step, ...]:
    defaults = _defaults(args)
    given = args.get("steps")
    if given is not None and (not isinstance(given, list) or not given):
        _check.refuse("steps", "a list of at least one step", given)
    steps: list[Step] = []
    for position, entry in enumerate(given if given is not None else defaults.values()):
        steps.append(_step(f"steps[{position}]", entry, steps, defaults))
    own = [entry["name"] for entry in given or defaults.values() if given is None or entry.get("command") is None]
    for arg, owner in (("train_command", "train"), ("predict_command", "evaluate")):
        if args.get(arg) is not None and owner not in own:
            _check.refuse(arg, f"nothing, because no step {owner} runs its default command", args.get(arg))
    return tuple(steps)


def _step(arg: str, entry: Any, before: list[Step], defaults: dict[str, StepArgs]) -> Step:
    if not isinstance(entry, dict):
        _check.refuse(arg, "a step: a mapping with name, command and time_limit_minutes", entry)
    for key in entry:
        if key not in StepArgs.__annotations__:
            _check.refuse(
                f"{arg}.{key}", f"no such setting; there are {', '.join(StepArgs.__annotations__)}", entry[key]
            )
    name = _check.matches(f"{arg}.name", entry.get("name"), *_STEP)
    if name in {step.name for step in before}:
        _check.refuse(f"{arg}.name", "a name that no other step has", name)
    entry = {"command": defaults[name]["command"] if name in defaults else None, **entry}
    limit = f"{arg}.time_limit_minutes"
    if entry.get("time_limit_minutes") is None:
        _check.refuse(limit, f"minutes after which an attempt of {name} is stopped; every step has a limit", None)
    image = entry.get("image")
    step = Step(
        name=name,
        command=tuple(_command(f"{arg}.command", entry["command"])),
        time_limit_minutes=_check.between(limit, entry["time_limit_minutes"], 1, _LONGEST_MINUTES),
        image=None if image is None else _check.matches(f"{arg}.image", image, *IMAGE),
        vcpus=_check.between(f"{arg}.vcpus", entry.get("vcpus", 1), 1, 192),
        memory_mib=_check.between(f"{arg}.memory_mib", entry.get("memory_mib", 2048), 64, 768 * 1024),
        gpus=_check.between(f"{arg}.gpus", entry.get("gpus", 0), 0, 8),
        spot=_check.flag(f"{arg}.spot", entry.get("spot", False)),
        attempts=_check.between(f"{arg}.attempts", entry.get("attempts", 1), 1, 10),
        after=_after(f"{arg}.after", entry.get("after"), before),
        environment=_environment(f"{arg}.environment", entry.get("environment", {})),
        writable_root=_check.flag(f"{arg}.writable_root", entry.get("writable_root", False)),
    )
    if step.spot and step.attempts < 2:
        _check.refuse(f"{arg}.attempts", "at least 2, because AWS takes Spot machines back", step.attempts)
    if _prices.smallest(step.vcpus, step.memory_mib, step.gpus) is None:
        size = f"{step.vcpus} vCPUs, {step.memory_mib} MiB, {step.gpus} GPUs"
        _check.refuse(arg, "a size that some instance has: up to 96 vCPUs and 4 GiB for each, or 192 with GPUs", size)
    return step


def _command(arg: str, value: Any) -> list[str]:
    if not isinstance(value, list) or not value or not all(isinstance(word, str) and word for word in value):
        _check.refuse(arg, "a command: a list of words", value)
    return [str(word) for word in value]


def _after(arg: str, value: Any, before: list[Step]) -> tuple[str, ...]:
    """Only steps that come before it: so there is no circle, and the order of the list is one that works."""
    if value is None:
        return (before[-1].name,) if before else ()
    names = _check.unique(arg, value)
    known = [step.name for step in before]
    for name in names:
        if name not in known:
            _check.refuse(arg, f"steps declared before it: {', '.join(known) or 'there is none'}", name)
    return tuple(names)


def _environment(arg: str, value: Any) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
        _check.refuse(arg, "a mapping of text", value)
    for name in value:
        if not re.fullmatch(_VARIABLE[0], str(name)):
            _check.refuse(f"{arg}.{name}", _VARIABLE[1], name)
    return dict(value)
