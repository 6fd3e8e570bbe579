"""The contract with moto: every name that the sandbox replaces is still there, and a missing one stops the start."""

import json
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest

from sandbox.cloud.extension import REPLACED, MissingNameError, replaces

_LIST = """
import json
from sandbox.cloud import extension, extensions

extensions.load()
print(json.dumps(extension.REPLACED))
"""


def test_every_replaced_name_exists() -> None:
    """In a process of its own: this one's moto stays as it is."""
    root = Path(__file__).parents[3]
    output = subprocess.run([sys.executable, "-c", _LIST], cwd=root, capture_output=True, text=True, timeout=60)
    assert output.returncode == 0, output.stderr
    replaced = json.loads(output.stdout)
    assert len(replaced) >= 40
    for module, owner, name in replaced:
        assert module.startswith("moto.")
        holder = getattr(import_module(module), owner) if owner else import_module(module)
        assert callable(getattr(holder, name)), f"{module}.{owner}.{name}"


def test_a_missing_name_stops_the_start() -> None:
    class Backend:
        pass

    with pytest.raises(MissingNameError, match=r"test_extension\..*Backend\.gone is gone"):
        replaces(Backend, "gone")


def test_a_replacement_gets_the_original() -> None:
    class Backend:
        def double(self, number: int) -> int:
            return number * 2

    @replaces(Backend, "double")
    def _double(original: Callable[[Backend, int], int], self: Backend, number: int) -> int:
        return original(self, number) + 1

    assert Backend().double(4) == 9
    assert REPLACED.pop()[2] == "double"
