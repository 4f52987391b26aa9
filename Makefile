# Every target is one call of a tool or of `vitrina`; `make` alone lists them.
# DATA: folder for everything that is written. An INBOX of your own gets a data folder of its own, so it never meets the demo's.
PYTHON ?= python3
DATA ?= $(if $(INBOX),data/of-$(notdir $(abspath $(INBOX))),data)
PRODUCT ?=
BIN := .venv/bin
UV := $(BIN)/uv
OPTIONS = --data "$(DATA)"$(if $(INBOX), --inbox "$(INBOX)")

.DEFAULT_GOAL := help
.PHONY: help setup demo test check ui serve run bench lock docs format snapshot vendor

help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

.venv/.ready: requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(UV) pip sync --quiet --python $(BIN)/python requirements.lock
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --editable .
	@touch $@

setup: .venv/.ready ## install the locked environment into .venv

demo: setup ## simulate a retailer and run the whole graph on it
	@$(BIN)/vitrina demo --data "$(DATA)"

run: setup ## load an inbox and compute what is stale: make run [PRODUCT=stores] [INBOX=folder]
	@$(BIN)/vitrina run $(if $(PRODUCT),--product $(PRODUCT)) $(OPTIONS)

ui: setup ## open the Dagster UI, with sensors running
	@$(BIN)/vitrina ui $(OPTIONS)

serve: setup ## open the pages over what was published
	@$(BIN)/vitrina serve --data "$(DATA)"

test: setup ## run every test, with the documentation build
	$(BIN)/python -m pytest -n 2 --dist loadgroup --no-loadscope-reorder --durations=60 --durations-min=5

check: setup ## lint, format, types, layers, SQL
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pylint definitions.py assets benchmarks resources sensors serving simulation vitrina
	$(BIN)/lint-imports
	$(BIN)/sqlfluff lint --processes 1 dbt_project/models

format: setup ## format code
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

bench: setup ## run every benchmark
	@for name in warehouse startup stores marketplace_speed propensity_speed posts_speed posts_bot; do $(BIN)/python -m benchmarks.$$name || exit 1; done

docs: setup ## build the documentation into site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

snapshot: setup ## accept the graph as it is now, after reviewing the difference
	UPDATE_SNAPSHOT=1 $(BIN)/python -m pytest -q tests/graph/test_snapshot.py
	$(BIN)/python -m docs.generate.graph_picture

lock: ## resolve the dependencies anew
	$(PYTHON) -m venv .venv && $(BIN)/python -m pip install --quiet uv
	$(UV) pip compile --quiet --upgrade --universal --python-version 3.11 --extra dev --no-emit-index-url pyproject.toml -o requirements.lock

VENDOR := serving/static/vendor
vendor: ## fetch what pages load in the browser again, in the versions of its package.json
	cd $(VENDOR) && npm install --no-audit --no-fund --no-package-lock
	cd $(VENDOR) && npx esbuild charts.js --bundle --minify --format=iife --legal-comments=none --outfile=charts.min.js
	cp $(VENDOR)/node_modules/htmx.org/dist/htmx.min.js $(VENDOR)/node_modules/tus-js-client/dist/tus.min.js $(VENDOR)/
	rm -r $(VENDOR)/node_modules
