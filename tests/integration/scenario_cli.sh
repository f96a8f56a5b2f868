#!/bin/sh
# beskar7-scenario from its outside: exit codes, messages, JUnit, determinism.
set -eu

run=$1
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
# shellcheck source=tests/want.sh
. "$(dirname "$0")/../want.sh"

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
cat > "$tmp/heal.yaml" <<'YAML'
name: a rule by a wrong name
steps:
  - net: {name: cut, from: agent-0, to: bmc, partition: true}
  - repeat:
      times: 2
      steps:
        - heal: cut
        - heal: cutt
YAML
want 2 "heal.yaml:8: no net step makes a rule named \"cutt\"" \
	"$run" run "$tmp/heal.yaml"
printf 'name: x\nbmcs: {count: many}\nsteps: []\n' > "$tmp/type.yaml"
want 2 "type.yaml:2: count must be a number" "$run" run "$tmp/type.yaml"
printf 'name: x\nsteps:\n  - wait: {object: hots/x, path: a, exists: true}\n' \
	> "$tmp/kind.yaml"
want 2 "kind.yaml:3: " "$run" run "$tmp/kind.yaml"

# wrong TEXT STEP: the argument is refused when the file is read, at its line,
# also inside of repeat
wrong() {
	printf 'name: x\nsteps:\n  - advance: 1s\n  - %s\n' "$2" \
		> "$tmp/wrong.yaml"
	want 2 "wrong.yaml:4: " "$run" run "$tmp/wrong.yaml"
	grep -qF -- "$1" "$tmp/out" ||
		fail "$2: does not say \"$1\": $(cat "$tmp/out")"
	printf 'name: x\nsteps:\n  - repeat:\n      times: 2\n' \
		> "$tmp/wrong.yaml"
	printf '      steps:\n        - %s\n' "$2" >> "$tmp/wrong.yaml"
	want 2 "wrong.yaml:6: " "$run" run "$tmp/wrong.yaml"
}
wrong "advance must be a time such as 30s" 'advance: soonish'
wrong "advance must be a time such as 30s" 'advance: 30'
wrong "quiet must be a time" 'quiet: [1s]'
wrong "agent's number, 0 to 7" 'start-agent: 8'
wrong "agent's number, 0 to 7" 'freeze: first'
wrong "is no object" 'delete: bmc-000'
wrong "is none of host" 'patch: {object: hots/x, merge: {}}'
wrong "either merge or json" 'patch: {object: host/x}'
wrong "what to look at" 'wait: {within: 1m}'
wrong "path goes with" 'expect: {all: [{object: host/x, path: a}]}'
wrong "Type=True" 'wait: {object: host/x, condition: Ready=Yes}'
wrong "either bmc or object" 'count: {equals: 1}'
wrong '"later" is none of before, after' 'crash-agent: {at: 1, when: later}'
wrong "none of request" 'crash-agent: {at-event: bootd}'
wrong "none of power-button" 'bmc: {bmc: all, do: explode}'
wrong "action must be an action" 'fault: {bmc: all, action: explode}'
wrong "none of refuse" 'kube: {outage: maybe}'
wrong "unknown key" 'kube: {fail: {statsu: 500}}'
wrong "unknown key" 'cluster: {name: c1, wrokers: 3}'
wrong "none of hosts-first" 'move: {cluster: c1, order: none}'
wrong "apiVersion and kind" 'apply: {metadata: {name: x}}'
wrong "nothing, true or now" 'restart-core: later'
wrong "log must be a text" 'log: {text: x}'
printf 'name: x\nsteps: []\nend: {quiet: soon}\n' > "$tmp/end.yaml"
want 2 "end.yaml:3: quiet must be a time" "$run" run "$tmp/end.yaml"
printf 'name: x\nmatrix: {k: {from: one}}\nsteps: []\n' > "$tmp/matrix.yaml"
want 2 "matrix.yaml:2: from must be a number" "$run" run "$tmp/matrix.yaml"

printf 'name: x\nmatrix: {k: {step: 0}}\nsteps: []\n' > "$tmp/range.yaml"
want 2 "range.yaml:2: step must be 1 or more" "$run" run "$tmp/range.yaml"

# sockets TEXT VALUE: what is otherwise over sockets must be in the file
sockets() {
	printf 'name: x\nvars: {v: 1m}\nmatrix: {k: [1]}\nsockets: %s\n' "$2" \
		> "$tmp/sockets.yaml"
	printf 'steps: []\n' >> "$tmp/sockets.yaml"
	want 2 "sockets.yaml:4: $1" "$run" run "$tmp/sockets.yaml"
}
sockets "sockets must be a mapping" 'later'
sockets "unknown key \"steps\"" '{steps: []}'
sockets "vars must be a mapping" '{vars: 1m}'
sockets "w is not in the file's vars" '{vars: {w: 1s}}'
sockets "j is not in the file's matrix" '{matrix: {j: [1]}}'
sockets "from must be a number" '{matrix: {k: {from: one}}}'
sockets "a mapping is expected here" '{matrix: {k: 3}}'
wrong "sockets-within must be a time" \
	'wait: {bmc: b, path: power, equals: "On", sockets-within: 3}'
wrong '"both" is none of any, bmc, api' 'crash-agent: {at: 1, to: both}'
printf 'name: x\nvars: {a: "${b}", b: "${a}"}\nsteps:\n  - log: "${a}"\n' \
	> "$tmp/circle.yaml"
want 1 '${a} has no value' "$run" run "$tmp/circle.yaml"

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

# Texts that must appear nowhere are looked for in metrics, also of an agent that
# ends, and in traces of BMCs, also of what later exchanges push out of them.
marked() {
	cat > "$tmp/marked.yaml" <<-YAML
	name: marked
	markers: ["$1"]
	bmcs: {count: 1}
	hosts: 1
	steps:
	  - wait: {object: host/bmc-000, path: status/state, equals: Available}
	  - cluster: {name: c1, control-plane: 1}
	  - wait: {object: b7m/c1-cp-0, path: status/initialization/provisioned, equals: true, within: 1h}
	  - advance: 30m
	  - $2
	YAML
	want 1 "secret-marker" "$run" run "$tmp/marked.yaml"
	grep -q "$3" "$tmp/out" || fail "$1: not in $3: $(cat "$tmp/out")"
}
marked beskar7_redfish_requests_total "advance: 1s" metrics
marked beskar7_redfish_requests_total "stop-agent: 0" metrics
marked '\"WriteProtected\"' "advance: 1s" /bmcs/bmc-000/trace

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
