# SPDX-License-Identifier: GPL-2.0
#
# Entry points; `make` alone lists them. The work is in tools/testing/pidns.

export ARCH BUILD FORCE IMPL DEBUG KDIR TIMEOUT TESTS CHECKS CONFIG CONFIGS MUTANTS DELAYS JOBS RUSTC CPUS MEMORY SEED SEEDS MINUTES SHORT

# Debian's own Python, whatever else the PATH has. It is the first thing that is installed.
HARNESS = PYTHONDONTWRITEBYTECODE=1 PYTHONPATH='$(CURDIR)/tools/testing' /usr/bin/python3 -m pidns

.DEFAULT_GOAL := help
APT = $(if $(filter-out 0,$(shell id -u)),sudo) env DEBIAN_FRONTEND=noninteractive apt-get -q -y

/usr/bin/python3:
	@echo 'pidns: installing by apt-get: python3' >&2
	@$(APT) install --no-install-recommends python3 >/dev/null 2>&1 || \
		{ $(APT) update && $(APT) install --no-install-recommends python3; } >/dev/null || \
		{ echo 'pidns: error: $@ is missing; install it, then try again' >&2; exit 1; }

help: ## print this
	@echo 'Linux PID namespaces and nsproxy in Rust. Targets:'
	@echo
	@sed -n 's/^\([a-z-]*\):.*## /  \1	/p' $(MAKEFILE_LIST) | expand -t 18
	@echo
	@echo '  IMPL=c        the C files instead of Rust'
	@echo '  ARCH=...      arm64 or riscv, which QEMU emulates, instead of x86_64 (kernel, run, shell,'
	@echo '                test, kunit, fuzz, fuzz-shrink, compare, configs; setup installs what is needed)'
	@echo '  DEBUG=1       with KASAN, lockdep and other checks of the kernel (kernel, run, shell, debug,'
	@echo '                test, quick, kunit, fuzz, containers, systemd, soak)'
	@echo '  KDIR=...      a Linux 7.3 or 7.2 tree of yours instead of a fetched one'
	@echo '  TESTS=...     some of the kselftests (test, quick), KUnit suites or "fuzz" (quick),'
	@echo '                or of the suites (upstream-tests), or of models, their scenarios and'
	@echo '                mistakes (models), or of the kselftests (soak), or of the jobs in'
	@echo '                lists/harden.toml (harden)'
	@echo '  CHECKS=...    some of the tools, as in CHECKS="crun nspawn" (containers) or'
	@echo '                CHECKS="ftrace bpf" (distro)'
	@echo '  SEEDS=A..B    which programs (fuzz, compare, mutants, quick)'
	@echo '  MINUTES=...   again and again for so long, to find races (quick), or for less noise'
	@echo '                (bench-native), how long (soak), or how long a build may take until it is'
	@echo '                started again (debs)'
	@echo '  CONFIG=...    a configuration of a kernel, instead of the one that runs here (debs)'
	@echo '  BUILD=1       build each patch, for C and for Rust (patches)'
	@echo "  FORCE=1       even if pid.c, pid_namespace.c or nsproxy.c differ from the release's (integrate)"
	@echo '  CONFIGS=...   some of the configurations of make configs (configs), or kernels: usual, debug,'
	@echo '                strict, rt (delays)'
	@echo '  OP=... LEVEL=...  which operations, at which levels (profile, bench-native; bench-growth: OP=)'
	@echo '  SIZES=...     how many processes, namespaces and so on, as in SIZES="10 1000" (bench-growth)'
	@echo '  MUTANTS=...   some of the mistakes in tools/testing/mutants (mutants)'
	@echo '  DELAYS=...    some of the points in tools/testing/delays (delays)'
	@echo '  TIMEOUT=...   seconds for a guest (not shell, configs, mutants), for one test (quick, delays),'
	@echo '                or to log instructions (profile)'
	@echo '  SHORT=1       the short form (harden); SHORT=0: all iterations, also of tests that'
	@echo '                otherwise run some of them (quick)'
	@echo '  CPUS=... MEMORY=...  processors and memory of the guest, as in CPUS=4 MEMORY=4G (2, 2G;'
	@echo '                of each guest of quick and mutants: 2 for races, else 1; 1G; of'
	@echo '                delays: 2; 1G; of distro: 2; 1G; of bench-native: 1, and all; 1G; of bench-growth: 1; 8G)'
	@echo '  JOBS=...      how much to build at a time (as many as there are processors)'
	@echo '  RUSTC=...     a rustc of yours, with its library source, instead of /usr/bin/rustc'

