"""What the cluster's objects mean, case by case, and the command that says it."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from slipway_ops.status import HASH, State, Status, of_model

from tests.operations.test_cli import Command
from tests.operations.test_cli import slipway as slipway
from tests.operations.world import BUCKET, MODEL

OLD, NEW = "fraud-20260101-0123abcd", "fraud-20260102-89abcdef"
STEPS = [
    {"experiment": {"duration": "30m"}},
    {"setCanaryScale": {"weight": 5}},
    {"setWeight": 5},
    {"pause": {"duration": "15m"}},
    {"analysis": {"templates": [{"templateName": "fraud-guardrails"}, {"templateName": "fraud-gate-stage"}]}},
    {"pause": {}},
]
SETS: list[dict[str, Any]] = [
    {"metadata": {"labels": {HASH: pods}}, "spec": {"template": {"metadata": {"labels": {"release": release}}}}}
    for pods, release in (("aaa", OLD), ("bbb", NEW))
]


def workload(release: str | None, status: dict[str, Any], **spec: Any) -> dict[str, Any]:
    labels = {"release": release} if release else {}
    return {
        "metadata": {"name": "fraud", "generation": 7},
        "spec": {"template": {"metadata": {"labels": labels}}, **spec},
        "status": status,
    }


def rollout(release: str = NEW, spec: dict[str, Any] | None = None, **status: Any) -> dict[str, Any]:
    """A rollout to ``release`` from OLD, at 5 %."""
    moving = {
        "observedGeneration": "7",
        "phase": "Progressing",
        "message": "more replicas need to be updated",
        "stableRS": "aaa",
        "currentPodHash": "bbb",
        "currentStepIndex": 3,
        "canary": {"weights": {"canary": {"weight": 5}, "stable": {"weight": 95}}},
    }
    return workload(release, moving | status, strategy={"canary": {"steps": STEPS}}, **(spec or {}))


def settled(release: str = NEW, **status: Any) -> dict[str, Any]:
    done: dict[str, Any] = {"phase": "Healthy", "message": "", "stableRS": "bbb", "currentStepIndex": 6}
    return rollout(release, **done | status)


def paused(reason: str, **status: Any) -> dict[str, Any]:
    pauses = [{"reason": reason, "startTime": "2026-01-02T03:04:05Z"}]
    return rollout(phase="Paused", message=reason, pauseConditions=pauses, **status)


def invalid() -> dict[str, Any]:
    return rollout(conditions=[{"type": "InvalidSpec", "status": "True", "message": "spec.steps: weight"}])


# what the file names, the rollout, the state, a part of the reason, stable, canary, percent, step
ROLLOUTS: list[tuple[str, str | None, dict[str, Any], State, str, str | None, str | None, int, str | None]] = [
    ("moving", NEW, rollout(), State.PROGRESSING, "more replicas", OLD, NEW, 5, "4 of 6: pause 15m"),
    ("mirror", NEW, rollout(currentStepIndex=0), State.PROGRESSING, "more", OLD, NEW, 5, "1 of 6: mirror"),
    ("scale", NEW, rollout(currentStepIndex=1), State.PROGRESSING, "more", OLD, NEW, 5, "2 of 6: pods for 5 %"),
    ("weight", NEW, rollout(currentStepIndex=2), State.PROGRESSING, "", OLD, NEW, 5, "3 of 6: 5 % of the requests"),
    (
        "analysis",
        NEW,
        rollout(currentStepIndex=4),
        State.PROGRESSING,
        "",
        OLD,
        NEW,
        5,
        "5 of 6: analysis fraud-guardrails, fraud-gate-stage",
    ),
    ("endless", NEW, rollout(currentStepIndex=5), State.PROGRESSING, "", OLD, NEW, 5, "6 of 6: pause without an end"),
    ("all steps", NEW, rollout(currentStepIndex=6), State.PROGRESSING, "", OLD, NEW, 5, "all 6 done"),
    ("paused", NEW, paused("CanaryPauseStep"), State.PAUSED, "CanaryPauseStep", OLD, NEW, 5, "4 of 6: pause 15m"),
    (
        "inconclusive",
        NEW,
        paused("InconclusiveAnalysisRun"),
        State.DEGRADED,
        "stands still until somebody promotes or aborts it: InconclusiveAnalysisRun",
        OLD,
        NEW,
        5,
        "4 of 6: pause 15m",
    ),
    (
        "inconclusive mirror",
        NEW,
        paused("InconclusiveExperiment"),
        State.DEGRADED,
        "still",
        OLD,
        NEW,
        5,
        "4 of 6: pause 15m",
    ),
    (
        "by hand",
        NEW,
        rollout(spec={"paused": True}),
        State.DEGRADED,
        "spec.paused is set",
        OLD,
        NEW,
        5,
        "4 of 6: pause 15m",
    ),
    (
        "aborted",
        NEW,
        rollout(abort=True, phase="Degraded", message="gate: -1", canary={}, currentStepIndex=0),
        State.DEGRADED,
        f"{NEW} was aborted, {OLD} goes on serving: gate: -1",
        OLD,
        NEW,
        0,
        "1 of 6: mirror",
    ),
    ("degraded", NEW, settled(phase="Degraded", message="timed out"), State.DEGRADED, "timed out", NEW, None, 0, None),
    (
        "refused",
        NEW,
        invalid(),
        State.DEGRADED,
        "the controller refuses it: spec.steps: weight",
        OLD,
        NEW,
        5,
        "4 of 6: pause 15m",
    ),
    ("healthy", NEW, settled(), State.HEALTHY, f"{NEW} serves all requests", NEW, None, 0, None),
    ("healthy another", OLD, settled(), State.DEGRADED, f"was given {NEW}, the file names {OLD}", NEW, None, 0, None),
    ("healthy unnamed", None, settled(), State.DEGRADED, f"was given {NEW}, the file names none", NEW, None, 0, None),
    (
        "moving another",
        OLD,
        rollout(),
        State.DEGRADED,
        f"was given {NEW}, the file names {OLD}",
        OLD,
        NEW,
        5,
        "4 of 6: pause 15m",
    ),
    ("healthy and moving", NEW, rollout(phase="Healthy"), State.PROGRESSING, "", OLD, NEW, 5, "4 of 6: pause 15m"),
    (
        "not seen",
        NEW,
        settled(observedGeneration="6"),
        State.PROGRESSING,
        "has not seen the last change",
        NEW,
        None,
        0,
        None,
    ),
    ("first", NEW, rollout(stableRS="", phase="Progressing"), State.PROGRESSING, "more", None, None, 0, None),
    ("unknown pods", NEW, rollout(stableRS="ccc"), State.PROGRESSING, "", "pods ccc", NEW, 5, "4 of 6: pause 15m"),
    ("no controller", NEW, workload(NEW, {}), State.PROGRESSING, "no controller has said", None, None, 0, None),
]


@pytest.mark.parametrize(
    ("wanted", "found", "state", "reason", "stable", "canary", "percent", "step"),
    [case[1:] for case in ROLLOUTS],
    ids=[case[0] for case in ROLLOUTS],
)
def test_a_rollout(
    wanted: str | None,
    found: dict[str, Any],
    state: State,
    reason: str,
    stable: str | None,
    canary: str | None,
    percent: int,
    step: str | None,
) -> None:
    status = of_model("fraud", wanted, found, None, SETS)
    assert (status.state, status.stable, status.canary, status.canary_percent, status.step) == (
        state,
        stable,
        canary,
        percent,
        step,
    )
    assert reason in status.reason
    assert str(status).startswith(f"fraud: {state}: ")


def deployment(release: str = NEW, **status: Any) -> dict[str, Any]:
    good = {"observedGeneration": 7, "replicas": 3, "updatedReplicas": 3, "availableReplicas": 3}
    return workload(release, good | status)


STALLED = [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "timed out"}]
QUOTA = [{"type": "ReplicaFailure", "status": "True", "message": "exceeded quota"}]
DEPLOYMENTS: list[tuple[str, str | None, dict[str, Any], State, str]] = [
    ("healthy", NEW, deployment(), State.HEALTHY, f"3 pods of {NEW} are ready"),
    ("rolling", NEW, deployment(updatedReplicas=1), State.PROGRESSING, f"1 of 3 pods are of {NEW}, 3 are ready"),
    ("starting", NEW, deployment(availableReplicas=0), State.PROGRESSING, "0 are ready"),
    ("surplus", NEW, deployment(replicas=4, availableReplicas=4), State.PROGRESSING, "3 of 4 pods"),
    ("none", NEW, deployment(replicas=0, updatedReplicas=0, availableReplicas=0), State.PROGRESSING, "0 of 0"),
    ("stalled", NEW, deployment(conditions=STALLED), State.DEGRADED, f"pods of {NEW} do not become ready: timed out"),
    ("quota", NEW, deployment(conditions=QUOTA), State.DEGRADED, "pods are refused: exceeded quota"),
    ("not seen", NEW, deployment(observedGeneration=6), State.PROGRESSING, "has not seen"),
    ("no controller", NEW, workload(NEW, {}), State.PROGRESSING, "no controller has said"),
    ("another", OLD, deployment(), State.DEGRADED, f"the cluster was given {NEW}, the file names {OLD}"),
    ("unlabelled", NEW, workload(None, {}), State.DEGRADED, "was given None"),
]


@pytest.mark.parametrize(
    ("wanted", "found", "state", "reason"), [case[1:] for case in DEPLOYMENTS], ids=[case[0] for case in DEPLOYMENTS]
)
def test_a_deployment(wanted: str, found: dict[str, Any], state: State, reason: str) -> None:
    status = of_model("fraud", wanted, None, found)
    assert status.state is state
    assert reason in status.reason


def test_nothing_is_there() -> None:
    assert of_model("fraud", None, None, None) == Status("fraud", State.WAITING, "no release yet", None)
    missing = of_model("fraud", NEW, None, None)
    assert (missing.state, missing.reason) == (State.DEGRADED, f"nothing runs, where the file names {NEW}")


def test_what_people_read() -> None:
    assert str(of_model("fraud", NEW, rollout(), None, SETS)).splitlines() == [
        "fraud: progressing: more replicas need to be updated",
        f"  stable: {OLD} (95 %)",
        f"  canary: {NEW} (5 %)",
        "  step: 4 of 6: pause 15m",
    ]


class Place:
    """A model whose stack names a release, and a folder of the cluster's objects."""

    def __init__(self, command: Command) -> None:
        self.command, self.world = command, command.world
        self.release = self.world.release()
        self.folder = self.world.directory / "manifests"
        self.cluster = self.folder / "acme-dev-0123abcd"
        self.cluster.mkdir(parents=True)
        self.says(f"{{{MODEL}: {{release: {self.release.id}}}}}")

    def says(self, models: str) -> None:
        (self.world.stacks / "Pulumi.dev.yaml").write_text(
            "config:\n  aws:region: eu-west-1\n  slipway:namespace: acme\n  slipway:environment: dev\n"
            f"  slipway:models: {models}\n"
        )

    def runs(self, kind: str, found: dict[str, Any], name: str = MODEL) -> None:
        (self.cluster / f"{kind}_models_{name}.yaml").write_text(yaml.safe_dump(found))

    def status(self, *flags: str) -> tuple[int, str, str]:
        return self.command("status", *self.command.stack, "--manifests", str(self.folder), *flags)


