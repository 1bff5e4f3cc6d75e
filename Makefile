# ansinh: `make help` lists what can be made. Everything that is built goes to $(O).

O ?= build
ifeq ($(origin CC),default) # make's own default is cc
CC := gcc
endif
WERROR ?=
SANITIZE ?=
# Of test builds: -DANSINH_CHAOS (crash points), -DANSINH_MUTANT=<name> besides (a fault on purpose).
SWITCHES ?=
VAR ?= $(or $(ANSINH_VAR),./var)
PORT ?= 8080
export PORT VAR

LAYERS := base loop bus store archive sign domain settle json service
SERVICES := $(notdir $(wildcard services/*))
PKGS := libzmq libprotobuf-c hiredis libmicrohttpd jansson libsodium libcurl gmp libzstd zlib xlsxwriter libxml-2.0

WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes \
  -Wwrite-strings -Wcast-qual -Wformat=2 -Wvla -Wundef -Wimplicit-fallthrough -Wswitch-enum
LIBXML := $(patsubst -I%,-isystem %,$(shell pkg-config --cflags-only-I libxml-2.0))
CPPFLAGS += -D_GNU_SOURCE -I. -isystem $(O)/gen $(LIBXML) -DANSINH_VERSION=\"$(shell cat VERSION)\" $(SWITCHES)
CFLAGS += -std=c11 -O2 -g $(WARNINGS) $(WERROR) -fno-common -fstack-protector-strong -fPIE $(SANITIZE)
ifeq ($(SANITIZE),)
CPPFLAGS += -D_FORTIFY_SOURCE=2
endif
LDFLAGS += -pie -Wl,-z,relro,-z,now $(SANITIZE)
LDLIBS = $(shell pkg-config --libs $(PKGS)) -lcsv -lm

PROTOS := $(wildcard proto/ansinh/v1/*.proto)
GEN_H := $(PROTOS:proto/%.proto=$(O)/gen/%.pb-c.h)
GEN_O := $(PROTOS:proto/%.proto=$(O)/gen/%.pb-c.o)
METHODS := $(O)/gen/api_methods.inc

layer_objs = $(patsubst %.c,$(O)/obj/%.o,$(wildcard common/$(1)/*.c))
service_objs = $(patsubst %.c,$(O)/obj/%.o,$(filter-out %/main.c,$(wildcard services/$(1)/*.c)))

# Archives from the top layer down: a lower layer cannot use a higher one.
ARCHIVES := $(SERVICES:%=$(O)/lib/svc_%.a) $(O)/lib/service.a $(O)/lib/json.a $(O)/lib/settle.a $(O)/lib/domain.a \
  $(O)/lib/sign.a $(O)/lib/archive.a $(O)/lib/store.a $(O)/lib/bus.a $(O)/lib/loop.a $(O)/lib/proto.a $(O)/lib/base.a
COMMON := $(filter-out $(O)/lib/svc_%,$(ARCHIVES))

BINARIES := $(patsubst %,$(O)/bin/%,$(filter-out cli,$(SERVICES))) $(O)/bin/ansinh

UNIT_TESTS := $(patsubst tests/unit/%.c,$(O)/tests/unit/%,$(wildcard tests/unit/test_*.c))
INTEGRATION_TESTS := $(patsubst tests/integration/%.c,$(O)/tests/integration/%,$(wildcard tests/integration/test_*.c))
POWER_TESTS := $(patsubst tests/power/%.c,$(O)/tests/power/%,$(wildcard tests/power/test_*.c))
POWER_OBJS := $(patsubst %,$(O)/obj/tests/power/%.o,aof disk orders witness)
FUZZERS ?= $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_TESTS := $(patsubst tests/fuzz/%.c,$(O)/tests/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
SUPPORT_OBJS := $(patsubst %.c,$(O)/obj/%.o,$(wildcard tests/support/*.c))
# Programs of the chaos tests are named chaos_*; the other files there belong to all of them.
CHAOS_MAINS := $(wildcard tests/chaos/chaos_*.c)
CHAOS_OBJS := $(patsubst %.c,$(O)/obj/%.o,$(filter-out $(CHAOS_MAINS),$(wildcard tests/chaos/*.c)))
CHAOS_TOOLS := $(patsubst tests/chaos/%.c,$(O)/chaos/%,$(CHAOS_MAINS))
BENCHES := $(patsubst tests/bench/%.c,$(O)/bench/%,$(wildcard tests/bench/*.c))

# A recipe shows one short line, or its command with V=1.
step = $(if $(V),,@echo "  $(1) $@";)

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all help clean packages packages-test packages-bench proto run up down sandbox test unit itest power btest bench recovery live chaos chaos-teeth model \
  asan lint objects tidy fmt fmt-check fuzz compdb build-tests

all: packages ## build everything (installs what is missing first)
	@$(MAKE) --no-print-directory -j$$(nproc) binaries

.PHONY: binaries
binaries: $(BINARIES)

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

packages: ## install what building and running need (apt, from deploy/packages.txt)
	@deploy/install-packages run
packages-test:
	@deploy/install-packages run test
packages-bench:
	@deploy/install-packages run bench

proto: $(GEN_H) $(METHODS)

$(O)/gen/%.pb-c.c $(O)/gen/%.pb-c.h: proto/%.proto
	@mkdir -p $(O)/gen
	$(call step,GEN)protoc-c -Iproto --c_out=$(O)/gen $<

$(METHODS): $(PROTOS) proto/methods.awk
	@mkdir -p $(@D)
	$(call step,GEN)awk -f proto/methods.awk $(PROTOS) > $@

$(O)/gen/%.o: $(O)/gen/%.c | $(GEN_H)
	$(call step,CC )$(CC) -std=c11 -O2 -g -fPIE $(SANITIZE) -I$(O)/gen -c $< -o $@

# Redis functions travel inside the binaries.
$(O)/gen/functions/%.inc: common/store/%.lua
	@mkdir -p $(@D)
	$(call step,GEN)awk '{gsub(/\\/,"\\\\"); gsub(/"/,"\\\""); printf "\"%s\\n\"\n", $$0}' $< > $@

$(O)/obj/%.o: %.c | $(GEN_H) $(METHODS) $(patsubst common/store/%.lua,$(O)/gen/functions/%.inc,$(wildcard common/store/*.lua))
	@mkdir -p $(@D)
	$(call step,CC )$(CC) $(CPPFLAGS) $(CFLAGS) -MD -MP -c $< -o $@

$(O)/lib/proto.a: $(GEN_O)
	@mkdir -p $(@D)
	@rm -f $@
	$(call step,AR )ar rcs $@ $^

define layer_rule
$(O)/lib/$(1).a: $(call layer_objs,$(1))
	@mkdir -p $$(@D)
	@rm -f $$@
	$$(call step,AR )ar rcs $$@ $$^
endef
$(foreach layer,$(LAYERS),$(eval $(call layer_rule,$(layer))))

define service_rule
$(O)/lib/svc_$(1).a: $(call service_objs,$(1))
	@mkdir -p $$(@D)
	@rm -f $$@
	$$(call step,AR )ar rcs $$@ $$^
endef
$(foreach service,$(SERVICES),$(eval $(call service_rule,$(service))))

$(O)/bin/ansinh: $(O)/obj/services/cli/main.o $(O)/lib/svc_cli.a $(COMMON)
	@mkdir -p $(@D)
	$(call step,LD )$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(O)/bin/%: $(O)/obj/services/%/main.o $(O)/lib/svc_%.a $(COMMON)
	@mkdir -p $(@D)
	$(call step,LD )$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(O)/tests/%: $(O)/obj/tests/%.o $(SUPPORT_OBJS) $(ARCHIVES)
	@mkdir -p $(@D)
	$(call step,LD )$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS) -lcmocka -lhiredis

$(O)/tests/power/%: $(O)/obj/tests/power/%.o $(POWER_OBJS) $(SUPPORT_OBJS) $(ARCHIVES)
	@mkdir -p $(@D)
	$(call step,LD )$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS) -lcmocka -lhiredis

# Goes into redis-server, so no sanitizer.
$(O)/power/shim.so: tests/power/shim.c tests/power/shim.h
	@mkdir -p $(@D)
	$(call step,LD )$(CC) -D_GNU_SOURCE -I. -std=c11 -O2 -g $(WARNINGS) $(WERROR) -fPIC -shared -o $@ $<

$(O)/bench/%: $(O)/obj/tests/bench/%.o $(SUPPORT_OBJS) $(ARCHIVES)
	@mkdir -p $(@D)
	$(call step,LD )$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS) -lcmocka -lhiredis

$(O)/chaos/%: $(O)/obj/tests/chaos/%.o $(CHAOS_OBJS) $(SUPPORT_OBJS) $(ARCHIVES)
	@mkdir -p $(@D)
	$(call step,LD )$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS) -lcmocka -lhiredis

# The services once more, with crash points.
.PHONY: crash-binaries
crash-binaries:
	@$(MAKE) --no-print-directory O=$(O)/crash SWITCHES=-DANSINH_CHAOS binaries

build-tests: binaries $(UNIT_TESTS) $(FUZZ_TESTS) $(INTEGRATION_TESTS) $(POWER_TESTS) $(O)/power/shim.so $(CHAOS_TOOLS) crash-binaries

run: all ## run the platform with the sample campaign until Ctrl-C (PORT=8080 VAR=./var)
	@deploy/run foreground
up: all ## the same in the background
	@deploy/run up
down: ## end what `make up` started
	@deploy/run down
sandbox: all ## a platform of one's own to try a partner's client on (PORT=8090 VAR=./var-sandbox)
	@$(if $(filter file,$(origin PORT)),unset PORT;) $(if $(filter file,$(origin VAR)),unset VAR;) deploy/sandbox

test: packages-test ## build and run every test; ends with "N passed, N failed"
	@$(MAKE) --no-print-directory -j$$(nproc) build-tests
	@O=$(O) tests/run unit fuzz model integration power browser chaos
unit: packages-test ## the unit tests alone
	@$(MAKE) --no-print-directory -j$$(nproc) binaries $(UNIT_TESTS) $(FUZZ_TESTS)
	@O=$(O) tests/run unit fuzz
itest: packages-test ## the integration tests alone
	@$(MAKE) --no-print-directory -j$$(nproc) build-tests
	@O=$(O) tests/run integration
power: packages-test ## power cuts and sick disks alone (CUTS=50 cuts, FLIPS=48 flipped bits)
	@$(MAKE) --no-print-directory -j$$(nproc) build-tests
	@O=$(O) POWER_CUTS=$(CUTS) POWER_FLIPS=$(FLIPS) tests/run power
btest: packages-test ## the browser tests alone
	@$(MAKE) --no-print-directory -j$$(nproc) binaries
	@O=$(O) tests/run browser

# Python by its path: the packages are installed for Debian's own.
chaos: packages-test ## everything fails under load, nothing is lost (SECONDS=120 KILLS=120; SEED=1 for the same faults again)
	@$(MAKE) --no-print-directory -j$$(nproc) binaries $(CHAOS_TOOLS)
	@/usr/bin/python3 tests/chaos/run.py --build $(O) $(SECONDS:%=--seconds %) $(SEED:%=--seed %) $(KILLS:%=--kills %)

chaos-teeth: packages-test ## faults made on purpose, each of which the suite must find
	@$(MAKE) --no-print-directory -j$$(nproc) binaries $(CHAOS_TOOLS)
	@/usr/bin/python3 tests/chaos/teeth.py --build $(O)

model: packages-test ## every interleaving of commit, events and flush, with and without each safeguard (MODEL_FAULTS=2 MODEL_LEASES=2)
	@O=$(O) MODEL_FAULTS=$(MODEL_FAULTS) MODEL_LEASES=$(MODEL_LEASES) tests/model/run

bench: packages-bench ## measure; prints a table and writes build/bench.json
	@$(MAKE) --no-print-directory -j$$(nproc) binaries $(BENCHES)
	@O=$(O) tests/bench/run
recovery: packages-bench ## measure how long restarts and catching up take; writes build/recovery.json
	@$(MAKE) --no-print-directory -j$$(nproc) binaries $(BENCHES)
	@O=$(O) tests/bench/run recovery
live: packages-bench ## measure how late live progress is, and for how many viewers (FULL=1: a country, UNITS=file PEOPLE=1000000)
	@$(MAKE) --no-print-directory -j$$(nproc) binaries $(BENCHES)
	@O=$(O) NATION_UNITS=$(UNITS) NATION_PEOPLE=$(PEOPLE) tests/bench/run $(if $(filter 1,$(FULL)),nation,live)

asan: packages-test ## unit and integration tests under AddressSanitizer and UBSan
	@$(MAKE) --no-print-directory -j$$(nproc) O=build/asan \
	  SANITIZE="-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer" build-tests
	@O=build/asan ASAN_OPTIONS=handle_segv=2:handle_sigbus=2:handle_sigfpe=2:handle_sigill=2:detect_leaks=1 \
	  tests/run unit fuzz integration power

CUTS ?= 50
FLIPS ?= 48
T ?= 60
# A fuzzer brings its own parts of the store and of the bus: no support objects, which use the real ones.
FUZZ_OBJS := $(patsubst %,$(O)/obj/tests/fuzz/%.o,fuzz fake_store) $(O)/obj/tests/support/json_every.o
$(O)/fuzz/%: $(O)/obj/tests/fuzz/%.o $(FUZZ_OBJS) $(ARCHIVES)
	@mkdir -p $(@D)
	$(call step,LD )$(CC) $(LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(LDLIBS) -lhiredis
$(O)/tests/fuzz/%: $(O)/obj/tests/fuzz/%.o $(O)/obj/tests/fuzz/replay.o $(FUZZ_OBJS) $(ARCHIVES)
	@mkdir -p $(@D)
	$(call step,LD )$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS) -lhiredis -lcmocka

fuzz: packages-test ## run every fuzzer for T=60 seconds (FUZZERS="fuzz_json ..." for some)
	@$(MAKE) --no-print-directory -j$$(nproc) O=build/fuzz CC=clang \
	  SANITIZE="-fsanitize=fuzzer-no-link,address,undefined" $(FUZZERS:%=build/fuzz/fuzz/%)
	@for target in $(FUZZERS); do \
	  mkdir -p build/fuzz/found/$$target && echo "fuzz: $$target for $(T) s" && \
	  build/fuzz/fuzz/$$target -max_total_time=$(T) -max_len=8192 -print_final_stats=1 \
	    -artifact_prefix=build/fuzz/$$target- build/fuzz/found/$$target \
	    tests/fuzz/corpus/$${target#fuzz_} || exit 1; done

N ?= 10000000
oracle: packages-test ## N=10000000 random quotes against the law told twice
	@$(MAKE) --no-print-directory -j$$(nproc) $(O)/tests/unit/test_quote_oracle
	@ORACLE_QUOTES=$(N) $(O)/tests/unit/test_quote_oracle

lint: packages-test ## formatter check, analysers, include rules, size limits
	@deploy/lint/run
# Every C file compiled, and analysed again when it or what it includes has changed.
LINTED := $(wildcard common/*/*.c services/*/*.c tests/*/*.c)
objects: $(LINTED:%.c=$(O)/obj/%.o)
tidy: $(LINTED:%.c=$(O)/tidy/%.ok)
$(O)/tidy/%.ok: %.c $(O)/obj/%.o .clang-tidy tests/.clang-tidy
	@mkdir -p $(@D)
	clang-tidy --quiet $< -- -std=c11 $(CPPFLAGS) && touch $@
fmt: ## format the C files in place
	clang-format -i $$(git ls-files '*.c' '*.h')
fmt-check:
	clang-format --dry-run -Werror $$(git ls-files '*.c' '*.h')

compdb: ## compile_commands.json for editors
	bear -- $(MAKE) -B binaries

clean: ## remove what was built
	rm -rf $(O)

-include $(shell find $(O)/obj -name '*.d' 2>/dev/null)
