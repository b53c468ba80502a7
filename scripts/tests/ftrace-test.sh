#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# pidns/check-ftrace.sh: it finds a function without an ftrace location; and what Kbuild
# takes for functions that C knows are those of tools/testing/symbols.

. "$(dirname "$0")/check.sh"

TOP=$(cd "$SCRIPTS/.." && pwd -P)

# usage: compiled NAME OPTION...; NAME.o of two functions, one of which is never traced
compiled() {
	local name=$1
	shift
	cat >"$WORK/$name.c" <<-'END'
		int one(int x) { return x + 1; }
		__attribute__((no_instrument_function, patchable_function_entry(0)))
		int two(int x) { return x + 2; }
	END
	gcc -O1 -ffunction-sections -c "$@" -o "$WORK/$name.o" "$WORK/$name.c"
}

# usage: checked NAME FUNCTION...; what the check says
checked() {
	local name=$1
	shift
	READELF=readelf sh "$TOP/pidns/check-ftrace.sh" "$WORK/$name.o" "$@" 2>&1 | sed "s|$WORK/||"
}

compiled calls -pg -mfentry
check 'a call of __fentry__() is one' prints '' checked calls one
check 'a function without one is found' prints 'calls.o: two() has no ftrace location' checked calls one two
compiled listed -pg -mfentry -mrecord-mcount -mnop-mcount -fno-pie
check 'a listed address is one' prints '' checked listed one
check 'that of another function is not' prints 'listed.o: two() has no ftrace location' checked listed two
compiled nops -fpatchable-function-entry=5
check 'so are NOPs at the entry' prints '' checked nops one
check 'a function without them is found' prints 'nops.o: two() has no ftrace location' checked nops two
check 'so is one that is not there' prints 'nops.o: three() has no ftrace location' checked nops three
check 'no functions at all are a fault' prints 'nops.o: no function is known by name' checked nops

# usage: known FILE...; the functions in it that Kbuild finds
known() { sed -n 's/^pub(crate) unsafe extern "C" fn \([a-z_0-9]*\).*/\1/p' "$@" | sort; }
# usage: expected; those that the symbols name, but for objects and system calls
expected() {
	sed -E '/^(#|$|__x64_sys_|init_nsproxy|init_pid_ns|init_struct_pid|pidns_.*operations)/d; s/ .*//' \
		"$TOP/tools/testing/symbols" | sort
}
check 'Kbuild finds all functions' prints '' comm -13 <(known "$TOP"/pidns/abi/*.rs "$TOP"/pidns/abi/*/*.rs "$TOP/nsproxy/abi.rs") <(expected)
finish
