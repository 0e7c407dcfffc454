# The thin front of CMakeLists.txt: make, make test, make test-long, make install [PREFIX=.. DESTDIR=..], make asan, make tsan, make minimal, make bench, make fuzz, make clean.
# Debian's cmake is asked for by path, so that a newer one elsewhere on PATH does not decide the build.
CMAKE ?= $(firstword $(wildcard /usr/bin/cmake) cmake)
GENERATOR := $(if $(wildcard /usr/bin/ninja),-G Ninja -DCMAKE_MAKE_PROGRAM=/usr/bin/ninja,)
PRESET ?= release
BUILD = build/$(PRESET)
PREFIX ?= /usr/local
OPTIONS ?=

all: configure
	$(CMAKE) --build $(BUILD) --parallel

configure:
	@$(CMAKE) --preset $(PRESET) $(GENERATOR) -DCMAKE_INSTALL_PREFIX=$(PREFIX) $(OPTIONS) > $(if $(V),/dev/stdout,/dev/null)

test: all
	@tools/run-tests $(BUILD)

test-long: all
	@tools/run-tests $(BUILD) long

asan:
	@$(MAKE) PRESET=asan test

bench: configure
	$(CMAKE) --build $(BUILD) --target bench

tsan:
	@tools/tsan

minimal:
	@$(MAKE) PRESET=minimal test

fuzz:
	@tools/fuzz

install: all
	DESTDIR=$(DESTDIR) $(CMAKE) --install $(BUILD) --prefix $(PREFIX)

clean:
	rm -rf build

.PHONY: all configure test test-long asan tsan minimal bench fuzz install clean
