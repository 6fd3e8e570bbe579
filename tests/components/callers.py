"""The shortest call of each component: what it cannot do without. A new component adds its own here."""

from typing import Any

ACCOUNT = "123456789012"
KEY = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555"
DIGEST = "sha256:" + "0" * 64

SHORTEST: dict[str, dict[str, Any]] = {
    "DataKeys": {"alias_prefix": "acme-dev"},
    "WorkloadIdentity": {
        "principal": "pod",
        "cluster_name": "acme-dev",
        "namespace": "models",
        "service_account": "flight-delay",
        "reads": ["arn:aws:s3:::acme-dev-models/artifacts/flight-delay/*"],
    },
    "ContainerRegistry": {"repositories": ["acme-dev/flight-delay"], "key_arn": KEY, "dev_tag_days": 14},
    "ImagePublisher": {
        "repository_arns": [f"arn:aws:ecr:eu-west-1:{ACCOUNT}:repository/acme-dev/flight-delay"],
        "oidc_provider_arn": f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com",
        "subjects": ["repo:acme/models:ref:refs/heads/main"],
    },
    "ModelBucket": {"bucket_name": "acme-dev-models", "key_arn": KEY, "keep_versions_days": 30},
    "DatasetStore": {
        "bucket_name": "acme-dev-datasets",
        "data_class": "models",
        "key_arn": KEY,
        "models": ["flight-delay"],
        "incoming_days": 30,
    },
    "ModelRegistry": {
        "registry_name": "acme-dev",
        "backend": "managed",
        "artifact_bucket_arn": "arn:aws:s3:::acme-dev-models",
        "key_arn": KEY,
    },
    "Network": {
        "cidr_block": "10.0.0.0/16",
        "zones": ["eu-west-1a", "eu-west-1b"],
        "nat": "single",
        "logs_key_arn": KEY,
        "flow_log_days": 30,
    },
    "ServingCluster": {
        "cluster_name": "acme-dev",
        "region": "eu-west-1",
        "vpc_id": "vpc-0a",
        "control_plane_subnet_ids": ["subnet-0a", "subnet-0b"],
        "node_subnet_ids": ["subnet-0c", "subnet-0d"],
        "cluster_key_arn": KEY,
        "logs_key_arn": KEY,
        "admin_role_arns": [f"arn:aws:iam::{ACCOUNT}:role/platform-admin"],
        "cpu_limit": 32,
    },
    "OnlineStore": {
        "table_name": "acme-dev-airports",
        "data_class": "models",
        "key_arn": KEY,
        "hash_key": "airport",
        "recovery_days": 7,
    },
    "ServiceDatabase": {
        "cluster_identifier": "acme-dev",
        "data_class": "personal",
        "key_arn": KEY,
        "logs_key_arn": KEY,
        "vpc_id": "vpc-0a",
        "subnet_ids": ["subnet-0a", "subnet-0b"],
        "zones": ["eu-west-1a"],
        "allowed_security_group_ids": ["sg-0a"],
    },
    "Gateway": {
        "vpc_id": "vpc-0a",
        "public_subnet_ids": ["subnet-0a", "subnet-0b"],
        "public_subnet_cidr_blocks": ["10.0.128.0/24", "10.0.144.0/24"],
        "cluster_security_group_id": "sg-0a",
        "domain": "ml.example.com",
        "access_log_bucket_name": "acme-dev-gateway-logs",
        "logs_key_arn": KEY,
        "zone_id": "Z0123456789ABCDEFGHIJ",
        "cognito_domain_prefix": "acme-dev",
        "max_replicas": 4,
    },
    "ModelService": {
        "model": "flight-delay",
        "release": "flight-delay-20260101-0a1b2c3d",
        "image": f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com/acme-dev/flight-delay@{DIGEST}",
        "artifact_uri": "s3://acme-dev-models/artifacts/flight-delay/0a1b",
        "artifact_version": "v1",
        "artifact_sha256": "0" * 64,
        "fetch_image": f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com/acme-dev/slipway-ops@{DIGEST}",
        "namespace": "models",
        "port": 8080,
    },
    "RequestAutoscaler": {"prometheus_port": 9090},
    "ProgressiveRollout": {
        "model": "flight-delay",
        "release": "flight-delay-20260101-0a1b2c3d",
        "namespace": "models",
        "pod_template": {
            "spec": {
                "containers": [
                    {"name": "server", "image": f"acme/it@{DIGEST}", "ports": [{"name": "http", "containerPort": 8080}]}
                ]
            }
        },
        "hostname": "flight-delay.ml.example.com",
        "jwt_issuer": "https://idp.example.com",
        "jwt_jwks_uri": "https://idp.example.com/jwks.json",
        "jwt_audiences": ["models"],
        "prometheus_address": "http://prometheus.monitoring.svc:9090",
        "rollout": {},
        "max_replicas": 4,
    },
    "RetrainingEnvironment": {
        "name_prefix": "acme-dev",
        "vpc_id": "vpc-0a",
        "subnet_ids": ["subnet-0a", "subnet-0b"],
        "key_arn": KEY,
        "logs_key_arn": KEY,
        "repository_arns": [f"arn:aws:ecr:eu-west-1:{ACCOUNT}:repository/acme-dev/*"],
        "max_vcpus": 16,
    },
    "RetrainingPipeline": {
        "model": "flight-delay",
        "environment": "dev",
        "name_prefix": "acme-dev",
        "region": "eu-west-1",
        "image": f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com/acme-dev/flight-delay@{DIGEST}",
        "repository": "acme-dev/flight-delay",
        "datasets_bucket_name": "acme-dev-datasets",
        "models_bucket_name": "acme-dev-models",
        "job_queue_arn": f"arn:aws:batch:eu-west-1:{ACCOUNT}:job-queue/acme-dev-retraining-on-demand",
        "execution_role_arn": f"arn:aws:iam::{ACCOUNT}:role/acme-dev-execution",
        "job_log_group_name": "/slipway/acme-dev-retraining",
        "machine_log_group_arn": (
            f"arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:/aws/vendedlogs/states/acme-dev-retraining"
        ),
        "lock_table_arn": f"arn:aws:dynamodb:eu-west-1:{ACCOUNT}:table/acme-dev-retraining",
        "event_bus_arn": f"arn:aws:events:eu-west-1:{ACCOUNT}:event-bus/acme-dev-retraining",
        "topic_arn": f"arn:aws:sns:eu-west-1:{ACCOUNT}:acme-dev-retraining",
        "dead_letter_queue_arn": f"arn:aws:sqs:eu-west-1:{ACCOUNT}:acme-dev-retraining-dead-letters",
        "key_arn": KEY,
        "monthly_ceiling_usd": 50,
    },
    "AirflowEnvironment": {
        "environment_name": "acme-dev",
        "bucket_name": "acme-dev-airflow",
        "key_arn": KEY,
        "logs_key_arn": KEY,
        "vpc_id": "vpc-0a",
        "subnet_ids": ["subnet-0a", "subnet-0b"],
        "job_queue_arns": [f"arn:aws:batch:eu-west-1:{ACCOUNT}:job-queue/acme-dev-retraining-on-demand"],
        "job_name_prefix": "acme-dev",
        "max_workers": 2,
    },
    "CandidateWorkflow": {
        "environment": "dev",
        "event_bus_arn": f"arn:aws:events:eu-west-1:{ACCOUNT}:event-bus/acme-dev-retraining",
        "dead_letter_queue_arn": f"arn:aws:sqs:eu-west-1:{ACCOUNT}:acme-dev-retraining-dead-letters",
        "topic_arn": f"arn:aws:sns:eu-west-1:{ACCOUNT}:acme-dev-retraining",
    },
    "RolloutController": {"plugin_image": f"acme/plugin@{DIGEST}"},
    "PromotionGate": {
        "image": f"acme/slipway-ops@{DIGEST}",
        "predictions": "s3://acme-dev-events/predictions",
        "labels": "s3://acme-dev-events/labels",
        "decisions": "s3://acme-dev-events/decisions",
    },
}
