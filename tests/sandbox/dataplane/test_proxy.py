"""The real Envoy, made from declared objects: what each declaration does to requests."""

import json
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.dataplane import envoy
from sandbox.dataplane.processes import free_port
from sandbox.dataplane.proxy import Proxy
from sandbox.dataplane.tokens import Issuer
from tests.sandbox.dataplane import manifests
from tests.sandbox.dataplane.echo import Echo, servers
from tests.sandbox.dataplane.manifests import AUDIENCE, HOST, ISSUER, MODEL

pytestmark = pytest.mark.sandbox

STABLE, CANARY, SHADOW = MODEL, f"{MODEL}-canary", f"{MODEL}-shadow"


def weighted(stable: int, canary: int, mirror: int = 50) -> Any:
    found = manifests.route(mirror)
    for backend, weight in zip(found["spec"]["rules"][0]["backendRefs"], (stable, canary), strict=True):
        backend["weight"] = weight
    return found


class World:
    """Envoy in front of echoing arms."""

    def __init__(self, directory: Path, arms: dict[str, Echo]) -> None:
        self.arms, self.issuer, self._directory = arms, Issuer(), directory
        self.place = envoy.Place(free_port(), free_port(), str(directory / "access.log"), self.issuer.jwks)
        self.endpoints = {name: [arm.address] for name, arm in arms.items()}
        self.proxy = Proxy(self.front(), directory)

    def front(self, **objects: Any) -> envoy.Front:
        return envoy.configuration(manifests.objects(**objects), MODEL, self.endpoints, self.place)

    def declare(self, **objects: Any) -> None:
        self.proxy.update(self.front(**objects))
        for arm in self.arms.values():
            arm.received.clear()

    def claims(self, user: str = "ann", **changes: Any) -> dict[str, Any]:
        return {"iss": ISSUER, "aud": AUDIENCE, "sub": user, "team": "travel", **changes}

    def ask(self, token: str | None = None, user: str = "ann", **headers: str) -> tuple[int, dict[str, str]]:
        """Status, and the headers that the arm received."""
        token = self.issuer.token(self.claims(user)) if token is None else token
        given = {"Host": HOST, "Authorization": f"Bearer {token}", **headers}
        request = urllib.request.Request(f"{self.proxy.address}/predict", b"{}", given)
        try:
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=10) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, {}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with servers(STABLE, CANARY, SHADOW) as arms:
        made = World(tmp_path_factory.mktemp("envoy"), arms)
        try:
            yield made
        finally:
            made.proxy.stop()


def test_users_are_split_by_weight_and_stay_where_they_are(world: World) -> None:
    world.declare(HTTPRoute=weighted(80, 20))
    users = [f"user-{number}" for number in range(300)]
    first = {user: world.ask(user=user)[1]["x-model-arm"] for user in users}
    share = Counter(first.values())["canary"] / len(users)
    assert 0.12 <= share <= 0.28
    assert {user: world.ask(user=user)[1]["x-model-arm"] for user in users[:60]} == {u: first[u] for u in users[:60]}
    world.declare(HTTPRoute=weighted(50, 50))
    later = {user: world.ask(user=user)[1]["x-model-arm"] for user in users}
    moved = [user for user in users if first[user] == "canary" and later[user] == "stable"]
    assert moved == []  # a rising weight only ever takes users over
    assert 0.4 <= Counter(later.values())["canary"] / len(users) <= 0.6


def test_plain_backends_are_one_cluster_without_arms(world: World) -> None:
    """The trap that the filters of our backends avoid: no arm in the metrics, and users that move between pods."""
    plain = weighted(50, 50)
    for backend in plain["spec"]["rules"][0]["backendRefs"]:
        del backend["filters"]
    world.declare(HTTPRoute=plain)
    answers = [world.ask(user=f"user-{number}") for number in range(20)]
    assert {status for status, _ in answers} == {200}
    assert not any("x-model-arm" in headers for _, headers in answers)
    names = {line.split('envoy_cluster_name="')[1].split('"')[0] for line in rq(world)}
    assert f"httproute/models/{MODEL}/rule/0" in names
    world.declare(HTTPRoute=weighted(50, 50))
    for number in range(20):
        world.ask(user=f"user-{number}")
    names = {line.split('envoy_cluster_name="')[1].split('"')[0] for line in rq(world)}
    assert {f"httproute/models/{MODEL}/rule/0/backend/{arm}" for arm in (0, 1)} <= names


