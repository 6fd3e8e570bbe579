"""Types that the table does not have: kept in the state only, and marked so that a summary can count them."""

import hashlib
import json

from sandbox.providers.aws.calls import public
from sandbox.providers.aws.names import autoname
from sandbox.providers.aws.session import Session
from sandbox.providers.values import Properties

RECORDED = "__recorded"
"""Output that is true of what exists in the state only."""


def check(name: str, olds: Properties, news: Properties, seed: bytes) -> Properties:
    """A name, because most types have one and programs read it."""
    return autoname("name", "", name, olds, news, seed)


def create(session: Session, type_: str, inputs: Properties) -> tuple[str, Properties]:
    """Outputs that look like AWS's: the inputs, an id, an ARN."""
    service, kind = type_.split(":")[1].split("/")[0], type_.split(":")[2]
    known = public(inputs)
    digest = hashlib.sha256(json.dumps([type_, known], sort_keys=True).encode()).hexdigest()
    identifier = str(known.get("name") or f"{kind.lower()}-{digest[:17]}")
    region = known.get("region") or session.region
    resource = f"{kind[:1].lower()}{kind[1:]}/{identifier}"
    outputs = {
        "arn": f"arn:{session.partition}:{service}:{region}:{session.account}:{resource}",
        "region": region,
        **known,
        RECORDED: True,
    }
    if isinstance(known.get("tags"), dict) or session.default_tags:
        outputs["tagsAll"] = {**session.default_tags, **(known.get("tags") or {})}
    return identifier, outputs
