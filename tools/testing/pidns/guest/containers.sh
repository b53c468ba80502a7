#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: containers.sh
#        containers.sh FILE FUNCTION, with CGROUP=
#
# Run in a Debian guest, as root: all checks of the files in containers/, or one.
# Each runs in a cgroup, a mount namespace and a folder of its own, and within a
# limit; what it leaves behind is killed. All output is KTAP.

cd "$(dirname "$0")" || exit 1

if [ $# -gt 0 ]; then
	set -eu -o pipefail -E
	echo $$ >"$CGROUP/main/cgroup.procs"
	W=$(mktemp -d)
	# shellcheck disable=SC2317 # the file calls it
	check() { :; }
	# shellcheck source=tools/testing/pidns/guest/checks.sh
	. ./checks.sh
	# shellcheck source=/dev/null
	. "$1"
	trap 'echo "${BASH_SOURCE[0]##*/}:$LINENO: \"$BASH_COMMAND\" failed"' ERR
	"$2"
	exit
fi

# usage: check SECONDS CLAIM FUNCTION
FILES=() LIMITS=() CLAIMS=() FUNCTIONS=()
check() {
	FILES+=("$file")
	LIMITS+=("$1")
	CLAIMS+=("$(basename "$file" .sh): $2")
	FUNCTIONS+=("$3")
}

# usage: clean_up; kills what a check has left, and waits for its end
clean_up() {
	local i
	echo 1 >"$CGROUP/cgroup.kill"
	# The limit is for a hang.
	for ((i = 0; i < 3000; i++)); do
		if grep -q 'populated 0' "$CGROUP/cgroup.events"; then
			find "$CGROUP" -depth -type d -exec rmdir {} +
			return
		fi
		sleep 0.1
	done
	echo "Bail out! Processes in $CGROUP outlive a SIGKILL"
	# shellcheck disable=SC2009 # pgrep does not show where they wait
	ps -e -o pid,stat,wchan:30,cgroup,args | grep ':/check-' | sed 's/^/#   /'
	exit 1
}

for file in containers/*.sh; do
	before=${#FILES[@]}
	# shellcheck source=/dev/null
	. "$file"
	[ "${#FILES[@]}" -gt "$before" ] || check 1 "$file has no checks" false
done
printf 'KTAP version 1\n1..%d\n' "${#FILES[@]}"
for i in "${!FILES[@]}"; do
	work=$(mktemp -d)
	# A process is in a leaf, so that those of containers may get controllers.
	export CGROUP=/sys/fs/cgroup/check-$i
	mkdir -p "$CGROUP/main"
	start=$SECONDS status=0
	TMPDIR=$work timeout -k 5 "${LIMITS[i]}" unshare --mount \
		bash "$0" "${FILES[i]}" "${FUNCTIONS[i]}" >"$work/said" 2>&1 </dev/null || status=$?
	clean_up
	said=$(tr -d '\0#' <"$work/said" | tail -n 1)
	result="ok $((i + 1)) ${CLAIMS[i]}"
	case $status in
	0) ;;
	4) result+=" # SKIP $said" ;;
	124 | 137) result="not $result # did not finish within ${LIMITS[i]} s" ;;
	*) result="not $result # ${said:-status $status}" ;;
	esac
	[ "$status" = 0 ] || tail -n 20 "$work/said" | tr -d '\0' | sed 's/^/#   /'
	printf '%s\n#   took %d s\n' "$result" $((SECONDS - start))
	rm -rf "$work"
done
bash ./implementation.sh | sed 's/^/# /'
