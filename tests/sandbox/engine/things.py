"""A provider of things kept as files, so that a test sees what exists: ``python -m tests.sandbox.engine.things``.

``THINGS`` is the directory. A thing's ``name`` cannot change (a new one is needed), ``fixed`` things must be deleted
first. ``KILL`` (``create:before``, ``update:after``, ...) kills the engine at that moment, once per thing and moment.
"""

import json
import os
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sandbox.providers import protocol
from sandbox.providers.values import Properties

PACKAGE = "things"


class Things(protocol.Backend):
    package = PACKAGE
    constructs = True

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        self._environment = environment

    def configure(self, config: Properties, environment: Mapping[str, str]) -> None:
        environment = self._environment or environment
        self._directory = Path(environment["THINGS"])
        self._directory.mkdir(exist_ok=True)
        self._kill = environment.get("KILL") == "yes"
        self._prefix = config.get("prefix", "")

    def diff_config(self, old: Properties, new: Properties) -> protocol.Difference:
        return protocol.compare(old, new, replace_on=["prefix"])

    def check(
        self, type_: str, urn: str, name: str, olds: Properties, news: Properties, seed: bytes
    ) -> tuple[Properties, list[protocol.Failure]]:
        named = news.get("name") or olds.get("name") or f"{name}-{seed.hex()[:6]}"
        return {**news, "name": named}, [("size", "too big")] if news.get("size") == 1000 else []

    def diff(
        self, type_: str, identifier: str, olds: Properties, outputs: Properties, news: Properties
    ) -> protocol.Difference:
        found = protocol.compare(olds, news, replace_on=["name", "made_from"])
        return protocol.Difference(found.changes, found.replaces, bool(news.get("fixed")))

    def construct(self, type_: str, name: str, inputs: Properties) -> Properties:
        if type_ != "things:index:Kit":
            return super().construct(type_, name, inputs)
        if inputs.get("size") == 1000:
            raise ValueError("size: too big")
        return {"label": f"{inputs.get('label')}!", "__recorded": True}

    def create(self, type_: str, inputs: Properties, timeout: float) -> tuple[str, Properties]:
        if inputs.get("size") == 12:
            os._exit(1)
        if inputs.get("size") == 13:
            raise ValueError("13 is an unlucky size")
        self._die("create", inputs["name"], "before")
        identifier = f"{self._prefix}{inputs['name']}"
        if inputs.get("size") == 16:
            self._note("begin", identifier)
            time.sleep(2)
        self._write(identifier, inputs)
        self._note("create", identifier)
        self._die("create", inputs["name"], "after")
        outputs = {**inputs, "address": f"at-{identifier}"}
        if inputs.get("size") == 14:
            raise protocol.NotReady(identifier, outputs, "14 does not get ready")
        if inputs.get("size") == 15:
            outputs["__recorded"] = True
        return identifier, outputs

    def read(self, type_: str, identifier: str, inputs: Properties, outputs: Properties) -> protocol.Existing | None:
        path = self._directory / f"{identifier}.json"
        return protocol.Existing(identifier, json.loads(path.read_text())) if path.exists() else None

    def update(
        self, type_: str, identifier: str, olds: Properties, outputs: Properties, news: Properties, timeout: float
    ) -> Properties:
        self._die("update", news["name"], "before")
        self._write(identifier, news)
        self._note("update", identifier)
        self._die("update", news["name"], "after")
        return {**outputs, **news}

    def delete(self, type_: str, identifier: str, inputs: Properties, outputs: Properties, timeout: float) -> None:
        if inputs.get("sticky"):
            raise ValueError("it sticks")
        self._die("delete", identifier, "before")
        (self._directory / f"{identifier}.json").unlink(missing_ok=True)
        self._note("delete", identifier)
        self._die("delete", identifier, "after")

    def invoke(self, token: str, arguments: Properties) -> Properties:
        return {"token": token, "answer": f"{self._prefix}{arguments['question']}!"}

    def _write(self, identifier: str, inputs: Properties) -> None:
        (self._directory / f"{identifier}.json").write_text(json.dumps(inputs))

    def _note(self, verb: str, identifier: str) -> None:
        with (self._directory / "log.txt").open("a") as log:
            log.write(f"{verb} {identifier}\n")

    def _die(self, verb: str, name: str, moment: str) -> None:
        marker = self._directory / f"killed.{verb}.{name}.{moment}"
        if self._kill and not marker.exists():
            marker.touch()
            os.kill(os.getppid(), signal.SIGKILL)
            os._exit(1)


def existing(directory: Path) -> dict[str, Any]:
    """The things that there are, by id."""
    return {path.stem: json.loads(path.read_text()) for path in sorted(directory.glob("*.json"))}


def log(directory: Path) -> list[str]:
    """What was done to things, in order."""
    path = directory / "log.txt"
    return path.read_text().split("\n")[:-1] if path.exists() else []


if __name__ == "__main__":
    protocol.serve(Things(), "1.0.0")
