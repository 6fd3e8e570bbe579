"""The model registry with either backend: what both say, and what each refuses of the other."""

from typing import Any

import pulumi
import pytest
from slipway.models import Backend, ModelRegistry

from tests.components.callers import ACCOUNT, KEY
from tests.components.graph import UNKNOWN, Graph, declare
from tests.components.models.registry import BUCKET, IN_CLUSTER, MANAGED, registry

APP = "aws:sagemaker/mlflowApp:MlflowApp"
ARTIFACTS = f"{BUCKET}/mlflow/*"


def test_an_app_whose_role_reaches_the_artifacts_only(preview: bool) -> None:
    graph = registry(preview, **MANAGED, tags={"team": "ml"}, maintenance_window="Sun:03:00")

    assert graph.types() == {APP: 1, "aws:iam/role:Role": 1, "aws:iam/rolePolicy:RolePolicy": 1}
    app, role = graph.one(APP), graph.one("aws:iam/role:Role")
    assert app.protect
    assert app.inputs == {
        "name": "acme-prod",
        "artifactStoreUri": "s3://acme-prod-models/mlflow",
        "roleArn": UNKNOWN if preview else role.outputs["arn"],
        "accountDefaultStatus": "DISABLED",
        "modelRegistrationMode": "AutoModelRegistrationDisabled",
        "weeklyMaintenanceWindowStart": "Sun:03:00",
        "tags": {"team": "ml", "data-class": "models"},
    }
    assert role.document("assumeRolePolicy")["Statement"][0]["Principal"] == {"Service": "sagemaker.amazonaws.com"}
    policy = graph.one("aws:iam/rolePolicy:RolePolicy")
    assert graph.waits_for(app, policy)
    allowed = {
        action: statement for statement in policy.document("policy")["Statement"] for action in statement["Action"]
    }
    assert sorted(allowed) == [
        *("kms:Decrypt", "kms:GenerateDataKey"),
        *("s3:AbortMultipartUpload", "s3:GetObject", "s3:GetObjectVersion", "s3:ListBucket"),
        *("s3:ListMultipartUploadParts", "s3:PutObject"),
    ]
    assert allowed["s3:GetObject"]["Resource"] == allowed["s3:PutObject"]["Resource"] == [ARTIFACTS]
    assert allowed["s3:ListBucket"]["Condition"] == {"StringLike": {"s3:prefix": ["mlflow/*"]}}
    assert allowed["kms:Decrypt"]["Resource"] == [KEY]


def test_an_app_may_be_bounded_and_unprotected(preview: bool) -> None:
    boundary = f"arn:aws:iam::{ACCOUNT}:policy/boundary"
    graph = registry(preview, **MANAGED, deletion_protection=False, permissions_boundary_arn=boundary)

    assert not graph.one(APP).protect
    assert graph.one("aws:iam/role:Role").inputs["permissionsBoundary"] == boundary
    assert "weeklyMaintenanceWindowStart" not in graph.one(APP).inputs


def test_what_clients_of_an_app_declare(preview: bool) -> None:
    graph = registry(preview, **MANAGED)
    arn = UNKNOWN if preview else graph.one(APP).outputs["arn"]

    assert graph.outputs("registry") == {
        "trackingUri": arn,
        "artifactBucket": "acme-prod-models",
        "artifactPrefix": "mlflow",
        "artifactArn": ARTIFACTS,
        "clientArns": UNKNOWN if preview else [arn],
        "clientArtifactArns": [ARTIFACTS],
    }


def test_clients_of_one_in_a_cluster_need_no_rights(preview: bool) -> None:
    assert registry(preview, **IN_CLUSTER, artifact_prefix="runs/mlflow").outputs("registry") == {
        "trackingUri": "https://mlflow.ml.example.com",
        "artifactBucket": "acme-prod-models",
        "artifactPrefix": "runs/mlflow",
        "artifactArn": f"{BUCKET}/runs/mlflow/*",
        "clientArns": [],
        "clientArtifactArns": [],
    }


def test_a_bucket_that_is_known_later(preview: bool) -> None:
    def build() -> ModelRegistry:
        args: Any = {**MANAGED, "artifact_bucket_arn": pulumi.Output.from_input(BUCKET)}
        return ModelRegistry("registry", args)

    graph: Graph[ModelRegistry] = declare(build, preview=preview)
    assert graph.outputs("registry")["artifactArn"] == ARTIFACTS


