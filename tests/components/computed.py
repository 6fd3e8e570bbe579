"""What AWS would answer: plausible computed outputs of the resource types that components declare."""

import hashlib
import uuid
from collections.abc import Mapping
from typing import Any

ACCOUNT = "123456789012"
REGION = "eu-west-1"

INVOKES: dict[str, dict[str, Any]] = {
    "aws:index/getCallerIdentity:getCallerIdentity": {
        "accountId": ACCOUNT,
        "arn": f"arn:aws:iam::{ACCOUNT}:user/test",
        "id": ACCOUNT,
        "userId": "AIDAEXAMPLE",
    },
    "aws:index/getRegion:getRegion": {"id": REGION, "name": REGION, "region": REGION, "description": "Ireland"},
    "aws:index/getPartition:getPartition": {
        "id": "aws",
        "partition": "aws",
        "dnsSuffix": "amazonaws.com",
        "reverseDnsPrefix": "com.amazonaws",
    },
}
"""Answers of provider functions, by token."""

# type -> (prefix of the id, or the input that is the id; service and resource part of the ARN)
_PREFIXED = {
    "aws:ec2/vpc:Vpc": ("vpc", "vpc"),
    "aws:ec2/subnet:Subnet": ("subnet", "subnet"),
    "aws:ec2/internetGateway:InternetGateway": ("igw", "internet-gateway"),
    "aws:ec2/natGateway:NatGateway": ("nat", "natgateway"),
    "aws:ec2/eip:Eip": ("eipalloc", "elastic-ip"),
    "aws:ec2/routeTable:RouteTable": ("rtb", "route-table"),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": ("rtbassoc", "association"),
    "aws:ec2/securityGroup:SecurityGroup": ("sg", "security-group"),
    "aws:ec2/vpcEndpoint:VpcEndpoint": ("vpce", "vpc-endpoint"),
    "aws:ec2/flowLog:FlowLog": ("fl", "vpc-flow-log"),
    "aws:ec2/launchTemplate:LaunchTemplate": ("lt", "launch-template"),
}
_NAMED = {
    "aws:iam/role:Role": ("name", "iam", "role/{}"),
    "aws:iam/policy:Policy": ("name", "iam", "policy/{}"),
    "aws:iam/instanceProfile:InstanceProfile": ("name", "iam", "instance-profile/{}"),
    "aws:cloudwatch/logGroup:LogGroup": ("name", "logs", "log-group:{}"),
    "aws:ecr/repository:Repository": ("name", "ecr", "repository/{}"),
    "aws:eks/cluster:Cluster": ("name", "eks", "cluster/{}"),
    "aws:kms/alias:Alias": ("name", "kms", "{}"),
    "aws:dynamodb/table:Table": ("name", "dynamodb", "table/{}"),
    "aws:rds/cluster:Cluster": ("clusterIdentifier", "rds", "cluster:{}"),
    "aws:s3/bucket:Bucket": ("bucket", "s3", "{}"),
    "aws:batch/computeEnvironment:ComputeEnvironment": ("name", "batch", "compute-environment/{}"),
    "aws:batch/jobDefinition:JobDefinition": ("name", "batch", "job-definition/{}:1"),
    "aws:batch/jobQueue:JobQueue": ("name", "batch", "job-queue/{}"),
    "aws:cloudwatch/eventApiDestination:EventApiDestination": ("name", "events", "api-destination/{}/0a1b2c3d"),
    "aws:cloudwatch/eventBus:EventBus": ("name", "events", "event-bus/{}"),
    "aws:cloudwatch/eventConnection:EventConnection": ("name", "events", "connection/{}/0a1b2c3d"),
    "aws:cloudwatch/eventRule:EventRule": ("name", "events", "rule/{}"),
    "aws:scheduler/schedule:Schedule": ("name", "scheduler", "schedule/{}"),
    "aws:scheduler/scheduleGroup:ScheduleGroup": ("name", "scheduler", "schedule-group/{}"),
    "aws:sfn/stateMachine:StateMachine": ("name", "states", "stateMachine:{}"),
    "aws:sns/topic:Topic": ("name", "sns", "{}"),
    "aws:sqs/queue:Queue": ("name", "sqs", "{}"),
}


