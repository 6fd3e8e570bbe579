"""What stands in front of a model: its route and the policies of the route. Without Pulumi's resources."""

import hashlib
import json
from dataclasses import dataclass

import pulumi

from slipway._custom import gateway_api
from slipway._custom.envoy import (
    Authorization,
    AuthorizationRule,
    JWTClaim,
    JWTPrincipal,
    JWTProvider,
    SecurityPolicySpec,
    TargetRef,
)
from slipway._custom.envoy_backends import BackendTrafficPolicySpec
from slipway._custom.gateway_api import HTTPBackendRef, HTTPRouteFilter, HTTPRouteRule
from slipway.rollout._steps import CANARY, SHADOW, STABLE, Plan

USER = "x-user-id"
"""Header with the user's id, taken from the token. The gateway drops a client's own."""
ARM = "x-model-arm"
"""Header with the arm that a request was sent to."""
PORT = 80
ISSUER = "users"


@dataclass(frozen=True)
class Tokens:
    """Whose tokens are accepted, and what they must say."""

    issuer: pulumi.Input[str]
    jwks_uri: pulumi.Input[str]
    audiences: pulumi.Input[list[pulumi.Input[str]]] | None
    claims: dict[str, list[str]]
    scopes: pulumi.Input[list[pulumi.Input[str]]] | None


@dataclass(frozen=True)
class Front:
    """How a model is reached from outside the cluster."""

    hostname: str
    gateway_name: pulumi.Input[str]
    gateway_namespace: str
    tokens: Tokens | None
    """Nothing where anybody may call."""
    requests_per_second_limit: int | None
    request_timeout_seconds: int
    max_parallel_requests: int


def service(model: str, arm: str) -> str:
    """Name of the Service of an arm. The stable one has the model's own name, with and without a rollout."""
    return model if arm == STABLE else f"{model}-{arm}"


def rules(model: str, plan: Plan | None) -> list[HTTPRouteRule]:
    """The one rule of a model's route.

    Each backend has a filter of its own: without, Envoy Gateway merges them into one Envoy cluster, which has no
    metrics of an arm and no users that stay with an arm. Stable is first: users are spread over the weights in the
    order of the backends, so a rising weight of the last one only ever takes users over. The caller's token ends at
    the gateway, which also keeps it from the shadow.
    """
    filters: list[HTTPRouteFilter] = [
        {"type": "RequestHeaderModifier", "requestHeaderModifier": {"remove": ["authorization"]}}
    ]
    if plan and plan.mirror_percent:
        shadow: gateway_api.MirrorBackend = {"name": service(model, SHADOW), "port": PORT}
        filters.append(
            {"type": "RequestMirror", "requestMirror": {"backendRef": shadow, "percent": plan.mirror_percent}}
        )
    backends = [_backend(model, STABLE, 100)]
    if plan:
        backends.append(_backend(model, CANARY, 0))
    return [{"matches": [{"path": {"type": "PathPrefix", "value": "/"}}], "filters": filters, "backendRefs": backends}]


def fingerprint(found: list[HTTPRouteRule]) -> str:
    """Changes with the declared rules, of which nothing but a new route takes notice once a controller owns them."""
    return hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()[:16]


def backend_policy(model: str, front: Front, plan: Plan | None) -> BackendTrafficPolicySpec:
    """How requests reach the pods: bounded, and tried again only where no pod has begun with them."""
    spec: BackendTrafficPolicySpec = {
        "targetRefs": [target(model)],
        "loadBalancer": {"type": "LeastRequest", "slowStart": {"window": "30s"}},
        "retry": {
            "numRetries": 2,
            "perRetry": {"backOff": {"baseInterval": "25ms", "maxInterval": "250ms"}},
            "retryOn": {
                "triggers": ["connect-failure", "refused-stream", "retriable-status-codes"],
                "httpStatusCodes": [503],  # a server that is full says so before it begins
            },
        },
        "circuitBreaker": {
            "maxConnections": front.max_parallel_requests,
            "maxPendingRequests": front.max_parallel_requests,
            "maxParallelRequests": front.max_parallel_requests,
            "retryBudget": {"percent": {"numerator": 20}, "minRetryConcurrency": 3},
        },
        "healthCheck": {
            "passive": {
                "consecutive5XxErrors": 10,
                "consecutiveGatewayErrors": 5,
                "interval": "5s",
                "baseEjectionTime": "30s",
                "maxEjectionPercent": 30,
            },
            "panicThreshold": 50,
        },
        "timeout": {"http": {"requestTimeout": f"{front.request_timeout_seconds}s"}, "tcp": {"connectTimeout": "2s"}},
    }
    if plan and plan.sticky:
        # Decides the arm and then the pod. Requests without the header are spread at random.
        spec["loadBalancer"] = {
            "type": "ConsistentHash",
            "consistentHash": {"type": "Headers", "headers": [{"name": USER}]},
        }
    if front.requests_per_second_limit:
        spec["rateLimit"] = {
            "type": "Local",
            "local": {"rules": [{"limit": {"requests": front.requests_per_second_limit, "unit": "Second"}}]},
        }
    return spec


def security_policy(model: str, tokens: Tokens | None) -> SecurityPolicySpec:
    """Who may call: whoever has a token that says what it must, or anybody. The gateway itself lets nobody in.

    The user's id becomes a header before the arm is chosen.
    """
    if tokens is None:
        return {"targetRefs": [target(model)], "authorization": {"defaultAction": "Allow"}}
    provider: JWTProvider = {
        "name": ISSUER,
        "issuer": tokens.issuer,
        "remoteJWKS": {"uri": tokens.jwks_uri, "cacheDuration": "10m"},
        "claimToHeaders": [{"claim": "sub", "header": USER}],
        "recomputeRoute": True,
        "extractFrom": {"headers": [{"name": "authorization", "valuePrefix": "Bearer "}]},
    }
    if tokens.audiences is not None:
        provider["audiences"] = tokens.audiences
    authorization: Authorization = {"defaultAction": "Allow"}
    if tokens.claims or tokens.scopes is not None:
        principal: JWTPrincipal = {"provider": ISSUER}
        if tokens.claims:
            principal["claims"] = [_claim(name, values) for name, values in sorted(tokens.claims.items())]
        if tokens.scopes is not None:
            principal["scopes"] = tokens.scopes
        rule: AuthorizationRule = {"name": "callers", "action": "Allow", "principal": {"jwt": principal}}
        authorization = {"defaultAction": "Deny", "rules": [rule]}
    return {"targetRefs": [target(model)], "jwt": {"providers": [provider]}, "authorization": authorization}


def target(model: str) -> TargetRef:
    """The model's route, for a policy."""
    return {"group": gateway_api.GROUP, "kind": "HTTPRoute", "name": model}


def _claim(name: str, values: list[str]) -> JWTClaim:
    return {"name": name, "valueType": "String", "values": values}


def _backend(model: str, arm: str, weight: int) -> HTTPBackendRef:
    modifier: gateway_api.HeaderModifier = {"set": [{"name": ARM, "value": arm}]}
    return {
        "name": service(model, arm),
        "port": PORT,
        "weight": weight,
        "filters": [{"type": "RequestHeaderModifier", "requestHeaderModifier": modifier}],
    }
