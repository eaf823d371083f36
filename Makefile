# The commands of the house. `make serve` and `make test` install what they need.

SHELL   := /bin/bash
DATA    ?= ./data
LISTEN  ?= 127.0.0.1:8080
TOOL    := go tool -modfile=tools/go.mod
SOURCES  = $(shell find . -name node_modules -prune -o -name '*.go' -print)

.PHONY: build serve test race lint soak fuzz bench recording screenshots steps generate console deps-bench deps-ingest deps-serve deps-test

build:
	go build -trimpath -o bin/magpie ./cmd/magpie
	@bin/magpie man > bin/magpie.1

serve: deps-serve build
	bin/magpie serve --listen $(LISTEN) --data $(DATA)

test: deps-serve deps-test build
	$(call tests,./...,-count=1 -timeout 30m)

# What many goroutines share, under the race detector, which needs a C compiler.
# Its checks of pointers are left out for SQLite, which is C turned into Go: they
# find nothing there and take half of the time.
race: deps-test
	$(call tests,./cmd/... $$(go list ./internal/... | grep -v /processing/ | tr '\n' ' '),-race -gcflags='modernc.org/...=-d=checkptr=0' -count=1 -timeout 30m)

# tests runs those of packages, with flags. Many start servers, browsers and ffmpeg on two
# processors, so one that fails is run once more when the others are done, and named at the
# end: to mend it all the same. There is no second try where it is many, or after a data race.
define tests
	@mkdir -p bin; rm -f bin/tried-again
	$(TOOL) gotestsum -f standard-quiet --rerun-fails=1 --rerun-fails-max-failures=6 --rerun-fails-run-root-test \
		--rerun-fails-abort-on-data-race --rerun-fails-report=bin/tried-again --packages="$(1)" -- $(2)
	@[ ! -s bin/tried-again ] || { echo "failed at first:"; cat bin/tried-again; }
endef

# Format, vet, staticcheck, and generated code that is current, the console's included. The tools are
# compiled at the first run, which takes some minutes, and kept.
lint: web/node_modules/.package-lock.json
	@unformatted=$$($(TOOL) gofumpt -l $(SOURCES)) || exit 1; \
		if [ -n "$$unformatted" ]; then echo "not formatted:" $$unformatted; exit 1; fi
	go vet ./...
	$(TOOL) staticcheck ./...
	$(TOOL) sqlc diff -f internal/catalog/sqlc.yaml
	@cd web && npm run -s check
	@fresh=$$(mktemp -d) && trap 'rm -r "$$fresh"' EXIT && (cd web && npm run -s build -- --outDir "$$fresh" --logLevel warn) && \
		diff -rq "$$fresh" internal/console/dist || { echo "internal/console/dist is not what web/ makes: make console" >&2; exit 1; }

generate:
	$(TOOL) sqlc generate -f internal/catalog/sqlc.yaml

# What internal/console serves, made of web/ and committed, so that magpie can be built
# without Node. Its types are checked as well.
console: web/node_modules/.package-lock.json
	cd web && npm run -s check && npm run -s build

web/node_modules/.package-lock.json: web/package-lock.json
	cd web && npm ci --no-audit --no-fund && touch node_modules/.package-lock.json

# The long campaigns, of which `make test` runs a short sample each, and FUZZTIME of
# every fuzz target.
soak: deps-serve deps-test build
	MAGPIE_SOAK=1 go test -count=1 -timeout 80m ./...
	@$(MAKE) --no-print-directory fuzz

# Go 1.26 says of a target now and then that it failed when its time is over, and has no
# failing input then (golang/go#75804).
FUZZTIME ?= 1m
fuzz:
	@mkdir -p bin; grep -ro --include=*_test.go '^func Fuzz[A-Za-z0-9]*' bench cmd internal | sort | while IFS=: read -r file target; do \
		package=./$$(dirname $$file); target=$${target#func }; echo "$$package $$target"; \
		go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) $$package >bin/fuzz.log 2>&1 || \
		{ grep -q 'context deadline exceeded' bin/fuzz.log && ! grep -q 'Failing input' bin/fuzz.log; } || { cat bin/fuzz.log; exit 1; }; \
	done

# What docs/performance.md reports: processing, all of it or `make bench CASES="ladder images"`,
# and how bytes come in and go out: `make bench CASES=ingest INGEST="-case speed,read -rounds 3"`.
bench: deps-serve deps-bench build $(if $(filter ingest,$(CASES)),deps-ingest)
	$(if $(filter ingest,$(CASES)),go run ./bench/ingest -magpie bin/magpie $(INGEST))
	$(if $(or $(filter-out ingest,$(CASES)),$(if $(CASES),,all)),go run ./bench -magpie bin/magpie $(filter-out ingest,$(CASES)))

# The film in README.md, of a real session.
recording: deps-serve build
	go run ./bench/recording -magpie bin/magpie

# The pictures in docs/, taken while a test goes through the console.
screenshots: deps-serve deps-test build
	@$(call need,/usr/share/fonts/opentype/ipafont-gothic:fonts-ipafont-gothic)
	MAGPIE_SCREENSHOTS=$(CURDIR)/docs/images go test -count=1 ./e2e -run 'TestConsoleTour$$'

# The benchmarks of single steps.
steps:
	go test -run '^$$' -bench . -benchmem ./internal/...

# libvips, to compare with.
deps-bench:
	@$(call need,vipsthumbnail:libvips-tools)

# nginx, which bench/ingest starts itself; tusd it builds.
deps-ingest:
	@$(call need,/usr/sbin/nginx:nginx-light)

deps-serve:
	@$(call need,ffmpeg)

# PostgreSQL for the catalogue's tests, curl and strace for the black-box tests,
# ip and unshare for those of a cluster, Chromium for the player's, node and tweepy for the clients that people use.
deps-test: bin/versitygw
	@$(call need,/usr/lib/postgresql:postgresql curl strace unshare:util-linux ip:iproute2 chromium node:nodejs npm /usr/lib/python3/dist-packages/tweepy:python3-tweepy php:php-cli /usr/share/doc/php-curl:php-curl ruby)
	@cd e2e/clients && { [ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --no-audit --no-fund; }

# An S3 server, for the tests of internal/blob/s3blob.
bin/versitygw: tools/versitygw.mod
	go build -modfile=tools/versitygw.mod -trimpath -o $@ github.com/versity/versitygw/cmd/versitygw

# need installs Debian's packages for the programs or files that are not there
# yet, each written program or program:package.
define need
	missing=; for p in $(1); do command -v $${p%:*} >/dev/null || [ -e $${p%:*} ] || missing="$$missing $${p#*:}"; done; \
	[ -z "$$missing" ] || { \
		command -v apt-get >/dev/null || { echo "please install$$missing: this machine has no apt-get" >&2; exit 1; }; \
		as_root=; [ "$$(id -u)" = 0 ] || as_root="sudo"; \
		echo "installing$$missing"; \
		$$as_root apt-get update -qq && \
		$$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $$missing; }
endef
