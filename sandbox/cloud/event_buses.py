"""EventBridge's own things: buses that change and need a key that lets them work, tags by ARN, keys of connections."""

from typing import Any

from moto.core.responses import ActionResult
from moto.events.models import Connection, EventsBackend
from moto.events.responses import EventsHandler
from moto.kms.models import kms_backends

from sandbox.cloud import clock
from sandbox.cloud.extension import extend, fail, parameters, replaces
from sandbox.cloud.key_policy import may_use

_PRINCIPAL = "events.amazonaws.com"
_KEY_USES = ("kms:Decrypt", "kms:GenerateDataKey", "kms:DescribeKey")
_SECRETS = frozenset({"ApiKeyValue", "Password", "ClientSecret"})


@replaces(EventsHandler, "create_event_bus")
def _create(original: Any, self: Any) -> Any:
    given = parameters(self)
    _check_key(self.events_backend, given)
    answer = original(self)
    self.events_backend.event_buses[given["Name"]].sandbox_log = given.get("LogConfig")
    return answer


@replaces(EventsHandler, "describe_event_bus")
def _describe(_original: Any, self: Any) -> Any:
    described = _described(self.events_backend.describe_event_bus(parameters(self).get("Name")))
    return self.serialized(ActionResult({name: value for name, value in described.items() if value}))


def _described(bus: Any) -> dict[str, Any]:
    return {
        "Name": bus.name,
        "Arn": bus.arn,
        "Description": bus.description,
        "KmsKeyIdentifier": bus.kms_key_identifier,
        "DeadLetterConfig": bus.dead_letter_config,
        "LogConfig": getattr(bus, "sandbox_log", None),
        "Policy": bus.policy,
        "CreationTime": bus.creation_time,
        "LastModifiedTime": bus.last_modified_time,
    }


def _update(backend: Any, given: dict[str, Any]) -> dict[str, Any]:
    """What is not said is taken away."""
    bus = backend.describe_event_bus(given.get("Name"))
    _check_key(backend, given)
    bus.description, bus.kms_key_identifier = given.get("Description"), given.get("KmsKeyIdentifier") or None
    bus.dead_letter_config, bus.sandbox_log = given.get("DeadLetterConfig"), given.get("LogConfig")
    bus.last_modified_time = clock.now().timestamp()
    members = ("Name", "Arn", "Description", "KmsKeyIdentifier", "DeadLetterConfig", "LogConfig")
    return {name: value for name, value in _described(bus).items() if name in members and value}


def _check_key(backend: Any, given: dict[str, Any]) -> None:
    """Refused with a key that EventBridge may not use: no event would be delivered."""
    key = given.get("KmsKeyIdentifier")
    if not key:
        return
    kms = kms_backends[backend.account_id][backend.region_name]
    found = kms.any_id_to_key_id(key)
    arn = kms.keys[found].arn if found in kms.keys else key
    if not arn.startswith("arn:") or not may_use(kms, arn, _PRINCIPAL, {}, _KEY_USES):
        fail("ValidationException", f"The key {key} does not exist or does not let {_PRINCIPAL} use it.")


@replaces(EventsBackend, "list_tags_for_resource")
def _list_tags(_original: Any, self: Any, arn: str) -> Any:
    """moto goes by the name alone, which rules of two buses may share."""
    return self.tagger.list_tags_for_resource(_known(self, arn))


@replaces(EventsBackend, "tag_resource")
def _tag(_original: Any, self: Any, arn: str, tags: dict[str, str]) -> None:
    self.tagger.tag_resource(_known(self, arn), self.tagger.convert_dict_to_tags_input(tags))


@replaces(EventsBackend, "untag_resource")
def _untag(_original: Any, self: Any, arn: str, tag_keys: list[str]) -> None:
    self.tagger.untag_resource_using_names(_known(self, arn), tag_keys)


def _known(backend: Any, arn: str) -> str:
    buses = backend.event_buses.values()
    if arn not in {bus.arn for bus in buses} | {rule.arn for bus in buses for rule in bus.rules.values()}:
        fail("ResourceNotFoundException", f"{arn} does not exist.")
    return arn


@replaces(EventsHandler, "create_connection")
def _create_connection(original: Any, self: Any) -> Any:
    given = parameters(self)
    if given["Name"] in self.events_backend.connections:
        fail("ResourceAlreadyExistsException", f"Connection {given['Name']} already exists.")
    answer = original(self)
    self.events_backend.connections[given["Name"]].sandbox_key = given.get("KmsKeyIdentifier")
    return answer


@replaces(EventsHandler, "update_connection")
def _update_connection(original: Any, self: Any) -> Any:
    given = parameters(self)
    answer = original(self)
    if "KmsKeyIdentifier" in given:
        self.events_backend.connections[given["Name"]].sandbox_key = given["KmsKeyIdentifier"] or None
    return answer


@replaces(Connection, "describe")
def _describe_connection(original: Any, self: Any) -> dict[str, Any]:
    """What is secret can be written and never read."""
    described: dict[str, Any] = original(self)
    described["AuthParameters"] = _without_secrets(described["AuthParameters"])
    if key := getattr(self, "sandbox_key", None):
        described["KmsKeyIdentifier"] = key
    return described


def _without_secrets(value: Any) -> Any:
    if isinstance(value, dict):
        hidden = _SECRETS | ({"Value"} if value.get("IsValueSecret") else set())
        return {name: _without_secrets(member) for name, member in value.items() if name not in hidden}
    if isinstance(value, list):
        return [_without_secrets(member) for member in value]
    return value


@replaces(EventsHandler, "create_api_destination")
def _create_destination(original: Any, self: Any) -> Any:
    given = parameters(self)
    if given["Name"] in self.events_backend.destinations:
        fail("ResourceAlreadyExistsException", f"An api-destination {given['Name']} already exists.")
    name = given["ConnectionArn"].split("/")[1]
    if name not in self.events_backend.connections:
        fail("ResourceNotFoundException", f"Connection '{name}' does not exist.")
    return original(self)


@replaces(EventsBackend, "delete_event_bus")
def _delete(original: Any, self: Any, name: str) -> None:
    bus = self.event_buses.get(name)
    if name != "default" and bus is not None and bus.rules:
        fail("ValidationException", f"Event bus {name} can't be deleted since it has rules.")
    original(self, name)


extend("events", {"UpdateEventBus": _update})
