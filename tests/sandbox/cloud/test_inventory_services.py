"""The walk sees stores and ways in, and not what a service made for something of its own."""

from sandbox.cloud.inventory import Item, inventory
from sandbox.cloud.process import Cloud
from tests.sandbox.cloud.helpers import Call, make_role, make_subnets, policy

PAIRS, PLAIN = [{"Key": "data-class", "Value": "models"}], {"data-class": "models"}


def added(environment: dict[str, str], others: list[Item]) -> list[Item]:
    return [item for item in inventory(environment) if item not in others]


def test_stores(cloud: Cloud, environment: dict[str, str], aws: Call) -> None:
    others, rds = inventory(environment), aws("rds")
    _, subnets = make_subnets(aws)
    aws("dynamodb").create_table(
        TableName="walked",
        AttributeDefinitions=[{"AttributeName": "a", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "a", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
        Tags=PAIRS,
    )
    aws("secretsmanager").create_secret(Name="walked", SecretString="s", Tags=PAIRS)
    rds.create_db_subnet_group(DBSubnetGroupName="walked", DBSubnetGroupDescription="d", SubnetIds=subnets, Tags=PAIRS)
    rds.create_db_cluster_parameter_group(
        DBClusterParameterGroupName="walked", DBParameterGroupFamily="aurora-postgresql17", Description="d"
    )
    for name in ("walked", "walked-before"):
        rds.create_db_cluster(
            DBClusterIdentifier=name,
            Engine="aurora-postgresql",
            DBSubnetGroupName="walked",
            MasterUsername="administrator",
            ManageMasterUserPassword=True,
            CopyTagsToSnapshot=True,
            Tags=PAIRS,
        )
    rds.delete_db_cluster(DBClusterIdentifier="walked-before", FinalDBSnapshotIdentifier="walked-before-final")
    rds.create_db_instance(
        DBInstanceIdentifier="walked-a",
        DBClusterIdentifier="walked",
        Engine="aurora-postgresql",
        DBInstanceClass="db.serverless",
    )
    written = cloud.writes()
    found = [item for item in added(environment, others) if item.kind not in ("vpc", "subnet")]
    automatic = [item for item in found if item.identifier.startswith("rds:walked-")]
    assert [item.kind for item in automatic] == ["database snapshot"]
    assert [item for item in found if item not in automatic] == [
        Item("database", "walked", PLAIN),
        Item("database instance", "walked-a"),
        Item("database parameters", "walked"),
        Item("database snapshot", "walked-before-final", PLAIN),
        Item("database subnets", "walked", PLAIN),
        Item("secret", "walked", PLAIN),
        Item("table", "walked", PLAIN),
    ]
    assert cloud.writes() == written, "looking changes nothing"


def test_ways_in(cloud: Cloud, environment: dict[str, str], aws: Call) -> None:
    others, elb = inventory(environment), aws("elbv2")
    vpc, subnets = make_subnets(aws)
    elb.create_load_balancer(Name="walked", Subnets=subnets, Tags=PAIRS)
    elb.create_target_group(Name="walked", Protocol="HTTP", Port=80, VpcId=vpc, TargetType="ip")
    seen = {"SampledRequestsEnabled": False, "CloudWatchMetricsEnabled": False, "MetricName": "m"}
    aws("wafv2").create_web_acl(
        Name="walked", Scope="REGIONAL", DefaultAction={"Allow": {}}, VisibilityConfig=seen, Tags=PAIRS
    )
    aws("acm").request_certificate(DomainName="walked.example.com", ValidationMethod="DNS", Tags=PAIRS)
    route53 = aws("route53")
    zone = route53.create_hosted_zone(Name="walked.example.com", CallerReference="w")["HostedZone"]["Id"]
    record = {"Name": "a.walked.example.com", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "192.0.2.1"}]}
    batch = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]}
    route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch)
    aws("cognito-idp").create_user_pool(PoolName="walked", UserPoolTags=PLAIN)
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "delivery.logs.amazonaws.com"},
        "Action": "logs:PutLogEvents",
    }
    aws("logs").put_resource_policy(policyName="walked", policyDocument=policy({**statement, "Resource": "*"}))
    written = cloud.writes()
    assert [item for item in added(environment, others) if item.kind not in ("vpc", "subnet")] == [
        Item("certificate", "walked.example.com", PLAIN),
        Item("hosted zone", "walked.example.com."),
        Item("load balancer", "walked", PLAIN),
        Item("log policy", "walked"),
        Item("record", "a.walked.example.com. A"),
        Item("target group", "walked"),
        Item("user pool", "walked", PLAIN),
        Item("web acl", "walked", PLAIN),
    ]
    assert cloud.writes() == written, "looking changes nothing"


def test_events(cloud: Cloud, environment: dict[str, str], aws: Call) -> None:
    others, events = inventory(environment), aws("events")
    events.create_event_bus(Name="walked", Tags=PAIRS)
    events.put_rule(Name="walked", EventBusName="walked", EventPattern='{"source": ["a"]}', Tags=PAIRS)
    key = {"ApiKeyAuthParameters": {"ApiKeyName": "a", "ApiKeyValue": "b"}}
    made = events.create_connection(Name="walked", AuthorizationType="API_KEY", AuthParameters=key)
    destination = {"InvocationEndpoint": "https://api.example.com/", "HttpMethod": "POST"}
    events.create_api_destination(Name="walked", ConnectionArn=made["ConnectionArn"], **destination)
    aws("scheduler").create_schedule_group(Name="walked", Tags=PAIRS)
    arn = "arn:aws:sqs:eu-west-1:123456789012:walked"
    aws("scheduler").create_schedule(
        Name="walked",
        GroupName="walked",
        ScheduleExpression="rate(1000 days)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": arn, "RoleArn": "arn:aws:iam::123456789012:role/walked"},
    )
    aws("sqs").create_queue(QueueName="walked", tags=PLAIN)
    topic = aws("sns").create_topic(Name="walked", Tags=PAIRS)["TopicArn"]
    aws("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    role = make_role(aws, "walked-app", "sagemaker.amazonaws.com")
    aws("sagemaker").create_mlflow_app(Name="walked", ArtifactStoreUri="s3://walked/a", RoleArn=role, Tags=PAIRS)
    written = cloud.writes()
    assert [item for item in added(environment, others) if item.kind != "role"] == [
        Item("api destination", "walked"),
        Item("event bus", "walked", PLAIN),
        Item("event connection", "walked"),
        Item("event rule", "walked/walked", PLAIN),
        Item("mlflow app", "walked", PLAIN),
        Item("queue", "walked", PLAIN),
        Item("schedule", "walked/walked"),
        Item("schedule group", "walked", PLAIN),
        Item("subscription", "walked sqs"),
        Item("topic", "walked", PLAIN),
    ]
    assert cloud.writes() == written, "looking changes nothing"
