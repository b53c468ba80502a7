# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# The kernel's configuration: allnoconfig, then our fragments, then the choice
# of the implementation. Source it after tree.sh.

# usage: implementation_config; the lines that set "rust" apart from "c"
implementation_config() {
	case $IMPL in
	rust)
		printf 'CONFIG_%s\n' PIDNS_RUST=y PIDNS_KUNIT_TEST=y \
			SAMPLES=y SAMPLES_RUST=y SAMPLE_PIDNS_INSPECT=m
		;;
	c) printf 'CONFIG_PIDNS_C=y\n' ;;
	esac
}

# usage: unhonoured CONFIG FRAGMENT...; what the fragments ask for and CONFIG has not
unhonoured() {
	awk -F= '
		/^CONFIG_/ && FNR == NR { got[$1] = $2; next }
		/^CONFIG_/ { want[$1] = $2 }
		END {
			for (s in want) {
				have = (s in got) ? got[s] : "n"
				if (have != want[s]) print s "=" want[s]
			}
		}' "$@" | LC_ALL=C sort
}

# usage: usual_fragments; fills FRAGMENTS with those of every build
usual_fragments() {
	FRAGMENTS=("$TOP"/configs/{base,guest,test}.config)
	[ -z "$DEBUG" ] || FRAGMENTS+=("$TOP/configs/debug.config")
}

# usage: make_config WORK LOG BASE FRAGMENT...; WORK/.config, from the kernel's
# goal BASE and the fragments over it. What the fragments make possible has its
# default, but for BASE "nothing", where it is off unless they ask for it.
make_config() {
	local work=$1 log=$2 base=$3 fragment copies=()
	shift 3
	# merge_config.sh breaks paths at blanks, and that of a checkout may have some.
	for fragment in "$@"; do
		copies+=("$work/${#copies[@]}-${fragment##*/}")
		cp "$fragment" "${copies[-1]}"
	done
	: >"$work/base"
	{
		kmake rustavailable &&
			{ [ "$base" = nothing ] || kmake "KCONFIG_CONFIG=$work/base" "$base"; } &&
			(cd "$work" && "$SRC/scripts/kconfig/merge_config.sh" -m -O "$work" \
				"$work/base" "${copies[@]}") &&
			if [ "$base" = nothing ]; then
				mv "$work/.config" "$work/wanted" &&
					kmake "KCONFIG_CONFIG=$work/.config" "KCONFIG_ALLCONFIG=$work/wanted" allnoconfig
			else
				kmake "KCONFIG_CONFIG=$work/.config" olddefconfig
			fi
	} >"$log" 2>&1 || {
		full_disk "$log"
		grep -A 4 '\*\*\*' "$log" | head -n 20 >&2 || tail -n 10 "$log" >&2
		die "the kernel cannot be configured; the whole of the output is in $log"
	}
}

# usage: configure; BUILD/.config, untouched where nothing changed
configure() {
	local work stamp missing
	usual_fragments
	# Kconfig asks the compilers what they can do.
	stamp=$({
		cat "${FRAGMENTS[@]}" "$SRC/kernel/pidns/Kconfig" "$SRC/$MANIFEST/applied.diff"
		implementation_config
		toolchain_id
	} | sha256sum)
	if [ -f "$BUILD/.config" ] && [ "$(cat "$BUILD/.pidns-config" 2>/dev/null)" = "$stamp" ]; then
		return
	fi

	make_temp work
	implementation_config >"$work/implementation.config"
	FRAGMENTS+=("$work/implementation.config")
	make_config "$work" "$LOGS/config-$KEY.log" allnoconfig "${FRAGMENTS[@]}"
	missing=$(unhonoured "$work/.config" "${FRAGMENTS[@]}")
	if grep -q CONFIG_RUST_INLINE_HELPERS <<<"$missing"; then
		note "CONFIG_RUST_INLINE_HELPERS is off: rustc and clang are not of one LLVM version"
		missing=$(grep -v CONFIG_RUST_INLINE_HELPERS <<<"$missing") || true
	fi
	[ -z "$missing" ] ||
		die "Kconfig does not honour: $(xargs <<<"$missing");" \
			"look at what those symbols depend on"
	replace "$work/.config" "$BUILD/.config"
	printf '%s\n' "$stamp" >"$BUILD/.pidns-config"
}
