#!/bin/bash
# One fuzz target under libFuzzer for some time; new inputs stay in the build.
#
# usage: long.sh BUILD SECONDS TARGET
# Run by tests/tiers.sh, once a target.
set -u

build=$1 seconds=$2 target=$3
name=${target#fuzz_}
found=$build/fuzz/$name
log=$build/logs/fuzz60-$name.log
mkdir -p "$found" || exit 1
"$build/clang/tests/$target" -seed=1 -max_total_time="$seconds" -timeout=20 \
	-rss_limit_mb=2048 -print_final_stats=1 \
	-artifact_prefix="$build/logs/$name-" \
	"$found" "tests/fuzz/corpus/$name" >"$log" 2>&1
status=$?
runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
if [ "$status" = 0 ] && [ "${runs:-0}" -gt 0 ]; then
	echo "ok $target: $runs inputs in $seconds s"
else
	tail -n 30 "$log"
	echo "not ok $target: status $status; $log"
fi
