"""The part of AWS that a DAG calls, on loopback: jobs of Batch that end as a test says, EventBridge and SNS.

A stand-in with canned answers, for one question: what a real Airflow does when a job ends so or so.
"""

import json
import threading
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

PUBLISHED = b"<PublishResponse><PublishResult><MessageId>1</MessageId></PublishResult></PublishResponse>"


class Aws:
    """What was asked of it."""

    def __init__(self, exits: dict[str, int | None]) -> None:
        self.exits = exits
        """Exit code by step; None for a job that goes on running. 0 for those that are not named."""
        self.jobs: dict[str, dict[str, Any]] = {}
        self.ended: list[str] = []
        self.events: list[dict[str, Any]] = []
        self.notices: list[dict[str, Any]] = []
        self.looked: Counter[str] = Counter()
        self.url = ""

    def steps(self) -> list[str]:
        return [_step(job) for job in self.jobs.values()]

    def told(self, step: str) -> dict[str, str]:
        [job] = [job for job in self.jobs.values() if _step(job) == step]
        return {each["name"]: each["value"] for each in job["containerOverrides"]["environment"]}

    def answer(self, path: str, target: str, body: str) -> bytes:
        if target.endswith("PutEvents"):
            self.events += json.loads(body)["Entries"]
            return b'{"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]}'
        if path == "/":
            self.notices.append({key: values[0] for key, values in parse_qs(body).items()})
            return PUBLISHED
        asked = json.loads(body)
        return json.dumps(getattr(self, path.removeprefix("/v1/"))(asked)).encode()

    def submitjob(self, asked: dict[str, Any]) -> dict[str, Any]:
        job = f"job-{len(self.jobs)}"
        self.jobs[job] = asked
        return {"jobId": job, "jobName": asked["jobName"], "jobArn": f"arn:aws:batch:eu-west-1:123456789012:job/{job}"}

    def terminatejob(self, asked: dict[str, Any]) -> dict[str, Any]:
        self.ended.append(asked["jobId"])
        return {}

    def describejobs(self, asked: dict[str, Any]) -> dict[str, Any]:
        """A job that ends well is seen running first, so that its task is deferred."""
        [job] = asked["jobs"]
        self.looked[job] += 1
        code = self.exits.get(_step(self.jobs[job]), 0)
        running = code is None or (code == 0 and self.looked[job] == 1)
        status = "RUNNING" if running else "SUCCEEDED" if code == 0 else "FAILED"
        more = {} if running else {"statusReason": "Essential container in task exited"}
        found = {"jobId": job, "status": status, "container": {} if running else {"exitCode": code}, "startedAt": 1}
        names = {key: self.jobs[job][key] for key in ("jobName", "jobQueue", "jobDefinition")}
        return {"jobs": [names | found | more]}


def _step(job: dict[str, Any]) -> str:
    return str(job["jobDefinition"]).rsplit("-", 1)[-1].split(":")[0]


@contextmanager
def aws(exits: dict[str, int | None]) -> Generator[Aws]:
    """Answers at ``url`` until the block is left."""
    known = Aws(exits)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
            data = known.answer(self.path, self.headers.get("x-amz-target") or "", body)
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:
            """Not a word."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    known.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield known
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=10)
