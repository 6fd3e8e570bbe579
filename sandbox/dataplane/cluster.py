"""Everything of a cluster that a rollout needs, on this machine: pods, proxy, scraper, log agent, gate, controller."""

import secrets
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sandbox.dataplane import envoy
from sandbox.dataplane.clock import Clock, text
from sandbox.dataplane.controller import Controller
from sandbox.dataplane.measuring import Measurer, Scraper
from sandbox.dataplane.objects import Objects
from sandbox.dataplane.pods import Node
from sandbox.dataplane.processes import Program, free_port, get
from sandbox.dataplane.proxy import Proxy
from sandbox.dataplane.shipping import Shipper
from sandbox.dataplane.tokens import Issuer
from sandbox.dataplane.traffic import Caller, Row, Traffic
from sandbox.workspace import ROOT

GATE_HOST = "slipway-gate.rollouts.svc"
LABEL_SECONDS = 3.0
"""Declared seconds after which a label follows its request."""
_GATE_SECONDS = 60.0


class Cluster:
    """The data plane of one model; close it whatever happens."""

    def __init__(
        self,
        objects: Objects,
        model: str,
        source: Path,
        directory: Path,
        environment: dict[str, str],
        clock: Clock,
        say: Callable[[str], None],
    ) -> None:
        """``source`` is the example with the model's server. Starts the gate and the stable version's pod."""
        self.objects, self.model, self.clock, self.directory = objects, model, clock, directory
        directory.mkdir(parents=True)
        self.issuer = Issuer()
        self._closing: list[Callable[[], None]] = []
        self.proxy: Proxy | None = None
        try:
            self.node = Node(source, directory / "pods", environment, secrets.token_hex(16))
            self._closing.append(self.node.close)
            self.shipper = Shipper(
                model, lambda: [pod.events for pod in [*self.node.pods]], directory / "events", clock, LABEL_SECONDS
            )
            self._closing.append(self.shipper.stop)
            address = self._start_gate()
            self.place = envoy.Place(free_port(), free_port(), str(directory / "access.log"), self.issuer.jwks)
            self.scraper = Scraper(self._exposition, clock)
            self._closing.append(self.scraper.stop)
            self.measurer = Measurer(self.scraper.samples, clock, {GATE_HOST: address})
            self.controller = Controller(objects, model, self.node, self.measurer, clock, self.changed, say)
            self.controller.sync()
        except BaseException:
            self.close()
            raise

    @property
    def left_out(self) -> list[str]:
        """What of the declared policies this proxy does not do."""
        return self._front().left_out

    def changed(self) -> None:
        """Plays Envoy Gateway: bring the proxy to what the stored objects and the pods are now."""
        front = self._front()
        if self.proxy is None:
            self.proxy = Proxy(front, self.directory)
            self._closing.append(self.proxy.stop)
        else:
            self.proxy.update(front)

    def traffic(self, caller: Callable[[str], Caller], rows: Sequence[Row], seed: int, **bounds: Any) -> Traffic:
        """A load on the proxy; ``caller`` makes what requests have in common out of the proxy's address."""
        assert self.proxy is not None, "the first sync started it"
        return Traffic(caller(self.proxy.address), self.issuer, rows, self.shipper.label, seed=seed, **bounds)

    def close(self) -> None:
        """End everything, the last started first."""
        while self._closing:
            self._closing.pop()()

    def _front(self) -> envoy.Front:
        services = [
            found
            for suffix in ("", "-canary", "-shadow")
            if (found := self.objects.find("Service", self.model + suffix)) is not None
        ]
        return envoy.configuration(self.objects.front(), self.model, self.node.endpoints(services), self.place)

    def _exposition(self) -> str:
        if self.proxy is None:
            raise OSError("there is no proxy yet")
        return self.proxy.metrics()

    def _start_gate(self) -> str:
        port = free_port()
        places = {
            "predictions": self.shipper.predictions,
            "labels": self.shipper.labels,
            "decisions": self.directory / "decisions",
        }
        command = [sys.executable, "-m", "sandbox.dataplane.gate", "--port", str(port)]
        command += ["--start", text(self.clock.start), "--speed", str(self.clock.speed)]
        command += [part for name, path in places.items() for part in (f"--{name}", str(path))]
        program = Program("gate", command, {"PYTHONPATH": str(ROOT)}, self.directory / "gate.log")
        self._closing.append(program.stop)
        program.wait(lambda: bool(get(f"http://127.0.0.1:{port}/healthz")), _GATE_SECONDS)
        return f"http://127.0.0.1:{port}"
