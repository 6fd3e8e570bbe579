"""Where a model's data is in a dataset store, and what whoever reads or writes it declares.

::

    incoming/<model>/<batch>/...            a batch as it was delivered; manifest.json is its last object
    schemas/<model>.json                    what a batch of the model's must look like
    schemas/<model>.evaluation.json         how a candidate is compared with the champion
    dvc/<model>/files/md5/<2 hex>/<30 hex>  the model's DVC remote: files, and folders as <30 hex>.dir
    dvc/<model>/revisions/, .../refused/    which revision is the newest, and the batches that may not be learnt from

A dataset's revision is the MD5 of its folder, ``<32 hex>.dir``, as it stands in the ``.dvc`` file of the team's
repository; a job without git finds the data by it.
"""

import pulumi

from slipway import _check
from slipway.security import _policies as identities

MODEL = (r"[a-z](?:[a-z0-9-]{0,38}[a-z0-9])?", "1 to 40 of a-z, 0-9 and -, beginning with a letter")
INCOMING = "incoming/"


def remote(bucket_name: str, model: str) -> str:
    """Address of the model's DVC remote."""
    return f"s3://{bucket_name}/dvc/{_model(model)}"


def reader_arns(bucket_arn: pulumi.Input[str], model: str) -> list[pulumi.Input[str]]:
    """What a person or a job that uses the model's data declares in ``reads``: enough for ``dvc pull``."""
    schemas = f"schemas/{_model(model)}.json", f"schemas/{model}.evaluation.json"
    return _under(bucket_arn, f"dvc/{model}/*", f"{INCOMING}{model}/*", *schemas)


def writer_arns(bucket_arn: pulumi.Input[str], model: str) -> list[pulumi.Input[str]]:
    """What one that makes new revisions declares in ``writes``, beside ``reads``: enough for ``dvc push``.

    Nobody deletes: not with these, and a revision that a release names stays.
    """
    return _under(bucket_arn, f"dvc/{_model(model)}/*")


def deliverer_arns(bucket_arn: pulumi.Input[str], model: str) -> list[pulumi.Input[str]]:
    """What one that delivers batches declares in ``writes``; it sees nothing of what is there."""
    return _under(bucket_arn, f"{INCOMING}{_model(model)}/*")


def person_policy(
    bucket_arn: pulumi.Input[str], key_arn: pulumi.Input[str], model: str, *, pushes: bool = False
) -> pulumi.Output[str]:
    """IAM policy for a person who uses the model's data, and with ``pushes`` makes new revisions of it.

    For a permission set of IAM Identity Center or a role that people take; a job has a ``WorkloadIdentity`` instead.
    """
    writes = writer_arns(bucket_arn, model) if pushes else []
    return pulumi.Output.all(reader_arns(bucket_arn, model), writes, [key_arn]).apply(
        lambda known: identities.access(*known)
    )


def dvc_config(bucket_name: str, region: str, model: str) -> str:
    """Text of ``.dvc/config`` in the repository that has the model's ``.dvc`` files.

    Credentials are whatever AWS's SDK finds; the bucket encrypts by itself.
    """
    return (
        f"[core]\n    remote = {_model(model)}\n    analytics = false\n"
        f"['remote \"{model}\"']\n    url = {remote(bucket_name, model)}\n    region = {region}\n"
    )


def _model(model: str) -> str:
    return _check.matches("model", model, *MODEL)


def _under(bucket_arn: pulumi.Input[str], *keys: str) -> list[pulumi.Input[str]]:
    if isinstance(bucket_arn, str):
        return [f"{bucket_arn}/{key}" for key in keys]
    return [pulumi.Output.concat(bucket_arn, "/", key) for key in keys]
