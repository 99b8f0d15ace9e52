# Two commands do everything: `make demo` and `make test`.
PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 8000
VENV ?= .venv

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: setup demo test test-newest programs lint format

demo: $(VENV)/.demo
	@$(BIN)/python manage.py demo $(HOST):$(PORT)

setup: $(VENV)/.dev

test: $(VENV)/.test programs
	$(BIN)/python -m pytest $(ARGS)

test-newest:
	@PYTHON=$(PYTHON) sh tests/newest-django.sh

programs: $(VENV)/.test
	@sh tests/browser/install-chromium.sh
	@sh tests/services/install-redis.sh $(BIN)/python $(VENV)/redis

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python manage.py makemigrations --check --dry-run

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# One stamp for each set of packages, made anew when pyproject.toml changes.
$(VENV)/.demo $(VENV)/.test $(VENV)/.dev: $(VENV)/.%: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, this is " + sys.version.split()[0] + ": make PYTHON=python3.12 …")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing what '$*' needs into $(VENV) …"
	@$(PIP) install --upgrade 'pip>=25.1'
	@$(PIP) install --editable . --group $*
	@touch $@
