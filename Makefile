# Short names for what is done often; `make` lists them. Every command here also runs by itself.
bin := .venv/bin
.DEFAULT_GOAL := help
.PHONY: help setup hooks lint format unit lab test docs dashboards clean

help: ## Show this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

setup: ## Make .venv with the tools of development
	./scripts/setup dev

hooks: ## Let git run the linters before a commit
	$(bin)/pre-commit install

lint: ## All linters, a minute
	$(bin)/ruff check .
	$(bin)/ruff format --check .
	$(bin)/yamllint --strict .
	$(bin)/sqlfluff lint --disable-progress-bar sql
	$(bin)/ansible-lint

format: ## Let ruff and sqlfluff mend what they can
	$(bin)/ruff check --fix .
	$(bin)/ruff format .
	$(bin)/sqlfluff fix --disable-progress-bar sql/functions

unit: ## Unit tests: no root, no network, under a minute
	$(bin)/pytest tests/unit

lab: ## A whole cluster on this machine
	./scripts/lab up

test: ## Every tier that this machine can run
	./scripts/test

docs: ## Write docs/variables.md again
	$(bin)/python -m camgrid.variables >docs/variables.md

dashboards: ## Write the dashboards for Grafana again
	$(bin)/python -m camgrid.dashboards

clean: ## Remove caches; labs, secrets and .venv stay
	rm -rf .cache .ansible .hypothesis .pytest_cache .ruff_cache
	find scripts tests -name __pycache__ -type d -prune -exec rm -rf {} +
