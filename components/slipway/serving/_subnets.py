"""Where the subnets of a VPC lie."""

import ipaddress
import re
from dataclasses import dataclass
from typing import Any

from slipway._check import each, refuse

SLOTS = "abcdefgh"
"""Letters of availability zones. A zone's letter decides its subnets, so adding or removing zones moves none."""

ZONE = rf"([a-z]{{2}}(?:-[a-z]+)+-\d)([{SLOTS}])"


@dataclass(frozen=True)
class ZoneSubnets:
    """CIDR blocks of one availability zone."""

    private: str
    """Nodes and pods: a sixteenth of the VPC."""
    public: str
    """Internet-facing load balancers and NAT gateways: a thirty-second of the VPC."""
    intra: str
    """Control-plane interfaces and VPC endpoints, without a way out: a thirty-second of the VPC."""


def subnet_plan(cidr_block: Any, zones: Any) -> dict[str, ZoneSubnets]:
    """Subnets of each of ``zones`` (full names) in ``cidr_block``, a network of /16 to /20.

    The first half of the VPC is private, the third quarter public, the fourth intra; each part has eight slots, one per
    zone letter. Raises ``ValueError`` that names ``cidr_block`` or ``zones``.
    """
    network = _vpc_network(cidr_block)
    each("zones", zones, ZONE, "an availability zone's full name, such as eu-west-1a, of letter a to h", at_least=1)
    regions = sorted({region_of(zone) for zone in zones})
    if len(regions) > 1:
        refuse("zones", "zones of one region", list(zones))

    private_half, rest = network.subnets(prefixlen_diff=1)
    public_quarter, intra_quarter = rest.subnets(prefixlen_diff=1)
    private, public, intra = (
        list(part.subnets(prefixlen_diff=3)) for part in (private_half, public_quarter, intra_quarter)
    )
    slots = {zone: SLOTS.index(zone[-1]) for zone in zones}
    return {zone: ZoneSubnets(str(private[i]), str(public[i]), str(intra[i])) for zone, i in slots.items()}


def region_of(zone: str) -> str:
    """The region of a zone: ``eu-west-1`` of ``eu-west-1a``."""
    return re.sub(r"[a-z]$", "", zone)


def _vpc_network(cidr_block: Any) -> ipaddress.IPv4Network:
    accepted = "an IPv4 network of /16 to /20, such as 10.0.0.0/16"
    try:
        network = ipaddress.IPv4Network(cidr_block)
    except ValueError:
        refuse("cidr_block", accepted, cidr_block)
    if not 16 <= network.prefixlen <= 20:
        refuse("cidr_block", accepted, cidr_block)
    return network
