#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# usage: check-ftrace.sh OBJECT FUNCTION...
#
# Fails unless each function has an ftrace location: a call of __fentry__() at its entry,
# or an address in a list of them. With ALIGN=N, all locations must be multiples of N.

set -eu
object=$1
shift

"$READELF" -SsrW "$object" | awk -v object="$object" -v functions="$*" \
	-v align="${ALIGN:-1}" '
function number(hex,    n, i) {
	for (i = 1; i <= length(hex); i++)
		n = n * 16 + index("0123456789abcdef", substr(hex, i, 1)) - 1
	return n
}
# [ 3] .text PROGBITS ...
/^ *\[ *[0-9]+\] / {
	sub(/^ *\[ */, "")
	sub(/\]/, "")
	section[$1] = $2
	alignment[$2] = $NF
}
# 12: 0000000000000040 150 FUNC GLOBAL DEFAULT 3 name
$1 ~ /^[0-9]+:$/ && $7 in section {
	home[$8] = section[$7]
	value[$8] = number($2)
	defined[$8] = $4 == "FUNC"
}
# Relocation section .rela.text, in quotes
/^Relocation section/ {
	target = $3
	gsub(/[^._a-zA-Z0-9]/, "", target)
	sub(/^\.rela?/, "", target)
	listed = target ~ /mcount_loc|patchable_function_entries/
}
/^[0-9a-f]+ +[0-9a-f]+ +R_/ {
	relocations++
	offset[relocations] = number($1)
	where[relocations] = target
	list[relocations] = listed
	symbol[relocations] = $5
	addend[relocations] = ($6 == "-" ? -1 : 1) * number($7)
}
END {
	for (i = 1; i <= relocations; i++) {
		s = symbol[i]
		if (list[i]) {
			place = s in home ? home[s] : s
			location[place, value[s] + addend[i]] = 1
			if ((value[s] + addend[i]) % align || alignment[place] % align) {
				print object ": " s " is not aligned for ftrace" > "/dev/stderr"
				missing = 1
			}
		} else if (s == "__fentry__")
			location[where[i], offset[i]] = 1
	}
	count = split(functions, names)
	for (i = 1; i <= count; i++) {
		name = names[i]
		found = 0
		# Behind an ENDBR, or words before the entry.
		for (delta = -8; defined[name] && delta <= 8; delta++)
			found += (home[name], value[name] + delta) in location
		if (!found) {
			print object ": " name "() has no ftrace location" > "/dev/stderr"
			missing = 1
		}
	}
	if (!count) {
		print object ": no function is known by name" > "/dev/stderr"
		missing = 1
	}
	exit missing
}'
