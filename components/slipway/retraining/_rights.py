"""What the steps of a pipeline may do in AWS."""

from typing import Any

import pulumi

from slipway.models import datasets
from slipway.retraining import _kubeflow
from slipway.retraining._declaration import Declaration
from slipway.retraining.engine import Engine
from slipway.retraining.pipeline_args import RetrainingPipelineArgs
from slipway.security import Principal
from slipway.security.workload_identity import WorkloadIdentityArgs


def job_rights(
    args: RetrainingPipelineArgs, declaration: Declaration, place: pulumi.Output[str]
) -> WorkloadIdentityArgs:
    """Reading the model's data, adding revisions of it; its runs, artifacts and records, the tag that keeps a release's
    image, what the gate decided; the bus; and what was given.

    ``place`` is partition, region and account, as words. Of records only new ones are written, with their retention.
    """
    model = declaration.model
    data, records = (
        pulumi.Output.all(place, name).apply(lambda it: f"arn:{it[0].split()[0]}:s3:::{it[1]}")
        for name in (args["datasets_bucket_name"], args["models_bucket_name"])
    )
    runs, artifacts, releases, decisions = (
        pulumi.Output.concat(records, f"/{what}/{model}/*")
        for what in ("runs", "artifacts", "releases", "gate/decisions")
    )
    repository = pulumi.Output.all(place, args["repository"]).apply(
        lambda it: "arn:{}:ecr:{}:{}:repository/".format(*it[0].split()) + it[1]
    )
    given = {arg: _list(args.get(arg)) for arg in ("reads", "writes", "uses", "data_key_arns")}
    own_reads = [*datasets.reader_arns(data, model), runs, artifacts, releases, decisions, repository]
    own_writes = [*datasets.writer_arns(data, model), runs, artifacts, releases, repository]
    return {
        **_who(args, declaration),
        "reads": _together(own_reads, given["reads"]),
        "writes": _together(own_writes, given["writes"]),
        "locks": [releases],
        "uses": _together([args["event_bus_arn"], args["key_arn"]], given["uses"], given["data_key_arns"]),
    }


def _who(args: RetrainingPipelineArgs, declaration: Declaration) -> WorkloadIdentityArgs:
    """Containers of Batch, or the model's own service account in the cluster."""
    if declaration.engine is not Engine.KUBEFLOW:
        return {"principal": Principal.BATCH}
    return {
        "principal": Principal.POD,
        "cluster_name": args["kubeflow_cluster_name"],
        "namespace": args["kubeflow_namespace"],
        "service_account": _kubeflow.service_account(declaration),
    }


def _list(value: Any) -> pulumi.Output[list[pulumi.Input[str]]]:
    return pulumi.Output.from_input(value if value is not None else [])


def _together(own: list[Any], *given: pulumi.Output[list[pulumi.Input[str]]]) -> pulumi.Output[list[pulumi.Input[str]]]:
    return pulumi.Output.all(pulumi.Output.all(*own), *given).apply(
        lambda lists: [*dict.fromkeys(arn for arns in lists for arn in arns)]
    )
