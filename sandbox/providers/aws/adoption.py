"""Finds what a killed run made without being able to record it.

A creation that finds what it would have made *adopts* it. Pulumi's own provider rightly refuses that, because the thing
may be somebody else's; the sandbox may, because nobody else makes things in it. What the stack's state already has is
never adopted.
"""

from sandbox.providers.aws.calls import Calls
from sandbox.providers.aws.claims import Claims
from sandbox.providers.aws.shapes import equal
from sandbox.providers.aws.state import describe, look
from sandbox.providers.aws.table import Context, evaluate
from sandbox.providers.values import Properties

Known = set[tuple[str, str]]
"""Types and ids that the engine's state has."""


def found_before(calls: Calls, seen: Context, inputs: Properties, claims: Claims, known: Known) -> Properties | None:
    """One made by a killed run, for types where the cloud itself would not notice a second."""
    if calls.type.find is not None:
        return adopted(calls, seen, known)
    claimed = claims.find(calls.type.token, inputs) if calls.type.claims else None
    if claimed is None or (calls.type.token, claimed) in known:
        return None
    return look(calls, claimed, seen)


def adopted(calls: Calls, seen: Context, known: Known) -> Properties | None:
    """The cloud's answer about the existing resource, if it is what would have been made."""
    declared = calls.type
    if declared.find is not None:
        answer: Properties | None = calls.run(declared.find, seen, only_required=True)
    else:
        answer = look(calls, str(evaluate(declared.id, seen) or ""), seen)
    if not answer:
        return None
    identifier = str(evaluate(declared.id, {**seen, **answer}))
    if (declared.token, identifier) in known:
        return None
    _, now = describe(calls, identifier, calls.inputs, answer)
    for key in calls.concerned(declared.create, calls.inputs) - {"tags", "tagsAll"}:
        if not equal(now.get(key), calls.inputs[key]):
            return None
    return answer
