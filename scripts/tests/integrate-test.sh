#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# integrate.sh and remove.sh: what they lay, that they leave no trace, and what
# they refuse.

. "$(dirname "$0")/check.sh"
. "$(dirname "$0")/kernel-tree.sh"

tree=$WORK/linux
make_tree "$tree"
export PIDNS_OVERLAY=$WORK/overlay
make_overlay "$PIDNS_OVERLAY" "$tree"
integrate() { "$SCRIPTS/integrate.sh" "$@"; }
remove() { "$SCRIPTS/remove.sh" "$@"; }
state() { (cd "$1" && find . -path ./.git -prune -o -print | sort && git status --porcelain --ignored && git diff); }

before=$(state "$tree")
check 'remove of nothing is harmless' remove "$tree"
check 'integrate works' integrate "$tree"
for file in kernel/pidns/{Kbuild,Kconfig,pidns/lib.rs,nsproxy/lib.rs} rust/kernel/ns/pid.rs \
	samples/rust/pidns_inspect.rs tools/testing/selftests/pidns/a_test.c Documentation/pidns/index.rst; do
	check "$file is laid" test -f "$tree/$file"
done
check 'the patch is applied' grep -q 'source "kernel/pidns/Kconfig"' "$tree/init/Kconfig"

touch -d '2001-01-01' "$tree/init/Kconfig" "$tree/kernel/pidns/pidns/lib.rs"
once=$(state "$tree" && cat "$tree"/kernel/pidns/.manifest/*)
check 'integrate twice is harmless' integrate "$tree"
check 'and changes nothing' test "$once" = "$(state "$tree" && cat "$tree"/kernel/pidns/.manifest/*)"
check 'not even a time' test -z "$(find "$tree/init/Kconfig" "$tree/kernel/pidns/pidns/lib.rs" -newermt 2002-01-01)"

# usage: build TREE; what make leaves where it is run in the tree
build() {
	touch "$1"/kernel/pidns/pidns/{lib.o,.lib.o.cmd} "$1/tools/testing/selftests/pidns/a_test" \
		"$1"/samples/rust/{pidns_inspect.{o,ko,mod,mod.c,mod.o},.pidns_inspect.{o,ko,mod,mod.o}.cmd}
}
build "$tree"
check 'remove works' remove "$tree"
check 'and leaves the tree as it was, what was built in it included' test "$before" = "$(state "$tree")"
check 'remove twice is harmless' remove "$tree"
check 'and changes nothing' test "$before" = "$(state "$tree")"

# A tree without git.
cp -R "$tree" "$WORK/tarball"
rm -rf "$WORK/tarball/.git"
files=$(find "$WORK/tarball" | sort)
integrate "$WORK/tarball" 2>/dev/null
build "$WORK/tarball"
touch "$WORK/tarball/samples/rust/pidns_inspect.patch"
check 'remove from a tree without git' remove "$WORK/tarball"
check "leaves what is not ours" rm "$WORK/tarball/samples/rust/pidns_inspect.patch"
check 'and no more' test "$files" = "$(find "$WORK/tarball" | sort)"

# Another version of us.
integrate "$tree" 2>/dev/null
echo '// more' >>"$PIDNS_OVERLAY/pidns/lib.rs"
mv "$PIDNS_OVERLAY/nsproxy/lib.rs" "$PIDNS_OVERLAY/nsproxy/main.rs"
check 'another version is refused' says 1 'make remove KDIR=' integrate "$tree"
check 'but updates the cached tree' integrate --update "$tree"
check 'where a vanished file vanishes' not test -e "$tree/kernel/pidns/nsproxy/lib.rs"
check 'and a new one comes' test -f "$tree/kernel/pidns/nsproxy/main.rs"
sed -i 's|kernel/pidns/Kconfig|kernel/pidns/Kconfig.new|' "$PIDNS_OVERLAY/patches/0001-test.patch"
check 'a changed patch replaces the old one' integrate --update "$tree"
check 'wholly' test "$(grep -c Kconfig "$tree/init/Kconfig")/$(grep -c Kconfig.new "$tree/init/Kconfig")" = 1/1
rm -r "$PIDNS_OVERLAY/patches" "$PIDNS_OVERLAY/pidns"
check 'remove goes by the manifest, whatever is checked out' remove "$tree"
check 'and leaves the tree as it was' test "$before" = "$(state "$tree")"

# The page that is made from the rows: here by a stand-in.
rm -r "$PIDNS_OVERLAY"
make_overlay "$PIDNS_OVERLAY" "$tree"
page=$tree/Documentation/pidns/rows.rst package=$PIDNS_OVERLAY/tools/testing/pidns
mkdir "$package"
touch "$package/__init__.py"
echo 'import sys; open(sys.argv[2], "w").write("page")' >"$package/rows.py"
integrate "$tree" 2>/dev/null
check 'the page is laid' prints page cat "$page"
echo 'import sys; open(sys.argv[2], "w").write("other")' >"$package/rows.py"
integrate --update "$tree"
check 'and updated' prints other cat "$page"
git -C "$tree" clean -qfdX
remove "$tree" 2>/dev/null
check 'and removed, without a manifest as well' test "$before" = "$(state "$tree")"
integrate "$tree" 2>/dev/null
echo 'import sys; sys.exit("no Python")' >"$package/rows.py"
check 'a page that cannot be made is left out' prints \
	'pidns: Documentation/pidns/rows.rst cannot be made (no Python) and is left out' integrate --update "$tree"
check 'an old one vanishes' not test -e "$page"
remove "$tree" 2>/dev/null
check 'and leaves the tree as it was' test "$before" = "$(state "$tree")"

# What is refused leaves the tree as it was.
rm -r "$PIDNS_OVERLAY"
make_overlay "$PIDNS_OVERLAY" "$tree"
echo '// theirs' >"$PIDNS_OVERLAY/rust/kernel/lib.rs"
check "a file of the kernel's is not overwritten" says 1 'rust/kernel/lib.rs exists and is not ours' integrate "$tree"
check 'nothing half done' test "$before" = "$(state "$tree")"
rm "$PIDNS_OVERLAY/rust/kernel/lib.rs"
sed -i 's/^130$/other/' "$tree/kernel/Makefile"
check 'a patch that does not apply is refused' says 1 '0001-test.patch does not apply' integrate "$tree"
check 'nothing half done' not test -e "$tree/kernel/pidns"
git -C "$tree" checkout -q kernel/Makefile
integrate "$tree" 2>/dev/null
echo '// mine' >>"$tree/kernel/pidns/pidns/lib.rs"
changed=$(state "$tree")
check 'a changed file of ours is not deleted' says 1 'pidns/lib.rs was changed' remove "$tree"
check 'nor laid over' says 1 'pidns/lib.rs was changed' integrate "$tree"
check 'nothing half done' test "$changed" = "$(state "$tree")"
cp "$PIDNS_OVERLAY/pidns/lib.rs" "$tree/kernel/pidns/pidns/lib.rs"
sed -i 's/^101$/mine/' "$tree/kernel/Makefile"
check "a user's own change of a file we patch" remove "$tree"
check 'stays' test "$(git -C "$tree" diff | grep -c '^[-+][^-+]')" = 2
git -C "$tree" checkout -q kernel/Makefile

# Everyday git commands in the tree.
remove "$tree" 2>/dev/null
# usage: after_git WHAT COMMAND...; after COMMAND in an integrated tree, both work
after_git() {
	local what=$1
	shift
	integrate "$tree" 2>/dev/null
	laid=$(state "$tree")
	git -C "$tree" "$@" >/dev/null 2>&1
	check "remove after $what" remove "$tree"
	check 'leaves the tree as it was' test "$before" = "$(state "$tree")"
	integrate "$tree" 2>/dev/null
	git -C "$tree" "$@" >/dev/null 2>&1
	check "integrate after $what" integrate "$tree"
	check 'lays all' test "$laid" = "$(state "$tree")"
	remove "$tree" 2>/dev/null
}
after_git 'git checkout' checkout .
after_git 'git checkout of one file' checkout init/Kconfig
after_git 'git reset' reset --hard
after_git 'git stash' -c user.name=t -c user.email=t@t stash
git -C "$tree" stash drop -q
git -C "$tree" stash drop -q
after_git 'git clean' clean -fd
after_git 'git clean -x' clean -fdx
integrate "$tree" 2>/dev/null
git -C "$tree" clean -qfdX
check 'what lost its manifest only is not laid over' says 1 'run make remove' integrate "$tree"
check 'but removed' remove "$tree"
check 'wholly' test "$before" = "$(state "$tree")"
integrate "$tree" 2>/dev/null
git -C "$tree" clean -qfdx
sed -i 's/^obj-y += pidns/& mine/' "$tree/kernel/Makefile"
check 'remove says what to do' says 1 'git checkout kernel/Makefile' remove "$tree"
check 'and integrate' says 1 'git checkout kernel/Makefile' integrate "$tree"
sed -i 's/ mine//' "$tree/kernel/Makefile"
touch "$tree/theirs.o"
check 'remove by the edits alone' remove "$tree"
check 'deletes nothing else' test -f "$tree/theirs.o"
rm "$tree/theirs.o"

# The tree goes on to another series, where other lines are around ours.
git -C "$tree" checkout -q -b other
sed -i 's/^PATCHLEVEL = 3/PATCHLEVEL = 4/' "$tree/Makefile"
sed -i 's/^1[23].*/other &/' "$tree/kernel/Makefile"
seq 1 9 >"$tree/init/Kconfig"
git -C "$tree" add -A
git -C "$tree" -c user.name=t -c user.email=t@t commit -qm other
other=$(state "$tree")
git -C "$tree" checkout -q -
integrate "$tree" 2>/dev/null
git -C "$tree" checkout -qf other
check 'remove in another series' remove "$tree"
check 'leaves that as it was' test "$other" = "$(state "$tree")"
git -C "$tree" checkout -q -

# Killed at any of the renames.
mkdir "$WORK/bin"
cat >"$WORK/bin/mv" <<END
#!/bin/sh
echo >>"$WORK/moves"
[ \$(wc -l <"$WORK/moves") != "\$KILL_AT" ] || kill -KILL 0
exec $(command -v mv) "\$@"
END
chmod +x "$WORK/bin/mv"
# usage: killed NUMBER SCRIPT ARGUMENT...; true if there were that many renames
killed() {
	rm -f "$WORK/moves"
	# In a shell of its own, which says of what it was killed.
	(KILL_AT=$1 PATH=$WORK/bin:$PATH setsid --wait "$SCRIPTS/$2" "${@:3}"; exit $?) >/dev/null 2>&1
	[ $? = 137 ]
}
for ((n = 1; n < 99; n++)); do
	killed $n integrate.sh "$tree" || break
	check "remove after rename $n of integrate" remove "$tree"
	check 'leaves the tree as it was' test "$before" = "$(state "$tree")"
done
check 'all renames were tried' test $n -ge 10
check 'and the last time none' test -f "$tree/kernel/pidns/.manifest/version"
laid=$(state "$tree")
remove "$tree" 2>/dev/null
killed 6 integrate.sh "$tree"
check 'integrate after a killed integrate' integrate "$tree"
check 'lays all' test "$laid" = "$(state "$tree")"
for ((n = 1; n < 99; n++)); do
	killed $n remove.sh "$tree" || break
	check "remove after rename $n of remove" remove "$tree"
	check 'leaves the tree as it was' test "$before" = "$(state "$tree")"
	integrate "$tree" 2>/dev/null
done
check 'remove has renames' test $n -ge 3
cp -R "$PIDNS_OVERLAY" "$WORK/next"
echo '// more' >>"$WORK/next/pidns/lib.rs"
mv "$WORK/next/nsproxy/lib.rs" "$WORK/next/nsproxy/main.rs"
sed -i 's|kernel/pidns/Kconfig|&.new|' "$WORK/next/patches/0001-test.patch"
for ((n = 1; n < 99; n++)); do
	integrate --update "$tree" 2>/dev/null
	PIDNS_OVERLAY=$WORK/next killed $n integrate.sh --update "$tree" || break
	check "update after rename $n of an update" integrate --update "$tree"
	check 'lays all' test "$laid" = "$(state "$tree")"
done
check 'all renames were tried' test $n -ge 8
remove "$tree" 2>/dev/null
check 'no trace of it' test "$before" = "$(state "$tree")"

# Folders of somebody else's: who is root may write to all of them.
user=()
[ "$(id -u)" != 0 ] || user=(setpriv --reuid=65534 --regid=65534 --clear-groups)
user+=(env -u XDG_CONFIG_HOME "HOME=$WORK")
theirs=$WORK/theirs
cp -R "$tree" "$theirs"
cp -R "$SCRIPTS" "$WORK/scripts"
chmod 711 "$WORK"
[ "$(id -u)" != 0 ] || chown -R 65534:65534 "$theirs"
# usage: as_user SCRIPT ARGUMENT...
as_user() { "${user[@]}" "$WORK/scripts/$1" "${@:2}"; }
# usage: contents TREE; as state, of who may not ask git
contents() { (cd "$1" && find . -printf '%p %m\n' -type f -exec sha256sum {} + | sort); }
if "${user[@]}" test -w "$theirs/kernel" 2>/dev/null; then
	for folder in samples/rust rust/kernel kernel; do
		chmod 555 "$theirs/$folder"
		theirs_before=$(contents "$theirs")
		check "integrate without leave for $folder" says 1 "$folder cannot be written to" \
			as_user integrate.sh "$theirs"
		check 'nothing half done' test "$theirs_before" = "$(contents "$theirs")"
		chmod 755 "$theirs/$folder"
	done
	as_user integrate.sh "$theirs" 2>/dev/null
	for folder in samples/rust rust/kernel/ns kernel/pidns/pidns kernel init; do
		chmod 555 "$theirs/$folder"
		theirs_before=$(contents "$theirs")
		check "remove without leave for $folder" says 1 "$folder cannot be written to" \
			as_user remove.sh "$theirs"
		check 'nothing half done' test "$theirs_before" = "$(contents "$theirs")"
		chmod 755 "$theirs/$folder"
	done
	check 'remove with leave' as_user remove.sh "$theirs"
else
	echo "integrate-test.sh: skipped: folders of somebody else's: $WORK is closed to nobody"
fi

# A system without patch.
check 'integrate without patch' says 1 'patch is missing; install it' env "PATH=$(path_without patch)" "$SCRIPTS/integrate.sh" "$tree"
check 'nothing half done' test "$before" = "$(state "$tree")"
integrate "$tree" 2>/dev/null
changed=$(state "$tree")
check 'remove without patch' says 1 'patch is missing; install it' env "PATH=$(path_without patch)" "$SCRIPTS/remove.sh" "$tree"
check 'nothing half done' test "$changed" = "$(state "$tree")"
remove "$tree" 2>/dev/null

# KDIR= that will not do.
check 'KDIR= missing' says 1 'give KDIR=' integrate ''
check 'KDIR= that is not a folder' says 1 'is not a folder' integrate "$WORK/nowhere"
mkdir "$WORK/empty"
check 'KDIR= that is no kernel' says 1 'is not a kernel source tree' integrate "$WORK/empty"
check 'the same for remove' says 1 'is not a kernel source tree' remove "$WORK/empty"
sed -i 's/^PATCHLEVEL = 3/PATCHLEVEL = 2/' "$tree/Makefile"
check 'KDIR= of another series' says 1 'is Linux 7.2, not 7.3' integrate "$tree"
git -C "$tree" checkout -q Makefile
mkdir "$tree/kernel/pidns"
touch "$tree/kernel/pidns/theirs"
check "another's kernel/pidns" says 1 'is not ours' integrate "$tree"
finish
