# make            build everything into build/
# make run        demo instance on loopback        make run-clean  forget it
# make test       everything, make check-asan the same under ASan and UBSan, make check-cards every cut of a card
# make fuzz, make bench, make install, make format
BUILD ?= build
CC ?= gcc
CFLAGS ?= -O2 -g
XCA_CFLAGS := -std=c11 -D_GNU_SOURCE -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes \
  -Wmissing-prototypes -Wpointer-arith -Wwrite-strings -Wformat=2 -Wno-unused-parameter -fPIC \
  -fstack-protector-strong -fvisibility=hidden -MMD -MP -Imod_xca
SANITIZE ?=
ifneq ($(SANITIZE),)
XCA_CFLAGS += -fsanitize=$(SANITIZE) -fno-omit-frame-pointer -fno-sanitize-recover=undefined
XCA_LDFLAGS += -fsanitize=$(SANITIZE)
endif

APR_CFLAGS := $(shell pkg-config --cflags apr-1 2>/dev/null)
CORE_CFLAGS := $(APR_CFLAGS) $(shell pkg-config --cflags libxml-2.0 libcurl libzip p11-kit-1 2>/dev/null)
CORE_LIBS := $(shell pkg-config --libs apr-1 libxml-2.0 libcurl libzip 2>/dev/null) -lssl -lcrypto -lldap -llber -lcmark -lm \
  -Wl,--push-state,--as-needed -lp11-kit -Wl,--pop-state
APXS ?= apxs2
HTTPD_CFLAGS = -I$(shell $(APXS) -q INCLUDEDIR) $(shell pkg-config --cflags apr-util-1) $(APR_CFLAGS)

LAYERS := base domain wire outside directory operations portal
CORE_SOURCES := $(foreach layer,$(LAYERS),$(sort $(wildcard mod_xca/$(layer)/*.c)))
CORE_OBJECTS := $(CORE_SOURCES:%.c=$(BUILD)/%.o)
FACE_SOURCES := $(sort $(wildcard mod_xca/httpd/*.c))
FACE_OBJECTS := $(FACE_SOURCES:%.c=$(BUILD)/%.o)
PROGRAMS := $(filter-out xca-card,$(notdir $(patsubst %/,%,$(sort $(dir $(wildcard tools/*/*.c))))))
UNIT_TESTS := $(patsubst tests/unit/%.c,%,$(sort $(wildcard tests/unit/test_*.c)))
FUZZ_TARGETS := $(patsubst tests/fuzz/%.c,%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))

.PHONY: all
all: $(if $(FACE_SOURCES),$(BUILD)/mod_xca.so) $(PROGRAMS:%=$(BUILD)/%) $(BUILD)/xca-card $(BUILD)/applicant cards forms

$(BUILD)/mod_xca/%.o: mod_xca/%.c
	@mkdir -p $(@D)
	$(CC) $(XCA_CFLAGS) $(CFLAGS) $(CORE_CFLAGS) -c $< -o $@

$(FACE_OBJECTS): CORE_CFLAGS += $(HTTPD_CFLAGS) -Wno-pedantic

# Plain C: what the card helper shares must build without APR, LDAP and httpd.
$(BUILD)/mod_xca/wire/%.o: CORE_CFLAGS =

$(BUILD)/libxca.a: $(CORE_OBJECTS)
	rm -f $@ && ar rcs $@ $^

$(BUILD)/mod_xca.so: $(FACE_OBJECTS) $(BUILD)/libxca.a
	$(CC) -shared $(XCA_LDFLAGS) $(LDFLAGS) -o $@ $(FACE_OBJECTS) -Wl,--exclude-libs,ALL \
	  $(BUILD)/libxca.a $(CORE_LIBS)

$(BUILD)/tools/%.o: tools/%.c
	@mkdir -p $(@D)
	$(CC) $(XCA_CFLAGS) $(CFLAGS) $(CORE_CFLAGS) -Itools -c $< -o $@

# The one program that knows libfreexl, and of the core no other library's part.
LIBS_xca-xls = -lfreexl $(shell pkg-config --libs apr-1 2>/dev/null)

# The program of the build that makes the forms: pango and cairo are not in what runs.
LIBS_xca-forms = $(shell pkg-config --libs pangocairo apr-1 libxml-2.0 libzip 2>/dev/null)
$(BUILD)/tools/xca-forms/%.o: CORE_CFLAGS += $(shell pkg-config --cflags pangocairo 2>/dev/null)

