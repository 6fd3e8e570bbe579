# Each target does its own set-up; one that finds everything ready starts in well under a second.
#   make up        bring up a whole environment with a real model in the sandbox   (STACK=local)
#   make predict   ask the deployed release for predictions
#   make ab        four challengers meet a champion: promoted, rejected, aborted, stopped at the mirror
#   make loop      a year in some minutes: drift is found, the model retrained, judged on real flights, replaced
#   make preview   what an `up` would change        make down     end the environment
#   make test      checks and tests                 make bench    the performance goals, as ratios of one run
#   make tools     the tests that need the real MLflow and DVC
#   make engines   the tests that need a real Airflow and the real kfp

PYTHON ?= python3
STACK ?= local
ENGINE ?= auto
BIN := .venv/bin
READY := .venv/.ready
PY := $(BIN)/python
LOOP_READY := .venv-loop/.ready
SANDBOX := $(PY) -m sandbox
SOURCES := __main__.py components operations stacks sandbox examples tests bench
# mypy takes one __main__ at a time; the plugin host has no code of its own
TYPED := __main__.py components/slipway operations/slipway_ops stacks sandbox examples tests bench

.PHONY: up preview predict ab loop down test lint unit tools engines bench lock clean
.DEFAULT_GOAL := help

help:
	@sed -n '2,9s/^# *//p' Makefile

$(READY): requirements-dev.lock components/pyproject.toml operations/pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if v >= (3, 11) else f"Python: accepted: 3.11 or later: received: {v[0]}.{v[1]} (set PYTHON=...)")'
	@echo "Setting up .venv (once; some minutes)"
	@test -x $(PY) || $(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --disable-pip-version-check --requirement requirements-dev.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --editable ./components --editable ./operations
	@touch $@

# MLflow's server and DVC, whose pins clash with the sandbox's.
$(LOOP_READY): requirements-loop.lock
	@echo "Setting up .venv-loop (once; some minutes)"
	@test -x .venv-loop/bin/python || $(PYTHON) -m venv .venv-loop
	@.venv-loop/bin/pip install --quiet --disable-pip-version-check --requirement requirements-loop.lock
	@touch $@

# A real Airflow and the compiler of Kubeflow Pipelines, each alone: their pins clash with everything.
.venv-%/.ready: requirements-%.lock
	@echo "Setting up .venv-$* (once; some minutes)"
	@test -x .venv-$*/bin/python || $(PYTHON) -m venv .venv-$*
	@.venv-$*/bin/pip install --quiet --disable-pip-version-check --requirement $<
	@touch $@

up: $(READY)
	@$(SANDBOX) up --stack $(STACK) --engine $(ENGINE) --first-release examples/flight-delay

preview: $(READY)
	@$(SANDBOX) preview --stack $(STACK) --engine $(ENGINE)

predict: $(READY)
	@eval "$$($(SANDBOX) shell)" && $(PY) examples/flight-delay/predict.py --stack $(STACK)

ab: $(READY)
	@$(SANDBOX) ab

loop: $(READY) $(LOOP_READY)
	@$(SANDBOX) loop

down: $(READY)
	@$(SANDBOX) down --stack $(STACK) --engine $(ENGINE)

lint: $(READY)
	@$(BIN)/ruff check --quiet $(SOURCES)
	@$(BIN)/ruff format --check --quiet $(SOURCES)
	@$(BIN)/ty check $(SOURCES)
	@$(BIN)/mypy $(TYPED)

unit: $(READY)
	@$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder --cov --cov-report=term --cov-fail-under=95

# The tests that `test` skips without the programs of .venv-loop.
tools: $(READY) $(LOOP_READY)
	@$(BIN)/pytest -m loop

test: lint unit

engines: $(READY) .venv-airflow/.ready .venv-kfp/.ready
	@$(BIN)/pytest -m "airflow or kfp" tests/components/retraining

bench: $(READY)
	@$(PY) -m bench

# Resolves requirements-*.txt anew into their locks, each in an environment of its own.
lock: requirements-dev.lock.new requirements-loop.lock.new
	@for new in $^; do mv $$new $${new%.new}; done

%.lock.new: %.txt
	@rm -rf .venv-lock-$* && $(PYTHON) -m venv .venv-lock-$*
	@.venv-lock-$*/bin/pip install --quiet --disable-pip-version-check --requirement $<
	@{ echo "# Made by 'make lock' from $<; Python 3.11."; .venv-lock-$*/bin/pip freeze --exclude-editable; } > $@
	@rm -rf .venv-lock-$*

clean:
	@rm -rf .venv .venv-* .sandbox .mypy_cache .ruff_cache .pytest_cache
