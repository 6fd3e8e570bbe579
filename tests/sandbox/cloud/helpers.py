"""What several of these tests need."""

import json
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.exceptions import ClientError

ACCOUNT = "123456789012"
Call = Callable[[str], Any]


@contextmanager
def refused(code: str, text: str = "") -> Generator[None]:
    """The block makes a call that the service refuses with ``code`` and a message that holds ``text``."""
    with pytest.raises(ClientError) as error:
        yield
    found = error.value.response["Error"]
    assert (found["Code"], text in found["Message"]) == (code, True), found


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def trust(service: str) -> str:
    return policy({"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"})


def make_role(aws: Call, name: str, service: str = "eks.amazonaws.com") -> str:
    role = aws("iam").create_role(RoleName=name, AssumeRolePolicyDocument=trust(service))
    return str(role["Role"]["Arn"])


def make_subnets(aws: Call, count: int = 2) -> tuple[str, list[str]]:
    """A VPC and ``count`` subnets in as many zones."""
    ec2 = aws("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{n}.0/24", AvailabilityZone=f"eu-west-1{'abc'[n]}")["Subnet"]
        for n in range(count)
    ]
    return vpc, [subnet["SubnetId"] for subnet in subnets]
