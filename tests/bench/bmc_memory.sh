#!/bin/bash
# Memory of N simulated BMCs in one process, over TLS: at the start, and after
# each had a connection of its own (a certificate was made), a session that is
# still open, a medium that is mounted, and a machine that booted from it and
# was switched off again.
#
# usage: bmc_memory.sh [--build DIR] [N]
# Prints one line of columns; README.md explains them.
set -u

build=build/release n=10000
while [ $# -gt 0 ]; do
	case $1 in
	--build) build=$2; shift ;;
	-h | --help) sed -n '2,8s/^# \?//p' "$0"; exit 0 ;;
	*) n=$1 ;;
	esac
	shift
done
case $n in '' | *[!0-9]*) echo "bmc_memory.sh: not a number: $n" >&2; exit 2 ;; esac
cd "$(dirname "$(readlink -f "$0")")/../.." || exit 2
sim=$build/sim/beskar7-sim
[ -x "$sim" ] || { echo "bmc_memory.sh: $sim is not built" >&2; exit 2; }
ulimit -n "$(ulimit -Hn)"

dir=$(mktemp -d)
pids=
finish() {
	for p in $pids; do kill "$p" 2>/dev/null; done
	wait
	rm -rf "$dir"
}
trap finish EXIT
trap 'exit 130' INT TERM

fail() {
	echo "bmc_memory.sh: $*" >&2
	tail -n 5 "$dir"/*.log >&2
	exit 1
}

ready() { # FILE: what stands after "ready"
	local i
	for ((i = 0; i < 600; i++)); do
		grep -qs '^ready' "$1" && sed -n 's/^ready \([^ ]*\).*/\1/p' "$1" && return
		sleep 0.1
	done
	fail "$1 did not get ready"
}

rss_of() { awk '/^VmRSS/ { printf "%.1f", $2 / 1024 }' "/proc/$bmc/status"; }
hwm_of() { awk '/^VmHWM/ { printf "%.1f", $2 / 1024 }' "/proc/$bmc/status"; }
now() { date +%s.%N; }

"$sim" origin --port 0 >"$dir/origin.log" 2>&1 &
pids=$!
origin=$(ready "$dir/origin.log") || exit 1
port=$((20000 + $$ % 10000))
began=$(now)
"$sim" bmc --count "$n" --addr 127.20.0.1 --prefix 16 --port $port --speed 100 \
	--ca-out "$dir/ca.pem" --no-control --log-level error \
	>"$dir/bmc.log" 2>&1 &
bmc=$! pids="$pids $!"
ready "$dir/bmc.log" >/dev/null || exit 1
start_s=$(echo "$(now) $began" | awk '{ printf "%.2f", $1 - $2 }')
start_mb=$(rss_of)

# One POST to each BMC, many at once, each over a connection of its own.
post() { # PATH BODY STATUS
	awk -v n="$n" -v port=$port -v ca="$dir/ca.pem" -v path="$1" -v body="$2" 'BEGIN {
		gsub(/"/, "\\\"", body)
		for (i = 1; i <= n; i++)
			printf "%surl = \"https://127.20.%d.%d:%d%s\"\ndata = \"%s\"\nheader = \"Content-Type: application/json\"\nuser = \"root:b7-sim-secret\"\noutput = \"/dev/null\"\nwrite-out = \"%%{http_code}\\n\"\ncacert = \"%s\"\n",
				(i > 1 ? "next\n" : ""), int(i / 256), i % 256, port, path, body, ca
	}' >"$dir/curl"
	curl -sS --parallel --parallel-max 50 -K "$dir/curl" >"$dir/codes" \
		2>"$dir/curl.log"
	[ "$(grep -c "^$3\$" "$dir/codes")" = "$n" ] ||
		fail "$1: $(sort "$dir/codes" | uniq -c | head -n 3)"
}

reset() { # TYPE
	post /redfish/v1/Systems/system-1/Actions/ComputerSystem.Reset \
		"{\"ResetType\": \"$1\"}" 204
}

post /redfish/v1/SessionService/Sessions \
	'{"UserName": "root", "Password": "b7-sim-secret"}' 201
session_mb=$(rss_of)
post /redfish/v1/Systems/system-1/VirtualMedia/Cd/Actions/VirtualMedia.InsertMedia \
	"{\"Image\": \"$origin/live.iso\"}" 204
media_mb=$(rss_of)
reset On
sleep 3 # a boot takes less than half a second at this speed
boot_mb=$(rss_of)
reset ForceOff
awk -v n="$n" -v s="$start_s" -v a="$start_mb" -v b="$session_mb" \
	-v c="$media_mb" -v d="$boot_mb" -v e="$(rss_of)" -v p="$(hwm_of)" 'BEGIN {
	printf "bmcs %d  start_s %s  start_mb %s  sessions_mb %s  media_mb %s  booted_mb %s  off_mb %s  peak_mb %s  kb_per_bmc %.1f\n",
		n, s, a, b, c, d, e, p, (e * 1024) / n }'
