import copy
from typing import Any

import pytest
from slipway.rollout import _queries as queries
from slipway.rollout import _routes as routes
from slipway.rollout._front import front_of, shared_hostnames
from slipway.rollout._routes import Front
from slipway.serving import _edge

from tests.components.rollout.test_steps import MIRROR, plan

TOKENS: dict[str, Any] = {
    "jwt_issuer": "https://idp.example.com",
    "jwt_jwks_uri": "https://idp.example.com/jwks.json",
    "jwt_audiences": ["models"],
}
HOST = {"hostname": "fraud.ml.example.com"}


def front(**args: Any) -> Front:
    found = front_of({**HOST, **TOKENS, **args})
    assert found
    return found


def rule(**args: Any) -> Any:
    """The rule of a route with a rollout."""
    (found,) = routes.rules("fraud", plan(**args))
    return found


def own_filters(found: Any) -> list[bool]:
    """Of each backend, whether it has filters of its own: what Envoy Gateway's ``HasFiltersInSettings`` looks at."""
    return [bool(backend.get("filters")) for backend in found["backendRefs"]]


def test_each_arm_has_filters_of_its_own_or_envoy_gateway_would_merge_them() -> None:
    found = rule()

    assert own_filters(found) == [True, True]
    assert [backend["filters"][0]["requestHeaderModifier"]["set"] for backend in found["backendRefs"]] == [
        [{"name": "x-model-arm", "value": "stable"}],
        [{"name": "x-model-arm", "value": "canary"}],
    ]


def test_stable_is_first_so_that_a_rising_weight_only_takes_users_over() -> None:
    backends = rule()["backendRefs"]

    assert [(one["name"], one["weight"], one["port"]) for one in backends] == [
        ("fraud", 100, 80),
        ("fraud-canary", 0, 80),
    ]
    assert backends[queries.STABLE]["name"] == routes.service("fraud", "stable")
    assert backends[queries.CANARY]["name"] == routes.service("fraud", "canary")


@pytest.mark.parametrize("args", [{}, MIRROR], ids=["plain", "mirror"])
def test_no_rule_leads_to_the_canary_alone_because_the_plugin_deletes_it(args: dict[str, Any]) -> None:
    for found in routes.rules("fraud", plan(**args)):
        names = [one["name"] for one in found["backendRefs"]]
        assert names != ["fraud-canary"]
        assert {"fraud", "fraud-canary"} <= set(names)  # a route must name both, else the plugin fails


def test_the_caller_s_token_reaches_no_pod_and_no_shadow() -> None:
    """What a rule removes is removed before the copy is made; a backend's own filters act on one arm only."""
    found = rule(**MIRROR)

    assert found["filters"][0] == {
        "type": "RequestHeaderModifier",
        "requestHeaderModifier": {"remove": ["authorization"]},
    }
    assert routes.rules("fraud", None)[0]["filters"] == [found["filters"][0]]


def test_copies_are_declared_in_the_route_at_the_place_that_the_queries_name() -> None:
    filters = rule(**MIRROR)["filters"]

    assert filters[queries.MIRROR] == {
        "type": "RequestMirror",
        "requestMirror": {"backendRef": {"name": "fraud-shadow", "port": 80}, "percent": 10},
    }
    assert "RequestMirror" not in str(rule())


def test_without_a_rollout_there_is_one_backend_under_the_same_name_and_metrics() -> None:
    (found,) = routes.rules("fraud", None)

    assert found["backendRefs"] == [rule()["backendRefs"][0]]
    assert own_filters(found) == [True]


def test_the_fingerprint_follows_the_declared_rules_and_nothing_else() -> None:
    same = routes.fingerprint(routes.rules("fraud", plan(step_minutes=99)))
    others = [routes.rules("fraud", None), routes.rules("fraud", plan(**MIRROR)), routes.rules("other", plan())]

    assert same == routes.fingerprint(routes.rules("fraud", plan()))
    assert len({same, *(routes.fingerprint(found) for found in others)}) == 4


