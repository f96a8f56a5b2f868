#!/bin/bash
# Real kernels in real virtual machines: an API server, the agent, and simulated
# BMCs with QEMU behind them. Four hosts go from Enrolling to Provisioned, since
# what they booted found its user data, ran it and phoned home: a live system by
# UEFI that is told by a kernel argument, one by BIOS that finds its medium by its
# label, one that finds it in a second drive, and an installer, whose disk boots the
# second time. In software, minutes.
#
# usage: qemu.sh PATH-OF-beskar7-sim PATH-OF-beskar7-agent
# BESKAR7_KEEP: a folder for what guests, QEMU and all others said.
set -u

sim=${1:?usage: qemu.sh PATH-OF-beskar7-sim PATH-OF-beskar7-agent}
agent=${2:?usage: qemu.sh PATH-OF-beskar7-sim PATH-OF-beskar7-agent}
root=$(cd "$(dirname "$0")/../.." && pwd)
for tool in qemu-system-x86_64 busybox cpio curl python3 xorriso grub-mkrescue \
	mformat; do
	command -v $tool >/dev/null 2>&1 || { echo "SKIPPED: no $tool"; exit 77; }
done
for file in /usr/share/OVMF/OVMF_CODE_4M.fd /usr/lib/grub/i386-pc/cdboot.img \
	/usr/lib/grub/x86_64-efi/kernel.img; do
	[ -e $file ] || { echo "SKIPPED: no $file"; exit 77; }
done
ls /usr/lib/*/qemu/block-curl.so >/dev/null 2>&1 || {
	echo "SKIPPED: QEMU has no curl driver (qemu-block-extra)"
	exit 77
}
dir=$(mktemp -d)
pids=()
passed=0
failed=0
finish() {
	[ ${#pids[@]} -gt 0 ] && kill "${pids[@]}" 2>/dev/null
	wait 2>/dev/null
	if [ -n "${BESKAR7_KEEP:-}" ]; then
		mkdir -p "$BESKAR7_KEEP"
		cp "$dir"/*.log "$BESKAR7_KEEP"
		for m in "$dir"/machines/*/; do
			cp "$m/console.log" "$BESKAR7_KEEP/$(basename "$m").console.log"
			cp "$m/qemu.log" "$BESKAR7_KEEP/$(basename "$m").qemu.log"
		done
	fi
	rm -rf "$dir"
}
trap finish EXIT
began=$SECONDS
check() { # NAME COMMAND...
	local name=$1
	shift
	if "$@" >"$dir/said" 2>&1; then
		passed=$((passed + 1))
		echo "ok after $((SECONDS - began)) s: $name"
	else
		failed=$((failed + 1))
		echo "FAILED: $name"
		tail -n 20 "$dir/said" | sed 's/^/    /'
	fi
}
wait_for() { # SECONDS COMMAND...
	local n=$(($1 * 2))
	shift
	while ! "$@" >/dev/null 2>&1; do
		n=$((n - 1))
		[ $n -gt 0 ] || { "$@"; return 1; }
		sleep 0.5
	done
}
free_port() {
	python3 -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])'
}
get() { curl -sS --noproxy '*' --max-time 30 "$@"; }

# ---- images: as Debian's live system has it, of no known family, an installer
image() { # NAME ARGUMENT...
	local name=$1
	shift
	"$root/tests/integration/qemu/image.sh" "$dir/www/$name.iso" "$@" >"$dir/$name.log" 2>&1
	case $? in
	0) ;;
	77) cat "$dir/$name.log"; exit 77 ;;
	*) cat "$dir/$name.log"; exit 1 ;;
	esac
}
mkdir -p "$dir/www" "$dir/machines"
image live --folder live
image plain
image installer b7.install
images=$(free_port)
cat >"$dir/www.py" <<'END'
import http.server, os, re, sys
class Ranges(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        path = os.path.join(sys.argv[2], os.path.basename(self.path))
        if not os.path.isfile(path):
            self.send_error(404)
            return
        size = os.path.getsize(path)
        m = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        first = int(m.group(1)) if m else 0
        last = min(int(m.group(2) or size - 1), size - 1) if m else size - 1
        self.send_response(206 if m else 200)
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("ETag", '"%d-%d"' % (size, os.stat(path).st_mtime_ns))
        self.send_header("Content-Length", str(last - first + 1))
        if m:
            self.send_header("Content-Range", "bytes %d-%d/%d" % (first, last, size))
        self.end_headers()
        if self.command == "GET":
            with open(path, "rb") as f:
                f.seek(first)
                self.wfile.write(f.read(last - first + 1))
    do_HEAD = do_GET
    def log_message(self, *args):
        pass
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Ranges).serve_forever()
END
python3 "$dir/www.py" "$images" "$dir/www" 2>"$dir/www.log" &
pids+=($!)

