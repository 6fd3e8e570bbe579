"""DynamoDB: keys that must be usable, classes and ceilings of tables, streams and expiry as AWS switches them."""

from typing import Any

from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.table import Table
from moto.dynamodb.responses import DynamoHandler, DynamoResult

from sandbox.cloud import clock
from sandbox.cloud.extension import extend, fail, parameters, replaces
from sandbox.cloud.key_policy import may_use_through

_NO_LIMIT = -1


@replaces(DynamoHandler, "create_table")
def _create_table(original: Any, self: Any) -> Any:
    given = parameters(self)
    _check_key(self.dynamodb_backend, given)
    original(self)
    table = self.dynamodb_backend.get_table(given["TableName"])
    _set(table, given)
    return DynamoResult(table.describe())


@replaces(DynamoHandler, "update_table")
def _update_table(original: Any, self: Any) -> Any:
    given = parameters(self)
    _check_key(self.dynamodb_backend, given)
    original(self)
    table = self.dynamodb_backend.get_table(given["TableName"])
    _set(table, given)
    if "SSESpecification" in given:
        table.sse_specification = given["SSESpecification"]
    return DynamoResult(table.describe())


def _set(table: Any, given: dict[str, Any]) -> None:
    """What moto does not keep."""
    table.sandbox_class = given.get("TableClass", getattr(table, "sandbox_class", "STANDARD"))
    ceilings = {**getattr(table, "sandbox_ceilings", {}), **given.get("OnDemandThroughput", {})}
    table.sandbox_ceilings = {key: value for key, value in ceilings.items() if value != _NO_LIMIT}


def _check_key(backend: Any, given: dict[str, Any]) -> None:
    key = given.get("SSESpecification", {}).get("KMSMasterKeyId")
    if key and not may_use_through(backend, key, "dynamodb"):
        fail("ValidationException", f"KMS key access denied: it does not exist, or not through DynamoDB: {key}")


@replaces(Table, "describe")
def _describe(original: Any, self: Any, base_key: str = "TableDescription") -> dict[str, Any]:
    described: dict[str, Any] = original(self, base_key)
    described[base_key]["TableClassSummary"] = {"TableClass": getattr(self, "sandbox_class", "STANDARD")}
    if ceilings := getattr(self, "sandbox_ceilings", {}):
        described[base_key]["OnDemandThroughput"] = ceilings
    return described


@replaces(DynamoDBBackend, "update_table_streams")
def _update_streams(original: Any, self: Any, table: Any, specification: dict[str, Any]) -> None:
    """A stream that was switched off can be switched on again, as a new one; an answer goes on naming the last."""
    running = bool((table.stream_specification or {}).get("StreamEnabled"))
    if running == bool(specification.get("StreamEnabled")):
        state = "an enabled" if running else "a disabled"
        fail("ValidationException", f"Table already has {state} stream: TableName: {table.name}")
    label = table.latest_stream_label
    table.latest_stream_label = None
    original(self, table, specification)
    table.latest_stream_label = table.latest_stream_label or label


@replaces(DynamoDBBackend, "update_time_to_live")
def _update_time_to_live(original: Any, self: Any, table_name: str, ttl_spec: dict[str, Any]) -> None:
    """What is on cannot be switched on again, and another attribute needs it off first."""
    current = self.get_table(table_name).ttl
    running = current["TimeToLiveStatus"] == "ENABLED"
    if running == ttl_spec["Enabled"]:
        fail("ValidationException", f"TimeToLive is already {'enabled' if running else 'disabled'}")
    if running and ttl_spec["AttributeName"] != current["AttributeName"]:
        fail(
            "ValidationException",
            f"TimeToLive is active on a different AttributeName: current AttributeName is {current['AttributeName']}",
        )
    original(self, table_name, ttl_spec)


def _update_insights(backend: Any, given: dict[str, Any]) -> dict[str, Any]:
    table = backend.get_table(given["TableName"])
    enabled = given["ContributorInsightsAction"] == "ENABLE"
    table.sandbox_insights = {
        "ContributorInsightsStatus": "ENABLED" if enabled else "DISABLED",
        "ContributorInsightsMode": given.get("ContributorInsightsMode", "ACCESSED_AND_THROTTLED_KEYS"),
        "LastUpdateDateTime": clock.now(),
    }
    return _insights(backend, given)


def _insights(backend: Any, given: dict[str, Any]) -> dict[str, Any]:
    table = backend.get_table(given["TableName"])
    return {"TableName": table.name, **getattr(table, "sandbox_insights", {"ContributorInsightsStatus": "DISABLED"})}


extend("dynamodb", {"UpdateContributorInsights": _update_insights, "DescribeContributorInsights": _insights})