@pytest.fixture
def place(slipway: Command) -> Place:
    return Place(slipway)


def test_exit_codes(place: Place) -> None:
    code, out, err = place.status()
    assert (code, err) == (
        3,
        "",
    ) and out == f"{MODEL}: degraded: nothing runs, where the file names {place.release.id}\n"
    place.runs("deployment.apps", deployment(place.release.id))
    assert place.status()[0] == 0
    place.runs("rollout.argoproj.io", rollout(place.release.id))  # wins over a Deployment that is not gone yet
    assert place.status()[0] == 4
    place.runs("rollout.argoproj.io", rollout(place.release.id, abort=True))
    assert place.status()[0] == 3


def test_the_worst_of_all_models_counts(place: Place) -> None:
    place.runs("deployment.apps", deployment(place.release.id))
    place.says(f"{{{MODEL}: {{release: {place.release.id}}}, fraud: {{release: {NEW}}}, churn: {{}}}}")
    place.runs("deployment.apps", deployment(NEW, updatedReplicas=1), "fraud")
    code, out, _ = place.status("--json")
    models = {one["model"]: one["state"] for one in json.loads(out)["models"]}
    assert (code, models) == (4, {"churn": "waiting", MODEL: "healthy", "fraud": "progressing"})
    assert place.status("churn")[0] == 0
    assert place.status(MODEL)[0] == 0


