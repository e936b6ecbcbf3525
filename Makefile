# Two commands do it all: `make up` runs Steward, `make test` tests it.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.stamp
# pytest-xdist: one process more than cores, because tests of whole processes mostly wait for them.
WORKERS ?= $(shell expr $$(nproc) + 1)

.PHONY: up setup test check e2e bench soak demo clean snapshot messages

up: setup
	@exec $(BIN)/steward up

setup: $(STAMP)

$(STAMP): requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Steward needs Python 3.11 or newer, this is " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing the locked dependencies into .venv ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-index -e .
	@# Compiled once here, where the environment may forbid it at run time: it halves the time of every start.
	@$(BIN)/python -m compileall -q -j 0 .venv/lib src >/dev/null 2>&1 || true
	@touch $(STAMP)

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy src/steward
	$(BIN)/lint-imports
	$(BIN)/python -W ignore tests/checks/migrations.py

test: check
	@$(BIN)/python tests/checks/left_out.py
	@# With compiled files: each of the processes would compile all tests and sources anew.
	env -u PYTHONDONTWRITEBYTECODE $(BIN)/pytest -n $(WORKERS) --dist loadgroup

e2e: setup
	$(BIN)/pytest -m "e2e or browser"

bench: setup
	$(BIN)/python -W ignore -m bench

soak: setup
	$(BIN)/python -W ignore -m bench --soak

demo: setup
	@STEWARD_DATA=$${STEWARD_DATA:-var-demo} exec $(BIN)/steward demo

snapshot: setup
	$(BIN)/python -W ignore tests/checks/snapshots.py

messages: setup
	$(BIN)/python tests/checks/messages.py

clean:
	rm -rf .venv build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
