"""A database's plain settings, read once and checked; what follows from them without any resource."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from slipway import _check, versions
from slipway.security import DataClass
from slipway.serving import _stores, _subnets

PORT = 5432
ADMINISTRATOR = "administrator"
LOG_TYPES = ("iam-db-auth-error", "postgresql")
"""Logs that Aurora PostgreSQL can export: refused logins by IAM, and the server's own."""
MOST_ACU = 256
PARAMETERS = {
    "rds.force_ssl": "1",
    "log_connections": "1",
    "log_disconnections": "1",
}
"""Parameters that differ from the engine's: nothing without TLS, every session on record. Statements are not logged:
they hold what is stored."""
INSIGHTS_DAYS = {"standard": 7, "advanced": 465}
"""Days that each mode of Database Insights keeps; the advanced one is sold with 15 months only."""

IDENTIFIER = (r"[a-z](?:-?[a-z0-9])*", "1 to 40 of a-z, 0-9 and single -, beginning with a letter, not ending with -")
LONGEST_IDENTIFIER = 40
"""Instances are named after cluster and zone, and have 63 characters."""
NAME = (r"[A-Za-z_][A-Za-z0-9_]{0,62}", "a PostgreSQL name: 1 to 63 letters, digits and _, beginning with no digit")
PATH = (r"/[\w./-]+", "an absolute path")
SNAPSHOT = (r"(?!.*--)[A-Za-z][A-Za-z0-9-]{0,253}[A-Za-z0-9]", "a snapshot's name: letters, digits and single -")
GROUPS = "ids of security groups, at least one"
DATABASE_SUBNETS = "ids of subnets in at least two zones"

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_TIME = r"([01]\d|2[0-3]):([0-5]\d)"
_DAY = 24 * 60
_WEEK = 7 * _DAY
_SHORTEST_WINDOW = 30


@dataclass(frozen=True)
class DatabaseSettings:
    """What decides the shape of a database."""

    cluster_identifier: str
    data_class: DataClass
    zones: list[str]
    engine_version: str
    database_name: str
    user: str
    min_acu: float
    max_acu: float
    auto_pause_seconds: int | None
    backup_days: int
    backup_window: str
    maintenance_window: str
    insights: str
    log_days: int
    ca_bundle_path: str
    final_snapshot_name: str | None
    deletion_protection: bool

    @property
    def family(self) -> str:
        """Family of the engine's parameters."""
        return f"aurora-postgresql{self.engine_version.split('.')[0]}"


def settings_of(args: Mapping[str, Any]) -> DatabaseSettings:
    """The settings in ``args``, defaults filled in. Raises ``ValueError`` that names the first wrong argument."""
    identifier = _identifier(args.get("cluster_identifier"))
    data_class = _stores.class_of(args)
    zones = _check.each("zones", args.get("zones"), _subnets.ZONE, "availability zones such as eu-west-1a", at_least=1)
    if len({_subnets.region_of(zone) for zone in zones}) > 1:
        _check.refuse("zones", "zones of one region", zones)
    _check.given(args, "vpc_id", r"vpc-[0-9a-z]+", "the id of a VPC")
    for arg, accepted, at_least in (("subnet_ids", DATABASE_SUBNETS, 2), ("allowed_security_group_ids", GROUPS, 1)):
        ids = _check.given(args, arg, r"(?!)", accepted)
        if not isinstance(ids, pulumi.Output) and len(ids) < at_least:
            _check.refuse(arg, accepted, ids)
    _check.given(args, "key_arn", *_check.A_KEY)
    _check.given(args, "logs_key_arn", *_check.A_KEY)
    least, most, pause = _capacity(args)
    backup, maintenance = windows(
        args.get("backup_window", "02:00-03:00"), args.get("maintenance_window", "sun:03:30-sun:04:30")
    )
    user = _check.matches("user", args.get("user", "service"), *NAME)
    if user == ADMINISTRATOR:
        _check.refuse("user", f"another user than {ADMINISTRATOR}, whose password is in the secret", user)
    return DatabaseSettings(
        cluster_identifier=identifier,
        data_class=data_class,
        zones=zones,
        engine_version=_check.one_of(
            "engine_version",
            args.get("engine_version", versions.AURORA_POSTGRESQL),
            versions.AURORA_POSTGRESQL_SUPPORT_ENDS,
        ),
        database_name=_check.matches("database_name", args.get("database_name", "models"), *NAME),
        user=user,
        min_acu=least,
        max_acu=most,
        auto_pause_seconds=pause,
        backup_days=_stores.recovery_days(args, "backup_days", data_class),
        backup_window=backup,
        maintenance_window=maintenance,
        insights=_check.one_of("insights", args.get("insights", "standard"), INSIGHTS_DAYS),
        log_days=_check.log_days("log_days", args.get("log_days", 365)),
        ca_bundle_path=_check.matches(
            "ca_bundle_path", args.get("ca_bundle_path", "/etc/ssl/certs/rds-global-bundle.pem"), *PATH
        ),
        final_snapshot_name=_final_snapshot(args, identifier),
        deletion_protection=_check.flag("deletion_protection", args.get("deletion_protection", True)),
    )


