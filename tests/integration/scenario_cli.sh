#!/bin/sh
# beskar7-scenario from its outside: exit codes, messages, JUnit, determinism.
set -eu

run=$1
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
fail() { printf 'scenario_cli: %s\n' "$*" >&2; exit 1; }

# want STATUS TEXT COMMAND...: its exit status, and a text in what it says
want() {
	status=$1 text=$2
	shift 2
	got=0
	"$@" > "$tmp/out" 2>&1 || got=$?
	[ "$got" = "$status" ] ||
		fail "$*: exit status $got, not $status: $(cat "$tmp/out")"
	grep -qF -- "$text" "$tmp/out" ||
		fail "$*: does not say \"$text\": $(cat "$tmp/out")"
}

want 0 "Exit status: 0 all passed" "$run" run --help
want 0 "secret-marker" "$run" run --list-steps
want 2 "no files" "$run" run
want 2 "try --help" "$run" run --nonsense
want 2 "Usage" "$run" nonsense
want 2 "missing.yaml" "$run" run "$tmp/missing.yaml"

cat > "$tmp/typo.yaml" <<'YAML'
name: a typo
steps:
  - advance: 1s
  - wiat: {object: host/x}
YAML
want 2 "typo.yaml:4: unknown step \"wiat\"" "$run" run "$tmp/typo.yaml"
printf 'name: x\nstep: []\nsteps: []\n' > "$tmp/key.yaml"
want 2 "key.yaml:2: unknown key \"step\"" "$run" run "$tmp/key.yaml"
printf 'name: x\nbmcs: {count: many}\nsteps: []\n' > "$tmp/type.yaml"
want 2 "type.yaml:2: count must be a number" "$run" run "$tmp/type.yaml"
printf 'name: x\nsteps:\n  - wait: {object: hots/x, path: a, exists: true}\n' \
	> "$tmp/kind.yaml"
want 1 "kind.yaml:3: " "$run" run "$tmp/kind.yaml"

# A failure says what, where, when, and how to see it again.
cat > "$tmp/fails.yaml" <<'YAML'
name: fails
bmcs: {count: 1}
hosts: 1
steps:
  - wait: {object: host/bmc-000, path: status/state, equals: Nonsense, within: 1m}
YAML
want 1 "replay: beskar7-scenario run $tmp/fails.yaml --seed 7" \
	"$run" run "$tmp/fails.yaml" --seed 7 --junit "$tmp/junit.xml"
grep -q "fails.yaml:5: expectation" "$tmp/out" || fail "no file and line"
grep -q "seed 7, virtual time" "$tmp/out" || fail "no seed and virtual time"
grep -q "the last events of bmc-000" "$tmp/out" || fail "no last events"
grep -q '<failure message="expectation">' "$tmp/junit.xml" || fail "no JUnit"

# The same seed twice: the same bytes; another seed: others.
file=scenarios/01-provision-and-release.yaml
"$run" run $file --seed 3 --log "$tmp/a" > "$tmp/out"
"$run" run $file --seed 3 --log "$tmp/b" > "$tmp/out"
"$run" run $file --seed 4 --log "$tmp/c" > "$tmp/out"
[ -s "$tmp/a" ] || fail "the log is empty"
cmp "$tmp/a" "$tmp/b" || fail "the same seed gave another log"
cmp -s "$tmp/a" "$tmp/c" && fail "another seed gave the same log"
TZ=Asia/Tokyo LANG=C.UTF-8 "$run" run $file --seed 3 --log "$tmp/d" > "$tmp/out"
cmp "$tmp/a" "$tmp/d" || fail "the time zone changed the log"

want 0 "6 passed, 0 failed" "$run" run $file scenarios/14-crash-enrol.yaml \
	--runs 3 --jobs 2
echo "scenario_cli: ok"
