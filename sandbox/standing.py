"""What an account has before any of its stacks: what settings name by its id and no program declares."""

import json
from collections.abc import Mapping


def ensure(config: Mapping[str, str], environment: Mapping[str, str]) -> None:
    """Make what the settings ``config`` name and the cloud of ``environment`` does not have: the gateway's zone."""
    gateway = json.loads(config.get("slipway:gateway", "{}"))
    zone, domain = gateway.get("zone_id"), gateway.get("domain")
    if not (zone and domain):
        return
    from sandbox.cloud.clients import client  # the AWS SDK: only a stack with a zone pays for it

    route53 = client("route53", environment)
    try:
        route53.get_hosted_zone(Id=zone)
    except route53.exceptions.NoSuchHostedZone:
        route53.create_hosted_zone(Name=domain, CallerReference=zone)  # which becomes its id: see cloud/route53.py
