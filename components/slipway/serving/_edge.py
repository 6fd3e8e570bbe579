"""How Envoy runs behind a gateway's load balancer, in Kubernetes' words; plain functions without Pulumi resources."""

from typing import Any

from slipway._custom import envoy, gateway_api
from slipway._custom.envoy_proxy import Container, EnvoyProxySpec, TopologySpreadConstraint
from slipway.serving import _namespaces
from slipway.serving._gateway_settings import GatewaySettings

NAMESPACE = "gateway"
CLASS = "slipway"
NAME = "models"
"""Name of the Gateway, and of what Envoy Gateway makes for it."""
CONTROLLER_NAME = "gateway.envoyproxy.io/slipway"
"""Not Envoy Gateway's own, so that another installation in the cluster minds its own gateways."""

LISTENER_PORT = 8080
READY_PORT, READY_PATH = 19003, "/ready"
METRICS_PORT = 19001
XDS_PORT = 18000

USER_HEADER = "x-user-id"
ARM_HEADER = "x-model-arm"
REQUEST_HEADER = "x-request-id"
OWN_HEADERS = (USER_HEADER, ARM_HEADER, REQUEST_HEADER)
"""Headers that only the gateway writes: who asks, from the token; which arm answers; and the id by which a label finds
its prediction. ``requestID: Generate`` alone keeps the caller's own id where addresses come from X-Forwarded-For."""

DRAIN_SECONDS = 60
READY_SECONDS = 30
"""How long a new proxy counts as not yet available, and an old one goes on accepting: until the load balancer has
registered the one, and let go of the other. Nothing tells Kubernetes when that is."""

PROXY = {"app.kubernetes.io/component": "proxy", "app.kubernetes.io/managed-by": "envoy-gateway"}
CONTROLLER = {"control-plane": "envoy-gateway"}
CERTIFICATES = {"app": "certgen"}
"""Labels of the pods: proxies, their controller, and the job that makes the certificates between the two."""

_ACCESS_LOG = {
    "start_time": "%START_TIME%",
    "request_id": f"%REQ({REQUEST_HEADER.upper()})%",
    "method": "%REQ(:METHOD)%",
    "host": "%REQ(:AUTHORITY)%",
    "path": "%REQ_WITHOUT_QUERY(X-ENVOY-ORIGINAL-PATH?:PATH)%",
    "protocol": "%PROTOCOL%",
    "arm": f"%REQ({ARM_HEADER.upper()})%",
    "route": "%ROUTE_NAME%",
    "cluster": "%UPSTREAM_CLUSTER%",
    "upstream": "%UPSTREAM_HOST%",
    "attempts": "%UPSTREAM_REQUEST_ATTEMPT_COUNT%",
    "status": "%RESPONSE_CODE%",
    "flags": "%RESPONSE_FLAGS%",
    "details": "%RESPONSE_CODE_DETAILS%",
    "failure": "%UPSTREAM_TRANSPORT_FAILURE_REASON%",
    "bytes_received": "%BYTES_RECEIVED%",
    "bytes_sent": "%BYTES_SENT%",
    "duration_ms": "%DURATION%",
    "upstream_ms": "%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)%",
}
"""Nobody is named: no user, no address, no query string. The load balancer's own log has the callers' addresses."""


