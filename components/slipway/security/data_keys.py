"""Encryption keys of an environment."""

from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from slipway import _check, _tags
from slipway.security import _policies_stores as policies
from slipway.security.data_class import DataClass


class DataKeysArgs(TypedDict):
    """Inputs of ``DataKeys``."""

    alias_prefix: str
    """Beginning of the alias of each key, such as ``acme-prod`` for ``alias/acme-prod-models``."""
    account_id: NotRequired[pulumi.Input[str]]
    """Account that the keys are for. Default: the provider's own."""
    region: NotRequired[pulumi.Input[str]]
    """Region of the services that may use the keys. Default: the provider's own."""
    administrator_arns: NotRequired[list[str]]
    """IAM roles that administer the keys, beside those that the account's IAM policies allow to. Default: none."""
    deletion_window_days: NotRequired[int]
    """Days in which a deletion can be cancelled, 7 to 30. Default: 30."""
    rotation_period_days: NotRequired[int]
    """Days between rotations, 90 to 2560; what was encrypted before stays readable. Default: 365."""
    multi_region: NotRequired[bool]
    """Makes keys that can be replicated into other regions; cannot change later. Default: false."""
    deletion_protection: NotRequired[bool]
    """Guards the keys against deletion; without them all data is lost. Default: true."""
    tags: NotRequired[pulumi.Input[dict[str, pulumi.Input[str]]]]
    """Tags added to the provider's default tags. Default: no extra tags."""


class DataKeys(pulumi.ComponentResource):
    """A KMS key with alias for each data class (models, personal, logs, cluster, backup). Stateful.

    A key's policy names the services through which the account's principals may use it; what a principal itself may do
    stays with its own IAM policy. Nobody may use a key directly.
    """

    key_arns: pulumi.Output[dict[str, str]]
    """ARN of the key of each data class, to encrypt stores of that class with."""
    alias_names: pulumi.Output[dict[str, str]]
    """Name of the alias of each data class, such as ``alias/acme-prod-models``, for people and the console."""

    def __init__(self, name: str, args: DataKeysArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:index:DataKeys", name, dict(args), opts)
        _check.known(args, DataKeysArgs.__annotations__)
        prefix = _check.matches(
            "alias_prefix",
            args.get("alias_prefix"),
            r"(?!aws/)[a-zA-Z0-9/_-]{1,200}",
            "1 to 200 of a-z, A-Z, 0-9, /, _ and -, not beginning with aws/",
        )
        administrators = _check.each("administrator_arns", args.get("administrator_arns", []), *_check.A_ROLE)
        window = _check.days("deletion_window_days", args.get("deletion_window_days", 30), 7, 30)
        rotation = _check.days("rotation_period_days", args.get("rotation_period_days", 365), 90, 2560)
        multi_region = _check.flag("multi_region", args.get("multi_region", False))
        protection = _check.flag("deletion_protection", args.get("deletion_protection", True))
        _check.plain("account_id", args.get("account_id"), *_check.AN_ACCOUNT)
        _check.plain("region", args.get("region"), *_check.A_REGION)

        here = pulumi.InvokeOutputOptions(parent=self)
        account, region = args.get("account_id"), args.get("region")
        place = pulumi.Output.all(
            aws.get_caller_identity_output(opts=here).account_id if account is None else account,
            aws.get_region_output(opts=here).region if region is None else region,
        )
        keys: dict[str, aws.kms.Key] = {}
        aliases: dict[str, aws.kms.Alias] = {}
        for data_class in DataClass:
            keys[data_class] = key = aws.kms.Key(
                f"{name}-{data_class}",
                description=f"{prefix}: data of class {data_class}",
                policy=_policy(data_class, place, administrators),
                enable_key_rotation=True,
                rotation_period_in_days=rotation,
                deletion_window_in_days=window,
                multi_region=multi_region,
                tags=_tags.classified(args.get("tags"), data_class),
                opts=pulumi.ResourceOptions(parent=self, protect=protection),
            )
            aliases[data_class] = aws.kms.Alias(
                f"{name}-{data_class}",
                name=f"alias/{prefix}-{data_class}",
                target_key_id=key.key_id,
                opts=pulumi.ResourceOptions(parent=self),
            )

        self.key_arns = pulumi.Output.all(**{data_class: key.arn for data_class, key in keys.items()})
        self.alias_names = pulumi.Output.all(**{data_class: alias.name for data_class, alias in aliases.items()})
        self.register_outputs({"keyArns": self.key_arns, "aliasNames": self.alias_names})


def _policy(data_class: DataClass, place: pulumi.Output[list[str]], administrators: list[str]) -> pulumi.Output[str]:
    return place.apply(lambda where: policies.key_policy(data_class, where[0], where[1], administrators))
