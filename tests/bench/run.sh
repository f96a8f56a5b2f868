#!/bin/bash
# All benchmarks, as a table: figures, and the budget each has in DESIGN where
# there is one. Not part of the core tests: figures depend on the machine.
#
# usage: run.sh [--build DIR] [--smoke]
#   --build DIR  a release build (default: build/release)
#   --smoke      small sizes: only that everything runs; no budget is judged
# Says "ok NAME", "not ok NAME" or "skip NAME" for each.
set -u

build= smoke=no
while [ $# -gt 0 ]; do
	case $1 in
	--build) build=$2; shift ;;
	--smoke) smoke=yes ;;
	-h | --help) sed -n '2,8s/^# \?//p' "$0"; exit 0 ;;
	*) echo "run.sh: unknown argument: $1" >&2; exit 2 ;;
	esac
	shift
done
cd "$(dirname "$(readlink -f "$0")")/../.." || exit 2
build=${build:-build/release}
out=$(mktemp)
trap 'rm -f "$out"' EXIT
bad=0

say() { # WORD NAME FIGURES
	printf '%s %-34s %s\n' "$1" "$2" "$3"
	[ "$1" != "not ok" ] || bad=1
}

# A figure against its bound; without --smoke only.
bounded() { # WORD COMPARISON NAME FIGURE BOUND UNIT
	if [ "$smoke" = yes ]; then
		say ok "$3" "$4 $6"
	elif awk -v a="$4" -v b="$5" "BEGIN { exit !(a $2 b) }"; then
		say ok "$3" "$4 $6, $1 $5"
	else
		say "not ok" "$3" "$4 $6, $1 $5"
	fi
}
judge() { bounded budget '<=' "$@"; }          # NAME FIGURE BUDGET UNIT
judge_least() { bounded 'at least' '>=' "$@"; } # NAME FIGURE LEAST UNIT

column() { # NAME: its figure in a line of columns
	sed -n "s|.*\b$1 \([0-9.]*\).*|\1|p" "$out" | head -n 1
}

# ---- the binary -------------------------------------------------------------

static=$(dirname "$build")/static/agent/beskar7-agent
if [ -x "$static" ]; then
	strip -o "$out" "$static"
	judge "static agent, stripped" "$(awk -v n="$(stat -c %s "$out")" \
		'BEGIN { printf "%.2f", n / 1048576 }')" 3 MiB
else
	say skip "static agent, stripped" "no $static"
fi

# ---- a fleet over sockets and TLS -------------------------------------------

n=1000 settle=30
[ "$smoke" = no ] || n=20 settle=2
if tests/bench/fleet.sh --build "$build" --settle $settle $n >"$out" 2>&1; then
	judge "enrol $n hosts over TLS" "$(column enrolled_s)" 15 s
	# 24 MB, and 50 KB for each event stream: the BMCs of the fleet have them.
	streams=$((n < 256 ? n : 256))
	judge "agent with $n hosts, $streams streams" "$(column agent_rss_mb)" \
		"$(awk -v n=$streams 'BEGIN { printf "%.1f", 24 + n / 20 }')" MB
	judge "writes in steady state" "$(column steady_writes)" 0 writes
	sed 's/^/    /' "$out"
else
	cat "$out"
	say "not ok" "fleet of $n" "did not enrol"
fi

# ---- the same in virtual time -----------------------------------------------

runner=$build/scenarios/runner/beskar7-scenario
file=tests/bench/fleet.yaml
if [ -x "$runner" ] && [ -e "$file" ] && [ "$smoke" = no ]; then
	began=$(date +%s%N)
	if "$runner" run "$file" >"$out" 2>&1; then
		judge "1,000 provisioned, virtual time" "$(awk -v n=$(($(date +%s%N) - began)) \
			'BEGIN { printf "%.1f", n / 1e9 }')" 20 s
	else
		tail -n 20 "$out"
		say "not ok" "1,000 provisioned, virtual time" "failed"
	fi
fi

# ---- simulated BMCs -----------------------------------------------------------

more="--seconds 4 --rounds 3" n=10000
[ "$smoke" = no ] || more="--seconds 1 --rounds 1 --systems 50 --no-sushy" n=20
# shellcheck disable=SC2086
tests/bench/bmc.sh --build "$build" $more >"$out" 2>&1
case $? in
0)
	judge_least "reads of BMCs, to bare evhttp" \
		"$(column http/evhttp/cpu)" 0.5 times
	if grep -q '^http/sushy' "$out"; then
		judge_least "the same, to sushy-tools" "$(column http/sushy/cpu)" 100 times
	elif [ "$smoke" = no ]; then
		say skip "the same, to sushy-tools" \
			"$(sed -n 's/^SKIPPED: //p' "$out" | head -n 1)"
	fi
	;;
77) say skip "reads of BMCs" "$(sed -n 's/^SKIPPED: //p' "$out")" ;;
*) say "not ok" "reads of BMCs" "bmc.sh failed" ;;
esac
sed 's/^/    /' "$out"
if tests/bench/bmc_memory.sh --build "$build" $n >"$out" 2>&1; then
	judge "$n BMCs in one process" "$(column peak_mb)" 300 MB
	sed 's/^/    /' "$out"
else
	cat "$out"
	say "not ok" "$n BMCs in one process" failed
fi

# ---- the media server ---------------------------------------------------------

more=
[ "$smoke" = no ] || more="--mb 24 --slow-mb 8 --streams 20 --rounds 1"
# shellcheck disable=SC2086
tests/bench/media.sh --build "$build" $more >"$out" 2>&1
case $?:$(column stream_kb) in
0:?*)
	for of in one many slow slow_many; do
		say ok "media server to lighttpd, $of" "$(column ratio_$of) times"
	done
	say ok "memory a stream" "$(column stream_kb) KB"
	;;
77:*) say skip "media server" "$(sed -n 's/^SKIPPED: //p' "$out")" ;;
*) say "not ok" "media server" "media.sh failed" ;;
esac
sed 's/^/    /' "$out"

# ---- the seams --------------------------------------------------------------

seconds=3
[ "$smoke" = no ] || seconds=1
for mode in "tls keep" "tls fresh"; do
	# shellcheck disable=SC2086
	if "$build/tests/bench_http" $mode 16 $seconds >"$out" 2>&1; then
		say ok "http, $mode" "$(tr -s '\n\t ' ' ' <"$out" | cut -c1-150)"
	else
		tail -n 5 "$out"
		say "not ok" "http, $mode" failed
	fi
done
if [ "$smoke" = no ] && ninja -C "$build" bench_world >/dev/null 2>&1; then
	if "$build/tests/bench_world" >"$out" 2>&1; then
		say ok "virtual world" ""
		sed 's/^/    /' "$out"
	else
		say "not ok" "virtual world" failed
	fi
fi
exit $bad
