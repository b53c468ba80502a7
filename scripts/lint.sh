#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: lint.sh [CHECK...]
#
# Checks the style and the rules of all code here, with the kernel's own tools
# where it has some. Every check is run, then the failed ones make it fail.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/toolchain.sh"
. "$(dirname "$0")/overlay.sh"
. "$(dirname "$0")/tree.sh"
. "$(dirname "$0")/configure.sh"
. "$(dirname "$0")/fuzzer.sh"

cd "$TOP"

# usage: ours PATTERN...; the project's files of these names
ours() { git ls-files --cached --others --exclude-standard -- "$@" | sort -u; }

# Those that are run, and those that are sourced.
shell_scripts() {
	ours scripts .ci tools | while read -r file; do
		[ ! -f "$file" ] || ! head -n 2 "$file" | grep -qE '^#!.*sh$|^# shellcheck shell=' ||
			printf '%s\n' "$file"
	done
}

# The programs in Python, most without an extension.
python_scripts() {
	ours scripts tools | while read -r file; do
		[ ! -f "$file" ] || case $file in
		*.py) printf '%s\n' "$file" ;;
		*) ! head -n 1 "$file" | grep -q '^#!.*python' || printf '%s\n' "$file" ;;
		esac
	done
}

check_shellcheck() { shell_scripts | xargs -r -d '\n' shellcheck -x; }

check_policy() { scripts/policy .; }

check_mutants() {
	PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=tools/testing /usr/bin/python3 -m pidns.mutants check
}

check_rows() {
	PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=tools/testing /usr/bin/python3 -m pidns.rows check
}

