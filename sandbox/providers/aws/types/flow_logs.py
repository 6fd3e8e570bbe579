"""Flow logs of networks."""

from typing import Any

from sandbox.providers.aws.table import Call, Code, Context, Type, arn
from sandbox.providers.aws.types.ec2 import TAGS, filters

_SOURCES = {"vpcId": "VPC", "subnetId": "Subnet", "eniId": "NetworkInterface"}
_FLOW_LOG = {
    "iamRoleArn": "DeliverLogsPermissionArn",
    "logDestination": "LogDestination",
    "logDestinationType": "LogDestinationType",
    "logFormat": "LogFormat",
    "maxAggregationInterval": "MaxAggregationInterval",
    "trafficType": "TrafficType",
}


def _create_flow_log(ec2: Any, seen: Context) -> dict[str, Any]:
    source = next(name for name in _SOURCES if seen.get(name))
    parameters: dict[str, Any] = {api: seen[name] for name, api in _FLOW_LOG.items() if seen.get(name) is not None}
    if seen["tagList"]:
        parameters["TagSpecifications"] = [{"ResourceType": "vpc-flow-log", "Tags": seen["tagList"]}]
    made = ec2.create_flow_logs(ResourceIds=[seen[source]], ResourceType=_SOURCES[source], **parameters)
    if made.get("Unsuccessful"):
        raise ValueError(made["Unsuccessful"][0]["Error"]["Message"])
    return {"FlowLogId": made["FlowLogIds"][0]}


TYPES = [
    Type(
        "aws:ec2/flowLog:FlowLog",
        client="ec2",
        tags=TAGS,
        create=Code(_create_flow_log, frozenset({*_SOURCES, *_FLOW_LOG})),
        id="FlowLogId",
        read=(Call("DescribeFlowLogs", {"FlowLogIds": "[id]"}, at="FlowLogs[0]"),),
        find=Call(
            "DescribeFlowLogs",
            {"Filter": filters(resource_id="vpcId || subnetId || eniId", traffic_type="trafficType || 'ALL'")},
            at="FlowLogs[0]",
        ),
        delete=(Call("DeleteFlowLogs", {"FlowLogIds": "[id]"}),),
        replace=frozenset({*_SOURCES, *_FLOW_LOG, "region"}),
        back={"iamRoleArn": "DeliverLogsPermissionArn", "vpcId": "ResourceId"},
        outputs={"arn": arn("ec2", "join('/', ['vpc-flow-log', id])")},
    ),
]
