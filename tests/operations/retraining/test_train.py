"""A team's training as a step: what it is given, what it has to leave, and how it may end."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from slipway_ops.problems import ReleaseError
from slipway_ops.retraining import program

from tests.operations.retraining.mlflow_stub import Mlflow
from tests.operations.retraining.pipeline import DATASETS, MODELS, PLAN, Pipeline, rows
from tests.operations.world import MODEL

LEAVES = """
import json, os, pathlib
output = pathlib.Path(os.environ["SLIPWAY_OUTPUT"])
(output / "model").mkdir()
(output / "model" / "m.bin").write_text("weights")
(output / "metrics.json").write_text('{"accuracy": {"value": 0.9, "rows": 10}}')
"""


@pytest.fixture
def ready(pipeline: Pipeline) -> Pipeline:
    """A run whose data are validated."""
    pipeline.arrive("b1", rows(0))
    pipeline.arrive("b2", rows(1000))
    code, out, err = pipeline("data", "validate")
    assert code == 0, out + err
    return pipeline


def script(pipeline: Pipeline, text: str) -> tuple[int, str, str]:
    path = pipeline.world.directory / "other.py"
    path.write_text(LEAVES + textwrap.dedent(text))
    return pipeline("train", "--", sys.executable, str(path))


def test_what_a_training_is_given(ready: Pipeline, mlflow: Mlflow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLIPWAY_IMAGE", "registry/acme-dev/train@sha256:" + "d" * 64)
    told = """
    keys = ("SLIPWAY_MODEL", "SLIPWAY_RUN", "SLIPWAY_TRIGGER", "MLFLOW_RUN_ID", "MLFLOW_EXPERIMENT_NAME")
    (output / "parameters.json").write_text(json.dumps({key: os.environ[key] for key in keys} | {
        "files": ",".join(sorted(str(path.relative_to(os.environ["SLIPWAY_DATA"]))
                          for path in pathlib.Path(os.environ["SLIPWAY_DATA"]).rglob("*.csv")))}))
    print("to the log")
    """
    code, out, err = script(ready, told)
    assert (code, err) == (0, "to the log\n")
    assert out.startswith("trained: m.bin ")
    lineage = ready.record("training/lineage.json")
    (run,) = mlflow.runs
    assert lineage["parameters"] == {
        "SLIPWAY_MODEL": MODEL,
        "SLIPWAY_RUN": "run-1",
        "SLIPWAY_TRIGGER": "data",
        "MLFLOW_RUN_ID": run,
        "MLFLOW_EXPERIMENT_NAME": MODEL,
        "files": "b1/part.csv",
    }
    assert lineage["image_digest"] == "sha256:" + "d" * 64
    assert mlflow.runs[run]["tags"]["slipway.run"] == "run-1"
    assert mlflow.runs[run]["params"] == {key: str(value) for key, value in lineage["parameters"].items()}
    key = f"runs/{MODEL}/run-1/training/model/m.bin"
    assert ready.s3.get_object(Bucket=MODELS, Key=key)["Body"].read() == b"weights"
    assert ready.record("training/training.json")["dataset"] == lineage["dataset"]


def test_a_training_that_is_done_is_not_done_again(ready: Pipeline) -> None:
    assert ready.train()[0] == 0
    code, out, _ = ready("train", "--", sys.executable, "-c", "raise SystemExit(9)")
    assert (code, out[:20]) == (0, "trained: model.json ")


WRONG: list[tuple[str, str]] = [
    ("(output / 'model' / 'm.bin').unlink()", "training: model/: accepted: exactly one file: received: nothing"),
    ("(output / 'model' / 'n.bin').write_text('x')", 'model/: accepted: exactly one file: received: "m.bin, n.bin"'),
    (
        "(output / 'model' / 'm.bin').rename(output / 'model' / 'a b')",
        "training: model/a b: name: accepted: a file's name",
    ),
    ("(output / 'model' / 'm.bin').write_text('')", "model/m.bin: bytes: accepted: greater than or equal to 1"),
    ("(output / 'metrics.json').unlink()", "training: metrics.json: accepted: a file in SLIPWAY_OUTPUT"),
    ("(output / 'metrics.json').write_text('{')", "training: metrics.json: accepted: JSON: received: "),
    ("(output / 'metrics.json').write_text('[]')", "training: metrics.json: accepted: an object: received: []"),
    ("(output / 'metrics.json').write_text('{}')", "metrics: accepted: at least 1 entries"),
    (
        """(output / 'metrics.json').write_text('{"a": {"value": NaN, "rows": 1}}')""",
        "metrics.a.value: accepted: a finite number: received: NaN",
    ),
    ("""(output / 'metrics.json').write_text('{"a": 0.9}')""", "metrics.a: accepted: an object: received: 0.9"),
    ("(output / 'training.json').write_text('x')", "training: training.json: accepted: JSON"),
    (
        """(output / 'training.json').write_text('{"metrics": {}}')""",
        'training: training.json: metrics: accepted: those of metrics.json, or none: received: "others"',
    ),
    ("""(output / 'training.json').write_text('{"colour": 1}')""", "colour: accepted: no such field: received: 1"),
    (
        """(output / 'training.json').write_text('{"settings": {"DB_PASSWORD": "x"}}')""",
        "settings.DB_PASSWORD: accepted: no secret",
    ),
    ("""(output / 'parameters.json').write_text('{"a": [1]}')""", "training: parameters.a"),
    ("raise SystemExit(3)", "training: exit code: accepted: 0, or 75 to be started again: received: "),
    ("os.kill(os.getpid(), 9)", 'received: "signal SIGKILL of '),
]


@pytest.mark.parametrize(("text", "message"), WRONG)
def test_a_training_that_leaves_something_else_has_failed(
    ready: Pipeline, mlflow: Mlflow, text: str, message: str
) -> None:
    code, out, err = script(ready, text)
    assert (code, out) == (1, ""), err
    assert message in err.splitlines()[-1]
    assert ready.record("outcome.json")["outcome"] == "failed"
    assert not ready.has("training/lineage.json")
    (run,) = mlflow.runs.values()
    assert run["info"]["status"] in ("FAILED", "RUNNING")


def test_training_json_is_that_of_a_release(ready: Pipeline) -> None:
    known = {
        "dataset": {"kind": "package", "uri": "x", "revision": "1"},  # the run's takes its place
        "feature_schema": [{"name": "z", "type": "number"}],
        "settings": {"DECISION_THRESHOLD": "0.4"},
        "metrics": {"accuracy": {"value": 0.9, "rows": 10}},
    }
    code, _, err = script(ready, f"(output / 'training.json').write_text({json.dumps(json.dumps(known))})")
    assert code == 0, err
    stored = ready.record("training/training.json")
    assert stored["settings"] == {"DECISION_THRESHOLD": "0.4"}
    assert [feature["name"] for feature in stored["feature_schema"]] == ["z"]
    assert stored["dataset"]["kind"] == "dvc"


def test_inputs_that_nobody_names_are_asked_for(ready: Pipeline) -> None:
    ready.s3.delete_object(Bucket=DATASETS, Key=f"schemas/{MODEL}.json")
    code, _, err = script(ready, "")
    assert (code, "feature_schema: accepted: a list in training.json, or columns with feature: true" in err) == (
        1,
        True,
    )


def test_a_training_that_saved_its_state_goes_on_from_there(ready: Pipeline, mlflow: Mlflow) -> None:
    text = """
    import sys
    (output / "model" / "m.bin").unlink(), (output / "model").rmdir(), (output / "metrics.json").unlink()
    kept = output / "deep" / "epoch"
    kept.parent.mkdir(exist_ok=True)
    kept.write_text(str(int(kept.read_text() if kept.exists() else 0) + 1))
    if kept.read_text() != "3":
        sys.exit(75)
    (output / "model").mkdir()
    (output / "model" / "m.bin").write_text("weights")
    (output / "metrics.json").write_text('{"accuracy": {"value": 0.9, "rows": 10}}')
    """
    for _ in range(2):
        code, out, _ = script(ready, text)
        assert (code, "it saved its state and wants to be started again" in out) == (75, True)
        assert not ready.has("outcome.json")
    code, _, err = script(ready, text)
    assert code == 0, err
    (run,) = mlflow.runs.values()  # one run, however often it was started
    assert run["info"]["status"] == "FINISHED"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("commit", "--code-commit: accepted: a whole commit id: 40 or 64 hex digits, or SLIPWAY_CODE_COMMIT"),
        ("plan", f"schemas/{MODEL}.evaluation.json: plan: accepted: a declaration of the evaluation"),
        ("batches", "training: batches: accepted: more batches than the 2 that the evaluation holds out: received: 2"),
        ("input", "input.json: record: accepted: one that a step before wrote: received: nothing"),
        ("other", "input.json: model: accepted: "),
        ("mlflow", "MLflow http://127.0.0.1:9: experiments/get-by-name: "),
        ("uri", "MLflow: tracking URI: accepted: http://"),
    ],
)
def test_what_would_be_missing_at_the_end_is_missed_before_the_training(
    ready: Pipeline, monkeypatch: pytest.MonkeyPatch, change: str, message: str
) -> None:
    key = f"runs/{MODEL}/run-1/input.json"
    if change == "commit":
        monkeypatch.delenv("SLIPWAY_CODE_COMMIT")
    elif change == "plan":
        ready.s3.delete_object(Bucket=DATASETS, Key=f"schemas/{MODEL}.evaluation.json")
    elif change == "batches":
        ready.declare(f"{MODEL}.evaluation.json", {**PLAN, "frozen": {"batches": 2}})
    elif change == "input":
        ready.s3.delete_object(Bucket=MODELS, Key=key)
    elif change == "other":
        body = json.dumps({**ready.record("input.json"), "model": "other"}).encode()
        ready.s3.put_object(Bucket=MODELS, Key=key, Body=body)
    elif change == "mlflow":
        monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    else:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///x")
    code, out, err = ready("train", "--", sys.executable, "-c", "print('trained')")
    assert (code in (1, 2), out, "trained" in err) == (True, "", False)
    assert message in err


def test_mlflow_may_be_missing(ready: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    assert script(ready, "assert 'MLFLOW_RUN_ID' not in os.environ")[0] == 0
    assert "mlflow_run" not in ready.record("training/lineage.json")


def test_a_step_that_is_told_to_end_ends_its_program(tmp_path: Path) -> None:
    code = f"""
    import signal, subprocess, sys, time
    from pathlib import Path
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    Path({str(tmp_path / "child")!r}).write_text(str(child.pid))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(75))
    Path({str(tmp_path / "ready")!r}).write_text("")
    time.sleep(60)
    """

    def tell() -> None:
        while not (tmp_path / "ready").exists():
            time.sleep(0.02)
        os.kill(os.getpid(), signal.SIGTERM)

    before = signal.getsignal(signal.SIGTERM)
    thread = threading.Thread(target=tell)
    thread.start()
    with pytest.raises(program.AgainError):
        program.run([sys.executable, "-c", textwrap.dedent(code)], {}, "training")
    thread.join()
    child = (tmp_path / "child").read_text()
    deadline = time.monotonic() + 10
    while (
        "Z"
        not in subprocess.run(["ps", "-o", "stat=", child], capture_output=True, text=True).stdout
        + "Z"[: not Path(f"/proc/{child}").exists()]
    ):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize(
    ("command", "message"),
    [([], "training: command: accepted: a command after --"), (["/no/such"], "command: accepted: a program that can")],
)
def test_a_command_that_cannot_be_started_is_refused(command: list[str], message: str) -> None:
    with pytest.raises(ReleaseError, match=message):
        program.run(command, {}, "training")


def test_json_is_all_of_stdout(ready: Pipeline) -> None:
    code, out, err = ready("train", "--json", "--", sys.executable, ready.programs["train"], "0.5")
    assert (code, "learning from" in err) == (0, True)
    found: Any = json.loads(out)
    assert found["record"] == f"s3://{MODELS}/runs/{MODEL}/run-1/training/lineage.json"
