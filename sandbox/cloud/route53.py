"""Route 53: ids of zones as AWS makes them."""

from typing import Any

from moto.route53 import models

from sandbox.cloud.extension import replaces


@replaces(models, "create_route53_zone_id")
def _zone_id(original: Any, *args: Any, **kwargs: Any) -> str:
    return f"Z{original(*args, **kwargs)[1:]}"
