"""The registry of runs and model versions: MLflow."""

from typing import NotRequired, TypedDict

import pulumi

from slipway import _check
from slipway.models import _registry_settings as settings
from slipway.models._registry_settings import Backend as Backend


class ModelRegistryArgs(TypedDict):
    """Inputs of ``ModelRegistry``."""

    registry_name: str
    """Name of the MLflow App, or of the objects in the cluster."""
    backend: Backend
    """Who runs MLflow: ``managed``, or ``self_hosted`` where every store must have the customer's key."""
    artifact_bucket_arn: pulumi.Input[str]
    """Bucket of the artifacts: versioned, such as a ``ModelBucket``."""
    artifact_prefix: NotRequired[str]
    """Where in the bucket the artifacts are. Default: ``mlflow``."""
    key_arn: NotRequired[pulumi.Input[str]]
    """Managed: KMS key of the bucket. Required there."""
    maintenance_window: NotRequired[str]
    """Managed: weekly time of maintenance, in UTC, such as ``Sun:03:00``. Default: one that AWS chooses."""
    permissions_boundary_arn: NotRequired[pulumi.Input[str]]
    """Managed: policy that bounds what the App's role can ever do. Default: no boundary."""
    deletion_protection: NotRequired[bool]
    """Managed: guards the App against deletion; with it the registry is lost. Default: true."""
    tags: NotRequired[pulumi.Input[dict[str, pulumi.Input[str]]]]
    """Managed: tags added to the provider's default tags. Default: no extra tags."""
    image: NotRequired[pulumi.Input[str]]
    """Self-hosted: MLflow's official image by digest, its ``-full`` variant of the version that slipway pins. This and
    the next one are required there."""
    namespace: NotRequired[pulumi.Input[str]]
    """Self-hosted: namespace, which exists. With ``hostname`` the gateway must take routes of it."""
    service_account: NotRequired[str]
    """Self-hosted: service account of the server, made here, as is another with ``-collection`` added for the garbage
    collection. Their identities read and write ``artifact_arn``, use its key and log in to the database; only the
    second one deletes. Default: ``registry_name``."""
    region: NotRequired[pulumi.Input[str]]
    """Self-hosted: AWS region of bucket and database. Default: what the pods' environment says."""
    replicas: NotRequired[int]
    """Self-hosted: servers. Default: 2, so that one may go."""
    cpu: NotRequired[str]
    """Self-hosted: CPU that a server requests. Default: ``500m``."""
    memory: NotRequired[str]
    """Self-hosted: memory that a server requests and may use. Default: ``2Gi``."""
    database_environment: NotRequired[pulumi.Input[dict[str, pulumi.Input[str]]]]
    """Self-hosted: ``environment`` of a ``ServiceDatabase``, whose user may create tables; pods log in by IAM. With the
    next two, or ``database_secret_name`` instead."""
    database_ca_bundle: NotRequired[pulumi.Input[str]]
    """Self-hosted: certificates, in PEM, that the database is checked with: AWS's global bundle for RDS."""
    login_image: NotRequired[pulumi.Input[str]]
    """Self-hosted: slipway's operations image, by digest; it makes the database's passwords."""
    database_secret_name: NotRequired[str]
    """Self-hosted: Secret whose ``uri`` is the address of a PostgreSQL database, with its password."""
    database_cidr_blocks: NotRequired[list[str]]
    """Self-hosted: networks of the database. Required there."""
    database_port: NotRequired[int]
    """Self-hosted: port of the database. Default: 5432."""
    cluster_internal: NotRequired[bool]
    """Self-hosted: whether it is reached from within the cluster only, by pods of ``client_namespaces`` and without a
    token. Default: no, and ``hostname`` is needed."""
    client_namespaces: NotRequired[list[str]]
    """Self-hosted, with ``cluster_internal``: namespaces whose pods may call."""
    hostname: NotRequired[str]
    """Self-hosted: host name at the gateway, such as ``mlflow.ml.example.com``; callers show a token."""
    gateway_name: NotRequired[pulumi.Input[str]]
    """Gateway that the route attaches to. Default: ``models``."""
    gateway_namespace: NotRequired[str]
    """Namespace of the gateway and of its proxies. Default: ``gateway``."""
    jwt_issuer: NotRequired[pulumi.Input[str]]
    """Issuer of the tokens that callers show. Required with ``hostname``, as is the next one."""
    jwt_jwks_uri: NotRequired[pulumi.Input[str]]
    """Where the issuer publishes its keys."""
    jwt_audiences: NotRequired[pulumi.Input[list[pulumi.Input[str]]]]
    """Audiences, one of which a token must be for; these or ``jwt_scopes`` are required. Default: any."""
    jwt_claims: NotRequired[dict[str, list[str]]]
    """Claims that a token must have, each with the accepted values. Default: any token of the audiences."""
    jwt_scopes: NotRequired[pulumi.Input[list[pulumi.Input[str]]]]
    """Scopes that a token must have, all of them. Default: none."""
    request_timeout_seconds: NotRequired[int]
    """How long a request at the gateway, an upload of an artifact too, may take. Default: 300."""
    gc_schedule: NotRequired[str]
    """Self-hosted: when what was deleted is removed for good, as cron in UTC. Default: ``30 3 * * *``."""
    gc_after_days: NotRequired[int]
    """Self-hosted: days that a deleted run can be brought back before. Default: 30."""


