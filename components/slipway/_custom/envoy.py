"""Envoy Gateway's policies (``gateway.envoyproxy.io/v1alpha1``), the fields that slipway writes.

One without a policy of its kind has Envoy Gateway's defaults; of two, the one whose target is nearer to the route wins
as a whole, and nothing of the other remains.
"""

from typing import NotRequired, TypedDict

import pulumi
import pulumi_kubernetes as k8s

from slipway._custom import Metadata, custom_resource
from slipway._custom.gateway_api import HeaderModifier

GROUP = "gateway.envoyproxy.io"
API_VERSION = f"{GROUP}/v1alpha1"


class TargetRef(TypedDict):
    """The Gateway or route that a policy is for, in the policy's own namespace."""

    group: str
    kind: str
    name: str


# ClientTrafficPolicy


class XForwardedFor(TypedDict):
    """How many proxies in front of Envoy may be believed."""

    numTrustedHops: int


class ClientIPDetection(TypedDict):
    """Where a client's address is found."""

    xForwardedFor: XForwardedFor


class ClientHeaders(TypedDict):
    """What happens to headers before and after everything else."""

    earlyRequestHeaders: HeaderModifier
    lateResponseHeaders: HeaderModifier
    requestID: str
    withUnderscoresAction: str


class ClientPath(TypedDict):
    """How paths are normalised."""

    escapedSlashesAction: str


class ClientHTTPTimeout(TypedDict):
    """How long a client may take."""

    requestReceivedTimeout: str
    requestHeadersReceivedTimeout: str
    idleTimeout: str
    streamIdleTimeout: str


class ClientTimeout(TypedDict):
    """Timeouts by protocol."""

    http: ClientHTTPTimeout


class ConnectionLimit(TypedDict):
    """Connections that one proxy accepts at once."""

    value: int


class ClientConnection(TypedDict):
    """What connections may take."""

    connectionLimit: ConnectionLimit
    bufferLimit: str


class HTTP2(TypedDict):
    """Limits of HTTP/2 connections."""

    maxConcurrentStreams: int


class ClientTrafficPolicySpec(TypedDict):
    """How a Gateway treats those who connect to it."""

    targetRefs: list[TargetRef]
    clientIPDetection: ClientIPDetection
    headers: ClientHeaders
    path: ClientPath
    timeout: ClientTimeout
    connection: ClientConnection
    http2: HTTP2


# SecurityPolicy


class RemoteJWKS(TypedDict):
    """Where an issuer publishes its keys."""

    uri: pulumi.Input[str]
    cacheDuration: NotRequired[str]


class ClaimToHeader(TypedDict):
    """A claim that becomes a header of the request."""

    claim: str
    header: str


class HeaderExtractor(TypedDict):
    """A header that holds the token."""

    name: str
    valuePrefix: NotRequired[str]


class JWTExtractor(TypedDict):
    """Where in a request the token is."""

    headers: list[HeaderExtractor]


class JWTProvider(TypedDict):
    """An issuer whose tokens are accepted."""

    name: str
    issuer: pulumi.Input[str]
    audiences: NotRequired[pulumi.Input[list[pulumi.Input[str]]]]
    remoteJWKS: RemoteJWKS
    claimToHeaders: NotRequired[list[ClaimToHeader]]
    recomputeRoute: NotRequired[bool]
    extractFrom: NotRequired[JWTExtractor]


class JWT(TypedDict):
    """Requests need a token of one of these."""

    providers: list[JWTProvider]


class JWTClaim(TypedDict):
    """A claim that must have one of these values."""

    name: str
    valueType: NotRequired[str]
    values: list[str]


class JWTPrincipal(TypedDict):
    """What a token must say."""

    provider: str
    claims: NotRequired[list[JWTClaim]]
    scopes: NotRequired[pulumi.Input[list[pulumi.Input[str]]]]


class Principal(TypedDict):
    """Who makes a request."""

    jwt: NotRequired[JWTPrincipal]
    clientCIDRs: NotRequired[list[str]]


class AuthorizationRule(TypedDict):
    """Whose requests are allowed or denied."""

    name: str
    action: str
    principal: Principal


class Authorization(TypedDict):
    """Rules, of which the first that matches decides."""

    defaultAction: str
    rules: NotRequired[list[AuthorizationRule]]


class SecurityPolicySpec(TypedDict):
    """Who may call what a Gateway or a route leads to."""

    targetRefs: list[TargetRef]
    jwt: NotRequired[JWT]
    authorization: Authorization


def client_traffic_policy(
    name: str, metadata: Metadata, spec: ClientTrafficPolicySpec, opts: pulumi.ResourceOptions
) -> k8s.apiextensions.CustomResource:
    """How a Gateway treats its clients."""
    return custom_resource(name, API_VERSION, "ClientTrafficPolicy", metadata, spec, opts)


def security_policy(
    name: str, metadata: Metadata, spec: SecurityPolicySpec, opts: pulumi.ResourceOptions
) -> k8s.apiextensions.CustomResource:
    """Who may call."""
    return custom_resource(name, API_VERSION, "SecurityPolicy", metadata, spec, opts)
