"""One declaration, and what each engine makes of it: reviewed files. After an intended change:

python -m tests.components.retraining.test_golden
"""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from slipway.retraining import _airflow, _airflow_states, _guard, _kubeflow, _kubeflow_states, _states
from slipway.retraining.engine import Engine

from tests.components.retraining.declared import GUARD, JOBS, QUEUE_URL, TOPIC, WIRING, declaration

FOLDER = Path(__file__).with_name("golden")
NOTICES = _airflow.Notices(TOPIC)


def _state_machine() -> str:
    return _pretty(_states.definition(declaration(Engine.STEP_FUNCTIONS), WIRING, GUARD, JOBS))


def _airflow_machine() -> str:
    declared = declaration(Engine.AIRFLOW)
    work, first = _airflow_states.work(declared, WIRING, "acme-dev")
    return _pretty(_guard.text(_guard.guarded(declared, WIRING, GUARD, work, first)))


def _kubeflow_machine() -> str:
    declared = declaration(Engine.KUBEFLOW)
    work, first = _kubeflow_states.work(declared, WIRING, "kubeflow", QUEUE_URL)
    return _pretty(_guard.text(_guard.guarded(declared, WIRING, GUARD, work, first)))


def _pipeline() -> str:
    declared = declaration(Engine.KUBEFLOW)
    return str(yaml.safe_dump_all([_kubeflow.pipeline_spec(declared, WIRING), _kubeflow.platform_spec(declared)]))


def _pretty(text: str) -> str:
    return json.dumps(json.loads(text), indent=1, ensure_ascii=False) + "\n"


FILES: dict[str, Callable[[], str]] = {
    "step_functions.json": _state_machine,
    "airflow.json": _airflow_machine,
    "airflow_dag.py.txt": lambda: _airflow.dag_text(declaration(), WIRING, JOBS),
    "airflow_dag_alone.py.txt": lambda: _airflow.dag_text(declaration(), WIRING, JOBS, NOTICES),
    "kubeflow.json": _kubeflow_machine,
    "kubeflow_pipeline.yaml": _pipeline,
}


@pytest.mark.parametrize("name", FILES)
def test_is_the_reviewed_one(name: str) -> None:
    assert FILES[name]() == (FOLDER / name).read_text(), f"run: python -m {__name__}"


def test_every_step_is_in_every_engine() -> None:
    written = {name: make() for name, make in FILES.items()}
    for step in declaration().steps:
        assert f'"{step.name}' in written["step_functions.json"]
        assert f'task_id="{step.name}"' in written["airflow_dag.py.txt"]
        assert f"exec-{step.name}:" in written["kubeflow_pipeline.yaml"]


@pytest.mark.parametrize("name", ["airflow_dag.py.txt", "airflow_dag_alone.py.txt"])
def test_a_dag_is_formatted_as_people_write_them(name: str, tmp_path: Path) -> None:
    file = tmp_path / "dag.py"
    file.write_text(FILES[name]())
    ruff = str(Path(sys.executable).with_name("ruff"))
    root = Path(__file__).parents[3]
    for command in (["format", "--check"], ["check", "--ignore", "D,UP017,S"]):
        done = subprocess.run(
            [ruff, *command, "--config", str(root / "pyproject.toml"), str(file)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for file_name, made in FILES.items():
        (FOLDER / file_name).write_text(made())
