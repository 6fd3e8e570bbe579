"""Route 53: ids of zones as AWS makes them, but for zones that stand before any stack."""

import re
from typing import Any

from moto.route53 import models
from moto.route53.models import FakeZone, Route53Backend

from sandbox.cloud.extension import replaces


@replaces(models, "create_route53_zone_id")
def _zone_id(original: Any, *args: Any, **kwargs: Any) -> str:
    return f"Z{original(*args, **kwargs)[1:]}"


@replaces(Route53Backend, "create_hosted_zone")
def _create(original: Any, self: Any, *args: Any, **kwargs: Any) -> FakeZone:
    """Settings name a zone that their account already has: one that is asked for by such an id gets it."""
    zone: FakeZone = original(self, *args, **kwargs)
    if re.fullmatch(r"Z[A-Z0-9]{8,31}", zone.caller_reference) and zone.caller_reference not in self.zones:
        self.zones[zone.caller_reference] = self.zones.pop(zone.resource_id)
        zone.resource_id = zone.caller_reference
    return zone
