"""What a platform hands to the models on it: within one stack, or to shard stacks through a StackReference.

The export is versioned. A shard refuses a platform whose contract it does not know, before it declares anything that
would be built on wrong values.
"""

from collections.abc import Collection
from dataclasses import MISSING, dataclass, fields
from typing import Any, Self

import pulumi
import pulumi_kubernetes as k8s

VERSION = 2
EXPORT = "platform"
ROUTES = frozenset({"gateway_domain", "gateway_name", "jwt_issuer", "jwt_jwks_uri", "jwt_audiences"})
"""Fields of a platform that has a gateway."""
GATE = frozenset({"gate_url"})
"""Fields of a platform that has the gate."""
RETRAINING = frozenset({"retraining"})
"""Fields of a platform that retrains models."""
MONITORING = frozenset({"monitoring_namespace"})
"""Fields of a platform that watches models."""


@dataclass(frozen=True)
class PlatformContract:
    """Plain values of a platform; those that may be None belong to what not every platform has."""

    cluster_name: pulumi.Output[str]
    cluster_arn: pulumi.Output[str]
    kubeconfig: pulumi.Output[str]
    """Secret: how the Kubernetes provider reaches the cluster."""
    namespace: pulumi.Output[str]
    """Of the models; known once everything is there that their objects need."""
    models_bucket: pulumi.Output[str]
    models_bucket_arn: pulumi.Output[str]
    models_key_arn: pulumi.Output[str]
    personal_key_arn: pulumi.Output[str]
    operations_repository_url: pulumi.Output[str]
    gateway_domain: pulumi.Output[str] | None = None
    gateway_name: pulumi.Output[str] | None = None
    jwt_issuer: pulumi.Output[str] | None = None
    jwt_jwks_uri: pulumi.Output[str] | None = None
    jwt_audiences: pulumi.Output[list[str]] | None = None
    gate_url: pulumi.Output[str] | None = None
    retraining: pulumi.Output[dict[str, str]] | None = None
    """What pipelines share, by the names of stacks/pipelines.py."""
    monitoring_namespace: pulumi.Output[str] | None = None
    """Where monitoring is; that there is any is what a shard must know."""

    def shared(self, key: str) -> pulumi.Output[str]:
        """One of the values that pipelines share; ``retraining`` must be there."""
        assert self.retraining is not None, "settings.problems() requires the section, and the contract a platform's"
        return self.retraining.apply(lambda known: str(known[key]))

    def export(self) -> None:
        """Publish the contract as the stack output ``platform``."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        known = {name: value for name, value in values.items() if value is not None}
        pulumi.export(EXPORT, {"version": VERSION, **known})

    @classmethod
    def of_stack(cls, name: str, needs: Collection[str] = ()) -> Self:
        """The contract that the stack ``name`` exports, of the optional fields those in ``needs``.

        Fails the update where the contract is missing, of another version or without a field that is needed.
        """
        exported = pulumi.StackReference(name).get_output(EXPORT)
        wanted = {*REQUIRED, *needs}

        def field(key: str) -> pulumi.Output[Any]:
            return exported.apply(lambda contract: check(contract, name, wanted)[key])

        return cls(**{key: field(key) for key in wanted})

    def kubernetes(self) -> k8s.Provider:
        """A provider for the platform's cluster; keyed by the cluster, so that a new kubeconfig replaces nothing."""
        return k8s.Provider("kubernetes", kubeconfig=self.kubeconfig, cluster_identifier=self.cluster_arn)


REQUIRED = frozenset(field.name for field in fields(PlatformContract) if field.default is MISSING)
"""Fields of every platform."""


def check(contract: Any, stack: str, wanted: Collection[str] = REQUIRED) -> dict[str, Any]:
    """The contract's values; raises ``pulumi.RunError`` that names the stack, what is accepted and what came."""
    if not isinstance(contract, dict):
        raise pulumi.RunError(
            f"stack {stack}: output {EXPORT}: accepted: a platform contract of version {VERSION}: received: "
            f"{contract!r} (is it a platform, and up?)"
        )
    if contract.get("version") != VERSION:
        raise pulumi.RunError(
            f"stack {stack}: output {EXPORT}.version: accepted: {VERSION}: received: {contract.get('version')!r}"
        )
    missing = sorted(set(wanted) - contract.keys())
    if missing:
        lacks = {*ROUTES, *GATE, *RETRAINING, *MONITORING} & set(missing)
        hint = " (has its platform the gateway, gate, retraining or monitoring that is asked for?)" if lacks else ""
        raise pulumi.RunError(f"stack {stack}: output {EXPORT}: accepted: {sorted(wanted)}: missing: {missing}{hint}")
    return contract
