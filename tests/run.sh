#!/bin/bash
# Builds and tests everything: see usage below and tests/README.md. The tiers
# themselves are in tiers.sh; this file runs them, counts, and keeps the time.
set -u

usage() {
	cat <<'USAGE'
usage: tests/run.sh [--all] [--no-install] [--only TIER]... [--minutes N]

Installs what is missing (Debian packages, as root or by sudo), builds under
build/ and runs the tests. Ends with a table and the line
"N passed, N failed, N skipped"; the exit status is 0 if nothing failed.

  --all         the long tiers too: other compilers and builds, analysers,
                valgrind, fuzzing, scenarios by the hundred, benchmarks
  --no-install  install nothing: say what is missing, and fail
  --only TIER   this tier (and what it needs); may be repeated
  --minutes N   start no tier after N minutes, and cut one short then: what
                did not run counts as skipped
  --list        the tiers, and whether they are long
  --help        this text

Environment:
  BESKAR7_BUILD  the build folder (default: build in the repository)
  BESKAR7_JOBS   parallel jobs (default: number of processors)

What each tier did is in build/logs/TIER.log.
USAGE
}

die() { printf 'run.sh: %s\n' "$*" >&2; exit 2; }

self=$(readlink -f "$0")
repo=$(dirname "$(dirname "$self")")
cd "$repo" || exit 2
build=${BESKAR7_BUILD:-$repo/build}
logs=$build/logs
jobs=${BESKAR7_JOBS:-$(nproc 2>/dev/null || echo 2)}
# shellcheck source=tests/tiers.sh
. tests/tiers.sh

all=no install=yes minutes=0 only= inner=
while [ $# -gt 0 ]; do
	case $1 in
	--all) all=yes ;;
	--no-install) install=no ;;
	--only) [ $# -gt 1 ] || die "--only needs a tier"; only="$only $2"; shift ;;
	--minutes) [ $# -gt 1 ] || die "--minutes needs a number"; minutes=$2; shift ;;
	--list) tiers_list; exit 0 ;;
	--inner) inner=$2; shift ;;
	-h | --help) usage; exit 0 ;;
	*) usage >&2; die "unknown argument: $1" ;;
	esac
	shift
done
case $minutes in *[!0-9]* | '') die "--minutes: not a number: $minutes" ;; esac
for t in $only; do
	[ -n "$(tier_text "$t")" ] || die "no tier \"$t\"; see --list"
done

# ---- inside a tier: its own process, so that the deadline can end it ---------

if [ -n "$inner" ]; then
	counts=$logs/$inner.counts
	"tier_$(printf %s "$inner" | tr - _)"
	exit $?
fi

# ---- around the tiers -------------------------------------------------------

mkdir -p "$logs" || die "cannot make $logs"
exec 8>"$build/.lock"
flock -n 8 || die "another run is at work in $build (BESKAR7_BUILD)"
: >"$logs/table"
start=$SECONDS
passed=0 failed=0 skipped=0 child=
trap 'stop 130' INT
trap 'stop 143' TERM

stop() { # STATUS: asked from outside to end
	[ -n "$child" ] && kill "$child" 2>/dev/null && wait "$child"
	printf '\nINTERRUPTED\n'
	summary
	exit "$1"
}

left() { # seconds until the deadline
	if [ "$minutes" = 0 ]; then
		echo 1000000
	else
		echo $((minutes * 60 - (SECONDS - start)))
	fi
}

count() { # TIER SECONDS PASSED FAILED SKIPPED WORD
	passed=$((passed + $3)) failed=$((failed + $4)) skipped=$((skipped + $5))
	printf '%-12s %6ss %7d %7d %8d  %s\n' "$@" >>"$logs/table"
	printf -- '-- %s: %s passed, %s failed, %s skipped in %ss\n' \
		"$1" "$3" "$4" "$5" "$2"
}

skip() { # TIER WHY
	printf '\n== %s: %s\n' "$1" "$(tier_text "$1")"
	printf 'SKIPPED: %s: %s\n' "$1" "$2"
	count "$1" 0 0 0 1 "SKIPPED: $2"
}

run_tier() { # TIER
	local tier=$1 began=$SECONDS status sum log=$logs/$1.log
	if [ "$(left)" -lt "$(tier_least "$tier")" ]; then
		skip "$tier" "the $minutes minutes are over or nearly so"
		return 1
	fi
	printf '\n== %s: %s\n' "$tier" "$(tier_text "$tier")"
	: >"$logs/$tier.counts"
	BESKAR7_LEFT=$(left) timeout --kill-after=10 "$(left)" bash "$self" --inner "$tier" 3>&1 >"$log" 2>&1 \
		</dev/null 8>&- &
	child=$!
	wait "$child"
	status=$?
	child=
	sum=$(awk '{ p += $1; f += $2; s += $3 }
		END { printf "%d %d %d", p, f, s }' "$logs/$tier.counts")
	# shellcheck disable=SC2086
	set -- $sum
	if [ "$status" = 124 ] || [ "$status" = 137 ]; then
		printf 'SKIPPED: the rest of %s: the %s minutes are over\n' \
			"$tier" "$minutes"
		count "$tier" $((SECONDS - began)) "$1" "$2" $(($3 + 1)) \
			"SKIPPED: cut short"
		return 1
	fi
	if [ "$status" != 0 ] && [ "$2" = 0 ]; then
		# It ended without saying what failed: that is a failure.
		tail -n 40 "$log"
		set -- "$1" 1 "$3"
	fi
	if [ "$1$2$3" = 000 ]; then
		printf 'FAILED: %s counted nothing\n' "$tier"
		set -- 0 1 0
	fi
	[ "$2" = 0 ] || printf 'FAILED: %s: see %s\n' "$tier" "$log"
	count "$tier" $((SECONDS - began)) "$1" "$2" "$3" \
		"$([ "$2" = 0 ] && echo ok || echo FAILED)"
	[ "$2" = 0 ]
}

summary() {
	printf '\n%-12s %7s %7s %7s %8s\n' tier time passed failed skipped
	cat "$logs/table"
	printf '%-12s %6ss\n\n' total $((SECONDS - start))
	printf '%d passed, %d failed, %d skipped\n' \
		"$passed" "$failed" "$skipped"
}

# Setup installs for the long tiers only when one of them will run.
long=no
for tier in $(tiers_chosen "$all" $only); do
	[ "$(tier_field "$tier" 2)" = long ] && long=yes
done
export BESKAR7_INSTALL=$install BESKAR7_LONG=$long

# A tier whose need failed or was skipped cannot run; it says so.
broken=
for tier in $(tiers_chosen "$all" $only); do
	need=
	for n in $(tier_needs "$tier"); do
		case " $broken " in *" $n "*) need=$n ;; esac
	done
	if [ -n "$need" ]; then
		skip "$tier" "needs $need, which did not pass"
		broken="$broken $tier"
	elif ! run_tier "$tier"; then
		case $tier in setup | build* | clang | release) broken="$broken $tier" ;; esac
	fi
done
summary
[ "$failed" = 0 ]
