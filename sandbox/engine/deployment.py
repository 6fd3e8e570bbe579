"""Answers what the program asks of the engine: register, read, invoke, outputs."""

import time
from dataclasses import dataclass, field, replace

from sandbox.engine.detail import details
from sandbox.engine.goal import Goal
from sandbox.engine.lifecycle import Lifecycle
from sandbox.engine.outcome import Op
from sandbox.engine.provider import Difference, ProviderError
from sandbox.engine.provision import Providers
from sandbox.engine.references import stack_outputs
from sandbox.engine.removal import Removal
from sandbox.engine.run import Run, StepError
from sandbox.engine.sealed import conceal, reveal, seal_keys
from sandbox.engine.state import Entry
from sandbox.engine.urns import STACK_TYPE, urn
from sandbox.providers.changes import ignoring
from sandbox.providers.values import UNKNOWN, Properties, has_unknown

STACK_REFERENCE = "pulumi:pulumi:StackReference"


@dataclass(frozen=True)
class Answer:
    """What the program learns of a resource."""

    urn: str
    id: str = ""
    outputs: Properties = field(default_factory=dict)
    failed: bool = False


class Deployment:
    """One run, seen from the program. Calls come from many threads."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.providers = Providers(run)
        self.removal = Removal(run, self.providers)
        self._lifecycle = Lifecycle(run, self.providers, self.removal)
        self._claimed: set[str] = set()
        self._outputs: Properties = {}
        self.monitor = ""
        """Address at which a provider can register; empty where nobody listens."""

    def urn(self, parent: str, type_: str, name: str) -> str:
        """URN of a resource of this stack."""
        return urn(self.run.stack, self.run.project, parent, type_, name)

    def inherited(self, parent: str, type_: str, name: str) -> list[str]:
        """Older URNs that a child has because its parent has one; a name that begins with the parent's follows it."""
        older = self.run.renamed.get(parent)
        if older is None:
            return []
        before, after = older.rsplit("::", 1)[1], parent.rsplit("::", 1)[1]
        old_name = before + name.removeprefix(after) if name.startswith(after) else name
        return [self.urn(older, type_, old_name), self.urn(older, type_, name)]

    def register(self, goal: Goal) -> Answer:
        """Bring one resource to what the program declares."""
        run = self.run
        if goal.remote:
            return self._remote(goal)
        self._claim(goal.urn)
        if run.blocked(goal.needs()):
            run.skip(goal.urn)
            return Answer(goal.urn, failed=True)
        try:
            old = run.old(goal.urn, goal.aliases)
            if goal.is_provider:
                entry = self.providers.declare(goal, old, goal.urn in run.renamed)
            elif goal.custom:
                entry = self._lifecycle.apply(goal, old)
            else:
                entry = self._component(goal, old)
        except (StepError, ProviderError) as error:
            run.fail(goal.urn, goal.type, goal.name, str(error))
            return Answer(goal.urn, failed=True)
        if entry.failures:
            run.fail(goal.urn, goal.type, goal.name, "; ".join(entry.failures))
        self._forget_alias(goal.urn)
        with run.lock:
            run.seen[goal.urn] = entry
        return Answer(goal.urn, entry.id, entry.outputs if goal.custom else {}, failed=bool(entry.failures))

    def read(self, goal: Goal, identifier: str) -> Answer:
        """Look up a resource that somebody else manages."""
        run, started = self.run, time.monotonic()
        self._claim(goal.urn)
        if run.blocked(goal.needs()):
            run.skip(goal.urn)
            return Answer(goal.urn, failed=True)
        if identifier == UNKNOWN:
            return Answer(goal.urn)
        reference = ""
        try:
            if goal.type == STACK_REFERENCE:
                outputs = stack_outputs(run, identifier)
                found_id = identifier
            else:
                reference, provider = self.providers.of(goal.provider, goal.type, goal.version)
                if not provider.configured:
                    return Answer(goal.urn)
                found = provider.read(goal.urn, goal.name, goal.type, identifier, reveal(goal.inputs))
                if found is None:
                    raise StepError(f"there is no {goal.type} with id {identifier}")
                outputs, found_id = seal_keys(found.outputs, goal.secrets), found.id
        except (StepError, ProviderError) as error:
            run.fail(goal.urn, goal.type, goal.name, str(error))
            return Answer(goal.urn, failed=True)
        entry = Entry(
            urn=goal.urn,
            type=goal.type,
            id=found_id,
            parent=goal.parent,
            provider=reference,
            inputs=goal.inputs,
            outputs=outputs,
            dependencies=goal.dependencies,
            external=True,
        )
        self._keep(entry)
        if goal.type != STACK_REFERENCE:
            run.done(Op.READ, entry, started)
        return Answer(goal.urn, found_id, outputs)

    def invoke(
        self, token: str, arguments: Properties, reference: str, version: str
    ) -> tuple[Properties, list[tuple[str, str]]]:
        """Call a provider's function; raises ``StepError`` or ``ProviderError``."""
        if token == "pulumi:pulumi:getResource":  # noqa: S105 -- a function's name
            entry = self.run.seen.get(str(arguments.get("urn")))
            if entry is None:
                raise StepError(f"unknown resource {arguments.get('urn')}")
            return {"urn": entry.urn, "id": entry.id, "state": entry.outputs}, []
        _, provider = self.providers.of(reference, token, version)
        if not provider.configured:
            raise StepError(f"{token} needs a provider whose arguments are only known after `up`")
        return provider.invoke(token, reveal(arguments), self.run.preview)

    def outputs(self, urn: str, outputs: Properties) -> None:
        """A component's or the stack's outputs."""
        run = self.run
        with run.lock:
            entry = run.seen.get(urn)
        if entry is None:
            return
        if entry.type == STACK_TYPE:
            self._outputs = outputs
            run.outcome.outputs = {key: conceal(value) for key, value in outputs.items()}
            if not run.preview and has_unknown(reveal(outputs)):  # something failed: what was known stays known
                outputs = {**entry.outputs, **{key: value for key, value in outputs.items() if not has_unknown(value)}}
        if not run.preview and entry.outputs != outputs:
            entry.outputs = outputs
            run.state.put(entry)

    def _remote(self, goal: Goal) -> Answer:
        """A component that its provider makes: the provider registers it and what is in it here, as a program does."""
        run = self.run
        if run.blocked(goal.needs()):
            run.skip(goal.urn)
            return Answer(goal.urn, failed=True)
        try:
            reference = goal.provider or goal.providers.get(goal.package, "")
            _, provider = self.providers.of(reference, goal.type, goal.version)
            if not provider.configured:  # only in a preview: it is shown, and nothing is known of it
                self.register(replace(goal, remote=False))
                return Answer(goal.urn)
            outputs = provider.construct(goal, run.project, run.stack, self.monitor, run.preview)
        except (StepError, ProviderError) as error:
            run.fail(goal.urn, goal.type, goal.name, str(error))
            return Answer(goal.urn, failed=True)
        return Answer(goal.urn, outputs=outputs)

    def _component(self, goal: Goal, old: Entry | None) -> Entry:
        run, started = self.run, time.monotonic()
        inputs = ignoring(old.inputs, goal.inputs, goal.ignore) if old else goal.inputs
        entry = Entry(
            urn=goal.urn,
            type=goal.type,
            custom=False,
            parent=goal.parent,
            inputs=inputs,
            outputs=old.outputs if old else {},
            dependencies=goal.dependencies,
            property_dependencies=goal.property_dependencies,
            protect=goal.protect,
            retain=goal.retain,
        )
        op = Op.CREATE
        if old is not None:
            op = Op.SAME if reveal(old.inputs) == reveal(inputs) else Op.UPDATE
        if not run.preview and (old is None or old != entry):
            run.state.put(entry)
        moved = details(old.inputs, inputs, Difference(True)) if old and op is Op.UPDATE else ()
        run.done(op, entry, started, moved)
        return entry

    def _keep(self, entry: Entry) -> None:
        run = self.run
        if not run.preview and run.state.resources.get(entry.urn) != entry:
            run.state.put(entry)
        with run.lock:
            run.seen[entry.urn] = entry

    def _claim(self, urn: str) -> None:
        with self.run.lock:
            if urn in self._claimed:
                raise StepError(f"two resources of the program are called {urn}: give one of them another name")
            self._claimed.add(urn)

    def _forget_alias(self, urn: str) -> None:
        older = self.run.renamed.get(urn)
        if older is not None and not self.run.preview:
            entry = self.run.state.resources.get(older)
            if entry is not None:
                self.run.state.remove(entry)
