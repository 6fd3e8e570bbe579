"""The registry's shortest calls with either backend."""

from typing import Any

from slipway.models import ModelRegistry

from tests.components.callers import DIGEST, KEY
from tests.components.graph import Graph, declare

BUCKET = "arn:aws:s3:::acme-prod-models"
MANAGED: dict[str, Any] = {
    "registry_name": "acme-prod",
    "backend": "managed",
    "artifact_bucket_arn": BUCKET,
    "key_arn": KEY,
}
DATABASE = {
    "PGHOST": "acme.cluster-1.eu-west-1.rds.amazonaws.com",
    "PGPORT": "5432",
    "PGDATABASE": "models",
    "PGUSER": "service",
    "PGSSLMODE": "verify-full",
    "PGSSLROOTCERT": "/etc/ssl/certs/rds-global-bundle.pem",
}
IN_CLUSTER: dict[str, Any] = {
    "registry_name": "mlflow",
    "backend": "self_hosted",
    "artifact_bucket_arn": BUCKET,
    "image": f"acme/mlflow@{DIGEST}",
    "namespace": "registry",
    "database_environment": DATABASE,
    "database_ca_bundle": "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
    "login_image": f"acme/slipway-ops@{DIGEST}",
    "database_cidr_blocks": ["10.0.16.0/24", "10.0.17.0/24"],
    "hostname": "mlflow.ml.example.com",
    "jwt_issuer": "https://idp.example.com",
    "jwt_jwks_uri": "https://idp.example.com/jwks.json",
    "jwt_audiences": ["mlflow"],
}


def registry(preview: bool = False, **args: Any) -> Graph[ModelRegistry]:
    """The graph of a registry with ``args``, of which those that are None are left out."""
    given: Any = {name: value for name, value in args.items() if value is not None}
    return declare(lambda: ModelRegistry("registry", given), preview=preview)
