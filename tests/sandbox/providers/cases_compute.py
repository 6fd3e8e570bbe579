"""The lives of what retraining runs on: Batch, Step Functions, profiles and templates of machines."""

import json

from sandbox.providers.values import Properties
from tests.sandbox.providers.cases import Case, World, trust


def _role(world: World, service: str) -> str:
    made = world._once(f"role-{service}", "aws:iam/role:Role", {"assumeRolePolicy": trust(f"{service}.amazonaws.com")})
    return str(made.outputs["arn"])


def _profile(world: World) -> str:
    role = world._once("role-machines", "aws:iam/role:Role", {"assumeRolePolicy": trust("ec2.amazonaws.com")}).id
    made = world._once("machines", "aws:iam/instanceProfile:InstanceProfile", {"role": role})
    return str(made.outputs["arn"])


def _resources(world: World, **more: object) -> Properties:
    return {
        "type": "EC2",
        "allocationStrategy": "BEST_FIT_PROGRESSIVE",
        "minVcpus": 0,
        "maxVcpus": 8,
        "instanceTypes": ["m6i", "m7i"],
        "instanceRole": _profile(world),
        "subnets": [world.subnet(2, "a")],
        "securityGroupIds": [world.group("a")],
        "ec2Configurations": [{"imageType": "ECS_AL2023"}],
        "tags": {"Name": "retraining"},
        **more,
    }


def _environment(world: World, name: str) -> str:
    inputs = {"type": "MANAGED", "computeResources": _resources(world)}
    made = world._once(f"environment-{name}", "aws:batch/computeEnvironment:ComputeEnvironment", inputs)
    return str(made.outputs["arn"])


def _container(**more: object) -> str:
    needs = [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "2048"}]
    return json.dumps({"image": "image@sha256:0", "command": ["train"], "resourceRequirements": needs, **more})


def _definition(seconds: int) -> str:
    states = {"Wait": {"Type": "Wait", "Seconds": seconds, "End": True}}
    return json.dumps({"StartAt": "Wait", "States": states})


def _machine(world: World) -> Properties:
    inputs = {"definition": _definition(1), "roleArn": _role(world, "states"), "publish": True}
    return world._once("machine", "aws:sfn/stateMachine:StateMachine", inputs).outputs


def _second_version(world: World) -> str:
    machine = world._once("machine", "aws:sfn/stateMachine:StateMachine", {})
    wanted = {**machine.inputs, "definition": _definition(2)}
    return str(world.driver.update(machine, wanted).outputs["stateMachineVersionArn"])


