"""Starts runs in Kubeflow Pipelines for the state machines of an environment's pipelines."""

import json
from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as k8s

from slipway import _check, _tags
from slipway.retraining import _kubeflow_job, _parts, _reading
from slipway.security import DataClass, Principal
from slipway.security import _policies_kubeflow as policies
from slipway.security._identity import Identity

_ADDRESS = (r"https?://[A-Za-z0-9.-]+(:\d+)?/?", "an address such as http://ml-pipeline.kubeflow.svc:8888")
_KEEP_SECONDS = 14 * 86_400
_HIDDEN_SECONDS = 300
"""How long a message that is being worked on is hidden: longer than a turn."""
_TRIES = 5


class KubeflowRunsArgs(TypedDict):
    """Inputs of ``KubeflowRuns``."""

    name_prefix: str
    """Beginning of the names in AWS, such as ``acme-prod``: that of the pipelines."""
    key_arn: pulumi.Input[str]
    """KMS key that encrypts the queue: that of the pipelines, of the class ``models``."""
    dead_letter_queue_arn: pulumi.Input[str]
    """Queue of messages that could not be worked on: that of the retraining environment."""
    models_bucket_name: pulumi.Input[str]
    """Bucket with the records of runs, which say how a run ended."""
    cluster_name: pulumi.Input[str]
    """EKS cluster of Kubeflow."""
    namespace: str
    """Namespace of the job, which exists."""
    image: pulumi.Input[str]
    """slipway's operations image, by digest."""
    address: NotRequired[str]
    """Address of Kubeflow's API inside the cluster. Default: ``http://ml-pipeline.kubeflow.svc:8888``."""
    service_account: NotRequired[str]
    """Service account of the job, made here. Default: ``slipway-kubeflow-runs``."""
    permissions_boundary_arn: NotRequired[pulumi.Input[str]]
    """Policy that bounds what the role can ever do. Default: no boundary."""
    tags: NotRequired[pulumi.Input[dict[str, pulumi.Input[str]]]]
    """Tags added to the provider's default tags. Default: no extra tags."""


class KubeflowRuns(pulumi.ComponentResource):
    """The queue in which state machines leave runs, and the job in the cluster that starts and watches them.

    Nothing outside needs a way into the cluster. Needs a Kubernetes provider in ``opts``. Not stateful: what is in the
    queue is waited for by a state machine, which fails and says so when nothing is heard.
    """

    queue_arn: pulumi.Output[str]
    """ARN of the queue: ``kubeflow_queue_arn`` of pipelines."""
    role_arn: pulumi.Output[str]
    """ARN of the job's role."""

    def __init__(self, name: str, args: KubeflowRunsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:index:KubeflowRuns", name, dict(args), opts)
        _check.known(args, KubeflowRunsArgs.__annotations__)
        prefix = _check.matches("name_prefix", args.get("name_prefix"), *_reading.NAME_PREFIX)
        namespace = _check.matches("namespace", args.get("namespace"), *_reading.NAMESPACE)
        account = _check.matches(
            "service_account", args.get("service_account", _kubeflow_job.NAME), *_reading.NAMESPACE
        )
        address = _check.matches("address", args.get("address", "http://ml-pipeline.kubeflow.svc:8888"), *_ADDRESS)
        for arg, accepted in (
            ("key_arn", _check.A_KEY),
            ("dead_letter_queue_arn", _reading.ARNS["dead_letter_queue_arn"]),
            ("models_bucket_name", _reading.BUCKET),
            ("cluster_name", _reading.CLUSTER),
            ("image", _reading.IMAGE),
        ):
            _check.given(args, arg, *accepted)
        child = pulumi.ResourceOptions(parent=self)

        queue = self._queue(name, args, prefix, child)
        identity = self._identity(name, args, prefix, namespace, account, queue, child)
        metadata: k8s.meta.v1.ObjectMetaArgsDict = {
            "name": _kubeflow_job.NAME,
            "namespace": namespace,
            "labels": _kubeflow_job.OBJECT_LABELS,
        }
        user = k8s.core.v1.ServiceAccount(
            f"{name}-account",
            metadata={**metadata, "name": account},
            automount_service_account_token=False,
            opts=child,
        )
        guard = k8s.networking.v1.NetworkPolicy(
            f"{name}-network", metadata=metadata, spec=_kubeflow_job.network_spec(address), opts=child
        )
        turn = _kubeflow_job.Turn(
            image=args["image"],
            queue_url=queue.url,
            address=address,
            region=queue.arn.apply(lambda arn: arn.split(":")[3]),
            service_account=account,
        )
        k8s.batch.v1.CronJob(
            f"{name}-job",
            metadata=metadata,
            spec=_kubeflow_job.cron_job_spec(turn),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[user, guard, *identity.resources]),
        )

        self.queue_arn = queue.arn
        self.role_arn = identity.role_arn
        self.register_outputs({"queueArn": self.queue_arn, "roleArn": self.role_arn})

    def _queue(self, name: str, args: KubeflowRunsArgs, prefix: str, child: pulumi.ResourceOptions) -> aws.sqs.Queue:
        """A message that is still needed is put back as a new one, so what was received often is a broken one."""
        dead = _parts.later(args["dead_letter_queue_arn"])
        queue = aws.sqs.Queue(
            f"{name}-queue",
            name=f"{prefix}-kubeflow-runs",
            kms_master_key_id=args["key_arn"],
            kms_data_key_reuse_period_seconds=300,
            message_retention_seconds=_KEEP_SECONDS,
            visibility_timeout_seconds=_HIDDEN_SECONDS,
            redrive_policy=dead.apply(lambda arn: json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": _TRIES})),
            tags=_tags.classified(args.get("tags"), DataClass.MODELS),
            opts=child,
        )
        aws.sqs.QueuePolicy(
            f"{name}-queue", queue_url=queue.url, policy=queue.arn.apply(policies.runs_queue), opts=child
        )
        return queue

    def _identity(
        self,
        name: str,
        args: KubeflowRunsArgs,
        prefix: str,
        namespace: str,
        account: str,
        queue: aws.sqs.Queue,
        child: pulumi.ResourceOptions,
    ) -> Identity:
        records = pulumi.Output.all(queue.arn, args["models_bucket_name"]).apply(
            lambda known: f"arn:{known[0].split(':')[1]}:s3:::{known[1]}/runs/*"
        )
        identity = _parts.identity(
            f"{name}-role",
            args,
            None,
            {
                "principal": Principal.POD,
                "cluster_name": args["cluster_name"],
                "namespace": namespace,
                "service_account": account,
                "reads": [queue.arn, records],
                "writes": [queue.arn],
                "uses": [args["key_arn"]],
            },
            child,
        )
        aws.iam.RolePolicy(
            f"{name}-answers",
            role=identity.role_name,
            policy=pulumi.Output.all(queue.arn, args["key_arn"]).apply(
                lambda known: policies.answers(known[0], _reading.machine_name(prefix, ""), known[1])
            ),
            opts=child,
        )
        return identity
