"""Envoy Gateway's ``BackendTrafficPolicy``: how requests reach the Services behind a route."""

from typing import NotRequired, TypedDict

import pulumi
import pulumi_kubernetes as k8s

from slipway._custom import Metadata, custom_resource
from slipway._custom.envoy import API_VERSION, TargetRef


class BackOff(TypedDict):
    """Time between attempts."""

    baseInterval: str
    maxInterval: NotRequired[str]


class PerRetry(TypedDict):
    """Limits of each attempt."""

    timeout: NotRequired[str]
    backOff: NotRequired[BackOff]


class RetryOn(TypedDict):
    """What is tried again."""

    triggers: list[str]
    httpStatusCodes: NotRequired[list[int]]


class Retry(TypedDict):
    """How often what is tried again."""

    numRetries: int
    retryOn: RetryOn
    perRetry: NotRequired[PerRetry]


class Fraction(TypedDict):
    """A share; of 100 where no denominator is given."""

    numerator: int
    denominator: NotRequired[int]


class RetryBudget(TypedDict):
    """How large a share of the requests may be repeated ones."""

    percent: Fraction
    minRetryConcurrency: NotRequired[int]


class CircuitBreaker(TypedDict):
    """What one proxy may have under way towards a Service at once."""

    maxConnections: NotRequired[int]
    maxPendingRequests: NotRequired[int]
    maxParallelRequests: NotRequired[int]
    maxParallelRetries: NotRequired[int]
    retryBudget: NotRequired[RetryBudget]


class RateLimitHeader(TypedDict):
    """A header that tells clients apart."""

    name: str
    type: NotRequired[str]
    value: NotRequired[str]


class ClientSelector(TypedDict):
    """The requests that a limit is for."""

    headers: NotRequired[list[RateLimitHeader]]


class RateLimitValue(TypedDict):
    """So many requests in each unit of time."""

    requests: int
    unit: str


class RateLimitRule(TypedDict):
    """A limit, of all requests or of those selected."""

    limit: RateLimitValue
    clientSelectors: NotRequired[list[ClientSelector]]


class RateLimitRules(TypedDict):
    """The limits."""

    rules: list[RateLimitRule]


class RateLimit(TypedDict):
    """Limits that each proxy counts by itself."""

    type: str
    local: RateLimitRules


class HashHeader(TypedDict):
    """A header to hash."""

    name: str


class ConsistentHash(TypedDict):
    """What decides which arm and which pod gets a request."""

    type: str
    headers: list[HashHeader]
    tableSize: NotRequired[int]


class SlowStart(TypedDict):
    """How long a new pod gets less than its share."""

    window: str


class LoadBalancer(TypedDict):
    """How a pod is chosen."""

    type: str
    consistentHash: NotRequired[ConsistentHash]
    slowStart: NotRequired[SlowStart]


class HTTPHealthCheck(TypedDict):
    """A path, and the answers of a healthy pod."""

    path: str
    expectedStatuses: NotRequired[list[int]]


class ActiveHealthCheck(TypedDict):
    """Asks pods whether they are well."""

    type: str
    interval: str
    timeout: str
    unhealthyThreshold: NotRequired[int]
    healthyThreshold: NotRequired[int]
    http: HTTPHealthCheck


class PassiveHealthCheck(TypedDict):
    """Judges pods by their answers to real requests."""

    consecutive5XxErrors: NotRequired[int]
    consecutiveGatewayErrors: NotRequired[int]
    interval: NotRequired[str]
    baseEjectionTime: NotRequired[str]
    maxEjectionPercent: NotRequired[int]


class HealthCheck(TypedDict):
    """Which pods get requests."""

    active: NotRequired[ActiveHealthCheck]
    passive: NotRequired[PassiveHealthCheck]
    panicThreshold: NotRequired[int]


class HTTPTimeout(TypedDict):
    """How long an answer may take."""

    requestTimeout: NotRequired[str]
    connectionIdleTimeout: NotRequired[str]
    maxConnectionDuration: NotRequired[str]


class TCPTimeout(TypedDict):
    """How long connecting may take."""

    connectTimeout: NotRequired[str]


class Timeout(TypedDict):
    """Timeouts by protocol."""

    http: NotRequired[HTTPTimeout]
    tcp: NotRequired[TCPTimeout]


class BackendTrafficPolicySpec(TypedDict):
    """How requests reach the Services behind a route."""

    targetRefs: list[TargetRef]
    loadBalancer: NotRequired[LoadBalancer]
    retry: NotRequired[Retry]
    circuitBreaker: NotRequired[CircuitBreaker]
    rateLimit: NotRequired[RateLimit]
    healthCheck: NotRequired[HealthCheck]
    timeout: NotRequired[Timeout]


def backend_traffic_policy(
    name: str, metadata: Metadata, spec: BackendTrafficPolicySpec, opts: pulumi.ResourceOptions
) -> k8s.apiextensions.CustomResource:
    """How requests reach Services."""
    return custom_resource(name, API_VERSION, "BackendTrafficPolicy", metadata, spec, opts)
