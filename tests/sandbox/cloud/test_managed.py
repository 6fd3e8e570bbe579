"""MLflow Apps and Airflow environments exist as their APIs say; nothing runs in them."""

from typing import Any

import pytest

from tests.sandbox.cloud.helpers import ACCOUNT, Call, make_role, make_subnets, refused

REGION = "eu-west-1"


@pytest.fixture(scope="module")
def bucket(aws: Call) -> str:
    aws("s3").create_bucket(Bucket="managed", CreateBucketConfiguration={"LocationConstraint": REGION})
    aws("s3").put_bucket_versioning(Bucket="managed", VersioningConfiguration={"Status": "Enabled"})
    return "managed"


def test_mlflow_app(aws: Call) -> None:
    sagemaker, role = aws("sagemaker"), make_role(aws, "mlflow", "sagemaker.amazonaws.com")
    tags = [{"Key": "data-class", "Value": "models"}]
    given = {"ArtifactStoreUri": "s3://managed/mlflow", "RoleArn": role, "Tags": tags}
    arn = sagemaker.create_mlflow_app(Name="first", **given)["Arn"]
    app = sagemaker.describe_mlflow_app(Arn=arn)
    assert (app["Name"], app["Status"], app["AccountDefaultStatus"]) == ("first", "Created", "DISABLED")
    assert arn.startswith(f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:mlflow-app/app-")
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == tags
    url = sagemaker.create_presigned_mlflow_app_url(Arn=arn)["AuthorizedUrl"]
    assert url.startswith(f"https://{arn.rpartition('/')[2].lower()}.mlflow.sagemaker.{REGION}.app.aws/auth?authToken=")

    other = sagemaker.create_mlflow_app(Name="second", **given, AccountDefaultStatus="ENABLED")["Arn"]
    sagemaker.update_mlflow_app(Arn=arn, AccountDefaultStatus="ENABLED", ArtifactStoreUri="s3://managed/other")
    assert sagemaker.describe_mlflow_app(Arn=other)["AccountDefaultStatus"] == "DISABLED"
    assert sagemaker.describe_mlflow_app(Arn=arn)["ArtifactStoreUri"] == "s3://managed/other"
    names = [app["Name"] for app in sagemaker.list_mlflow_apps()["Summaries"]]
    assert [name for name in names if name in ("first", "second")] == ["first", "second"]
    assert [app["Name"] for app in sagemaker.list_mlflow_apps(AccountDefaultStatus="ENABLED")["Summaries"]] == ["first"]
    sagemaker.delete_mlflow_app(Arn=arn)
    with refused("ResourceNotFound"):
        sagemaker.describe_mlflow_app(Arn=arn)
    with refused("ValidationException", "does not exist or does not trust"):
        sagemaker.create_mlflow_app(Name="third", **given | {"RoleArn": make_role(aws, "no-mlflow")})


def test_airflow_environment(aws: Call, bucket: str) -> None:
    mwaa, role = aws("mwaa"), make_role(aws, "airflow", "airflow.amazonaws.com")
    _, subnets = make_subnets(aws)
    given: dict[str, Any] = {
        "ExecutionRoleArn": role,
        "SourceBucketArn": f"arn:aws:s3:::{bucket}",
        "DagS3Path": "dags",
        "NetworkConfiguration": {"SubnetIds": subnets, "SecurityGroupIds": ["sg-1"]},
        "LoggingConfiguration": {"TaskLogs": {"Enabled": True, "LogLevel": "WARNING"}},
        "EnvironmentClass": "mw1.micro",
        "Tags": {"data-class": "logs"},
    }
    arn = mwaa.create_environment(Name="flows", **given)["Arn"]
    found = mwaa.get_environment(Name="flows")["Environment"]
    assert (found["Arn"], found["Status"], found["AirflowVersion"]) == (arn, "AVAILABLE", "3.0.6")
    assert (found["Schedulers"], found["MaxWorkers"], found["WebserverAccessMode"]) == (1, 1, "PRIVATE_ONLY")
    logs = found["LoggingConfiguration"]
    group = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:airflow-flows-Task"
    assert logs["TaskLogs"] == {"Enabled": True, "LogLevel": "WARNING", "CloudWatchLogGroupArn": group}
    assert logs["WorkerLogs"] == {"Enabled": False, "LogLevel": "INFO"}

    mwaa.update_environment(Name="flows", MaxWorkers=4, NetworkConfiguration={"SecurityGroupIds": ["sg-2"]})
    found = mwaa.get_environment(Name="flows")["Environment"]
    assert found["MaxWorkers"] == 4
    assert found["NetworkConfiguration"] == {"SubnetIds": subnets, "SecurityGroupIds": ["sg-2"]}
    mwaa.tag_resource(ResourceArn=arn, Tags={"team": "a"})
    mwaa.untag_resource(ResourceArn=arn, tagKeys=["data-class"])
    assert mwaa.list_tags_for_resource(ResourceArn=arn)["Tags"] == {"team": "a"}
    assert mwaa.list_environments()["Environments"] == ["flows"]

    for changed, text in (
        ({"AirflowVersion": "3.3.2"}, "AirflowVersion: one of"),
        ({"EnvironmentClass": "mw1.nano"}, "EnvironmentClass: one of"),
        ({"SourceBucketArn": "arn:aws:s3:::nowhere"}, "does not keep versions"),
        ({"ExecutionRoleArn": role + "x"}, "does not exist"),
        (
            {"NetworkConfiguration": {"SubnetIds": [subnets[0]] * 2, "SecurityGroupIds": ["sg-1"]}},
            "two private subnets",
        ),
    ):
        with refused("ValidationException", text):
            mwaa.create_environment(Name="other", **given | changed)
    with refused("ValidationException", "already exists"):
        mwaa.create_environment(Name="flows", **given)
    mwaa.delete_environment(Name="flows")
    with refused("ResourceNotFoundException"):
        mwaa.get_environment(Name="flows")
