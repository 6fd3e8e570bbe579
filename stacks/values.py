"""The kinds of values that settings are made of, each with the words that tell a person what it accepts."""

import ipaddress
import re
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from slipway._check import LOG_DAYS
from slipway.retraining._schedule import ACCEPTED, schedule
from slipway.versions import KUBERNETES_SUPPORT_ENDS

NEWEST = "newest"
"""In the place of a release's id or an image's digest: the newest there is."""


class Part(StrEnum):
    """What of an environment a stack holds."""

    WHOLE = "whole"
    PLATFORM = "platform"
    MODELS = "models"


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


def _hours(value: str) -> str:
    start, _, end = value.partition("-")
    clock = r"([01]\d|2[0-3]):[0-5]\d"
    if start == end or not re.fullmatch(clock, start) or not re.fullmatch(clock, end):
        raise ValueError("two hours that differ, such as 20:00-07:00")
    return value


def differ(values: list[str]) -> list[str]:
    """Values none of which is there twice."""
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


def _increasing(values: list[int]) -> list[int]:
    if values != sorted(set(values)) or not all(1 <= value <= 99 for value in values):
        raise ValueError("1 to 10 increasing whole numbers from 1 to 99; what follows the last is the promotion")
    return values


def _timing(value: str) -> str:
    try:
        return schedule("schedule", value)
    except ValueError:
        raise ValueError(ACCEPTED) from None


_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
AccountId = Annotated[str, _text(r"\d{12}", "an account id of 12 digits")]
Arn = Annotated[str, _text(r"arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:\d{12}:.+", "an ARN with its account id")]
AttributeName = Annotated[str, _text(r"\S(.{0,253}\S)?", "an attribute's name of 1 to 255 characters")]
BucketArn = Annotated[str, _text(r"arn:aws[a-z-]*:s3:::[a-z0-9.-]{3,63}", "a bucket's ARN: arn:aws:s3:::<bucket>")]
CertificateArn = Annotated[
    str, _text(r"arn:aws[a-z-]*:acm:[a-z0-9-]+:\d{12}:certificate/[a-z0-9-]+", "an ACM certificate's ARN")
]
Cidr = Annotated[str, AfterValidator(_network)]
ClaimName = Annotated[str, _text(r"[A-Za-z0-9_:./-]{1,256}", "a claim's name such as team")]
CognitoPrefix = Annotated[
    str,
    _text(
        rf"(?!.*(aws|amazon|cognito)){_LABEL}",
        "1 to 63 of a-z, 0-9 and -, without aws, amazon and cognito, which are reserved",
    ),
]
Cpu = Annotated[str, _text(r"\d+m?|\d+\.\d+", "a CPU quantity such as 500m or 2")]
Days = Annotated[int, Field(ge=1, le=3653)]
Digest = Annotated[str, _text(rf"sha256:[0-9a-f]{{64}}|{NEWEST}", f"sha256:<64 hex> or {NEWEST}")]
Domain = Annotated[
    str,
    _text(
        rf"(?=.{{4,200}}$)({_LABEL}\.)+[a-z]{{2,63}}", "a domain such as ml.example.com, whose hosts are the models'"
    ),
]
Email = Annotated[str, _text(r"[^\s@]+@[^\s@]+\.[^\s@]+", "an e-mail address")]
EventsUri = Annotated[
    str,
    _text(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[\w.=-]+)+/?", "a prefix of a bucket: s3://<bucket>/<prefix>"),
]
Hours = Annotated[str, AfterValidator(_hours)]
HttpUrl = Annotated[
    str, _text(r"https?://[A-Za-z0-9.-]+(:\d{1,5})?(/[^\s?#]*)?", "an address such as http://host:9090")
]
HttpsUrl = Annotated[str, _text(r"https://[a-z0-9][a-z0-9.-]*(:\d{1,5})?(/[^\s?#]*)?", "an https:// address")]
ImageRef = Annotated[
    str,
    _text(
        r"[a-zA-Z0-9.-]+(:\d+)?(/[a-z0-9._-]+)+@sha256:[0-9a-f]{64}", "an image by digest, <repository>@sha256:<64 hex>"
    ),
]
InstanceFamily = Annotated[str, _text(r"[a-z][a-z0-9-]{1,15}", "a family of EC2 instances such as m6i")]
KubernetesVersion = Annotated[str, AfterValidator(_version)]
LogDays = Annotated[int, AfterValidator(_log_days)]
LogType = Literal["api", "audit", "authenticator", "controllerManager", "scheduler"]
Memory = Annotated[str, _text(r"\d+(Mi|Gi)", "a memory quantity such as 512Mi or 4Gi")]
MetricName = Annotated[str, _text(r"[a-z][a-z0-9_]{0,62}", "a metric's name of a-z, 0-9 and _")]
Minutes = Annotated[int, Field(ge=1, le=129_600)]
Name = Annotated[str, _text(r"\S(.{0,126}\S)?", "1 to 128 characters on one line, without spaces around")]
NarrowCidr = Annotated[str, AfterValidator(_narrow)]
ObjectUri = Annotated[
    str, _text(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/[^\s*?$]*[^\s*?$/]", "an object's address: s3://<bucket>/<key>")
]
Region = Annotated[str, _text(r"[a-z]{2}(-[a-z]+)+-\d", "a region such as eu-west-1")]
ReleaseId = Annotated[
    str, _text(rf"[a-z0-9][a-z0-9-]*-\d{{8}}-[0-9a-f]{{8}}|{NEWEST}", f"<model>-<yyyymmdd>-<8 hex> or {NEWEST}")
]
Repository = Annotated[str, _text(r"[A-Za-z0-9-]{1,39}/[\w.-]{1,100}", "a GitHub repository: <owner>/<name>")]
RoleArn = Annotated[
    str, _text(r"arn:aws[a-z-]*:iam::\d{12}:role/.+", "a role's ARN: arn:aws:iam::<account>:role/<name>")
]
Slug = Annotated[str, _text(r"[a-z][a-z0-9-]{0,28}[a-z0-9]", "2 to 30 of a-z, 0-9 and -, beginning with a letter")]
Subject = Annotated[str, _text(r"[^*?\s]+", "exact token subjects, without * or ?")]
TimeZone = Annotated[str, _text(r"[A-Za-z]+(/[A-Za-z_+-]+)*", "a time zone such as Europe/Dublin")]
Timing = Annotated[str, AfterValidator(_timing)]
Units = Annotated[int, Field(ge=1, le=1_000_000)]
Weights = Annotated[list[int], Field(min_length=1, max_length=10), AfterValidator(_increasing)]
"""Shares of the traffic, in percent."""
Zone = Annotated[str, _text(r"[a-h]", "an availability zone's letter, a to h")]
ZoneId = Annotated[str, _text(r"Z[A-Z0-9]{1,31}", "the id of a Route 53 hosted zone")]
Zones = Annotated[list[Zone], Field(min_length=2, max_length=6), AfterValidator(differ)]
