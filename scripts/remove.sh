#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: remove.sh TREE
#
# Takes out of a Linux tree what integrate.sh laid over it, by the tree's own
# manifest: whatever version of us is checked out now. Where git clean deleted the
# manifest, by what is checked out.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/overlay.sh"

[ -n "${1:-}" ] || die "which tree? give KDIR=, the path of the tree to take our files out of"
# Not check_kdir: the tree may have gone on to another series since.
[ -d "$1" ] || die "KDIR=$1 is not a folder; give the path of the tree to take our files out of"
if [ ! -f "$1/Makefile" ] || [ ! -f "$1/init/Kconfig" ]; then
	die "KDIR=$1 is not a kernel source tree; give the one to take our files out of"
fi
[ -w "$1" ] || die "KDIR=$1 cannot be written to; give a tree of your own"
need_patch
tree=$(cd "$1" && pwd -P)
manifest=$tree/$MANIFEST
[ ! -f "$manifest/version" ] || refuse_edited "$tree"

make_stage stage "$tree" || die "cannot write to $tree; nothing was removed"
mkdir "$stage/a"
applied_diff "$tree" >"$stage/applied"
stage_targets "$tree" "$stage/a" "$stage/applied"
unpatch "$stage/applied" "$stage/a"
differing "$stage/a" "$tree" >"$stage/edited"

# Without a manifest, ours is what is the same as in the checkout.
if [ -f "$manifest/version" ]; then
	cut -c67- "$manifest/files"
	version="version $(cat "$manifest/version")"
else
	overlay_map | while IFS=$'\t' read -r from to; do
		! cmp -s "$OVERLAY/$from" "$tree/$to" || printf '%s\n' "$to"
	done
	if write_rows_page "$stage/page" 2>/dev/null && cmp -s "$stage/page" "$tree/$ROWS_PAGE"; then
		printf '%s\n' "$ROWS_PAGE"
	fi
	version='what is of the version that is checked out'
fi >"$stage/files"
if [ ! -f "$manifest/version" ] && [ ! -s "$stage/files" ] && [ ! -s "$stage/edited" ]; then
	note "none of our files are in $tree"
	exit 0
fi

# Folders that are ours alone; what was built in them goes too. In a git tree
# that is what git ignores there (asked now, while our .gitignore is in place).
ours=()
for dir in kernel/pidns tools/testing/selftests/pidns Documentation/pidns; do
	! grep -q "^$dir/" "$stage/files" || [ ! -d "$tree/$dir" ] || ours+=("$dir")
done
(
	cd "$tree"
	# Without a folder, git and find would take the whole tree.
	[ ${#ours[@]} -gt 0 ] || exit 0
	if git rev-parse --git-dir >/dev/null 2>&1; then
		git ls-files -z --others --ignored --exclude-standard -- "${ours[@]}"
	else
		find "${ours[@]}" \( -name '*.o' -o -name '*.cmd' -o -name '*.rmeta' -o -name '*.a' \
			-o -name modules.order \) -print0
	fi
) | tr '\0' '\n' | grep -v "^$MANIFEST/" >"$stage/built" || true
# What has no ending to know it by, and what is built among the kernel's samples.
while read -r file; do
	name=${file%.*} folder=${file%/*}
	case $file in
	tools/testing/selftests/*.c) built=("$tree/$name") ;;
	samples/rust/*.rs)
		built=("$tree/$name".{o,ko,mod,mod.c,mod.o,i,s,ll,rsi} "$tree/$folder/.${name##*/}".*.cmd)
		;;
	*) continue ;;
	esac
	for file in "${built[@]}"; do
		[ ! -f "$file" ] || printf '%s\n' "${file#"$tree/"}"
	done
done <"$stage/files" >>"$stage/built"

{
	cat "$stage/files" "$stage/built" | while read -r file; do
		[ ! -e "$tree/$file" ] || printf '%s\n' "$file"
	done
	cat "$stage/edited"
	[ ! -d "$manifest" ] || printf '%s\n' "$MANIFEST/files"
} | need_writable "$tree"
trap '' INT TERM HUP
while read -r file; do
	replace "$stage/a/$file" "$tree/$file"
done <"$stage/edited"
cat "$stage/files" "$stage/built" | while read -r file; do
	rm -f "$tree/$file"
	# A folder that this leaves empty was ours: the kernel has no empty ones.
	(cd "$tree" && rmdir -p "$(dirname "$file")" 2>/dev/null) || true
done
[ ! -d "$manifest" ] || mv "$manifest" "$stage/manifest"
(cd "$tree" && rmdir -p kernel/pidns 2>/dev/null) || true
note "$version is out of $tree"
