"""How a network reaches the internet; apart from ``Network``, so that naming a choice loads no SDK."""

from enum import StrEnum


class Nat(StrEnum):
    """How private subnets reach the internet."""

    NONE = "none"
    """Not at all: AWS services only through VPC endpoints."""
    SINGLE = "single"
    """One NAT gateway in the first of the zones: cheap, but its zone's outage cuts off all zones."""
    PER_ZONE = "per_zone"
    """One NAT gateway in each zone."""
