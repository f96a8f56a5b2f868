#!/bin/bash
# `beskar7-agent explain` between real processes: a stand-in API server, one
# simulated BMC, the agent, its socket.
#
# usage: explain.sh PATH-OF-beskar7-sim PATH-OF-beskar7-agent
set -u

sim=${1:?usage: explain.sh PATH-OF-beskar7-sim PATH-OF-beskar7-agent}
agent=${2:?usage: explain.sh PATH-OF-beskar7-sim PATH-OF-beskar7-agent}
root=$(cd "$(dirname "$0")/../.." && pwd)
dir=$(mktemp -d)
pids=()
apid=
passed=0
failed=0
finish() {
	[ -n "$apid" ] && kill "$apid" 2>/dev/null
	[ ${#pids[@]} -gt 0 ] && kill "${pids[@]}" 2>/dev/null
	wait 2>/dev/null
	rm -rf "$dir"
}
trap finish EXIT
ok() { passed=$((passed + 1)); }
bad() {
	failed=$((failed + 1))
	echo "FAILED: $1"
	sed 's/^/    /' "$dir/said"
}
explain() {
	timeout 30 "$agent" explain --socket "$socket" "$@" >"$dir/said" 2>&1
}
# check NAME STATUS PATTERN ARGUMENT...
check() {
	local name=$1 want=$2 pattern=$3 status
	shift 3
	explain "$@"
	status=$?
	if [ $status = "$want" ] && grep -Eq -- "$pattern" "$dir/said"; then
		ok
	else
		bad "$name: status $status, want $want and /$pattern/"
	fi
}
wait_for() { # SECONDS COMMAND...
	local n=$(($1 * 5))
	shift
	while ! "$@" >/dev/null 2>&1; do
		n=$((n - 1))
		[ $n -gt 0 ] || return 1
		sleep 0.2
	done
}
start_agent() { # OPTION...
	"$agent" --kubeconfig "$dir/agent" --diagnostics-address= \
		"$@" >"$dir/log" 2>&1 &
	apid=$!
}
stop_agent() { # SIGNAL
	kill "-$1" "$apid"
	wait "$apid" 2>/dev/null
	apid=
}

socket=$dir/none
check "no agent" 1 "No such file.*does the agent run here" h1
check "no host named" 2 "name one host"
check "no such format" 2 "text or json" -o yaml h1
check "no name of a host" 2 "no \[NAMESPACE/\]HOST" '../../x'

socket=$dir/agent.sock
free_port() {
	python3 -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])'
}
port=$(free_port) || exit 1
"$sim" bmc --port "$port" --no-control --profiles-dir "$root/sim/bmc/profiles" \
	>"$dir/bmc" 2>&1 &
pids+=($!)
cat >"$dir/host.yaml" <<END
apiVersion: v1
kind: Secret
metadata: {name: login}
stringData: {username: root, password: b7-sim-secret}
---
apiVersion: infrastructure.cluster.x-k8s.io/v1beta2
kind: PhysicalHost
metadata: {name: h1}
spec:
  redfishConnection:
    address: https://127.0.0.1:$port
    credentialsSecretRef: {name: login}
    insecureSkipVerify: true
END
"$sim" kube --port 0 --crds "$root/sim/core/crds" --crds "$root/crds" --kubeconfig-out "$dir/admin" \
	--agent-kubeconfig-out "$dir/agent" "$dir/host.yaml" >"$dir/kube" 2>&1 &
pids+=($!)
if ! wait_for 30 test -s "$dir/agent"; then
	cat "$dir/kube"
	exit 1
fi
: >"$dir/said"
start_agent --explain-socket "$socket"
if ! wait_for 30 test -S "$socket"; then
	cat "$dir/log"
	exit 1
fi
if [ "$(stat -c %a "$socket")" = 600 ]; then ok; else bad "mode of the socket"; fi
available() { explain h1 && grep -q '^state Available' "$dir/said"; }
if wait_for 60 available; then ok; else bad "the host becomes Available"; fi
check "where it stands" 0 '^host default/h1$' h1
check "what comes next, and when" 0 '^next 20..-..-..T..:..:..Z look again' h1
check "decisions" 0 '^decision 20.*: patch the PhysicalHost done' -n default h1
check "requests" 0 '^request 20.* GET /redfish/v1.* -> 200, [0-9]+ ms$' default/h1
check "JSON" 0 '"underWay":' -o json h1
explain -o json h1
if python3 -c 'import json, sys; a = json.load(sys.stdin)
assert a["state"] == "Available" and a["decisions"] and a["requests"]
assert a["next"]["inSeconds"] >= 0' <"$dir/said"; then
	ok
else
	bad "JSON that a program reads"
fi
if grep -q 'b7-sim-secret' "$dir/said"; then bad "a password"; else ok; fi
check "another namespace" 1 'no PhysicalHost other/h1' -n other h1
check "a name that nobody has" 1 'no PhysicalHost is called h2' h2
raw() { # REQUEST-LINE: the answer's status line and body
	python3 - "$socket" "$1" >"$dir/said" 2>&1 <<'END'
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
s.sendall((sys.argv[2] + '\r\nHost: x\r\nConnection: close\r\n\r\n').encode())
print(b''.join(iter(lambda: s.recv(4096), b'')).decode())
END
}
raw 'DELETE /v1/hosts/h1 HTTP/1.1'
if grep -q '^HTTP/1.1 405 ' "$dir/said"; then ok; else bad "reads alone"; fi
raw 'GET /v1/hosts/a/b/c HTTP/1.1'
if grep -q '^HTTP/1.1 400 ' "$dir/said"; then ok; else bad "no such path"; fi
"$agent" --kubeconfig "$dir/agent" --diagnostics-address= \
	--explain-socket "$socket" >"$dir/said" 2>&1 &
second=$!
wait $second
if [ $? = 1 ] && grep -q "explain-socket: cannot listen on $socket: Address" \
	"$dir/said"; then
	ok
else
	bad "a socket that is in use"
fi
check "it still answers" 0 '^state Available' h1

stop_agent KILL
check "an agent that was killed" 1 'Connection refused.*does the agent run' h1
start_agent --explain-socket "$socket"
if wait_for 60 available; then ok; else bad "its socket is taken over"; fi
stop_agent TERM
if [ ! -e "$socket" ]; then ok; else bad "the socket goes with the agent"; fi

date >"$socket"
"$agent" --kubeconfig "$dir/agent" --diagnostics-address= \
	--explain-socket "$socket" >"$dir/said" 2>&1
if [ $? = 1 ] && [ -f "$socket" ]; then ok; else bad "a file is no socket"; fi
rm "$socket"
start_agent --explain-socket=
wait_for 30 grep -q 'controllers started' "$dir/log"
if [ ! -e "$socket" ] && ! grep -q 'explain' "$dir/log"; then
	ok
else
	bad "none is wanted"
fi
stop_agent TERM
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" = 0 ]
