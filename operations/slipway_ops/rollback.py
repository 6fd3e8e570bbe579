"""Moving a model to another release: one line of its stack's file, after everything that the line names was checked."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from slipway_ops import images
from slipway_ops.diff import in_words
from slipway_ops.problems import ReleaseError, refused
from slipway_ops.promote import Side
from slipway_ops.record import Release
from slipway_ops.settings_file import NEWEST, StackFile


@dataclass(frozen=True)
class Move:
    """What an edit of a model's release would do; nothing is written yet."""

    model: str
    file: StackFile
    edited: StackFile
    before: str | None
    """What the file says now: a release's id, ``newest``, or nothing."""
    after: Release
    image: str
    """Where the image of the release is."""
    words: list[str] = field(default_factory=list)

    @property
    def changes(self) -> bool:
        """Whether the file says something else afterwards."""
        return self.file.text != self.edited.text

    def write(self) -> None:
        """Edit the file; raises ``ReleaseError`` where it changed meanwhile."""
        if self.changes:
            self.edited.write(self.file)

    def as_dict(self) -> dict[str, Any]:
        """For ``--json``."""
        return {
            "model": self.model,
            "file": str(self.file.path),
            "line": self.edited.line(self.model),
            "from": self.before,
            "to": self.after.id,
            "moves": self.words,
            "image": self.image,
        }

    def __str__(self) -> str:
        where = f"{self.file.path}:{self.edited.line(self.model)}"
        lines = [f"{where}: {self.model}: {self.before or 'no release'} -> {self.after.id}"]
        return "\n".join(lines + [f"  {word}" for word in [*self.words, self.image]])


def stack_file(stack: str, directory: Path, model: str, *, pin: bool) -> StackFile:
    """The stack's file, whose line of ``model`` may be edited; raises ``ReleaseError``."""
    file = StackFile.read(stack, directory)
    if file.release(model) == NEWEST and not pin:
        raise refused(
            f"{file.path}:{file.line(model)}",
            f"slipway:models.{model}.release",
            "a release's id, or --pin: this line follows every new release, and would no longer do so with an id in it",
            NEWEST,
        )
    return file


def target(side: Side, file: StackFile, model: str, to: str | None) -> str:
    """Id of the release to go back to: ``to``, else the one before the current; raises ``ReleaseError``."""
    if to is not None:
        if to[:-18] != model:
            raise refused("--to", "release", f"a release of {model}", to)
        return to
    current = current_release(side, file, model)
    subject = f"{file.path}: {model}"
    if current is None:
        raise refused(subject, "release", "--to, because no release is named here", None)
    content = current.content
    if content.previous is None:
        raise refused(subject, "release", f"--to, because no release came before {current.id}", None)
    if side.store.find(content.previous) is None:  # created elsewhere, where another one came before it
        here = side.store.newest(model, content.created_at)
        accepted = f"--to, because {content.previous}, which came before {current.id}, is not in this environment"
        raise refused(subject, "release", accepted + (f"; here it was {here}" if here else ""), None)
    return content.previous


def current_release(side: Side, file: StackFile, model: str) -> Release | None:
    """The release that the file names, withdrawn or not."""
    said = file.release(model)
    identifier = side.store.newest(model) if said == NEWEST else said
    return None if identifier is None else side.store.get(identifier, withdrawn=True)


def move(side: Side, file: StackFile, model: str, to: str, *, read_bytes: bool = False) -> Move:
    """Check the release ``to`` and say what naming it in the file would move.

    Its record's hash, the exact version of its artifact (every byte with ``read_bytes``) and its image are checked; a
    withdrawn, altered, incomplete or unknown one raises ``ReleaseError``.
    """
    after = side.store.get(to)
    if after.content.model != model:
        raise refused(f"release {to}", "model", model, after.content.model)
    check = side.store.verify if read_bytes else side.store.check_artifact
    check(after)
    return planned(side, file, model, after, image(side, after))


def planned(side: Side, file: StackFile, model: str, after: Release, where: str) -> Move:
    """The move to ``after``, which was checked."""
    try:
        before = current_release(side, file, model)
        words = ["the first release here"] if before is None else in_words(before, after)
    except ReleaseError as error:  # the one to get away from may be what is broken
        words = [f"what it moves from cannot be said: {error}"]
    return Move(model, file, file.edited(model, after.id), file.release(model), after, where, words)


def image(side: Side, release: Release) -> str:
    """Where the release's image is, in words; raises ``ReleaseError`` if the registry does not hold it."""
    digest, repository = release.content.image_digest, release.location.repository
    images.manifest(side.ecr, repository, digest)
    if images.tagged(side.ecr, repository, release.id) == digest:
        return f"image {digest} is still in {repository}"
    return (
        f"image {digest} is still in {repository}, without the tag {images.release_tag(release.id)} that keeps it there"
    )
