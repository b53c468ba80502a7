# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034
#
# Where Debian's archive is. Source it after lib.sh.

# usage: find_archive; sets ARCHIVE, the address that this system uses for its
# own release, and KEYRING, the archive's keys; or ARCHIVE_FAULT, and fails
find_archive() {
	local codename
	codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
	# By codename: a release is called as the sources call it, as in "stable".
	# shellcheck disable=SC2016 # the names are apt's to expand
	ARCHIVE=$(apt-get indextargets --format '$(ORIGIN) $(CODENAME) $(REPO_URI)' \
		'Created-By: Packages' |
		awk -v c="$codename" '$1 == "Debian" && $2 == c { print $3; exit }') || true
	if [ -z "$ARCHIVE" ]; then
		ARCHIVE_FAULT="no Debian archive is known to apt here; run apt-get update"
		return 1
	fi
	for KEYRING in /usr/share/keyrings/debian-archive-keyring.{gpg,pgp}; do
		[ ! -r "$KEYRING" ] || return 0
	done
	ARCHIVE_FAULT="the archive's keys are not here; install debian-archive-keyring"
	return 1
}
