import ipaddress
from typing import Any

import pytest
from slipway.serving._subnets import SLOTS, region_of, subnet_plan

ALL = [f"eu-west-1{letter}" for letter in SLOTS]


def test_a_zone_gets_a_sixteenth_and_two_thirty_seconds() -> None:
    plan = subnet_plan("10.0.0.0/16", ["eu-west-1a", "eu-west-1b"])

    assert (plan["eu-west-1a"].private, plan["eu-west-1b"].private) == ("10.0.0.0/20", "10.0.16.0/20")
    assert (plan["eu-west-1a"].public, plan["eu-west-1b"].public) == ("10.0.128.0/21", "10.0.136.0/21")
    assert (plan["eu-west-1a"].intra, plan["eu-west-1b"].intra) == ("10.0.192.0/21", "10.0.200.0/21")


@pytest.mark.parametrize("cidr", ["10.0.0.0/16", "10.4.0.0/17", "172.31.0.0/18", "100.64.32.0/19", "192.168.16.0/20"])
def test_subnets_lie_in_the_vpc_and_never_overlap(cidr: str) -> None:
    plan = subnet_plan(cidr, ALL)
    subnets = [ipaddress.IPv4Network(block) for zone in plan.values() for block in vars(zone).values()]

    assert len(subnets) == 24
    assert sum(subnet.num_addresses for subnet in subnets) == ipaddress.IPv4Network(cidr).num_addresses
    assert list(ipaddress.collapse_addresses(subnets)) == [ipaddress.IPv4Network(cidr)]


@pytest.mark.parametrize("zone", ALL)
def test_a_zones_subnets_do_not_depend_on_the_other_zones(zone: str) -> None:
    alone = subnet_plan("10.0.0.0/16", [zone])[zone]

    assert subnet_plan("10.0.0.0/16", ALL)[zone] == alone
    assert subnet_plan("10.0.0.0/16", ALL[::-1])[zone] == alone


@pytest.mark.parametrize(
    ("zone", "region"),
    [("eu-west-1a", "eu-west-1"), ("us-gov-east-1b", "us-gov-east-1"), ("ap-southeast-4h", "ap-southeast-4")],
)
def test_region_of_a_zone(zone: str, region: str) -> None:
    assert region_of(zone) == region
    assert list(subnet_plan("10.0.0.0/16", [zone])) == [zone]


CIDR = r"cidr_block: accepted: an IPv4 network of /16 to /20, such as 10\.0\.0\.0/16: received: "
ZONE = r"accepted: an availability zone's full name, such as eu-west-1a, of letter a to h: received: "


@pytest.mark.parametrize(
    ("cidr", "zones", "message"),
    [
        ("10.0.0.0/15", ALL, CIDR + "'10.0.0.0/15'"),
        ("10.0.0.0/21", ALL, CIDR + "'10.0.0.0/21'"),
        ("10.0.0.1/16", ALL, CIDR + "'10.0.0.1/16'"),
        ("fd00::/16", ALL, CIDR + "'fd00::/16'"),
        ("ten", ALL, CIDR + "'ten'"),
        (None, ALL, CIDR + "None"),
        ("10.0.0.0/16", [], r"zones: accepted: at least 1 entry: received: \[\]"),
        ("10.0.0.0/16", ["eu-west-1"], rf"zones\[0\]: {ZONE}'eu-west-1'"),
        ("10.0.0.0/16", ["eu-west-1a", "b"], rf"zones\[1\]: {ZONE}'b'"),
        ("10.0.0.0/16", ["eu-west-1i"], rf"zones\[0\]: {ZONE}'eu-west-1i'"),
        ("10.0.0.0/16", ["us-west-2-lax-1a"], rf"zones\[0\]: {ZONE}'us-west-2-lax-1a'"),
        (
            "10.0.0.0/16",
            ["eu-west-1a", "eu-west-1a"],
            "zones: accepted: entries that differ from each other",
        ),
        ("10.0.0.0/16", ["eu-west-1a", "eu-west-2b"], "zones: accepted: zones of one region: received: "),
        ("10.0.0.0/16", "eu-west-1a", "zones: accepted: a list of text: received: 'eu-west-1a'"),
    ],
)
def test_refused(cidr: Any, zones: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        subnet_plan(cidr, zones)
