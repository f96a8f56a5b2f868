#!/bin/bash
# How fast simulated BMCs answer, beside libevent's own HTTP server with the
# smallest reply there is, and beside sushy-tools with its fake driver: all read
# by wrk over kept connections, one server after the other.
#
# usage: bmc.sh [--build DIR] [--seconds N] [--rounds N] [--systems N]
#               [--connections N] [--sushy DIR] [--no-sushy]
#   --sushy DIR  virtual environment of sushy-tools; made there if it is absent
#                (default: build/bench/sushy)
# Prints a line of columns for each server, then ratios; README.md explains them.
set -u

build=build/release seconds=4 rounds=3 systems=1000 connections=8
sushy=build/bench/sushy
while [ $# -gt 0 ]; do
	case $1 in
	--build) build=$2; shift ;;
	--seconds) seconds=$2; shift ;;
	--rounds) rounds=$2; shift ;;
	--systems) systems=$2; shift ;;
	--connections) connections=$2; shift ;;
	--sushy) sushy=$2; shift ;;
	--no-sushy) sushy= ;;
	-h | --help) sed -n '2,11s/^# \?//p' "$0"; exit 0 ;;
	*) echo "bmc.sh: unknown argument: $1" >&2; exit 2 ;;
	esac
	shift
done
cd "$(dirname "$(readlink -f "$0")")/../.." || exit 2
sim=$build/sim/beskar7-sim hello=$build/tests/bench_hello
for p in "$sim" "$hello"; do
	[ -x "$p" ] || { echo "bmc.sh: $p is not built" >&2; exit 2; }
done
if ! command -v wrk >/dev/null; then
	echo "SKIPPED: there is no wrk (Debian package wrk)"
	exit 77
fi
unset REQUESTS_CA_BUNDLE CURL_CA_BUNDLE

dir=$(mktemp -d)
port=$((20000 + $$ % 10000))
pid=
stop() {
	[ -z "$pid" ] || { kill "$pid" && wait "$pid"; } 2>/dev/null
	pid=
}
trap 'stop; rm -rf "$dir"' EXIT
trap 'exit 130' INT TERM

fail() {
	echo "bmc.sh: $*" >&2
	tail -n 5 "$dir"/log >&2
	exit 1
}

wait_for() { # SECONDS URL
	local end=$((SECONDS + $1))
	until curl -ksS -o "$dir/body" "$2" 2>/dev/null; do
		kill -0 "$pid" 2>/dev/null || fail "the server of $2 ended"
		[ $SECONDS -lt $end ] || fail "nobody answers at $2"
		sleep 0.1
	done
}

ticks=$(getconf CLK_TCK)
cpu_of() { awk '{ print $14 + $15 }' "/proc/$1/stat"; }
rss_of() { awk '/^VmRSS/ { printf "%.1f", $2 / 1024 }' "/proc/$1/status"; }

# The best of all rounds: whatever else the machine does makes it slower only.
measure() { # NAME URL [HEADER]
	local best=0 cheap=0 rate cpu n i before
	for ((i = 0; i < rounds; i++)); do
		before=$(cpu_of "$pid")
		wrk -t 1 -c "$connections" -d "${seconds}s" --timeout 10s \
			-H "${3:-Accept: */*}" "$2" >"$dir/wrk" || fail "wrk: $2"
		cpu=$(($(cpu_of "$pid") - before))
		grep -q 'Non-2xx\|Socket errors: connect [1-9]' "$dir/wrk" &&
			fail "$1: $(grep 'Non-2xx\|Socket' "$dir/wrk")"
		n=$(awk '/requests in/ { print $1 }' "$dir/wrk")
		rate=$(awk '/^Requests\/sec/ { print $2 }' "$dir/wrk")
		read -r best cheap < <(awk -v b="$best" -v c="$cheap" -v r="$rate" \
			-v u="$(awk -v t=$cpu -v hz="$ticks" -v n="$n" \
				'BEGIN { printf "%.1f", t * 1e6 / hz / n }')" 'BEGIN {
			print (r > b ? r : b), (c == 0 || u < c ? u : c) }')
	done
	printf '%-34s requests_s %.0f  cpu_us %.1f  rss_mb %s\n' "$1" "$best" \
		"$cheap" "$(rss_of "$pid")"
	printf '%s %s %s\n' "${1%%,*}" "$best" "$cheap" >>"$dir/figures"
}