check_scripts() {
	local test status=0
	for test in scripts/tests/*-test.sh; do
		"$test" || status=1
	done
	return $status
}

# The harness: its style, its types, its own tests. Results are read by the kernel's parser.
check_python() {
	local config=tools/testing/pidns/pyproject.toml
	(
		export PYTHONDONTWRITEBYTECODE=1 PIDNS_SOURCE=$SRC
		"$RUFF/bin/ruff" check --no-cache --quiet --config $config tools/testing/pidns &&
			"$RUFF/bin/ruff" format --no-cache --quiet --check --config $config tools/testing/pidns &&
			MYPYPATH=tools/testing "$RUFF/bin/mypy" --cache-dir=/dev/null --no-error-summary \
				--config-file $config -p pidns &&
			cd tools/testing && /usr/bin/python3 -W error -m unittest discover -b -t . -s pidns/tests
	)
}

check_functions() {
	PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=tools/testing /usr/bin/python3 -m pidns.functions check
}

check_rustfmt() {
	# In the laid-over tree: there every module is found.
	overlay_map | cut -f2 | grep '\.rs$' |
		(cd "$SRC" && xargs -r -d '\n' "$RUSTFMT" --check --config-path "$SRC")
}

# The fuzzer is a program like any other: cargo's clippy, and its own tests. What it
# writes as C is to be C.
check_fuzzer() {
	find_cargo || die "cargo is missing; run make setup"
	(cd "$FUZZ_DIR" && "$RUSTFMT" --check --edition 2024 src/main.rs) &&
		fuzz_cargo clippy --all-targets -- -D warnings &&
		fuzz_cargo test &&
		fuzz_cargo build &&
		compile_programs "$FUZZ_TARGET/debug/pidns-fuzz" 1 3 5
}

# usage: compile_programs FUZZER SEED...; the C of these seeds, and of short programs
compile_programs() {
	local fuzz=$1 seed ops work
	shift
	make_temp work
	for seed in "$@"; do
		for ops in 5 300; do
			"$fuzz" generate --seed "$seed" --ops $ops >"$work/program" &&
				"$fuzz" script "$work/program" >"$work/seed-$seed.c" &&
				cc -Wall -Werror -o "$work/seed-$seed" "$work/seed-$seed.c" || return 1
		done
	done
}

check_checkpatch() {
	local checkpatch patch status=0
	# A line in MAINTAINERS is for a tree that has that file.
	checkpatch=("$SRC/scripts/checkpatch.pl" --strict --no-tree --terse --no-summary
		--show-types --ignore FILE_PATH_CHANGES)
	# All that is ours and no program; of the patches see below.
	ours ':!LICENSE' ':!patches' ':!*.dmesg' ':!*.lock' |
		grep -vxF -f <(shell_scripts; python_scripts) |
		xargs -r -d '\n' perl "${checkpatch[@]}" -f || status=1
	# A program may tell the user its own name.
	python_scripts | xargs -r -d '\n' \
		perl "${checkpatch[@]}" --ignore EMBEDDED_FILENAME -f || status=1
	# A message to the user is one line, however long; checkpatch knows C's only.
	shell_scripts | xargs -r -d '\n' \
		perl "${checkpatch[@]}" --ignore LONG_LINE,LONG_LINE_STRING -f || status=1
	for patch in patches/*.patch; do
		# They are signed off by who sends them, and what they fix is not in our git. (By name, a
		# file in git is taken for code.)
		perl "${checkpatch[@]}" --ignore MISSING_SIGN_OFF,UNKNOWN_COMMIT_ID - <"$patch" | sed "s|^-|$patch|" || status=1
	done
	return $status
}

# The kernel's Sphinx on our pages, in a build tree of their own; a warning is a
# failure, but for that of graphviz, since our pictures are SVG. What they
# say of other parts of the documentation is not resolved.
check_htmldocs() {
	local log=$LOGS/htmldocs.log status=0
	limited "$BUILD_LIMIT" env "PATH=$SPHINX/bin:$PATH" make -C "$SRC" ARCH=x86_64 "O=$BUILD" \
		SPHINXDIRS=pidns htmldocs >"$log" 2>&1 || status=1
	if grep -E 'WARNING|ERROR|rror:' "$log" | grep -vF 'dot(1) not found' || [ "$status" != 0 ]; then
		note "Sphinx' words on these are in $log"
		return 1
	fi
	note "see $BUILD/Documentation/output/pidns/index.html"
}

# The kernel's clippy on the kernel crate, ours and the sample, in a build tree of its own
# that needs no C but what bindgen reads. A crate that is up to date is not
# checked again, so after anything but success ours are built anew. The kernel leaves
# out what a rustc of the least version lacks; we do not.
check_clippy() {
	local log=$LOGS/clippy-$KEY.log sample=samples/rust/pidns_inspect.o faults
	local clippy=(CLIPPY=1 KRUSTFLAGS=-Wclippy::incompatible_msrv)
	configure
	if [ ! -f "$BUILD/.clippy-clean" ]; then
		rm -f "$BUILD/rust/kernel.o" "$BUILD/$sample"
		[ ! -d "$BUILD/kernel/pidns" ] || find "$BUILD/kernel/pidns" -name '*.o' -delete
	fi
	rm -f "$BUILD/.clippy-clean"
	build "$log" "${clippy[@]}" prepare
	cp "$log" "$log.1"
	grep -q '^CONFIG_SAMPLE_PIDNS_INSPECT=' "$BUILD/.config" || sample=
	build "$log" "${clippy[@]}" kernel/pidns/ ${sample:+"$sample"}
	cat "$log" >>"$log.1"
	mv "$log.1" "$log"
	# A warning, and below it where: ours if that is a file we laid there.
	faults=$(awk -v top="$SRC/" '
		NR == FNR { ours[$2]; next }
		/^(warning|error)/ { text = $0; next }
		text && $1 == "-->" {
			file = $2
			sub(/:.*/, "", file)
			while (sub(/^\.\.\//, "", file)) ;
			sub(/^.*src\/linux-[^\/]*\//, "", file)
			if (index(file, top) == 1) file = substr(file, length(top) + 1)
			if (file in ours) { sub(/^[^:]*/, file, $2); print $2 ": " text }
			text = ""
		}' "$SRC/$MANIFEST/files" "$log")
	if [ -n "$faults" ]; then
		printf '%s\n' "$faults"
		note "clippy's words on these are in $log"
		return 1
	fi
	touch "$BUILD/.clippy-clean"
}

# For a test, which wants the functions alone.
[ "${BASH_SOURCE[0]}" = "$0" ] || return 0

# A tarball has no list of our files, and git gives none to another user than the owner.
if ! said=$(git rev-parse --show-toplevel 2>&1) || [ "$said" != "$TOP" ]; then
	die "lint asks git which files are ours, and git says: ${said%%$'\n'*};" \
		"run it as the owner of a git clone"
fi

if [ "${1:-}" = --check ]; then
	only=$2
	shift 2
fi
IMPL=rust KDIR='' DEBUG=''
check_options
"$TOP/scripts/setup.sh"
use_toolchain
lock_cache
use_tree lint
lay_over
if [ -n "${only:-}" ]; then
	"check_$only"
	exit
fi

# What needs no kernel tree comes first, what takes longest last.
checks=(shellcheck policy mutants rows functions python scripts rustfmt checkpatch fuzzer htmldocs clippy)
[ $# -eq 0 ] || checks=("$@")
passed=0 failed=0
for check in "${checks[@]}"; do
	# In a process of its own, so that what ends it ends only it.
	if run_child "$0" --check "$check"; then
		printf 'ok      %s\n' "$check"
		passed=$((passed + 1))
	else
		printf 'FAILED  %s\n' "$check"
		failed=$((failed + 1))
	fi
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
