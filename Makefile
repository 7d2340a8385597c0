# Every command of the project. The first use makes .venv; progress goes to stderr.

STACK ?= dev
ARGS ?=
PYTHON ?= python3

BIN := .venv/bin
INSTALLED := .venv/.installed
PROJECTS := pyproject.toml $(wildcard shared/pyproject.toml services/*/pyproject.toml deploy/local/pyproject.toml)
PACKAGES := $(patsubst %/py.typed,%,$(wildcard shared/*/py.typed services/*/*/py.typed deploy/local/*/py.typed))
EMPTY :=
SPACE := $(EMPTY) $(EMPTY)
MYPYPATH := $(subst $(SPACE),:,$(patsubst %/pyproject.toml,%,$(filter-out pyproject.toml,$(PROJECTS)))):tests:docs:.ci
SERVICES := $(patsubst %/pyproject.toml,%,$(wildcard services/*/pyproject.toml))
# timings: .run/timings/*.xml has those of every test
PYTEST = $(BIN)/python -m pytest --durations 10 --durations-min 0.5
PARALLEL = --dist loadfile --start-servers --numprocesses
UNIT_TESTS = .ci/unit $(PYTEST) tests/unit --timeout 20
ON_RABBITMQ4 = tests/behaviour/bus tests/behaviour/router tests/e2e
EXPORT = $(BIN)/uv export --quiet --frozen --no-emit-workspace --no-header --format requirements-txt
LOCAL := $(BIN)/python -m herald_local

export PYTHON
# kept byte code starts every test run, and every service that tests start, seconds sooner
export PYTHONDONTWRITEBYTECODE :=
export PYTHONPYCACHEPREFIX ?= $(CURDIR)/.run/pycache

.DEFAULT_GOAL := help
.PHONY: help demo up down status clean test test-unit test-rabbitmq4 coverage chaos check deploy-check documents dashboards dashboard-pictures bench bench-against trace scaling requirements format

help: ## list these commands
	@sed -n 's/^\([a-z0-9-]*\):.*## /\1	/p' Makefile | while IFS='	' read -r name text; do printf 'make %-18s %s\n' "$$name" "$$text"; done

demo: $(INSTALLED) ## show Herald at work: starts all it needs, stops it again
	@$(LOCAL) demo $(ARGS)

up: $(INSTALLED) ## start a Herald and leave it running (STACK=name for another one)
	@$(LOCAL) up --stack $(STACK)

down: $(INSTALLED) ## stop what `make up` left running; its data stays
	@$(LOCAL) down --stack $(STACK)

status: $(INSTALLED) ## say what runs
	@$(LOCAL) status --stack $(STACK)

clean: $(INSTALLED) ## stop a stack, erase its data, and the caches
	@$(LOCAL) clean --stack $(STACK)
	@rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .run/pycache .run/timings
	@find shared services deploy tests -name __pycache__ -type d -prune -exec rm -rf {} +

test: $(INSTALLED) ## run all tests on a private broker and database (ARGS=... for pytest)
	@$(if $(ARGS),$(PYTEST) $(ARGS),$(UNIT_TESTS))
	@$(if $(ARGS),,$(PYTEST) --ignore tests/unit --ignore tests/chaos $(PARALLEL) 4 --junitxml .run/timings/servers.xml)
	@$(if $(ARGS),,$(PYTEST) tests/chaos $(PARALLEL) 2 --junitxml .run/timings/chaos.xml)

test-unit: $(INSTALLED) ## run the unit tests alone, with fewer examples: no server is needed
	@$(UNIT_TESTS) --hypothesis-profile quick $(ARGS)

test-rabbitmq4: $(INSTALLED) ## run the tests of bus, router and the whole on RabbitMQ 4.x (as root)
	@$(LOCAL) on-rabbitmq4 $(PYTEST) --junitxml .run/timings/rabbitmq4.xml $(or $(ARGS),$(ON_RABBITMQ4))

coverage: $(INSTALLED) ## say which share of each package the tests run (ARGS=tests/unit: those alone)
	@$(PYTEST) $(PACKAGES:%=--cov=%) --cov-report= $(ARGS)
	@$(BIN)/coverage json --quiet -o .run/coverage.json
	@$(BIN)/python .ci/covered.py .run/coverage.json

