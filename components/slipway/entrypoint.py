"""How a Pulumi program that uses slipway starts.

Two public calls make a program of about 1,000 resources cost 0.55 to 0.75 of its CPU and leave its graph as it is
(docs/adr/0003-entry-point.md has the figures):

- the garbage collector is switched off: a program only grows until it ends, so collecting finds nothing to free;
- the program is handed to ``pulumi.run`` and ends with one turn of the event loop, so that every registration has
  been sent when the SDK starts to wait. Without it the SDK scans all open outputs again at each answer.
"""

import asyncio
import gc
from collections.abc import Callable

import pulumi


def run(build: Callable[[], None]) -> None:
    """Run ``build``, which declares the stack's resources, as the whole of this Pulumi program.

    Call it once, at the end of ``__main__.py``. Errors raised by ``build`` fail the update as they would without it.
    """
    gc.disable()

    async def main() -> None:
        build()
        await asyncio.sleep(0)

    pulumi.run(main)
