"""Providers: explicit ones that the program declares, default ones that the engine adds."""

import threading
import time
import uuid
from dataclasses import replace

from sandbox.engine.detail import details
from sandbox.engine.goal import Goal
from sandbox.engine.outcome import Op
from sandbox.engine.project import provider_config
from sandbox.engine.provider import Difference, Provider, ProviderError
from sandbox.engine.run import Run, StepError
from sandbox.engine.sealed import reveal, seal_keys
from sandbox.engine.state import Entry
from sandbox.engine.urns import PROVIDER_PREFIX, package_of, urn
from sandbox.providers.values import has_unknown


class Providers:
    """The configured providers of a run, by reference (URN and id)."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._lock = threading.Lock()
        self._by_reference: dict[str, Provider] = {}
        self._defaults: dict[str, threading.Lock] = {}
        self._default_references: dict[str, str] = {}
        self._replaced: set[str] = set()

    def declare(self, goal: Goal, old: Entry | None, aliased: bool = False) -> Entry:
        """Start and configure the provider that ``goal`` describes; returns its entry."""
        started = time.monotonic()
        run, package = self._run, goal.package
        provider = run.plugins.start(package)
        inputs = reveal(goal.inputs)
        unknown = has_unknown(inputs)
        if not unknown:
            inputs = provider.check_config(goal.urn, goal.name, goal.type, reveal(old.inputs) if old else {}, inputs)
        sealed = seal_keys(inputs, goal.secrets)
        entry = Entry(
            urn=goal.urn,
            type=goal.type,
            id=old.id if old else str(uuid.uuid4()),
            parent=goal.parent,
            inputs=sealed,
            outputs=sealed,
            dependencies=goal.dependencies,
            property_dependencies=goal.property_dependencies,
            protect=goal.protect,
            retain=goal.retain,
        )
        op, moved = Op.CREATE, Difference(True)
        if old:
            op, moved = Op.SAME, Difference(False)
            if reveal(old.inputs) != inputs:
                # what is not known yet will, as far as anyone can tell, be what it was
                moved = Difference(None) if unknown else provider.diff_config(goal.urn, reveal(old.inputs), inputs)
                op = Op.REPLACE if moved.replaces else Op.UPDATE
        if op is Op.REPLACE:
            if old and old.protect:
                raise StepError(protected(goal.urn, "replaced"))
            entry = replace(entry, id=str(uuid.uuid4()))
            if old:
                self._replaced.add(old.reference)
        if not unknown:
            provider.configure(package, goal.urn, inputs)
        with self._lock:
            self._by_reference[entry.reference] = provider
        if not run.preview and (old is None or old != entry or aliased):
            run.state.put(entry, replaces=op is Op.REPLACE)
        run.done(op, entry, started, details(old.inputs, sealed, moved) if old and op is not Op.SAME else ())
        return entry

    def of(self, reference: str, type_: str, version: str = "") -> tuple[str, Provider]:
        """Reference and provider that manage a type: the one named, or the package's default; raises ``StepError``."""
        if reference:
            found = self._by_reference.get(reference)
            if found is None:
                entry = self._entry(reference)
                if entry is None:
                    raise StepError(f"unknown provider {reference}")
                return reference, self._revive(entry)
            return reference, found
        package = package_of(type_)
        with self._lock:
            lock = self._defaults.setdefault(package, threading.Lock())
        with lock:
            if package not in self._default_references:
                self._default_references[package] = self._default(package, version).reference
        chosen = self._default_references[package]
        return chosen, self._by_reference[chosen]

    def changed(self, old: str, new: str) -> bool:
        """Whether a resource made with provider ``old`` must be replaced to be managed by ``new``."""
        if old == new:
            return False
        if old in self._replaced:
            return True
        before, after = self._entry(old), self._run.seen.get(new.rsplit("::", 1)[0])
        if before is None or after is None:
            return False
        provider = self._by_reference.get(new)
        if provider is None or has_unknown(reveal(after.inputs)):
            return False
        return bool(provider.diff_config(after.urn, reveal(before.inputs), reveal(after.inputs)).replaces)

    def _entry(self, reference: str) -> Entry | None:
        name, _, identifier = reference.rpartition("::")
        known = (self._run.state.resources.get(name), self._run.seen.get(name), *self._run.state.condemned)
        return next((entry for entry in known if entry and entry.reference == f"{name}::{identifier}"), None)

    def _revive(self, entry: Entry) -> Provider:
        """A provider that the program no longer declares, for what is still to be deleted with it."""
        with self._lock:
            found = self._by_reference.get(entry.reference)
            if found is None:
                found = self._run.plugins.start(entry.package)
                found.configure(entry.package, entry.urn, reveal(entry.inputs))
                self._by_reference[entry.reference] = found
        return found

    def _default(self, package: str, version: str) -> Entry:
        run = self._run
        type_ = f"{PROVIDER_PREFIX}{package}"
        name = "default" + (f"_{version.replace('.', '_').replace('-', '_')}" if version else "")
        own = urn(run.stack, run.project, "", type_, name)
        try:
            goal = Goal(urn=own, type=type_, name=name, inputs=dict(provider_config(run.config, package)))
            entry = self.declare(goal, run.old(own))
        except ProviderError as error:
            raise StepError(f"default provider of {package}: {error}") from None
        with run.lock:
            run.seen[own] = entry
        return entry


def protected(urn_: str, verb: str) -> str:
    """The message of a refusal."""
    return (
        f"{urn_} is protected and cannot be {verb}: take `protect` off it (deletion_protection: false) and `up` first"
    )
