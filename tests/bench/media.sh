#!/bin/bash
# The agent's media server, which composes, checks and fetches while it is read,
# beside lighttpd, which sends the plain file: both on this machine, read by curl.
# lighttpd is the agent's origin, too.
#
# usage: media.sh [--build DIR] [--mb N] [--slow-mb N] [--streams N] [--rounds N]
# Prints lines of columns; README.md explains them.
set -u

build=build/release mb=256 streams=200 slow_mb=32 rounds=3
while [ $# -gt 0 ]; do
	case $1 in
	--build) build=$2; shift ;;
	--mb) mb=$2; shift ;;
	--slow-mb) slow_mb=$2; shift ;;
	--rounds) rounds=$2; shift ;;
	--streams) streams=$2; shift ;;
	-h | --help) sed -n '2,7s/^# \?//p' "$0"; exit 0 ;;
	*) echo "media.sh: what is $1?" >&2; exit 2 ;;
	esac
	shift
done
cd "$(dirname "$(readlink -f "$0")")/../.." || exit 2
sim=$build/sim/beskar7-sim agent=$build/agent/beskar7-agent
for tool in "$sim" "$agent"; do
	[ -x "$tool" ] || { echo "media.sh: $tool is not built" >&2; exit 2; }
done
PATH=$PATH:/usr/sbin
for tool in lighttpd kubectl curl python3; do
	command -v $tool >/dev/null || { echo "SKIPPED: there is no $tool"; exit 77; }
