# Overread. Needs: a POSIX shell, make, Python ≥ 3.11. Everything else is installed into .venv and frontend/.
#   make demo       everything from nothing, with demo images, users and a model; prints one URL; Ctrl-C stops it
#   make demo-second-reading   in the demo: the careful reviewer reads all reopened studies again
#   make demo-wrong-places    in the demo: a model that points at the wrong place, and what rejecting that is worth
#   make serve      the same processes on your own data (OVERREAD_DATA_DIR, docs/operations.md), no demo content
#   make test       from nothing: lint, types, contracts, front-end tests, then the test suite
#   make test-slow  what takes minutes: the stories in the browser (.ci/run runs those too), the loop on real X-rays
#   make acceptance what each capability is held to, and what it reaches, in one table; goes on where it was
#   make lint       the first half of make test
#   make clean      removes what make built; keeps var/ (your images, annotations and models)

PYTHON ?= $(shell for name in python3.11 python3.12 python3.13 python3; do \
	$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { command -v $$name; break; }; done)
VENV_PYTHON = .venv/bin/python

.PHONY: python demo demo-second-reading demo-wrong-places serve test test-slow acceptance lint clean environment development schema
.DEFAULT_GOAL = demo

python:
	@test -n "$(PYTHON)" || { echo "No Python ≥ 3.11 found. Install one, or say: make PYTHON=/path/to/python3.11 …"; exit 1; }

environment: python
	@"$(PYTHON)" tooling/bootstrap.py run

development: python
	@"$(PYTHON)" tooling/bootstrap.py develop

demo: environment
	@OVERREAD_MODE=$${OVERREAD_MODE:-demo} $(VENV_PYTHON) manage.py demo
	@OVERREAD_MODE=$${OVERREAD_MODE:-demo} exec $(VENV_PYTHON) manage.py serve

demo-second-reading: environment
	@OVERREAD_MODE=$${OVERREAD_MODE:-demo} $(VENV_PYTHON) manage.py demo --second-reading

demo-wrong-places: environment
	@OVERREAD_MODE=$${OVERREAD_MODE:-demo} $(VENV_PYTHON) manage.py demo --wrong-places

serve: environment
	@exec $(VENV_PYTHON) manage.py serve

test: development
	@$(VENV_PYTHON) tooling/check.py test

test-slow: development
	@$(VENV_PYTHON) tooling/check.py slow

acceptance: development
	@$(VENV_PYTHON) tooling/acceptance.py

lint: development
	@$(VENV_PYTHON) tooling/check.py lint

clean:
	rm -rf .venv frontend/node_modules frontend/tooling/openapi/node_modules frontend/dist artefacts artefacts-acceptance static-collected \
		.mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

# The OpenAPI document and the TypeScript types that are generated from it; commit both.
schema: development
	@$(VENV_PYTHON) manage.py spectacular --format openapi-json --file frontend/openapi.json
	@cd frontend && npm run --silent generate
