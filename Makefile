# One command surface: what a developer types is what CI calls.
PYTHON ?= python3
BIN := .venv/bin
CODE := fanloom graphs nodes prompts
ALL := $(CODE) tests benchmarks

.DEFAULT_GOAL := help
.PHONY: help setup demo dev test check format lint types tests bench lock clean

help: ## Show what can be made
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

setup: .venv/ready ## Make .venv with everything in it

.venv/ready: requirements/all.txt requirements/uv.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Fanloom needs Python 3.11 or newer; try: make PYTHON=python3.12 $(MAKECMDGOALS)")'
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements/all.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

demo: setup ## Make FAQs from the documents in examples/, with no key and no network
	@$(BIN)/fanloom run faq_parallel --model offline --n-questions 6 $(foreach file,$(sort $(wildcard examples/*.md examples/*.txt)),--sources $(file))

dev: setup ## Start the LangGraph development server; pass more of its options as ARGS="--port 2025"
	@LANGGRAPH_CLI_NO_ANALYTICS=1 LANGGRAPH_NO_VERSION_CHECK=true $(BIN)/langgraph dev --no-browser --no-reload --n-jobs-per-worker 10 $(ARGS)

test: check ## Do what `make check` does

check: format lint types tests ## Format, lint, types and tests

format: setup
	@$(BIN)/ruff format --check $(ALL)

lint: setup
	@$(BIN)/ruff check $(ALL)

types: setup
	@$(BIN)/mypy

tests: setup
	@$(BIN)/pytest -q -n 2 --dist loadfile --cov --cov-report=term

bench: setup ## Measure what the framework costs; some minutes; one of them: ARGS="width"
	@$(BIN)/python -m benchmarks $(ARGS)

lock: setup ## Pin the newest versions that pyproject.toml allows
	@$(BIN)/uv pip compile --quiet --universal --upgrade --generate-hashes --no-emit-index-url --no-header --no-annotate --python-version 3.11 --group pyproject.toml:dev pyproject.toml -o requirements/all.txt
	@echo uv | $(BIN)/uv pip compile --quiet --universal --upgrade --generate-hashes --no-emit-index-url --no-header --no-annotate --python-version 3.11 - -o requirements/uv.txt

clean: ## Remove what the other targets made
	@rm -rf .venv .fanloom .langgraph_api .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage dist