def test_the_releases_of_pods_come_from_replica_sets(place: Place) -> None:
    place.runs("rollout.argoproj.io", rollout(place.release.id))
    labels = {"app.kubernetes.io/name": MODEL, "app.kubernetes.io/component": "model-service"}
    for one in SETS:
        named = copy.deepcopy(one)
        named["metadata"]["labels"] |= labels
        place.runs("replicaset.apps", named, f"{MODEL}-{one['metadata']['labels'][HASH]}")
    (found,) = json.loads(place.status("--json")[1])["models"]
    assert (found["stable"], found["canary"]) == (OLD, place.release.id)


def test_newest_is_looked_up(place: Place) -> None:
    place.says(f"{{{MODEL}: {{release: newest}}}}")
    place.runs("deployment.apps", deployment(place.release.id))
    assert place.status()[0] == 0
    newer = place.world.release(created_at="2026-12-01T00:00:00Z")
    code, out, _ = place.status()
    assert code == 3 and f"was given {place.release.id}, the file names {newer.id}" in out


def test_a_withdrawn_release_is_degraded(place: Place) -> None:
    place.runs("deployment.apps", deployment(place.release.id))
    place.world.store.withdraw(place.release.id, "biased", "ci/models")
    code, out, _ = place.status()
    assert code == 3 and f"{place.release.id} was withdrawn: biased (by ci/models at " in out


