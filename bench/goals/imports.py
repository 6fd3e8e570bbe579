"""What importing slipway costs, and what a stack loads that it does not use."""

import json
import tempfile
from pathlib import Path

from bench import process
from bench.result import Ratio, Result
from bench.run import program

NAME = "imports"
LIMIT = 1.15
GOAL = f"importing slipway and its entry point <= {LIMIT}x `import pulumi`; a stack loads no module of a step it lacks"
LIBRARY = "import slipway; slipway.run"
NEVER = ("boto3", "botocore", "pydantic", "requests", "pulumi_aws", "pulumi_kubernetes")
"""What importing the library may not load."""
KEYS = "slipway.security.data_keys"
"""What a platform has alone."""
SHARD_LACKS = ("slipway.models.", KEYS, *(f"pulumi_aws.{name}." for name in ("cloudwatch", "ec2", "kms", "s3")))
"""A stack of models has neither keys nor network nor bucket nor cluster."""


def measure(rounds: int) -> Result:
    """Two imports, then what is in ``sys.modules`` after the import and in a stack of models.

    What each component loads is held by tests/components/test_imports.py.
    """
    problems = [*_unused(LIBRARY, NEVER), *_stack_of_models()]
    code = {"slipway": LIBRARY, "pulumi": "import pulumi"}
    figures = process.interleave(code, lambda name: process.measure(process.python("-c", code[name])).cpu, 4 * rounds)
    ratio = Ratio.of([figure["slipway"] / figure["pulumi"] for figure in figures])
    best = process.lowest(figures)
    detail = (
        f"CPU seconds {best['slipway']:.2f} and {best['pulumi']:.2f}; modules looked at after the import and in a "
        "stack of models"
    )
    return Result.compared(GOAL, ratio, LIMIT, detail, problems)


def foreign(modules: list[str], names: tuple[str, ...]) -> list[str]:
    """Those of ``modules`` that are one of ``names`` or inside it; of a name that ends in a dot, only what is inside.

    The dot is for packages that are listed before they are loaded: slipway's steps and the SDK's services. Private
    helpers of slipway's steps are anyone's to use.
    """
    shared = [module for module in modules if module.startswith("slipway.") and "._" in module]
    found = [
        module
        for module in modules
        for name in names
        if module == name or module.startswith(name if name.endswith(".") else f"{name}.")
    ]
    return sorted(set(found) - set(shared))


def _unused(code: str, names: tuple[str, ...]) -> list[str]:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "modules.json"
        write = f"import json, pathlib, sys; pathlib.Path({str(path)!r}).write_text(json.dumps(sorted(sys.modules)))"
        process.measure(process.python("-c", f"{code}; {write}"))
        return _report(code, foreign(json.loads(path.read_text()), names))


def _stack_of_models() -> list[str]:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "modules.json"
        program("loaded", "1", str(path))
        return _report("a stack of models", foreign(json.loads(path.read_text()), SHARD_LACKS))


def _report(what: str, found: list[str]) -> list[str]:
    groups = {module if module.startswith("slipway.") else ".".join(module.split(".")[:2]) for module in found}
    return [f"{what} loads {', '.join(sorted(groups))}"] if groups else []
