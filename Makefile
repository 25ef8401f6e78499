# Shimin from the command line. `make run` starts it, `make test` proves it; `make` alone lists the rest.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

# the environment's own Python, else the first on PATH that is new enough and really starts
PYTHON := $(or $(PYTHON),$(shell for p in .venv/bin/python python3 python3.14 python3.13 python3.12 python3.11 /usr/bin/python3; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$p"; break; }; done))
BIN := .venv/bin
ARGS ?=

.PHONY: help run test check fix bench differential bench-graphql bench-sandbox lock migration docs clients graphiql publish-schema clean distclean install-run install-test

help: ## List the commands
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 22

run: install-run ## Install what is needed, start the platform with its demonstration city on 127.0.0.1:8000
	@exec $(BIN)/shimin run $(ARGS)

test: install-test ## Everything: format, lint, types, architecture, all tests on SQLite and PostgreSQL (ARGS=… goes to pytest)
	@exec $(BIN)/python tools/dev/test.py $(ARGS)

check: install-test ## The fast part of `make test`: no server, no test suite
	@exec $(BIN)/python tools/dev/check.py

fix: install-test ## Format, and mend what the linter can mend
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

bench: install-test ## Measure; JSON lines with versions and machine on standard output and in bench/
	@exec $(BIN)/python tools/dev/bench.py $(ARGS)

bench-graphql: install-test ## Compare the GraphQL engine with its peers in processor time (ARGS=--help)
	@exec $(BIN)/python tools/dev/bench_graphql.py $(ARGS)

bench-sandbox: install-test ## Measure the sandbox beside its targets, in turn with the same handler in-process (ARGS=--help)
	@exec $(BIN)/python tools/dev/bench_sandbox.py $(ARGS)

differential: install-test ## Run generated documents in every way the engine knows and compare (ARGS="--documents 2000 --seed 7")
	@exec $(BIN)/python tools/dev/differential.py $(ARGS)

lock: install-test ## Write requirements/*.txt anew (ARGS=--upgrade for newer versions)
	@exec $(BIN)/python tools/dev/lock.py $(ARGS)

migration: install-test ## Write the migration for changed models: make migration NAME=add_receipts
	@test -n "$(NAME)" || { echo "say what changes: make migration NAME=add_receipts" >&2; exit 2; }
	@exec $(BIN)/python tools/dev/migration.py "$(NAME)"

docs: install-test ## Write docs/reference/ anew from the code
	@exec $(BIN)/python tools/dev/reference.py

clients: install-test ## Write the typed clients in clients/ anew from the operations and the schema
	@exec $(BIN)/python tools/dev/clients.py

graphiql: install-run ## Fetch the page on which developers try documents, served at /dev/graphiql in development
	@exec $(BIN)/python tools/dev/graphiql.py

publish-schema: install-test ## Make today's schema the one that clients count on; refused while something would break them
	@exec $(BIN)/python tools/dev/published.py --publish

clean: ## Remove the demonstration city's data
	@rm -rf data bench

distclean: clean ## Remove everything that was made, the environment too
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist
	@rm -rf clients/typescript/node_modules clients/typescript/dist
	@find core graphql sdk clients tests tools miniapps -name __pycache__ -type d -prune -exec rm -rf {} +

install-run install-test: install-%:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed (Debian: apt-get install python3 python3-venv)" >&2; exit 1; }
	@$(PYTHON) tools/dev/install.py $*
