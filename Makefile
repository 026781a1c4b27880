# Doors to everything. `make demo` and `make test` need nothing but Debian with
# Python, gcc and make: each does its own set-up.

PYTHON   ?= python3
VENV     ?= .venv
DURATION ?= 30
SECONDS  ?= 60
FAULTS   ?= 50
SEED     ?= 1
EVENTS   ?= 5000000
MINUTES  ?= 10
HOUR     ?= 60
EXAMPLES ?= 500
KILLS    ?= 20
PYTEST   ?= $(VENV)/bin/python -m pytest
SUITE    ?= tests benchmarks
OPTIONS  ?=
COVERAGE ?=
PYTHONS  ?=
TESTS    ?=

bin  := $(VENV)/bin
core := $(wildcard src/hiq/_core/*.py[xd] src/hiq/_core/*.h src/hiq/_core/*.hpp \
        src/hiq/ha/*.py[xd] src/hiq/*/CMakeLists.txt) CMakeLists.txt
build_tools := 'scikit-build-core>=1.0' 'cython>=3.1' 'cython-cmake>=0.3' 'picows>=2.3,<3' \
               cmake ninja

# In CI the compiler's warnings are errors; elsewhere a newer compiler may have new ones.
strict  := $(if $(CI),--config-settings=cmake.define.HIQ_WERROR=ON)
install := $(bin)/python -m pip install -q --no-build-isolation \
           --config-settings=build-dir=build $(strict) -e

.DEFAULT_GOAL := help
# docs is a folder, too
.PHONY: help frontend build demo docs test lint format autobahn bench benchall campaign coverage debug \
        fuzz apifuzz filters outage healthy sidebyside wheel wheelcheck imagecheck aarch64 firstminute sdist sbom audit servers clean

help: ## this list
	@grep -E '^[a-z0-9]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

$(VENV)/.tools: pyproject.toml tools/bootstrap.sh
	tools/bootstrap.sh $(PYTHON) $(VENV)
	$(bin)/python -m pip install -q $(build_tools)
	@touch $@

$(VENV)/.built: $(VENV)/.tools $(core)
	$(install) .
	@touch $@

$(VENV)/.test: $(VENV)/.built
	$(install) '.[test,lint]'
	@touch $@

frontend: ## the page, if Node is here; without it hiq shows its plain page
	tools/frontend.sh

build: frontend $(VENV)/.built ## the environment and the compiled core

demo: frontend $(VENV)/.built ## a simulated home through the whole pipeline (DURATION=30, 0 = until Ctrl-C)
	$(bin)/hiq demo --duration $(DURATION)

servers: $(VENV)/.tools ## real servers for the tests: packages, Home Assistant
	tests/servers/install.sh || [ $$? = 77 ]  # not root: what is missing is skipped
	tests/servers/make_home_assistant.sh 2024.3 .cache/ha-2024.3 || [ $$? = 69 ]
	tests/servers/make_home_assistant.sh 2025.4 .cache/ha-2025.4 || [ $$? = 69 ]

test: frontend $(VENV)/.test servers ## the whole suite against real servers
ifdef COVERAGE
	$(PYTEST) $(SUITE) --benchmark-disable --cov --cov-report= --cov-fail-under=0 $(OPTIONS)
else
	$(PYTEST) $(SUITE) --benchmark-disable $(OPTIONS)
endif

lint: $(VENV)/.test ## types, rules, format
	$(bin)/ruff check .
	$(bin)/ruff format --check .
	$(bin)/mypy

format: $(VENV)/.test ## format the sources
	$(bin)/ruff check --fix-only -q .
	$(bin)/ruff format -q .

autobahn: $(VENV)/.test ## the WebSocket connection against the Autobahn suite (PYTHON2=python2.7)
	tests/autobahn/run.sh $(bin)/python

bench: $(VENV)/.test ## the table of ratios, and its plot for the documentation
	$(bin)/python -m benchmarks.ratios --plot docs/topics/transform.svg $(OPTIONS)

benchall: bench ## everything that is measured (half an hour), and all plots
	$(bin)/python -m benchmarks.breakdown || [ $$? = 1 ]  # 1: no valgrind
	$(bin)/python -m benchmarks.bench_scan
	$(bin)/python -m benchmarks.bench_line
	$(bin)/python -m benchmarks.bench_compress
	$(bin)/python -m benchmarks.scale --plots docs/topics
	$(bin)/python -m benchmarks.bench_receive
	$(bin)/python -m benchmarks.bench_endtoend
	$(bin)/python -m benchmarks.post
	$(bin)/python -m benchmarks.steady
	$(bin)/python -m benchmarks.latency
	$(bin)/python -m benchmarks.memory --plot docs/topics/memory-hour.svg
	$(bin)/python -m benchmarks.idle --sink sqlite
	$(bin)/python -m benchmarks.idle --sink influxdb1
	$(bin)/python -m benchmarks.wear
	$(bin)/python -m benchmarks.rates

campaign: $(VENV)/.test ## faults against hiq and databases, a table at the end (FAULTS=50 SEED=1)
	$(bin)/python -m tests.campaign --faults $(FAULTS) --seed $(SEED) $(OPTIONS)