setup: ## install what is missing (run by itself from the targets below)
	@$(HARNESS) setup --verbose

kernel: ## fetch Linux 7.3, lay the project over it, build it
	@$(HARNESS) kernel

lspidns: ## build lspidns, which lists PID namespaces and tells why one stays
	@$(HARNESS) lspidns

run: ## boot it in QEMU and see a demonstration of PID namespaces
	@$(HARNESS) run

shell: ## boot it with a shell on this machine's files
	@$(HARNESS) shell

debug: ## the same shell, with the kernel under gdb
	@$(HARNESS) debug

quick: ## the tests in a minute: natively, on User Mode Linux
	@$(HARNESS) quick

test: ## boot it in QEMU and run the tests
	@$(HARNESS) test

compare: ## compare C and Rust by our kselftests, the kernel tree's and the fuzzer
	@$(HARNESS) compare

upstream-tests: ## compare C and Rust by the kernel tree's own kselftests
	@$(HARNESS) upstream-tests

fuzz: ## compare C and Rust by random programs
	@$(HARNESS) fuzz

fuzz-shrink: ## shrink the program of a SEED= on which C and Rust differ
	@$(HARNESS) fuzz-shrink

systemd: ## boot systemd to its default target, on C and on Rust
	@$(HARNESS) systemd

containers: ## compare C and Rust by real container tools
	@$(HARNESS) containers

distro: ## compare C and Rust by debuggers and tracers, configured as distributions do
	@$(HARNESS) distro

kunit: ## run KUnit, doctests included, by the kernel's kunit.py
	@$(HARNESS) kunit

bench: ## count what operations cost, on C and on Rust
	@$(HARNESS) bench

bench-growth: ## count how costs grow with what is alive, on C and on Rust
	@$(HARNESS) bench-growth "$(OP)" "$(SIZES)"

bench-native: ## measure how fast both are natively, on User Mode Linux
	@$(HARNESS) bench-native "$(OP)" "$(LEVEL)"

profile: ## show where the instructions of an OP= go, on C and on Rust
	@$(HARNESS) profile "$(OP)" "$(LEVEL)"

configs: ## build and boot a matrix of kernel configurations
	@$(HARNESS) configs

mutants: ## show which tests notice deliberate mistakes
	@$(HARNESS) mutants

delays: ## hold race windows open, and run the tests that race them
	@$(HARNESS) delays

soak: ## run all at once under memory pressure, on C and on Rust, and see what is left
	@$(HARNESS) soak

harden: ## run all that looks for rare mistakes, on C and on Rust (hours; SHORT=1: minutes)
	@$(HARNESS) harden

models: ## check the models of the protocol and of the table, by spin and loom
	@$(HARNESS) models

htmldocs: ## build Documentation/pidns by Sphinx, without a warning
	@$(HARNESS) lint htmldocs

doc: ## build the kernel crate's and our crates' rustdoc, without a warning
	@$(HARNESS) lint doc

rust-analyzer: ## write rust-project.json, for editors
	@$(HARNESS) lint rust-analyzer

lint: ## check the style and the rules of all code here
	@$(HARNESS) lint

debs: ## make Debian packages of a kernel, with CONFIG= or this machine's configuration
	@$(HARNESS) debs

integrate: ## lay the project over KDIR=, a Linux 7.3 or 7.2 tree of yours
	@$(HARNESS) integrate "$(KDIR)"

remove: ## take the project out of KDIR= again
	@$(HARNESS) remove "$(KDIR)"

port: ## list what KDIR=, a tree of another release, changes in what this replaces
	@$(HARNESS) port "$(KDIR)"

patches: ## make a series of patches for git am, and check it (BUILD=1 builds each)
	@$(HARNESS) patches

clean: ## delete the build trees
	@$(HARNESS) clean build

distclean: ## delete all that is in the cache: source, tools, build trees
	@$(HARNESS) clean all

TARGETS := setup kernel lspidns run shell debug quick test compare upstream-tests fuzz fuzz-shrink systemd containers distro kunit bench bench-growth bench-native profile configs mutants delays soak harden models htmldocs doc rust-analyzer lint debs integrate remove port patches clean distclean
$(TARGETS): /usr/bin/python3
.PHONY: help $(TARGETS)
