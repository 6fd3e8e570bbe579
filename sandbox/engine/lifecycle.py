"""What becomes of one managed resource: left as it is, created, updated or replaced."""

import hashlib
import time
from dataclasses import replace

from sandbox.engine.detail import details
from sandbox.engine.goal import Goal
from sandbox.engine.outcome import Op
from sandbox.engine.provider import Difference, Made, Provider, ProviderError
from sandbox.engine.provision import Providers, protected
from sandbox.engine.removal import Removal
from sandbox.engine.run import Run, StepError
from sandbox.engine.sealed import reveal, seal_keys
from sandbox.engine.state import Entry
from sandbox.providers.changes import ignoring, top_level
from sandbox.providers.values import Properties, has_unknown


class Lifecycle:
    """Brings custom resources to what the program asks for."""

    def __init__(self, run: Run, providers: Providers, removal: Removal) -> None:
        self._run, self._providers, self._removal = run, providers, removal

    def apply(self, goal: Goal, old: Entry | None) -> Entry:
        """Do what is needed; returns the resource as it is (in a preview: would be) afterwards.

        Raises ``StepError`` or ``ProviderError``; the state then holds what is true.
        """
        started = time.monotonic()
        if goal.import_id and not (old and old.id == goal.import_id):
            raise StepError("the stand-in engine cannot import: use the real engine for the update that imports")
        reference, provider = self._providers.of(goal.provider, goal.type, goal.version)
        if old is not None and old.external:
            old = None  # it was only read until now
        asked = ignoring(old.inputs, goal.inputs, goal.ignore) if old else goal.inputs
        inputs = self._check(provider, goal, asked, old.inputs if old else {}, old.generation if old else 0)
        entry = _entry(goal, reference, inputs)
        if old is None:
            return self._create(provider, goal, entry, started)
        entry = replace(entry, id=old.id, outputs=old.outputs, generation=old.generation)
        found = self._difference(provider, goal, old, inputs, reference)
        if found.replaces:
            return self._replace(provider, goal, old, entry, found, started)
        if found.changed or old.failures:
            return self._update(provider, goal, old, entry, found, started)
        entry.outputs = seal_keys(old.outputs, goal.secrets)
        if not self._run.preview and entry != old:
            self._run.state.put(entry)
        self._run.done(Op.SAME, entry, started)
        return entry

    def _check(
        self, provider: Provider, goal: Goal, asked: Properties, olds: Properties, generation: int
    ) -> Properties:
        """Inputs as the provider completes them. A killed run's successor generates the same names from the seed."""
        seed = hashlib.sha256(f"{goal.urn}#{generation}".encode()).digest()
        checked = provider.check(goal.urn, goal.name, goal.type, reveal(olds), reveal(asked), seed)
        return seal_keys(checked, goal.secrets)

    def _difference(self, provider: Provider, goal: Goal, old: Entry, inputs: Properties, reference: str) -> Difference:
        before, after = reveal(old.inputs), reveal(inputs)
        found = provider.diff(goal.urn, old.id, goal.type, before, reveal(old.outputs), after, goal.ignore)
        if found.changed is None:
            found = replace(found, changed=before != after)
        forced = [path for path in found.paths if any(_covers(pattern, path) for pattern in goal.replace_on)]
        if goal.trigger is not None and old.trigger is not None and old.trigger != goal.trigger:
            forced.append("replacement_trigger")
        if self._providers.changed(old.provider, reference):
            forced.append("provider")
        return replace(found, replaces=(*found.replaces, *forced))

    def _create(self, provider: Provider, goal: Goal, entry: Entry, started: float) -> Entry:
        displaced = self._run.displaced.get(goal.urn)
        if displaced is not None:
            entry.generation = displaced.generation + 1
        made = self._make(provider, goal, entry, replaces=False)
        if displaced is None:
            self._run.done(Op.CREATE, made, started)
        else:
            moved = details(displaced.inputs, made.inputs, Difference(True))
            self._run.done(Op.REPLACE, made, started, moved, "together with what it is made from")
        return made

    def _update(
        self, provider: Provider, goal: Goal, old: Entry, entry: Entry, found: Difference, started: float
    ) -> Entry:
        run = self._run
        if not run.preview:
            run.state.begin("update", entry)
        try:
            made = provider.update(
                goal.urn,
                old.id,
                goal.type,
                reveal(old.inputs),
                reveal(old.outputs),
                reveal(entry.inputs),
                goal.ignore,
                goal.timeouts.get("update", 0),
                run.preview,
            )
        except ProviderError as error:
            self._refused(goal, entry, error, replaces=False)
            raise
        result = _finished(goal, entry, made)
        if not run.preview:
            run.state.put(result)
        run.done(Op.UPDATE, result, started, details(old.inputs, entry.inputs, found))
        return result

    def _replace(
        self,
        provider: Provider,
        goal: Goal,
        old: Entry,
        entry: Entry,
        found: Difference,
        started: float,
    ) -> Entry:
        if old.protect:
            raise StepError(protected(goal.urn, "replaced"))
        run = self._run
        entry = replace(entry, id="", outputs={}, generation=old.generation + 1)
        # without the old inputs: a generated name is a new one, and a new resource ignores no change
        entry.inputs = self._check(provider, goal, goal.inputs, {}, entry.generation)
        first = found.delete_before_replace if goal.delete_before_replace is None else goal.delete_before_replace
        if first and not run.preview:
            self._removal.before_replacement(old)
        made = self._make(provider, goal, entry, replaces=not first)
        moved = details(old.inputs, entry.inputs, found)
        run.done(Op.REPLACE, made, started, moved, "deleted first" if first else "")
        return made

    def _make(self, provider: Provider, goal: Goal, entry: Entry, *, replaces: bool) -> Entry:
        run = self._run
        if not run.preview:
            run.state.begin("create", entry)
        inputs = reveal(entry.inputs)
        if not run.preview and has_unknown(inputs):
            run.state.abandon(entry.urn)
            raise StepError("an input is not known, although everything it depends on is done")
        try:
            made = provider.create(goal.urn, goal.name, goal.type, inputs, goal.timeouts.get("create", 0), run.preview)
        except ProviderError as error:
            self._refused(goal, entry, error, replaces=replaces)
            raise
        result = _finished(goal, entry, made)
        if not run.preview:
            run.state.put(result, replaces=replaces)
        return result

    def _refused(self, goal: Goal, entry: Entry, error: ProviderError, *, replaces: bool) -> None:
        """Note what a failed operation left: what exists and is not ready, or nothing."""
        if self._run.preview:
            return
        if error.made is None:
            if not error.lost:  # else it stays announced, and the next run says so
                self._run.state.abandon(entry.urn)
        else:
            self._run.state.put(_finished(goal, entry, error.made), replaces=replaces)


def _entry(goal: Goal, reference: str, inputs: Properties) -> Entry:
    return Entry(
        urn=goal.urn,
        type=goal.type,
        parent=goal.parent,
        provider=reference,
        inputs=inputs,
        dependencies=goal.dependencies,
        property_dependencies=goal.property_dependencies,
        protect=goal.protect,
        retain=goal.retain,
        deleted_with=goal.deleted_with,
        trigger=goal.trigger,
    )


def _finished(goal: Goal, entry: Entry, made: Made) -> Entry:
    return replace(entry, id=made.id, outputs=seal_keys(made.outputs, goal.secrets), failures=made.failures)


def _covers(pattern: str, path: str) -> bool:
    """Whether a ``replace_on_changes`` pattern reaches a changed path."""
    return (
        pattern == "*"
        or path == pattern
        or path.startswith((f"{pattern}.", f"{pattern}["))
        or (top_level(path) == top_level(pattern) and "*" in pattern)
    )
