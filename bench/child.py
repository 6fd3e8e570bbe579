"""Runs one of ``bench.programs`` against an engine, as Pulumi's language host runs a program.

python -m bench.child ADDRESS PROGRAM [ARGUMENT...]
"""

import asyncio
import sys
from concurrent.futures import ThreadPoolExecutor

import pulumi
from pulumi.runtime.stack import run_in_stack

PARALLEL = 8
"""Resource operations at once, as the engine asks for on two cores; the program gets four times as many threads."""


def main(address: str, program: str, *arguments: str) -> None:
    """Run the program to its end; an error in it ends this process with a traceback."""
    pulumi.runtime.configure(
        pulumi.runtime.Settings("slipway", "bench", monitor=address, engine=address, parallel=PARALLEL, dry_run=False)
    )
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    threads = ThreadPoolExecutor(PARALLEL * 4)
    loop.set_default_executor(threads)

    def run() -> None:
        from bench import programs  # inside the stack, where a program's own imports happen

        programs.PROGRAMS[program](*arguments)

    loop.run_until_complete(run_in_stack(run))
    threads.shutdown()
    loop.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
