#!/bin/sh
# sourced by tests of a program's command line; they have set $tmp.

fail() { printf '%s: %s\n' "$(basename "$0" .sh)" "$*" >&2; exit 1; }

# want STATUS TEXT COMMAND...: its exit status, and a text in what it says
want() {
	status=$1 text=$2
	shift 2
	got=0
	"$@" > "$tmp/out" 2>&1 < /dev/null || got=$?
	[ "$got" = "$status" ] ||
		fail "$*: exit status $got, not $status: $(cat "$tmp/out")"
	grep -qF -- "$text" "$tmp/out" ||
		fail "$*: does not say \"$text\": $(cat "$tmp/out")"
}