# ---- the cluster
cat >"$dir/manifests.py" <<'END'
import base64, json, sys
bmc, images = sys.argv[1:3]
beskar7 = "infrastructure.cluster.x-k8s.io/v1beta2"
capi = "cluster.x-k8s.io/v1beta2"
def say(api, kind, name, labels=None, **rest):
    print("---")
    print(json.dumps({"apiVersion": api, "kind": kind, "metadata": {
        "name": name, "namespace": "default", "labels": labels or {}}, **rest}))
say("v1", "Secret", "login", stringData={"username": "root", "password": "b7-sim-secret"})
say(beskar7, "Beskar7Cluster", "c1", spec={
    "controlPlaneEndpoint": {"host": "10.1.2.3", "port": 6443}})
say(capi, "Cluster", "c1", spec={"infrastructureRef": {
    "apiGroup": beskar7.split("/")[0], "kind": "Beskar7Cluster", "name": "c1"}})
rows = [("uefi", "live", "Live", "UEFI", "Embedded"),
        ("bios", "plain", "Live", "Legacy", "Embedded"),
        ("disk", "installer", "Installer", "UEFI", "Embedded"),
        ("drive", "live", "Live", "Legacy", "ConfigDrive")]
for i, (name, image, kind, mode, delivery) in enumerate(rows):
    say(beskar7, "PhysicalHost", name, labels={"for": name}, spec={
        "redfishConnection": {
            "address": "https://127.0.0.1:%d" % (int(bmc) + i),
            "credentialsSecretRef": {"name": "login"},
            "insecureSkipVerify": True}})
    data = """#!/bin/sh
echo "b7-user: the data of %s, a secret of its tenant"
echo "b7-user: $(hostname) runs it as $(id -u)"
mkdir -p /run/cluster-api
echo success > /run/cluster-api/bootstrap-success.complete
""" % name
    say("v1", "Secret", "data-" + name, labels={"cluster.x-k8s.io/cluster-name": "c1"},
        type="cluster.x-k8s.io/secret",
        data={"value": base64.b64encode(data.encode()).decode()})
    labels = {"cluster.x-k8s.io/cluster-name": "c1",
              "cluster.x-k8s.io/control-plane": ""}
    say(beskar7, "Beskar7Machine", name, labels=labels, spec={
        "image": {"url": "http://127.0.0.1:%s/%s.iso" % (images, image), "kind": kind},
        "bootMode": mode,
        "userData": {"delivery": delivery},
        "hostSelector": {"matchLabels": {"for": name}},
        "completion": {"evidence": "Report"},
        "release": {"gracefulSeconds": 60}})
    say(capi, "Machine", name, labels=labels, spec={
        "clusterName": "c1",
        "bootstrap": {"dataSecretName": "data-" + name},
        "infrastructureRef": {"apiGroup": beskar7.split("/")[0],
                              "kind": "Beskar7Machine", "name": name}})
