#!/bin/sh
# beskar7-agent probe from its outside, against real processes over TLS: exit
# codes, messages, where the password may stand, signals, and the round trip:
# a recording that is served, probed again, and boots a real image.
set -eu

for program in curl python3; do
	command -v $program > /dev/null || {
		echo "SKIPPED: no $program"
		exit 77
	}
done
agent=$1 sim=$2
tmp=$(mktemp -d)
pids=
cleanup() {
	for p in $pids; do
		kill "$p" 2> /dev/null || :
	done
	wait
	rm -rf "$tmp"
}
trap cleanup EXIT
# shellcheck source=tests/want.sh
. "$(dirname "$0")/../want.sh"

# serve NAME ARGS...: a simulator; $url, $control and $tmp/NAME.pem are its own
serve() {
	name=$1
	shift
	"$sim" bmc --port 0 --control-port 0 --log-level error \
		--ca-out "$tmp/$name.pem" "$@" > "$tmp/$name.ready" &
	pids="$pids $!"
	n=0
	until grep -q '^ready' "$tmp/$name.ready"; do
		n=$((n + 1))
		[ $n -lt 300 ] || fail "the simulator $name does not start"
		sleep 0.1
	done
	url=$(sed 's/ready \([^ ]*\).*/\1/' "$tmp/$name.ready")
	control=$(sed 's/.*control=//' "$tmp/$name.ready")
}

# at FILE PATH: a value of a JSON file, by python's words
at() {
	python3 -c 'import json, sys
j = json.load(open(sys.argv[1]))
for k in sys.argv[2].split("/"):
    j = j[int(k)] if k.isdigit() else j[k]
print(j)' "$1" "$2"
}

sessions() {
	curl -s "$control/bmcs/bmc-000" > "$tmp/bmc.json"
	at "$tmp/bmc.json" sessions
}

unset BESKAR7_BMC_USERNAME BESKAR7_BMC_PASSWORD

# ---- what it is told -----------------------------------------------------------
want 0 "Exit status: 0 Beskar7 can provision" "$agent" probe --help
want 0 "beskar7-agent probe" "$agent" --help
want 2 "the address of one BMC" "$agent" probe
want 2 "the address of one BMC" "$agent" probe https://a https://b
want 2 "try --help" "$agent" probe --nonsense https://a
want 2 "try --help" "$agent" probe --password secret https://a
want 2 "text or json" "$agent" probe --output xml https://a
want 2 "no login" "$agent" probe https://127.0.0.1:1
export BESKAR7_BMC_USERNAME=root BESKAR7_BMC_PASSWORD=b7-sim-secret
want 2 "BMC address" "$agent" probe ftp://127.0.0.1
want 2 "in clear" "$agent" probe http://127.0.0.1:1
want 1 "grade             F" "$agent" probe --insecure http://127.0.0.1:1
want 1 "missing.pem" "$agent" probe --ca-file "$tmp/missing.pem" https://127.0.0.1:1
want 1 "grade             F" "$agent" probe https://127.0.0.1:1

# ---- one BMC -------------------------------------------------------------------
serve real --profiles ilo5
want 0 "grade             A" "$agent" probe --ca-file "$tmp/real.pem" "$url"
grep -q 'insert:image' "$tmp/out" || fail "no ladder: $(cat "$tmp/out")"
! grep -q "$(printf '\033')" "$tmp/out" || fail "colours in a pipe"
! grep -q 'b7-sim-secret' "$tmp/out" || fail "the password is in the report"
[ "$(sessions)" = 0 ] || fail "a session is left"
want 1 "(tls)" "$agent" probe "$url"
want 0 "grade             B" "$agent" probe --insecure "$url"
BESKAR7_BMC_PASSWORD=wrong want 1 "(auth)" \
	"$agent" probe --ca-file "$tmp/real.pem" "$url"
[ "$(sessions)" = 0 ] || fail "a session is left"

# the login from a file, as a Secret is written
unset BESKAR7_BMC_USERNAME BESKAR7_BMC_PASSWORD
printf 'kind: Secret\nstringData: {username: root, password: b7-sim-secret}\n' \
	> "$tmp/secret.yaml"
want 0 '"grade": "A"' "$agent" probe -c "$tmp/secret.yaml" -o json \
	--ca-file "$tmp/real.pem" "$url"
printf 'username: root\n' > "$tmp/half.yaml"
want 2 "half.yaml has no username with a password" "$agent" probe \
	-c "$tmp/half.yaml" "$url"

# ---- a recording ---------------------------------------------------------------
want 0 '"resources"' "$agent" probe -c "$tmp/secret.yaml" -o json \
	--ca-file "$tmp/real.pem" --record "$tmp/rec" --keep-identity "$url"