def test_a_wrong_bucket_that_becomes_known_later_is_refused() -> None:
    def build() -> ModelRegistry:
        args: Any = {**MANAGED, "artifact_bucket_arn": pulumi.Output.from_input("acme")}
        return ModelRegistry("registry", args)

    with pytest.raises(ValueError, match=r"artifact_bucket_arn: accepted: a bucket's ARN: .*: received: 'acme'"):
        declare(build)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"backend": None}, "backend: accepted: one of managed, self_hosted: received: None"),
        ({"backend": "mlflow"}, "backend: accepted: one of managed, self_hosted: received: 'mlflow'"),
        ({"registry_name": "-a"}, "registry_name: accepted: an MLflow App's name"),
        ({"artifact_bucket_arn": None}, "artifact_bucket_arn: accepted: a bucket's ARN"),
        ({"artifact_bucket_arn": "acme"}, "artifact_bucket_arn: accepted: a bucket's ARN"),
        ({"artifact_prefix": "mlflow/"}, "artifact_prefix: accepted: a prefix such as mlflow"),
        ({"artifact_prefix": ""}, "artifact_prefix: accepted: a prefix such as mlflow"),
        ({"artifact_prefix": "*"}, "artifact_prefix: accepted: a prefix such as mlflow"),
        ({"key_arn": None}, "key_arn: accepted: a KMS key's ARN: received: None"),
        ({"maintenance_window": "03:00"}, "maintenance_window: accepted: a weekly time in UTC"),
        ({"permissions_boundary_arn": "x"}, "permissions_boundary_arn: accepted: a managed policy's ARN"),
        ({"deletion_protection": "no"}, "deletion_protection: accepted: true or false: received: 'no'"),
        ({"hostname": "a.b"}, "hostname: accepted: nothing, because backend is managed: received: 'a.b'"),
        ({"image": "x"}, "image: accepted: nothing, because backend is managed"),
        ({"database_port": 1}, "database_port: accepted: nothing, because backend is managed"),
        ({"gc_after_days": 1}, "gc_after_days: accepted: nothing, because backend is managed"),
    ],
)
def test_managed_refuses(args: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        registry(**{**MANAGED, **args})


SECRET = {"database_environment": None, "database_ca_bundle": None, "login_image": None}
INSIDE = dict.fromkeys(("hostname", "jwt_issuer", "jwt_jwks_uri", "jwt_audiences"))


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"registry_name": "Acme"}, "registry_name: accepted: 1 to 63 of a-z"),
        ({"image": None}, "image: accepted: an image by digest"),
        ({"image": "mlflow:v3"}, "image: accepted: an image by digest"),
        ({"namespace": None}, "namespace: accepted: 1 to 63"),
        ({"service_account": "A"}, "service_account: accepted: 1 to 63"),
        ({"replicas": 0}, "replicas: accepted: a whole number from 1 to 10: received: 0"),
        ({"cpu": "x"}, "cpu: accepted: CPUs such as 500m or 2"),
        ({"memory": "2"}, "memory: accepted: memory such as 512Mi or 4Gi"),
        ({"login_image": "ops:1"}, "login_image: accepted: an image by digest"),
        ({"login_image": None}, "database_environment and database_ca_bundle and login_image: accepted: all of them"),
        ({"database_environment": {"PGHOST": "db"}}, "database_environment: accepted: libpq's variables, PGPORT too"),
        ({"database_ca_bundle": "x"}, "database_ca_bundle: accepted: certificates in PEM"),
        ({"database_secret_name": "db"}, "database: accepted: either database_environment.*: received: 'both'"),
        (SECRET, "database: accepted: either database_environment.*: received: 'neither'"),
        ({**SECRET, "database_secret_name": "A"}, "database_secret_name: accepted: 1 to 63"),
        ({"database_cidr_blocks": None}, "database_cidr_blocks: accepted: a list of text: received: None"),
        ({"database_cidr_blocks": []}, "database_cidr_blocks: accepted: at least 1 entry"),
        ({"database_cidr_blocks": ["0.0.0.0/0"]}, "accepted: a network such as 10.0.16.0/24, not all of them"),
        ({"database_port": 0}, "database_port: accepted: a whole number from 1 to 65535: received: 0"),
        (INSIDE, "hostname: accepted: a host name at the gateway, or cluster_internal: true: received: None"),
        ({"cluster_internal": True}, "cluster_internal: accepted: false, because hostname is given"),
        ({"client_namespaces": ["a"]}, "client_namespaces: accepted: only with cluster_internal: true"),
        ({**INSIDE, "cluster_internal": True}, "client_namespaces: accepted: a list of text: received: None"),
        ({**INSIDE, "cluster_internal": True, "client_namespaces": []}, "client_namespaces: accepted: at least 1"),
        (
            {**INSIDE, "cluster_internal": True, "client_namespaces": ["a"], "jwt_issuer": "https://i"},
            "jwt_issuer: accepted: only with hostname",
        ),
        ({"jwt_issuer": None}, "jwt_issuer: accepted: a value, because hostname is given"),
        ({"jwt_audiences": None}, "jwt_audiences: accepted: audiences, or jwt_scopes"),
        ({"allow_unauthenticated": True}, "allow_unauthenticated: accepted: no such argument"),
        ({"hostname": "mlflow"}, "hostname: accepted: a host name such as"),
        ({"request_timeout_seconds": 0}, "request_timeout_seconds: accepted: a whole number from 1 to 3600"),
        ({"gc_schedule": "daily"}, "gc_schedule: accepted: a cron expression of five fields"),
        ({"gc_after_days": 0}, "gc_after_days: accepted: 1 to 3653 days: received: 0"),
        ({"key_arn": KEY}, "key_arn: accepted: nothing, because backend is self_hosted"),
        ({"tags": {}}, "tags: accepted: nothing, because backend is self_hosted"),
        ({"deletion_protection": True}, "deletion_protection: accepted: nothing, because backend is self_hosted"),
    ],
)
def test_self_hosted_refuses(args: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        registry(**{**IN_CLUSTER, **args})


def test_the_backends() -> None:
    assert [str(one) for one in Backend] == ["managed", "self_hosted"]
