"""The commands of a retraining run on the command line; what they do is imported only when it is asked for."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from slipway_ops import content
from slipway_ops.retraining import commands

EXIT_CODES = (
    "exit codes: 0 done; 1 failed, one line on stderr says why; 2 a wrong flag or value; 3 refused, and a record says "
    "why; 75 to be started again"
)
LINEAGE_CODES = (
    "exit codes: 0 every link was checked; 1 failed; 2 a wrong flag or value; 3 a link is broken; 4 one could not be "
    "checked"
)
_DATA = {"model": "the model's name", "datasets": "s3://<bucket> of the datasets", "region": "AWS region"}
_RUN = {
    **_DATA,
    "run": "id of the run",
    "run-uri": "where its records are; default: {}, or s3://<models bucket>/runs/<model>/<run>/",
    "models-bucket": "bucket of releases and runs",
    "work": "folder for temporary files; default: {}, or the system's",
}
_TRIGGERED = {"trigger": "schedule, data, drift or manual", "dedupe-key": "what makes two triggers one"}


def add(areas: Any, command: Callable[..., Any], retention: Callable[[Any], None]) -> None:
    """Add the commands to a parser; ``command`` makes one of them, ``retention`` adds the flag of a record's lock."""
    data = areas.add_parser("data", help="what a model learns from", allow_abbrev=False)
    _data(data.add_subparsers(metavar="COMMAND", required=True, dest="COMMAND"), command)

    train = _step(areas, command, "train", commands.train, "fetch the data, run a training and store what it made")
    _flags(train, {"tracking-uri": "of MLflow", "code-commit": "commit of the training code"})
    _flags(train, {"image": "the image that trains, by its digest", **_TRIGGERED})
    _program(train)

    evaluate = _step(areas, command, "evaluate", commands.evaluate, "compare the candidate with the champion")
    evaluate.add_argument(
        "--champion",
        type=_champion,
        metavar="RELEASE",
        help="id, or none; default: the newest release that was neither withdrawn nor rejected by the gate",
    )
    _program(evaluate)

    register = _step(areas, command, "register", commands.register, "make the candidate a release and say so")
    _flags(register, {"tracking-uri": "of MLflow", "repository": "of the model's images", "event-bus": "name or ARN"})
    _flags(register, {"environment": "name of the environment"})
    register.add_argument(
        "--serving-image", type=_image, default="newest", metavar="DIGEST", help="in the repository; default: newest"
    )
    register.add_argument("--created-by", help="a role or CI identity; default: retraining/<model>")
    retention(register)


def _data(into: Any, command: Callable[..., Any]) -> None:
    validate = command(into, "validate", commands.validate, "check data; in a run, let it learn from what is good")
    validate.epilog = EXIT_CODES
    _flags(validate, {**_RUN, **_TRIGGERED, "revision": "check this one; <32 hex>.dir"})
    validate.add_argument("--at", metavar="TIME", help="instant that counts as now; default: SLIPWAY_AT, or now")
    validate.add_argument("--schema", type=Path, metavar="FILE", help="default: schemas/<model>.json of the datasets")
    validate.add_argument("--data", type=Path, metavar="PATH", help="a local file or folder, without a run")

    send = command(into, "send", commands.send, "upload files as a batch that a run will find, the manifest last")
    _flags(send, _DATA)
    send.add_argument(
        "--batch", required=True, help="its name; batches are learnt from in the order of their manifests"
    )
    send.add_argument("files", type=Path, nargs="+", metavar="FILE")

    more = command(into, "add", commands.add, "make a new revision of the dataset, after a check")
    more.epilog = EXIT_CODES
    _flags(more, {**_DATA, "work": _RUN["work"]})
    more.add_argument("--at", metavar="TIME", help="instant that counts as now; default: SLIPWAY_AT, or now")
    more.add_argument("--batch", help="name of the batch that the files are")
    more.add_argument("--schema", type=Path, metavar="FILE", help="default: schemas/<model>.json of the datasets")
    more.add_argument("--pushed", type=Path, metavar="FILE", help="a .dvc file whose data was pushed with `dvc push`")
    more.add_argument("--dvc-file", type=Path, metavar="FILE", help="write the revision's .dvc file here")
    more.add_argument("files", type=Path, nargs="*", metavar="FILE")

    fetch = command(into, "fetch", commands.fetch, "download a revision, every file checked")
    _flags(fetch, {**_DATA, "revision": "<32 hex>.dir; default: {}, or the newest"})
    fetch.add_argument("--to", type=Path, required=True, metavar="DIR", help="an empty folder or a new one")

    schema = command(into, "schema", commands.schema, "the JSON Schema of a declaration or of a run's records")
    schema.add_argument("--of", choices=("data", "evaluation", "run"), default="data", help="data")


def _step(areas: Any, command: Callable[..., Any], name: str, run: Any, text: str) -> Any:
    parser = command(areas, name, run, text)
    parser.epilog = EXIT_CODES
    _flags(parser, _RUN)
    return parser


def _flags(parser: Any, flags: dict[str, str]) -> None:
    from slipway_ops.retraining.job import VARIABLES

    for flag, text in flags.items():
        name = flag.replace("-", "_")
        variable = VARIABLES[name][0]
        parser.add_argument(
            f"--{flag}",
            dest=f"job_{name}",
            metavar="VALUE",
            help=text.format(variable) if "{}" in text else f"{text}; default: {variable}",
        )


def _program(parser: Any) -> None:
    parser.add_argument(
        "command", nargs="*", metavar="-- COMMAND", help="a program of the model's own, and its arguments"
    )


def _champion(value: str) -> str:
    if value == "none" or content.RELEASE_ID.pattern.fullmatch(value):
        return value
    raise argparse.ArgumentTypeError(f"accepted: {content.RELEASE_ID.accepted} or none: received: {value}")


def _image(value: str) -> str:
    if value == "newest" or content.IMAGE_DIGEST.pattern.fullmatch(value):
        return value
    raise argparse.ArgumentTypeError(f"accepted: {content.IMAGE_DIGEST.accepted} or newest: received: {value}")