done
dir=$(mktemp -d)
pids= readers=
finish() {
	for p in $pids $readers; do kill "$p" 2>/dev/null; done
	wait
	rm -rf "$dir"
}
trap finish EXIT
trap 'exit 130' INT TERM
fail() {
	echo "media.sh: $*" >&2
	tail -n 5 "$dir"/*.log >&2
	exit 1
}
free_port() {
	python3 -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])'
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
k() { kubectl --kubeconfig "$dir/admin" --request-timeout 20s -n default "$@"; }
get() { curl -sS --noproxy '*' "$@"; }

made=$(free_port) bmc=$(free_port) file=$(free_port) slow=$(free_port) media=$(free_port)
"$sim" origin --port "$made" >"$dir/origin.log" 2>&1 &
pids=$!
mkdir "$dir/www"
wait_for 10 get -f -o "$dir/www/base.iso" "http://127.0.0.1:$made/live.iso?size=$((mb * 1000000))" ||
	fail "no image"
get -f -o "$dir/www/slow.iso" "http://127.0.0.1:$made/live.iso?size=$((slow_mb * 1000000))" ||
	fail "no image"
web() { # PORT KB-A-SECOND
	cat >"$dir/web-$1.conf" <<END
server.document-root = "$dir/www"
server.port = $1
server.bind = "127.0.0.1"
# No ETag without a type.
mimetype.assign = (".iso" => "application/octet-stream")
connection.kbytes-per-second = $2
END
	lighttpd -D -f "$dir/web-$1.conf" >>"$dir/web.log" 2>&1 &
	pids="$pids $!"
}
web "$file" 0
web "$slow" 4000
"$sim" bmc --port "$bmc" --count 2 --addr 127.21.0.1 --prefix 16 --no-control \
	--profiles-dir sim/bmc/profiles >"$dir/bmc.log" 2>&1 &
pids="$pids $!"
cat >"$dir/host.yaml" <<END
apiVersion: v1
kind: Secret
metadata: {name: login, namespace: default}
stringData: {username: root, password: b7-sim-secret}
END
machine() { # N IMAGE: with a cluster of its own
	cat <<END
---
apiVersion: infrastructure.cluster.x-k8s.io/v1beta2
kind: Beskar7Cluster
metadata: {name: c$1, namespace: default}
spec: {controlPlaneEndpoint: {host: 10.1.2.3, port: 6443}}
---
apiVersion: cluster.x-k8s.io/v1beta2
kind: Cluster
metadata: {name: c$1, namespace: default}
spec:
  infrastructureRef: {apiGroup: infrastructure.cluster.x-k8s.io, kind: Beskar7Cluster, name: c$1}
---
apiVersion: infrastructure.cluster.x-k8s.io/v1beta2
kind: Beskar7Machine
metadata: {name: m$1, namespace: default, labels: {cluster.x-k8s.io/cluster-name: c$1, cluster.x-k8s.io/control-plane: ""}}
spec: {image: {url: "$2", kind: Live}, completion: {evidence: Report}}
---
apiVersion: cluster.x-k8s.io/v1beta2
kind: Machine
metadata: {name: m$1, namespace: default, labels: {cluster.x-k8s.io/cluster-name: c$1, cluster.x-k8s.io/control-plane: ""}}
spec:
  clusterName: c$1
  bootstrap: {configRef: {apiGroup: bootstrap.cluster.x-k8s.io, kind: KubeadmConfig, name: m$1}}
  infrastructureRef: {apiGroup: infrastructure.cluster.x-k8s.io, kind: Beskar7Machine, name: m$1}
END
}
{
	machine 1 "http://127.0.0.1:$file/base.iso"
	machine 2 "http://127.0.0.1:$slow/slow.iso"
} >"$dir/machines.yaml"
for i in 1 2; do
	cat >>"$dir/host.yaml" <<END
---
apiVersion: infrastructure.cluster.x-k8s.io/v1beta2
kind: PhysicalHost
metadata: {name: h$i, namespace: default}
spec:
  redfishConnection:
    address: https://127.21.0.$i:$bmc
    credentialsSecretRef: {name: login}
    insecureSkipVerify: true
END
done
"$sim" kube --port 0 --crds sim/core/crds --crds crds --kubeconfig-out "$dir/admin" \
	--agent-kubeconfig-out "$dir/agent" "$dir/host.yaml" >"$dir/kube.log" 2>&1 &
pids="$pids $!"
wait_for 30 test -s "$dir/agent" || fail "no API server"
"$sim" core --kubeconfig "$dir/admin" >"$dir/core.log" 2>&1 &
pids="$pids $!"
"$agent" --kubeconfig "$dir/agent" --diagnostics-address= --explain-socket= --log-level info \
	--media-listen "127.0.0.1:$media" --media-url "http://127.0.0.1:$media" \
	--media-host-streams 1000 --media-streams 2000 >"$dir/agent.log" 2>&1 &
served=$!
pids="$pids $served"
available() { [ "$(k get ph -o 'jsonpath={.items[*].status.state}')" = "Available Available" ]; }
wait_for 60 available || fail "hosts are not available"
k apply -f "$dir/machines.yaml" >/dev/null || fail "no machines"
on() { [ "$(k get ph -o yaml | grep -c onAt)" = 2 ]; }
wait_for 300 on || fail "nothing boots"
url_of() { # IMAGE
	{ k get secret beskar7-media-key -o json; k get ph -o json; } | python3 -c '
import base64, hashlib, hmac, json, sys
d, text = json.JSONDecoder(), sys.stdin.read()
secret, at = d.raw_decode(text)
for host in d.raw_decode(text[at:].lstrip())[0]["items"]:
    if host["spec"]["bootIsoSource"].endswith(sys.argv[1]):
        break
record = json.loads(host["metadata"]["annotations"]["infrastructure.cluster.x-k8s.io/host-record"])
text = "\0".join(["beskar7 token 1", "medium", "default", host["metadata"]["name"],
                  host["spec"]["consumerRef"]["claimID"], str(record["attempt"])])
mac = hmac.new(base64.b64decode(secret["data"]["key"]), text.encode(), hashlib.sha256).digest()[:16]
print("http://127.0.0.1:%s/m/%s/b.iso" % (
    sys.argv[2], base64.b32encode(mac).decode().rstrip("=").lower()))' "$1" "$media"
}
ours=$(url_of base.iso) ours_slow=$(url_of slow.iso)
rss() { awk -v of="$1:" '$1 == of { print $2 }' "/proc/$served/status"; }

# MB a second of N readers, each of the whole, the best of the rounds.
rate() { # URL N
	local best=0 began ns i j now
	for ((j = 0; j < $2; j++)); do
		printf 'url = "%s"\noutput = "/dev/null"\n' "$1"
	done >"$dir/k"
	for ((i = 0; i < rounds; i++)); do
		began=$(date +%s%N)
		get -f --parallel --parallel-immediate --parallel-max "$2" -w '%{http_code} %{size_download}\n' \
			-K "$dir/k" >"$dir/got" 2>>"$dir/curl.log"
		ns=$(($(date +%s%N) - began))
		now=$(awk -v n="$2" -v ns=$ns '
			$1 == 200 && $2 > 1000000 && (NR == 1 || $2 == size) { size = $2; right++ }
			END { if (right != n) exit 1; printf "%.1f", n * size / 1e6 / (ns / 1e9) }' "$dir/got") ||
			fail "$1 is not read by $2: $(head -n 1 "$dir/got")"
		best=$(awk -v a="$now" -v b="$best" 'BEGIN { print (a > b ? a : b) }')
	done
	echo "$best"
}
ratio() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", a / b }'; }
plain=http://127.0.0.1:$file/base.iso
plain_1=$(rate "$plain" 1) && ours_1=$(rate "$ours" 1) || exit 1

# Readers that have begun and take little: what each costs.
before=$(rss VmRSS)
for ((i = 0; i < streams; i++)); do
	curl -sS --noproxy '*' -f --limit-rate 4k -o /dev/null "$ours" 2>/dev/null &
	readers="$readers $!"
done
sleep 5
after=$(rss VmRSS)
[ "$after" -ge "$before" ] || after=$before # memory was given back meanwhile
for p in $readers; do
	kill "$p" 2>/dev/null || fail "a reader that waits was cut"
	wait "$p" 2>/dev/null
done
readers=

plain_32=$(rate "$plain" 32) && ours_32=$(rate "$ours" 32) || exit 1
# The slow ones once: what they do is a clock's, not the machine's.
rounds=1
slow_1=$(rate "http://127.0.0.1:$slow/slow.iso" 1) && ours_slow_1=$(rate "$ours_slow" 1) || exit 1
slow_32=$(rate "http://127.0.0.1:$slow/slow.iso" 32) && ours_slow_32=$(rate "$ours_slow" 32) || exit 1
line() { # NAME PLAIN OURS
	echo "media/$1 plain_mb_s $2 agent_mb_s $3 ratio_$1 $(ratio "$3" "$2")"
}
line one "$plain_1" "$ours_1"
line many "$plain_32" "$ours_32"
line slow "$slow_1" "$ours_slow_1"
line slow_many "$slow_32" "$ours_slow_32"
echo "media/memory streams $streams stream_kb $(ratio $((after - before)) "$streams")" \
	"rss_mb $((after / 1024)) peak_mb $(($(rss VmHWM) / 1024))"
