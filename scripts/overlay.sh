# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What this project lays over a kernel tree: which file goes where, which
# version that makes, and how our patches of the kernel's own files are
# computed. Source it after lib.sh. PIDNS_OVERLAY stands in for the checkout in
# the tests.

OVERLAY=${PIDNS_OVERLAY:-$TOP}
MANIFEST=kernel/pidns/.manifest
# A page that is made when our files are laid: which tests prove which row of the contract.
ROWS_PAGE=Documentation/pidns/rows.rst

# usage: need_patch; integrate and remove are run without setup
need_patch() {
	local tool
	for tool in patch diff; do
		command -v "$tool" >/dev/null || die "$tool is missing; install it, then try again"
	done
}

# usage: overlay_files; the checkout's own files, build products left out
overlay_files() {
	local parts=(Kbuild Kconfig pidns nsproxy rust samples tools/testing/selftests Documentation/pidns)
	cd "$OVERLAY" || return
	if [ "$(git rev-parse --show-toplevel 2>/dev/null)" = "$OVERLAY" ]; then
		git ls-files --cached --others --exclude-standard -- "${parts[@]}"
	else
		find "${parts[@]}" -type f ! -name '*.o' ! -name '.*.cmd' ! -name '*.rmeta' 2>/dev/null || true
	fi | LC_ALL=C sort -u | while read -r file; do
		[ ! -f "$file" ] || printf '%s\n' "$file"
	done
}

# usage: overlay_map; lines of "FILE<tab>PATH IN THE KERNEL TREE"
overlay_map() {
	local file
	overlay_files | while read -r file; do
		case $file in
		Kbuild | Kconfig | pidns/* | nsproxy/*) printf '%s\tkernel/pidns/%s\n' "$file" "$file" ;;
		samples/*) printf '%s\tsamples/rust/%s\n' "$file" "${file#samples/}" ;;
		rust/* | tools/* | Documentation/*) printf '%s\t%s\n' "$file" "$file" ;;
		esac
	done
}

# usage: write_rows_page FILE; fails where OVERLAY has no rows, or the system's Python is
# older than 3.11
write_rows_page() {
	[ -f "$OVERLAY/tools/testing/pidns/rows.py" ] &&
		PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$OVERLAY/tools/testing \
			/usr/bin/python3 -m pidns.rows write "$1"
}

# usage: overlay_patches; our patches, in the order in which they apply
overlay_patches() {
	[ ! -d "$OVERLAY/patches" ] || find "$OVERLAY/patches" -name '*.patch' | LC_ALL=C sort
}

# usage: overlay_version; a hash of all that is laid over and patched
overlay_version() {
	{
		overlay_map
		overlay_map | cut -f1 | (cd "$OVERLAY" && xargs -r -d '\n' sha256sum)
		overlay_patches | xargs -r -d '\n' cat
	} | sha256sum | cut -c1-16
}

# usage: patch_targets PATCH...; the kernel files that these patches edit
patch_targets() {
	[ $# -eq 0 ] || sed -n 's|^+++ [^/]*/\([^[:space:]]*\).*|\1|p' "$@" | LC_ALL=C sort -u
}

# usage: stage_targets TREE STAGE PATCH...; copies of the files to edit, as far as
# TREE has them
stage_targets() {
	local tree=$1 stage=$2 file
	shift 2
	patch_targets "$@" | while read -r file; do
		[ -f "$tree/$file" ] || continue
		mkdir -p "$stage/$(dirname "$file")"
		cp -p "$tree/$file" "$stage/$file"
	done
}

# usage: applied_diff TREE; how our edits of TREE differ from the kernel's files. git
# clean -x deletes the manifest and leaves the edits: they are then our patches, and
# the last one is to come out first.
applied_diff() {
	if [ -f "$1/$MANIFEST/version" ]; then
		cat "$1/$MANIFEST/applied.diff"
	else
		overlay_patches | tac | xargs -r -d '\n' cat
	fi
}

# usage: try_patch FOLDER PATCH OPTION...; asks nothing, leaves no files of its own
try_patch() { patch -d "$1" -p1 -s -f --no-backup-if-mismatch -r - "${@:3}" <"$2"; }

# usage: unpatch DIFF STAGE; takes DIFF out of the files in STAGE. It need not be in
# all of them: git checkout, reset and stash take it out, too.
unpatch() {
	local diff=$1 stage=$2 part=$2.diff log=$2.log file stuck=()
	while read -r file; do
		[ -f "$stage/$file" ] || continue
		awk -v file="b/$file" '/^diff / { on = $NF == file } on' "$diff" >"$part"
		if try_patch "$stage" "$part" -R --dry-run >"$log" 2>&1; then
			try_patch "$stage" "$part" -R >"$log" 2>&1
		# What would apply is not in. Nor is it where another series has other
		# lines, and none that name us.
		elif ! try_patch "$stage" "$part" --dry-run >"$log" 2>&1 &&
			grep -qi pidns "$stage/$file"; then
			stuck+=("$file")
		fi
	done < <(patch_targets "$diff")
	[ ${#stuck[@]} -eq 0 ] ||
		die "our edits cannot be taken out of ${stuck[*]}: those lines were changed since;" \
			"undo that change (with git: git checkout ${stuck[*]}), then try again"
}

# usage: make_stage VARIABLE TREE; a fresh folder in TREE, from where a rename is atomic,
# gone when we exit. Its name carries our process id, so that what a killed run left
# is swept.
make_stage() {
	local -n _stage=$1
	local old pid
	for old in "$2"/.pidns-stage.*; do
		pid=${old##*/.pidns-stage.}
		[ ! -e "$old" ] || [ -e "/proc/${pid%%.*}" ] || rm -rf -- "$old" 2>/dev/null || true
	done
	_stage=$(mktemp -d "$2/.pidns-stage.$$.XXXXXX") || return
	TEMPS+=("$_stage")
}

# usage: need_writable TREE <FILES; stops if one of them, there or not, cannot come or go
need_writable() {
	local tree=$1 dir
	sed 's|/*[^/]*$||' | LC_ALL=C sort -u | while read -r dir; do
		while [ ! -e "$tree/$dir" ]; do dir=$(dirname "$dir"); done
		[ -w "$tree/$dir" ] ||
			die "$tree/$dir cannot be written to; nothing was changed;" \
				"do it as its owner, $(stat -c %U "$tree/$dir")"
	done
}

# usage: differing FOLDER TREE; which files in FOLDER are not the same in TREE
differing() {
	local file
	(cd "$1" && find . -type f -printf '%P\n') | while read -r file; do
		cmp -s "$1/$file" "$2/$file" || printf '%s\n' "$file"
	done
}

# usage: replace STAGED FILE; an atomic rename, and none where nothing differs,
# so that a build sees only true changes
replace() {
	cmp -s "$1" "$2" || mv -f "$1" "$2"
}

# usage: refuse_edited TREE; stops if a file we laid there was changed there. Where we
# were interrupted, the manifest has a file as it was and as it was to be.
refuse_edited() {
	local tree=$1 list=$1/$MANIFEST/files file
	cut -c67- "$list" | while read -r file; do
		[ ! -f "$tree/$file" ] || grep -qxF "$(cd "$tree" && sha256sum "$file")" "$list" ||
			die "$tree/$file was changed after it was laid there;" \
				"save that change elsewhere and delete the file, then try again"
	done
}