class ModelRegistry(pulumi.ComponentResource):
    """MLflow's tracking server and model registry, as a SageMaker MLflow App or in a cluster. Stateful.

    The App's metadata has no key of the customer's, nor a backup that one could take; self-hosted it is as safe as the
    database, whose backups are the registry's, and a new version of MLflow migrates the database before it starts: take
    a snapshot first. Artifacts are in the bucket, whose versions outlive a deletion. What a release is does not depend
    on any of it: its record is elsewhere. Self-hosted needs a Kubernetes provider in ``opts``, managed the AWS one.
    """

    tracking_uri: pulumi.Output[str]
    """What clients set as ``MLFLOW_TRACKING_URI``: the App's ARN, for which they need the package ``sagemaker-mlflow``,
    or an address."""
    artifact_bucket: pulumi.Output[str]
    """Name of the bucket of the artifacts."""
    artifact_prefix: pulumi.Output[str]
    """Where in the bucket they are."""
    artifact_arn: pulumi.Output[str]
    """ARN of the artifacts, for the identities of a self-hosted server."""
    client_arns: pulumi.Output[list[str]]
    """ARNs that a client's identity declares in ``uses``; none where a token lets it in."""
    client_artifact_arns: pulumi.Output[list[str]]
    """ARNs that a client's identity declares in ``reads`` and ``writes``; none where they go through the server."""

    def __init__(self, name: str, args: ModelRegistryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:index:ModelRegistry", name, dict(args), opts)
        _check.known(args, ModelRegistryArgs.__annotations__)
        backend = settings.backend_of(args)
        bucket_arn = _check.given(args, "artifact_bucket_arn", *_check.A_BUCKET)
        prefix = settings.prefix_of(args)
        known: pulumi.Output[str] = pulumi.Output.from_input(bucket_arn)
        artifact_arn = known.apply(lambda arn: settings.artifacts(arn, prefix))
        bucket = artifact_arn.apply(lambda arn: arn.split(":::")[1].split("/")[0])
        destination = pulumi.Output.concat("s3://", bucket, f"/{prefix}")
        nothing = pulumi.Output.from_input(list[str]())

        if backend is Backend.MANAGED:
            from slipway.models import _managed  # a cluster's registry pays for no AWS SDK, and the other way round

            boundary = args.get("permissions_boundary_arn")
            managed = settings.managed(args)
            app = _managed.app(name, managed, artifact_arn, destination, boundary, args.get("tags"), self)
            self.tracking_uri = app.arn
            self.client_arns = app.arn.apply(lambda arn: [arn])
            self.client_artifact_arns = artifact_arn.apply(lambda arn: [arn])
        else:
            from slipway.models._self_hosted import SelfHosted

            server = settings.self_hosted(args)
            self.tracking_uri = SelfHosted(name, server, args, self).declare(destination)
            self.client_arns = self.client_artifact_arns = nothing

        self.artifact_bucket = bucket
        self.artifact_prefix = pulumi.Output.from_input(prefix)
        self.artifact_arn = artifact_arn
        self.register_outputs(
            {
                "trackingUri": self.tracking_uri,
                "artifactBucket": self.artifact_bucket,
                "artifactPrefix": self.artifact_prefix,
                "artifactArn": self.artifact_arn,
                "clientArns": self.client_arns,
                "clientArtifactArns": self.client_artifact_arns,
            }
        )
