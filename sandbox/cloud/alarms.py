"""CloudWatch alarms: a change of state is an event and calls the alarm's actions.

Metrics are not evaluated: an alarm changes when ``SetAlarmState`` says so.
"""

import json
from typing import Any

from moto.cloudwatch.models import CloudWatchBackend

from sandbox.cloud import clock, happenings, targets
from sandbox.cloud.delivery import Delivery
from sandbox.cloud.extension import replaces

PRINCIPAL = "cloudwatch.amazonaws.com"


@replaces(CloudWatchBackend, "set_alarm_state")
def _set(original: Any, self: Any, alarm_name: str, reason: str, reason_data: str, state_value: str) -> None:
    alarm = self.alarms.get(alarm_name)
    before = alarm.state_value if alarm is not None else None
    original(self, alarm_name, reason, reason_data, state_value)
    if before in (None, state_value):
        return
    alarm = self.alarms[alarm_name]
    time = clock.now().isoformat()
    detail = {
        "alarmName": alarm_name,
        "state": {"value": state_value, "reason": reason, "timestamp": time},
        "previousState": {"value": before},
    }
    happenings.publish(
        *(self.region_name, self.account_id, "aws.cloudwatch", "CloudWatch Alarm State Change", detail),
        [alarm.alarm_arn],
    )
    if str(alarm.actions_enabled).lower() != "false":
        _call(self, alarm, {"ALARM": alarm.alarm_actions, "OK": alarm.ok_actions}, state_value, before, reason, time)


def _call(backend: Any, alarm: Any, actions: dict[str, Any], state: str, before: str, reason: str, time: str) -> None:
    message = json.dumps(
        {
            "AlarmName": alarm.name,
            "AlarmDescription": alarm.description,
            "AWSAccountId": backend.account_id,
            "NewStateValue": state,
            "NewStateReason": reason,
            "StateChangeTime": time,
            "Region": backend.region_name,
            "AlarmArn": alarm.alarm_arn,
            "OldStateValue": before,
        }
    )
    for arn in actions.get(state, alarm.insufficient_data_actions) or []:
        one = Delivery(
            region=backend.region_name,
            account=backend.account_id,
            principal=PRINCIPAL,
            source_arn=alarm.alarm_arn,
            target={"Arn": arn},
            payload=message,
            dead_letter=message,
        )
        targets.send(one)
