"""Names of resources: Pulumi's URNs."""

STACK_TYPE = "pulumi:pulumi:Stack"
PROVIDER_PREFIX = "pulumi:providers:"


def urn(stack: str, project: str, parent: str, type_: str, name: str) -> str:
    """URN of a resource; ``parent`` is its parent's, or empty."""
    qualified = type_
    if parent and type_of(parent) != STACK_TYPE:
        qualified = f"{parent.split('::')[2]}${type_}"
    return f"urn:pulumi:{stack}::{project}::{qualified}::{name}"


def type_of(urn: str) -> str:
    """The type of the resource itself."""
    return urn.split("::")[2].rsplit("$", 1)[-1]


def name_of(urn: str) -> str:
    """The logical name."""
    return urn.split("::", 3)[3]


def package_of(type_: str) -> str:
    """The package whose provider manages a type, or that a provider resource belongs to."""
    return type_.removeprefix(PROVIDER_PREFIX).split(":", 1)[0]


def alias(spec_or_urn: object, stack: str, project: str, parent: str, type_: str, name: str) -> str:
    """The URN that an ``Alias`` message of the protocol stands for, for the resource described by the rest."""
    direct: str = getattr(spec_or_urn, "urn", "")
    if direct:
        return direct
    spec = getattr(spec_or_urn, "spec")  # noqa: B009 -- a message without type information
    old_parent = "" if spec.noParent else spec.parentUrn or parent
    return urn(spec.stack or stack, spec.project or project, old_parent, spec.type or type_, spec.name or name)