def chart_values(settings: GatewaySettings) -> dict[str, Any]:
    """Values of Envoy Gateway's chart; its CRDs are a step of their own."""
    own = {"imageRegistry": settings.image_registry} if settings.image_registry else {}
    resources = {"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"memory": "1Gi"}}
    return {
        "crds": {"enabled": False},
        "deployment": {
            "replicas": 2,
            "envoyGateway": {"resources": resources},
            "pod": {"topologySpreadConstraints": spread(CONTROLLER)},
        },
        "podDisruptionBudget": {"minAvailable": 1},
        "certgen": {
            "job": {"resources": {"requests": {"cpu": "50m", "memory": "128Mi"}, "limits": {"memory": "128Mi"}}}
        },
        # A webhook on every pod of the namespace, for routing by zone, which a hash of users does not use.
        "topologyInjector": {"enabled": False},
        "config": {
            "envoyGateway": {
                "gateway": {"controllerName": CONTROLLER_NAME},
                "provider": {
                    "type": "Kubernetes",
                    "kubernetes": {
                        # Without this list the controller reads the Secrets of every namespace.
                        "watch": {"type": "Namespaces", "namespaces": [NAMESPACE, *settings.route_namespaces]},
                        "proxyTopologyInjector": {"disabled": True},  # the chart writes it where nothing reads it
                    },
                },
                # Each would let whoever may write a policy in a namespace configure every proxy.
                "extensionApis": {"enableEnvoyPatchPolicy": False, "enableBackend": False, "enableLua": False},
            }
        },
        **({"global": own} if own else {}),
    }


def spread(labels: dict[str, str]) -> list[TopologySpreadConstraint]:
    """As even as there is room for; a hard rule would stop scaling while a zone is out."""
    return [
        {
            "maxSkew": 1,
            "topologyKey": topology,
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": labels},
        }
        for topology in ("topology.kubernetes.io/zone", "kubernetes.io/hostname")
    ]


def proxy_spec(settings: GatewaySettings) -> EnvoyProxySpec:
    """Envoy's pods: as many as their CPU asks for, replaced no faster than the load balancer follows."""
    container: Container = {
        "resources": {
            "requests": {"cpu": settings.cpu, "memory": settings.memory},
            "limits": {"memory": settings.memory},
        }
    }
    if settings.image_registry:
        container["imageRepository"] = f"{settings.image_registry}/envoyproxy/envoy"
    return {
        "provider": {
            "type": "Kubernetes",
            "kubernetes": {
                "envoyDeployment": {
                    "name": NAME,
                    "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 0}},
                    "pod": {"topologySpreadConstraints": spread(PROXY)},
                    "container": container,
                    "patch": {"type": "StrategicMerge", "value": {"spec": {"minReadySeconds": READY_SECONDS}}},
                },
                "envoyHpa": {
                    "minReplicas": settings.min_replicas,
                    "maxReplicas": settings.max_replicas,
                    "metrics": [
                        {
                            "type": "Resource",
                            "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 60}},
                        }
                    ],
                },
                "envoyPDB": {"maxUnavailable": 1},
                "envoyService": {"name": NAME, "type": "ClusterIP"},
            },
        },
        "logging": {"level": {"default": "warn"}},
        "telemetry": {
            "accessLog": {
                "settings": [
                    {
                        "format": {"type": "JSON", "json": _ACCESS_LOG},
                        "sinks": [{"type": "File", "file": {"path": "/dev/stdout"}}],
                    }
                ]
            },
            "metrics": {"prometheus": {"disable": False}},
        },
        "shutdown": {"drainTimeout": f"{DRAIN_SECONDS}s", "minDrainDuration": f"{READY_SECONDS}s"},
    }


def class_spec() -> gateway_api.GatewayClassSpec:
    """The class of our gateways."""
    return {"controllerName": CONTROLLER_NAME, "description": "Models, behind a load balancer of their own"}


def gateway_spec(domain: str) -> gateway_api.GatewaySpec:
    """One listener for all hosts of ``domain``. TLS has ended at the load balancer."""
    return {
        "gatewayClassName": CLASS,
        "infrastructure": {"parametersRef": {"group": envoy.GROUP, "kind": "EnvoyProxy", "name": NAME}},
        "listeners": [
            {
                "name": "http",
                "protocol": "HTTP",
                "port": LISTENER_PORT,
                "hostname": f"*.{domain}",
                "allowedRoutes": {
                    "namespaces": {"from": "Selector", "selector": {"matchLabels": _namespaces.ROUTES}},
                    "kinds": [{"group": gateway_api.GROUP, "kind": "HTTPRoute"}],
                },
            }
        ],
    }


_TARGET: list[envoy.TargetRef] = [{"group": gateway_api.GROUP, "kind": "Gateway", "name": NAME}]


def clients_spec(idle_seconds: int) -> envoy.ClientTrafficPolicySpec:
    """What callers may send and how long they may take; what only the gateway may say is taken from them first.

    Envoy keeps an idle connection longer than the load balancer: the other way round, the load balancer would now and
    then send a request into a connection that Envoy is just closing, and answer 502.
    """
    return {
        "targetRefs": _TARGET,
        "clientIPDetection": {"xForwardedFor": {"numTrustedHops": 1}},
        "headers": {
            "earlyRequestHeaders": {"remove": list(OWN_HEADERS)},
            # A label that arrives later names the request that it is for.
            "lateResponseHeaders": {"set": [{"name": REQUEST_HEADER, "value": f"%REQ({REQUEST_HEADER.upper()})%"}]},
            "requestID": "Generate",
            "withUnderscoresAction": "RejectRequest",
        },
        "path": {"escapedSlashesAction": "RejectRequest"},
        "timeout": {
            "http": {
                "requestReceivedTimeout": "30s",
                "requestHeadersReceivedTimeout": "10s",
                "idleTimeout": f"{idle_seconds + 30}s",
                "streamIdleTimeout": f"{max(300, idle_seconds)}s",
            }
        },
        "connection": {"connectionLimit": {"value": 10_000}, "bufferLimit": "1Mi"},
        "http2": {"maxConcurrentStreams": 128},
    }


def deny_spec() -> envoy.SecurityPolicySpec:
    """Nobody may call a route that has no policy of its own; one that has replaces this as a whole."""
    return {"targetRefs": _TARGET, "authorization": {"defaultAction": "Deny"}}
