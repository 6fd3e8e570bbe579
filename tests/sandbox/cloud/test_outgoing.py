"""What leaves the account: kept with its secrets hidden, and sent to addresses of this machine only."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from sandbox.cloud.process import Cloud
from tests.sandbox.cloud.eventing import (
    attributes,
    make_caller,
    make_queue,
    make_rule,
    messages,
    put_event,
    wait_for,
)
from tests.sandbox.cloud.helpers import Call

EVENTS = "events.amazonaws.com"
TOKEN = "Bearer never-shown"


@dataclass
class Receiver:
    """A server on this machine, what it was sent, and what it answers."""

    url: str
    answers: list[int] = field(default_factory=list)
    requests: list[tuple[str, str, dict[str, str], str]] = field(default_factory=list)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            there.requests.append((self.command, self.path, dict(self.headers), body))
            code = there.answers.pop(0) if there.answers else 204
            self.send_response(code)
            if code == 302:
                self.send_header("Location", "http://192.0.2.1/")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    there = Receiver(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield there
    server.shutdown()


def _destination(aws: Call, name: str, endpoint: str) -> dict[str, Any]:
    """A target that calls the endpoint with a secret header, with a dead-letter queue."""
    connection = aws("events").create_connection(
        Name=name,
        AuthorizationType="API_KEY",
        AuthParameters={"ApiKeyAuthParameters": {"ApiKeyName": "Authorization", "ApiKeyValue": TOKEN}},
    )["ConnectionArn"]
    destination = aws("events").create_api_destination(
        Name=name, ConnectionArn=connection, InvocationEndpoint=endpoint, HttpMethod="POST"
    )["ApiDestinationArn"]
    return {
        "Arn": destination,
        "RoleArn": make_caller(aws, f"{name}-caller", EVENTS, "events:InvokeApiDestination", destination),
        "InputTransformer": {
            "InputPathsMap": {"model": "$.detail.model"},
            "InputTemplate": '{"event_type": "candidate", "client_payload": {"model": <model>}}',
        },
        "HttpParameters": {
            "HeaderParameters": {"Accept": "application/json"},
            "PathParameterValues": ["models"],
            "QueryStringParameters": {"v": "1"},
        },
        "DeadLetterConfig": {"Arn": make_queue(aws, f"{name}-dead", EVENTS)},
    }


def _last(cloud: Cloud, source: str) -> dict[str, Any]:
    def look() -> list[dict[str, Any]]:
        return [one for one in cloud.requests() if source in one["source"] and ("status" in one or not one["called"])]

    return wait_for(look)[-1]


def test_an_endpoint_elsewhere_is_kept_and_never_called(aws: Call, cloud: Cloud) -> None:
    target = _destination(aws, "elsewhere", "https://api.example.com/repos/*/dispatches")
    make_rule(aws, "elsewhere", {"source": ["elsewhere"]}, target)
    put_event(aws, "elsewhere", {"model": "a"})
    kept = _last(cloud, "rule/elsewhere")
    assert (kept["called"], kept["method"]) == (False, "POST")
    assert kept["to"] == "https://api.example.com/repos/models/dispatches?v=1"
    assert json.loads(kept["body"]) == {"event_type": "candidate", "client_payload": {"model": "a"}}
    assert (kept["headers"]["Authorization"], kept["headers"]["Accept"]) == ("***", "application/json")
    assert TOKEN not in json.dumps(cloud.requests())
    assert messages(aws, "elsewhere-dead", 0) == []


def test_an_endpoint_here_is_called(aws: Call, cloud: Cloud, receiver: Receiver) -> None:
    make_rule(aws, "here", {"source": ["here"]}, _destination(aws, "here", f"{receiver.url}/*/hook"))
    put_event(aws, "here", {"model": "a"})
    kept = _last(cloud, "rule/here")
    assert (kept["called"], kept["status"]) == (True, 204)
    ((method, path, headers, body),) = receiver.requests
    assert (method, path, headers["Authorization"]) == ("POST", "/models/hook?v=1", TOKEN)
    assert json.loads(body)["client_payload"] == {"model": "a"}


@pytest.mark.parametrize(
    ("name", "answers", "calls", "code"),
    [
        ("recovers", [503, 500], 3, None),
        ("busy", [429] * 9, 4, "HTTPError"),
        ("forbids", [403], 1, "SDK_CLIENT_ERROR"),
        ("moved", [302], 1, "SDK_CLIENT_ERROR"),
    ],
)
def test_an_endpoint_that_says_no(
    aws: Call, receiver: Receiver, name: str, answers: list[int], calls: int, code: str | None
) -> None:
    receiver.answers = answers
    make_rule(aws, name, {"source": [name]}, _destination(aws, name, f"{receiver.url}/*"))
    put_event(aws, name, {"model": "a"})
    letters = messages(aws, f"{name}-dead", 0 if code is None else 1)
    assert wait_for(lambda: len(receiver.requests) >= calls)
    assert len(receiver.requests) == calls
    assert [attributes(letter)["ERROR_CODE"] for letter in letters] == ([] if code is None else [code])


def test_mail_and_posts_of_topics(aws: Call, cloud: Cloud, receiver: Receiver) -> None:
    topic = aws("sns").create_topic(Name="outgoing")["TopicArn"]
    for protocol, endpoint in (
        *(("email", "team@example.com"), ("https", "https://hooks.example.com/1")),
        ("http", f"{receiver.url}/topic"),
    ):
        aws("sns").subscribe(TopicArn=topic, Protocol=protocol, Endpoint=endpoint)
    aws("sns").publish(TopicArn=topic, Message="a run failed", Subject="failed")
    assert wait_for(lambda: receiver.requests)
    kept = {one["kind"]: one for one in cloud.requests() if one["source"] == topic}
    assert {kind: one["to"] for kind, one in kept.items()} == {
        "email": "team@example.com",
        "https": "https://hooks.example.com/1",
        "http": f"{receiver.url}/topic",
    }
    assert (kept["email"]["subject"], kept["email"]["body"]) == ("failed", "a run failed")
    assert [kept[kind]["called"] for kind in ("email", "https")] == [False, False]
    assert json.loads(receiver.requests[0][3])["Message"] == "a run failed"


def test_a_topic_whose_queue_is_closed_or_gone_does_not_fail(aws: Call) -> None:
    topic = aws("sns").create_topic(Name="undeliverable")["TopicArn"]
    dead = make_queue(aws, "undeliverable-dead", "sns.amazonaws.com")
    for name in ("undeliverable-closed", "undeliverable-gone", "undeliverable-open"):
        services = ["sns.amazonaws.com"] if name.endswith("open") else []
        redrive = json.dumps({"deadLetterTargetArn": dead})
        settings = {"RawMessageDelivery": "true", "RedrivePolicy": redrive}
        endpoint = make_queue(aws, name, *services)
        aws("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=endpoint, Attributes=settings)
    aws("sqs").delete_queue(QueueUrl=aws("sqs").get_queue_url(QueueName="undeliverable-gone")["QueueUrl"])
    aws("sns").publish(TopicArn=topic, Message="x")
    assert [message["Body"] for message in messages(aws, "undeliverable-open")] == ["x"]
    assert len(messages(aws, "undeliverable-dead", 2)) == 2
    assert messages(aws, "undeliverable-closed", 0) == []
