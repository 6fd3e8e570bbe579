"""What a pipeline declares for Airflow: the DAG's file."""

import hashlib
from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from slipway.retraining import _airflow, _engines, _parts
from slipway.retraining._declaration import Declaration, Wiring
from slipway.retraining._states import Job
from slipway.retraining.pipeline_args import RetrainingPipelineArgs


def dag(
    name: str,
    args: RetrainingPipelineArgs,
    declaration: Declaration,
    wiring: pulumi.Output[Wiring],
    jobs: pulumi.Output[Mapping[str, Job]],
    child: pulumi.ResourceOptions,
) -> tuple[pulumi.Output[str], pulumi.Output[str]]:
    """Text of the DAG and key of its object; uploaded where the bucket is given. Airflow finds it within a minute."""
    alone = _engines.alone(args, declaration.engine)
    known = pulumi.Output.all(wiring, jobs, args["topic_arn"])
    text: pulumi.Output[str] = known.apply(
        lambda got: _airflow.dag_text(declaration, got[0], got[1], _airflow.Notices(got[2]) if alone else None)
    )
    key = wiring.apply(lambda wired: _airflow.object_key(declaration, wired))
    if args.get("dags_bucket_name") is not None:
        aws.s3.BucketObjectv2(
            f"{name}-dag",
            bucket=_parts.later(args["dags_bucket_name"]),
            key=key,
            content=text,
            source_hash=text.apply(lambda known: hashlib.sha256(known.encode()).hexdigest()),
            content_type="text/x-python",
            opts=child,
        )
    return text, key
