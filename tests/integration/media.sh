#!/bin/bash
# The media server between real processes: an API server, a simulated BMC and an
# origin, two agents; curl reads what a live token opens, from one and, through a
# kill -9 in the middle, from the other; xorriso and `beskar7-agent compose` say
# what it is.
#
# usage: media.sh PATH-OF-beskar7-sim PATH-OF-beskar7-agent
set -u

sim=${1:?usage: media.sh PATH-OF-beskar7-sim PATH-OF-beskar7-agent}
agent=${2:?usage: media.sh PATH-OF-beskar7-sim PATH-OF-beskar7-agent}
root=$(cd "$(dirname "$0")/../.." && pwd)
for tool in curl kubectl openssl python3 xorriso; do
	command -v $tool >/dev/null 2>&1 || { echo "SKIPPED: no $tool"; exit 77; }
done
# shellcheck source=tests/integration/media_rig.sh
. "$root/tests/integration/media_rig.sh"
apid= bpid=
finish() {
	[ -n "$apid$bpid" ] && kill $apid $bpid 2>/dev/null
	[ ${#pids[@]} -gt 0 ] && kill "${pids[@]}" 2>/dev/null
	wait 2>/dev/null
	rm -rf "$dir"
}
trap finish EXIT
k() { kubectl --kubeconfig "$dir/admin" --request-timeout 20s "$@"; }
bmc=$(free_port) origin=$(free_port) media=$(free_port) metrics=$(free_port) other=$(free_port)
# As two replicas behind one address: what machines are told is the same.
run_agent() { # PORT DIAGNOSTICS
	"$agent" --kubeconfig "$dir/agent" --diagnostics-address "$2" --leader-elect --bmc-write-timeout 5s \
		--explain-socket= --log-level trace --media-listen "127.0.0.1:$1" \
		--media-url "http://127.0.0.1:$media" --report-url "http://127.0.0.1:$media" \
		--report-ca "$dir/ca.pem" >>"$dir/log" 2>&1 &
}
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=reports -keyout "$dir/ca.key" -out "$dir/ca.pem" 2>/dev/null
start_agent() {
	run_agent "$media" "127.0.0.1:$metrics"
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
refuses_to_start() { # FILE TEXT
	timeout 20 "$agent" --kubeconfig "$dir/agent" --diagnostics-address "" --explain-socket= \
		--media-listen 127.0.0.1:0 --media-url "https://127.0.0.1:$media" --report-ca "$1"
	[ $? = 1 ] && grep -qF -- "$2" "$dir/said"
}
check "a CA that is not there" refuses_to_start "$dir/none.pem" "--report-ca: "
check "a CA that is none" refuses_to_start "$dir/ca.key" "not a file of PEM certificates alone"
cat "$dir/ca.pem" "$dir/ca.key" >"$dir/both.pem"
check "a CA with its key" refuses_to_start "$dir/both.pem" "not a file of PEM certificates alone"
cat "$dir/ca.pem" - <<<"'; reboot; '" >"$dir/odd.pem"
check "a CA with more in it" refuses_to_start "$dir/odd.pem" "not a file of PEM certificates alone"
field() { k -n default get "$1" -o "jsonpath={$2}"; }
state_is() { [ "$(field physicalhost/h1 .status.state)" = "$1" ]; }
check "the host becomes Available" wait_for 60 state_is Available
run_agent "$other" ""
bpid=$!
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
url2=http://127.0.0.1:$other/m/$medium/b.iso
check "the origin's image" get -f -o "$dir/base.iso" "http://127.0.0.1:$origin/live.iso?size=24000000"
check "the medium, whole" get -f -o "$dir/want.iso" "$url"
check "a range" code 206 -r 2048-4095 "$url"
check "another token" code 404 "http://127.0.0.1:$media/m/aaaaaaaaaaaaaaaaaaaaaaaaaa/b.iso"
check "no second medium" code 404 "http://127.0.0.1:$media/m/$(token config)/c.iso"

# What it is, by tools that are not ours: the base, and this machine's data.
files_of() { # IMAGE DIRECTORY
	xorriso -osirrox on -indev "$1" -extract / "$2" && chmod -R u+w "$2"
}
check "xorriso reads the base" files_of "$dir/base.iso" "$dir/was"
check "xorriso reads the medium" files_of "$dir/want.iso" "$dir/is"
added=$(cd "$dir/is" && find . -type f | sort | while read -r f; do
	[ -e "$dir/was/$f" ] || echo "${f#./}"
done)
nothing_lost() { # every file of the base is there, as it was
	(cd "$dir/was" && find . -type f -exec cmp {} "$dir/is/{}" \;) >"$dir/lost" 2>&1
	! test -s "$dir/lost" || { cat "$dir/lost"; false; }
}
check "every file of the base is as it was" nothing_lost
has_data() {
	k -n default get secret "$(field machine/m1 .spec.bootstrap.dataSecretName)" \
		-o 'jsonpath={.data.value}' | base64 -d >"$dir/data"
	test -s "$dir/data" && for f in $added; do
		python3 -c '
import sys
data, file = (open(f, "rb").read() for f in sys.argv[1:])
sys.exit(data.strip() not in file)' "$dir/data" "$dir/is/$f" && return
	done
	echo "added: $added"
	false
}
check "the bootstrap data is in it" has_data
has_ca() { grep -qF -e "$(sed -n 2p "$dir/ca.pem")" -r "$dir/is"; }
check "and whom a machine may report to" has_ca
boots() { xorriso -indev "$1" -report_el_torito plain 2>/dev/null | grep -v "^El Torito img blks"; }
check "it boots as the base does" cmp <(boots "$dir/base.iso") <(boots "$dir/want.iso")
volume() { xorriso -indev "$1" -pvd_info 2>/dev/null | sed -n "s/^Volume Id *: *//p"; }
by_hand() {
	local a=()
	for f in $added; do a+=("/$f=$dir/is/$f"); done
	"$agent" compose "$dir/base.iso" "${a[@]}" --label "$(volume "$dir/want.iso")" -o "$dir/hand.iso" &&
		cmp "$dir/hand.iso" "$dir/want.iso"
}
check "compose makes the same of the same files" by_hand

# A thousand ranges at once, here and there: each is right or told to come again.
ranges() {
	python3 - "$dir/want.iso" <<'END' >"$dir/ranges"
import os, sys
size = os.path.getsize(sys.argv[1])
for i in range(1000):
    at = i * 7919 * 1013 % (size - 5000)
    print(at, at + 1 + i % 4999)
END
	awk -v url="$url" -v url2="$url2" -v dir="$dir" '{
		printf "%surl = \"%s\"\nrange = \"%d-%d\"\noutput = \"%s/r/%d\"\nwrite-out = \"%%{http_code}\\n\"\n",
			(NR > 1 ? "next\n" : ""), (NR % 2 ? url : url2), $1, $2, dir, NR
	}' "$dir/ranges" >"$dir/curl"
	mkdir -p "$dir/r"
	curl -sS --noproxy '*' --parallel --parallel-max 200 --max-time 60 -K "$dir/curl" >"$dir/codes"
	python3 - "$dir" <<'END'
import sys
d = sys.argv[1]
want = open(d + "/want.iso", "rb").read()
right = 0
for i, line in enumerate(open(d + "/ranges"), 1):
    a, b = map(int, line.split())
    try:
        got = open("%s/r/%d" % (d, i), "rb").read()
    except FileNotFoundError:
        got = b""
    if got == want[a:b + 1]:
        right += 1
    elif not got.startswith(b"t"):  # "too many requests", "try again later"
        sys.exit("range %d-%d is wrong: %r" % (a, b, got[:60]))
codes = open(d + "/codes").read().split()
print(right, "right of", len(codes))
sys.exit(len(codes) != 1000 or right < 300 or
         set(codes) - {"206", "429", "503"} != set())
END
}
check "a thousand ranges" ranges
bytewise() {
	python3 - "$dir/want.iso" "$medium" "$media" <<'END'
import http.client, sys
want = open(sys.argv[1], "rb").read()
c = http.client.HTTPConnection("127.0.0.1", int(sys.argv[3]))
for at in list(range(32768, 32968)) + list(range(len(want) - 100, len(want))):
    c.request("GET", "/m/%s/b.iso" % sys.argv[2], headers={"Range": "bytes=%d-%d" % (at, at)})
    r = c.getresponse()
    if r.status != 206 or r.read() != want[at:at + 1]:
        sys.exit("byte %d: %d" % (at, r.status))
END
}
check "one byte at a time" bytewise

# kill -9 after 40 % of it: the other replica goes on, and so does the next one.
size=$(stat -c %s "$dir/want.iso")
get --limit-rate 8M -o "$dir/part.iso" "$url" 2>/dev/null &
reader=$!
at_40() { [ "$(stat -c %s "$dir/part.iso" 2>/dev/null || echo 0)" -ge $((size * 2 / 5)) ]; }
check "40 % are read" wait_for 30 at_40
kill -9 "$apid"
wait "$apid" 2>/dev/null
cut_short() { ! wait $reader; }
check "a reader is cut, not told that it has all" cut_short
got=$(stat -c %s "$dir/part.iso")
check "it has not all" test "$got" -lt "$size"
check "the other replica serves the rest" get -f -C "$got" -o "$dir/part.iso" "$url2"
check "both together are the medium" cmp "$dir/want.iso" "$dir/part.iso"
start_agent
check "the next agent serves the same token" wait_for 60 code 206 -r 0-0 "$url"
check "all of it" get -f -o "$dir/again.iso" "$url"
check "which is the same" cmp "$dir/want.iso" "$dir/again.iso"

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
check "dead at the other one, too" code 404 -r 0-0 "$url2"
# Lines of the data that are long enough to be nobody else's.
grep -E '.{24}' "$dir/data" | head -20 >"$dir/lines"
unseen() { ! grep -n -F -e "$medium" -e "$report" -f "$dir/lines" "$dir/log" "$dir/metrics"; }
check "tokens and data are in no log and no metric" unseen
stored() { ! k get ph,b7m,machine,events -A -o yaml | grep -n -F -e "$medium" -e "$report" -f "$dir/lines"; }
check "and in no object or event" stored
kill -TERM "$apid" "$bpid"
wait "$apid" "$bpid"
apid= bpid=
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" = 0 ]
