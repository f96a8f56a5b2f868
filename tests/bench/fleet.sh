#!/bin/bash
# The agent with N simulated hosts over real sockets and TLS: time until all are
# enrolled, memory then and in steady state, API writes in steady state.
#
# usage: fleet.sh [--build DIR] [--settle SECONDS] [N]
# Prints one line of columns; tests/bench/README.md explains them.
set -u

build=build/release settle=30 n=1000
while [ $# -gt 0 ]; do
	case $1 in
	--build) build=$2; shift ;;
	--settle) settle=$2; shift ;;
	-h | --help) sed -n '2,6s/^# \?//p' "$0"; exit 0 ;;
	*) n=$1 ;;
	esac
	shift
done
case $n in '' | *[!0-9]*) echo "fleet.sh: not a number: $n" >&2; exit 2 ;; esac
cd "$(dirname "$(readlink -f "$0")")/../.." || exit 2
sim=$build/sim/beskar7-sim agent=$build/agent/beskar7-agent
for p in "$sim" "$agent"; do
	[ -x "$p" ] || { echo "fleet.sh: $p is not built" >&2; exit 2; }
done
ulimit -n "$(ulimit -Hn)"

dir=$(mktemp -d)
port=$((20000 + $$ % 10000))
pids=
finish() {
	for p in $pids; do kill "$p" 2>/dev/null; done
	wait
	rm -rf "$dir"
}
trap finish EXIT
trap 'exit 130' INT TERM

fail() {
	echo "fleet.sh: $*" >&2
	tail -n 5 "$dir"/*.log >&2
	exit 1
}

wait_for() { # SECONDS FILE
	local end=$((SECONDS + $1))
	until [ -s "$2" ]; do
		[ $SECONDS -lt $end ] || fail "no $2 after $1 s"
		sleep 0.1
	done
}

"$sim" bmc --count "$n" --addr 127.20.0.1 --prefix 16 --port 8443 \
	--profiles generic,idrac9,ilo5,openbmc --ca-out "$dir/ca.pem" \
	--no-control --log-level error >"$dir/bmc.log" 2>&1 &
bmc=$! pids="$pids $!"
wait_for 30 "$dir/ca.pem"

manifest() { # the Secrets and hosts
	awk -v n="$n" -v ca="$(base64 -w0 "$dir/ca.pem")" 'BEGIN {
		print "apiVersion: v1\nkind: Secret\nmetadata: {name: login, namespace: default}"
		print "stringData: {username: root, password: b7-sim-secret}"
		print "---\napiVersion: v1\nkind: Secret\nmetadata: {name: bmc-ca, namespace: default}"
		print "data: {ca.crt: " ca "}"
		for (i = 0; i < n; i++) {
			a = i + 1
			printf "---\napiVersion: infrastructure.cluster.x-k8s.io/v1beta2\n"
			printf "kind: PhysicalHost\nmetadata: {name: bmc-%05d, namespace: default}\n", i
			printf "spec: {redfishConnection: {address: \"https://127.20.%d.%d:8443\", ", int(a / 256), a % 256
			printf "credentialsSecretRef: {name: login}, caBundleSecretRef: {name: bmc-ca}}}\n"
		}
	}'
}
manifest >"$dir/hosts.yaml"
"$sim" kube --port 0 --crds crds --crds sim/core/crds --history 100000 \
	--kubeconfig-out "$dir/admin" --agent-kubeconfig-out "$dir/agent" \
	--ca-out "$dir/kube.pem" --token bench --log error "$dir/hosts.yaml" \
	>"$dir/kube.log" 2>&1 &
pids="$pids $!"
wait_for 60 "$dir/admin"
server=$(sed -n 's/.*server: *//p' "$dir/admin" | head -n 1 | tr -d '"')

get() { # PATH
	curl -fsS --cacert "$dir/kube.pem" -H 'Authorization: Bearer bench' \
		"$server$1"
}
hosts=/apis/infrastructure.cluster.x-k8s.io/v1beta2/namespaces/default/physicalhosts
available() { get "$hosts" | grep -o '"state":"Available"' | wc -l; }
status_of() { sed -n "s/^$2:[^0-9]*\([0-9]*\) kB/\1/p" "/proc/$1/status"; }
metric() { # NAME: the sum over labels
	curl -fsS http://127.0.0.1:$port/metrics | awk -v name="$1" '
		$1 == name || index($1, name "{") == 1 { s += $2 } END { printf "%d", s }'
}
writes() { # Events apart: they are written slowly behind, and dropped if many
	curl -fsS http://127.0.0.1:$port/metrics | awk '
		/^beskar7_kube_requests_total\{/ && !/verb="(get|list|watch)"/ && !/"(leases|events)"/ { s += $2 }
		END { printf "%d", s }'
}

began=$(date +%s.%N)
"$agent" --kubeconfig "$dir/agent" --diagnostics-address "127.0.0.1:$port" \
	--log-level warn >"$dir/agent.log" 2>&1 &
agent_pid=$!
pids="$pids $agent_pid"
end=$((SECONDS + 60 + n / 2))
until now=$(available) && [ "$now" = "$n" ]; do
	kill -0 "$agent_pid" 2>/dev/null || fail "the agent ended"
	[ $SECONDS -lt $end ] || fail "only $now of $n hosts are Available"
	sleep 0.25
done
took=$(echo "$(date +%s.%N) $began" | awk '{ printf "%.1f", $1 - $2 }')
requests=$(metric beskar7_redfish_requests_total)
enrol_writes=$(writes)
sleep 5 # what was queued behind the last host
before=$(writes)
sleep "$settle"
after=$(writes)
awk -v n="$n" -v took="$took" -v req="$requests" -v ew="$enrol_writes" \
	-v rss="$(status_of $agent_pid VmRSS)" -v hwm="$(status_of $agent_pid VmHWM)" \
	-v sim="$(status_of $bmc VmRSS)" -v w=$((after - before)) \
	-v lag="$(metric beskar7_loop_max_lag_microseconds)" \
	-v settle="$settle" 'BEGIN {
	printf "hosts %d  enrolled_s %.1f  hosts_per_s %.0f  redfish_per_host %.1f  writes_per_host %.1f  agent_rss_mb %.1f  agent_peak_mb %.1f  kb_per_host %.1f  sim_rss_mb %.1f  max_lag_ms %.1f  steady_writes %d in %d s\n",
		n, took, n / took, req / n, ew / n, rss / 1024, hwm / 1024, rss / n, sim / 1024, lag / 1000, w, settle
}'
