"""What of a gateway is Kubernetes': the namespace, Envoy Gateway, the Gateway and its policies."""

from typing import Any

import pytest
from slipway import versions
from slipway.serving import _edge

from tests.components.graph import UNKNOWN, Graph
from tests.components.serving.manifests import against_definitions, check, manifest, manifests
from tests.components.serving.test_gateway import ARGS, USER_POOL, build

VARIANTS: list[dict[str, Any]] = [
    {},
    {**USER_POOL, "metrics_namespaces": [], "install_crds": False},
    {"image_registry": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/hub", "kubernetes_version": "1.35"},
]


def release(graph: Graph[Any]) -> dict[str, Any]:
    return graph.one("kubernetes:helm.sh/v3:Release").inputs


def policy(graph: Graph[Any], name: str) -> dict[str, Any]:
    spec: dict[str, Any] = manifest(graph, "NetworkPolicy", name)["spec"]
    return spec


def ports(rule: dict[str, Any]) -> list[int]:
    return [one["port"] for one in rule["ports"]]


@pytest.mark.parametrize("args", VARIANTS, ids=["defaults", "user pool", "registry"])
def test_every_object_is_valid_in_every_accepted_kubernetes(args: dict[str, Any], preview: bool) -> None:
    objects = manifests(build(preview, **args))

    assert check(objects) == (6 if "metrics_namespaces" in args else 7)
    assert {one["metadata"].get("namespace", "gateway") for one in objects} == {"gateway"}


@pytest.mark.parametrize("args", VARIANTS, ids=["defaults", "user pool", "registry"])
def test_every_custom_object_fits_its_definition(args: dict[str, Any]) -> None:
    assert against_definitions(manifests(build(**args))) >= 5


def test_crds_come_first_and_from_a_chart_of_their_own() -> None:
    graph = build()

    crds = graph.one("kubernetes:helm.sh/v4:Chart")
    assert crds.inputs["chart"] == "oci://docker.io/envoyproxy/gateway-crds-helm"
    assert crds.inputs["version"] == release(graph)["version"] == versions.ENVOY_GATEWAY
    # The standard channel lacks what routes need, and the experimental one is refused after it.
    assert crds.inputs["values"]["crds"] == {
        "gatewayAPI": {"enabled": True, "channel": "experimental"},
        "envoyGateway": {"enabled": True},
    }
    controller = graph.one("kubernetes:helm.sh/v3:Release")
    assert graph.waits_for(controller, crds)
    assert (controller.inputs["skipCrds"], controller.inputs["values"]["crds"]) == (True, {"enabled": False})


def test_crds_that_are_there_are_left_alone() -> None:
    graph = build(install_crds=False)

    assert not graph.all("kubernetes:helm.sh/v4:Chart")
    assert release(graph)["values"]["crds"] == {"enabled": False}


def test_the_order_of_creation() -> None:
    graph = build()

    controller = graph.one("kubernetes:helm.sh/v3:Release")
    for role in ("default-deny", "allow-dns", "certificates", "controller", "proxies", "metrics"):
        assert graph.waits_for(controller, graph.named(f"gateway-network-{role}"))
    gateway = graph.named("gateway-gateway")
    for role in ("class", "proxies", "clients", "deny"):
        ahead = graph.named(f"gateway-{role}")
        assert graph.waits_for(gateway, ahead) and graph.waits_for(ahead, controller)
    binding = graph.named("gateway-targets")
    # A target group without a listener has no load balancer that would check its targets.
    assert graph.waits_for(binding, gateway) and graph.waits_for(binding, graph.named("gateway-https"))


def test_the_controller_is_doubled_bounded_and_pinned() -> None:
    values = release(build())["values"]

    assert values["deployment"]["replicas"] == 2
    assert values["podDisruptionBudget"] == {"minAvailable": 1}
    for resources in (values["deployment"]["envoyGateway"]["resources"], values["certgen"]["job"]["resources"]):
        assert set(resources["requests"]) == {"cpu", "memory"} and resources["limits"]["memory"]
    config = values["config"]["envoyGateway"]
    assert config["gateway"] == {"controllerName": "gateway.envoyproxy.io/slipway"}
    assert "global" not in values


def test_the_controller_reads_secrets_of_the_named_namespaces_only() -> None:
    config = release(build(route_namespaces=["models", "batch"]))["values"]["config"]["envoyGateway"]

    assert config["provider"]["kubernetes"]["watch"] == {
        "type": "Namespaces",
        "namespaces": ["gateway", "batch", "models"],
    }


def test_nobody_configures_proxies_past_the_policies() -> None:
    values = release(build())["values"]

    extensions = values["config"]["envoyGateway"]["extensionApis"]
    assert extensions == {"enableEnvoyPatchPolicy": False, "enableBackend": False, "enableLua": False}
    # The chart's own switch writes the setting to where the controller does not look for it.
    assert values["topologyInjector"] == {"enabled": False}
    injector = values["config"]["envoyGateway"]["provider"]["kubernetes"]["proxyTopologyInjector"]
    assert injector == {"disabled": True}


def test_images_may_come_from_another_registry() -> None:
    mirror = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/hub"
    graph = build(image_registry=mirror)

    assert release(graph)["values"]["global"] == {"imageRegistry": mirror}
    container = manifest(graph, "EnvoyProxy", "models")["spec"]["provider"]["kubernetes"]["envoyDeployment"][
        "container"
    ]
    assert container["imageRepository"] == f"{mirror}/envoyproxy/envoy"


def test_proxies_scale_spread_and_go_one_at_a_time() -> None:
    spec = manifest(build(min_replicas=3, max_replicas=20, cpu="1", memory="1Gi"), "EnvoyProxy", "models")["spec"]

    kubernetes = spec["provider"]["kubernetes"]
    deployment = kubernetes["envoyDeployment"]
    assert "replicas" not in deployment  # the autoscaler's
    assert (kubernetes["envoyHpa"]["minReplicas"], kubernetes["envoyHpa"]["maxReplicas"]) == (3, 20)
    assert kubernetes["envoyPDB"] == {"maxUnavailable": 1}
    topologies = [one["topologyKey"] for one in deployment["pod"]["topologySpreadConstraints"]]
    assert topologies == ["topology.kubernetes.io/zone", "kubernetes.io/hostname"]
    assert deployment["container"]["resources"] == {
        "requests": {"cpu": "1", "memory": "1Gi"},
        "limits": {"memory": "1Gi"},
    }
    assert spec["telemetry"]["metrics"]["prometheus"] == {"disable": False}


def test_a_proxy_leaves_no_earlier_than_the_load_balancer_lets_go_of_it() -> None:
    graph = build()

    spec = manifest(graph, "EnvoyProxy", "models")["spec"]
    delay = graph.one("aws:lb/targetGroup:TargetGroup").inputs["deregistrationDelay"]
    assert int(spec["shutdown"]["minDrainDuration"].removesuffix("s")) >= delay
    assert int(spec["shutdown"]["drainTimeout"].removesuffix("s")) >= delay
    deployment = spec["provider"]["kubernetes"]["envoyDeployment"]
    assert deployment["patch"]["value"]["spec"]["minReadySeconds"] == 30
    assert deployment["strategy"]["rollingUpdate"]["maxUnavailable"] == 0


def test_the_service_is_reached_through_the_target_group_only(preview: bool) -> None:
    graph = build(preview)

    service = manifest(graph, "EnvoyProxy", "models")["spec"]["provider"]["kubernetes"]["envoyService"]
    assert service == {"name": "models", "type": "ClusterIP"}
    binding = manifest(graph, "TargetGroupBinding", "models")
    assert binding["apiVersion"] == "eks.amazonaws.com/v1"
    arn = UNKNOWN if preview else graph.one("aws:lb/targetGroup:TargetGroup").outputs["arn"]
    assert binding["spec"] == {
        "serviceRef": {"name": "models", "port": 8080},
        "targetGroupARN": arn,
        "targetType": "ip",
    }


def test_the_access_log_names_nobody() -> None:
    (setting,) = manifest(build(), "EnvoyProxy", "models")["spec"]["telemetry"]["accessLog"]["settings"]

    fields = setting["format"]["json"]
    assert fields["arm"] == "%REQ(X-MODEL-ARM)%" and fields["request_id"] == "%REQ(X-REQUEST-ID)%"
    text = " ".join(fields.values()).upper()
    for personal in ("X-USER-ID", "AUTHORIZATION", "X-FORWARDED-FOR", "DOWNSTREAM_REMOTE", "COOKIE", "REQ(:PATH"):
        assert personal not in text
    assert "REQ_WITHOUT_QUERY" in fields["path"]
    assert setting["sinks"] == [{"type": "File", "file": {"path": "/dev/stdout"}}]


def test_the_gateway_takes_routes_of_labelled_namespaces_for_hosts_of_its_domain() -> None:
    graph = build()

    gateway = manifest(graph, "Gateway", "models")
    assert gateway["spec"]["gatewayClassName"] == manifest(graph, "GatewayClass", "slipway")["metadata"]["name"]
    (listener,) = gateway["spec"]["listeners"]
    assert (listener["protocol"], listener["port"], listener["hostname"]) == ("HTTP", 8080, "*.ml.example.com")
    assert listener["allowedRoutes"]["namespaces"] == {
        "from": "Selector",
        "selector": {"matchLabels": {"slipway.dev/routes": "true"}},
    }
    assert listener["allowedRoutes"]["kinds"] == [{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute"}]
    controller = release(graph)["values"]["config"]["envoyGateway"]["gateway"]["controllerName"]
    assert manifest(graph, "GatewayClass", "slipway")["spec"]["controllerName"] == controller


def test_a_route_without_a_policy_of_its_own_lets_nobody_in() -> None:
    spec = manifest(build(), "SecurityPolicy", "default-deny")["spec"]

    assert spec["targetRefs"] == [{"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "models"}]
    assert spec["authorization"] == {"defaultAction": "Deny"}


def test_what_only_the_gateway_may_say_is_taken_from_callers_first() -> None:
    headers = manifest(build(), "ClientTrafficPolicy", "models")["spec"]["headers"]

    assert headers["earlyRequestHeaders"] == {"remove": ["x-user-id", "x-model-arm", "x-request-id"]}
    assert headers["requestID"] == "Generate"
    assert headers["lateResponseHeaders"]["set"] == [{"name": "x-request-id", "value": "%REQ(X-REQUEST-ID)%"}]


@pytest.mark.parametrize("idle", [1, 60, 4000])
def test_envoy_keeps_an_idle_connection_longer_than_the_load_balancer(idle: int) -> None:
    graph = build(idle_timeout_seconds=idle)

    timeouts = manifest(graph, "ClientTrafficPolicy", "models")["spec"]["timeout"]["http"]
    assert int(timeouts["idleTimeout"].removesuffix("s")) > idle
    assert graph.one("aws:lb/loadBalancer:LoadBalancer").inputs["idleTimeout"] == idle


def test_callers_are_bounded() -> None:
    spec = manifest(build(), "ClientTrafficPolicy", "models")["spec"]

    assert spec["clientIPDetection"] == {"xForwardedFor": {"numTrustedHops": 1}}
    assert spec["connection"] == {"connectionLimit": {"value": 10000}, "bufferLimit": "1Mi"}
    assert spec["http2"] == {"maxConcurrentStreams": 128}
    assert spec["path"] == {"escapedSlashesAction": "RejectRequest"}
    assert spec["timeout"]["http"]["requestHeadersReceivedTimeout"] == "10s"


def test_the_namespace_is_restricted_and_closed() -> None:
    graph = build(kubernetes_version="1.37")

    labels = manifest(graph, "Namespace", "gateway")["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    assert labels["pod-security.kubernetes.io/enforce-version"] == "v1.37"
    assert "slipway.dev/routes" not in labels  # nobody's routes live here
    assert policy(graph, "default-deny") == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def test_envoy_is_reached_from_the_load_balancers_subnets_only() -> None:
    spec = policy(build(), "proxies")

    (callers,) = spec["ingress"]
    assert [one["ipBlock"]["cidr"] for one in callers["from"]] == ARGS["public_subnet_cidr_blocks"]
    assert ports(callers) == [_edge.LISTENER_PORT, _edge.READY_PORT]


def test_envoy_reaches_models_its_controller_and_issuers() -> None:
    models, controller, issuers = policy(build(), "proxies")["egress"]

    (target,) = models["to"]
    assert target["namespaceSelector"] == {"matchLabels": {"slipway.dev/routes": "true"}}
    assert target["podSelector"] == {"matchLabels": {"app.kubernetes.io/component": "model-service"}}
    assert (controller["to"], ports(controller)) == (
        [{"podSelector": {"matchLabels": {"control-plane": "envoy-gateway"}}}],
        [18000],
    )
    assert ports(issuers) == [443]


def test_the_controller_talks_to_proxies_and_to_the_kubernetes_api() -> None:
    graph = build()

    spec = policy(graph, "controller")
    (proxies,) = spec["ingress"]
    proxy = policy(graph, "proxies")["podSelector"]
    assert (proxies["from"], ports(proxies)) == ([{"podSelector": proxy}], [18000])
    (api,) = spec["egress"]
    assert ports(api) == [443] and "0.0.0.0/0" not in str(api)
    assert policy(graph, "certificates")["egress"] == [api]


def test_metrics_are_read_from_named_namespaces() -> None:
    (readers,) = policy(build(metrics_namespaces=["watch"]), "metrics")["ingress"]

    assert ports(readers) == [19001]
    (names,) = readers["from"][0]["namespaceSelector"]["matchExpressions"]
    assert names["values"] == ["watch"]
    assert not [one for one in build(metrics_namespaces=[]).resources if one.name == "gateway-network-metrics"]
