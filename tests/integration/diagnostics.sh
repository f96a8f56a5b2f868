#!/bin/bash
# Where a real agent's /healthz is served: on all addresses of both families, as a
# kubelet asks; on loopback alone; not at all on a port that somebody has.
#
# usage: diagnostics.sh PATH-OF-beskar7-agent
set -u

agent=${1:?usage: diagnostics.sh PATH-OF-beskar7-agent}
dir=$(mktemp -d)
pid=
passed=0
failed=0
skipped=0
stop() {
	[ -n "$pid" ] && kill "$pid" 2>/dev/null && wait "$pid"
	pid=
}
trap 'stop; rm -rf "$dir"' EXIT

check() { # NAME COMMAND...
	local name=$1
	shift
	if "$@"; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAILED: $name"
		sed 's/^/    /' "$dir/log"
	fi
}
# An API server that nobody is: the agent goes on trying.
cat >"$dir/kubeconfig" <<'END'
apiVersion: v1
kind: Config
current-context: x
clusters: [{name: c, cluster: {server: "http://127.0.0.1:9"}}]
users: [{name: u, user: {token: t}}]
contexts: [{name: x, context: {cluster: c, user: u}}]
END
port=$(python3 -c 'import socket
s = socket.socket(socket.AF_INET6 if socket.has_ipv6 else socket.AF_INET)
s.bind(("", 0))
print(s.getsockname()[1])') || exit 1
healthy() { # HOST
	[ "$(curl -s --noproxy '*' -m 5 "http://$1:$port/healthz")" = ok ]
}
start() { # ADDRESS
	stop
	"$agent" --kubeconfig "$dir/kubeconfig" --diagnostics-address="$1" >"$dir/log" 2>&1 &
	pid=$!
	for _ in $(seq 100); do
		grep -q 'agent started' "$dir/log" && return
		sleep 0.1
	done
}

start ":$port"
check "all addresses: IPv4" healthy 127.0.0.1
if grep -q '^00000000000000000000000000000001 ' /proc/net/if_inet6 2>/dev/null; then
	check "all addresses: IPv6" healthy '[::1]'
else
	echo "SKIPPED: all addresses: IPv6: this machine has none"
	skipped=1
fi
taken() {
	timeout 20 "$agent" --kubeconfig "$dir/kubeconfig" \
		--diagnostics-address=":$port" >"$dir/log2" 2>&1
	[ $? = 1 ] && grep -q "cannot listen on .*:$port: Address already in use" "$dir/log2"
}
check "a port that is taken ends the start" taken
start "127.0.0.1:$port"
check "loopback" healthy 127.0.0.1
elsewhere() { ! healthy '[::1]'; }
check "loopback alone" elsewhere
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
