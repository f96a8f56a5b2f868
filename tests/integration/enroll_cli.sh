#!/bin/sh
# beskar7-agent enroll from its outside: exit codes, messages, where passwords
# come from, and that a terminal does not show them unasked.
set -eu

command -v python3 > /dev/null || {
	echo "SKIPPED: no python3"
	exit 77
}
agent=$1
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
# shellcheck source=tests/want.sh
. "$(dirname "$0")/../want.sh"

unset BESKAR7_BMC_USERNAME BESKAR7_BMC_PASSWORD
want 0 'Usage: beskar7-agent enroll' "$agent" enroll --help
want 2 'a table or --range' "$agent" enroll
want 2 'a table or --range' "$agent" enroll a.csv b.csv
want 2 'a table or --range' "$agent" enroll --range 10.0.0.1 a.csv
want 2 'unknown option' "$agent" enroll --password x
want 2 'one of' "$agent" enroll --range 10.0.0.1 --insecure --trust-on-first-use
want 1 "$tmp/none" "$agent" enroll "$tmp/none"
want 1 'is no range' "$agent" enroll --range 10.0.0
want 1 'no login' "$agent" enroll --range 10.0.0.1
want 0 'name: "mine"' "$agent" enroll --range 10.0.0.1 --credentials-secret mine
want 1 'no hosts' "$agent" enroll -

BESKAR7_BMC_USERNAME=admin BESKAR7_BMC_PASSWORD='pa"ss'
export BESKAR7_BMC_USERNAME BESKAR7_BMC_PASSWORD
want 0 'password: "pa\"ss"' "$agent" enroll --range 10.0.0.1
want 0 '2 hosts, 1 Secrets' "$agent" enroll \
	--range 10.0.0.1-2 --trust-on-first-use
unset BESKAR7_BMC_USERNAME BESKAR7_BMC_PASSWORD
printf 'username: file\npassword: x\n' > "$tmp/login.yaml"
want 0 'username: "file"' "$agent" enroll --range 10.0.0.1 -c "$tmp/login.yaml"

printf 'address,username,password\r\n10.0.0.9,root,calvin\r\n' > "$tmp/t.csv"
want 0 '1 hosts, 1 Secrets' "$agent" enroll "$tmp/t.csv"
"$agent" enroll - < "$tmp/t.csv" 2> /dev/null | grep -q '"calvin"' ||
	fail "stdin is not read"
printf 'address\n10.0.0.9\n10.0.0.9\n' > "$tmp/bad.csv"
want 1 'line 3: line 2 has this name' "$agent" enroll \
	"$tmp/bad.csv" --credentials-secret s
[ "$(grep -c kind: "$tmp/out")" = 0 ] || fail "half of it was printed"

# On a terminal.
on_terminal() {
	python3 -c 'import os, pty, sys
print(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))' \
		"$agent" enroll "$@" < /dev/null > "$tmp/out" 2>&1
}
on_terminal "$tmp/t.csv"
grep -q calvin "$tmp/out" && fail "a terminal shows passwords"
[ "$(tail -n 1 "$tmp/out")" = 2 ] || fail "a terminal: $(cat "$tmp/out")"
on_terminal --show-passwords "$tmp/t.csv"
grep -q calvin "$tmp/out" || fail "--show-passwords: $(cat "$tmp/out")"
echo "enroll_cli: ok"
