#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# configure.sh: the fragments of a checkout in a path with blanks.

. "$(dirname "$0")/check.sh"

checkout="$WORK/a checkout"
mkdir -p "$WORK"/{src/scripts/kconfig,work} "$checkout"
echo CONFIG_A=y >"$checkout/one.config"
echo CONFIG_A=m >"$checkout/two.config"
# It merges as the kernel's: the last word counts, and a name ends at a blank.
cat >"$WORK/src/scripts/kconfig/merge_config.sh" <<'END'
#!/bin/sh
shift 3
for file in $*; do echo "Merging $file"; cat $file || exit 1; done >.config
END
chmod +x "$WORK/src/scripts/kconfig/merge_config.sh"
# usage: config FRAGMENT...; as make_config makes it, without Kconfig
config() {
	bash -c '. "$1/lib.sh"; . "$1/configure.sh"; kmake() { true; }; SRC=$2/src
		make_config "$2/work" "$2/log" defconfig "${@:3}"' - "$SCRIPTS" "$WORK" "$@"
	sed "s|$WORK/||" "$WORK/work/.config"
}
check 'in their order' prints 'Merging work/base
Merging work/0-two.config
CONFIG_A=m
Merging work/1-one.config
CONFIG_A=y' config "$checkout/two.config" "$checkout/one.config"
finish
