"""MLflow in a cluster: who may reach it, what runs, in which order."""

from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from slipway._custom import Metadata, envoy, envoy_backends, gateway_api
from slipway.models import _registry_pods as pods
from slipway.models._registry_containers import CA_FILE, ca_name
from slipway.models._registry_settings import Server
from slipway.rollout import _routes as routes
from slipway.rollout._front import front_of
from slipway.rollout._later import after
from slipway.rollout._routes import Front

SERVICE_PORT = 80
UPLOAD_SECONDS = 300
"""How long a request at the gateway may take where nothing is said: an artifact is one request."""


class SelfHosted:
    """Declares the registry's objects as children of ``parent``."""

    def __init__(self, name: str, server: Server, args: Mapping[str, Any], parent: pulumi.Resource) -> None:
        self.name, self.server, self.parent = name, server, parent
        patient = {"request_timeout_seconds": UPLOAD_SECONDS} if args.get("hostname") is not None else {}
        self.front: Front | None = front_of({**patient, **args})

    def declare(self, destination: pulumi.Input[str]) -> pulumi.Output[str]:
        """Everything; ``destination`` is where artifacts go. Returns the tracking URI, known once there is a server."""
        server = self.server
        accounts = [self._account(server.service_account), self._account(collector(server))]
        guards = self._guards()
        before: list[pulumi.Resource] = [*accounts, *guards]
        if server.login:
            before.append(
                k8s.core.v1.ConfigMap(
                    f"{self.name}-database-ca",
                    metadata=self._metadata(ca_name(server)),
                    data={CA_FILE: server.login.ca_bundle},
                    opts=self._opts(),
                )
            )
        # Its name is the image's, so that another version of MLflow migrates anew: a Job never changes.
        migration = k8s.batch.v1.Job(
            f"{self.name}-migration",
            metadata=self._metadata(
                after(server.image, lambda image: f"{server.name}-migration-{image[-12:]}"), pods.MIGRATION
            ),
            spec=pods.migration_spec(server),
            opts=self._opts(*before),
        )
        deployment = k8s.apps.v1.Deployment(
            f"{self.name}-server",
            metadata=self._metadata(),
            spec=pods.server_spec(server, destination, self._hosts(), self._origins()),
            opts=self._opts(*before, migration),
        )
        k8s.policy.v1.PodDisruptionBudget(
            f"{self.name}-disruption",
            metadata=self._metadata(),
            spec={
                "selector": {"match_labels": pods.labels(server.name, pods.SERVER)},
                "max_unavailable": 1,
                "unhealthy_pod_eviction_policy": "AlwaysAllow",
            },
            opts=self._opts(),
        )
        service = k8s.core.v1.Service(
            f"{self.name}-service",
            metadata=self._metadata(),
            spec={
                "type": "ClusterIP",
                "selector": pods.labels(server.name, pods.SERVER),
                "ports": [{"name": "http", "port": SERVICE_PORT, "target_port": "http", "app_protocol": "http"}],
            },
            opts=self._opts(),
        )
        k8s.batch.v1.CronJob(
            f"{self.name}-collection",
            metadata=self._metadata(f"{server.name}-collection", pods.COLLECTION),
            spec=pods.collection_spec(server, collector(server), destination),
            opts=self._opts(*before, migration),
        )
        ready: list[pulumi.Resource] = [deployment, service]
        if self.front:
            ready += self._way_in(self.front)
            address: pulumi.Output[str] = pulumi.Output.from_input(f"https://{self.front.hostname}")
        else:
            address = pulumi.Output.concat("http://", server.name, ".", server.namespace, ".svc")
        return pulumi.Output.all(address, *(one.urn for one in ready)).apply(lambda known: str(known[0]))

    def _guards(self) -> list[pulumi.Resource]:
        """In: only the gateway, or the clients' namespaces. Out: the database, the bucket and the pods' identity."""
        server = self.server
        callers = [self.front.gateway_namespace] if self.front else server.client_namespaces
        return [
            k8s.networking.v1.NetworkPolicy(
                f"{self.name}-network{suffix}",
                metadata=self._metadata(f"{server.name}{suffix}", role),
                spec=pods.network_spec(server, role, callers if role == pods.SERVER else []),
                opts=self._opts(),
            )
            for role, suffix in ((pods.SERVER, ""), (pods.MIGRATION, "-migration"), (pods.COLLECTION, "-collection"))
        ]

    def _way_in(self, front: Front) -> list[pulumi.Resource]:
        """Route and policies at the gateway; the route comes last, so that nobody gets in before they are there."""
        name = self.server.name
        policies: list[pulumi.Resource] = [
            envoy.security_policy(
                f"{self.name}-callers",
                self._metadata(),
                routes.security_policy(name, front.tokens),
                self._opts(),
            ),
            envoy_backends.backend_traffic_policy(
                f"{self.name}-traffic",
                self._metadata(),
                {
                    "targetRefs": [routes.target(name)],
                    "circuitBreaker": {"maxConnections": 256, "maxPendingRequests": 256, "maxParallelRequests": 256},
                    "timeout": {
                        "http": {"requestTimeout": f"{front.request_timeout_seconds}s"},
                        "tcp": {"connectTimeout": "2s"},
                    },
                },
                self._opts(),
            ),
        ]
        rule: gateway_api.HTTPRouteRule = {
            "matches": [{"path": {"type": "PathPrefix", "value": "/"}}],
            # The caller's token ends at the gateway.
            "filters": [{"type": "RequestHeaderModifier", "requestHeaderModifier": {"remove": ["authorization"]}}],
            "backendRefs": [{"name": name, "port": SERVICE_PORT}],
        }
        spec: gateway_api.HTTPRouteSpec = {
            "parentRefs": [{"name": front.gateway_name, "namespace": front.gateway_namespace}],
            "hostnames": [front.hostname],
            "rules": [rule],
        }
        route = gateway_api.http_route(f"{self.name}-route", self._metadata(), spec, self._opts(*policies))
        return [*policies, route]

    def _hosts(self) -> pulumi.Input[str]:
        """What a request may say that it is for: names that lead here, and a forwarded port of one's own machine."""
        if self.front:
            return f"{self.front.hostname},localhost:*"
        name, space = self.server.name, self.server.namespace
        return pulumi.Output.concat(
            *(name, ".", space, ",", name, ".", space, ".svc,", name, ".", space, ".svc.cluster.local,localhost:*")
        )

    def _origins(self) -> list[str]:
        return [f"https://{self.front.hostname}"] if self.front else []

    def _account(self, account: str) -> k8s.core.v1.ServiceAccount:
        return k8s.core.v1.ServiceAccount(
            f"{self.name}-account-{account}",
            metadata=self._metadata(account),
            automount_service_account_token=False,
            opts=self._opts(),
        )

    def _metadata(self, name: Any = "", role: str = pods.SERVER) -> Metadata:
        return {
            "name": name or self.server.name,
            "namespace": self.server.namespace,
            "labels": pods.object_labels(self.server.name, role),
        }

    def _opts(self, *needs: pulumi.Resource) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self.parent, depends_on=[*needs])


def collector(server: Server) -> str:
    """Service account of the garbage collection, the only one whose identity deletes artifacts."""
    return f"{server.service_account}-collection"
