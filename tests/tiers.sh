#!/bin/bash
# sourced by run.sh: the tiers of the tests, in the order in which they run.
#
# A tier is a row here and a function tier_NAME. Its output goes to its log;
# `say` speaks to the person; `result PASSED FAILED SKIPPED` adds to its counts.

# name | core or long | needs | least seconds worth starting with | text
TIERS='
setup|core||30|Debian packages and the libraries of deploy/deps.sh
build|core|setup|60|gcc, ASan and UBSan
lint|core|build|20|the rules of the house (tests/lint)
unit|core|build|20|unit tests
integration|core|build|20|integration tests, on loopback
fuzz|core|build|20|corpora of the fuzz targets
scenario|core|build|20|scenarios in virtual time
contract|core|build|20|the contract of Cluster API, check by check
format|long|setup|20|clang-format changes nothing
release|long|setup|60|gcc, optimised
release-unit|long|release|20|unit tests, optimised
static|long|release|60|static agent: size, empty root file system; package, unit, images
arm64|long|setup|300|static agent and simulators for arm64, by a cross compiler
qemu|long|release|300|real kernels in QEMU boot what the agent composes
demo|long|release|60|scenarios/demo.sh, real processes over TLS
clang|long|setup|60|clang, ASan, UBSan and libFuzzer
clang-unit|long|clang|20|unit tests by clang
bench|long|release|30|benchmarks, small: that they run
cppcheck|long|setup|60|cppcheck
fuzz60|long|clang|120|60 seconds of each fuzz target
valgrind|long|release|120|unit tests under valgrind
tidy|long|clang|120|clang-tidy
sockets|long|release|600|scenarios over real sockets
conformance|long|release|300|Redfish validators of the DMTF on each profile
clients|long|release|300|Redfish clients of others (sushy, ansible, ...) on the simulator
kube|long|release|1200|a real API server: behaviour, the contract, a story
runs|long|release|120|scenarios with 200 seeds, and replays byte for byte
'

tier_field() { # TIER NUMBER
	printf '%s' "$TIERS" | awk -F'|' -v t="$1" -v n="$2" '$1 == t { print $n }'
}
tier_text() { tier_field "$1" 5; }
tier_needs() { tier_field "$1" 3; }
tier_least() { tier_field "$1" 4; }

tiers_list() {
	printf '%s' "$TIERS" | awk -F'|' 'NF { printf "%-12s %-5s %s\n", $1, $2, $5 }'
}

# Without --only: all of the kind. With it: those and what they need, in order.
tiers_chosen() { # ALL [TIER...]
	local everything=$1
	shift
	printf '%s' "$TIERS" | awk -F'|' -v everything="$everything" -v only="$*" '
	NF {
		name[++n] = $1; kind[n] = $2; need[$1] = $3
	}
	END {
		m = split(only, pick, " ")
		for (i = 1; i <= m; i++)
			for (t = pick[i]; t != ""; t = need[t])
				chosen[t] = 1
		for (i = 1; i <= n; i++)
			if (m ? name[i] in chosen : everything == "yes" || kind[i] == "core")
				print name[i]
	}'
}

say() { printf '%s\n' "$*" >&3; }
result() { printf '%d %d %d\n' "$1" "$2" "$3" >>"$counts"; }

# One check: its command's status decides; on failure its log's end is shown.
one() { # NAME COMMAND...
	local name=$1 out
	shift
	out=$(mktemp)
	"$@" 2>&1 | tee "$out"
	if [ "${PIPESTATUS[0]}" = 0 ]; then
		result 1 0 0
		rm -f "$out"
		return 0
	fi
	result 0 1 0
	say "FAILED: $name"
	grep -E '(error|warning): |undefined reference' "$out" |
		head -n 30 | sed 's/^/    /' >&3
	tail -n 10 "$out" | sed 's/^/    /' >&3
	rm -f "$out"
	return 1
}

skipped() { # WHY: a check that could not run
	say "SKIPPED: $*"
	result 0 0 1
}

launcher() {
	command -v ccache >/dev/null 2>&1 &&
		echo -DCMAKE_C_COMPILER_LAUNCHER=ccache
}

# Configures and builds build/NAME. Folders that differ in links only share
# ccache's results.
make_build() { # NAME CC OPTIONS...
	local name=$1 cc=$2
	shift 2
	# shellcheck disable=SC2046
	one "configure $name" env CCACHE_NOHASHDIR=1 cmake -G Ninja -S . \
		-B "$build/$name" -DCMAKE_C_COMPILER="$cc" \
		-DBESKAR7_DEPS="$(deploy/deps.sh --print)" $(launcher) "$@" || return 1
	one "build $name" env CCACHE_NOHASHDIR=1 \
		ninja -C "$build/$name" -j "$jobs" -k 20 || return 1
}

