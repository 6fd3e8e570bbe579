"""The command ``slipway``.

Exit codes: 0 done; 1 refused or failed, with one line on stderr that says why; 2 a wrong flag or value, with the flag,
what is accepted and what came. With ``--json`` stdout holds one JSON document and nothing else.
"""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from botocore.exceptions import BotoCoreError, ClientError

from slipway_ops import commands, content, model_commands, objects, withdrawal
from slipway_ops.cluster import MANIFESTS
from slipway_ops.commands import Answer, UsageError
from slipway_ops.drift import cli as drift
from slipway_ops.gate import cli as gate
from slipway_ops.gate.errors import GateError
from slipway_ops.kubeflow import cli as kubeflow
from slipway_ops.problems import ReleaseError
from slipway_ops.retraining import cli as retraining
from slipway_ops.store import RETAIN_DAYS

EXIT_CODES = "exit codes: 0 done; 1 refused or failed, one line on stderr says why; 2 a wrong flag or value"


class _Parser(argparse.ArgumentParser):
    """One line for a wrong command line, in the words of all our messages."""

    def error(self, message: str) -> NoReturn:
        required = "the following arguments are required: "
        if message.startswith(required):
            message = f"{message.removeprefix(required)}: accepted: a value: received: nothing"
        message = " ".join(message.removeprefix("argument ").split())
        print(f"{self.prog}: {message}", file=sys.stderr)
        sys.exit(2)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command and exit with its code."""
    parsed, unknown = _parser().parse_known_args(arguments)
    parser: _Parser = parsed.parser
    if unknown:
        flags = sorted(flag for action in parser._actions for flag in action.option_strings if flag.startswith("--"))
        parser.error(f"{unknown[0]}: accepted: {', '.join(flags)}: received: {unknown[0]}")
    try:
        answer: Answer = parsed.run(parsed)
    except UsageError as error:
        parser.error(str(error))
    except (ReleaseError, GateError) as error:
        _fail(parser, str(error))
    except (ClientError, BotoCoreError) as error:
        _fail(parser, f"{objects.code(error)}: {error}")
    except OSError as error:
        _fail(parser, f"{error.filename or 'system'}: {error.strerror or error}")
    except KeyboardInterrupt:
        _fail(parser, "interrupted; run the same command again to continue")
    print(json.dumps(answer.value, ensure_ascii=False) if parsed.json else answer.text)
    if answer.code:
        sys.exit(answer.code)


def _fail(parser: _Parser, message: str) -> NoReturn:
    print(f"{parser.prog}: {' '.join(message.split())}", file=sys.stderr)
    sys.exit(1)


def _parser() -> _Parser:
    parser = _Parser(
        prog="slipway",
        description="Releases of models and their artifacts.",
        epilog=EXIT_CODES,
        allow_abbrev=False,
    )
    areas = parser.add_subparsers(metavar="AREA", required=True, dest="AREA")
    release = areas.add_parser("release", help="records of what is in production", allow_abbrev=False)
    _release(release.add_subparsers(metavar="COMMAND", required=True, dest="COMMAND"))
    artifact = areas.add_parser("artifact", help="a model's file", allow_abbrev=False)
    _fetch(artifact.add_subparsers(metavar="COMMAND", required=True, dest="COMMAND"))
    _models(areas)
    comparing = areas.add_parser("gate", help="whether a release is better than the one before", allow_abbrev=False)
    gate.add(comparing.add_subparsers(metavar="COMMAND", required=True, dest="COMMAND"), _command)
    watching = areas.add_parser("drift", help="whether production is still as training was", allow_abbrev=False)
    drift.add(watching.add_subparsers(metavar="COMMAND", required=True, dest="COMMAND"), _command)
    retraining.add(areas, _command, _retention)
    started = areas.add_parser("kubeflow", help="runs of Kubeflow Pipelines", allow_abbrev=False)
    kubeflow.add(started.add_subparsers(metavar="COMMAND", required=True, dest="COMMAND"), _command)
    return parser


def _release(into: Any) -> None:
    create = _command(into, "create", commands.create, "store an artifact, keep its image and write the record")
    _environment(create)
    create.add_argument("--model", type=_text(content.MODEL_NAME), required=True, help="the model's name")
    create.add_argument("--artifact", type=Path, required=True, metavar="FILE", help="the model's file")
    create.add_argument("--media-type", type=_text(content.MEDIA_TYPE), default="application/octet-stream")
    create.add_argument(
        "--image", type=_image, required=True, help="digest in the model's repository, or newest: the one pushed last"
    )
    create.add_argument(
        "--training",
        type=Path,
        required=True,
        metavar="FILE",
        help="JSON of what training knows: dataset, feature_schema, metrics and, if wanted, settings and resources",
    )
    create.add_argument(
        "--set", type=_setting, action="append", default=[], metavar="NAME=VALUE", help="a setting of the server"
    )
    create.add_argument("--code-commit", type=_text(content.COMMIT), required=True, help="commit of the training code")
    create.add_argument("--created-by", type=_checked(content.role), required=True, help="a role or CI identity")
    create.add_argument("--created-at", type=_checked(content.instant), help="RFC 3339, UTC; default: now")
    create.add_argument(
        "--previous", type=_previous, help="id of the release before, or none; default: the model's newest"
    )
    _retention(create)

    listing = _command(into, "list", commands.list_releases, "the releases of a model, newest first")
    _environment(listing)
    listing.add_argument("model", type=_text(content.MODEL_NAME), help="the model's name")

    show = _command(into, "show", commands.show, "everything that a record says")
    _environment(show)
    which = show.add_mutually_exclusive_group(required=True)
    which.add_argument("id", type=_text(content.RELEASE_ID), nargs="?")
    which.add_argument(
        "--run", dest="of_run", metavar="RUN", help="the release of a run: MLflow's id or the pipeline's"
    )
    show.add_argument(
        "--model", type=_text(content.MODEL_NAME), help="of the run; default: every model is looked through"
    )

    verify = _command(into, "verify", commands.verify, "read the whole artifact and look for the image")
    _environment(verify)
    verify.add_argument("id", type=_text(content.RELEASE_ID))

    diff = _command(into, "diff", commands.diff, "what differs between two releases")
    _environment(diff)
    diff.add_argument("before", type=_text(content.RELEASE_ID))
    diff.add_argument("after", type=_text(content.RELEASE_ID))

    promote = _command(into, "promote", commands.promote_release, "copy a release to another environment")
    promote.add_argument("id", type=_text(content.RELEASE_ID))
    _between(promote)

    withdraw = _command(into, "withdraw", model_commands.withdraw, "say for ever that a release must not serve")
    _environment(withdraw)
    withdraw.add_argument("id", type=_text(content.RELEASE_ID))
    withdraw.add_argument("--reason", type=_checked(withdrawal.reason), required=True, help="why, in a sentence")
    withdraw.add_argument(
        "--by", type=_checked(content.role), help="a role or CI identity; default: that of the credentials"
    )
    _retention(withdraw)

    _command(into, "schema", commands.schema, "the JSON Schema of a record")


def _models(into: Any) -> None:
    rollback = _command(into, "rollback", model_commands.rollback, "name an older release in the stack's file")
    _environment(rollback)
    rollback.add_argument("model", type=_text(content.MODEL_NAME), help="the model's name")
    rollback.add_argument(
        "--to", type=_text(content.RELEASE_ID), metavar="RELEASE", help="default: the one before the current"
    )
    rollback.add_argument("--verify", action="store_true", help="read every byte of the artifact first")
    _edit(rollback)

    text = "name a release in the stack's file, copied first if need be"
    promote = _command(into, "promote", model_commands.promote_model, text)
    promote.add_argument("model", type=_text(content.MODEL_NAME), help="the model's name")
    promote.add_argument("--release", type=_text(content.RELEASE_ID), help="default: what the first stack's file names")
    _between(promote, required=False)
    _edit(promote)

    status = _command(into, "status", model_commands.status, "what runs, compared with what the stack's file says")
    status.epilog = "exit codes: 0 healthy; 1 refused or failed; 2 a wrong flag or value; 3 degraded; 4 progressing"
    _environment(status)
    status.add_argument("model", type=_text(content.MODEL_NAME), nargs="?", help="default: all of the stack's models")
    _cluster(status)

    lineage = _command(into, "lineage", model_commands.lineage, "from what answers users to the code and the data")
    lineage.epilog = (
        "exit codes: 0 every link agrees; 1 failed; 2 a wrong flag or value; 3 one is broken; 4 one was not checked"
    )
    _environment(lineage)
    lineage.add_argument("id", type=_text(content.RELEASE_ID))
    _cluster(lineage)
    lineage.add_argument("--tracking-uri", metavar="URI", help="MLflow's server; default: what the record says")
    lineage.add_argument(
        "--repository", type=Path, default=Path(), metavar="DIR", help="folder in the repository of the code; ."
    )


def _cluster(parser: _Parser) -> None:
    parser.add_argument(
        "--manifests", type=Path, metavar="DIR", help=f"folder of objects instead of a cluster; default: ${MANIFESTS}"
    )
    parser.add_argument("--context", help="kubectl's context; default: the current one, if it is of the cluster")


def _edit(parser: _Parser) -> None:
    parser.add_argument("--dry-run", action="store_true", help="check and say what would move; write nothing")
    parser.add_argument("--pin", action="store_true", help="put an id where the file says newest")


def _between(parser: _Parser, *, required: bool = True) -> None:
    text = "stack that has the release" if required else "stack to copy the release from; default: it is there"
    parser.add_argument("--from", dest="source", required=required, metavar="STACK", help=text)
    parser.add_argument("--to", dest="target", required=True, metavar="STACK", help="stack that shall have it")
    parser.add_argument("--from-profile", metavar="PROFILE", help="AWS profile for the first; default: the usual chain")
    parser.add_argument("--to-profile", metavar="PROFILE", help="AWS profile for the second; default: the usual chain")
    _stacks(parser)
    _retention(parser)


def _fetch(into: Any) -> None:
    fetch = _command(into, "fetch", commands.fetch, "download an exact version and keep it only if its hash is right")
    fetch.add_argument("--uri", type=_uri, required=True, metavar="S3", help="s3://<bucket>/<key>")
    fetch.add_argument("--version", type=_version, required=True, help="version id of the object")
    fetch.add_argument("--sha256", type=_text(content.SHA256), required=True, help="SHA-256 of its bytes, in hex")
    fetch.add_argument("--to", type=Path, required=True, metavar="FILE", help="where it is put, in one step")


def _command(into: Any, name: str, run: Callable[[argparse.Namespace], Answer], text: str) -> _Parser:
    parser: _Parser = into.add_parser(name, help=text, description=text, epilog=EXIT_CODES, allow_abbrev=False)
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    parser.set_defaults(run=run, parser=parser)
    return parser


def _environment(parser: _Parser) -> None:
    parser.add_argument("--stack", required=True, help="the environment, by its stack")
    parser.add_argument("--profile", help="AWS profile; default: the usual chain")
    _stacks(parser)


def _stacks(parser: _Parser) -> None:
    parser.add_argument(
        "--stacks-dir", type=Path, default=Path("stacks"), metavar="DIR", help="folder of Pulumi.<stack>.yaml"
    )


def _retention(parser: _Parser) -> None:
    parser.add_argument(
        "--retain-days", type=_days, default=RETAIN_DAYS, help="days for which the record cannot be deleted; 3650"
    )


def _checked(check: Callable[[str], str]) -> Callable[[str], str]:
    def convert(value: str) -> str:
        try:
            return check(value)
        except ValueError as error:
            raise argparse.ArgumentTypeError(f"accepted: {error}: received: {value}") from None

    return convert


def _text(text: content.Text) -> Callable[[str], str]:
    return _checked(text.check)


def _image(value: str) -> str:
    if value == "newest" or content.IMAGE_DIGEST.pattern.fullmatch(value):
        return value
    raise argparse.ArgumentTypeError(f"accepted: {content.IMAGE_DIGEST.accepted} or newest: received: {value}")


def _previous(value: str) -> str:
    if value == "none" or content.RELEASE_ID.pattern.fullmatch(value):
        return value
    raise argparse.ArgumentTypeError(f"accepted: {content.RELEASE_ID.accepted} or none: received: {value}")


def _setting(value: str) -> tuple[str, str]:
    name, equals, text = value.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"accepted: NAME=VALUE: received: {value}")
    return _checked(content.setting)(name), text


def _days(value: str) -> int:
    if not (value.isdecimal() and 1 <= int(value) <= 36_500):
        raise argparse.ArgumentTypeError(f"accepted: a whole number from 1 to 36500: received: {value}")
    return int(value)


def _uri(value: str) -> tuple[str, str]:
    try:
        return objects.address(value)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _version(value: str) -> str:
    if not value or value == "null" or value.split() != [value]:
        raise argparse.ArgumentTypeError(f"accepted: a version id of S3: received: {value or 'nothing'}")
    return value