def rq(world: World) -> list[str]:
    lines = world.proxy.metrics().splitlines()
    return [line for line in lines if line.startswith("envoy_cluster_upstream_rq_xx{")]


@pytest.mark.parametrize(
    ("changes", "seconds", "status"),
    [
        ({}, 60, 200),
        ({"team": "ops"}, 60, 200),
        ({}, -300, 401),
        ({"iss": "https://other.example.com"}, 60, 401),
        ({"aud": "others"}, 60, 403),
        ({"team": "marketing"}, 60, 403),
        ({"team": None}, 60, 403),
    ],
)
def test_who_may_call(world: World, changes: dict[str, Any], seconds: int, status: int) -> None:
    world.declare(HTTPRoute=weighted(100, 0))
    assert world.ask(world.issuer.token(world.claims(**changes), seconds))[0] == status


def test_a_foreign_key_and_no_token_are_refused(world: World) -> None:
    assert world.ask(Issuer().token(world.claims()))[0] == 401
    assert world.ask("garbage")[0] == 401
    assert world.ask(Authorization="")[0] == 401


def test_the_users_id_comes_from_the_token_and_the_token_goes_nowhere(world: World) -> None:
    world.declare(HTTPRoute=weighted(100, 0, mirror=100))
    _, headers = world.ask(**{"X-User-Id": "eve", "X-Model-Arm": "canary", "X-Request-Id": "mine"})
    assert (headers["x-user-id"], headers["x-model-arm"]) == ("ann", "stable")
    assert headers["x-request-id"] != "mine"
    assert "authorization" not in headers
    shadow = wait_for(world.arms[SHADOW], 1)[0]
    assert "authorization" not in shadow
    assert shadow["x-request-id"] == headers["x-request-id"]
    assert shadow["x-model-arm"] == "stable"  # of the original: a shadow must go by its own variant


def test_without_the_removal_the_shadow_receives_the_callers_token(world: World) -> None:
    found = weighted(100, 0, mirror=100)
    del found["spec"]["rules"][0]["filters"][0]
    world.declare(HTTPRoute=found)
    world.ask()
    assert wait_for(world.arms[SHADOW], 1)[0]["authorization"].startswith("Bearer ")


def test_a_share_of_the_requests_is_copied(world: World) -> None:
    world.declare(HTTPRoute=weighted(100, 0, mirror=50))
    for number in range(200):
        world.ask(user=f"user-{number}")
    assert 70 <= len(wait_for(world.arms[SHADOW], 70)) <= 130


def test_without_endpoints_nothing_is_copied_and_a_weighted_arm_answers_503(world: World) -> None:
    endpoints = world.endpoints
    try:
        world.endpoints = {STABLE: endpoints[STABLE]}
        world.declare(HTTPRoute=weighted(100, 0, mirror=100))
        assert world.ask()[0] == 200
        world.declare(HTTPRoute=weighted(0, 100, mirror=100))
        assert world.ask()[0] == 503
    finally:
        world.endpoints = endpoints


def test_a_local_limit_answers_429_and_a_full_server_is_tried_again(world: World) -> None:
    limited = {"HTTPRoute": weighted(100, 0), "BackendTrafficPolicy": manifests.traffic(3)}
    world.declare(**limited)
    assert Counter(world.ask()[0] for _ in range(10))[429] >= 4
    world.declare(HTTPRoute=weighted(100, 0))
    world.arms[STABLE].status = 503
    try:
        assert world.ask()[0] == 503
        assert len(world.arms[STABLE].received) == 3
    finally:
        world.arms[STABLE].status = 200


def test_the_access_log_says_who_went_where(world: World) -> None:
    world.declare(HTTPRoute=weighted(100, 0))
    world.ask(user="logged")
    line = wait_for_line(Path(world.place.access_log), "logged")
    assert (line["user"], line["arm"], line["status"]) == ("logged", "stable", 200)
    assert line["cluster"].endswith("/backend/0")


def wait_for(arm: Echo, count: int) -> list[dict[str, str]]:
    import time

    deadline = time.monotonic() + 5
    while len(arm.received) < count and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(0.1)
    return arm.received


def wait_for_line(path: Path, user: str) -> dict[str, Any]:
    import time

    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        for line in path.read_text().splitlines():
            if f'"{user}"' in line:
                found: dict[str, Any] = json.loads(line)
                return found
        time.sleep(0.1)
    raise AssertionError(f"no request of {user} in the access log")