def test_the_folder_comes_from_the_environment_too(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.runs("deployment.apps", deployment(place.release.id))
    monkeypatch.setenv("SLIPWAY_MANIFESTS", str(place.folder))
    assert place.command("status", *place.command.stack)[0] == 0
    monkeypatch.setenv("SLIPWAY_MANIFESTS", str(place.cluster))
    assert place.command("status", *place.command.stack)[0] == 0


def test_a_folder_of_no_or_two_clusters_is_refused(place: Place) -> None:
    flags = ["status", *place.command.stack, "--manifests"]
    empty = place.world.directory / "empty"
    empty.mkdir()
    assert "a folder with the objects of acme-dev, or one folder acme-dev-<8 hex>" in place.command.refused(
        *flags, str(empty)
    )
    (place.folder / "acme-dev-89abcdef").mkdir()
    assert 'received: "acme-dev-0123abcd, acme-dev-89abcdef"' in place.command.refused(*flags, str(place.folder))


@pytest.mark.parametrize(("text", "message"), [("[]", "an object of Kubernetes"), ("{", "while parsing")])
def test_a_broken_object_is_refused(place: Place, text: str, message: str) -> None:
    (place.cluster / f"deployment.apps_models_{MODEL}.yaml").write_text(text)
    refused = place.command.refused("status", *place.command.stack, "--manifests", str(place.folder))
    assert message in refused and f"deployment.apps_models_{MODEL}.yaml" in refused


def decision(answer: str, at: str) -> bytes:
    said = {"answer": answer, "reason": f"because {answer}", "checks": []}
    return json.dumps({"decision": said, "decided_at": at, "weight": 5, "final": False}).encode()


@pytest.mark.parametrize("where", ["s3", "file", "path"])
def test_the_gates_last_decision_is_shown(place: Place, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    place.runs("rollout.argoproj.io", rollout(place.release.id))
    assert json.loads(place.status("--json")[1])["models"][0]["decision"] is None
    folder = f"decisions/{MODEL}/{place.release.id}"
    records = {
        "2/20261124T100000.000000Z-05-wait.json": decision("wait", "2026-11-24T10:00:00Z"),
        "1/20261124T110000.000000Z-05-reject.json": decision("reject", "2026-11-24T11:00:00Z"),
    }
    for name, body in records.items():
        if where == "s3":
            place.world.s3.put_object(Bucket=BUCKET, Key=f"gate/{folder}/{name}", Body=body)
        else:
            path = place.world.directory / "kept" / folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(body)
    root = place.world.directory / "kept"
    monkeypatch.setenv("SLIPWAY_DECISIONS", {"s3": "", "file": root.as_uri(), "path": str(root)}[where])
    (found,) = json.loads(place.status("--json")[1])["models"]
    assert found["decision"].pop("record").endswith(f"{folder}/1/20261124T110000.000000Z-05-reject.json")
    assert found["decision"] == {
        "answer": "reject",
        "reason": "because reject",
        "at": "2026-11-24T11:00:00Z",
        "weight": 5,
    }
    assert "  gate: reject: because reject (2026-11-24T11:00:00Z)" in place.status()[1].splitlines()


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"decision": {}}'])
def test_a_broken_decision_is_refused(place: Place, body: bytes) -> None:
    place.runs("rollout.argoproj.io", rollout(place.release.id))
    key = f"gate/decisions/{MODEL}/{place.release.id}/1/20261124T100000.000000Z-05-wait.json"
    place.world.s3.put_object(Bucket=BUCKET, Key=key, Body=body)
    code, _, err = place.status()
    assert code == 1 and f"s3://{BUCKET}/{key}: record: accepted: a decision of the gate" in err


KUBECTL = """#!/bin/sh
echo "$@" >> "{log}"
case "$*" in
  *"config view"*) cat "{answers}/config" ;;
  *"get rollout.argoproj.io"*) {rollout} ;;
  *"get deployment.apps"*) cat "{answers}/deployment" ;;
  *"get replicaset.apps"*) echo '{{"items": []}}' ;;
esac
"""
NO_KIND = """echo 'error: the server doesn'"'"'t have a resource type "rollout"' >&2; exit 1"""
FORBIDDEN = """echo 'Error from server (Forbidden): rollouts is forbidden' >&2; exit 1"""


class FakeKubectl:
    def __init__(self, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
        self.directory = place.world.directory / "bin"
        self.directory.mkdir()
        self.log = self.directory / "log"
        self.context("arn:aws:eks:eu-west-1:123456789012:cluster/acme-dev")
        (self.directory / "deployment").write_text(json.dumps(deployment(place.release.id)))
        self.rollout(NO_KIND)
        monkeypatch.setenv("PATH", f"{self.directory}:/usr/bin:/bin")
        monkeypatch.delenv("SLIPWAY_MANIFESTS", raising=False)

    def context(self, cluster: str) -> None:
        config = {"current-context": "mine", "clusters": [{"name": cluster}]}
        (self.directory / "config").write_text(json.dumps(config))

    def rollout(self, answer: str) -> None:
        script = KUBECTL.format(log=self.log, answers=self.directory, rollout=answer)
        path: Path = self.directory / "kubectl"
        path.write_text(script)
        path.chmod(0o755)


@pytest.fixture
def kubectl(place: Place, monkeypatch: pytest.MonkeyPatch) -> FakeKubectl:
    return FakeKubectl(place, monkeypatch)


def test_kubectl_is_asked_where_no_folder_is_named(place: Place, kubectl: FakeKubectl) -> None:
    assert place.command("status", *place.command.stack)[0] == 0
    assert kubectl.log.read_text().splitlines() == [
        "config view --minify --output json",
        f"get rollout.argoproj.io {MODEL} --namespace models --output json",
        f"get deployment.apps {MODEL} --namespace models --output json",
    ]
    kubectl.rollout(f"echo '{json.dumps(rollout(place.release.id))}'")
    assert place.command("status", *place.command.stack)[0] == 4


def test_another_clusters_context_is_refused_unless_it_is_named(place: Place, kubectl: FakeKubectl) -> None:
    kubectl.context("arn:aws:eks:eu-west-1:123456789012:cluster/acme-prod")
    refused = place.command.refused("status", *place.command.stack)
    assert "--context: accepted: a context of the cluster acme-dev" in refused and refused.endswith('"mine"')
    assert place.command("status", *place.command.stack, "--context", "dev")[0] == 0
    assert kubectl.log.read_text().splitlines()[-1].startswith("--context dev get deployment.apps")


def test_a_failure_of_kubectl_is_not_a_missing_object(place: Place, kubectl: FakeKubectl) -> None:
    kubectl.rollout(FORBIDDEN)
    refused = place.command.refused("status", *place.command.stack)
    assert "cluster: kubectl get rollout.argoproj.io failed: Error from server (Forbidden)" in refused


def test_without_kubectl_and_folder_it_says_what_is_needed(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(place.world.directory))
    monkeypatch.delenv("SLIPWAY_MANIFESTS", raising=False)
    assert "kubectl on PATH, or --manifests or SLIPWAY_MANIFESTS" in place.command.refused(
        "status", *place.command.stack
    )


def test_a_hanging_kubectl_is_given_up(place: Place, kubectl: FakeKubectl, monkeypatch: pytest.MonkeyPatch) -> None:
    kubectl.rollout("exec sleep 30")
    monkeypatch.setattr("slipway_ops.cluster.TIMEOUT_SECONDS", 0.5)
    assert "cluster: kubectl get: " in place.command.refused("status", *place.command.stack)
