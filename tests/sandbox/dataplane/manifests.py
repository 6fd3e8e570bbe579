"""Objects of a model as the components declare them, written by hand: the data plane is tested without Pulumi."""

import copy
from typing import Any

MODEL, NAMESPACE, HOST = "flight-delay", "models", "flight-delay.ml.example.com"
ISSUER, AUDIENCE = "https://issuer.example.com", "models"
_GATEWAY = {"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "models"}
_ROUTE = {"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "name": MODEL}
_ENVOY = "gateway.envoyproxy.io/v1alpha1"


def _object(api_version: str, kind: str, spec: dict[str, Any], name: str = MODEL, where: str = NAMESPACE) -> Any:
    return {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {"name": name, "namespace": where, "resourceVersion": "1", "generation": 1},
        "spec": spec,
    }


def _arm(name: str, arm: str, weight: int) -> dict[str, Any]:
    modifier = {"set": [{"name": "x-model-arm", "value": arm}]}
    filters = [{"type": "RequestHeaderModifier", "requestHeaderModifier": modifier}]
    return {"name": name, "port": 80, "weight": weight, "filters": filters}


def route(mirror_percent: int = 20) -> Any:
    mirror = {"backendRef": {"name": f"{MODEL}-shadow", "port": 80}, "percent": mirror_percent}
    rule = {
        "matches": [{"path": {"type": "PathPrefix", "value": "/"}}],
        "filters": [
            {"type": "RequestHeaderModifier", "requestHeaderModifier": {"remove": ["authorization"]}},
            {"type": "RequestMirror", "requestMirror": mirror},
        ],
        "backendRefs": [_arm(MODEL, "stable", 100), _arm(f"{MODEL}-canary", "canary", 0)],
    }
    spec = {"parentRefs": [{"name": "models", "namespace": "gateway"}], "hostnames": [HOST], "rules": [rule]}
    return _object("gateway.networking.k8s.io/v1", "HTTPRoute", spec)


def security() -> Any:
    provider = {
        "name": "users",
        "issuer": ISSUER,
        "audiences": [AUDIENCE],
        "remoteJWKS": {"uri": f"{ISSUER}/jwks.json", "cacheDuration": "10m"},
        "claimToHeaders": [{"claim": "sub", "header": "x-user-id"}],
        "recomputeRoute": True,
        "extractFrom": {"headers": [{"name": "authorization", "valuePrefix": "Bearer "}]},
    }
    claims = [{"name": "team", "valueType": "String", "values": ["travel", "ops"]}]
    principal = {"jwt": {"provider": "users", "claims": claims}}
    allow = {"name": "callers", "action": "Allow", "principal": principal}
    spec = {
        "targetRefs": [_ROUTE],
        "jwt": {"providers": [provider]},
        "authorization": {"defaultAction": "Deny", "rules": [allow]},
    }
    return _object(_ENVOY, "SecurityPolicy", spec)


def traffic(requests_per_second: int | None = None) -> Any:
    spec: dict[str, Any] = {
        "targetRefs": [_ROUTE],
        "loadBalancer": {
            "type": "ConsistentHash",
            "consistentHash": {"type": "Headers", "headers": [{"name": "x-user-id"}]},
        },
        "retry": {
            "numRetries": 2,
            "perRetry": {"backOff": {"baseInterval": "25ms", "maxInterval": "250ms"}},
            "retryOn": {
                "triggers": ["connect-failure", "refused-stream", "retriable-status-codes"],
                "httpStatusCodes": [503],
            },
        },
        "circuitBreaker": {
            "maxConnections": 1024,
            "maxPendingRequests": 1024,
            "maxParallelRequests": 1024,
            "retryBudget": {"percent": {"numerator": 20}, "minRetryConcurrency": 3},
        },
        "healthCheck": {
            "passive": {"consecutive5XxErrors": 10, "interval": "5s", "maxEjectionPercent": 30},
            "panicThreshold": 50,
        },
        "timeout": {"http": {"requestTimeout": "30s"}, "tcp": {"connectTimeout": "2s"}},
    }
    if requests_per_second:
        rule = {"limit": {"requests": requests_per_second, "unit": "Second"}}
        spec["rateLimit"] = {"type": "Local", "local": {"rules": [rule]}}
    return _object(_ENVOY, "BackendTrafficPolicy", spec)


def clients() -> Any:
    headers = {
        "earlyRequestHeaders": {"remove": ["x-user-id", "x-model-arm", "x-request-id"]},
        "lateResponseHeaders": {"set": [{"name": "x-request-id", "value": "%REQ(X-REQUEST-ID)%"}]},
        "requestID": "Generate",
        "withUnderscoresAction": "RejectRequest",
    }
    spec = {
        "targetRefs": [_GATEWAY],
        "clientIPDetection": {"xForwardedFor": {"numTrustedHops": 1}},
        "headers": headers,
        "path": {"escapedSlashesAction": "RejectRequest"},
        "timeout": {"http": {"requestReceivedTimeout": "10s"}},
        "connection": {"bufferLimit": "1Mi"},
    }
    return _object(_ENVOY, "ClientTrafficPolicy", spec, "models", "gateway")


def objects(**changes: Any) -> list[Any]:
    """All of them; an argument named after a kind replaces that object."""
    made = {"HTTPRoute": route(), "SecurityPolicy": security(), "BackendTrafficPolicy": traffic()}
    made |= {"ClientTrafficPolicy": clients(), **changes}
    return [copy.deepcopy(item) for item in made.values() if item]


def service(suffix: str = "", **more: str) -> Any:
    selector = {"app.kubernetes.io/name": MODEL, **more}
    name = f"{MODEL}{suffix}"
    return {**_object("v1", "Service", {"selector": selector, "ports": [{"port": 80}]}, name)}


def template(release: str = "r-1") -> Any:
    server = {"name": "server", "env": [{"name": "SLIPWAY_RELEASE", "value": release}]}
    labels = {"app.kubernetes.io/name": MODEL, "model": MODEL, "release": release, "variant": "stable"}
    return {"metadata": {"labels": labels}, "spec": {"containers": [server]}}


def rollout(release: str = "r-1", steps: Any = None, **more: Any) -> Any:
    canary = {
        "stableService": MODEL,
        "canaryService": f"{MODEL}-canary",
        "stableMetadata": {"labels": {"variant": "stable"}},
        "canaryMetadata": {"labels": {"variant": "canary"}},
        "trafficRouting": {"plugins": {"argoproj-labs/gatewayAPI": {"httpRoutes": [{"name": MODEL}]}}},
        "steps": [{"setCanaryScale": {"weight": 25}}, {"setWeight": 25}] if steps is None else steps,
        **more,
    }
    spec = {"template": template(release), "rollbackWindow": {"revisions": 3}, "strategy": {"canary": canary}}
    return _object("argoproj.io/v1alpha1", "Rollout", spec)


def analysis(name: str, **metric: Any) -> Any:
    metrics = [{"name": name, "provider": {name: {}}, **metric}]
    return _object("argoproj.io/v1alpha1", "AnalysisTemplate", {"metrics": metrics}, f"{MODEL}-{name}")
