"""The kinds of values that settings are made of, each with the words that tell a person what it accepts."""

import ipaddress
import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from slipway._check import LOG_DAYS
from slipway.versions import KUBERNETES_SUPPORT_ENDS

NEWEST = "newest"
"""In the place of a release's id or an image's digest: the newest there is."""


def _text(pattern: str, accepted: str) -> AfterValidator:
    """Text that matches ``pattern``; ``accepted`` says it to a person."""
    compiled = re.compile(pattern)

    def check(value: str) -> str:
        if not compiled.fullmatch(value):
            raise ValueError(accepted)
        return value

    return AfterValidator(check)


def _network(value: str) -> str:
    try:
        ipaddress.IPv4Network(value)
    except ValueError:
        raise ValueError("an IPv4 network such as 10.0.0.0/16") from None
    return value


def _narrow(value: str) -> str:
    if _network(value).endswith("/0"):
        raise ValueError("networks narrower than 0.0.0.0/0")
    return value


def _differ(values: list[str]) -> list[str]:
    if len(set(values)) != len(values):
        raise ValueError("entries that differ from each other")
    return values


def _log_days(value: int) -> int:
    if value not in LOG_DAYS:
        raise ValueError(f"a retention of CloudWatch Logs, in days: one of {', '.join(map(str, LOG_DAYS))}")
    return value


def _version(value: str) -> str:
    if value not in KUBERNETES_SUPPORT_ENDS:
        raise ValueError(", ".join(KUBERNETES_SUPPORT_ENDS))
    return value


AccountId = Annotated[str, _text(r"\d{12}", "an account id of 12 digits")]
Arn = Annotated[str, _text(r"arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:\d{12}:.+", "an ARN with its account id")]
BucketArn = Annotated[str, _text(r"arn:aws[a-z-]*:s3:::[a-z0-9.-]{3,63}", "a bucket's ARN: arn:aws:s3:::<bucket>")]
Cidr = Annotated[str, AfterValidator(_network)]
Cpu = Annotated[str, _text(r"\d+m?|\d+\.\d+", "a CPU quantity such as 500m or 2")]
Days = Annotated[int, Field(ge=1, le=3653)]
Digest = Annotated[str, _text(rf"sha256:[0-9a-f]{{64}}|{NEWEST}", f"sha256:<64 hex> or {NEWEST}")]
KubernetesVersion = Annotated[str, AfterValidator(_version)]
LogDays = Annotated[int, AfterValidator(_log_days)]
LogType = Literal["api", "audit", "authenticator", "controllerManager", "scheduler"]
Memory = Annotated[str, _text(r"\d+(Mi|Gi)", "a memory quantity such as 512Mi or 4Gi")]
NarrowCidr = Annotated[str, AfterValidator(_narrow)]
Region = Annotated[str, _text(r"[a-z]{2}(-[a-z]+)+-\d", "a region such as eu-west-1")]
ReleaseId = Annotated[
    str, _text(rf"[a-z0-9][a-z0-9-]*-\d{{8}}-[0-9a-f]{{8}}|{NEWEST}", f"<model>-<yyyymmdd>-<8 hex> or {NEWEST}")
]
RoleArn = Annotated[
    str, _text(r"arn:aws[a-z-]*:iam::\d{12}:role/.+", "a role's ARN: arn:aws:iam::<account>:role/<name>")
]
Slug = Annotated[str, _text(r"[a-z][a-z0-9-]{0,28}[a-z0-9]", "2 to 30 of a-z, 0-9 and -, beginning with a letter")]
Subject = Annotated[str, _text(r"[^*?\s]+", "exact token subjects, without * or ?")]
Zone = Annotated[str, _text(r"[a-h]", "an availability zone's letter, a to h")]
Zones = Annotated[list[Zone], Field(min_length=2, max_length=6), AfterValidator(_differ)]
