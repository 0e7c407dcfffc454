# The thin front of CMakeLists.txt: make, make test, make test-long, make install [PREFIX=.. DESTDIR=..], make uninstall, make asan, make tsan, make minimal, make bench, make fuzz, make clean.
# Debian's cmake is asked for by path, so that a newer one elsewhere on PATH does not decide the build.
CMAKE ?= $(firstword $(wildcard /usr/bin/cmake) cmake)
GENERATOR := $(if $(wildcard /usr/bin/ninja),-G Ninja -DCMAKE_MAKE_PROGRAM=/usr/bin/ninja,)
PRESET ?= release
BUILD = build/$(PRESET)
PREFIX ?= /usr/local
OPTIONS ?=

all: configure
	$(CMAKE) --build $(BUILD) --parallel

command: configure # without tests and libraries to install
	$(CMAKE) --build $(BUILD) --parallel --target weir

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
	DESTDIR=$(DESTDIR) $(CMAKE) --install $(BUILD) --prefix $(PREFIX) --strip
	@tools/after-install $(BUILD) "$(DESTDIR)"

# The files that the last install of this build put there, and folders of weir's own that are empty then.
uninstall:
	@test -f $(BUILD)/install_manifest.txt || { echo "$(BUILD)/install_manifest.txt: expected that of make install" >&2; exit 1; }
	@while read -r file || [ -n "$$file" ]; do rm -f "$(DESTDIR)$$file"; done < $(BUILD)/install_manifest.txt
	@sed 's|/[^/]*$$||' $(BUILD)/install_manifest.txt | sort -ru | grep weir | \
	    while read -r folder; do rmdir -p "$(DESTDIR)$$folder" 2> /dev/null || :; done

clean:
	rm -rf build

.PHONY: all command configure test test-long asan tsan minimal bench fuzz install uninstall clean
