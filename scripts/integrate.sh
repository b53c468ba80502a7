#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: integrate.sh [--update] TREE
#
# Lays this project over a Linux tree: copies our files, applies our patches.
# All is prepared aside and checked first; then a row of renames puts it in
# place. With --update (the cached tree) another version of us is replaced.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/overlay.sh"

update=
if [ "${1:-}" = --update ]; then
	update=1
	shift
fi
[ -n "${1:-}" ] || die "which tree? give KDIR=, the path of a Linux $KERNEL_SERIES source tree"
check_kdir "$1"
need_patch
tree=$(cd "$1" && pwd -P)
manifest=$tree/$MANIFEST
version=$(overlay_version)

if [ -f "$manifest/version" ] && [ -z "$update" ]; then
	[ "$(cat "$manifest/version")" = "$version" ] ||
		die "$tree has our files from another version; run: make remove KDIR=$tree"
	refuse_edited "$tree"
elif [ ! -f "$manifest/version" ] && [ -e "$tree/kernel/pidns" ]; then
	die "$tree/kernel/pidns exists and is not ours, or the list of our files is lost;" \
		"run make remove KDIR=$tree, or move it away"
fi

# On the same file system as the tree, so that a rename is atomic.
stage=$(mktemp -d "$tree/.pidns-stage.XXXXXX") || die "cannot write to $tree; give a tree of your own"
TEMPS+=("$stage")

# 1. The kernel's own files: from as they were, to as our patches make them.
mapfile -t patches < <(overlay_patches)
patch_targets "${patches[@]}" | while read -r file; do
	[ -f "$tree/$file" ] ||
		die "the patches edit $file, which $tree lacks; give a Linux $KERNEL_SERIES tree"
done
mkdir "$stage/a"
applied_diff "$tree" >"$stage/applied"
stage_targets "$tree" "$stage/a" "${patches[@]}" "$stage/applied"
unpatch "$stage/applied" "$stage/a"
cp -Rp "$stage/a" "$stage/b"
for patch in "${patches[@]}"; do
	try_patch "$stage/b" "$patch" >"$stage/log" 2>&1 ||
		die "${patch##*/} does not apply to $tree ($(head -n 1 "$stage/log"));" \
			"give an unchanged Linux $KERNEL_SERIES tree"
done

# 2. Our files, each with its hash. What is the kernel's stays the kernel's.
mkdir -p "$stage/new" "$stage/manifest"
touch "$stage/manifest/files"
while IFS=$'\t' read -r from to; do
	case $to in samples/rust/*) [ -d "$tree/samples/rust" ] || continue ;; esac
	if [ -e "$tree/$to" ] && ! grep -qsF "  $to" "$manifest/files"; then
		die "$tree/$to exists and is not ours; move it away"
	fi
	mkdir -p "$stage/new/$(dirname "$to")"
	# With a time of its own: make must see a change to what is an older file.
	cp "$OVERLAY/$from" "$stage/new/$to"
	(cd "$stage/new" && sha256sum "$to") >>"$stage/manifest/files"
done < <(overlay_map)
# What was applied, as exact differences (without times): the way back whatever
# is checked out by then.
{ (cd "$stage" && diff -ru a b) || [ $? -eq 1 ]; } |
	sed '/^diff -ru/{n;s/\t.*//;n;s/\t.*//}' >"$stage/manifest/applied.diff"
printf '%s\n' "$version" >"$stage/manifest/version"

# 3. Into place. Renames only: nothing here needs space or time, so a signal
# waits until it is done.
trap '' INT TERM HUP
while read -r _ file; do
	mkdir -p "$tree/$(dirname "$file")"
	replace "$stage/new/$file" "$tree/$file"
done <"$stage/manifest/files"
(cd "$stage/b" && find . -type f) | while read -r file; do
	replace "$stage/b/$file" "$tree/$file"
done
if [ -f "$manifest/files" ]; then
	while read -r _ file; do
		grep -qF "  $file" "$stage/manifest/files" || rm -f "$tree/$file"
	done <"$manifest/files"
fi
mkdir -p "$manifest"
for file in applied.diff files version; do
	replace "$stage/manifest/$file" "$manifest/$file"
done
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP
[ -n "$update" ] ||
	note "version $version is in $tree ($(wc -l <"$manifest/files") files, ${#patches[@]} patches)"