outage: $(VENV)/.test ## a day without the database, then all of it (EVENTS=5000000)
	$(bin)/python -m tests.campaign.outage --events $(EVENTS)

healthy: $(VENV)/.test ## a healthy home, whole service and clients: no alert (HOUR=60 minutes)
	$(bin)/python -m tests.campaign.healthy --minutes $(HOUR)

sidebyside: $(VENV)/.test servers ## hiq, Home Assistant's integration, vmagent: the same outage (MINUTES=10)
	$(bin)/python -m tests.campaign.sidebyside --minutes $(MINUTES)

coverage: $(VENV)/.test ## after `make test COVERAGE=1`: adds the compiled core, gate at 90 %
	tools/coverage.sh $(VENV)

debug: $(VENV)/.tools ## the core with bounds checks, in an environment of its own
	$(MAKE) VENV=.venv-debug .venv-debug/.tools
	.venv-debug/bin/python -m pip install -q --no-build-isolation --config-settings=build-dir=build-debug \
	  --config-settings=cmake.build-type=Debug --config-settings=cmake.define.HIQ_DEBUG=ON -e '.[test]'
	.venv-debug/bin/python -m pytest tests/_core $(OPTIONS)

fuzz: $(VENV)/.test ## fuzz the core, sanitizers and coverage-guided too (SECONDS=60)
	tools/fuzz.sh $(VENV) $(SECONDS)

filters: $(VENV)/.test ## rules of every kind against their oracle (EXAMPLES=100000)
	FILTER_EXAMPLES=$(EXAMPLES) $(PYTEST) tests/_core/test_judge.py $(OPTIONS)

apifuzz: $(VENV)/.test ## requests of every kind to every route, judged by its OpenAPI document (EXAMPLES=500)
	SCHEMATHESIS_EXAMPLES=$(EXAMPLES) $(PYTEST) tests/web/test_any_request.py -s $(OPTIONS)

clients: $(VENV)/.test ## clients at length: a model of 24,000 steps, 20 kills (KILLS=20)
	CLIENT_EXAMPLES=800 CLIENT_STEPS=40 CLIENT_KILLS=$(KILLS) CLIENT_FRAMES=1000000 \
	  $(PYTEST) tests/clients/test_model.py tests/clients/test_kill.py \
	  tests/clients/test_any_frame.py -s --timeout 1800 $(OPTIONS)

wheel: frontend $(VENV)/.tools ## a wheel in dist/
	$(bin)/python -m pip wheel -q --no-deps --no-build-isolation --config-settings=build-dir=build-wheel -w dist .

# an environment of its own: what is looked at is the installed hiq, not the tools
.venv-release/.tools: pyproject.toml tools/bootstrap.sh
	tools/bootstrap.sh $(PYTHON) .venv-release
	.venv-release/bin/python -m pip install -q $$(.venv-release/bin/python tools/extra.py release)
	@touch $@

wheelcheck: frontend .venv-release/.tools ## sdist -> wheel -> fresh environment -> demo, for every Python here
	tools/check_wheel.sh .venv-release $(PYTHONS)

imagecheck: frontend .venv-release/.tools ## the Dockerfile's steps in a bare Debian tree, ending in a healthy hiq (root)
	.venv-release/bin/hadolint Dockerfile addon/Dockerfile
	tools/image_check.sh .cache

aarch64: $(VENV)/.test ## the core's tests and the demo on the other architecture, emulated (root; TESTS=...)
	tools/aarch64_check.sh $(VENV) .cache $(TESTS)

firstminute: wheel ## from an empty Debian tree to the first chart, timed (root)
	tools/first_minute.sh .cache $$(ls dist/hiq-*-cp3*-linux_*.whl | head -1)

sdist: frontend .venv-release/.tools ## the source distribution in dist/
	.venv-release/bin/python -m build --sdist --outdir dist .

sbom: .venv-release/.tools ## what hiq is made of, and its licences: dist/hiq.cdx.json, dist/licences.md
	tools/sbom.sh .venv-release

audit: .venv-release/.tools ## known flaws of what hiq needs (asks PyPI)
	.venv-release/bin/python -m pip_audit --strict --progress-spinner off --disable-pip --no-deps -r dist/requirements.txt

$(VENV)/.docs: $(VENV)/.built mkdocs.yml
	$(install) '.[docs]'
	@touch $@

docs: $(VENV)/.docs ## the site in site/, warnings are errors, links checked
	$(bin)/python -m docs.generate --check
	NO_MKDOCS_2_WARNING=1 $(bin)/mkdocs build -q --strict --clean
	$(bin)/python tools/linkcheck.py site

clean: ## everything that was made here, but the servers' environments
	rm -rf $(VENV) .venv-release .venv-debug .venv-fuzz .venv-trace dist site .cache/fuzz
	rm -rf src/hiq/web/bundle frontend/node_modules
	rm -rf build build-aarch64 build-debug build-fuzz build-trace build-wheel
	rm -rf .coverage* htmlcov .pytest_cache .mypy_cache .ruff_cache .hypothesis
