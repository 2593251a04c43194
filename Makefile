# The front door: `make` alone lists what there is. Settings (PORT, RUN_DIR, TOPICS ...; see .env.template) can be given on
# the command line, e.g. make demo PORT=8082, in the environment, or in .env.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo run up down restart status logs import verify env build build-dev test lint format bench bench-events loadtest loadtest-ui growth clean pages \
  packages-run packages-test packages-lint packages-bench packages-load

STACK := /usr/bin/python3 stack/repopulse-stack
# As many compilers as there are processors, and 1.5 GiB of memory for each.
JOBS ?= $(shell awk -v n="$$(nproc)" '/MemAvailable/ {m = int($$2 / 1572864); print (m < 1 ? 1 : m < n ? m : n)}' /proc/meminfo)

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

demo: build ## the whole stack against the simulated GitHub, until Ctrl-C; installs and builds what is missing
	@MAKE_GOAL=$@ exec $(STACK) run --demo

run: build ## the whole stack against api.github.com (GITHUB_TOKEN of .env), until Ctrl-C
	@MAKE_GOAL=$@ exec $(STACK) run

up: build ## the same in the background; DEMO=1 for the simulated GitHub, COLLECT=off to collect nothing
	@MAKE_GOAL=$@ exec $(STACK) up

down: ## stop what `make up` started; the data stay
	@exec $(STACK) down

restart: build ## down and up
	@$(STACK) down
	@MAKE_GOAL=$@ exec $(STACK) up

status: ## what runs: parts, processes, ports, memory
	@exec $(STACK) status

logs: ## the last log lines of all parts; PART=api-a only one, LINES=100 more, FOLLOW=1 what comes
	@exec $(STACK) logs $(PART) --lines $(or $(LINES),20) $(if $(filter 1 yes true,$(FOLLOW)),--follow)

import: ## GH Archive into the running stack: FILES="..." HOURS="2015-01-01-0 FIRST..LAST"; ONLY_TRACKED=1
	$(if $(strip $(FILES) $(HOURS)),,$(error say what to import: FILES="..." or HOURS="2015-01-01-0"))
	@exec $(STACK) import $(if $(filter 1 yes true,$(ONLY_TRACKED)),--only-tracked) $(if $(filter 1 yes true,$(JSON)),--json) -- $(FILES) $(HOURS)

verify: ## recount the events of the running stack and compare with what it answers from
	@exec $(STACK) verify $(if $(filter 1 yes true,$(JSON)),--json)

env: ## write .env from .env.template with random secrets; never replaces one
	@exec $(STACK) env

# REPOPULSE_BIN names a build of one's own, for development.
build: packages-run pages ## build/release/repopulse
ifndef REPOPULSE_BIN
	@stack/build release $(JOBS)
endif

# The service is built all the same where npm's registry cannot be reached.
pages: ## build/site-packages: what the pages take from npm
	@command -v npm >/dev/null || stack/install-packages pages || true
	@nginx/site-packages/install build/site-packages || echo "The dashboard will have no charts and say so; make pages tries again." >&2

build-dev: packages-test ## build/dev: with sanitizers and tests
	@stack/build dev $(JOBS)

test: packages-run packages-test build build-dev ## all tests; ends with the line `N passed, N failed`
	@exec tests/run-tests $(TESTS)

lint: packages-run packages-test packages-lint ## format, static analysis, shell, Python, house rules
	@exec tests/run-lint $(JOBS)

format: packages-lint ## clang-format over all C++
	@find api tests loadtest -name '*.cpp' -o -name '*.h' | xargs -r clang-format -i

bench: packages-run packages-bench build ## measure everything (loadtest/bench); QUICK=1 in three minutes, ONLY=reads,refresh,events
	@exec loadtest/bench $(if $(filter 1 yes true,$(QUICK)),--quick) $(if $(ONLY),--only $(ONLY))

bench-events: ## only importing, and answers about ten million events
	@$(MAKE) --no-print-directory bench ONLY=events

loadtest: packages-run packages-load build ## many clients over all endpoints; USERS=150 RATE=50 TIME=60s, HOST=http://127.0.0.1:8081
	@exec loadtest/load headless

loadtest-ui: packages-run packages-load build ## the same, steered from a web page at WEB_PORT (8089)
	@exec loadtest/load ui

growth: packages-run build ## a million distinct queries: what the caches hold, what the hot ones feel (loadtest/growth)
	@exec loadtest/growth $(BENCH)

clean: ## remove what was built; data, logs and .env stay
	@rm -rf build .pytest_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

packages-run packages-test packages-lint packages-bench packages-load: packages-%:
	@stack/install-packages $*
