from collections.abc import Mapping
from typing import Any

import pytest
from slipway import AirflowEnvironment

from tests.components.callers import ACCOUNT, KEY, SHORTEST
from tests.components.graph import UNKNOWN, Graph, declare

ENVIRONMENT = "aws:mwaa/environment:Environment"
ARN = f"arn:aws:airflow:eu-west-1:{ACCOUNT}:environment/acme-dev"


def airflow(preview: bool = False, **more: Any) -> Graph[AirflowEnvironment]:
    args: Any = {**SHORTEST["AirflowEnvironment"], **more}
    return declare(lambda: AirflowEnvironment("airflow", args), preview=preview)


def statements(graph: Graph[Any], name: str) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = graph.named(name, "aws:iam/rolePolicy:RolePolicy").document("policy")["Statement"]
    return found


def test_is_private_and_encrypted(preview: bool) -> None:
    inputs = airflow(preview).one(ENVIRONMENT).inputs
    assert inputs["webserverAccessMode"] == "PRIVATE_ONLY"
    assert inputs["endpointManagement"] == "SERVICE"
    assert inputs["kmsKey"] == KEY
    assert inputs["networkConfiguration"]["subnetIds"] == ["subnet-0a", "subnet-0b"]
    assert (inputs["airflowVersion"], inputs["environmentClass"]) == ("3.0.6", "mw1.small")
    assert (inputs["minWorkers"], inputs["maxWorkers"]) == (1, 2)
    assert inputs["schedulers"] == inputs["minWebservers"] == inputs["maxWebservers"] == 2
    assert inputs["workerReplacementStrategy"] == "GRACEFUL"
    assert inputs["weeklyMaintenanceWindowStart"] == "SUN:03:30"
    assert inputs["airflowConfigurationOptions"]["core.load_examples"] == "False"


def test_the_smallest_class_has_one_of_each() -> None:
    inputs = airflow(environment_class="mw1.micro", max_workers=1).one(ENVIRONMENT).inputs
    assert {inputs[key] for key in ("schedulers", "minWebservers", "maxWebservers", "maxWorkers")} == {1}


def test_logs_have_a_key_and_an_end_before_anything_writes(preview: bool) -> None:
    graph = airflow(preview, log_days=90)
    groups = graph.all("aws:cloudwatch/logGroup:LogGroup")
    assert [group.inputs["name"] for group in groups] == [
        f"airflow-acme-dev-{part}" for part in ("DAGProcessing", "Scheduler", "Task", "WebServer", "Worker")
    ]
    environment = graph.one(ENVIRONMENT)
    for group in groups:
        assert (group.inputs["retentionInDays"], group.inputs["kmsKeyId"]) == (90, KEY)
        assert graph.waits_for(environment, group)
    assert all(part["enabled"] for part in environment.inputs["loggingConfiguration"].values())


