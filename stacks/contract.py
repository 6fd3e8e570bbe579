"""What a platform hands to the models on it: within one stack, or to shard stacks through a StackReference.

The export is versioned. A shard refuses a platform whose contract it does not know, before it declares anything that
would be built on wrong values.
"""

from dataclasses import dataclass, fields
from typing import Any, Self

import pulumi
import pulumi_kubernetes as k8s

VERSION = 1
EXPORT = "platform"


@dataclass(frozen=True)
class PlatformContract:
    """Plain values of a platform; every field is an ``Output[str]``."""

    cluster_name: pulumi.Output[str]
    cluster_arn: pulumi.Output[str]
    kubeconfig: pulumi.Output[str]
    """Secret: how the Kubernetes provider reaches the cluster."""
    namespace: pulumi.Output[str]
    models_bucket: pulumi.Output[str]
    models_bucket_arn: pulumi.Output[str]
    models_key_arn: pulumi.Output[str]
    operations_repository_url: pulumi.Output[str]

    def export(self) -> None:
        """Publish the contract as the stack output ``platform``."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        pulumi.export(EXPORT, {"version": VERSION, **values})

    @classmethod
    def of_stack(cls, name: str) -> Self:
        """The contract that the stack ``name`` exports; fails the update where it is missing or of another version."""
        exported = pulumi.StackReference(name).get_output(EXPORT)

        def field(key: str) -> pulumi.Output[str]:
            return exported.apply(lambda contract: check(contract, name)[key])

        return cls(**{entry.name: field(entry.name) for entry in fields(cls)})

    def kubernetes(self) -> k8s.Provider:
        """A provider for the platform's cluster; keyed by the cluster, so that a new kubeconfig replaces nothing."""
        return k8s.Provider("kubernetes", kubeconfig=self.kubeconfig, cluster_identifier=self.cluster_arn)


def check(contract: Any, stack: str) -> dict[str, str]:
    """The contract's values; raises ``pulumi.RunError`` that names the stack, what is accepted and what came."""
    expected = {field.name for field in fields(PlatformContract)}
    if not isinstance(contract, dict):
        raise pulumi.RunError(
            f"stack {stack}: output {EXPORT}: accepted: a platform contract of version {VERSION}: received: "
            f"{contract!r} (is it a platform, and up?)"
        )
    if contract.get("version") != VERSION:
        raise pulumi.RunError(
            f"stack {stack}: output {EXPORT}.version: accepted: {VERSION}: received: {contract.get('version')!r}"
        )
    missing = sorted(expected - contract.keys())
    if missing:
        raise pulumi.RunError(f"stack {stack}: output {EXPORT}: accepted: {sorted(expected)}: missing: {missing}")
    return contract
