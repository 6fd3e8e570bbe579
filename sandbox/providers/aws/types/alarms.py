"""Alarms of CloudWatch over one metric."""

from typing import Any

from sandbox.providers.aws.table import Call, Code, Context, Tags, Type, arn

_ALARM = {
    "actionsEnabled": "ActionsEnabled",
    "alarmActions": "AlarmActions",
    "alarmDescription": "AlarmDescription",
    "comparisonOperator": "ComparisonOperator",
    "datapointsToAlarm": "DatapointsToAlarm",
    "evaluationPeriods": "EvaluationPeriods",
    "extendedStatistic": "ExtendedStatistic",
    "insufficientDataActions": "InsufficientDataActions",
    "metricName": "MetricName",
    "namespace": "Namespace",
    "okActions": "OKActions",
    "period": "Period",
    "statistic": "Statistic",
    "threshold": "Threshold",
    "treatMissingData": "TreatMissingData",
    "unit": "Unit",
}
"""An alarm is written as a whole, each time."""
_INPUTS = frozenset({*_ALARM, "dimensions"})
_ARN = {"ResourceARN": arn("cloudwatch", "join(':', ['alarm', id])")}


def _put(cloudwatch: Any, seen: Context, **more: Any) -> None:
    given = {there: seen[name] for name, there in _ALARM.items() if seen.get(name) not in (None, "", [])}
    dimensions = [{"Name": key, "Value": value} for key, value in sorted((seen.get("dimensions") or {}).items())]
    cloudwatch.put_metric_alarm(AlarmName=seen["name"], Dimensions=dimensions, **given, **more)


def _create(cloudwatch: Any, seen: Context) -> None:
    """Only then does a call take tags."""
    _put(cloudwatch, seen, Tags=seen["tagList"])


def _read(cloudwatch: Any, seen: Context) -> dict[str, Any] | None:
    alarms = cloudwatch.describe_alarms(AlarmNames=[seen["id"] or seen["name"]], AlarmTypes=["MetricAlarm"])
    found: dict[str, Any] | None = next(iter(alarms["MetricAlarms"]), None)
    return found and {**found, "Measured": {each["Name"]: each["Value"] for each in found.get("Dimensions", [])}}


TYPES = [
    Type(
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        client="cloudwatch",
        create=Code(_create, _INPUTS),
        update=(Code(_put, _INPUTS),),
        id="name",
        id_parts="{name}",
        read=(Code(_read),),
        delete=(Call("DeleteAlarms", {"AlarmNames": "[id]"}),),
        name="name",
        replace=frozenset({"name", "region"}),
        defaults={"actionsEnabled": True, "treatMissingData": "missing"},
        back={"name": "AlarmName", "dimensions": "Measured", **_ALARM},
        outputs={"arn": "AlarmArn"},
        tags=Tags(Call("TagResource", _ARN), Call("UntagResource", _ARN), Call("ListTagsForResource", _ARN, at="Tags")),
    ),
]
