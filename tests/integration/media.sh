#!/bin/bash
# The media server between real processes: an API server, a simulated BMC and an
# origin, the agent; curl reads a live token's image, through a kill -9, too.
#
# usage: media.sh PATH-OF-beskar7-sim PATH-OF-beskar7-agent
set -u

sim=${1:?usage: media.sh PATH-OF-beskar7-sim PATH-OF-beskar7-agent}
agent=${2:?usage: media.sh PATH-OF-beskar7-sim PATH-OF-beskar7-agent}
root=$(cd "$(dirname "$0")/../.." && pwd)
for tool in curl kubectl python3; do
	command -v $tool >/dev/null 2>&1 || { echo "SKIPPED: no $tool"; exit 77; }
done
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
check() { # NAME COMMAND...
	local name=$1
	shift
	if "$@" >"$dir/said" 2>&1; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAILED: $name"
		tail -n 20 "$dir/said" | sed 's/^/    /'
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
free_port() {
	python3 -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])'
}
k() { kubectl --kubeconfig "$dir/admin" --request-timeout 20s "$@"; }
bmc=$(free_port) origin=$(free_port) media=$(free_port) metrics=$(free_port)
start_agent() {
	"$agent" --kubeconfig "$dir/agent" --diagnostics-address "127.0.0.1:$metrics" \
		--explain-socket= --log-level trace --media-listen "127.0.0.1:$media" \
		--media-url "http://127.0.0.1:$media" >>"$dir/log" 2>&1 &
	apid=$!
}

"$sim" origin --port "$origin" >"$dir/origin" 2>&1 &
pids+=($!)
"$sim" bmc --port "$bmc" --no-control --profiles-dir "$root/sim/bmc/profiles" >"$dir/bmc" 2>&1 &
pids+=($!)
cat >"$dir/host.yaml" <<END
apiVersion: v1
kind: Secret
metadata: {name: login, namespace: default}
stringData: {username: root, password: b7-sim-secret}
---
apiVersion: infrastructure.cluster.x-k8s.io/v1beta2
kind: PhysicalHost
metadata: {name: h1, namespace: default}
spec:
  redfishConnection:
    address: https://127.0.0.1:$bmc
    credentialsSecretRef: {name: login}
    insecureSkipVerify: true
END
cat >"$dir/machine.yaml" <<END
apiVersion: infrastructure.cluster.x-k8s.io/v1beta2
kind: Beskar7Cluster
metadata: {name: c1, namespace: default}
spec: {controlPlaneEndpoint: {host: 10.1.2.3, port: 6443}}
---
apiVersion: cluster.x-k8s.io/v1beta2
kind: Cluster
metadata: {name: c1, namespace: default}
spec:
  infrastructureRef: {apiGroup: infrastructure.cluster.x-k8s.io, kind: Beskar7Cluster, name: c1}
---
apiVersion: infrastructure.cluster.x-k8s.io/v1beta2
kind: Beskar7Machine
metadata:
  name: m1
  namespace: default
  labels: {cluster.x-k8s.io/cluster-name: c1, cluster.x-k8s.io/control-plane: ""}
spec: {image: {url: "http://127.0.0.1:$origin/live.iso?size=24000000", kind: Live}, completion: {evidence: Report}}
---
apiVersion: cluster.x-k8s.io/v1beta2
kind: Machine
metadata:
  name: m1
  namespace: default
  labels: {cluster.x-k8s.io/cluster-name: c1, cluster.x-k8s.io/control-plane: ""}
spec:
  clusterName: c1
  bootstrap: {configRef: {apiGroup: bootstrap.cluster.x-k8s.io, kind: KubeadmConfig, name: m1}}
  infrastructureRef: {apiGroup: infrastructure.cluster.x-k8s.io, kind: Beskar7Machine, name: m1}
END
"$sim" kube --port 0 --crds "$root/sim/core/crds" --crds "$root/crds" --kubeconfig-out "$dir/admin" \
	--agent-kubeconfig-out "$dir/agent" "$dir/host.yaml" >"$dir/kube" 2>&1 &
pids+=($!)
if ! wait_for 30 test -s "$dir/agent"; then
	cat "$dir/kube"
	exit 1