# Runs the tests of a label and counts their cases.
run_label() { # BUILD LABEL [JOBS]
	local xml=$logs/$1-$2.xml
	rm -f "$xml"
	ctest --test-dir "$build/$1" -L "^$2\$" -j "${3:-$jobs}" \
		--output-on-failure --no-tests=error --output-junit "$xml" \
		--test-output-size-passed 4000000 \
		--test-output-size-failed 4000000
	count_junit "$xml"
}

# Junit files to counts; failures are shown.
count_junit() { # FILE...
	python3 tests/count.py "$counts" "$@" >&3
}

# ---- the core tiers ---------------------------------------------------------

tier_setup() {
	local set=--tests
	[ "${BESKAR7_LONG:-no}" = yes ] && set=--all
	if [ "${BESKAR7_INSTALL:-yes}" = yes ]; then
		one "install packages" deploy/packages.sh "$set" --install || return 1
	else
		one "packages" deploy/packages.sh "$set" --check || return 1
	fi
	one "libraries" deploy/deps.sh
}

tier_build() {
	make_build gcc gcc -DCMAKE_BUILD_TYPE=Debug \
		-DCMAKE_C_FLAGS_DEBUG="-g -O1" \
		-DBESKAR7_SANITIZE=address,undefined
}

tier_lint() { run_label gcc lint; }
tier_unit() { run_label gcc unit; }
# They wait for real time: more at a time than jobs.
tier_integration() { run_label gcc integration $((jobs * 2)); }
tier_fuzz() { run_label gcc fuzz; }
tier_scenario() { run_label gcc scenario; }

# The table, as well as the counts.
tier_contract() {
	local status
	run_label gcc contract
	status=$?
	say "number, result, reason"
	say "$(grep -h '^check ' "$logs/gcc-contract.xml" | sort -k 2n |
		sed 's/&apos;/'"'"'/g; s/&quot;/"/g; s/&lt;/</g; s/&gt;/>/g; s/&amp;/\&/g')"
	return $status
}

# ---- other builds -----------------------------------------------------------

tier_release() {
	make_build release gcc -DCMAKE_BUILD_TYPE=RelWithDebInfo
}
tier_release_unit() { run_label release unit; }

tier_static() {
	make_build static gcc -DCMAKE_BUILD_TYPE=RelWithDebInfo \
		-DBESKAR7_STATIC=ON -DBESKAR7_TESTS=OFF || return 1
	tests/static.sh "$build/static/agent/beskar7-agent" >"$logs/static.txt" 2>&1
	count_lines "$logs/static.txt"
	tests/package.sh "$build/static" >"$logs/package.txt" 2>&1
	count_lines "$logs/package.txt"
}

tier_arm64() {
	local cc=aarch64-linux-gnu-gcc p
	command -v "$cc" >/dev/null 2>&1 || {
		skipped "arm64: no $cc (deploy/packages.sh --arm64 --install)"
		return 0
	}
	one "libraries for arm64" deploy/deps.sh --arch arm64 || return 1
	make_build arm64 "$cc" -DCMAKE_TOOLCHAIN_FILE=deploy/cmake/arm64.cmake \
		-DBESKAR7_DEPS="$(deploy/deps.sh --arch arm64 --print)" \
		-DCMAKE_BUILD_TYPE=RelWithDebInfo -DBESKAR7_STATIC=ON \
		-DBESKAR7_TESTS=OFF || return 1
	for p in agent sim; do
		if command -v qemu-aarch64-static >/dev/null 2>&1; then
			one "beskar7-$p runs on arm64" qemu-aarch64-static \
				"$build/arm64/$p/beskar7-$p" --version
		else
			skipped "beskar7-$p runs on arm64: no qemu-aarch64-static"
		fi
	done
}

tier_clang() {
	make_build clang clang -DCMAKE_BUILD_TYPE=Debug \
		-DCMAKE_C_FLAGS_DEBUG="-g -O1" -DBESKAR7_FUZZ=ON \
		-DBESKAR7_SANITIZE=address,undefined
}
tier_clang_unit() { run_label clang unit; }

# "ok NAME", "not ok NAME", "skip NAME" lines of a script, counted.
count_lines() { # FILE
	cat "$1"
	grep -E '^(not ok|skip) ' "$1" | sed 's/^not ok/FAILED:/; s/^skip/SKIPPED:/' >&3
	result "$(grep -c '^ok ' "$1")" "$(grep -c '^not ok ' "$1")" \
		"$(grep -c '^skip ' "$1")"
}

# ---- analysers --------------------------------------------------------------

sources() { # EXTENSION...: our own C files, NUL between
	local e
	for e; do
		find agent common scenarios sim tests -name "*.$e" -print0
	done
}

tier_format() {
	one clang-format bash -c 'xargs -0 -n 40 -P '"$jobs"' \
		clang-format --dry-run -Werror --ferror-limit=3' \
		< <(sources c h)
}

