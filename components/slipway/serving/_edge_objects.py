"""What of a gateway is Kubernetes': namespace, Envoy Gateway, the Gateway and its policies."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import pulumi
import pulumi_kubernetes as k8s

from slipway import versions
from slipway._custom import eks, envoy, envoy_proxy, gateway_api
from slipway.serving import _edge, _edge_network, _namespaces
from slipway.serving._gateway_settings import GatewaySettings

CHARTS = "oci://docker.io/envoyproxy"
RELEASE = "envoy-gateway"
_SECONDS = 600


@dataclass(frozen=True)
class Edge:
    """Makes what a gateway has in Kubernetes."""

    name: str
    settings: GatewaySettings
    parent: pulumi.Resource

    def _after(self, *others: pulumi.Resource) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self.parent, depends_on=[*others])

    def _metadata(self, name: str) -> k8s.meta.v1.ObjectMetaArgsDict:
        return {"name": name, "namespace": _edge.NAMESPACE, "labels": _namespaces.MANAGED}

    def namespace(self, balancer_cidrs: pulumi.Input[Sequence[pulumi.Input[str]]]) -> list[pulumi.Resource]:
        """The closed namespace, and what is open in it."""
        space = k8s.core.v1.Namespace(
            f"{self.name}-namespace",
            metadata={
                "name": _edge.NAMESPACE,
                "labels": _namespaces.namespace_labels(self.settings.kubernetes_version),
            },
            opts=self._after(),
        )
        cidrs: pulumi.Output[list[str]] = pulumi.Output.from_input(cast(Any, balancer_cidrs))
        specs: dict[str, Any] = {
            "default-deny": _namespaces.deny_spec(),
            "allow-dns": _namespaces.dns_spec(),
            "proxies": cidrs.apply(_edge_network.proxy_spec),
            "controller": _edge_network.controller_spec(),
            "certificates": _edge_network.certificates_spec(),
        }
        if self.settings.metrics_namespaces:
            specs["metrics"] = _edge_network.metrics_spec(self.settings.metrics_namespaces)
        return [
            space,
            *(
                k8s.networking.v1.NetworkPolicy(
                    f"{self.name}-network-{role}", metadata=self._metadata(role), spec=spec, opts=self._after(space)
                )
                for role, spec in specs.items()
            ),
        ]

    def controller(self, space: Sequence[pulumi.Resource]) -> pulumi.Resource:
        """Envoy Gateway, after the kinds that it watches."""
        ahead = [*space]
        if self.settings.install_crds:
            ahead.append(
                k8s.helm.v4.Chart(
                    f"{self.name}-crds",
                    chart=f"{CHARTS}/gateway-crds-helm",
                    version=versions.ENVOY_GATEWAY,
                    namespace=_edge.NAMESPACE,
                    values={
                        "crds": {
                            # Retries in routes and sticky sessions are in this channel only, and it cannot follow the
                            # standard one.
                            "gatewayAPI": {"enabled": True, "channel": "experimental"},
                            "envoyGateway": {"enabled": True},
                        }
                    },
                    opts=self._after(space[0]),
                )
            )
        # A Release and not a Chart: its certificates are made by a hook.
        controller: pulumi.Resource = k8s.helm.v3.Release(
            f"{self.name}-controller",
            name=RELEASE,
            chart=f"{CHARTS}/gateway-helm",
            version=versions.ENVOY_GATEWAY,
            namespace=_edge.NAMESPACE,
            skip_crds=True,
            atomic=True,
            timeout=_SECONDS,
            max_history=3,
            values=_edge.chart_values(self.settings),
            opts=self._after(*ahead),
        )
        return controller

    def gateway(self, controller: pulumi.Resource) -> list[k8s.apiextensions.CustomResource]:
        """The Gateway, how its proxies run, and whom it lets in: nobody, until a route has a policy of its own."""
        kind = gateway_api.gateway_class(
            f"{self.name}-class",
            {"name": _edge.CLASS, "labels": _namespaces.MANAGED},
            _edge.class_spec(),
            self._after(controller),
        )
        proxy = envoy_proxy.envoy_proxy(
            f"{self.name}-proxies", self._metadata(_edge.NAME), _edge.proxy_spec(self.settings), self._after(controller)
        )
        # Before the Gateway, so that it never has a listener without them.
        clients = envoy.client_traffic_policy(
            f"{self.name}-clients",
            self._metadata(_edge.NAME),
            _edge.clients_spec(self.settings.idle_seconds),
            self._after(controller),
        )
        deny = envoy.security_policy(
            f"{self.name}-deny", self._metadata("default-deny"), _edge.deny_spec(), self._after(controller)
        )
        made = gateway_api.gateway(
            f"{self.name}-gateway",
            self._metadata(_edge.NAME),
            _edge.gateway_spec(self.settings.domain),
            self._after(kind, proxy, clients, deny),
        )
        return [made, clients, deny]

    def binding(self, target_group_arn: pulumi.Input[str], gateway: pulumi.Resource, listener: pulumi.Resource) -> None:
        """Envoy's pods are the load balancer's targets."""
        eks.target_group_binding(
            f"{self.name}-targets",
            self._metadata(_edge.NAME),
            {
                "serviceRef": {"name": _edge.NAME, "port": _edge.LISTENER_PORT},
                "targetGroupARN": target_group_arn,
                "targetType": "ip",
            },
            self._after(gateway, listener),
        )
