# The commands of the house. `make serve` and `make test` install what they need.

SHELL   := /bin/bash
DATA    ?= ./data
LISTEN  ?= 127.0.0.1:8080
TOOL    := go tool -modfile=tools/go.mod
APT     := DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends
SOURCES := $(shell git ls-files -co --exclude-standard '*.go')

.PHONY: build serve test lint soak bench generate deps-serve deps-test

build:
	go build -trimpath -o bin/magpie ./cmd/magpie

serve: deps-serve build
	bin/magpie serve --listen $(LISTEN) --data $(DATA)

test: deps-serve deps-test build
	go test -count=1 -timeout 30m ./...

# Format, vet, staticcheck, and generated code that is current.
lint:
	@unformatted=$$($(TOOL) gofumpt -l $(SOURCES)); if [ -n "$$unformatted" ]; then echo "not formatted: $$unformatted"; exit 1; fi
	go vet ./...
	$(TOOL) staticcheck ./...
	$(TOOL) sqlc diff -f internal/catalog/sqlc.yaml

generate:
	$(TOOL) sqlc generate -f internal/catalog/sqlc.yaml

# The long campaigns, of which `make test` runs a short sample each.
soak: deps-serve deps-test build
	MAGPIE_SOAK=1 go test -count=1 -timeout 80m ./...

bench: deps-serve build
	go test -run '^$$' -bench . -benchmem ./internal/...

deps-serve:
	@command -v ffmpeg >/dev/null || { apt-get update && $(APT) ffmpeg; }

# curl and strace for the black-box tests, Chromium for the player's.
deps-test:
	@for p in curl strace chromium; do command -v $$p >/dev/null || missing="$$missing $$p"; done; \
		if [ -n "$$missing" ]; then apt-get update && $(APT) $$missing; fi
	@cd e2e/clients && { [ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --no-audit --no-fund; }
