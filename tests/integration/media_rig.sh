#!/bin/bash
# sourced by media.sh and wiped.sh: a folder, processes that end with the script,
# and checks that count.

dir=$(mktemp -d)
pids=()
passed=0
failed=0
check() { # NAME COMMAND...
	local name=$1
	shift
	if "$@" >"$dir/said" 2>&1; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAILED: $name"
		tail -n 40 "$dir/said" | sed 's/^/    /'
	fi
}
wait_for() { # SECONDS COMMAND...
	local until=$((SECONDS + $1))
	shift
	while ! "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $until ] || return 1
		sleep 0.2
	done
}
free_port() {
	python3 -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])'
}
