# SPDX-License-Identifier: GPL-2.0
"""The test harness of pidns: builds kernels, boots them, and counts results.

Each module is one concern, which its first lines tell. A command of the Makefile is command() in a
module, called by cli.py; mutants, delays, functions, api, rows, releases and policy are checks of
lint. They stand on source, toolchain, config, tree and kernel, which build kernels; on guest, with
uml and qemu, which run them; and on ktap, expected, table and report, which judge results. What all
share is in errors, options, arch, cache, process and lists. What guests run is in guest/, and what
is kept by hand in lists/.

The commands are setup, port (with make integrate), integrate (make remove), patches, debs, kernel,
lspidns, demo (make run, shell and debug), quick, test, kunit, upstream, fuzz, shrink (make fuzz-
shrink), compare, containers (with make systemd), distro, bench, profile, configs, mutation (make
mutants), delaying (make delays), soak, harden, models, lint and clean.
"""