def outputs(type_: str, name: str, inputs: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Id and computed outputs of a resource, the same for the same type and name."""
    digits = hashlib.sha256(f"{type_} {name}".encode()).hexdigest()
    if type_.startswith("kubernetes:"):
        return _kubernetes(name, inputs)
    if type_ == "aws:kms/key:Key":
        key = str(uuid.UUID(digits[:32]))
        if inputs.get("multiRegion"):
            key = f"mrk-{digits[:32]}"
        return key, {"keyId": key, "arn": _arn("kms", f"key/{key}")}
    if type_ in _PREFIXED:
        prefix, kind = _PREFIXED[type_]
        identity = f"{prefix}-{digits[:17]}"
        return identity, {"arn": _arn("ec2", f"{kind}/{identity}")} | _extra(type_, identity, digits, inputs)
    if type_ in _NAMED:
        field, service, resource = _NAMED[type_]
        identity = str(inputs.get(field) or f"{name}-{digits[:7]}")
        return identity, {field: identity, "arn": _arn(service, resource.format(identity))} | _extra(
            type_, identity, digits, inputs
        )
    identity = str(inputs.get("name") or f"{name}-{digits[:7]}")
    if not type_.startswith("aws:"):
        return identity, {}
    if type_ in _FRONT:
        return _FRONT[type_](identity, digits, inputs)
    service, _, rest = type_.removeprefix("aws:").partition("/")
    return identity, {"arn": _arn(service, f"{rest.partition(':')[0]}/{identity}")}


def _load_balancer(identity: str, digits: str, inputs: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    arn = _arn("elasticloadbalancing", f"loadbalancer/app/{identity}/{digits[:16]}")
    return arn, {"arn": arn, "dnsName": f"{identity}.{REGION}.elb.amazonaws.com", "zoneId": "Z32O12XQLNTSW2"}


def _certificate(_: str, digits: str, inputs: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    arn = _arn("acm", f"certificate/{uuid.UUID(digits[:32])}")
    proof = {
        "domainName": inputs["domainName"],
        "resourceRecordName": f"_{digits[:32]}.{inputs['domainName'].removeprefix('*.')}.",
        "resourceRecordType": "CNAME",
        "resourceRecordValue": f"_{digits[32:]}.acm-validations.aws.",
    }
    return arn, {"arn": arn, "domainValidationOptions": [proof]}


def _record(_: str, digits: str, inputs: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    fqdn = str(inputs["name"]).removesuffix(".")
    return f"{inputs['zoneId']}_{fqdn}_{inputs['type']}", {"fqdn": fqdn}


def _user_pool(_: str, digits: str, inputs: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    pool = f"{REGION}_{digits[:9]}"
    return pool, {
        "arn": _arn("cognito-idp", f"userpool/{pool}"),
        "endpoint": f"cognito-idp.{REGION}.amazonaws.com/{pool}",
    }


def _resource_server(identity: str, _: str, inputs: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    scopes = [f"{inputs['identifier']}/{scope['scopeName']}" for scope in inputs["scopes"]]
    return identity, {"scopeIdentifiers": scopes}


def _mlflow_app(_: str, digits: str, inputs: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    arn = _arn("sagemaker", f"mlflow-app/app-{digits[:12].upper()}")
    return arn, {"arn": arn}


def _object(_: str, digits: str, inputs: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    arn = f"arn:aws:s3:::{inputs['bucket']}/{inputs['key']}"
    return f"{inputs['bucket']}/{inputs['key']}", {"arn": arn, "versionId": digits[:32]}


def _airflow(identity: str, digits: str, inputs: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    url = f"{digits[:8]}.c1.{REGION}.airflow.amazonaws.com"
    return identity, {"arn": _arn("airflow", f"environment/{identity}"), "webserverUrl": url}


def _workspace(_: str, digits: str, inputs: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    workspace = f"ws-{digits[:8]}"
    return workspace, {
        "arn": _arn("aps", f"workspace/{workspace}"),
        "prometheusEndpoint": f"https://aps-workspaces.{REGION}.amazonaws.com/workspaces/{workspace}/",
    }


_FRONT = {
    "aws:amp/workspace:Workspace": _workspace,
    "aws:mwaa/environment:Environment": _airflow,
    "aws:s3/bucketObjectv2:BucketObjectv2": _object,
    "aws:sagemaker/mlflowApp:MlflowApp": _mlflow_app,
    "aws:lb/loadBalancer:LoadBalancer": _load_balancer,
    "aws:acm/certificate:Certificate": _certificate,
    "aws:route53/record:Record": _record,
    "aws:cognito/userPool:UserPool": _user_pool,
    "aws:cognito/resourceServer:ResourceServer": _resource_server,
}


def _arn(service: str, resource: str) -> str:
    where = {"s3": ":", "iam": f":{ACCOUNT}"}.get(service, f"{REGION}:{ACCOUNT}")
    return f"arn:aws:{service}:{where}:{resource}"


def _extra(type_: str, identity: str, digits: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
    match type_:
        case "aws:ec2/vpc:Vpc":
            return {
                "defaultSecurityGroupId": f"sg-{digits[17:34]}",
                "defaultNetworkAclId": f"acl-{digits[17:34]}",
                "defaultRouteTableId": f"rtb-{digits[17:34]}",
                "mainRouteTableId": f"rtb-{digits[17:34]}",
            }
        case "aws:ec2/eip:Eip":
            return {"allocationId": identity, "publicIp": "203.0.113.10"}
        case "aws:ec2/vpcEndpoint:VpcEndpoint":
            return {"prefixListId": f"pl-{digits[17:25]}", "dnsEntries": []}
        case "aws:ecr/repository:Repository":
            host = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
            return {"registryId": ACCOUNT, "repositoryUrl": f"{host}/{identity}"}
        case "aws:eks/cluster:Cluster":
            return {
                "endpoint": f"https://{digits[:32].upper()}.gr7.{REGION}.eks.amazonaws.com",
                "certificateAuthority": {"data": "Y2VydGlmaWNhdGU="},
                "vpcConfig": {**(inputs.get("vpcConfig") or {}), "clusterSecurityGroupId": f"sg-{digits[17:34]}"},
                "status": "ACTIVE",
                "platformVersion": "eks.1",
                "identities": [{"oidcs": [{"issuer": f"https://oidc.eks.{REGION}.amazonaws.com/id/{digits[:32]}"}]}],
            }
        case "aws:dynamodb/table:Table" if inputs.get("streamEnabled"):
            label = "2026-01-01T00:00:00.000"
            return {"streamArn": _arn("dynamodb", f"table/{identity}/stream/{label}"), "streamLabel": label}
        case "aws:rds/cluster:Cluster":
            secret = f"secret:rds!cluster-{uuid.UUID(digits[:32])}-AbCdEf"
            return {
                "clusterResourceId": f"cluster-{digits[:26].upper()}",
                "endpoint": f"{identity}.cluster-{digits[:12]}.{REGION}.rds.amazonaws.com",
                "readerEndpoint": f"{identity}.cluster-ro-{digits[:12]}.{REGION}.rds.amazonaws.com",
                "masterUserSecrets": [{"secretArn": _arn("secretsmanager", secret), "secretStatus": "active"}],
            }
        case "aws:s3/bucket:Bucket":
            return {
                "bucketDomainName": f"{identity}.s3.amazonaws.com",
                "bucketRegionalDomainName": f"{identity}.s3.{REGION}.amazonaws.com",
                "bucketRegion": REGION,
                "hostedZoneId": "Z1BKCTXD74EZPE",
            }
        case "aws:batch/jobDefinition:JobDefinition":
            return {"arnPrefix": _arn("batch", f"job-definition/{identity}"), "revision": 1}
        case "aws:ec2/launchTemplate:LaunchTemplate":
            return {"latestVersion": 1, "defaultVersion": 1}
        case "aws:sqs/queue:Queue":
            return {"url": f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{identity}"}
        case "aws:iam/role:Role":
            return {"uniqueId": f"AROA{digits[:16].upper()}", "createDate": "2026-01-01T00:00:00Z"}
    return {}


def _kubernetes(name: str, inputs: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    metadata = dict(inputs.get("metadata") or {})
    metadata.setdefault("name", name)
    space = metadata.get("namespace")
    return (f"{space}/{metadata['name']}" if space else metadata["name"]), {"metadata": metadata}
