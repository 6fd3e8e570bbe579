"""Physical names, made up as Pulumi's provider makes them up."""

import hashlib
import re

from sandbox.providers.values import Properties

MADE_UP = "__defaults"
"""Input, as in Pulumi's provider, that lists the inputs which the provider filled in."""


def autoname(property_: str, prefix: str, logical: str, olds: Properties, news: Properties, seed: bytes) -> Properties:
    """``news`` with a physical name in ``property_``: the old made-up one, else made from logical name and seed.

    ``<property>Prefix`` (or ``bucketPrefix``) asks for a name that begins with it.
    """
    if news.get(property_) is not None:
        return news
    digits = hashlib.sha256(seed).hexdigest()
    begin = news.get(f"{property_}Prefix")
    old = olds.get(property_)
    if old is not None and property_ in olds.get(MADE_UP, []) and (begin is None or str(old).startswith(str(begin))):
        chosen = old
    elif begin is not None:
        chosen = f"{begin}{digits[:26]}"
    else:
        chosen = f"{prefix}{logical}-{digits[:7]}"
        if property_ == "bucket":
            chosen = re.sub(r"[^a-z0-9.-]", "-", chosen.lower())
    return {**news, property_: chosen, MADE_UP: [property_]}


def made_up(property_: str, inputs: Properties) -> bool:
    """Whether the provider chose the name."""
    return property_ in (inputs.get(MADE_UP) or [])
