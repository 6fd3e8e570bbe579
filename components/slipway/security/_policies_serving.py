"""IAM documents of the network and the cluster: who may take their roles, and what these may do."""

from slipway.security._policies import document

EKS_CLUSTER_POLICIES = (
    "AmazonEKSClusterPolicy",
    "AmazonEKSComputePolicy",
    "AmazonEKSBlockStoragePolicy",
    "AmazonEKSLoadBalancingPolicy",
    "AmazonEKSNetworkingPolicy",
)
"""AWS managed policies of an Auto Mode cluster's own role."""

EKS_NODE_POLICIES = ("AmazonEKSWorkerNodeMinimalPolicy", "AmazonEC2ContainerRegistryPullOnly")
"""AWS managed policies of Auto Mode nodes: hand pods their identity, pull images."""


def managed_policy_arn(partition: str, name: str) -> str:
    """ARN of an AWS managed policy."""
    return f"arn:{partition}:iam::aws:policy/{name}"


def flow_log_trust(log_group_arn: str) -> str:
    """Trust of the role that writes a VPC's flow logs: only flow logs of the log group's own account and region."""
    partition, region, account = _where(log_group_arn)
    return document(
        {
            "Effect": "Allow",
            "Principal": {"Service": "vpc-flow-logs.amazonaws.com"},
            "Action": ["sts:AssumeRole"],
            "Condition": {
                "StringEquals": {"aws:SourceAccount": account},
                "ArnLike": {"aws:SourceArn": f"arn:{partition}:ec2:{region}:{account}:vpc-flow-log/*"},
            },
        }
    )


def flow_log_delivery(log_group_arn: str) -> str:
    """What delivering flow logs needs: to write streams of this one log group."""
    return document(
        {
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
            "Resource": [log_group_arn, f"{log_group_arn}:*"],
        }
    )


def cluster_trust(log_group_arn: str, cluster_name: str) -> str:
    """Trust of a cluster's own role: EKS, for the cluster of this name in the log group's account and region."""
    partition, region, account = _where(log_group_arn)
    return document(
        {
            "Effect": "Allow",
            "Principal": {"Service": "eks.amazonaws.com"},
            "Action": ["sts:AssumeRole", "sts:TagSession"],
            "Condition": {
                "StringEquals": {"aws:SourceAccount": account},
                "ArnLike": {"aws:SourceArn": f"arn:{partition}:eks:{region}:{account}:cluster/{cluster_name}"},
            },
        }
    )


def node_trust() -> str:
    """Trust of the nodes' role: EC2 instances."""
    return document(
        {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": ["sts:AssumeRole"]},
    )


def _where(arn: str) -> tuple[str, str, str]:
    _, partition, _, region, account, _ = arn.split(":", 5)
    return partition, region, account