# ---- the measure --------------------------------------------------------------

"$hello" $port >"$dir/log" 2>&1 &
pid=$!
wait_for 10 "http://127.0.0.1:$port/"
measure "evhttp, hello" "http://127.0.0.1:$port/"
stop

# ---- ours ---------------------------------------------------------------------

login() { # BASE: the token of a session
	curl -ksS -D - -o "$dir/body" -H 'Content-Type: application/json' \
		-d '{"UserName": "root", "Password": "b7-sim-secret"}' \
		"$1/redfish/v1/SessionService/Sessions" | tr -d '\r' |
		awk 'tolower($1) == "x-auth-token:" { print $2 }'
}

ours() { # NAME SCHEME SYSTEM OPTION...
	local name=$1 base=$2://127.0.0.1:$port system=$3 token
	shift 3
	port=$((port + 1))
	base=${base%:*}:$port
	"$sim" bmc --port $port --no-control --log-level error "$@" \
		>"$dir/log" 2>&1 &
	pid=$!
	wait_for 30 "$base/redfish/v1/"
	token=$(login "$base")
	[ -n "$token" ] || fail "no session"
	measure "$name" "$base/redfish/v1/Systems/$system" "X-Auth-Token: $token"
	stop
}
ours "http, one BMC" http system-1 --plain
ours "https, one BMC" https system-1
ours "systems, $systems in one service" http bmc-007 --plain --one-service \
	--count "$systems"

# ---- sushy-tools --------------------------------------------------------------

sushy_there() {
	[ -x "$sushy/bin/sushy-emulator" ] && return
	mkdir -p "$(dirname "$sushy")" && python3 -m venv "$sushy" &&
		"$sushy/bin/pip" install -q sushy-tools
}

if [ -z "$sushy" ]; then
	:
elif ! sushy_there >"$dir/log" 2>&1; then
	echo "SKIPPED: sushy-tools is not to be had: $(tail -n 1 "$dir/log")"
else
	port=$((port + 1))
	awk -v n="$systems" -v state="$dir" 'BEGIN {
		print "SUSHY_EMULATOR_FAKE_DRIVER = True"
		printf "SUSHY_EMULATOR_STATE_DIR = \"%s\"\n", state
		print "SUSHY_EMULATOR_FAKE_SYSTEMS = ["
		for (i = 0; i < n; i++)
			printf "{\"uuid\": \"00000000-0000-4000-8000-%012d\", \"name\": \"s%d\", \"power_state\": \"Off\", \"external_notifier\": False, \"nics\": [{\"mac\": \"00:5c:52:00:%02x:%02x\", \"ip\": \"172.22.0.100\"}]},\n", i, i, int(i / 256), i % 256
		print "]"
	}' >"$dir/sushy.conf"
	"$sushy/bin/sushy-emulator" --fake --config "$dir/sushy.conf" \
		--interface 127.0.0.1 --port $port >"$dir/log" 2>&1 &
	pid=$!
	base=http://127.0.0.1:$port/redfish/v1/Systems
	# its systems are made at the first question for one, which takes long
	wait_for 120 "$base/00000000-0000-4000-8000-000000000007"
	measure "sushy, $systems systems" \
		"$base/00000000-0000-4000-8000-000000000007"
	stop
fi

# ---- ratios -------------------------------------------------------------------

awk '{ rate[$1] = $2; cpu[$1] = $3 }
	function ratio(a, b) {
		if (rate[b] && rate[a])
			printf "%s/%s %.2f  %s/%s/cpu %.2f\n", a, b, rate[a] / rate[b], a, b, cpu[b] / cpu[a]
	}
	END { ratio("http", "evhttp"); ratio("https", "evhttp"); ratio("systems", "evhttp")
		ratio("http", "sushy"); ratio("systems", "sushy") }' "$dir/figures"