def connect_arn(cluster_arn: str, resource_id: str, user: str) -> str:
    """ARN that ``rds-db:connect`` is allowed on: one user of one cluster."""
    _, partition, _, region, account, _ = cluster_arn.split(":", 5)
    return f"arn:{partition}:rds-db:{region}:{account}:dbuser:{resource_id}/{user}"


def environment(settings: DatabaseSettings, endpoint: str) -> dict[str, str]:
    """libpq's own variables, which every PostgreSQL client reads: everything but the password, which IAM makes."""
    return {
        "PGHOST": endpoint,
        "PGPORT": str(PORT),
        "PGDATABASE": settings.database_name,
        "PGUSER": settings.user,
        "PGSSLMODE": "verify-full",
        "PGSSLROOTCERT": settings.ca_bundle_path,
    }


def windows(backup: Any, maintenance: Any) -> tuple[str, str]:
    """The two windows of a database; refused where they are shorter than half an hour or meet."""
    backup = _check.matches("backup_window", backup, f"{_TIME}-{_TIME}", "a daily time in UTC such as 02:00-03:00")
    day = f"(?:{'|'.join(_DAYS)})"
    accepted = "a weekly time in UTC such as sun:03:30-sun:04:30"
    maintenance = _check.matches("maintenance_window", maintenance, f"{day}:{_TIME}-{day}:{_TIME}", accepted)
    begin, end = (_minute(text) for text in backup.split("-"))
    daily = (end - begin) % _DAY
    start, stop = (_minute(text) for text in maintenance.split("-"))
    weekly = (stop - start) % _WEEK
    for arg, text, minutes in (("backup_window", backup, daily), ("maintenance_window", maintenance, weekly)):
        if not _SHORTEST_WINDOW <= minutes < _DAY:
            _check.refuse(arg, f"{_SHORTEST_WINDOW} minutes to less than a day", text)
    for number in range(7):
        other = begin + number * _DAY
        if (other - start) % _WEEK < weekly or (start - other) % _WEEK < daily:
            _check.refuse("maintenance_window", f"a time apart from backup_window, {backup}", maintenance)
    return backup, maintenance


def _minute(text: str) -> int:
    """Minute of the day, or of the week where a day is named."""
    *day, hours, minutes = text.split(":")
    return (_DAYS.index(day[0]) * _DAY if day else 0) + int(hours) * 60 + int(minutes)


def _identifier(value: Any) -> str:
    if not isinstance(value, str) or len(value) > LONGEST_IDENTIFIER or not re.fullmatch(IDENTIFIER[0], value):
        _check.refuse("cluster_identifier", f"a cluster's name: {IDENTIFIER[1]}", value)
    return value


def _final_snapshot(args: Mapping[str, Any], identifier: str) -> str | None:
    name = args.get("final_snapshot_name")
    if not _check.flag("final_snapshot", args.get("final_snapshot", True)):
        if name is not None:
            _check.refuse("final_snapshot_name", "nothing, because final_snapshot is false", name)
        return None
    return _check.matches("final_snapshot_name", f"{identifier}-final" if name is None else name, *SNAPSHOT)


def _capacity(args: Mapping[str, Any]) -> tuple[float, float, int | None]:
    least = _acu("min_acu", args.get("min_acu", 0.5), 0)
    most = _acu("max_acu", args.get("max_acu", 4), 1)
    if most < least:
        _check.refuse("max_acu", f"at least min_acu, {least:g}", most)
    pause = args.get("auto_pause_seconds")
    if least > 0:
        if pause is not None:
            _check.refuse("auto_pause_seconds", f"nothing, because min_acu is {least:g}: only at 0 it pauses", pause)
        return least, most, None
    return least, most, _check.between("auto_pause_seconds", 300 if pause is None else pause, 300, 86_400)


def _acu(arg: str, value: Any, low: int) -> float:
    accepted = f"Aurora capacity units from {low} to {MOST_ACU}, in halves"
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= MOST_ACU or value * 2 % 1:
        _check.refuse(arg, accepted, value)
    return float(value)
