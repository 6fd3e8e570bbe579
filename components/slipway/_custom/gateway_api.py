"""Gateway API (``gateway.networking.k8s.io/v1``), the fields that slipway writes."""

from typing import NotRequired, TypedDict

import pulumi
import pulumi_kubernetes as k8s

from slipway._custom import Metadata, custom_resource

GROUP = "gateway.networking.k8s.io"
API_VERSION = f"{GROUP}/v1"


class LabelRequirement(TypedDict):
    """One condition on an object's labels."""

    key: str
    operator: str
    values: NotRequired[list[str]]


class LabelSelector(TypedDict):
    """Finds objects by their labels."""

    matchLabels: NotRequired[dict[str, str]]
    matchExpressions: NotRequired[list[LabelRequirement]]


class ParametersRef(TypedDict):
    """Refers to the settings of an implementation."""

    group: str
    kind: str
    name: str


class GatewayClassSpec(TypedDict):
    """Which controller serves the gateways of a class."""

    controllerName: str
    description: NotRequired[str]


RouteNamespaces = TypedDict("RouteNamespaces", {"from": str, "selector": NotRequired[LabelSelector]})
"""Namespaces whose routes may attach. Written as a call because ``from`` is a word of Python's own."""


class RouteKind(TypedDict):
    """A kind of route."""

    group: str
    kind: str


class AllowedRoutes(TypedDict):
    """Which routes may attach to a listener."""

    namespaces: RouteNamespaces
    kinds: list[RouteKind]


class Listener(TypedDict):
    """A port that a gateway listens on."""

    name: str
    protocol: str
    port: int
    hostname: str
    allowedRoutes: AllowedRoutes


class Infrastructure(TypedDict):
    """How a gateway's proxies are made."""

    parametersRef: ParametersRef


class GatewaySpec(TypedDict):
    """A gateway and its listeners."""

    gatewayClassName: str
    infrastructure: Infrastructure
    listeners: list[Listener]


class ParentRef(TypedDict):
    """The gateway, or one of its listeners, that a route attaches to."""

    name: pulumi.Input[str]
    namespace: pulumi.Input[str]
    sectionName: NotRequired[str]


class Header(TypedDict):
    """A header and its value."""

    name: str
    value: str


class HeaderModifier(TypedDict):
    """Headers that are set, added or removed."""

    set: NotRequired[list[Header]]
    add: NotRequired[list[Header]]
    remove: NotRequired[list[str]]


class MirrorBackend(TypedDict):
    """The Service that gets copies of requests."""

    name: str
    port: int


class RequestMirror(TypedDict):
    """Copies of requests, whose answers nobody waits for."""

    backendRef: MirrorBackend
    percent: NotRequired[int]


class HTTPRouteFilter(TypedDict):
    """What is done to requests on their way; exactly one of the fields that ``type`` names."""

    type: str
    requestHeaderModifier: NotRequired[HeaderModifier]
    responseHeaderModifier: NotRequired[HeaderModifier]
    requestMirror: NotRequired[RequestMirror]


class HTTPBackendRef(TypedDict):
    """A Service and its share of the requests."""

    name: str
    port: int
    weight: NotRequired[int]
    filters: NotRequired[list[HTTPRouteFilter]]


class PathMatch(TypedDict):
    """Matches paths."""

    type: str
    value: str


class HeaderMatch(TypedDict):
    """Matches a header."""

    type: NotRequired[str]
    name: str
    value: str


class HTTPRouteMatch(TypedDict):
    """Requests that a rule is for."""

    path: NotRequired[PathMatch]
    method: NotRequired[str]
    headers: NotRequired[list[HeaderMatch]]


class HTTPRouteTimeouts(TypedDict):
    """How long a request, and one attempt of it, may take."""

    request: NotRequired[str]
    backendRequest: NotRequired[str]


class HTTPRouteRule(TypedDict):
    """Requests and the Services that answer them."""

    name: NotRequired[str]
    matches: NotRequired[list[HTTPRouteMatch]]
    filters: NotRequired[list[HTTPRouteFilter]]
    backendRefs: list[HTTPBackendRef]
    timeouts: NotRequired[HTTPRouteTimeouts]


class HTTPRouteSpec(TypedDict):
    """Which requests of a gateway go where."""

    parentRefs: list[ParentRef]
    hostnames: list[str]
    rules: list[HTTPRouteRule]


def gateway_class(
    name: str, metadata: Metadata, spec: GatewayClassSpec, opts: pulumi.ResourceOptions
) -> k8s.apiextensions.CustomResource:
    """A class of gateways."""
    return custom_resource(name, API_VERSION, "GatewayClass", metadata, spec, opts)


def gateway(
    name: str, metadata: Metadata, spec: GatewaySpec, opts: pulumi.ResourceOptions
) -> k8s.apiextensions.CustomResource:
    """A gateway."""
    return custom_resource(name, API_VERSION, "Gateway", metadata, spec, opts)


def http_route(
    name: str, metadata: Metadata, spec: HTTPRouteSpec, opts: pulumi.ResourceOptions
) -> k8s.apiextensions.CustomResource:
    """A route of HTTP requests."""
    return custom_resource(name, API_VERSION, "HTTPRoute", metadata, spec, opts)
