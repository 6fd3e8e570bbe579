import json
from typing import Any

import pytest
from slipway.monitoring import AlertTopics, CloudMetrics, MetricsWorkspace

from tests.components.callers import KEY
from tests.components.graph import Graph, declare

TOPIC = "arn:aws:sns:eu-west-1:123456789012:acme-"


def topics(preview: bool = False, **args: Any) -> Graph[AlertTopics]:
    given: Any = {"topic_prefix": "acme-prod", "key_arn": KEY, **args}
    return declare(lambda: AlertTopics("alerts", given), preview=preview)


def workspace(preview: bool = False, **args: Any) -> Graph[MetricsWorkspace]:
    given: Any = {
        "workspace_alias": "acme",
        "key_arn": KEY,
        "environments": ["dev", "prod"],
        "region": "eu-west-1",
        "page_topic_arn": f"{TOPIC}page",
        "ticket_topic_arn": f"{TOPIC}ticket",
        **args,
    }
    return declare(lambda: MetricsWorkspace("metrics", given), preview=preview)


def test_topics_are_keyed_and_each_has_a_policy(preview: bool) -> None:
    graph = topics(preview, teams=["risk"])
    found = graph.all("aws:sns/topic:Topic")

    names = {topic.inputs["name"].removeprefix("acme-prod-") for topic in found}
    assert names == {"heartbeat", "page", "page-risk", "ticket", "ticket-risk"}
    for topic in found:
        assert topic.inputs["kmsMasterKeyId"] == KEY
        assert topic.inputs["tags"]["data-class"] == "logs"
    assert len(graph.all("aws:sns/topicPolicy:TopicPolicy")) == len(found)


def test_silence_is_an_alarm_that_does_not_need_the_cluster() -> None:
    graph = topics()
    alarm = graph.one("aws:cloudwatch/metricAlarm:MetricAlarm").inputs

    assert (alarm["namespace"], alarm["metricName"]) == ("AWS/SNS", "NumberOfMessagesPublished")
    assert alarm["dimensions"] == {"TopicName": "acme-prod-heartbeat"}
    assert alarm["treatMissingData"] == "breaching"
    assert (alarm["comparisonOperator"], alarm["threshold"]) == ("LessThanThreshold", 1)
    assert alarm["period"] * alarm["evaluationPeriods"] == 900
    assert alarm["alarmActions"] == [graph.outputs("alerts")["pageTopicArn"]]


def test_subscribers() -> None:
    graph = topics(
        page_urls=["https://pager.example.com/x"], page_emails=["a@b.example"], ticket_emails=["c@d.example"]
    )
    found = {
        (one.inputs["protocol"], one.inputs["endpoint"]): one.inputs["topic"].rpartition("-")[2]
        for one in graph.all("aws:sns/topicSubscription:TopicSubscription")
    }

    assert found == {
        ("https", "https://pager.example.com/x"): "page",
        ("email", "a@b.example"): "page",
        ("email", "c@d.example"): "ticket",
    }


def test_topics_of_teams_are_given_by_team() -> None:
    found = topics(teams=["risk", "growth"]).outputs("alerts")

    assert found["teamPageTopicArns"]["risk"].endswith("acme-prod-page-risk")
    assert found["teamTicketTopicArns"].keys() == {"risk", "growth"}


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"topic_prefix": None}, "topic_prefix: accepted: 1 to 80"),
        ({"key_arn": "alias/x"}, "key_arn: accepted: a KMS key's ARN"),
        ({"teams": ["A"]}, "teams[0]: accepted: a team's name"),
        ({"page_urls": ["http://x"]}, "page_urls[0]: accepted: an address that begins with https://"),
        ({"page_emails": ["nobody"]}, "page_emails[0]: accepted: a mail address"),
        ({"ticket_emails": ["a@b.c", "a@b.c"]}, "ticket_emails: accepted: entries that differ"),
    ],
)
def test_topics_refused(args: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as refused:
        topics(**args)

    assert message in str(refused.value)


def test_a_workspace_is_keyed_and_kept(preview: bool) -> None:
    graph = workspace(preview)
    found = graph.one("aws:amp/workspace:Workspace")

    assert found.protect
    assert found.inputs["kmsKeyArn"] == KEY
    assert graph.one("aws:cloudwatch/logGroup:LogGroup").inputs["name"] == "/aws/vendedlogs/prometheus/acme"
    assert graph.one("aws:amp/workspaceConfiguration:WorkspaceConfiguration").inputs["retentionPeriodInDays"] == 150
    assert not workspace(deletion_protection=False).one("aws:amp/workspace:Workspace").protect


def test_its_alertmanager_tells_the_same_topics() -> None:
    text = workspace().one("aws:amp/alertManagerDefinition:AlertManagerDefinition").inputs["definition"]
    config = json.loads(json.loads(text)["alertmanager_config"])

    receivers = {one["name"]: one for one in config["receivers"]}
    assert receivers.keys() == {"nobody", "page", "ticket"}
    assert receivers["page"]["sns_configs"][0]["topic_arn"] == f"{TOPIC}page"
    assert receivers["page"]["sns_configs"][0]["sigv4"] == {"region": "eu-west-1"}


def test_the_silence_of_each_environment_is_an_alert() -> None:
    graph = workspace()
    namespace = graph.one("aws:amp/ruleGroupNamespace:RuleGroupNamespace")
    (group,) = json.loads(namespace.inputs["data"])["groups"]

    assert [(rule["expr"], rule["labels"]["environment"]) for rule in group["rules"]] == [
        ('absent(up{environment="dev"})', "dev"),
        ('absent(up{environment="prod"})', "prod"),
    ]
    assert graph.waits_for(namespace, graph.one("aws:amp/alertManagerDefinition:AlertManagerDefinition"))


def test_where_to_write_and_to_ask() -> None:
    found = workspace().outputs("metrics")

    assert found["remoteWriteUrl"] == f"{found['queryUrl']}api/v1/remote_write"
    assert ":workspace/ws-" in found["workspaceArn"]


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"workspace_alias": "a b"}, "workspace_alias: accepted: 1 to 100"),
        ({"environments": []}, "environments: accepted: at least 1 entry"),
        ({"environments": ["Dev"]}, "environments[0]: accepted: an environment's name"),
        ({"region": "x"}, "region: accepted: a region"),
        ({"retention_days": 2000}, "retention_days: accepted: 1 to 1095 days"),
        ({"log_days": 2}, "log_days: accepted: one of 1, 3"),
        ({"ticket_topic_arn": None}, "page_topic_arn and ticket_topic_arn: accepted: all of them or none"),
        ({"team": "A"}, "team: accepted: a team's name"),
    ],
)
def test_workspace_refused(args: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as refused:
        workspace(**args)

    assert message in str(refused.value)


def test_the_exporter_reads_metrics_and_nothing_else(preview: bool) -> None:
    given: Any = {"cluster_name": "acme-prod", "tags": {"team": "ml"}}
    graph = declare(lambda: CloudMetrics("cloud", given), preview=preview)

    association = graph.one("aws:eks/podIdentityAssociation:PodIdentityAssociation").inputs
    assert (association["namespace"], association["serviceAccount"]) == ("monitoring", "cloudwatch-exporter")
    (statement,) = graph.one("aws:iam/rolePolicy:RolePolicy").document("policy")["Statement"]
    assert statement["Action"] == ["cloudwatch:GetMetricData", "cloudwatch:ListMetrics", "tag:GetResources"]
    if not preview:
        assert graph.outputs("cloud")["roleArn"].startswith("arn:aws:iam::")