tier_cppcheck() {
	one cppcheck cppcheck -q -j "$jobs" --std=c11 --error-exitcode=1 \
		--enable=warning,performance,portability --inline-suppr \
		--suppressions-list=tests/cppcheck.txt --library=posix,gnu,tests/cppcheck.cfg \
		-D_GNU_SOURCE -D__GNUC__=12 -I . agent common scenarios sim
}

tier_tidy() {
	local list=$logs/tidy.files
	find agent common scenarios sim -name '*.c' | sort >"$list"
	one clang-tidy bash -c '
		xargs -P "$1" -n 1 clang-tidy --quiet -p "$2" \
			--warnings-as-errors="*" <"$3"' \
		tidy "$jobs" "$build/clang" "$list"
}

tier_valgrind() {
	local xml=$logs/valgrind.xml
	rm -f "$xml"
	python3 tests/under.py --build "$build/release" --label unit \
		--jobs "$jobs" --timeout 1800 --junit "$xml" \
		--skip "unit-loop=it holds the real loop to real time" -- \
		valgrind -q --error-exitcode=99 --leak-check=full \
		--errors-for-leak-kinds=definite,indirect
	count_junit "$xml"
}

# ---- fuzzing ----------------------------------------------------------------

tier_fuzz60() {
	local seconds=${BESKAR7_FUZZ_SECONDS:-60} name
	mkdir -p "$build/fuzz"
	for name in "$build"/clang/tests/fuzz_*; do
		[ -x "$name" ] && basename "$name"
	done >"$logs/fuzz60.targets"
	xargs -P "$jobs" -n 1 bash tests/fuzz/long.sh "$build" "$seconds" \
		<"$logs/fuzz60.targets" >"$logs/fuzz60.txt" 2>&1
	count_lines "$logs/fuzz60.txt"
}

# ---- scenarios --------------------------------------------------------------

runner() { # BUILD: the program, or nothing
	local p=$build/$1/scenarios/runner/beskar7-scenario
	[ -x "$p" ] && echo "$p"
}

# Each scenario file by itself, as long as there is time: with a deadline, those
# that would begin after SHARE percent of what is left are skipped by name.
each_scenario() { # BUILD SHARE NAME ARGUMENTS...
	local p share=$2 name=$3 file xml until
	p=$(runner "$1") || { say "no beskar7-scenario was built"; return 1; }
	shift 3
	until=$((SECONDS + ${BESKAR7_LEFT:-1000000} * share / 100))
	for file in scenarios/*.yaml; do
		if [ $SECONDS -ge $until ]; then
			skipped "$file ($name): the time for these is over"
			continue
		fi
		xml=$logs/$name-$(basename "$file" .yaml).xml
		rm -f "$xml"
		"$p" run "$file" "$@" --keep-going --junit "$xml"
		count_junit "$xml"
	done
}

tier_runs() {
	local p
	p=$(runner release) || { say "no beskar7-scenario was built"; return 1; }
	one "the same seed twice gives equal logs" tests/replay.sh "$p"
	each_scenario release 90 runs --runs 200 --jobs "$jobs"
}

tier_sockets() {
	local p xml=$logs/sockets.xml
	p=$(runner release) || { say "no beskar7-scenario was built"; return 1; }
	rm -f "$xml"
	# They wait for real time: many beside each other.
	"$p" run scenarios/*.yaml --sockets --keep-going --jobs $((jobs * 6)) \
		--junit "$xml"
	count_junit "$xml"
}

# Most of its time is the use cases' sleep, hence more at a time than jobs.
tier_conformance() {
	tests/conformance/redfish/run.sh --profiles all \
		--sim "$build/release/sim/beskar7-sim" \
		--work "$build/conformance" --jobs $((jobs * 2)) \
		>"$logs/conformance.txt" 2>&1
	count_lines "$logs/conformance.txt"
}

tier_clients() {
	tests/conformance/clients/run.sh \
		--sim "$build/release/sim/beskar7-sim" \
		--work "$build/clients" --jobs $((jobs * 2)) \
		>"$logs/clients.txt" 2>&1
	count_lines "$logs/clients.txt"
}

tier_kube() {
	tests/conformance/kube/run.sh --sim "$build/release/sim/beskar7-sim" \
		--agent "$build/release/agent/beskar7-agent" --work "$build/kube" >"$logs/kube.txt" 2>&1
	count_lines "$logs/kube.txt"
}

# Real kernels, in software where KVM does not work: minutes.
tier_qemu() { run_label release qemu; }

tier_demo() { # builds by itself, in build/, as a person would
	local with=
	command -v ccache >/dev/null 2>&1 && with=CMAKE_C_COMPILER_LAUNCHER=ccache
	# shellcheck disable=SC2086
	one scenarios/demo.sh env $with scenarios/demo.sh --no-install
}

tier_bench() {
	tests/bench/run.sh --build "$build/release" --smoke >"$logs/bench.txt" 2>&1
	count_lines "$logs/bench.txt"
}