fi
"$sim" core --kubeconfig "$dir/admin" >"$dir/core" 2>&1 &
pids+=($!)
start_agent
field() { k -n default get "$1" -o "jsonpath={$2}"; }
state_is() { [ "$(field physicalhost/h1 .status.state)" = "$1" ]; }
check "the host becomes Available" wait_for 60 state_is Available
check "a machine is applied" k apply -f "$dir/machine.yaml"
on() { field physicalhost/h1 '.metadata.annotations.infrastructure\.cluster\.x-k8s\.io/host-record' | grep -q onAt; }
check "it boots" wait_for 90 on

# Tokens, as another program makes them of the Secret (agent/serve/token.c).
key_there() { k -n default get secret beskar7-media-key; }
check "the leader made the key" wait_for 30 key_there
token() { # PURPOSE
	k -n default get secret/beskar7-media-key physicalhost/h1 -o json | python3 -c '
import base64, hashlib, hmac, json, sys
secret, host = json.load(sys.stdin)["items"]
key = base64.b64decode(secret["data"]["key"])
record = json.loads(host["metadata"]["annotations"][
    "infrastructure.cluster.x-k8s.io/host-record"])
text = "\0".join(["beskar7 token 1", sys.argv[1], "default", "h1",
                  host["spec"]["consumerRef"]["claimID"],
                  str(record["attempt"])])
mac = hmac.new(key, text.encode(), hashlib.sha256).digest()[:16]
print(base64.b32encode(mac).decode().rstrip("=").lower())' "$1"
}
medium=$(token medium) report=$(token report)
url=http://127.0.0.1:$media/m/$medium/b.iso
get() { curl -sS --noproxy '*' --max-time 30 "$@"; }
code() { # WANT ARGUMENT...
	local want=$1 got
	shift
	got=$(get -o /dev/null -w '%{http_code}' "$@")
	[ "$got" = "$want" ] || { echo "$got, not $want"; false; }
}
check "the origin's image" get -f -o "$dir/want.iso" "http://127.0.0.1:$origin/live.iso?size=24000000"
check "the medium, whole" get -f -o "$dir/got.iso" "$url"
check "it is the origin's" cmp "$dir/want.iso" "$dir/got.iso"
check "a range" code 206 -r 2048-4095 "$url"
check "another token" code 404 "http://127.0.0.1:$media/m/aaaaaaaaaaaaaaaaaaaaaaaaaa/b.iso"

# kill -9 in the middle of a boot: the next agent serves the rest.
head -c 9000000 "$dir/want.iso" >"$dir/part.iso"
get --limit-rate 1M -o "$dir/cut.iso" "$url" &
reader=$!
sleep 1
kill -9 "$apid"
wait "$apid" 2>/dev/null
cut_short() { ! wait $reader; }
check "a reader is cut, not told that it has all" cut_short
start_agent
check "the next agent serves the same token" wait_for 60 code 206 -r 0-0 "$url"
check "the rest" get -f -C 9000000 -o "$dir/part.iso" "$url"
check "both together are the image" cmp "$dir/want.iso" "$dir/part.iso"

# Nothing but the machine's report ends this boot.
check "it is not up by itself" state_is Provisioning
check "a report is taken" code 204 -d status=succeeded -d hostname=n1 "http://127.0.0.1:$media/r/$report"
check "and again" code 204 -d status=succeeded "http://127.0.0.1:$media/r/$report"
check "it is stored" grep -q "^succeeded .* 1 20" <(
	field physicalhost/h1 '.metadata.annotations.infrastructure\.cluster\.x-k8s\.io/report'
)
check "and proves" wait_for 60 state_is Provisioned

# Released: nothing of it lives.
check "the machine goes" k -n default delete machine/m1 --wait=false
check "its tokens are dead" wait_for 60 code 404 -r 0-0 "$url"
check "the report's, too" code 404 -d status=failed "http://127.0.0.1:$media/r/$report"
check "/metrics" get -f -o "$dir/metrics" "http://127.0.0.1:$metrics/metrics"
check "requests are counted" grep -q '^beskar7_media_requests_total{kind="report",code="204"} 2' "$dir/metrics"
unseen() { ! grep -n -e "$medium" -e "$report" "$dir/log" "$dir/metrics"; }
check "tokens are in no log and no metric" unseen
kill -TERM "$apid"
wait "$apid"
apid=
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" = 0 ]
