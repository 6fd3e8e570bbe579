"""The vocabulary in which ``types/`` declares resource types.

Expressions are JMESPath, as everywhere in boto3. For parameters they see the inputs, the outputs of the last run,
``id``, ``here`` (region, account, partition) and ``tagList`` (all tags as Key/Value pairs); for answers they see the
answer's own fields, ``id``, ``here`` and ``given`` (the inputs).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

import jmespath  # type: ignore[import-untyped] # no types

Context = dict[str, Any]


@cache
def compiled(expression: str) -> Any:
    """A JMESPath expression, parsed once."""
    return jmespath.compile(expression)


def evaluate(expression: str, context: Mapping[str, Any]) -> Any:
    """The value of an expression; None where something on the way is absent."""
    if expression in context:
        return context[expression]
    return compiled(expression).search(context)


@cache
def fields_of(expression: str) -> frozenset[str]:
    """Every name that an expression mentions."""

    def walk(node: Mapping[str, Any]) -> set[str]:
        own = {node["value"]} if node["type"] == "field" else set()
        return own.union(*(walk(child) for child in node["children"]))

    return frozenset(walk(compiled(expression).parsed))


@dataclass(frozen=True)
class Call:
    """One API operation.

    A parameter that ``given`` does not name takes the input of the same name, however either is spelt.
    """

    operation: str
    given: Mapping[str, str] = field(default_factory=dict)
    """Parameter -> expression."""
    at: str = ""
    """Where in the answer the resource is."""
    into: str = ""
    """Name under which the answer joins those of a type's other calls; by default its fields do."""
    when: str = ""
    """Only if this expression is true."""
    without: frozenset[str] = frozenset()
    """Inputs that are not this call's, although a parameter has their name."""

    @cached_property
    def names(self) -> frozenset[str]:
        """What its expressions mention."""
        names = {name for text in (*self.given.values(), self.when) if text for name in fields_of(text)}
        return frozenset(names | {"tagsAll"} if "tagList" in names else names)


@dataclass(frozen=True)
class Code:
    """What no single operation does: a function of client and context; ``inputs`` say which changes call it."""

    run: Callable[[Any, Context], Any]
    inputs: frozenset[str] = frozenset()


Step = Call | Code


@dataclass(frozen=True)
class Tags:
    """How a service tags what exists; what a creation does with tags its parameters' shapes say."""

    tag: Call | None = None
    """None, like ``untag``: the type's own calls write all tags at once."""
    untag: Call | None = None
    read: Call | None = None
    """Only where the resource's own answer has no tags."""


@dataclass(frozen=True, kw_only=True)
class Type:
    """One resource type."""

    token: str = field(kw_only=False)
    client: str
    """boto3's name of the service."""
    create: Step
    read: tuple[Step, ...]
    """The first one decides whether it exists; the others add to the answer."""
    delete: tuple[Step, ...] = ()
    id: str
    """Expression over inputs and the creation's answer."""
    id_parts: str = ""
    """For imports: an id's form, such as ``{clusterName}:{addonName}``."""
    settle: tuple[Step, ...] = ()
    """After the creation, and whenever an input of theirs changes."""
    update: tuple[Step, ...] = ()
    """When an input of theirs changes."""
    name: str = ""
    """The input that is the physical name, made up from the logical one where it is absent."""
    name_prefix: str = ""
    replace: frozenset[str] = frozenset()
    """Inputs that only a new resource can take."""
    defaults: Mapping[str, Any] = field(default_factory=dict)
    """Inputs that count as said when they are not; so that leaving one out again undoes it."""
    back: Mapping[str, str] = field(default_factory=dict)
    """Input -> expression over the answer, where its name or place differ there."""
    outputs: Mapping[str, str] = field(default_factory=dict)
    """Output -> expression over the answer."""
    grows: frozenset[str] = frozenset()
    """Inputs, objects, to which the cloud adds fields that programs read; also outputs."""
    moves: frozenset[str] = frozenset()
    """Outputs that any change gives anew, tags aside: a preview of one does not know them."""
    local: frozenset[str] = frozenset()
    """Inputs that say how to treat the resource, not how it is."""
    tags: Tags | None = None
    tag_resource: str = ""
    """EC2's word for the type, for its tag specifications."""
    find: Step | None = None
    """Looks for one made by a run that was killed before it could record it; by default ``read`` does."""
    claims: bool = False
    """AWS names it and allows a second one like it, so the provider itself remembers what it made (claims.py)."""
    gone: str = ""
    """True of an answer that describes what no longer is."""
    ready: str = ""
    """True of an answer when the resource can be used; False while it is being made."""
    failed: str = ""
    """True of an answer when it will never be ready."""
    before_delete: tuple[Step, ...] = ()
    delete_first: bool = False
    """A replacement cannot exist beside the old one."""
    delete_waits: bool = False
    """Whether it goes on existing for a while after the call."""
    regional: bool = True

    @cached_property
    def service(self) -> str:
        """The service's name in tokens, such as ``ec2`` in ``aws:ec2/vpc:Vpc``."""
        return self.token.split(":")[1].split("/")[0]


def arn(service: str, resource: str, region: str = "here.region", account: str = "here.account") -> str:
    """Expression of an ARN whose resource part is ``resource``, an expression itself."""
    return f"join('', ['arn:', here.partition, ':{service}:', {region}, ':', {account}, ':', {resource}])"
