# Two commands do everything: `make demo` and `make test`.
PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 8000
VENV ?= .venv

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
SERVERS := tests/servers
MEASURED := tests/bench tests/browser/test_frames.py $(patsubst %,tests/servers/test_%.py,back_pressure edits timing)
MESSAGES := $(patsubst %,%/locale/zh_Hans/LC_MESSAGES/django.po,streams streamsite)

.PHONY: bench setup demo demo-tls test test-newest programs lint format messages

demo: $(VENV)/.demo
	@$(BIN)/python manage.py demo $(HOST):$(PORT)

# The same over HTTP/2, which browsers speak with TLS only.
demo-tls: $(VENV)/.demo
	@$(BIN)/python manage.py demo $(HOST):$(PORT) --tls

setup: $(VENV)/.dev

# Three at a time on two cores, as many tests wait; two, where servers are filled. The
# last part measures: nothing else may run beside it. Servers start faster from compiled
# files.
test: export PYTHONDONTWRITEBYTECODE :=
test: $(VENV)/.test programs
ifdef ARGS
	$(BIN)/python -m pytest $(ARGS)
else
	@sh tests/run.sh $(BIN)/python -m pytest --numprocesses 3 --dist loadfile --no-loadscope-reorder $(addprefix --ignore ,$(MEASURED) $(SERVERS))
	@sh tests/run.sh $(BIN)/python -m pytest --numprocesses 2 --dist loadfile $(addprefix --ignore ,$(MEASURED)) $(SERVERS)
	@sh tests/run.sh $(BIN)/python -m pytest $(MEASURED)
endif

test-newest:
	@PYTHON=$(PYTHON) sh tests/newest-django.sh

programs: $(VENV)/.test
	@sh tests/app/install-gettext.sh
	@sh tests/clients/js/install.sh
	@sh tests/browser/install-chromium.sh
	@sh tests/proxies/install-nginx.sh
	@sh tests/services/install-redis.sh $(BIN)/python $(VENV)/redis

# Measures ours and its peers, and writes docs/performance.md: well over an hour in which
# nothing else may run. QUICK=1 takes a few; ARGS='capacity --stacks direct-uvicorn'
# measures some. The packages have a place of their own: see pyproject.toml.
bench:
	@$(MAKE) --no-print-directory VENV=$(VENV)-bench $(VENV)-bench/.bench
	@sh bench/peers/aimock/install.sh
	@$(VENV)-bench/bin/python -m bench $(if $(QUICK),--quick) $(ARGS)

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python manage.py makemigrations --check --dry-run

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Dates and places are left out, so that the files change with the texts only.
messages: $(VENV)/.dev
	$(BIN)/python manage.py makemessages --locale zh_Hans --no-location --no-obsolete --ignore tests
	sed -i.old '/^"POT-Creation-Date:/d' $(MESSAGES)
	rm $(MESSAGES:=.old)
	$(BIN)/python manage.py compilemessages --locale zh_Hans --ignore '.venv*'

# One stamp for each set of packages, made anew when pyproject.toml changes.
$(VENV)/.bench $(VENV)/.demo $(VENV)/.test $(VENV)/.dev: $(VENV)/.%: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, this is " + sys.version.split()[0] + ": make PYTHON=python3.12 …")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing what '$*' needs into $(VENV) …"
	@$(PIP) install --upgrade 'pip>=25.1'
	@$(PIP) install --editable . --group $*
	@touch $@
