# The commands of README and CI. Nothing else knows how to run things.

MAKEFLAGS += --no-print-directory --no-builtin-rules
IN_VENV := PATH="$(CURDIR)/.venv/bin:$$PATH"
# A process for each core; tests of one file share a process, and so one embedded AWS.
IN_PARALLEL := --numprocesses auto --dist loadfile
# The fast tests share no engine, and some of them wait: whichever process is free takes the next.
FAST_IN_PARALLEL := --numprocesses $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1) --dist worksteal
export PYTHON
export CDK_DISABLE_CLI_TELEMETRY := true

.PHONY: help setup demo test unit bench check lint types layout templates nag lock clean

help: ## list these commands
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 20

setup: ## install everything into .venv and node_modules; does nothing when all is there
	@tools/with_python.sh tools/set_up.py

demo: setup ## run the main job on the embedded AWS: deploy, use it, try what is refused, destroy (KEEP=1: leave it running)
	@$(IN_VENV) KEEP="$(KEEP)" python -m demo

test: setup ## run all tests, the end-to-end ones included
	@$(IN_VENV) pytest $(IN_PARALLEL)

unit: setup ## run the fast tests only
	@$(IN_VENV) pytest -m "not e2e" $(FAST_IN_PARALLEL)

bench: setup ## measure the helper beside boto3, Powertools and ssm-cache; fails if a target is missed
	@test -x .venv-bench/bin/python || .venv/bin/python -m venv .venv-bench
	@.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check -r bench/runtime/requirements.txt
	@.venv-bench/bin/python -m bench.runtime

check: lint types layout templates nag ## run every check that is not a test

lint: setup ## ruff: rules and format
	@$(IN_VENV) ruff check
	@$(IN_VENV) ruff format --check

types: setup ## mypy --strict
	@$(IN_VENV) mypy

layout: setup ## import directions, and what the wheel holds
	@$(IN_VENV) pytest tests/test_layout.py tests/test_wheel.py

templates: setup ## cfn-lint and checkov on the synthesized example
	@tools/with_python.sh tools/set_up.py checkov
	@$(IN_VENV) python -m tools.check_templates

nag: setup ## cdk-nag's AwsSolutions pack on the example
	@$(IN_VENV) python -m tools.nag

lock: setup ## resolve and pin again what the requirements files and package.json bring along
	@$(IN_VENV) python -m tools.lock requirements.txt bench/runtime/requirements.txt tools/requirements-checkov.txt tools/requirements-node.txt
	@$(IN_VENV) npm install --package-lock-only --omit-lockfile-registry-resolved --no-audit --no-fund --loglevel=error

clean: ## remove everything that set-up, tests and synthesis made
	@rm -rf .venv .venv-bench .venv-checkov node_modules cdk.out .ssm-securestring build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -prune -exec rm -rf {} +
	@find . -name '*.egg-info' -prune -exec rm -rf {} +
