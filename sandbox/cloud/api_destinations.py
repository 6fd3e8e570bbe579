"""API destinations of EventBridge: their requests are kept, and made where the endpoint is on this machine."""

import base64
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from moto.events.models import events_backends

from sandbox.cloud import outgoing, targets
from sandbox.cloud.delivery import Delivery
from sandbox.cloud.extension import fail
from sandbox.cloud.itself import check


def _call(one: Delivery) -> None:
    arn = one.target["Arn"]
    check(one.target["RoleArn"], one.region, one.principal, "events:InvokeApiDestination", arn)
    destination, connection = _parts(one.account, arn)
    more = one.target.get("HttpParameters") or {}
    always = connection.auth_parameters.get("InvocationHttpParameters") or {}
    url = destination.invocation_endpoint
    for value in more.get("PathParameterValues") or []:
        url = url.replace("*", value, 1)
    query, secret = more.get("QueryStringParameters") or {}, _pairs(always.get("QueryStringParameters"))
    plain = {"Content-Type": "application/json; charset=utf-8", **(more.get("HeaderParameters") or {})}
    hidden = {**_pairs(always.get("HeaderParameters")), **_authorization(connection.auth_parameters)}
    note = outgoing.keep(
        one.source_arn,
        "api-destination",
        _with_query(url, {**query, **dict.fromkeys(secret, outgoing.HIDDEN)}),
        one.payload,
        method=destination.http_method,
        headers={**plain, **dict.fromkeys(hidden, outgoing.HIDDEN)},
    )
    whole = _with_query(url, {**query, **secret})
    outgoing.post(note, destination.http_method, whole, {**plain, **hidden}, one.payload)


def _parts(account: str, arn: str) -> tuple[Any, Any]:
    """The destination and its connection, as moto has them."""
    backend = events_backends[account][arn.split(":")[3]]
    destination = backend.destinations.get(arn.split("/")[1])
    if destination is None or destination.arn != arn:
        return fail("ResourceNotFoundException", f"There is no API destination {arn}."), None
    connection = backend.connections.get(destination.connection_arn.split("/")[1])
    if connection is None or connection.arn != destination.connection_arn:
        fail("ResourceNotFoundException", f"There is no connection {destination.connection_arn}.")
    return destination, connection


def _with_query(url: str, query: Mapping[str, str]) -> str:
    return f"{url}?{urlencode(query, safe='*')}" if query else url


def _authorization(parameters: Mapping[str, Any]) -> dict[str, str]:
    if key := parameters.get("ApiKeyAuthParameters"):
        return {key["ApiKeyName"]: key["ApiKeyValue"]}
    if basic := parameters.get("BasicAuthParameters"):
        pair = base64.b64encode(f"{basic['Username']}:{basic['Password']}".encode()).decode()
        return {"Authorization": f"Basic {pair}"}
    return {"Authorization": "Bearer sandbox"}  # OAuth: nobody is asked for a token


def _pairs(parameters: list[dict[str, Any]] | None) -> dict[str, str]:
    return {item["Key"]: item["Value"] for item in parameters or []}


targets.add("api-destination", _call)
