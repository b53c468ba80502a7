#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: remove.sh TREE
#
# Takes out of a Linux tree what integrate.sh laid over it, by the tree's own
# manifest: whatever version of us is checked out now.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/overlay.sh"

[ -n "${1:-}" ] || die "which tree? give KDIR=, the path of the tree to take our files out of"
check_kdir "$1"
need_patch
tree=$(cd "$1" && pwd -P)
manifest=$tree/$MANIFEST
if [ ! -f "$manifest/version" ]; then
	note "none of our files are in $tree"
	exit 0
fi
refuse_edited "$tree"

stage=$(mktemp -d "$tree/.pidns-stage.XXXXXX") || die "cannot write to $tree; nothing was removed"
TEMPS+=("$stage" "$stage.log")
mkdir "$stage/a"
stage_targets "$tree" "$stage/a" "$manifest/applied.diff"
unpatch "$tree" "$stage/a"

# Folders that are ours alone; what was built in them goes too. In a git tree
# that is what git ignores there (asked now, while our .gitignore is in place).
ours=()
for dir in kernel/pidns tools/testing/selftests/pidns Documentation/pidns; do
	[ ! -d "$tree/$dir" ] || ours+=("$dir")
done
(
	cd "$tree"
	if git rev-parse --git-dir >/dev/null 2>&1; then
		git ls-files -z --others --ignored --exclude-standard -- "${ours[@]}"
	else
		find "${ours[@]}" \( -name '*.o' -o -name '*.cmd' -o -name '*.rmeta' -o -name '*.a' \
			-o -name modules.order \) -print0
	fi
) | tr '\0' '\n' | grep -v "^$MANIFEST/" >"$stage/built" || true

trap '' INT TERM HUP
(cd "$stage/a" && find . -type f) | while read -r file; do
	replace "$stage/a/$file" "$tree/$file"
done
{ cut -c67- "$manifest/files"; cat "$stage/built"; } | while read -r file; do
	rm -f "$tree/$file"
	# A folder that this leaves empty was ours: the kernel has no empty ones.
	(cd "$tree" && rmdir -p "$(dirname "$file")" 2>/dev/null) || true
done
version=$(cat "$manifest/version")
rm -rf "$manifest"
(cd "$tree" && rmdir -p kernel/pidns 2>/dev/null) || true
note "version $version is out of $tree"
