# `make` lists the targets; each needs Go and nothing else, unless it says so.
GO      ?= go
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
COMMIT  ?= $(shell git rev-parse HEAD 2>/dev/null || echo unknown)
LDFLAGS  = -s -w -X main.version=$(VERSION) -X main.commit=$(COMMIT)

# The race detector needs a C compiler on most systems.
RACE ?= $(shell command -v cc >/dev/null 2>&1 && echo -race)
PKG  ?= ./...

# make demo FOR=60s; anything else for the command goes into ARGS.
FOR  ?=
ARGS ?=

FUZZTIME ?= 30s

.DEFAULT_GOAL := help
.PHONY: bench bench-ceiling bench-growth bench-groups bench-freshness bench-micro bench-compare plots
.PHONY: bench-replicas bench-catchup bench-neighbours bench-peers bench-economy
.PHONY: help build test demo torture torture-short simulate-faults model mutations ci lint fuzz compose-check

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## Build bin/aslogd
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o bin/aslogd ./cmd/aslogd

test: ## Run all tests (PKG=./sink/... for some), on a real Postgres, and a real Kafka where java and mvn or Docker are there
	$(GO) run ./internal/testenv/serve -- $(GO) test $(RACE) -timeout 10m $(PKG)

SEEDS ?= 2000

simulate-faults: ## Drive committer and relay through SEEDS (2000) worlds of crashes, delays and lost answers, without services
	$(GO) test -count=1 -timeout 30m -run '^TestEveryInterleaving$$' ./sink -seeds $(SEEDS)

model: ## Check the models of lease, commit and relay, whole; needs spin and a C compiler
	docs/model/run

demo: build ## Show everything at once on this machine, with made data (FOR=60s ends by itself)
	bin/aslogd demo $(if $(FOR),--for $(FOR)) $(ARGS)

torture: ## Run every fault in every scenario, for an hour or more (ARGS="--fault sigkill --scenario plain" for some; ARGS=--list names them)
	$(GO) run ./internal/torture $(ARGS)

torture-short: ## The most telling faults in one mixed scenario, under 5 minutes
	$(GO) run ./internal/torture --short $(ARGS)

BENCH = $(GO) run ./internal/testenv/serve -- $(GO) run ./bench

# make bench-growth KEEP=1 writes what was measured into the page, and draws it.
KEEP ?=
keep  = $(if $(KEEP),-markdown $(CURDIR)/docs/performance.md $(if $(1),-plot $(CURDIR)/docs/plots/$(1).svg))

bench: ## Measure a backfill against what this machine can do at all (KEEP=1, here and below, to have it in docs/performance.md)
	$(BENCH)/backfill $(call keep,backfill) $(ARGS)

bench-ceiling: ## Measure what this machine can do: fetch, COPY, produce, alone and at once, without any guarantee
	$(BENCH)/backfill -ceilings $(ARGS)

bench-growth: ## Measure whether an action costs more the more are stored, up to three million
	$(BENCH)/growth $(call keep,growth) $(ARGS)

bench-groups: ## Measure what 10 to 10,000 quiet groups cost
	$(BENCH)/groups $(call keep,groups) $(ARGS)

bench-freshness: ## Measure how long it takes from the API to the row and to the record
	$(BENCH)/freshness $(call keep,freshness) $(ARGS)

bench-replicas: ## Measure 1, 2 and 4 daemons on 8 and 32 shards, what Postgres waits for, and hand-overs
	$(BENCH)/replicas $(call keep,replicas) $(ARGS)

bench-catchup: ## Measure how the topics catch up with a million journal rows, and how far behind they are when idle
	$(BENCH)/catchup $(call keep,catchup) $(ARGS)

bench-neighbours: ## Measure what a slow group and a failing one do to 10,000 others
	$(BENCH)/groups -neighbours $(call keep,) $(ARGS)

bench-peers: ## Measure the same backfill and live load through Redpanda Connect and dlt; needs python3 (ARGS="-away 40s" kills each besides)
	$(BENCH)/peers $(call keep,peers) $(ARGS)

bench-economy: ## Measure what is asked of the API in days of fake time, against the least; needs no service
	$(GO) test -count=1 -timeout 30m -v ./bench/economy -args -whole $(call keep,economy) $(ARGS)

bench-micro: ## Run every microbenchmark once (ARGS="-benchtime 1s -count 6" to measure)
	$(GO) run ./internal/testenv/serve -- $(GO) test -run '^$$' -bench . -benchtime 1x $(ARGS) ./...

plots: ## Draw the pictures of docs/performance.md again, from its tables
	$(GO) test -count=1 -run '^TestThePictureShowsThePage$$' $(addprefix ./,$(dir $(wildcard bench/*/plot_test.go))) -args -draw

BASE ?= HEAD

bench-compare: ## Measure the microbenchmarks here and at BASE (HEAD) in turns, and have benchstat compare them (ARGS="-package sink -bench Copy" for some)
	$(BENCH)/compare -base $(BASE) $(ARGS)

ci: ## Do what CI does; installs what is missing (Debian)
	.ci/run

lint: ## Check format and vet; golangci-lint besides, where it is installed
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); test -z "$$unformatted" || { echo "not gofmt'ed:"; echo "$$unformatted"; exit 1; }
	$(GO) vet ./...
	@command -v golangci-lint >/dev/null 2>&1 && golangci-lint run || true

fuzz: ## Run each fuzz target for FUZZTIME (30s)
	@grep -rlE '^func Fuzz' --include='*_test.go' . | while read -r file; do \
	    for target in $$(sed -nE 's/^func (Fuzz[A-Za-z0-9_]*).*/\1/p' "$$file"); do \
	        echo "$$(dirname "$$file") $$target"; \
	        $(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) "$$(dirname "$$file")" || exit 1; \
	    done; \
	done

compose-check: ## Check docker-compose.yml, with Docker's own parser where it is there
	$(GO) test ./deploy
	@if docker compose version >/dev/null 2>&1; then docker compose config --quiet && echo "docker compose config: ok"; \
	else echo "docker compose is not here: only the project's own check was made"; fi

mutations: ## Break the code on purpose, in one small place at a time: the tests must notice (ARGS="--law 5" for some; hours for all)
	$(GO) run ./internal/testenv/serve -- $(GO) run ./internal/mutation $(ARGS)
