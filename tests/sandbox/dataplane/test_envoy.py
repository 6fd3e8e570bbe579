"""What of a declaration is in Envoy's configuration, and what is refused or listed because it is not."""

from typing import Any

import pytest

from sandbox.dataplane import envoy
from sandbox.dataplane.reading import DataPlaneError, duration, seconds
from tests.sandbox.dataplane import manifests
from tests.sandbox.dataplane.manifests import MODEL

PLACE = envoy.Place(10001, 10002, "/dev/null", '{"keys": []}')
ENDPOINTS = {MODEL: [("127.0.0.1", 1)], f"{MODEL}-canary": [("127.0.0.1", 2)], f"{MODEL}-shadow": [("127.0.0.1", 3)]}


def made(**objects: Any) -> envoy.Front:
    return envoy.configuration(manifests.objects(**objects), MODEL, ENDPOINTS, PLACE)


def action(front: envoy.Front) -> Any:
    manager = front.config["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"]
    return manager["route_config"]["virtual_hosts"][0]["routes"][0]["route"]


def test_an_arm_without_weight_has_no_cluster() -> None:
    front = made()
    names = [item["name"] for item in front.config["static_resources"]["clusters"]]
    assert names == [f"httproute/models/{MODEL}/rule/0/backend/0", f"httproute/models/{MODEL}/rule/0-mirror-1"]
    assert action(front)["weighted_clusters"]["use_hash_policy"] is True
    assert action(front)["timeout"] == "30s"


def test_the_nearer_policy_holds_as_a_whole() -> None:
    wide = manifests.traffic(7)
    wide["metadata"] = {"name": "wide", "namespace": "gateway"}
    wide["spec"]["targetRefs"] = [{"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "models"}]
    own = manifests.traffic()
    own["spec"] = {"targetRefs": own["spec"]["targetRefs"]}
    front = made(BackendTrafficPolicy=wide, Own=own)
    assert "retry_policy" not in action(front)
    assert "retry_policy" in action(made(BackendTrafficPolicy=wide))


def test_what_is_not_translated_is_listed() -> None:
    traffic, clients = manifests.traffic(), manifests.clients()
    traffic["spec"]["faultInjection"] = {"abort": {"httpStatus": 500}}
    clients["spec"]["tls"] = {"minVersion": "1.2", "alpnProtocols": ["h2"]}
    assert made(BackendTrafficPolicy=traffic, ClientTrafficPolicy=clients).left_out == [
        f"BackendTrafficPolicy {MODEL}: spec.faultInjection.abort.httpStatus",
        "ClientTrafficPolicy models: spec.tls.minVersion",
        "ClientTrafficPolicy models: spec.tls.alpnProtocols",
    ]


def test_without_policies_anybody_may_call_and_the_defaults_are_envoy_gateways() -> None:
    front = made(SecurityPolicy=None, BackendTrafficPolicy=None, ClientTrafficPolicy=None)
    manager = front.config["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"]
    assert [item["name"] for item in manager["http_filters"]] == [
        "envoy.filters.http.local_ratelimit",
        "envoy.filters.http.router",
    ]
    assert "use_hash_policy" not in action(front)["weighted_clusters"]


def changed(kind: str, path: str, value: Any) -> dict[str, Any]:
    makers = {"HTTPRoute": manifests.route, "BackendTrafficPolicy": manifests.traffic}
    found: Any = {**makers, "SecurityPolicy": manifests.security}[kind]()
    place = found["spec"]
    *steps, last = path.split(".")
    for step in steps:
        place = place[int(step)] if isinstance(place, list) else place[step]
    place[last] = value
    return {kind: found}


@pytest.mark.parametrize(
    ("objects", "problem"),
    [
        (changed("HTTPRoute", "rules.0.filters", [{"type": "URLRewrite"}]), "received: URLRewrite"),
        (changed("BackendTrafficPolicy", "loadBalancer.type", "Fastest"), "received: 'Fastest'"),
        (changed("BackendTrafficPolicy", "loadBalancer.consistentHash", {"type": "SourceIP"}), "received: 'SourceIP'"),
        (changed("BackendTrafficPolicy", "rateLimit", {"type": "Global"}), "received: 'Global'"),
        (changed("BackendTrafficPolicy", "timeout.tcp.connectTimeout", "soon"), "received: 'soon'"),
        (changed("SecurityPolicy", "authorization.rules.0.principal", {"clientCIDRs": ["10.0.0.0/8"]}), "clientCIDRs"),
        (changed("SecurityPolicy", "authorization.rules.0.principal", {"jwt": {"provider": "users"}}), "claims or sco"),
    ],
)
def test_what_would_be_done_differently_is_refused(objects: dict[str, Any], problem: str) -> None:
    with pytest.raises(DataPlaneError, match="accepted: ") as refused:
        made(**objects)
    assert problem in str(refused.value)


def test_a_route_must_be_declared() -> None:
    with pytest.raises(DataPlaneError, match="accepted: a route that is declared: received: other"):
        envoy.configuration(manifests.objects(), "other", ENDPOINTS, PLACE)


def test_durations() -> None:
    assert [seconds("1h30m"), seconds("250ms"), seconds("0s")] == [5400, 0.25, 0]
    assert [duration("25ms"), duration("10m"), duration("0s")] == ["0.025s", "600s", "0s"]