chaos: $(INSTALLED) ## break replicas, links, clocks and servers under load (CHAOS_SEED, ARGS=...)
	@HERALD_TEST_CHAOS=full $(PYTEST) $(if $(findstring tests/chaos/,$(ARGS)),,tests/chaos) --timeout 1800 $(ARGS)

check: $(INSTALLED) ## lint, format, types, import rules, sizes, generated documents
	@$(BIN)/python -m ruff check .
	@$(BIN)/python -m ruff format --check .
	@MYPYPATH=$(MYPYPATH) $(BIN)/python -m mypy $(PACKAGES) tests docs .ci
	@$(BIN)/python .ci/imports.py
	@$(BIN)/python .ci/sizes.py
	@.ci/documents

deploy-check: $(INSTALLED) ## check manifests, rules, dashboards, images (ARGS=12-schemas: that alone)
	@deploy/check/run $(ARGS)

documents: $(INSTALLED) ## write docs/schemas and docs/asyncapi from the code
	@$(BIN)/python docs/generate.py --write

dashboards: $(INSTALLED) ## write deploy/grafana/dashboards from the code
	@PYTHONPATH=deploy/grafana "$$(deploy/grafana/environment)" -m herald_dashboards --write $(ARGS)

dashboard-pictures: $(INSTALLED) ## play a busy run and draw docs/dashboards from what its panels show
	@deploy/check/41-grafana-data
	@PYTHONPATH=deploy/grafana "$$(deploy/grafana/environment)" -m dashboard_pictures .run/dashboards docs/dashboards

trace: $(INSTALLED) ## print the trace of a message that falls back (ARGS=--write: into docs/tracing.md)
	@PYTHONPATH=tests $(BIN)/python -m traces $(ARGS)

format: $(INSTALLED) ## put the code in its one form
	@$(BIN)/python -m ruff check --fix --exit-zero --quiet .
	@$(BIN)/python -m ruff format .

bench: $(INSTALLED) ## measure the throughput (ARGS=... for the benchmark)
	@PYTHONPATH=tests $(BIN)/python -m bench $(ARGS)

bench-against: $(INSTALLED) ## measure a commit and this tree in turns (BASE=commit, ARGS="--rounds 3 --only ...")
	@PYTHONPATH=tests $(BIN)/python -m bench.against $(BASE) $(ARGS)

scaling: $(INSTALLED) ## work out how many of each part a rate needs (ARGS="bench.json --rate 1000")
	@PYTHONPATH=tests $(BIN)/python -m bench.scaling $(or $(ARGS),docs/measured.json)

.PHONY: images images-check compose-files
images: ## build the image of every service (ENGINE=docker, podman or buildah; IMAGES=...)
	@ENGINE=$(or $(ENGINE),docker) deploy/image/build $(IMAGES)

images-check: $(INSTALLED) ## build and run every image and the compose file in a Docker engine of its own (root)
	@deploy/image/check $(ARGS)

compose-files: $(INSTALLED) ## write what deploy/compose.yaml reads: configuration and secrets
	@$(LOCAL) compose-files

requirements: ## pin what each service needs, and development, with hashes
	@test -x $(BIN)/uv || deploy/local/bootstrap
	@$(BIN)/uv lock --quiet
	@for service in $(notdir $(SERVICES)); do \
		$(EXPORT) --package herald-$$service --no-dev --output-file services/$$service/requirements.txt > /dev/null || exit 1; \
	done
	@$(EXPORT) --package herald-shared --extra cli --extra tracing --no-dev --output-file shared/requirements.txt > /dev/null
	@$(EXPORT) --only-group build --output-file deploy/build-requirements.txt > /dev/null
	@$(EXPORT) --all-packages --output-file requirements-dev.txt > /dev/null
	@! grep -nE '://|^-|--index' requirements-dev.txt shared/requirements.txt deploy/build-requirements.txt services/*/requirements.txt

$(INSTALLED): requirements-dev.txt $(PROJECTS) deploy/local/bootstrap
	@deploy/local/bootstrap