END
bmc=$(python3 -c 'import socket
def free(n):
    held = []
    try:
        for i in range(4):
            s = socket.socket()
            held.append(s)
            s.bind(("127.0.0.1", n + i))
        return True
    except OSError:
        return False
    finally:
        for s in held:
            s.close()
import random
while True:
    n = random.randrange(20000, 32000, 8)
    if free(n):
        print(n)
        break')
api=$(free_port) media=$(free_port) metrics=$(free_port) control=$(free_port)
python3 "$dir/manifests.py" "$bmc" "$images" >"$dir/all.yaml"
slots='{media: {slots: [{id: Cd, name: Cd, types: [CD, DVD]}, {id: Cd2, name: Cd2, types: [CD, DVD]}]}}'
"$sim" bmc --backend qemu --qemu-dir "$dir/machines" --qemu-memory 768 --qemu-disk 2 \
	--count 4 --set "$slots" --port "$bmc" --control-port "$control" --profiles-dir "$root/sim/bmc/profiles" \
	>"$dir/bmc.log" 2>&1 &
simpid=$!
pids+=($simpid)
"$sim" kube --plain --port "$api" --crds "$root/sim/core/crds" --crds "$root/crds" \
	--kubeconfig-out "$dir/admin" --agent-kubeconfig-out "$dir/agent" "$dir/all.yaml" \
	>"$dir/kube.log" 2>&1 &
pids+=($!)
if ! wait_for 30 test -s "$dir/agent"; then
	cat "$dir/kube.log"
	exit 1
fi
"$sim" core --kubeconfig "$dir/admin" >"$dir/core.log" 2>&1 &
pids+=($!)
"$agent" --kubeconfig "$dir/agent" --diagnostics-address "127.0.0.1:$metrics" --explain-socket= \
	--busy-interval 2s --media-listen "127.0.0.1:$media" --media-url "http://127.0.0.1:$media" \
	--report-url "http://10.0.2.2:$media" --log-level debug >"$dir/agent.log" 2>&1 &
pids+=($!)

hosts=http://127.0.0.1:$api/apis/infrastructure.cluster.x-k8s.io/v1beta2/namespaces/default
machines=http://127.0.0.1:$api/apis/cluster.x-k8s.io/v1beta2/namespaces/default/machines
field() { # KIND NAME PATH...: a member of an object, as text
	get "$hosts/$1/$2" | python3 -c 'import json, sys
j = json.load(sys.stdin)
for k in sys.argv[1:]:
    j = j.get(k, {}) if isinstance(j, dict) else {}
print(j if isinstance(j, str) else json.dumps(j))' "${@:3}"
}
state_is() { # HOST STATE
	local is
	is=$(field physicalhosts "$1" status state)
	[ "$is" = "$2" ] || { echo "$is, not $2"; false; }
}
ready() { # Beskar7Machine
	[ "$(field beskar7machines "$1" status initialization provisioned)" = true ]
}
of() { # HOST: its machine's folder
	case $1 in
	uefi) echo "$dir/machines/bmc-000" ;;
	bios) echo "$dir/machines/bmc-001" ;;
	disk) echo "$dir/machines/bmc-002" ;;
	drive) echo "$dir/machines/bmc-003" ;;
	esac
}
# What the guest said, its lines whole.
lines() { tr -d '\r' <"$(of "$1")/console.log"; }
said() { # HOST TEXT
	lines "$1" | grep -aqF -- "$2" || {
		lines "$1" | grep -a 'b7-' | tail -n 15
		false
	}
}
never() { ! "$@"; }
count_is() { # WANT HOST TEXT
	local n
	n=$(lines "$2" | grep -acF -- "$3")
	[ "$n" = "$1" ] || { echo "$n times, not $1: $3"; false; }
}
number() { # HOST
	case $1 in uefi) echo 0 ;; bios) echo 1 ;; disk) echo 2 ;; drive) echo 3 ;; esac
}
power() { get "http://127.0.0.1:$control/bmcs/bmc-00$(number "$1")"; } # HOST
power_is() { power "$1" | grep -q "\"power\": *\"$2\""; }
image_of() { # HOST [SLOT]: what the BMC was given
	get -f -k -u root:b7-sim-secret \
		"https://127.0.0.1:$((bmc + $(number "$1")))/redfish/v1/Systems/system-1/VirtualMedia/${2:-Cd}" |
		python3 -c 'import json, sys; print(json.load(sys.stdin)["Image"] or "empty")'
}
is_empty() { # HOST [SLOT]
	local image
	image=$(image_of "$@")
	[ "$image" = empty ] || { echo "$image"; false; }
}

