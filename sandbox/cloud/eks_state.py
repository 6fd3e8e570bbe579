"""What the parts of the EKS extension share: finding a cluster, naming things, keeping records and updates."""

import uuid
from collections.abc import Callable
from typing import Any

from sandbox.cloud import clock
from sandbox.cloud.extension import Operation, fail, store

UPDATES = "updates"


def cluster(backend: Any, given: dict[str, Any]) -> Any:
    """The cluster that the call names."""
    name = given.get("clusterName") or given["name"]
    return backend.clusters.get(name) or fail("ResourceNotFoundException", f"No cluster found for name: {name}.")


def arn(backend: Any, kind: str, *parts: str) -> str:
    """ARN of one of a cluster's parts."""
    return f"arn:aws:eks:{backend.region_name}:{backend.account_id}:{kind}/{'/'.join(parts)}"


def update(backend: Any, name: str, kind: str, changed: dict[str, Any]) -> dict[str, Any]:
    """The record of a change that was carried out at once."""
    record = {
        "id": str(uuid.uuid4()),
        "status": "Successful",
        "type": kind,
        "params": [{"type": key[0].upper() + key[1:], "value": str(value)} for key, value in changed.items()],
        "createdAt": clock.now(),
        "errors": [],
    }
    store(backend, UPDATES)[name, record["id"]] = record
    return {"update": record}


class Records:
    """Parts of a cluster of one kind, keyed by cluster and one of their members."""

    def __init__(self, kind: str, key: str, make: Callable[[Any, Any, dict[str, Any]], dict[str, Any]]) -> None:
        self.kind = kind
        self.key = key
        self._make = make

    def all(self, backend: Any, name: str) -> list[dict[str, Any]]:
        """Those of the cluster ``name``."""
        return [record for (owner, _), record in store(backend, self.kind).items() if owner == name]

    def create(self, backend: Any, given: dict[str, Any]) -> dict[str, Any]:
        """Keep what the call gave, completed by ``make``; refused where it exists."""
        owner = cluster(backend, given)
        now = clock.now()
        base = {**given, "tags": given.get("tags") or {}, "createdAt": now, "modifiedAt": now}
        record = base | self._make(backend, owner, given)
        if (owner.name, record[self.key]) in store(backend, self.kind):
            fail("ResourceInUseException", f"The {self.kind} {record[self.key]} already exists in {owner.name}")
        store(backend, self.kind)[owner.name, record[self.key]] = record
        return record

    def get(self, backend: Any, given: dict[str, Any]) -> dict[str, Any]:
        """The one that the call names."""
        owner = cluster(backend, given)
        found: dict[str, Any] = store(backend, self.kind).get((owner.name, given[self.key])) or fail(
            "ResourceNotFoundException", f"No {self.kind} {given[self.key]} found in cluster {owner.name}"
        )
        return found

    def change(self, backend: Any, given: dict[str, Any]) -> dict[str, Any]:
        """Change what the call gives, leave the rest."""
        record = self.get(backend, given)
        record.update(given, modifiedAt=clock.now())
        return record

    def delete(self, backend: Any, given: dict[str, Any]) -> dict[str, Any]:
        """Forget the one that the call names."""
        record = self.get(backend, given)
        del store(backend, self.kind)[record["clusterName"], record[self.key]]
        return record

    def forget(self, backend: Any, name: str) -> None:
        """Forget those of the cluster ``name``, which is gone."""
        for record in self.all(backend, name):
            del store(backend, self.kind)[name, record[self.key]]


def answering(member: str, method: Callable[[Any, dict[str, Any]], Any]) -> Operation:
    """An operation that answers ``method``'s result as ``member``."""
    return lambda backend, given: {member: method(backend, given)}
