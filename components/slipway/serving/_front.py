"""What of a gateway is AWS's: load balancer, security groups, access logs."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from slipway import _tags
from slipway._private_bucket import private_bucket
from slipway._tags import Tags
from slipway.security import DataClass
from slipway.security import _policies_gateway as policies
from slipway.serving._edge import LISTENER_PORT, READY_PATH, READY_PORT
from slipway.serving._gateway_settings import GatewaySettings

TLS_POLICY = "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09"
"""TLS 1.3, and 1.2 with forward secrecy and authenticated encryption only."""
DEREGISTRATION_SECONDS = 30
"""How long a target that leaves may finish what it has; Envoy drains at least as long."""


@dataclass(frozen=True)
class Front:
    """A gateway's front, to build on."""

    load_balancer: aws.lb.LoadBalancer
    target_group: aws.lb.TargetGroup
    listener: aws.lb.Listener


@dataclass(frozen=True)
class FrontBuilder:
    """Makes the pieces of one gateway's front."""

    name: str
    settings: GatewaySettings
    tags: Tags | None
    parent: pulumi.Resource

    @property
    def _child(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self.parent)

    def guard(self, vpc_id: pulumi.Input[str], cluster_group_id: pulumi.Input[str]) -> aws.ec2.SecurityGroup:
        """The load balancer's security group: HTTP and HTTPS in, and out to Envoy's two ports and nowhere else."""
        group = aws.ec2.SecurityGroup(
            f"{self.name}-front",
            vpc_id=vpc_id,
            description=f"Load balancer of {self.settings.domain}",
            tags=_tags.merge(self.tags, {"Name": self.name}),
            opts=self._child,
        )
        for cidr in self.settings.allowed_cidrs:
            for scheme, port in (("https", 443), ("http", 80)):
                aws.vpc.SecurityGroupIngressRule(
                    f"{self.name}-{scheme}-{cidr}",
                    security_group_id=group.id,
                    description="Callers" if port == 443 else "Callers that are sent to HTTPS",
                    cidr_ipv4=cidr,
                    ip_protocol="tcp",
                    from_port=port,
                    to_port=port,
                    tags=self.tags,
                    opts=self._child,
                )
        for what, port in (("requests", LISTENER_PORT), ("health", READY_PORT)):
            aws.vpc.SecurityGroupEgressRule(
                f"{self.name}-{what}",
                security_group_id=group.id,
                description=f"{what.capitalize()} to Envoy",
                referenced_security_group_id=cluster_group_id,
                ip_protocol="tcp",
                from_port=port,
                to_port=port,
                tags=self.tags,
                opts=self._child,
            )
            aws.vpc.SecurityGroupIngressRule(
                f"{self.name}-{what}",
                security_group_id=cluster_group_id,
                description=f"{what.capitalize()} from the load balancer of {self.settings.domain} to Envoy",
                referenced_security_group_id=group.id,
                ip_protocol="tcp",
                from_port=port,
                to_port=port,
                tags=self.tags,
                opts=self._child,
            )
        return group

    def access_logs(self, neighbour_arn: pulumi.Output[str]) -> tuple[aws.s3.Bucket, aws.s3.BucketPolicy]:
        """The bucket of access logs; with SSE-S3, because Elastic Load Balancing does not write to one with SSE-KMS."""
        bucket = private_bucket(
            f"{self.name}-logs",
            self.settings.bucket_name,
            data_class=DataClass.LOGS,
            key_arn=None,
            object_lock=False,
            protection=self.settings.deletion_protection,
            tags=self.tags,
            parent=self.parent,
        )
        policy = aws.s3.BucketPolicy(
            f"{self.name}-logs",
            bucket=bucket.bucket,
            policy=pulumi.Output.all(bucket.arn, neighbour_arn).apply(
                lambda arns: policies.load_balancer_log_bucket(*arns)
            ),
            opts=self._child,
        )
        aws.s3.BucketLifecycleConfiguration(
            f"{self.name}-logs",
            bucket=bucket.bucket,
            rules=[
                {
                    "id": "retention",
                    "status": "Enabled",
                    "filter": {"prefix": ""},
                    "expiration": {"days": self.settings.access_log_days},
                    "abort_incomplete_multipart_upload": {"days_after_initiation": 7},
                }
            ],
            opts=self._child,
        )
        return bucket, policy

    def load_balancer(
        self,
        vpc_id: pulumi.Input[str],
        subnet_ids: pulumi.Input[Sequence[pulumi.Input[str]]],
        cluster_group_id: pulumi.Input[str],
        certificate_arn: pulumi.Input[str],
        web_acl_arn: pulumi.Input[str],
    ) -> Front:
        """The load balancer and its listeners, which open once the firewall is in front of it."""
        guard = self.guard(vpc_id, cluster_group_id)
        bucket, policy = self.access_logs(guard.arn)
        balancer = aws.lb.LoadBalancer(
            f"{self.name}-front",
            load_balancer_type="application",
            internal=False,
            ip_address_type="ipv4",
            subnets=subnet_ids,
            security_groups=[guard.id],
            access_logs={"bucket": bucket.bucket, "enabled": True},
            desync_mitigation_mode="strictest",
            drop_invalid_header_fields=True,
            enable_deletion_protection=self.settings.deletion_protection,
            enable_http2=True,
            enable_waf_fail_open=False,
            enable_zonal_shift=True,
            idle_timeout=self.settings.idle_seconds,
            preserve_host_header=True,
            xff_header_processing_mode="append",  # Envoy believes the last entry, and that alone
            tags=self.tags,
            # Elastic Load Balancing tries to write a log before it says yes.
            opts=pulumi.ResourceOptions(
                parent=self.parent, protect=self.settings.deletion_protection, depends_on=[policy]
            ),
        )
        shield = aws.wafv2.WebAclAssociation(
            f"{self.name}-waf", resource_arn=balancer.arn, web_acl_arn=web_acl_arn, opts=self._child
        )
        targets = aws.lb.TargetGroup(
            f"{self.name}-envoy",
            vpc_id=vpc_id,
            target_type="ip",
            protocol="HTTP",
            protocol_version="HTTP1",
            port=LISTENER_PORT,
            deregistration_delay=DEREGISTRATION_SECONDS,
            load_balancing_algorithm_type="least_outstanding_requests",
            health_check={
                "protocol": "HTTP",
                "port": str(READY_PORT),
                "path": READY_PATH,
                "matcher": "200",
                "interval": 5,
                "timeout": 2,
                "healthy_threshold": 2,
                "unhealthy_threshold": 2,
            },
            tags=self.tags,
            opts=self._child,
        )
        shielded = pulumi.ResourceOptions(parent=self.parent, depends_on=[shield])
        listener = aws.lb.Listener(
            f"{self.name}-https",
            load_balancer_arn=balancer.arn,
            port=443,
            protocol="HTTPS",
            ssl_policy=TLS_POLICY,
            certificate_arn=certificate_arn,
            default_actions=[{"type": "forward", "target_group_arn": targets.arn}],
            routing_http_response_server_enabled=False,
            routing_http_response_strict_transport_security_header_value="max-age=31536000",
            tags=self.tags,
            opts=shielded,
        )
        aws.lb.Listener(
            f"{self.name}-http",
            load_balancer_arn=balancer.arn,
            port=80,
            protocol="HTTP",
            default_actions=[
                {"type": "redirect", "redirect": {"protocol": "HTTPS", "port": "443", "status_code": "HTTP_301"}}
            ],
            tags=self.tags,
            opts=shielded,
        )
        return Front(balancer, targets, listener)