def test_users_stay_with_their_arm() -> None:
    assert routes.backend_policy("fraud", front(), plan())["loadBalancer"] == {
        "type": "ConsistentHash",
        "consistentHash": {"type": "Headers", "headers": [{"name": "x-user-id"}]},
    }
    for without in (None, plan(sticky=False)):
        assert routes.backend_policy("fraud", front(), without)["loadBalancer"]["type"] == "LeastRequest"


def test_what_is_tried_again_is_what_no_pod_has_begun_and_is_bounded() -> None:
    spec = routes.backend_policy("fraud", front(max_parallel_requests=64), plan())

    assert set(spec["retry"]["retryOn"]["triggers"]) == {"connect-failure", "refused-stream", "retriable-status-codes"}
    assert spec["retry"]["retryOn"]["httpStatusCodes"] == [503]
    assert spec["circuitBreaker"]["retryBudget"] == {"percent": {"numerator": 20}, "minRetryConcurrency": 3}
    assert {spec["circuitBreaker"][key] for key in ("maxConnections", "maxPendingRequests", "maxParallelRequests")} == {
        64
    }


def test_timeouts_limits_and_health() -> None:
    spec = routes.backend_policy("fraud", front(request_timeout_seconds=5, requests_per_second_limit=200), None)

    assert spec["timeout"] == {"http": {"requestTimeout": "5s"}, "tcp": {"connectTimeout": "2s"}}
    assert spec["rateLimit"] == {
        "type": "Local",
        "local": {"rules": [{"limit": {"requests": 200, "unit": "Second"}}]},
    }
    assert spec["healthCheck"]["passive"]["maxEjectionPercent"] < spec["healthCheck"]["panicThreshold"]
    assert "rateLimit" not in routes.backend_policy("fraud", front(), None)


def test_policies_are_for_the_model_s_route() -> None:
    target = [{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "name": "fraud"}]

    assert routes.backend_policy("fraud", front(), None)["targetRefs"] == target
    assert routes.security_policy("fraud", front().tokens)["targetRefs"] == target
    assert routes.security_policy("fraud", None)["targetRefs"] == target


def test_the_user_s_id_comes_from_the_token_before_the_arm_is_chosen() -> None:
    (provider,) = routes.security_policy("fraud", front().tokens)["jwt"]["providers"]

    assert provider["claimToHeaders"] == [{"claim": "sub", "header": "x-user-id"}]
    assert provider["recomputeRoute"] is True
    assert (provider["issuer"], provider["audiences"]) == ("https://idp.example.com", ["models"])
    assert provider["remoteJWKS"]["uri"] == "https://idp.example.com/jwks.json"


def test_the_headers_are_those_that_the_gateway_takes_from_clients() -> None:
    assert {routes.USER, routes.ARM} <= set(_edge.OWN_HEADERS)


def test_claims_and_scopes_decide_who_may_call() -> None:
    tokens = front(jwt_claims={"team": ["fraud", "risk"]}, jwt_scopes=["ml/invoke"]).tokens

    assert routes.security_policy("fraud", tokens)["authorization"] == {
        "defaultAction": "Deny",
        "rules": [
            {
                "name": "callers",
                "action": "Allow",
                "principal": {
                    "jwt": {
                        "provider": "users",
                        "claims": [{"name": "team", "valueType": "String", "values": ["fraud", "risk"]}],
                        "scopes": ["ml/invoke"],
                    }
                },
            }
        ],
    }
    assert routes.security_policy("fraud", front().tokens)["authorization"] == {"defaultAction": "Allow"}
    (only,) = routes.security_policy("fraud", front(jwt_claims={"team": ["fraud"]}).tokens)["authorization"]["rules"]
    assert "scopes" not in only["principal"]["jwt"]


def test_a_user_pool_s_tokens_have_scopes_and_no_audience() -> None:
    args = {**HOST, **TOKENS, "jwt_scopes": ["ml/invoke"]}
    del args["jwt_audiences"]
    found = front_of(args)
    assert found
    spec = routes.security_policy("fraud", found.tokens)

    assert "audiences" not in spec["jwt"]["providers"][0]
    assert spec["authorization"]["rules"][0]["principal"]["jwt"] == {"provider": "users", "scopes": ["ml/invoke"]}


