#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# setup.sh without a network, on a full disk and on another distribution; and a
# disk that is full in the midst of a build.

. "$(dirname "$0")/check.sh"

mkdir "$WORK/bin"
export PATH="$WORK/bin:$PATH"
# usage: stub NAME STATUS TEXT; a program that says TEXT
stub() {
	printf '#!/bin/sh\necho "%s"\nexit %s\n' "$3" "$2" >"$WORK/bin/$1"
	chmod +x "$WORK/bin/$1"
}
# usage: with_setup COMMANDS; they, with the functions of setup.sh, on Debian 12;
# the error alone of what is said
with_setup() {
	bash -c ". \"$SCRIPTS/setup.sh\"; distribution=debian-12; make_temp work; $1" "$SCRIPTS/." \
		2>&1 </dev/null | grep '^pidns: error: '
	return "${PIPESTATUS[0]}"
}
is_clean() { [ -z "$(find "$XDG_CACHE_HOME"/pidns/{tmp,tools} -mindepth 1 2>/dev/null)" ]; }

# apt. Who is not root asks sudo.
printf '#!/bin/sh\nexec "$@"\n' >"$WORK/bin/sudo"
chmod +x "$WORK/bin/sudo"
stub apt-get 100 'E: Could not resolve a.invalid'
check 'apt without a network' says 1 'look at the lines above, and at the network' with_setup 'apt_install bison'
stub apt-get 100 'E: Write error - write (28: No space left on device)'
check 'apt on a full disk' says 1 'the disk of / or of /var is full; free some space there' with_setup 'apt_install bison'
# An install that was interrupted: apt refuses until dpkg has set up what it left.
cat >"$WORK/bin/apt-get" <<END
#!/bin/sh
[ -e $WORK/whole ] || { echo "E: dpkg was interrupted, you must manually run 'dpkg --configure -a'"; exit 100; }
END
printf '#!/bin/sh\n[ "$*" = "--configure -a" ] && touch %s/whole\n' "$WORK" >"$WORK/bin/dpkg"
chmod +x "$WORK/bin/dpkg"
check 'apt after an install that was interrupted' prints '' with_setup 'apt_install bison'
check 'which dpkg has set up' test -e "$WORK/whole"
rm "$WORK/bin/dpkg"
check 'root by nobody' says 1 'neither root nor has it sudo; have installed: bison' with_setup \
	'id() { echo 1000; }; command() { false; }; apt_install bison'

# cargo.
cargo="find_rust; find_cargo() { CARGO=$WORK/bin/cargo; }; install_bindgen"
stub cargo 101 'error: Could not resolve host: a.invalid'
check 'cargo without a network' says 1 'look at the lines above, and at the network' with_setup "$cargo"
stub cargo 101 'error: No space left on device (os error 28)'
check 'cargo on a full disk' says 1 "the disk of $XDG_CACHE_HOME/pidns is full; free some space," with_setup "$cargo"

# pip. Nothing listens there.
export PIP_CONFIG_FILE=/dev/null PIP_INDEX_URL=http://127.0.0.1:9/ PIP_RETRIES=0 NO_PROXY='*' no_proxy='*'
check 'pip without a network' says 1 'look at the lines above, and at the network' with_setup \
	'install_from_pypi "$TOOLS/virtme-ng-1" virtme-ng==1'
check 'nothing is left of it' is_clean
with_setup "run_child() { mkdir -p \"\$TOOLS/a-1\"; echo \"\$*\" >>$WORK/ran; }
	install_from_pypi \"\$TOOLS/a-1\" a==1" >"$WORK/said"
check 'and pip keeps none of its own' grep -q 'pip install .* --no-cache-dir ' "$WORK/ran"

# Another distribution: all that is missing at once, and what there is will do.
# usage: elsewhere COMMANDS; missing_elsewhere where there is but what COMMANDS say
elsewhere() {
	bash -c ". \"$SCRIPTS/setup.sh\"
		has() { true; }; find_llvm() { true; }; find_cargo() { true; }
		user_rust='' fault='' RUSTFMT=/bin/true CLIPPY_DRIVER=/bin/true
		$1; missing_elsewhere" "$SCRIPTS/."
}
llvm='clang-N with ld.lld-N and llvm-nm-N (and all of LLVM called so),'
llvm+=' N one number from 17, and its libclang'
rust='rustc 1.85 or later with library source, rustfmt and clippy'
check 'all is there' prints '' elsewhere true
check 'nothing is there' prints "bison
libelf-dev
$rust (why)
cargo
$llvm" elsewhere 'fault=why
	has() { [ "$1" != cmd:bison ] && [ "$1" != hdr:gelf.h ]; }; find_llvm() { false; }; find_cargo() { false; }'
check 'no rustfmt' prints "$rust" elsewhere RUSTFMT=/nowhere
check 'no rustfmt with a RUSTC=' prints '' elsewhere 'RUSTFMT=/nowhere user_rust=1'
check 'how it is said' says 1 "missing: bison, cargo; on this system (other-1) install them by hand" \
	with_setup 'distribution=other-1; stop_elsewhere bison cargo'
check 'a clang that is not of rustc will do' with_setup 'distribution=other-1; RUSTC=/bin/true; install_llvm; exit 0'

# A build.
check 'the disk is full in the midst of a build' says 1 "the disk of $XDG_CACHE_HOME/pidns is full; free some space," bash -c \
	". \"$SCRIPTS/lib.sh\"; . \"$SCRIPTS/tree.sh\"; KMAKE=(sh -c 'echo \"cc: No space left on device\"; exit 1')
	SRC=/ BUILD=/ JOBS=1; build $WORK/log all"
bash -c ". \"$SCRIPTS/lib.sh\"; . \"$SCRIPTS/tree.sh\"; KMAKE=(sh -c 'echo error: x; exit 1')
	SRC=/ BUILD=/ JOBS=1; build $WORK/log all" >"$WORK/said" 2>&1
check 'a build that fails otherwise' grep -q '^pidns: error: the build failed; ' "$WORK/said"
check 'not for the disk' not grep full "$WORK/said"
finish
