"""One life of every resource type: what to make it with, what to change, what a refresh must then find."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.providers.values import Properties
from tests.sandbox.providers.driver import Driver, Made


def document(*actions: str, resource: str = "*", **principal: str) -> str:
    """An IAM policy."""
    statement: dict[str, Any] = {"Effect": "Allow", "Action": list(actions), "Resource": resource}
    return json.dumps(
        {"Version": "2012-10-17", "Statement": [statement | ({"Principal": principal} if principal else {})]}
    )


def trust(*services: str) -> str:
    """A role's trust policy."""
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": list(services)}}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def expiry(days: int) -> str:
    """A repository's lifecycle policy."""
    selection = {"tagStatus": "untagged", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": days}
    return json.dumps({"rules": [{"rulePriority": 1, "selection": selection, "action": {"type": "expire"}}]})


class World:
    """Resources that others need, each made once."""

    def __init__(self, driver: Driver) -> None:
        self.driver = driver
        self._made: dict[str, Made] = {}

    def _once(self, name: str, type_: str, inputs: Properties) -> Made:
        if name not in self._made:
            self._made[name] = self.driver.create(type_, name, inputs)
        return self._made[name]

    @property
    def vpc(self) -> str:
        return self._once("vpc", "aws:ec2/vpc:Vpc", {"cidrBlock": "10.0.0.0/16", "enableDnsHostnames": True}).id

    def subnet(self, number: int, zone: str = "a") -> str:
        inputs = {"vpcId": self.vpc, "cidrBlock": f"10.0.{number}.0/24", "availabilityZone": f"eu-west-1{zone}"}
        return self._once(f"subnet-{number}", "aws:ec2/subnet:Subnet", inputs).id

    @property
    def route_table(self) -> str:
        return self._once("routes", "aws:ec2/routeTable:RouteTable", {"vpcId": self.vpc}).id

    @property
    def internet_gateway(self) -> str:
        return self._once("internet", "aws:ec2/internetGateway:InternetGateway", {"vpcId": self.vpc}).id

    def address(self, name: str) -> str:
        return self._once(f"address-{name}", "aws:ec2/eip:Eip", {}).id

    @property
    def nat_gateway(self) -> str:
        inputs = {"subnetId": self.subnet(1), "allocationId": self.address("world")}
        return self._once("nat", "aws:ec2/natGateway:NatGateway", inputs).id

    def group(self, name: str) -> str:
        return self._once(f"group-{name}", "aws:ec2/securityGroup:SecurityGroup", {"vpcId": self.vpc}).id

    def role(self, name: str = "role") -> Made:
        return self._once(name, "aws:iam/role:Role", {"assumeRolePolicy": trust("eks.amazonaws.com")})

    def policy(self) -> str:
        return self._once("policy", "aws:iam/policy:Policy", {"policy": document("s3:GetObject")}).id

    def key(self, name: str = "key") -> Made:
        return self._once(name, "aws:kms/key:Key", {"deletionWindowInDays": 7})

    @property
    def log_group(self) -> str:
        return str(self._once("logs", "aws:cloudwatch/logGroup:LogGroup", {}).outputs["arn"])

    @property
    def repository(self) -> str:
        return self._once("repository", "aws:ecr/repository:Repository", {}).id

    def bucket(self, name: str = "bucket", **inputs: Any) -> str:
        return self._once(name, "aws:s3/bucket:Bucket", inputs).id

    @property
    def versioned_bucket(self) -> str:
        bucket = self.bucket("versioned")
        settings = {"bucket": bucket, "versioningConfiguration": {"status": "Enabled"}}
        self._once("versioned-settings", "aws:s3/bucketVersioning:BucketVersioning", settings)
        return bucket

    @property
    def cluster(self) -> str:
        inputs = {
            "roleArn": self.role().outputs["arn"],
            "vpcConfig": {"subnetIds": [self.subnet(2, "a"), self.subnet(3, "b")]},
            "accessConfig": {"authenticationMode": "API"},
        }
        return self._once("cluster", "aws:eks/cluster:Cluster", inputs).id

    @property
    def access_entry(self) -> str:
        principal = str(self.role("admin").outputs["arn"])
        inputs = {"clusterName": self.cluster, "principalArn": principal}
        self._once("access-entry", "aws:eks/accessEntry:AccessEntry", inputs)
        return principal


Inputs = Callable[[World], Properties]


@dataclass(frozen=True)
class Case:
    """``changed`` is merged into ``inputs``; None takes an input away. ``replaces`` if only a new one can take it."""

    type: str
    inputs: Inputs
    changed: Inputs | None = None
    replaces: bool = False
    label: str = ""

    def __str__(self) -> str:
        return self.type.split(":")[2] + (f"-{self.label}" if self.label else "")


def _bucket_setting(kind: str, inputs: Properties, changed: Properties) -> Case:
    token = f"aws:s3/{kind[0].lower()}{kind[1:]}:{kind}"
    return Case(token, lambda w: {"bucket": w.bucket(), **inputs}, lambda _: changed)


CASES = [
    Case(
        "aws:kms/key:Key",
        lambda _: {
            "description": "models",
            "enableKeyRotation": True,
            "rotationPeriodInDays": 365,
            "deletionWindowInDays": 7,
            "policy": document("kms:PutKeyPolicy", "kms:Decrypt", AWS="arn:aws:iam::123456789012:root"),
            "tags": {"data-class": "models"},
        },
        lambda _: {
            "description": "all models",
            "rotationPeriodInDays": 180,
            "policy": document("kms:PutKeyPolicy", "kms:DescribeKey", AWS="arn:aws:iam::123456789012:root"),
        },
    ),
    Case(
        "aws:kms/key:Key",
        lambda _: {"enableKeyRotation": True, "deletionWindowInDays": 7},
        lambda _: {"enableKeyRotation": None, "isEnabled": False},
        label="off",
    ),
    Case(
        "aws:kms/alias:Alias",
        lambda w: {"name": "alias/acme-models", "targetKeyId": w.key().id},
        lambda w: {"targetKeyId": w.key("other-key").id},
    ),
    Case(
        "aws:kms/alias:Alias",
        lambda w: {"targetKeyId": w.key().outputs["arn"]},
        lambda w: {"targetKeyId": w.key("other-key").outputs["arn"]},
        label="by-arn",
    ),
    Case(
        "aws:iam/role:Role",
        lambda w: {
            "assumeRolePolicy": trust("lambda.amazonaws.com"),
            "description": "runs",
            "permissionsBoundary": w.policy(),
            "tags": {"team": "a"},
        },
        lambda _: {
            "assumeRolePolicy": trust("lambda.amazonaws.com", "ecs-tasks.amazonaws.com"),
            "description": "runs more",
            "permissionsBoundary": None,
            "maxSessionDuration": 7200,
            "tags": {"team": "b"},
        },
    ),
    Case(
        "aws:iam/rolePolicy:RolePolicy",
        lambda w: {"role": w.role().id, "policy": document("s3:GetObject")},
        lambda _: {"policy": document("s3:GetObject", "s3:ListBucket")},
    ),
    Case("aws:iam/rolePolicyAttachment:RolePolicyAttachment", lambda w: {"role": w.role().id, "policyArn": w.policy()}),
    Case(
        "aws:iam/policy:Policy",
        lambda _: {"policy": document("s3:GetObject"), "tags": {"a": "1"}},
        lambda _: {"policy": document("s3:PutObject"), "tags": {"b": "2"}},
    ),
    Case(
        "aws:cloudwatch/logGroup:LogGroup",
        lambda w: {
            "name": "/acme/flows",
            "retentionInDays": 30,
            "kmsKeyId": w.key().outputs["arn"],
            "tags": {"a": "1"},
        },
        lambda _: {"retentionInDays": 90, "kmsKeyId": None, "tags": None},
    ),
    Case(
        "aws:cloudwatch/logGroup:LogGroup",
        lambda _: {"retentionInDays": 30},
        lambda w: {"retentionInDays": None, "kmsKeyId": w.key().outputs["arn"]},
        label="forever",
    ),
    Case(
        "aws:ec2/vpc:Vpc",
        lambda _: {"cidrBlock": "10.9.0.0/16", "enableDnsHostnames": True, "tags": {"Name": "vpc"}},
        lambda _: {"enableDnsHostnames": None, "tags": {"Name": "network"}},
    ),
    Case(
        "aws:ec2/subnet:Subnet",
        lambda w: {
            "vpcId": w.vpc,
            "cidrBlock": "10.0.200.0/24",
            "availabilityZone": "eu-west-1b",
            "tags": {"Name": "public", "kubernetes.io/role/elb": "1"},
        },
        lambda _: {"mapPublicIpOnLaunch": True, "tags": {"Name": "public"}},
    ),
    Case(
        "aws:ec2/internetGateway:InternetGateway",
        lambda w: {"vpcId": _own_vpc(w, "igw"), "tags": {"Name": "a"}},
        lambda w: {"vpcId": _own_vpc(w, "igw-2"), "tags": {"Name": "b"}},
    ),
    Case("aws:ec2/eip:Eip", lambda _: {"domain": "vpc", "tags": {"Name": "a"}}, lambda _: {"tags": {"Name": "b"}}),
    Case(
        "aws:ec2/natGateway:NatGateway",
        lambda w: {"subnetId": w.subnet(4), "allocationId": w.address("nat"), "tags": {"Name": "a"}},
        lambda _: {"tags": {"Name": "b"}},
    ),
    Case(
        "aws:ec2/routeTable:RouteTable", lambda w: {"vpcId": w.vpc, "tags": {"a": "1"}}, lambda _: {"tags": {"a": "2"}}
    ),
    Case(
        "aws:ec2/route:Route",
        lambda w: {
            "routeTableId": w.route_table,
            "destinationCidrBlock": "0.0.0.0/0",
            "gatewayId": w.internet_gateway,
        },
        lambda w: {"gatewayId": None, "natGatewayId": w.nat_gateway},
    ),
    Case(
        "aws:ec2/routeTableAssociation:RouteTableAssociation",
        lambda w: {"routeTableId": w.route_table, "subnetId": w.subnet(5)},
    ),
    Case(
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        lambda w: {
            "vpcId": w.vpc,
            "serviceName": "com.amazonaws.eu-west-1.s3",
            "vpcEndpointType": "Gateway",
            "routeTableIds": [w.route_table],
            "policy": document("s3:GetObject"),
        },
        lambda w: {"routeTableIds": [], "policy": document("s3:GetObject", "s3:PutObject")},
        label="gateway",
    ),
    Case(
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        lambda w: {
            "vpcId": w.vpc,
            "serviceName": "com.amazonaws.eu-west-1.sts",
            "vpcEndpointType": "Interface",
            "subnetIds": [w.subnet(2)],
            "securityGroupIds": [w.group("a")],
            "privateDnsEnabled": True,
            "tags": {"Name": "sts"},
        },
        lambda w: {"subnetIds": [w.subnet(2), w.subnet(3, "b")], "tags": None},
        label="interface",
    ),
    Case(
        "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
        lambda w: {"vpcId": w.vpc, "ingress": [], "egress": [], "tags": {"Name": "unused"}},
        lambda _: {"tags": {"Name": "closed"}},
    ),
    Case(
        "aws:ec2/securityGroup:SecurityGroup",
        lambda w: {
            "vpcId": w.vpc,
            "description": "endpoints",
            "ingress": [{"protocol": "tcp", "fromPort": 443, "toPort": 443, "cidrBlocks": ["10.0.0.0/16"]}],
        },
        lambda _: {
            "ingress": [{"protocol": "tcp", "fromPort": 443, "toPort": 443, "cidrBlocks": ["10.1.0.0/16"]}],
            "tags": {"a": "1"},
        },
    ),
    Case(
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        lambda w: {
            "securityGroupId": w.group("a"),
            "ipProtocol": "tcp",
            "fromPort": 443,
            "toPort": 443,
            "cidrIpv4": "10.0.0.0/16",
            "description": "https",
        },
        lambda _: {"cidrIpv4": "10.1.0.0/16", "tags": {"a": "1"}},
    ),
    Case(
        "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
        lambda w: {
            "securityGroupId": w.group("a"),
            "ipProtocol": "tcp",
            "fromPort": 5432,
            "toPort": 5432,
            "referencedSecurityGroupId": w.group("b"),
        },
        lambda _: {"description": "database"},
    ),
    Case(
        "aws:ec2/flowLog:FlowLog",
        lambda w: {
            "vpcId": _own_vpc(w, "flow"),
            "trafficType": "ALL",
            "logDestinationType": "cloud-watch-logs",
            "logDestination": w.log_group,
            "iamRoleArn": w.role("flow").outputs["arn"],
            "maxAggregationInterval": 60,
            "tags": {"a": "1"},
        },
        lambda _: {"tags": {"a": "2"}},
    ),
    Case(
        "aws:ecr/repository:Repository",
        lambda w: {
            "name": "acme-dev/serving",
            "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
            "imageTagMutabilityExclusionFilters": [{"filter": "dev-*", "filterType": "WILDCARD"}],
            "imageScanningConfiguration": {"scanOnPush": True},
            "encryptionConfigurations": [{"encryptionType": "KMS", "kmsKey": w.key().outputs["arn"]}],
            "forceDelete": True,
            "tags": {"a": "1"},
        },
        lambda _: {
            "imageTagMutability": "IMMUTABLE",
            "imageTagMutabilityExclusionFilters": None,
            "imageScanningConfiguration": {"scanOnPush": False},
            "tags": {"a": "2"},
        },
    ),
    Case(
        "aws:ecr/lifecyclePolicy:LifecyclePolicy",
        lambda w: {"repository": w.repository, "policy": expiry(7)},
        lambda _: {"policy": expiry(14)},
    ),
    Case(
        "aws:ecr/repositoryPolicy:RepositoryPolicy",
        lambda w: {"repository": w.repository, "policy": document("ecr:BatchGetImage", AWS="123456789012")},
        lambda _: {"policy": document("ecr:GetDownloadUrlForLayer", AWS="123456789012")},
    ),
    Case(
        "aws:s3/bucket:Bucket",
        lambda _: {"bucket": "acme-dev-models", "objectLockEnabled": True, "forceDestroy": True, "tags": {"a": "1"}},
        lambda _: {"tags": {"b": "2"}},
    ),
    Case("aws:s3/bucket:Bucket", lambda _: {"tags": {"a": "1"}}, lambda _: {"bucket": "acme-named"}, True, "named"),
    Case(
        "aws:s3/bucketVersioning:BucketVersioning",
        lambda w: {"bucket": w.bucket("to-version"), "versioningConfiguration": {"status": "Enabled"}},
        lambda _: {"versioningConfiguration": {"status": "Suspended"}},
    ),
    Case(
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        lambda w: {"bucket": w.bucket(), "rules": [_encryption(w.key().outputs["arn"])]},
        lambda w: {"rules": [_encryption(w.key("other-key").outputs["arn"])]},
    ),
    _bucket_setting(
        "BucketPublicAccessBlock",
        {"blockPublicAcls": True, "blockPublicPolicy": True, "ignorePublicAcls": True, "restrictPublicBuckets": True},
        {"restrictPublicBuckets": False},
    ),
    _bucket_setting(
        "BucketOwnershipControls",
        {"rule": {"objectOwnership": "BucketOwnerEnforced"}},
        {"rule": {"objectOwnership": "BucketOwnerPreferred"}},
    ),
    Case(
        "aws:s3/bucketPolicy:BucketPolicy",
        lambda w: {"bucket": w.bucket(), "policy": _bucket_policy(w.bucket(), "s3:GetObject")},
        lambda w: {"policy": _bucket_policy(w.bucket(), "s3:PutObject")},
    ),
    _bucket_setting(
        "BucketLifecycleConfiguration",
        {
            "rules": [
                {
                    "id": "superseded",
                    "status": "Enabled",
                    "filter": {"prefix": "artifacts/"},
                    "noncurrentVersionExpiration": {"noncurrentDays": 90},
                },
                {
                    "id": "uploads",
                    "status": "Enabled",
                    "filter": {"prefix": ""},
                    "abortIncompleteMultipartUpload": {"daysAfterInitiation": 7},
                },
            ]
        },
        {
            "rules": [
                {
                    "id": "superseded",
                    "status": "Enabled",
                    "filter": {"prefix": "artifacts/"},
                    "noncurrentVersionExpiration": {"noncurrentDays": 30},
                }
            ]
        },
    ),
    Case(
        "aws:s3/bucketLogging:BucketLogging",
        lambda w: {
            "bucket": w.bucket(),
            "targetBucket": _log_bucket(w),
            "targetPrefix": "models/",
            "targetObjectKeyFormat": {"partitionedPrefix": {"partitionDateSource": "EventTime"}},
        },
        lambda _: {"targetPrefix": "all/"},
    ),
    Case("aws:s3/bucketNotification:BucketNotification", lambda w: {"bucket": w.bucket(), "eventbridge": True}),
    Case(
        "aws:s3/bucketReplicationConfig:BucketReplicationConfig",
        lambda w: {
            "bucket": w.versioned_bucket,
            "role": w.role("replication").outputs["arn"],
            "rules": [_replication("Enabled")],
        },
        lambda _: {"rules": [_replication("Disabled")]},
    ),
    Case(
        "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration",
        lambda w: {
            "bucket": w.bucket("locked", objectLockEnabled=True),
            "rule": {"defaultRetention": {"mode": "GOVERNANCE", "days": 30}},
        },
        lambda _: {"rule": {"defaultRetention": {"mode": "GOVERNANCE", "days": 60}}},
    ),
    Case(
        "aws:eks/cluster:Cluster",
        lambda w: {
            "name": "acme-dev",
            "roleArn": w.role().outputs["arn"],
            "version": "1.35",
            "vpcConfig": {
                "subnetIds": [w.subnet(2, "a"), w.subnet(3, "b")],
                "endpointPrivateAccess": True,
                "endpointPublicAccess": False,
            },
            "accessConfig": {"authenticationMode": "API", "bootstrapClusterCreatorAdminPermissions": False},
            "bootstrapSelfManagedAddons": False,
            "computeConfig": {"enabled": True, "nodePools": []},
            "kubernetesNetworkConfig": {"elasticLoadBalancing": {"enabled": True}},
            "storageConfig": {"blockStorage": {"enabled": True}},
            "encryptionConfig": {"resources": ["secrets"], "provider": {"keyArn": w.key().outputs["arn"]}},
            "enabledClusterLogTypes": ["api", "audit"],
            "upgradePolicy": {"supportType": "STANDARD"},
            "deletionProtection": True,
            "tags": {"a": "1"},
        },
        lambda w: {
            "version": "1.36",
            "vpcConfig": {
                "subnetIds": [w.subnet(2, "a"), w.subnet(3, "b")],
                "endpointPrivateAccess": True,
                "endpointPublicAccess": True,
                "publicAccessCidrs": ["192.0.2.0/24"],
            },
            "enabledClusterLogTypes": ["audit", "scheduler"],
            "deletionProtection": None,
            "tags": {"a": "2"},
        },
    ),
    Case(
        "aws:eks/accessEntry:AccessEntry",
        lambda w: {"clusterName": w.cluster, "principalArn": w.role("viewer").outputs["arn"], "tags": {"a": "1"}},
        lambda _: {"kubernetesGroups": ["viewers"], "tags": {"a": "2"}},
    ),
    Case(
        "aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
        lambda w: {
            "clusterName": w.cluster,
            "principalArn": w.access_entry,
            "policyArn": "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy",
            "accessScope": {"type": "namespace", "namespaces": ["models"]},
        },
        lambda _: {"accessScope": {"type": "cluster"}},
        replaces=True,
    ),
    Case(
        "aws:eks/addon:Addon",
        lambda w: {"clusterName": w.cluster, "addonName": "metrics-server", "resolveConflictsOnCreate": "OVERWRITE"},
        lambda _: {
            "configurationValues": '{"replicas": 2}',
            "resolveConflictsOnUpdate": "OVERWRITE",
            "tags": {"a": "1"},
        },
    ),
    Case(
        "aws:eks/podIdentityAssociation:PodIdentityAssociation",
        lambda w: {
            "clusterName": w.cluster,
            "namespace": "models",
            "serviceAccount": "flight-delay",
            "roleArn": w.role("pod").outputs["arn"],
        },
        lambda w: {"roleArn": w.role("pod-2").outputs["arn"], "tags": {"a": "1"}},
    ),
]


def _own_vpc(world: World, name: str) -> str:
    return world._once(f"vpc-{name}", "aws:ec2/vpc:Vpc", {"cidrBlock": "10.8.0.0/16"}).id


def _encryption(key: str) -> Properties:
    return {
        "applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": key},
        "bucketKeyEnabled": True,
    }


def _bucket_policy(bucket: str, action: str) -> str:
    return document(action, resource=f"arn:aws:s3:::{bucket}/*", AWS="arn:aws:iam::123456789012:root")


def _log_bucket(world: World) -> str:
    bucket = world.bucket("access-logs")
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "logging.s3.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{bucket}/*",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    world._once("access-logs-policy", "aws:s3/bucketPolicy:BucketPolicy", {"bucket": bucket, "policy": policy})
    return bucket


def _replication(status: str) -> Properties:
    return {
        "id": "all",
        "status": status,
        "priority": 1,
        "filter": {"prefix": ""},
        "deleteMarkerReplication": {"status": "Enabled"},
        "sourceSelectionCriteria": {"sseKmsEncryptedObjects": {"status": "Enabled"}},
        "destination": {
            "bucket": "arn:aws:s3:::acme-replica",
            "encryptionConfiguration": {"replicaKmsKeyId": "arn:aws:kms:eu-west-1:123456789012:key/1"},
        },
    }
