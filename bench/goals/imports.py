"""What importing slipway costs, and what a stack loads that it does not use."""

import json
import tempfile
from pathlib import Path

from slipway import COMPONENTS

from bench import process
from bench.result import Ratio, Result
from bench.run import program

NAME = "imports"
LIMIT = 1.15
GOAL = f"importing slipway and its entry point <= {LIMIT}x `import pulumi`; a stack loads no module of a step it lacks"
LIBRARY = "import slipway; slipway.run"
NEVER = ("boto3", "botocore", "pydantic", "requests", "pulumi_aws", "pulumi_kubernetes")
"""What importing the library may not load."""
SHARED = "slipway.security"
"""The step that others build on: data classes, principals, statements, a workload's identity."""
KEYS = "slipway.security.data_keys"
"""What of it nothing else may load."""
KUBERNETES_ONLY = ("ModelService",)
"""Components without an AWS type."""
BOTH = ("ServingCluster",)
"""Components on both SDKs."""


def measure(rounds: int) -> Result:
    """Two imports, then what is in ``sys.modules`` after the import, after each component and in a stack of models."""
    problems = _unused(LIBRARY, NEVER)
    for component, package in COMPONENTS.items():
        others = {KEYS if other == SHARED else other for other in COMPONENTS.values() if other != package}
        sdk = "pulumi_aws" if component in KUBERNETES_ONLY else "pulumi_kubernetes"
        problems += _unused(
            f"from slipway import {component}", (*sorted(others), *([] if component in BOTH else [sdk]))
        )
    problems += _stack_of_models()
    code = {"slipway": LIBRARY, "pulumi": "import pulumi"}
    figures = process.interleave(code, lambda name: process.measure(process.python("-c", code[name])).cpu, 4 * rounds)
    ratio = Ratio.of([figure["slipway"] / figure["pulumi"] for figure in figures])
    best = process.lowest(figures)
    detail = (
        f"CPU seconds {best['slipway']:.2f} and {best['pulumi']:.2f}; modules looked at after the import, after each "
        f"of {len(COMPONENTS)} components and in a stack of models"
    )
    return Result.compared(GOAL, ratio, LIMIT, detail, problems)


def foreign(modules: list[str], packages: tuple[str, ...]) -> list[str]:
    """Those of ``modules`` that belong to ``packages``.

    Not counted of slipway: a package itself, which only lists what can be loaded from it, and its private helpers.
    """
    found = []
    for package in packages:
        inside = [module for module in modules if module == package or module.startswith(f"{package}.")]
        if package.startswith("slipway."):
            inside = [module for module in inside if (module != package or module == KEYS) and "._" not in module]
        found += inside
    return sorted(found)


def _unused(code: str, packages: tuple[str, ...]) -> list[str]:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "modules.json"
        write = f"import json, pathlib, sys; pathlib.Path({str(path)!r}).write_text(json.dumps(sorted(sys.modules)))"
        process.measure(process.python("-c", f"{code}; {write}"))
        return _report(code, foreign(json.loads(path.read_text()), packages))


def _stack_of_models() -> list[str]:
    """A shard has neither keys nor network nor model bucket: none of their modules, nor of the SDK's, may be loaded."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "modules.json"
        program("loaded", "1", str(path))
        lacks = ("slipway.models", KEYS, "pulumi_aws.ec2", "pulumi_aws.s3", "pulumi_aws.kms", "pulumi_aws.cloudwatch")
        return _report("a stack of models", foreign(json.loads(path.read_text()), lacks))


def _report(what: str, found: list[str]) -> list[str]:
    more = f" and {len(found) - 3} more" if len(found) > 3 else ""
    return [f"{what} loads {', '.join(found[:3])}{more}"] if found else []
