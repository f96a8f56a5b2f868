#!/bin/bash
# The alert rules and the dashboard by promtool: their syntax, and what raises
# each alert (alerts_test.yaml).
#
# usage: monitoring.sh
# Without promtool (Debian: prometheus) it says SKIPPED and ends with 77.
set -u

cd "$(dirname "$(readlink -f "$0")")/../.." || exit 2
if ! command -v promtool >/dev/null; then
	echo "SKIPPED: there is no promtool on this machine (Debian: prometheus)"
	exit 77
fi
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
passed=0
failed=0

check() { # NAME COMMAND...
	local name=$1 out
	shift
	if out=$("$@" 2>&1 </dev/null); then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAILED: $name"
		sed 's/^/    /' <<<"$out"
	fi
}

cp deploy/monitoring/alerts.yaml tests/integration/alerts_test.yaml "$dir"

# What the dashboard asks, as recording rules, its variables filled in.
python3 - >"$dir/dashboard.yaml" <<'END'
import json

print('groups:\n- name: dashboard\n  rules:')
with open('deploy/monitoring/dashboard.json', encoding='utf-8') as f:
    panels = json.load(f)['panels']
n = 0
for p in panels:
    for t in p.get('targets', []):
        n += 1
        expr = (t['expr'].replace('$__rate_interval', '5m')
                .replace('$namespace', '.*').replace('$job', '.*'))
        assert '$' not in expr, expr
        print('  - record: panel:%d:%s\n    expr: %s' % (
            p['id'], t['refId'], json.dumps(expr)))
assert n > 10, n
END
check "the dashboard's questions can be written down" test -s "$dir/dashboard.yaml"
check "alerts.yaml is a file of rules" promtool check rules "$dir/alerts.yaml"
check "the dashboard asks what Prometheus understands" \
	promtool check rules "$dir/dashboard.yaml"
check "each alert is raised by what it is for, and by nothing else" \
	promtool test rules "$dir/alerts_test.yaml"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
