"""The provider: one engine for all types of the table."""
# ruff: noqa: ARG002 -- the methods' arguments are the protocol's

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sandbox.providers.aws import recorded
from sandbox.providers.aws.adoption import Known, adopted, found_before
from sandbox.providers.aws.calls import Calls, context, exists_already, missing, pauses, public
from sandbox.providers.aws.claims import OWNER, VARIABLE, Claims, owner
from sandbox.providers.aws.functions import FUNCTIONS
from sandbox.providers.aws.names import MADE_UP, autoname, made_up
from sandbox.providers.aws.session import Session
from sandbox.providers.aws.shapes import equal
from sandbox.providers.aws.state import describe, imported, joined, look, parts
from sandbox.providers.aws.table import Code, Context, Step, Type, evaluate, fields_of
from sandbox.providers.aws.types import TYPES
from sandbox.providers.backend import Backend, Existing, Failure, NotReady
from sandbox.providers.changes import Difference, compare, top_level
from sandbox.providers.values import Properties, has_unknown

_PATIENCE = 300.0
"""Seconds to wait for readiness where the program sets no timeout."""


class Aws(Backend):
    """Resources in the sandbox cloud. A creation *adopts* what a killed run made for it (adoption.py)."""

    package = "aws"

    def __init__(self) -> None:
        self._session_or_none: Session | None = None
        self._recorded_in_state: Known = set()
        self._claims = Claims(None)

    @property
    def _session(self) -> Session:
        if self._session_or_none is None:
            raise ValueError("the provider is not configured")
        return self._session_or_none

    def configure(self, config: Properties, environment: Mapping[str, str]) -> None:
        """Refuses an address that is not this machine's."""
        self._session_or_none = Session(config, environment)
        self._claims = Claims(Path(environment[VARIABLE]) if environment.get(VARIABLE) else None)

    def diff_config(self, old: Properties, new: Properties) -> Difference:
        """Another region means other resources; another port of the sandbox cloud does not."""
        found = compare(old, new, ["region"])
        if has_unknown(new.get("region")):
            return Difference(found.changes)
        return found

    def check(
        self, type_: str, urn: str, name: str, olds: Properties, news: Properties, seed: bytes
    ) -> tuple[Properties, list[Failure]]:
        """Defaults, physical name, and the tags that the provider's own make together with the resource's."""
        declared = TYPES.get(type_)
        news = {key: value for key, value in news.items() if value is not None and key != MADE_UP}
        if declared is None:
            return recorded.check(name, olds, news, seed), []
        news = {**{key: value for key, value in declared.defaults.items() if key not in news}, **news}
        if declared.name:
            news = autoname(declared.name, declared.name_prefix, name, olds, news, seed)
        if declared.tags is not None:
            tags = news.get("tags") or {}
            everything = {**self._session.default_tags, **tags} if isinstance(tags, dict) else tags
            if everything:
                news = {**news, "tagsAll": everything}
        if declared.claims:
            news = {**news, OWNER: owner(urn)}
        return news, []

    def diff(self, type_: str, identifier: str, olds: Properties, outputs: Properties, news: Properties) -> Difference:
        """Changes by property; an old resource goes first where the new one would have the same physical identity."""
        self._recorded_in_state.add((type_, identifier))
        declared = TYPES.get(type_)
        if declared is None:
            return compare(olds, news, same=_same)
        found = compare(olds, news, declared.replace, _same)
        said = {path.replace("tags", "tagsAll", 1) for path in found.changes if top_level(path) == "tags"}
        changes = {path: kind for path, kind in found.changes.items() if path not in said}
        if "tags" in found.changes and "tagsAll" in {top_level(path) for path in changes}:
            changes = {path: kind for path, kind in changes.items() if top_level(path) != "tagsAll"}
        first = declared.delete_first or _same_identity(declared, olds, news)
        return Difference(changes, found.replaces, first)

    def create(self, type_: str, inputs: Properties, timeout: float) -> tuple[str, Properties]:
        """Make it, or adopt it; finish it; wait until it can be used."""
        declared = TYPES.get(type_)
        if declared is None:
            return recorded.create(self._session, type_, inputs)
        calls = self._calls(declared, inputs)
        seen = context(self._session, inputs, {})
        tags = inputs.get("tagsAll") or {}
        answer = found_before(calls, seen, inputs, self._claims, self._recorded_in_state)
        if answer is None:
            try:
                answer = calls.run(declared.create, seen, tags=tags) or {}
            except Exception as error:
                if not exists_already(error):
                    raise
                answer = adopted(calls, seen, self._recorded_in_state)
                if answer is None:
                    raise
        identifier = str(evaluate(declared.id, {**seen, **answer}))
        self._recorded_in_state.add((type_, identifier))
        if declared.claims:
            self._claims.note(type_, inputs, identifier)
        seen = {**seen, "id": identifier, "answer": answer}
        try:
            for step in declared.settle:
                if calls.concerned(step, calls.inputs) or not _depends(step):
                    calls.run(step, seen)
            return identifier, self._when_ready(calls, identifier, seen, timeout)
        except NotReady:
            raise
        except Exception as error:
            raise NotReady(identifier, public(inputs), str(error)) from error

    def read(self, type_: str, identifier: str, inputs: Properties, outputs: Properties) -> Existing | None:
        """What it is now; for an import, everything that the cloud reports about it."""
        self._recorded_in_state.add((type_, identifier))
        declared = TYPES.get(type_)
        if declared is None:
            return Existing(identifier, outputs or inputs)
        known = {**parts(declared, identifier), **inputs}
        calls = Calls(self._session, declared, known)
        answer = look(calls, identifier, context(self._session, known, outputs, identifier))
        if answer is None:
            return None
        known = known if inputs else imported(declared, identifier, answer)
        found, now = describe(calls, identifier, known, answer)
        return Existing(identifier, {**_without(outputs, inputs), **found}, now)

    def update(
        self, type_: str, identifier: str, olds: Properties, outputs: Properties, news: Properties, timeout: float
    ) -> Properties:
        """Make the calls that concern what changed. Without a change: finish what a failed run left undone."""
        declared = TYPES.get(type_)
        if declared is None:
            return {**outputs, **public(news)}
        calls = self._calls(declared, news)
        seen = {**context(self._session, news, _without(outputs, olds), identifier), "old": public(olds)}
        changed = {top_level(path) for path in compare(olds, news, same=_same).changes} - declared.local
        steps = (*declared.update, *declared.settle)
        unreached = changed - {"tags", "tagsAll", "region"}
        for step in steps:
            unreached -= calls.concerned(step, unreached)
        if unreached:
            raise ValueError(f"{type_}: {', '.join(sorted(unreached))}: cannot be changed in the sandbox")
        for step in steps if changed else declared.settle:
            if changed and not calls.concerned(step, changed):
                continue
            try:
                calls.run(step, seen)
            except Exception as error:
                if changed or not exists_already(error):
                    raise
        if declared.tags is not None:
            old, new = olds.get("tagsAll") or {}, news.get("tagsAll") or {}
            calls.tag(declared.tags.untag, seen, {key: old[key] for key in old.keys() - new.keys()})
            calls.tag(declared.tags.tag, seen, {key: new[key] for key in new if old.get(key) != new[key]})
        return self._when_ready(calls, identifier, seen, timeout)

    def delete(self, type_: str, identifier: str, inputs: Properties, outputs: Properties, timeout: float) -> None:
        """Delete it, and wait until it is gone where that takes time."""
        declared = TYPES.get(type_)
        if declared is None:
            return
        known = {**parts(declared, identifier), **(inputs or outputs)}
        calls = Calls(self._session, declared, known)
        seen = context(self._session, known, outputs, identifier)
        for step in (*declared.before_delete, *declared.delete):
            try:
                calls.run(step, seen)
            except Exception as error:
                if not missing(error):
                    raise
        if declared.delete_waits:
            for _ in pauses(timeout or _PATIENCE):
                if look(calls, identifier, seen) is None:
                    return
            raise TimeoutError(f"{identifier} still exists")

    def invoke(self, token: str, arguments: Properties) -> Properties:
        """Answer a function."""
        if token not in FUNCTIONS:
            raise ValueError(f"{token}: the sandbox does not have this function; it has {', '.join(sorted(FUNCTIONS))}")
        return FUNCTIONS[token](self._session, arguments)

    def preview(self, type_: str, inputs: Properties, outputs: Properties | None) -> Properties:
        """As the protocol has it, without the provider's notes. What the cloud will add to an input is unknown too."""
        known, declared = public(inputs), TYPES.get(type_)
        if declared is None:
            return super().preview(type_, known, outputs)
        if outputs is None:
            return {key: value for key, value in known.items() if key not in declared.grows}
        untouched = declared.local | {"tags", "tagsAll"}
        if declared.moves and any(not equal(outputs.get(key), known[key]) for key in known if key not in untouched):
            outputs = {key: value for key, value in outputs.items() if key not in declared.moves}
        return joined(declared, outputs, known)

    def _calls(self, declared: Type, inputs: Properties) -> Calls:
        calls = Calls(self._session, declared, inputs)
        if unknown := calls.unknown():
            raise ValueError(f"{declared.token}: {', '.join(unknown)}: the sandbox does not emulate this input")
        return calls

    def _when_ready(self, calls: Calls, identifier: str, seen: Context, timeout: float) -> Properties:
        declared = calls.type
        answer: Properties | None = None
        for _ in pauses(timeout or _PATIENCE):
            answer = look(calls, identifier, seen)
            if answer is None:
                raise ValueError(f"{identifier} is gone: run a refresh")
            if declared.failed and evaluate(declared.failed, answer):
                raise NotReady(identifier, describe(calls, identifier, calls.inputs, answer)[0], "it failed")
            if not declared.ready or evaluate(declared.ready, answer):
                return joined(declared, describe(calls, identifier, calls.inputs, answer)[0], calls.inputs)
        outputs = describe(calls, identifier, calls.inputs, answer or {})[0]
        raise NotReady(identifier, outputs, f"it was not ready after {timeout or _PATIENCE:.0f} seconds")


def _same(path: str, old: Any, new: Any) -> bool:
    if path in ("tags", "tagsAll"):
        return bool((old or {}) == (new or {}))
    return equal(old, new)


def _without(outputs: Properties, inputs: Properties) -> Properties:
    """What the cloud alone said: an input that was taken away must not live on among the outputs."""
    return {key: value for key, value in outputs.items() if key not in inputs}


def _depends(step: Step) -> bool:
    """Whether a step depends on any input at all; one that does not is always made."""
    return bool((step.inputs if isinstance(step, Code) else step.names) - {"id", "here", "answer"})


def _same_identity(declared: Type, olds: Properties, news: Properties) -> bool:
    """Whether the id is made of inputs that stay, and chosen by the program."""
    names = fields_of(declared.id)
    if not all(name in olds and name in news for name in names) or (declared.name and made_up(declared.name, news)):
        return False
    return all(olds[name] == news[name] and not has_unknown(news[name]) for name in names)
