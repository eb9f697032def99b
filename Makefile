# From a fresh clone: `make serve` to see it, `make test` to check it. Only Python 3.11+ is needed beforehand.
PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 8000
WORKERS ?= logical
TESTS ?= tests

RUN = .venv/bin/python

.PHONY: help setup serve test setup-test lint lock image clean

help:
	@echo "make serve [PORT=8000] [HOST=127.0.0.1]   set up what is missing and serve the demo"
	@echo "make test  [TESTS=tests/records] [ARGS=-x]  set up what is missing and run the tests"
	@echo "make lint                                  ruff, on everything"
	@echo "make lock                                  after pyproject.toml or package.json changed"
	@echo "make image                                 the container image (needs a container engine)"
	@echo "make clean                                 remove all that set-up made; var/, the data, stays"

setup:
	@$(PYTHON) core/setup serve

setup-test:
	@$(PYTHON) core/setup test

serve: setup
	@exec $(RUN) -m core serve --demo --host "$(HOST)" --port "$(PORT)"

test: setup-test
	@exec $(RUN) -m pytest -n $(WORKERS) --maxprocesses 8 --dist worksteal -q $(ARGS) $(TESTS)

lint: setup-test
	@$(RUN) -m ruff check .

lock:
	@$(PYTHON) core/setup lock

image:
	docker build --tag dougong .

clean:
	rm -rf .venv node_modules ui/static/vendor