def test_anybody_may_call_only_where_it_is_said() -> None:
    found = front_of({**HOST, "allow_unauthenticated": True})
    assert found
    spec = routes.security_policy("fraud", found.tokens)

    assert spec == {"targetRefs": [routes.target("fraud")], "authorization": {"defaultAction": "Allow"}}


def test_without_a_host_name_there_is_no_way_in() -> None:
    assert front_of({}) is None


NO_ROUTE = "accepted: only with hostname: without a route nothing uses it: received: "


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"hostname": "*.ml.example.com"}, "hostname: accepted: a host name such as "),
        ({"hostname": "fraud"}, "hostname: accepted: a host name such as "),
        ({"hostname": "a." * 130 + "com"}, "hostname: accepted: a host name such as "),
        ({"hostname": 3}, "hostname: accepted: a host name such as "),
        ({"gateway_name": "A"}, "gateway_name: accepted: 1 to 63 of a-z"),
        ({"gateway_namespace": "A"}, "gateway_namespace: accepted: 1 to 63 of a-z"),
        ({"jwt_issuer": None}, "jwt_issuer: accepted: a value, because hostname is given, or allow_unauthenticated: "),
        ({"jwt_jwks_uri": None}, "jwt_jwks_uri: accepted: a value, because hostname is given, or "),
        (
            {"jwt_audiences": None},
            "jwt_audiences: accepted: audiences, or jwt_scopes: without, a token that the issuer made for anything "
            "else is enough: received: None",
        ),
        ({"jwt_issuer": "http://idp"}, "jwt_issuer: accepted: an address that begins with https://"),
        ({"jwt_jwks_uri": "idp"}, "jwt_jwks_uri: accepted: an address that begins with https://"),
        ({"jwt_audiences": []}, "jwt_audiences: accepted: a list of at least one: received: []"),
        ({"jwt_audiences": "models"}, "jwt_audiences: accepted: a list of at least one: received: 'models'"),
        ({"jwt_scopes": []}, "jwt_scopes: accepted: a list of at least one: received: []"),
        ({"jwt_claims": ["team"]}, "jwt_claims: accepted: an object of claim: [accepted values]"),
        ({"jwt_claims": {"team": []}}, "jwt_claims.team: accepted: at least 1 entry: received: []"),
        ({"allow_unauthenticated": True}, "allow_unauthenticated: accepted: false, because jwt_issuer is given"),
        ({"allow_unauthenticated": "yes"}, "allow_unauthenticated: accepted: true or false"),
        ({"requests_per_second_limit": 0}, "requests_per_second_limit: accepted: a whole number from 1 to 1000000"),
        ({"request_timeout_seconds": 0}, "request_timeout_seconds: accepted: a whole number from 1 to 3600"),
        ({"max_parallel_requests": 0}, "max_parallel_requests: accepted: a whole number from 1 to 100000"),
        ({"hostname": None}, f"jwt_issuer: {NO_ROUTE}'https://idp.example.com'"),
    ],
)
def test_refused(args: dict[str, Any], message: str) -> None:
    given = {**HOST, **TOKENS, **args}
    with pytest.raises(ValueError) as refused:
        front_of({key: value for key, value in given.items() if value is not None})

    assert message in str(refused.value)


@pytest.mark.parametrize(
    "args",
    [{"allow_unauthenticated": True}, {"gateway_name": "models"}, {"requests_per_second_limit": 5}],
    ids=lambda args: next(iter(args)),
)
def test_what_no_route_would_use_is_refused(args: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=NO_ROUTE):
        front_of(args)


def test_models_that_share_a_host_name_are_found() -> None:
    hosts = {"a": "x.example.com", "c": "X.example.com", "b": "y.example.com"}

    assert shared_hostnames(hosts) == [("x.example.com", ["a", "c"])]
    assert shared_hostnames({"a": "x.example.com", "b": "y.example.com"}) == []


def test_the_check_for_merged_arms_sees_the_trap() -> None:
    found = copy.deepcopy(rule())
    for backend in found["backendRefs"]:
        del backend["filters"]

    assert own_filters(found) == [False, False]
