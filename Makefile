# `make mine` and `make test` do all their own set-up: system packages (as root), a Rust toolchain, a virtual environment.
SHELL := /bin/sh
PYTHON ?= python3
BIN := .venv/bin
export PYTHON
export RAY_USAGE_STATS_ENABLED := 0

FAULTS ?= 100
SEED ?= 0

.PHONY: help mine test hostile mixed chaos lint bench clean docker system-mine system-test

help:
	@echo "make mine   mine the starter list of crates into runs/starter (ACCEPT=NAME,...: promises that may be weaker)"
	@echo "make test   all tests"
	@echo "make hostile  every hostile crate in every sandbox, and what each does where a promise is broken"
	@echo "              (WITHOUT='docker rustup': what this machine lacks, else that is an error)"
	@echo "make mixed  the starter list with hostile crates among it: the good ones give what they give alone"
	@echo "make chaos  $(FAULTS) faults on running campaigns (FAULTS=n SEED=s), as root; about an hour; WITHOUT_DOCKER=1"
	@echo "make lint   ruff and mypy"
	@echo "make bench  what sandboxes, Ray and shared runs of the compiler cost here"
	@echo "make clean  remove the virtual environment and caches; runs stay"

mine: .venv/mine
	@$(BIN)/oxidizer mine --list datasets/crates/starter.toml --out runs/starter $(if $(ACCEPT),--accept-weaker $(ACCEPT))

test: docker
	@$(BIN)/python -m pytest -n 2 --dist loadfile

hostile: docker
	@$(BIN)/python -m pytest tests/hostile --hostile-full $(foreach mean,$(WITHOUT),--without $(mean))

mixed: docker
	@$(BIN)/python -m tests.hostile.mixed

chaos: docker
	@$(BIN)/python -m tests.chaos --faults $(FAULTS) --seed $(SEED) $(if $(WITHOUT_DOCKER),--without-docker)

docker: .venv/dev
	@cluster/dockerd.sh
	@# Without root there is no debootstrap: what needs Docker is then skipped, and says so.
	@if docker info >/dev/null 2>&1; then $(BIN)/oxidizer image build || [ "$$(id -u)" != 0 ]; fi

lint: .venv/dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

bench: .venv/dev
	@set -e; for bench in tests/bench/*.py; do echo "== $$bench"; $(BIN)/python $$bench; done

clean:
	rm -rf .venv build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -not -path './.git/*' -prune -exec rm -rf {} +

system-mine system-test: system-%:
	@cluster/setup.sh $*

# The stamps: what is installed belongs to these versions of the two files.
.venv/mine: pyproject.toml constraints.txt | system-mine
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "installing Python packages into .venv"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

.venv/dev: pyproject.toml constraints.txt | system-test
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "installing Python packages into .venv"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev]"
	@touch $@ .venv/mine