# ---- they boot
for h in uefi bios disk drive; do
	check "$h: provisioned" wait_for 420 state_is $h Provisioned
done
check "uefi: by UEFI" said uefi "b7-init: firmware UEFI"
check "bios: by BIOS" said bios "b7-init: firmware BIOS"
check "uefi: a kernel argument says where the data is" said uefi "ds=nocloud;s=file:///run/live/medium/nocloud/"
check "bios: the label says it" said bios "volume /dev/sr0: cidata"
check "drive: its data was in the second drive" said drive "b7-init: seed /media/sr1"
check "disk: installed" count_is 1 disk "b7-init: installed to the disk"
check "disk: the second boot is the disk's" said disk "b7-init: the installed system"
check "disk: installed from the medium" said disk "b7-init: booted from cd0"
check "disk: and then from the disk" said disk "b7-init: booted from hd0"
for h in uefi bios disk drive; do
	check "$h: its user data was run" said $h "b7-user: the data of $h, a secret of its tenant"
	check "$h: once" count_is 1 $h "b7-user: the data of"
	check "$h: as root, under its own name" said $h "b7-user: $h runs it as 0"
	check "$h: each part ended well" count_is 2 $h "b7-init: status 0 of"
	id=$(field beskar7machines $h spec providerID)
	check "$h: a provider id" test -n "${id#\{\}}"
	check "$h: it is the one in its meta data" said $h "b7-init: provider_id $id"
	uuid=$(power $h | python3 -c 'import json, sys; print(json.load(sys.stdin)["uuid"])')
	check "$h: the machine has the system's UUID" said $h "uuid $uuid"
	check "$h: nothing went wrong in it" never said $h "ERROR"
	check "$h: the machine is ready" wait_for 60 ready $h
done

# ---- and are given back
code() { # WANT URL ARGUMENT...
	local want=$1 got
	shift
	got=$(get -o /dev/null -w '%{http_code}' "$@")
	[ "$got" = "$want" ] || { echo "$got, not $want"; false; }
}
live=$(image_of uefi)
check "uefi: a live system keeps its medium" code 206 -r 0-0 "$live"
check "drive: the live system's as well" never is_empty drive
check "drive: its secrets are out" wait_for 60 is_empty drive Cd2
check "disk: the installer's is out" is_empty disk
report=$(lines uefi | grep -ao "http://10.0.2.2:$media/r/[a-z2-7]*" | head -n 1)
for h in uefi bios disk drive; do
	check "$h: its machine is deleted" get -f -X DELETE "$machines/$h"
done
for h in uefi bios disk drive; do
	check "$h: Available again" wait_for 150 state_is $h Available
	check "$h: power off" power_is $h Off
	check "$h: no medium" is_empty $h
	check "$h: nor in the other drive" is_empty $h Cd2
done
check "uefi: its OS was asked first" said uefi "b7-init: power button"
check "the token is dead" code 404 -r 0-0 "$live"
check "the guest knows where to report, and nobody prints it" test -z "$report"
token=${live%/b.iso}
token=${token##*/}
check "a token was seen at all" test "${#token}" -ge 20
unseen() { # the data is in no log of ours, and tokens in none, QEMU's as well
	! grep -nF "secret of its tenant" "$dir"/*.log &&
		! grep -nF -e "$token" "$dir"/*.log "$dir"/machines/*/qemu.log
}
check "no log has the data, or a token" unseen

# ---- processes of ours end with us, even by kill -9
qemus() { [ "$(pgrep -c -f "qemu-system-x86_64 .*$dir/")" = "$1" ]; }
check "no QEMU is left" qemus 0
check "somebody presses the button" get -f -X POST -d '{}' \
	"http://127.0.0.1:$control/bmcs/bmc-000/power-button"
check "it is on again" wait_for 30 qemus 1
kill -9 "$simpid"
wait "$simpid" 2>/dev/null
check "and dies with its BMC" wait_for 10 qemus 0
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" = 0 ]
