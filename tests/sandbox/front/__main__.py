"""Gateway, online store and database on a platform of their own, with a workload that uses all of them."""

import pulumi
import pulumi_aws as aws
import slipway
from slipway.security import DataClass, Principal

ADMIN = "arn:aws:iam::123456789012:role/platform-admin"
ZONES = ["eu-west-1a", "eu-west-1b"]

keys = slipway.DataKeys("keys", {"alias_prefix": "front", "deletion_window_days": 7, "deletion_protection": False})
network = slipway.Network(
    "network",
    {
        "cidr_block": "10.30.0.0/16",
        "zones": ZONES,
        "nat": slipway.serving.Nat.NONE,
        "logs_key_arn": keys.key_arns["logs"],
    },
)
cluster = slipway.ServingCluster(
    "cluster",
    {
        "cluster_name": "front",
        "region": "eu-west-1",
        "vpc_id": network.vpc_id,
        "control_plane_subnet_ids": network.intra_subnet_ids,
        "node_subnet_ids": network.private_subnet_ids,
        "cluster_key_arn": keys.key_arns["cluster"],
        "logs_key_arn": keys.key_arns["logs"],
        "admin_role_arns": [ADMIN],
        "deletion_protection": False,
    },
)
zone = aws.route53.Zone("zone", name="ml.example.com")
gateway = slipway.Gateway(
    "gateway",
    {
        "vpc_id": network.vpc_id,
        "public_subnet_ids": network.public_subnet_ids,
        "public_subnet_cidr_blocks": network.public_subnet_cidr_blocks,
        "cluster_security_group_id": cluster.cluster_security_group_id,
        "domain": "ml.example.com",
        "access_log_bucket_name": "front-access-logs",
        "logs_key_arn": keys.key_arns["logs"],
        "zone_id": zone.zone_id,
        "cognito_domain_prefix": "front-models",
        "deletion_protection": False,
    },
    pulumi.ResourceOptions(providers=[cluster.kubernetes]),
)
features = slipway.OnlineStore(
    "features",
    {
        "table_name": "front-features",
        "data_class": DataClass.PERSONAL,
        "key_arn": keys.key_arns["personal"],
        "hash_key": "passenger",
        "range_key": "hour",
        "ttl_attribute": "expires",
        "stream_view_type": slipway.serving.StreamViewType.NEW_IMAGE,
        "max_read_request_units": 1000,
        "deletion_protection": False,
    },
)
airports = slipway.OnlineStore(
    "airports",
    {
        "table_name": "front-airports",
        "data_class": DataClass.MODELS,
        "key_arn": keys.key_arns["models"],
        "hash_key": "airport",
        "contributor_insights": True,
        "deletion_protection": False,
    },
)
database = slipway.ServiceDatabase(
    "main",
    {
        "cluster_identifier": "front-main",
        "data_class": DataClass.PERSONAL,
        "key_arn": keys.key_arns["personal"],
        "logs_key_arn": keys.key_arns["logs"],
        "vpc_id": network.vpc_id,
        "subnet_ids": network.intra_subnet_ids,
        "zones": ZONES,
        "allowed_security_group_ids": [cluster.cluster_security_group_id],
        "min_acu": 0,
        "final_snapshot": False,
        "deletion_protection": False,
    },
)
slipway.WorkloadIdentity(
    "model",
    {
        "principal": Principal.POD,
        "cluster_name": cluster.cluster_name,
        "namespace": "models",
        "service_account": "flight-delay",
        "reads": [features.table_arn, features.stream_arn, airports.table_arn],
        "writes": [features.table_arn],
        "uses": [database.connect_arn, keys.key_arns["personal"], keys.key_arns["models"]],
    },
)
pulumi.export("environment", database.environment)
pulumi.export("issuer", gateway.issuer)
