# Two commands are all a new machine needs: `make run` and `make test`.
.DEFAULT_GOAL := help
PYTHON ?= $(firstword $(foreach name,python3.11 python3 python3.12 python3.13,$(shell command -v $(name))))
SETUP := $(PYTHON) config/bootstrap.py
BIN := .venv/bin
BENCH ?=
TESTS ?=

.PHONY: help
help: ## this list
	@echo "Yiwang: reports in, the right unit told, the clock kept."
	@awk 'BEGIN {FS = ":.*## "} /^[a-z0-9-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo
	@echo "Settings by environment: PORT=8000 HOST=127.0.0.1 SEED=0 (no demo cases) DEMO_DAYS=10 (less history) YIWANG_VAR=folder"
	@echo "DATABASE_URL and REDIS_URL point at real servers; config/settings/ documents the rest."

# --- running ------------------------------------------------------------------------------------

.PHONY: run
run: ## everything on this machine: servers, web, worker, beat and a demo district; Ctrl-C stops it
	@exec $(SETUP) -- manage.py up

.PHONY: stop
stop: ## stop what `make run` started in this folder from another terminal
	@$(SETUP) --no-frontend -- manage.py down

.PHONY: manage
manage: ## one command against what is running: make manage DO="simulate --per-day 1000"
	@$(SETUP) --no-frontend -- manage.py $(DO)

# --- proving ------------------------------------------------------------------------------------

.PHONY: test
test: ## the tests, on throw-away servers and every core; TESTS=tests/dispatch runs a part on one
	@$(SETUP) --dev -- -m pytest --durations=15 $(or $(TESTS),-n auto --maxprocesses 4)

EXPLORE ?= 20
.PHONY: explore
explore: ## the property tests with EXPLORE=20 times as many examples, other ones each time
	@EXPLORE=$(EXPLORE) $(SETUP) --dev --no-frontend -- -m pytest \
	  $(or $(TESTS),$(shell grep -rlE '^@given|run_state_machine_as_test' tests))

.PHONY: e2e
e2e: ## the journeys in a real browser (skipped, and said so, where there is no Chromium)
	@$(SETUP) --dev -- -m pytest -m e2e --durations=15 $(or $(TESTS),-n auto --maxprocesses 2 --maxschedchunk 1)

.PHONY: attack
attack: ## every address and operation asked as each role, doors fuzzed, cases lived: ATTACK=20 times as many examples
	@EXPLORE=$(or $(ATTACK),20) $(SETUP) --dev -- -m pytest -n auto --maxprocesses 2 \
	  tests/security tests/incidents/api/test_life_over_rest.py

.PHONY: soak-screen
soak-screen: ## a command screen polls 4,000 times: heap, nodes and listeners stay flat; SOAK_POLLS=17280 is a day
	@$(SETUP) --dev -- -m pytest -m soak -s tests/journeys/test_screen_soak.py

.PHONY: bundle-test
bundle-test: ## both archives of `make bundle`, one installed and served with the network off
	@$(SETUP) --dev -- -m pytest -m bundle --durations=5 tests/bundling

.PHONY: soak
soak: ## SOAK_MINUTES=20 of a district on all of `make run`: memory, queues and connections stay flat
	@$(SETUP) --dev -- -m soak

.PHONY: chaos-test
chaos-test: ## a minute of `make chaos`, and the proof that its checks can fail
	@$(SETUP) --dev -- -m pytest -m chaos tests/chaos

.PHONY: chaos
chaos: ## kill -9 every process in turn for CHAOS_MINUTES=10, then check; CHAOS_SEED=7 repeats the kills
	@$(SETUP) --dev -- -m chaos

.PHONY: check
check: ## format, lint, types, imports, migrations, templates, translations, secrets, weaknesses, oldest browser
	@$(SETUP) --dev
	@failed=; check() { echo "--- $$*"; $(BIN)/"$$@" || failed="$$failed\n  $$*"; }; \
	check ruff format --check --quiet .; \
	check ruff check --quiet .; \
	check mypy; \
	check lint-imports --no-logo; \
	check djlint --lint --quiet templates; \
	check python -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run; \
	check python manage.py check_templates; \
	check python manage.py check_translations; \
	check python -m config.scanning secrets; \
	check python -m config.scanning dependencies; \
	if [ -d node_modules/@mdn ]; then echo "--- npm run floor"; \
	  PATH="$(CURDIR)/$(BIN):$$PATH" npm run --silent floor || failed="$$failed\n  npm run floor"; \
	else echo "Oldest browser: COULD NOT LOOK (the front-end packages are not installed)."; fi; \
	if [ -n "$$failed" ]; then printf "failed:$$failed\n"; exit 1; fi; echo "all checks passed"

.PHONY: bench
bench: ## ratios against simpler ways of doing the same; BENCH=matcher runs one
	@$(SETUP) --dev --bench -- -m benchmarks $(BENCH)

# --- handing over ---------------------------------------------------------------------------------

ARCH ?= $(shell uname -m)
PY ?= 3.11
EXTRA ?=
.PHONY: bundle
bundle: ## one archive in var/bundle that installs without a network; ARCH=aarch64 PY=3.11 EXTRA=observe
	@$(SETUP) -- -m config.bundling --arch $(ARCH) --python $(PY) $(addprefix --extra ,$(EXTRA))

# --- keeping up ---------------------------------------------------------------------------------

.PHONY: format
format: ## put the code into shape
	@$(SETUP) --dev --no-frontend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.PHONY: messages
messages: ## gather new texts into locale/; translate what is empty there
	@$(SETUP) --dev --no-frontend -- manage.py update_translations

.PHONY: openapi
openapi: ## write docs/openapi.yaml anew from the code
	@$(SETUP) --dev --no-frontend -- manage.py spectacular --lang en --validate --fail-on-warn \
	  --file docs/openapi.yaml

.PHONY: lock
lock: ## resolve requirements/*.in anew into hash-pinned files without addresses
	@$(SETUP) --dev --no-frontend
	@for name in app encoder observe dev bench assets uv pip; do \
	  echo "locking requirements/$$name.txt"; \
	  $(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-header \
	    --no-emit-index-url --no-emit-find-links --upgrade \
	    --output-file requirements/$$name.txt requirements/$$name.in || exit 1; \
	done

.PHONY: clean
clean: ## remove what was built and installed; var/ with its data stays
	rm -rf .venv node_modules static/dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: reset
reset: ## remove this folder's data too: database, uploads, model and keys
	rm -rf var