cp "$tmp/out" "$tmp/before.json"
want 4 "holds a recording already" "$agent" probe -c "$tmp/secret.yaml" \
	--ca-file "$tmp/real.pem" --record "$tmp/rec" "$url"
! grep -rq 'b7-sim-secret' "$tmp/rec" || fail "a password in the recording"
[ -z "$(find "$tmp/rec" -type f -perm /077)" ] || fail "others may read it"

want 0 "Recording" "$agent" probe -c "$tmp/secret.yaml" \
	--ca-file "$tmp/real.pem" --record "$tmp/anonymous" "$url"
serial=$(at "$tmp/before.json" capabilities/system/serial)
grep -rq "$serial" "$tmp/rec" || fail "--keep-identity lost the serial number"
! grep -rq "$serial" "$tmp/anonymous" || fail "a serial number was recorded"
[ "$(sessions)" = 0 ] || fail "a session is left"

# ---- signals: the session goes first -------------------------------------------
curl -s -X POST -d '{"action": "latency", "latency": "150ms", "id": "slow"}' \
	"$control/bmcs/bmc-000/faults" > /dev/null
for signal in INT TERM; do
	"$agent" probe -c "$tmp/secret.yaml" --ca-file "$tmp/real.pem" \
		--record "$tmp/never" "$url" > "$tmp/out" 2>&1 &
	pid=$!
	n=0
	until [ "$(sessions)" = 1 ]; do
		n=$((n + 1))
		[ $n -lt 200 ] || fail "the probe does not log in"
		sleep 0.1
	done
	# a job of a shell without job control ignores SIGINT unless it asks
	kill -$signal $pid
	got=0
	wait $pid || got=$?
	[ $got = 130 ] || fail "SIG$signal: exit status $got, not 130"
	[ "$(sessions)" = 0 ] || fail "SIG$signal leaves a session"
	grep -q 'stopped' "$tmp/out" || fail "SIG$signal: $(cat "$tmp/out")"
done
[ ! -e "$tmp/never/manifest.json" ] || fail "a stopped recording was written"

# ---- served again --------------------------------------------------------------
serve replayed --profiles ilo5 --replay "$tmp/rec" --speed 100
want 0 '"grade": "A"' "$agent" probe -c "$tmp/secret.yaml" -o json \
	--ca-file "$tmp/replayed.pem" "$url"
python3 - "$tmp/before.json" "$tmp/out" <<'PY' || fail "other capabilities"
import json, sys
a, b = (json.load(open(f))["capabilities"] for f in sys.argv[1:])
if a != b:
    sys.exit("%s\n%s" % (a, b))
PY

# the machine behind it boots what is put into it
"$sim" origin --port 0 > "$tmp/origin.ready" 2> /dev/null &
pids="$pids $!"
n=0
until grep -q 'ready' "$tmp/origin.ready"; do
	n=$((n + 1))
	[ $n -lt 300 ] || fail "the origin does not start"
	sleep 0.1
done
image=$(sed 's/.*\(http:[^ ]*\).*/\1/' "$tmp/origin.ready")/live.iso
redfish() {
	curl -sf --cacert "$tmp/replayed.pem" -u root:b7-sim-secret -L \
		-H 'Content-Type: application/json' "$@"
}
redfish -X POST -d "{\"Image\": \"$image\"}" \
	"$url/redfish/v1/Managers/1/VirtualMedia/2/Actions/VirtualMedia.InsertMedia/" \
	> /dev/null || fail "the image is not inserted"
redfish -X PATCH -d '{"Boot": {"BootSourceOverrideEnabled": "Once",
	"BootSourceOverrideTarget": "Cd"}}' "$url/redfish/v1/Systems/1/" \
	> /dev/null || fail "the override is not set"
redfish -X POST -d '{"ResetType": "On"}' \
	"$url/redfish/v1/Systems/1/Actions/ComputerSystem.Reset/" \
	> /dev/null || fail "it does not go on"
n=0
until curl -s "$control/bmcs/bmc-000" | grep -q '"os": "[^"]'; do
	n=$((n + 1))
	[ $n -lt 300 ] || fail "it does not boot: $(curl -s "$control/events" |
		tail -5)"
	sleep 0.1
done

# ---- folders that are none ------------------------------------------------------
want 1 "is no recording" "$sim" bmc --replay "$tmp/missing" --port 0 \
	--control-port 0
mkdir -p "$tmp/bad/redfish/v1"
printf '{' > "$tmp/bad/redfish/v1/index.json"
want 1 "bad/redfish/v1/index.json: " "$sim" bmc --replay "$tmp/bad" --port 0 \
	--control-port 0