CASES = [
    Case(
        "aws:batch/computeEnvironment:ComputeEnvironment",
        lambda w: {
            "namePrefix": "acme-dev-",
            "type": "MANAGED",
            "computeResources": _resources(w),
            "updatePolicy": {"jobExecutionTimeoutMinutes": 60, "terminateJobsOnUpdate": False},
            "tags": {"a": "1"},
        },
        lambda w: {
            "computeResources": _resources(w, maxVcpus=16, instanceTypes=["m6i"]),
            "state": "DISABLED",
            "tags": {"b": "2"},
        },
    ),
    Case(
        "aws:batch/computeEnvironment:ComputeEnvironment",
        lambda w: {
            "type": "MANAGED",
            "computeResources": {
                **_resources(w, type="SPOT", allocationStrategy="SPOT_PRICE_CAPACITY_OPTIMIZED", bidPercentage=80),
                "spotIamFleetRole": _role(w, "spotfleet"),
            },
        },
        lambda w: {"computeResources": _resources(w, type="SPOT"), "type": "UNMANAGED"},
        True,
        label="spot",
    ),
    Case(
        "aws:batch/jobQueue:JobQueue",
        lambda w: {
            "name": "acme-dev-retraining",
            "priority": 1,
            "state": "ENABLED",
            "computeEnvironmentOrders": [{"order": 1, "computeEnvironment": _environment(w, "a")}],
            "jobStateTimeLimitActions": [
                {"state": "RUNNABLE", "action": "CANCEL", "maxTimeSeconds": 3600, "reason": "no machine"}
            ],
            "tags": {"a": "1"},
        },
        lambda w: {
            "priority": 2,
            "computeEnvironmentOrders": [
                {"order": 1, "computeEnvironment": _environment(w, "b")},
                {"order": 2, "computeEnvironment": _environment(w, "a")},
            ],
            "jobStateTimeLimitActions": None,
            "tags": None,
        },
    ),
    Case(
        "aws:batch/jobDefinition:JobDefinition",
        lambda w: {
            "name": "acme-dev-train",
            "type": "container",
            "platformCapabilities": ["EC2"],
            "containerProperties": _container(
                environment=[{"name": "EMPTY", "value": ""}, {"name": "A", "value": "1"}],
                jobRoleArn=_role(w, "ecs-tasks"),
                logConfiguration={"logDriver": "awslogs", "options": {"awslogs-group": "/acme/jobs"}},
            ),
            "retryStrategy": {
                "attempts": 3,
                "evaluateOnExits": [
                    {"onStatusReason": "Host EC2*", "action": "RETRY"},
                    {"onExitCode": "75", "action": "RETRY"},
                    {"onReason": "*", "action": "exit"},
                ],
            },
            "timeout": {"attemptDurationSeconds": 3600},
            "parameters": {"month": "1"},
            "propagateTags": True,
            "deregisterOnNewRevision": False,
            "tags": {"a": "1"},
        },
        lambda _: {
            "containerProperties": _container(command=["train", "--more"]),
            "retryStrategy": {"attempts": 1},
            "timeout": {"attemptDurationSeconds": 60},
            "parameters": None,
            "tags": {"b": "2"},
        },
    ),
    Case(
        "aws:sfn/stateMachine:StateMachine",
        lambda w: {
            "name": "acme-dev-retraining",
            "definition": _definition(1),
            "roleArn": _role(w, "states"),
            "publish": True,
            "loggingConfiguration": {
                "level": "ALL",
                "includeExecutionData": True,
                "logDestination": f"{w.log_group}:*",
            },
            "tracingConfiguration": {"enabled": True},
            "encryptionConfiguration": {
                "type": "CUSTOMER_MANAGED_KMS_KEY",
                "kmsKeyId": w.key().outputs["arn"],
                "kmsDataKeyReusePeriodSeconds": 300,
            },
            "tags": {"a": "1"},
        },
        lambda w: {
            "definition": _definition(2),
            "loggingConfiguration": {
                "level": "ERROR",
                "includeExecutionData": False,
                "logDestination": f"{w.log_group}:*",
            },
            "tracingConfiguration": {"enabled": False},
            "encryptionConfiguration": {
                "type": "CUSTOMER_MANAGED_KMS_KEY",
                "kmsKeyId": w.key("other-key").outputs["arn"],
                "kmsDataKeyReusePeriodSeconds": 600,
            },
            "tags": {"b": "2"},
        },
    ),
    Case(
        "aws:sfn/alias:Alias",
        lambda w: {
            "name": "live",
            "description": "what the triggers start",
            "routingConfigurations": [{"stateMachineVersionArn": f"{_machine(w)['arn']}:1", "weight": 100}],
        },
        lambda w: {
            "description": "half and half",
            "routingConfigurations": [
                {"stateMachineVersionArn": f"{_machine(w)['arn']}:1", "weight": 50},
                {"stateMachineVersionArn": _second_version(w), "weight": 50},
            ],
        },
    ),
    Case(
        "aws:iam/instanceProfile:InstanceProfile",
        lambda w: {"name": "acme-dev-machines", "role": w.role("ec2-a").id, "tags": {"a": "1"}},
        lambda w: {"role": w.role("ec2-b").id, "tags": {"b": "2"}},
    ),
    Case(
        "aws:ec2/launchTemplate:LaunchTemplate",
        lambda w: {
            "namePrefix": "acme-dev-",
            "description": "encrypted disks",
            "blockDeviceMappings": [
                {
                    "deviceName": "/dev/xvda",
                    "ebs": {
                        "encrypted": "true",
                        "kmsKeyId": w.key().outputs["arn"],
                        "volumeSize": 50,
                        "volumeType": "gp3",
                        "deleteOnTermination": "true",
                    },
                }
            ],
            "metadataOptions": {"httpTokens": "required", "httpPutResponseHopLimit": 2, "httpEndpoint": "enabled"},
            "tagSpecifications": [{"resourceType": "instance", "tags": {"Name": "retraining"}}],
            "updateDefaultVersion": True,
            "tags": {"a": "1"},
        },
        lambda _: {
            "metadataOptions": {"httpTokens": "required", "httpPutResponseHopLimit": 1, "httpEndpoint": "enabled"},
            "tagSpecifications": [{"resourceType": "volume", "tags": {"Name": "disk"}}],
            "tags": {"b": "2"},
        },
    ),
]
