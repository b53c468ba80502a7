# SPDX-License-Identifier: GPL-2.0
"""The test harness of pidns: builds kernels, boots them, and counts results.

Each module is one concern. What all of them share comes first here:

errors      messages to the user
options     what the user asked for
cache       where sources, build trees and logs are kept
process     child processes with a time limit
overlay     what is laid over a kernel tree
stage       a change of a kernel tree, put in place by renames
archive     Debian's archive, and a package's file of it
source      the kernel's source, the user's or Debian's
lists       what is kept by hand in lists/
toolchain   which compilers build the kernel
config      a kernel's configuration
tree        a kernel's build tree
kernel      kernels for QEMU, and what a guest needs of them
link        what a kernel is linked from
kselftests  kselftests, built
guest       a booted kernel that executes commands
uml         a guest by User Mode Linux
qemu        a guest by QEMU
rootfs      disk images with Debian
ktap        test results, by the kernel's kunit_parser
expected    which results are expected not to pass, and how many there are
table       the results of both implementations in one table
report      what is kept of results
splats      complaints in a kernel's log
logs        the kernel's logs of both implementations, compared
cargo       our programs in Rust, built
fuzzer      the differential fuzzer's transcripts, and how it is run in guests
run         jobs for guests, and their results
kept        results of long runs, kept until what they come from changes
mutants     deliberate mistakes: the lists, their check, the sources with all of them
trials      suites on a kernel that makes a mistake
functions   the table from C functions to Rust functions in lib.rs, for lint
api         what the kernel crate lets a module do, for lint
rustdoc     the documentation in the code, for lint
rows        which tests prove which row of the contract, for lint and as a page
policy      the rules of pidns/ and nsproxy/ that the compiler does not check, for lint
cli         the commands, as the Makefile calls them

The commands are setup, integrate (with make remove), kernel, lspidns, demo (make run and make
shell), quick, test, kunit, upstream, fuzz, shrink (make fuzz-shrink), compare, containers (with make systemd),
configs, mutation (make mutants), models, lint and clean.
"""
