"""The process in which the Pulumi program runs: ``python -m sandbox.engine.program``.

It connects the SDK to the engine's monitor the way Pulumi's own launcher does. Debug messages (four blocking calls a
resource) end here; the engine would not show them.
"""

import argparse
import asyncio
import logging
import os
import runpy
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pulumi
from google.protobuf import empty_pb2
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc

_THREADS = 64


class _Engine:
    """The engine without the debug messages."""

    def __init__(self, address: str) -> None:
        self._stub = engine_pb2_grpc.EngineStub(grpc.insecure_channel(address))

    def Log(self, request: Any) -> Any:
        if request.severity == engine_pb2.DEBUG:
            return empty_pb2.Empty()  # ty: ignore[missing-attribute] -- made when it is imported
        return self._stub.Log(request)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stub, name)


def main() -> int:
    """Run the program; 0 if it ended well."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.engine.program")
    for name in ("monitor", "project", "stack", "root"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--preview", action="store_true")
    arguments = parser.parse_args()
    root = Path(arguments.root)
    config = pulumi.runtime.get_config_env()
    pulumi.runtime.set_all_config(config, pulumi.runtime.get_config_secret_keys_env())
    pulumi.runtime.configure(
        pulumi.runtime.Settings(
            project=arguments.project,
            stack=arguments.stack,
            monitor=arguments.monitor,
            engine=_Engine(arguments.monitor),
            parallel=_THREADS,
            dry_run=arguments.preview,
            organization="organization",
            root_directory=str(root),
        )
    )
    # a program that failed leaves tasks that nobody awaits; what failed has been said
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    os.chdir(root)
    sys.argv = [str(root)]
    sys.path[0] = str(root)
    return _run(root)


def _run(root: Path) -> int:
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    executor = ThreadPoolExecutor(_THREADS)
    loop.set_default_executor(executor)

    def program() -> None:
        # as a file, not as a folder: a folder's program may come from a cache that misses an edit of the same second
        runpy.run_path(str(root / "__main__.py"), run_name="__main__")

    try:
        loop.run_until_complete(pulumi.runtime.run_in_stack(program))
    except pulumi.RunError as error:
        pulumi.log.error(str(error))
        return 1
    except BaseException as error:  # whatever ends the program is its failure, `sys.exit` included
        pulumi.log.error("".join(traceback.format_exception(error.with_traceback(_own(error, root)))))
        return 1
    finally:
        executor.shutdown(wait=True)
        loop.close()
    return 0


def _own(error: BaseException, root: Path) -> Any:
    """The traceback from the program's first own line on."""
    frame = error.__traceback__
    while frame is not None:
        path = Path(frame.tb_frame.f_code.co_filename)
        if path.parent == root and path.name == "__main__.py":
            return frame
        frame = frame.tb_next
    return error.__traceback__


if __name__ == "__main__":
    raise SystemExit(main())