def test_its_bucket_keeps_versions_and_is_private(preview: bool) -> None:
    graph = airflow(preview)
    environment = graph.one(ENVIRONMENT)
    assert environment.inputs["dagS3Path"] == "dags"
    assert environment.inputs["sourceBucketArn"] == (UNKNOWN if preview else "arn:aws:s3:::acme-dev-airflow")
    versioning = graph.one("aws:s3/bucketVersioning:BucketVersioning")
    assert versioning.inputs["versioningConfiguration"] == {"status": "Enabled"}
    assert graph.waits_for(environment, versioning)
    assert len(graph.all("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock")) == 2
    encryption = graph.named(
        "airflow-bucket", "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    )
    assert encryption.inputs["rules"][0]["applyServerSideEncryptionByDefault"]["kmsMasterKeyId"] == KEY


def test_packages_come_by_the_version_of_their_file(preview: bool) -> None:
    graph = airflow(preview, requirements=["pandas==2.3.3", "pyarrow==22.0.0"])
    packages = graph.one("aws:s3/bucketObjectv2:BucketObjectv2")
    assert (packages.inputs["key"], packages.inputs["content"]) == (
        "requirements.txt",
        "pandas==2.3.3\npyarrow==22.0.0\n",
    )
    inputs = graph.one(ENVIRONMENT).inputs
    assert inputs["requirementsS3Path"] == "requirements.txt"
    version = inputs["requirementsS3ObjectVersion"]
    assert version == UNKNOWN if preview else len(version) == 32
    assert graph.waits_for(packages, graph.one("aws:s3/bucketVersioning:BucketVersioning"))
    assert "requirementsS3Path" not in airflow().one(ENVIRONMENT).inputs


def test_only_its_own_parts_and_those_named_reach_it(preview: bool) -> None:
    group = airflow(preview).one("aws:ec2/securityGroup:SecurityGroup").inputs
    assert [rule.get("self") for rule in group["ingress"]] == [True]
    assert [(rule.get("self", False), rule.get("fromPort")) for rule in group["egress"]] == [(True, 0), (False, 443)]
    opened = airflow(preview, client_security_group_ids=["sg-0b"]).one("aws:ec2/securityGroup:SecurityGroup").inputs
    assert opened["ingress"][1]["securityGroups"] == ["sg-0b"]
    assert (opened["ingress"][1]["fromPort"], opened["ingress"][1]["toPort"]) == (443, 443)


def test_the_role_is_for_this_account_only() -> None:
    graph = airflow()
    [statement] = graph.one("aws:iam/role:Role").document("assumeRolePolicy")["Statement"]
    assert statement["Principal"]["Service"] == ["airflow-env.amazonaws.com", "airflow.amazonaws.com"]
    assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
    environment = graph.one(ENVIRONMENT)
    for policy in graph.all("aws:iam/rolePolicy:RolePolicy"):
        assert graph.waits_for(environment, policy)


def test_what_the_service_may(preview: bool) -> None:
    graph = airflow()
    allowed = {action: each for each in statements(graph, "airflow-service") for action in each["Action"]}
    assert allowed["airflow:PublishMetrics"]["Resource"] == [ARN]
    assert allowed["logs:PutLogEvents"]["Resource"] == [
        f"arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:airflow-acme-dev-*"
    ]
    assert "logs:CreateLogGroup" not in allowed
    assert allowed["cloudwatch:PutMetricData"]["Condition"] == {"StringEquals": {"cloudwatch:namespace": "AmazonMWAA"}}
    assert allowed["kms:Decrypt"]["Resource"] == [KEY]
    everywhere = {action for action, each in allowed.items() if each["Resource"] == ["*"]}
    assert everywhere == {"cloudwatch:PutMetricData", "logs:DescribeLogGroups", "s3:GetAccountPublicAccessBlock"}


def test_its_dags_start_the_jobs_of_this_environment_only() -> None:
    allowed = {action: each for each in statements(airflow(), "airflow-jobs") for action in each["Action"]}
    assert allowed["batch:SubmitJob"]["Resource"] == [
        f"arn:aws:batch:eu-west-1:{ACCOUNT}:job-definition/acme-dev-retrain-*",
        f"arn:aws:batch:eu-west-1:{ACCOUNT}:job-queue/acme-dev-retraining-on-demand",
    ]
    assert allowed["batch:TerminateJob"]["Resource"] == [f"arn:aws:batch:eu-west-1:{ACCOUNT}:job/*"]
    assert allowed["batch:DescribeJobs"]["Resource"] == ["*"]


def test_outputs() -> None:
    found = airflow().outputs("airflow")
    assert found["environmentName"] == "acme-dev"
    assert found["environmentArn"] == ARN
    assert found["bucketName"] == "acme-dev-airflow"


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"environment_name": "1st"}, "environment_name: accepted: 1 to 80 of a-z, A-Z, 0-9, - and _"),
        ({"bucket_name": "Acme"}, "bucket_name: accepted: a bucket's name: "),
        ({"key_arn": KEY.replace("key/", "key/mrk-")}, "key_arn: accepted: a key of one Region only"),
        ({"logs_key_arn": None}, "logs_key_arn: accepted: a KMS key's ARN: received: None"),
        ({"subnet_ids": ["subnet-0a"]}, "subnet_ids: accepted: ids of two private subnets, in two zones: "),
        ({"job_queue_arns": []}, "job_queue_arns: accepted: ARNs of Batch job queues, at least one: received: []"),
        ({"job_name_prefix": "Acme"}, "job_name_prefix: accepted: 2 to 60 of a-z, 0-9 and -"),
        ({"airflow_version": "2.7.2"}, "airflow_version: accepted: one of 2.10.1, 2.10.3, 2.11.0, 3.0.6"),
        ({"environment_class": "m5"}, "environment_class: accepted: one of mw1.micro, "),
        ({"environment_class": "mw1.micro", "max_workers": 2}, "max_workers: accepted: a whole number from 1 to 1"),
        ({"min_workers": 3}, "min_workers: accepted: a whole number from 1 to 2: received: 3"),
        ({"configuration": {"Core": "1"}}, "configuration: accepted: options of Airflow such as core.parallelism"),
        ({"requirements": "pandas"}, "requirements: accepted: a list of text: received: 'pandas'"),
        ({"maintenance_window_start": "SUN:03:15"}, "maintenance_window_start: accepted: a weekly time in UTC"),
        ({"log_days": 2}, "log_days: accepted: one of 1, 3, 5, 7, "),
        ({"deletion_protection": "no"}, "deletion_protection: accepted: true or false: received: 'no'"),
    ],
)
def test_wrong_arguments(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as refused:
        airflow(**wrong)
    assert message in str(refused.value)
