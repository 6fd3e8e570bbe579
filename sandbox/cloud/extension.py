"""How moto is changed: whole operations are added by table, existing names are wrapped one by one.

Both ways fail at start-up when the name they build on is gone, so a new moto version cannot silently drop one.
"""

import functools
import re
import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from types import ModuleType
from typing import Any

from moto import backend_index
from moto.core.base_backend import BackendDict, BaseBackend
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult, BaseResponse
from moto.core.utils import camelcase_to_underscores, get_service_model

Operation = Callable[[Any, dict[str, Any]], Any]
"""``(backend of account and region, parameters by their API names) -> members of the answer``."""

REPLACED: list[tuple[str, str, str]] = []
"""Module, class (or nothing) and name of everything that ``replaces`` has wrapped."""


class Fault(ServiceException):  # type: ignore[misc]
    """An error of an API, with the HTTP status and shape that the called service's model gives to its code.

    It must live outside ``moto.*``: moto takes the second part of an error's module as the service's name.
    """


class MissingNameError(RuntimeError):
    """The installed moto lacks a name that the sandbox changes."""


def fail(code: str, message: str) -> Any:
    """Answer the call with the error ``code``."""
    raise Fault(code, message)


def replaces(owner: Any, name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Put the decorated function in the place of ``owner.name``; its first argument is what stood there."""
    module, label = (owner.__name__, "") if not isinstance(owner, type) else (owner.__module__, owner.__qualname__)
    original = getattr(owner, name, None)
    if original is None:
        raise MissingNameError(f"{'.'.join(filter(None, (module, label, name)))} is gone: the sandbox replaces it")
    REPLACED.append((module, label, name))

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            return function(original, *args, **kwargs)

        setattr(owner, name, wrapper)
        return wrapper

    return decorate


def extend(service: str, operations: Mapping[str, Operation], routes: tuple[str, ...] = (), among: str = "") -> None:
    """Give ``service`` (of moto and botocore alike) the ``operations``; parsing and answering follow botocore's model.

    ``among`` names the response class where moto has several.

    ``routes`` are path patterns that moto does not yet send to the service; one that catches all of a prefix is
    enough, because the operation is found from the model.
    """
    package = f"moto.{service}"
    backends = getattr(import_module(f"{package}.models"), f"{service}_backends")
    responses = import_module(f"{package}.responses")
    found = [
        value
        for value in vars(responses).values()
        if isinstance(value, type) and issubclass(value, BaseResponse) and value.__module__ == responses.__name__
        if among in ("", value.__name__)
    ]
    if len(found) != 1:
        raise MissingNameError(f"{responses.__name__} has {len(found)} response classes: the sandbox extends the one")
    responses_class: Any = found[0]
    for name, operation in operations.items():
        setattr(responses_class, camelcase_to_underscores(name), _method(backends, operation))
    urls = import_module(f"{package}.urls")
    for route in routes:
        urls.url_paths.setdefault("{0}" + route, responses_class.dispatch)


def add_service(package: str, service: str, host: str) -> Any:
    """Make ``moto.<package>``, which moto lacks, to ``extend``; returns its backends, by account and region.

    ``service`` is botocore's name of it, ``host`` the pattern of its addresses.
    """
    name = f"moto.{package}"
    root, models, responses, urls = (ModuleType(f"{name}{part}") for part in ("", ".models", ".responses", ".urls"))
    sys.modules.update({module.__name__: module for module in (root, models, responses, urls)})
    backend = type("Backend", (BaseBackend,), {"__module__": models.__name__})
    answer = type("Response", (BaseResponse,), {"__module__": responses.__name__, "__init__": _response_of(service)})
    backends: Any = BackendDict(backend, service)
    for module in (root, models):
        setattr(module, f"{package}_backends", backends)
    vars(responses)["Response"] = answer
    vars(urls).update(url_bases=[host], url_paths={})
    backend_index.backend_url_patterns.append((package, re.compile(host)))
    return backends


def _response_of(service: str) -> Callable[[Any], None]:
    def initialise(self: Any) -> None:
        BaseResponse.__init__(self, service_name=service)

    return initialise


def _method(backends: Any, operation: Operation) -> Callable[[Any], Any]:
    def method(self: Any) -> Any:
        return ActionResult(operation(backends[self.current_account][self.region], parameters(self)) or {})

    return method


def parameters(response: Any) -> dict[str, Any]:
    """The parameters of the call that ``response`` is answering, by their names in the service's model."""
    name = operation(response)  # also finds the parts of the path of a REST call
    response._get_action = lambda: name
    try:
        response.parse_parameters(response.normalized_request)
    finally:
        del response._get_action
    return {name: value for name, value in response.params.items() if value is not None}


def operation(response: Any) -> str:
    """Name of the call's operation in the service's model; moto's Batch says the last part of its path instead."""
    said = str(response._get_action() or "")
    names = get_service_model(response.boto3_service_name).operation_names
    return next((name for name in names if name.lower() == said.lower()), said)


def store(backend: Any, kind: str) -> dict[Any, Any]:
    """Records of ``kind`` that the sandbox keeps for ``backend``; a reset of moto empties them with the backend."""
    kinds: dict[str, dict[Any, Any]] = backend.__dict__.setdefault("sandbox_records", {})
    return kinds.setdefault(kind, {})