define PROGRAM
$(BUILD)/$(1): $(patsubst %.c,$(BUILD)/%.o,$(sort $(wildcard tools/$(1)/*.c))) $(BUILD)/libxca.a
	$$(CC) $$(XCA_LDFLAGS) $$(LDFLAGS) -o $$@ $$(filter %.o,$$^) $(BUILD)/libxca.a $$(or $$(LIBS_$(1)),$$(CORE_LIBS))
endef
$(foreach program,$(PROGRAMS),$(eval $(call PROGRAM,$(program))))

# Who applies for the demo's cards, in no browser.
$(BUILD)/applicant: $(BUILD)/tools/demo/applicant/main.o $(BUILD)/libxca.a
	$(CC) $(XCA_LDFLAGS) $(LDFLAGS) -o $@ $^ $(CORE_LIBS)

# Letters and forms to download, .odt and .pdf, each of one source. What fontconfig keeps for the process is no leak of ours.
.PHONY: forms
forms: $(BUILD)/forms/made
$(BUILD)/forms/made: $(BUILD)/xca-forms $(sort $(wildcard conf/forms/*.xml))
	@mkdir -p $(@D)
	ASAN_OPTIONS=detect_leaks=0 $(BUILD)/xca-forms $(@D) $(filter %.xml,$^)
	@touch $@

# The card helper's source, for the portal to give: what "make build/xca-card" needs and no more. The same source, the same file.
forms: $(BUILD)/forms/xca-card.tar.gz
$(BUILD)/forms/xca-card.tar.gz: Makefile LICENSE $(sort $(wildcard tools/xca-card/* mod_xca/wire/*))
	@mkdir -p $(@D)
	tar --sort=name --owner=0 --group=0 --numeric-owner --mtime=2026-01-01 --transform='s,^,xca-card/,' -cf - $^ | gzip -n >$@

# What verifies the public log, and the log's description, for the portal to give.
forms: $(BUILD)/forms/verify.py $(BUILD)/forms/public-log.md
$(BUILD)/forms/verify.py: tools/log/verify.py
$(BUILD)/forms/public-log.md: tools/log/README.md
$(BUILD)/forms/verify.py $(BUILD)/forms/public-log.md:
	@mkdir -p $(@D)
	cp $< $@

# The card helper: PC/SC, OpenSSL, libcurl, jansson, libmicrohttpd, and of the core mod_xca/wire alone. All but its main is a library for its tests.
HELPER_CFLAGS := $(shell pkg-config --cflags libpcsclite libcurl jansson libmicrohttpd libcrypto 2>/dev/null)
HELPER_LIBS := $(shell pkg-config --libs libpcsclite libcurl jansson libmicrohttpd libcrypto 2>/dev/null) -lpthread
HELPER_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(filter-out %/main.c,$(sort $(wildcard tools/xca-card/*.c))) \
  $(sort $(wildcard mod_xca/wire/*.c)))

$(BUILD)/tools/xca-card/%.o: CORE_CFLAGS = $(HELPER_CFLAGS)

$(BUILD)/libxca-card.a: $(HELPER_OBJECTS)
	rm -f $@ && ar rcs $@ $^

$(BUILD)/xca-card: $(BUILD)/tools/xca-card/main.o $(BUILD)/libxca-card.a
	$(CC) $(XCA_LDFLAGS) $(LDFLAGS) -o $@ $^ $(HELPER_LIBS)

# A card and a reader to try with: the demo offers them too. Plain C on libcrypto.
CARD_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(sort $(wildcard tests/cardsim/*.c)))

$(BUILD)/tests/cardsim/%.o: tests/cardsim/%.c
	@mkdir -p $(@D)
	$(CC) $(XCA_CFLAGS) $(CFLAGS) -c $< -o $@

$(BUILD)/cardsim: $(CARD_OBJECTS)
	$(CC) $(XCA_LDFLAGS) $(LDFLAGS) -o $@ $^ -lcrypto

$(BUILD)/cardreader: $(BUILD)/tests/cardsim/reader/main.o
	$(CC) $(XCA_LDFLAGS) $(LDFLAGS) -o $@ $^

# Preloaded into Debian's pcscd: without sanitizers.
$(BUILD)/cardreader-private.so: tests/cardsim/reader/private.c
	@mkdir -p $(@D)
	$(CC) $(filter-out -fsanitize=% -Wpedantic,$(XCA_CFLAGS)) $(CFLAGS) -shared -o $@ $<

# The tests of its commands, without the link to a reader.
$(patsubst %,$(BUILD)/tests/unit/%,$(filter test_cardsim%,$(UNIT_TESTS))): $(BUILD)/tests/unit/%: tests/unit/%.c \
  $(filter-out %/main.o %/link.o,$(CARD_OBJECTS))
	@mkdir -p $(@D)
	$(CC) $(XCA_CFLAGS) $(CFLAGS) $(XCA_LDFLAGS) $(LDFLAGS) -o $@ $(filter %.c %.o,$^) -lcrypto -lcmocka

.PHONY: cards
cards: $(BUILD)/cardsim $(BUILD)/cardreader $(BUILD)/cardreader-private.so

# Tests -----------------------------------------------------------------------------------------------------------
$(BUILD)/tests/unit/test_xca_card_%: tests/unit/test_xca_card_%.c $(BUILD)/libxca-card.a
	@mkdir -p $(@D)
	$(CC) $(XCA_CFLAGS) $(CFLAGS) $(HELPER_CFLAGS) -Itools/xca-card $(XCA_LDFLAGS) $(LDFLAGS) -o $@ $< \
	  $(BUILD)/libxca-card.a $(HELPER_LIBS) -lcmocka

$(BUILD)/tests/unit/%: tests/unit/%.c $(BUILD)/libxca.a
	@mkdir -p $(@D)
	$(CC) $(XCA_CFLAGS) $(CFLAGS) $(CORE_CFLAGS) $(XCA_LDFLAGS) $(LDFLAGS) -o $@ $< $(BUILD)/libxca.a \
	  $(CORE_LIBS) -lcmocka

$(BUILD)/tests/replay/fuzz_xca_card_%: tests/fuzz/fuzz_xca_card_%.c tests/fuzz/replay_main.c $(BUILD)/libxca-card.a
	@mkdir -p $(@D)
	$(CC) $(XCA_CFLAGS) $(CFLAGS) $(HELPER_CFLAGS) -Itools/xca-card $(XCA_LDFLAGS) $(LDFLAGS) -o $@ $< \
	  tests/fuzz/replay_main.c $(BUILD)/libxca-card.a $(HELPER_LIBS)

# A fuzz target with a main that reads the corpus once: the corpus is part of every test run, without clang.
$(BUILD)/tests/replay/%: tests/fuzz/%.c tests/fuzz/replay_main.c $(BUILD)/libxca.a
	@mkdir -p $(@D)
	$(CC) $(XCA_CFLAGS) $(CFLAGS) $(CORE_CFLAGS) $(XCA_LDFLAGS) $(LDFLAGS) -o $@ $< \
	  tests/fuzz/replay_main.c $(BUILD)/libxca.a $(CORE_LIBS)

.PHONY: unit test-programs
unit: $(UNIT_TESTS:%=$(BUILD)/tests/unit/%)
	@for t in $(UNIT_TESTS); do $(BUILD)/tests/unit/$$t || exit 1; done
test-programs: all $(UNIT_TESTS:%=$(BUILD)/tests/unit/%) core-programs $(FUZZ_TARGETS:%=$(BUILD)/tests/replay/%) bench-programs

# Everything, in the order: packages, build, suites. SUITES chooses some: make test SUITES="guard unit"
.PHONY: test check-asan
test:
	@tools/demo/packages.sh conf/packages-run.txt conf/packages-test.txt
	@$(MAKE) --no-print-directory $(if $(findstring -j,$(MAKEFLAGS)),,-j$(shell nproc)) test-programs
	@tests/fetch-axe.sh build/axe-core
	@BUILD='$(BUILD)' SANITIZE='$(SANITIZE)' tests/run.py $(SUITES)

# Pictures of every page in its states, in both languages, wide and narrow, and as printed: build/screenshots/index.html
.PHONY: screenshots
screenshots: all
	@tools/demo/packages.sh conf/packages-run.txt conf/packages-test.txt
	@BUILD='$(BUILD)' /usr/bin/python3 tests/screenshots.py $(PARTS)

# Cards cut at every command in every way, on the real pcscd: half an hour. "make test" takes a part of it.
.PHONY: check-cards
check-cards: test-programs
	@BUILD='$(BUILD)' XCA_CARD_CUTS=all /usr/bin/python3 -m pytest -p no:cacheprovider -q tests/system/test_never_a_dead_card.py

# The same under ASan and UBSan; slapd and httpd are the system's, so the module brings the runtime along.
check-asan:
	@$(MAKE) --no-print-directory test BUILD=build/asan SANITIZE=address,undefined CFLAGS='-O1 -g'

# libFuzzer over every target, FUZZ_SECONDS each, from its corpus.
FUZZ_SECONDS ?= 30
FUZZ_BUILD := build/fuzz
.PHONY: fuzz fuzz-programs
fuzz:
	@tools/demo/packages.sh conf/packages-run.txt conf/packages-fuzz.txt
	@$(MAKE) --no-print-directory -j$(shell nproc) BUILD=$(FUZZ_BUILD) CC=clang \
	  SANITIZE=fuzzer-no-link,address,undefined CFLAGS='-O1 -g' fuzz-programs
	@FUZZ_SECONDS=$(FUZZ_SECONDS) tests/fuzz/run.sh $(FUZZ_BUILD) $(FUZZ_TARGETS)
fuzz-programs: $(FUZZ_TARGETS:%=$(BUILD)/%)
HELPER_FUZZ := $(filter fuzz_xca_card_%,$(FUZZ_TARGETS))
$(HELPER_FUZZ:%=$(BUILD)/%): $(BUILD)/%: tests/fuzz/%.c $(BUILD)/libxca-card.a
	$(CC) $(XCA_CFLAGS) $(CFLAGS) $(HELPER_CFLAGS) -Itools/xca-card -fsanitize=fuzzer,address,undefined $(LDFLAGS) -o $@ $< \
	  $(BUILD)/libxca-card.a $(HELPER_LIBS)
$(patsubst %,$(BUILD)/%,$(filter-out $(HELPER_FUZZ),$(FUZZ_TARGETS))): $(BUILD)/%: tests/fuzz/%.c $(BUILD)/libxca.a
	$(CC) $(XCA_CFLAGS) $(CFLAGS) $(CORE_CFLAGS) -fsanitize=fuzzer,address,undefined $(LDFLAGS) -o $@ $< \
	  $(BUILD)/libxca.a $(CORE_LIBS)

# The demo -----------------------------------------------------------------------------------------------------------
.PHONY: run run-clean
run:
	@BUILD='$(BUILD)' tools/demo/run.sh
run-clean:
	@BUILD='$(BUILD)' tools/demo/forget.sh

# Installing ---------------------------------------------------------------------------------------------------------
PREFIX ?= /usr/local
MODULES_DIR ?= $(PREFIX)/lib/apache2/modules
SHARE := $(DESTDIR)$(PREFIX)/share/xca
.PHONY: install
install: all
	install -d '$(DESTDIR)$(MODULES_DIR)' '$(DESTDIR)$(PREFIX)/bin' '$(DESTDIR)$(PREFIX)/sbin' '$(SHARE)' \
	  '$(DESTDIR)$(PREFIX)/share/man/man1' '$(DESTDIR)$(PREFIX)/share/man/man8' '$(DESTDIR)$(PREFIX)/share/doc/xca'
	install -m 644 $(BUILD)/mod_xca.so '$(DESTDIR)$(MODULES_DIR)'
	install -m 755 $(BUILD)/xca-admin $(BUILD)/xca-card '$(DESTDIR)$(PREFIX)/bin'
	install -m 755 $(BUILD)/xca-signer tools/xca-backup/xca-backup '$(DESTDIR)$(PREFIX)/sbin'
	install -d '$(DESTDIR)$(PREFIX)/libexec/xca'
	install -m 755 $(BUILD)/xca-xls '$(DESTDIR)$(PREFIX)/libexec/xca'
	install -m 644 $(filter-out tools/xca-forms/%,$(wildcard tools/*/*.1)) '$(DESTDIR)$(PREFIX)/share/man/man1'
	install -m 644 $(wildcard tools/*/*.8) '$(DESTDIR)$(PREFIX)/share/man/man8'
	cp -R htdocs conf ldap-schema '$(SHARE)'
	install -d '$(SHARE)/htdocs/forms'
	install -m 644 $(foreach kind,odt pdf gz py md,$(BUILD)/forms/*.$(kind)) '$(SHARE)/htdocs/forms'
	chmod -R u=rwX,go=rX '$(SHARE)'
	install -m 644 README.md CHANGELOG.md LICENSE '$(DESTDIR)$(PREFIX)/share/doc/xca'

# Core tests: real slapd processes with conf/slapd.conf.in, each in a folder of its own.
CORE_TESTS := $(patsubst tests/core/%.c,%,$(sort $(wildcard tests/core/test_*.c)))
CORE_FIXTURES := $(filter-out $(wildcard tests/core/test_*.c),$(wildcard tests/core/*.c))
CORE_FIXTURE_OBJECTS := $(CORE_FIXTURES:%.c=$(BUILD)/%.o)

$(BUILD)/tests/core/%.o: tests/core/%.c
	@mkdir -p $(@D)
	$(CC) $(XCA_CFLAGS) $(CFLAGS) $(CORE_CFLAGS) -c $< -o $@

# Its signer's writes to the directory can be made to fail, one at a time (tests/core/card_bench.h).
CARD_BENCH := -Wl,--wrap=xca_ldap_modify,--wrap=xca_ldap_add

# Cards that are cut at every command: the helper and the card in one program with the signer (tests/core/cuts/worlds.h). The two keep
# their names to themselves but for what worlds.h declares.
CUTS := $(BUILD)/tests/core/cuts

$(CUTS)/helper.o $(CUTS)/reader.o: CORE_CFLAGS = $(HELPER_CFLAGS) -Itools/xca-card

$(CUTS)/helper-world.o: $(CUTS)/helper.o $(CUTS)/reader.o $(BUILD)/libxca-card-alone.a
	ld -r -o $@ $^ && objcopy --wildcard --keep-global-symbol='helper_*' $@

# Without mod_xca/wire, which libxca.a has.
$(BUILD)/libxca-card-alone.a: $(filter $(BUILD)/tools/%,$(HELPER_OBJECTS))
	rm -f $@ && ar rcs $@ $^

$(CUTS)/card-world.o: $(CUTS)/sim.o $(filter-out %/main.o %/link.o,$(CARD_OBJECTS))
	ld -r -o $@ $^ && objcopy --wildcard --keep-global-symbol='sim_*' $@

$(BUILD)/tests/core/test_card_cuts: $(BUILD)/tests/core/test_card_cuts.o $(CUTS)/relay.o $(CUTS)/helper-world.o $(CUTS)/card-world.o \
  $(CORE_FIXTURE_OBJECTS) $(BUILD)/libxca.a
	$(CC) $(XCA_LDFLAGS) $(LDFLAGS) $(CARD_BENCH) -o $@ $(filter %.o,$^) $(BUILD)/libxca.a $(CORE_LIBS) -lcmocka -lpthread

$(BUILD)/tests/core/test_%: $(BUILD)/tests/core/test_%.o $(CORE_FIXTURE_OBJECTS) $(BUILD)/libxca.a
	$(CC) $(XCA_LDFLAGS) $(LDFLAGS) $(CARD_BENCH) -o $@ $(filter %.o,$^) $(BUILD)/libxca.a $(CORE_LIBS) -lcmocka

.PHONY: core core-programs
core-programs: $(CORE_TESTS:%=$(BUILD)/tests/core/%)
core: core-programs
	@for t in $(CORE_TESTS); do echo "$$t"; timeout 600 $(BUILD)/tests/core/$$t || exit 1; done

.PHONY: format
format:
	clang-format -i $(wildcard mod_xca/*/*.[ch] tools/*/*.[ch] tests/*/*.[ch])

.PHONY: clean
clean:
	rm -rf $(BUILD)

-include $(shell find $(BUILD) -type f -name '*.d' 2>/dev/null)

# Speed, as ratios against a peer or limit of the same run. BENCH: more arguments (tests/bench/bench.py).
$(BUILD)/tests/bench/core: tests/bench/core.c tests/bench/audit.c tests/bench/audit.h $(BUILD)/libxca.a
	@mkdir -p $(@D)
	$(CC) $(XCA_CFLAGS) $(CFLAGS) $(CORE_CFLAGS) $(XCA_LDFLAGS) $(LDFLAGS) -o $@ $(filter %.c,$^) $(BUILD)/libxca.a $(CORE_LIBS)

$(BUILD)/tests/bench/load: tests/bench/load.c
	@mkdir -p $(@D)
	$(CC) $(XCA_CFLAGS) $(CFLAGS) $(XCA_LDFLAGS) $(LDFLAGS) -o $@ $< -lpthread

.PHONY: bench bench-large bench-programs
bench-programs: all $(BUILD)/tests/bench/core $(BUILD)/tests/bench/load
bench:
	@tools/demo/packages.sh conf/packages-run.txt conf/packages-test.txt
	@$(MAKE) --no-print-directory $(if $(findstring -j,$(MAKEFLAGS)),,-j$(shell nproc)) bench-programs
	@BUILD='$(BUILD)' /usr/bin/python3 tests/bench/bench.py $(BENCH)
bench-large:
	@$(MAKE) --no-print-directory bench BENCH='--large $(BENCH)'
