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
elif [ ! -f "$manifest/version" ] &&
	[ -n "$(find "$tree/kernel/pidns" -mindepth 1 -print -quit 2>/dev/null)" ]; then
	die "$tree/kernel/pidns exists and is not ours, or the list of our files is lost;" \
		"run make remove KDIR=$tree, or move it away"
fi

make_stage stage "$tree" || die "cannot write to $tree; give a tree of your own"

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
list=$stage/files next=$stage/new/$MANIFEST
mkdir -p "$next"
touch "$list"
if [ -f "$OVERLAY/tools/testing/pidns/rows.py" ] && ! write_rows_page "$stage/page" 2>"$stage/log"; then
	note "$ROWS_PAGE cannot be made ($(tail -n 1 "$stage/log")) and is left out"
	rm -f "$stage/page"
fi
while IFS=$'\t' read -r from to; do
	case $to in samples/rust/*) [ -d "$tree/samples/rust" ] || continue ;; esac
	if [ -e "$tree/$to" ] && ! grep -qsF "  $to" "$manifest/files"; then
		die "$tree/$to exists and is not ours; move it away"
	fi
	mkdir -p "$stage/new/$(dirname "$to")"
	# With a time of its own: make must see a change to what is an older file.
	case $from in
	/*) cp "$from" "$stage/new/$to" ;;
	*) cp "$OVERLAY/$from" "$stage/new/$to" ;;
	esac
	(cd "$stage/new" && sha256sum "$to") >>"$list"
done < <(
	overlay_map
	[ ! -f "$stage/page" ] || printf '%s\t%s\n' "$stage/page" "$ROWS_PAGE"
)
sort -o "$list" -k 2 "$list"
# Until all is in place, what was ours and what will be is ours.
{ cat "$list"; [ ! -f "$manifest/files" ] || cat "$manifest/files"; } |
	sort -k 2 | uniq >"$next/files"
# What was applied, as exact differences (without times): the way back whatever
# is checked out by then.
{ (cd "$stage" && diff -ru a b) || [ $? -eq 1 ]; } |
	sed '/^diff -ru/{n;s/\t.*//;n;s/\t.*//}' >"$next/applied.diff"
printf '%s\n' "$version" >"$next/version"

# 3. Into place. Renames only: nothing here needs space or time, so a signal
# waits until it is done. The manifest comes first: what is in when we are killed,
# or fail, can be taken out by it. An edit changes by way of the kernel's own file,
# so that the old manifest or the new one can take it out.
cut -c67- "$next/files" | grep -vxFf <(cut -c67- "$list") >"$stage/vanished" || true
{
	differing "$stage/new" "$tree"
	differing "$stage/b" "$tree"
	cat "$stage/vanished"
} | need_writable "$tree"
trap '' INT TERM HUP
differing "$stage/b" "$tree" | while read -r file; do
	replace "$stage/a/$file" "$tree/$file"
done
if [ -d "$manifest" ]; then
	for file in files applied.diff version; do
		replace "$next/$file" "$manifest/$file"
	done
else
	mkdir "$stage/pidns"
	mv "$next" "$stage/pidns"
	mv -T "$stage/pidns" "$tree/kernel/pidns"
fi
cut -c67- "$list" | while read -r file; do
	mkdir -p "$tree/$(dirname "$file")"
	replace "$stage/new/$file" "$tree/$file"
done
differing "$stage/b" "$tree" | while read -r file; do
	replace "$stage/b/$file" "$tree/$file"
done
while read -r file; do
	rm -f "$tree/$file"
done <"$stage/vanished"
replace "$list" "$manifest/files"
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP
[ -n "$update" ] ||
	note "version $version is in $tree ($(wc -l <"$manifest/files") files, ${#patches[@]} patches)"
