"""Deletes what the program no longer declares, what depends on something before that thing itself."""

import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from sandbox.engine.outcome import Op
from sandbox.engine.provider import ProviderError
from sandbox.engine.provision import Providers, protected
from sandbox.engine.run import Run, StepError
from sandbox.engine.sealed import reveal
from sandbox.engine.state import Entry
from sandbox.engine.urns import name_of, type_of
from sandbox.providers.values import UNKNOWN

_CONCURRENT = 8


class Removal:
    """Deletes resources of the state."""

    def __init__(self, run: Run, providers: Providers) -> None:
        self._run, self._providers = run, providers
        self._going: set[str] = set()

    def sweep(self) -> None:
        """After a program that ended well: delete all that it did not declare, and old forms of replaced resources."""
        run = self._run
        kept = run.seen.keys() | run.renamed.values()
        gone = [entry for urn, entry in run.state.resources.items() if urn not in kept]
        refused = [entry for entry in gone if entry.protect]
        for entry in refused:
            run.fail(entry.urn, entry.type, entry.name, protected(entry.urn, "deleted"))
        if not refused:
            self.delete(gone, run.state.condemned)

    def everything(self) -> None:
        """Delete the whole stack but what is protected and what that stands on."""
        run = self._run
        kept: set[str] = set()
        queue = [entry.urn for entry in run.state.resources.values() if entry.protect]
        run.outcome.protected = [f"{type_of(urn)} {name_of(urn)}" for urn in sorted(queue)]
        while queue:
            urn = queue.pop()
            if urn not in kept and urn in run.state.resources:
                kept.add(urn)
                queue += run.state.resources[urn].needs()
        run.outcome.counts[Op.SAME] += sum(not run.state.resources[urn].is_default_provider for urn in kept)
        self.delete([entry for urn, entry in run.state.resources.items() if urn not in kept], run.state.condemned)

    def before_replacement(self, old: Entry) -> None:
        """Delete ``old`` so that its successor can take its name, and first what must be replaced together with it.

        Raises ``StepError`` if that is not possible.
        """
        followers = self._followers(old)
        for entry in followers:
            if entry.protect:
                raise StepError(protected(entry.urn, f"replaced together with {old.urn}"))
        for entry in (*reversed(followers), old):
            if not self._delete(entry, counted=False):
                raise StepError(f"{entry.urn} could not be deleted")
            if entry is not old:
                self._run.displaced[entry.urn] = entry

    def _followers(self, old: Entry) -> list[Entry]:
        """What is made from ``old`` in a way that only a new resource can follow, dependencies first."""
        affected, found, added = {old.urn}, list[Entry](), True
        while added:
            added = False
            for entry in list(self._run.state.resources.values()):
                keys = [key for key, urns in entry.property_dependencies.items() if affected & set(urns)]
                if not keys or entry.urn in affected or not entry.custom or entry.is_provider:
                    continue
                _, provider = self._providers.of(entry.provider, entry.type)
                before = reveal(entry.inputs)
                after = before | dict.fromkeys(keys, UNKNOWN)
                outputs = reveal(entry.outputs)
                if provider.diff(entry.urn, entry.id, entry.type, before, outputs, after, []).replaces:
                    affected.add(entry.urn)
                    found.append(entry)
                    added = True
        return found

    def delete(self, gone: Iterable[Entry], condemned: Iterable[Entry]) -> None:
        """Delete resources and old forms, in parallel where nothing is between them."""
        gone, condemned = list(gone), list(condemned)
        self._going = {entry.urn for entry in gone}
        old_forms = {id(entry) for entry in condemned}
        left = {id(entry): entry for entry in [*gone, *condemned]}
        with ThreadPoolExecutor(_CONCURRENT) as pool:
            while left:
                needed: set[str] = set()
                for entry in left.values():
                    needed |= entry.needs() - {entry.urn}
                ready = [entry for entry in left.values() if entry.urn not in needed]
                if not ready:  # only possible in a damaged state: a ring of dependencies
                    ready = list(left.values())
                results = pool.map(lambda entry: (entry, self._delete(entry, id(entry) not in old_forms)), ready)
                blocked: set[str] = set()
                for entry, deleted in results:
                    del left[id(entry)]
                    if not deleted:
                        blocked |= entry.needs()
                self._spare(left, blocked)

    def _spare(self, left: dict[int, Entry], blocked: set[str]) -> None:
        """What a resource that could not be deleted needs stays."""
        while blocked:
            spared = [key for key, entry in left.items() if entry.urn in blocked]
            blocked = set()
            for key in spared:
                blocked |= left.pop(key).needs()

    def _delete(self, entry: Entry, counted: bool) -> bool:
        run, started = self._run, time.monotonic()
        stays = entry.retain and entry.custom and not entry.external and not entry.is_provider
        try:
            if not run.preview and self._reaches_cloud(entry):
                run.state.begin("delete", entry)
                _, provider = self._providers.of(entry.provider, entry.type)
                provider.delete(entry.urn, entry.id, entry.type, reveal(entry.inputs), reveal(entry.outputs))
        except (ProviderError, StepError) as error:
            if not (isinstance(error, ProviderError) and error.lost):
                run.state.abandon(entry.urn)
            run.fail(entry.urn, entry.type, entry.name, f"delete: {error}")
            return False
        if not run.preview:
            run.state.remove(entry)
        if stays:
            with run.lock:
                run.outcome.retained.append(f"{entry.type} {entry.id or entry.name}")
        if counted and not entry.external:
            run.done(Op.DELETE, entry, started, remark="stays in the cloud: retain_on_delete" if stays else "")
        return True

    def _reaches_cloud(self, entry: Entry) -> bool:
        if not entry.custom or entry.is_provider or entry.external or entry.retain:
            return False
        return entry.deleted_with not in self._going  # else it goes together with what holds it
