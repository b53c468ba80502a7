#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# source.sh: apt that finds nothing, that breaks off or is interrupted, and an archive
# that is not signed.

. "$(dirname "$0")/check.sh"
. "$(dirname "$0")/kernel-tree.sh"

mkdir "$WORK/bin"
# usage: make_apt LINE...; an apt-get that knows of an archive, by another name than its
# codename, and then does LINEs
make_apt() {
	{
		# shellcheck disable=SC2016 # for the stub to expand
		printf '%s\n' '#!/bin/sh' '. /etc/os-release' \
			'names="s|\$(ORIGIN)|Debian|; s|\$(RELEASE)|oldstable|; s|\$(CODENAME)|$VERSION_CODENAME|"' \
			'[ "$1" != indextargets ] || { echo "$3" | sed "$names; s|\$(REPO_URI)|$ARCHIVE|"; exit; }' "$@"
	} >"$WORK/bin/apt-get"
	chmod +x "$WORK/bin/apt-get"
}
# usage: source_error; how source.sh ends
source_error() {
	env "PATH=$WORK/bin:$PATH" "$SCRIPTS/source.sh" 2>&1 | grep -v 'looking for'
	return "${PIPESTATUS[0]}"
}
# usage: apt_says TEXT; make_apt, it says that and fails
apt_says() { make_apt "echo '$1'" 'exit 100'; }

export ARCHIVE=http://a.invalid/debian/
apt_says 'W: Could not resolve a.invalid'
check 'no network' says 1 'cannot be reached' source_error
apt_says 'E: The repository does not have a Release file.'
check 'no package' says 1 'no longer in the Debian archive' source_error
apt_says 'Ign:2 http://a.invalid/debian forky Release.gpg 404 Not Found
W: GPG error: http://a.invalid/debian forky InRelease: The following signatures were invalid: BADSIG'
check 'a bad signature' says 1 'signature is not good (GPG error: http://a.invalid' source_error

# An archive without any, for an apt whose configuration lets it take that.
dist=$WORK/archive/dists/trixie-backports
mkdir -p "$dist/main/binary-amd64"
echo deb >"$WORK/archive/linux.deb"
# usage: about FILE NAME; a line of Release on it
about() { echo " $(sha256sum "$1" | cut -d' ' -f1) $(stat -c %s "$1") $2"; }
cat >"$dist/main/binary-amd64/Packages" <<END
Package: linux-source-7.3
Version: 1
Architecture: all
Filename: linux.deb
Size: $(stat -c %s "$WORK/archive/linux.deb")
SHA256: $(sha256sum "$WORK/archive/linux.deb" | cut -d' ' -f1)
END
{
	printf 'Suite: trixie-backports\nCodename: trixie-backports\nComponents: main\nArchitectures: amd64\n'
	printf 'Date: %s\nSHA256:\n' "$(date -Ru)"
	about "$dist/main/binary-amd64/Packages" main/binary-amd64/Packages
} >"$dist/Release"
cat >"$WORK/apt.conf" <<'END'
Acquire::AllowInsecureRepositories "true";
Acquire::AllowWeakRepositories "true";
APT::Get::AllowUnauthenticated "true";
END
export ARCHIVE=file:$WORK/archive APT_CONFIG=$WORK/apt.conf
make_apt 'exec /usr/bin/apt-get "$@"'
if [ -x /usr/bin/apt-get ]; then
	check 'no signature' says 1 'signature is not good (The repository' source_error
fi
# usage: is_clean; no source, and nothing half done
is_clean() { [ -z "$(find "$XDG_CACHE_HOME"/pidns/{tmp,src} -mindepth 1 2>/dev/null)" ]; }
check 'nothing is left of it' is_clean

# A package that would do, but for how its download ends.
make_tree "$WORK/linux"
mkdir -p "$WORK"/package/{DEBIAN,usr/src}
tar -C "$WORK" -cJf "$WORK/package/usr/src/linux-source-7.3.tar.xz" linux
printf '%s\n' 'Package: linux-source-7.3' 'Version: 1' 'Architecture: all' \
	'Maintainer: a <a@a.invalid>' 'Description: a' >"$WORK/package/DEBIAN/control"
dpkg-deb --build "$WORK/package" "$WORK/whole.deb" >/dev/null
# usage: apt_downloads LINE...; make_apt, its lists are good and LINEs are its download
apt_downloads() {
	# shellcheck disable=SC2016 # for the stub to expand
	make_apt 'for arg; do case $arg in Dir::State::Lists=*) lists=${arg#*=} ;; esac; done' \
		'case $* in *update) touch "$lists/a_Packages"; exit ;; esac' "$@"
}
copy="cp $WORK/whole.deb linux-source-7.3_1_all.deb"
apt_downloads "$copy" 'echo "E: Failed to fetch"' 'exit 100'
check 'a download that breaks off' says 1 'cannot be reached (Failed to fetch)' source_error
check 'is not unpacked' is_clean
# shellcheck disable=SC2016
apt_downloads 'grep -q sid "$PWD/sources.list" || {' "$copy" 'exit 100; }' \
	'echo "E: Unable to locate package"' 'exit 100'
check 'nor after another suite lacks it' says 1 'cannot be reached' source_error
check 'it is not unpacked' is_clean

# A signal in the midst of it.
apt_downloads "echo \$\$ >$WORK/child" 'exec sleep 1000'
env "PATH=$WORK/bin:$PATH" "$SCRIPTS/source.sh" >/dev/null 2>&1 &
source=$!
for _ in $(seq 100); do [ ! -s "$WORK/child" ] || break; sleep 0.1; done
kill -TERM $source
# usage: gone PID; within 5 seconds
gone() {
	local _
	for _ in $(seq 50); do kill -0 "$1" 2>/dev/null || return 0; sleep 0.1; done
	return 1
}
check 'apt was at it' test -s "$WORK/child"
check 'a signal ends apt' gone "$(cat "$WORK/child")"
kill "$(cat "$WORK/child")" 2>/dev/null
wait $source
check 'and leaves nothing' is_clean

apt_downloads "$copy"
check 'a download that succeeds' prints "$XDG_CACHE_HOME/pidns/src/linux-1" \
	bash -c 'PATH=$1:$PATH "$2/source.sh" 2>/dev/null' - "$WORK/bin" "$SCRIPTS"
finish
