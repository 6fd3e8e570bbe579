"""StackReference: outputs of another stack, read from its state."""

from sandbox.engine.run import Run, StepError
from sandbox.engine.sealed import has_secret
from sandbox.engine.state import State
from sandbox.engine.urns import STACK_TYPE
from sandbox.providers.values import Properties


def stack_outputs(run: Run, name: str) -> Properties:
    """What a ``StackReference`` to ``name`` holds; raises ``StepError`` if there is no such stack.

    ``name`` is a stack of this project, or ``organization/project/stack`` with this project.
    """
    parts = name.split("/")
    if len(parts) == 3 and parts[1] != run.project:
        raise StepError(f"stack reference {name}: accepted: stacks of project {run.project}: received: {parts[1]}")
    stack = parts[-1]
    path = run.states(stack)
    if path is None or not path.exists():
        raise StepError(f"stack reference {name}: there is no stack {stack!r} in the sandbox: bring it up first")
    state = State.load(path, writable=False)
    entry = next((entry for entry in state.resources.values() if entry.type == STACK_TYPE), None)
    outputs = entry.outputs if entry else {}
    return {
        "name": name,
        "outputs": outputs,
        "secretOutputNames": sorted(key for key, value in outputs.items() if has_secret(value)),
    }
