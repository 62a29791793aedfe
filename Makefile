# Two commands for everybody: `make preview` and `make test`. `make help` lists the others.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
E2E ?= yes

# Each process of the tests would compile everything anew.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help preview test slow e2e cli check coverage differential fuzz mutation bench data publish compatibility clean

help: ## List the targets
	@grep -E '^[a-z0-9]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

# pulumi-aws has thousands of modules, of which a program imports a few: they are compiled when they are imported.
PIP := $(BIN)/pip install --quiet --disable-pip-version-check --no-compile

$(VENV)/examples: requirements.txt requirements-examples.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "This needs Python 3.10 or newer, and $(PYTHON) is older.")'
	$(PYTHON) -m venv $(VENV)
	$(PIP) -r requirements-examples.txt
	@touch $@

$(VENV)/ready: $(VENV)/examples requirements-dev.txt
	$(PIP) -r requirements-dev.txt
	@touch $@

preview: $(VENV)/examples ## Preview two examples: one is stopped, one passes
	@echo "== examples/unguarded-managed-policy: the function's code can manage network interfaces"
	@! $(BIN)/python -m policy preview examples/unguarded-managed-policy
	@echo "== examples/guarded-deny-statement: the same stack with a guard"
	@$(BIN)/python -m policy preview examples/guarded-deny-statement

test: $(VENV)/ready ## Run the tests; those with the real engine where a Pulumi CLI is there
	$(BIN)/python -m pytest --quiet -n auto --dist loadfile -m "not slow" $(if $(filter no,$(E2E)),--ignore=tests/e2e)

slow: $(VENV)/ready ## Run the tests that take long: random documents, the simulator, other people's pytest
	$(BIN)/python -m pytest --quiet -n auto -m slow --ignore=tests/e2e

e2e: $(VENV)/ready cli ## Run the tests with the real engine; builds the Pulumi CLI first where there is none
	ENI_GUARD_E2E=required $(BIN)/python -m pytest --quiet -n auto tests/e2e

cli: $(VENV)/examples ## Find the Pulumi CLI, or build it from Go modules into a cache
	$(BIN)/python scripts/build_cli.py

check: $(VENV)/ready ## Lint and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

coverage: $(VENV)/ready ## Branch coverage of policy/ by all tests but those with the real engine
	$(BIN)/python -m coverage run -m pytest --quiet --ignore=tests/e2e
	$(BIN)/python -m coverage report --skip-covered

differential: $(VENV)/ready ## Judge random roles beside an independent IAM simulator (needs Node)
	$(BIN)/python -m tests.differential $(ARGS)

fuzz: $(VENV)/ready ## Feed mutated documents and resources to everything that parses
	$(BIN)/python -m tests.fuzz $(ARGS)

mutation: $(VENV)/ready ## Mutation testing of the judging core (takes long)
	$(PIP) "mutmut>=3.8,<4"
	$(BIN)/python scripts/mutation.py $(ARGS)

bench: $(VENV)/ready ## Measure the pack against an empty one, AWSGuard and the IAM analyzers
	$(BIN)/python -m bench $(ARGS)

data: $(VENV)/ready ## Make the data files again from their sources
	$(BIN)/python scripts/managed_policies.py
	$(BIN)/python scripts/ec2_actions.py

publish: $(VENV)/ready ## Publish the pack to Pulumi Cloud (ORG=name; LOOKUP=yes to bring boto3)
	$(BIN)/python scripts/publish.py $(if $(filter yes,$(LOOKUP)),--lookup) $(ORG)

compatibility: ## Run the tests with the oldest versions of the requirements (PYTHON=python3.10)
	$(PYTHON) scripts/compatibility.py $(ARGS)

clean: ## Remove the virtual environment and caches
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage
