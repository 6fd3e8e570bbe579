"""MLflow as SageMaker runs it."""

import pulumi
import pulumi_aws as aws

from slipway import _tags
from slipway.models._registry_settings import Managed
from slipway.security import DataClass
from slipway.security import _policies as identities


def app(
    name: str,
    settings: Managed,
    artifact_arn: pulumi.Output[str],
    destination: pulumi.Output[str],
    permissions_boundary_arn: pulumi.Input[str] | None,
    tags: _tags.Tags | None,
    parent: pulumi.Resource,
) -> aws.sagemaker.MlflowApp:
    """The App and its role, which reads and writes ``artifact_arn`` and nothing else.

    It is not the account's default App, and registers no model packages: the registry is MLflow's, and what a release
    is stands in its record.
    """
    child = pulumi.ResourceOptions(parent=parent)
    role = aws.iam.Role(
        f"{name}-app",
        # Without a condition: SageMaker is not documented to say for which account it runs an App.
        assume_role_policy=identities.service_trust("sagemaker.amazonaws.com", None),
        permissions_boundary=permissions_boundary_arn,
        tags=tags,
        opts=child,
    )
    access = aws.iam.RolePolicy(
        f"{name}-app",
        role=role.name,
        policy=pulumi.Output.all(artifact_arn, settings.key_arn).apply(
            lambda known: identities.access([known[0]], [known[0]], [known[1]])
        ),
        opts=child,
    )
    return aws.sagemaker.MlflowApp(
        f"{name}-app",
        name=settings.name,
        artifact_store_uri=destination,
        role_arn=role.arn,
        account_default_status="DISABLED",
        model_registration_mode="AutoModelRegistrationDisabled",
        weekly_maintenance_window_start=settings.maintenance_window,
        tags=_tags.classified(tags, DataClass.MODELS),
        opts=pulumi.ResourceOptions(parent=parent, protect=settings.deletion_protection, depends_on=[access]),
    )
