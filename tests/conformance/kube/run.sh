#!/bin/bash
# The API behaviour suite, against a real API server and the stand-in.
set -u

usage() {
	cat <<'USAGE'
usage: tests/conformance/kube/run.sh [OPTION]...

Runs one suite of API calls against a real API server and against beskar7-sim
kube, and compares what both answered; then, on the real one, the checks of the
contract of Cluster API by number (table in WORK/contract/table.txt), the rules of
CRDs and policies, and a story. Prints "ok kube/CHECK", "not ok ...: why" or
"skip ...: why", and ends with "N passed, N failed, N skipped". Twenty
minutes.

The real one is, in this order: the cluster of $KUBECONFIG (its current context;
needs kubectl); kube-apiserver and etcd in $KUBEBUILDER_ASSETS, in
/usr/local/kubebuilder/bin or on PATH, started on loopback for this run (Debian's
etcd-server is an etcd). Without any, the suite runs against the stand-in alone.

  --sim PATH    beskar7-sim (default: build/release/sim/beskar7-sim)
  --agent PATH  beskar7-agent (default: build/release/agent/beskar7-agent)
  --only GLOB   API calls with such a name, e.g. 'apply/*' (default: all); the
                rest of the run is left out
  --contract N  with --only: these checks of the contract, too ('22 64')
  --capi-crds DIR
                the real CRDs of Cluster API, as in its config/crd/bases: all
                objects of the cluster templates are then validated by them
                (default: $CAPI_CRDS)
  --work DIR    answers, logs (default: build/kube)
  --show        prints each difference of what failed
  --help        this text
USAGE
}

here=$(dirname "$(readlink -f "$0")")
cd "$here/../../.." || exit 2
. tests/conformance/common.sh
. tests/conformance/kube/server.sh

sim=${BESKAR7_SIM:-build/release/sim/beskar7-sim}
agent=${BESKAR7_AGENT:-build/release/agent/beskar7-agent}
only='*' numbers= work=build/kube show= crds=${CAPI_CRDS:-}
while [ $# -gt 0 ]; do
	case $1 in
	--sim | --agent | --only | --contract | --work | --capi-crds)
		[ $# -gt 1 ] || die "$1 needs a value" ;;
	esac
	case $1 in
	--sim) sim=$2; shift ;;
	--agent) agent=$2; shift ;;
	--only) only=$2; shift ;;
	--contract) numbers=$2; shift ;;
	--capi-crds) crds=$2; shift ;;
	--work) work=$2; shift ;;
	--show) show=--show ;;
	-h | --help) usage; exit 0 ;;
	*) usage >&2; die "unknown argument: $1" ;;
	esac
	shift
done
some=
[ "$only" = '*' ] || some=--some
[ -x "$sim" ] || die "no beskar7-sim at $sim (see --sim)"
if [ -n "$crds" ]; then
	crds=$(readlink -e "$crds") || die "no such folder (see --capi-crds)"
fi
mkdir -p "$work" && work=$(readlink -f "$work") || die "cannot make $work"
sim=$(readlink -f "$sim")
dir=$(mktemp -d)
export PYTHONDONTWRITEBYTECODE=1

finish() {
	sim_stop
	real_stop
	cp "$dir"/*.log "$work" 2>/dev/null
	rm -rf "$dir"
}
trap finish EXIT

say() { printf '%s\n' "$*" | tee -a "$work/lines"; }

totals() {
	printf '%d passed, %d failed, %d skipped\n' \
		"$(grep -c '^ok ' "$work/lines")" \
		"$(grep -c '^not ok ' "$work/lines")" \
		"$(grep -c '^skip ' "$work/lines")"
	! grep -q '^not ok' "$work/lines"
}

# Runs the suite with the environment given, answers into $work/NAME.json.
ask() { # NAME VARIABLE=VALUE...
	local name=$1
	shift
	env "$@" python3 "$here/suite.py" "$work/$name.json" "$only" \
		>"$work/$name.txt" 2>&1
	[ -e "$work/$name.json" ] && return
	say "not ok kube/$name: the suite ended: $(tail -n 1 "$work/$name.txt")"
	return 1
}

kube_sim_start() { # sets sim_env
	: >"$dir/sim.ready"
	"$sim" kube --port 0 --token suite --ca-out "$dir/sim-ca.pem" \
		>"$dir/sim.ready" 2>"$dir/sim.log" &
	sim_pid=$!
	ready=$(ready_line "$dir/sim.ready" "$sim_pid") || return 1
	sim_env="B7_URL=${ready%% *} B7_CA=$dir/sim-ca.pem B7_TOKEN=suite"
	sim_env="$sim_env B7_HISTORY=sim"
}

# The agent under its own account, and what it drives.
story() {
	if [ ! -x "$agent" ]; then
		say "skip kube/agent: no beskar7-agent at $agent (see --agent)"
		return
	fi
	mkdir -p "$work/story"
	# shellcheck disable=SC2086
	env $real_env B7_SIM="$sim" B7_AGENT="$(readlink -f "$agent")" \
		B7_AUDIT="$([ -e "$dir/audit.log" ] && echo "$dir/audit.log")" \
		python3 "$here/story.py" "$work/story" 2>"$work/story.log" |
		tee -a "$work/lines"
	[ "${PIPESTATUS[0]}" -le 1 ] || say "not ok kube/agent:" \
		"$(tail -n 1 "$work/story.log")"
}

# The checks of ../capi by number; first of all, while there is no CRD yet.
contract() {
	if [ ! -x "$agent" ]; then
		say "skip kube/contract: no beskar7-agent at $agent (see --agent)"
		return
	fi
	rm -rf "$work/contract"
	mkdir -p "$work/contract"
	# shellcheck disable=SC2086
	env $real_env B7_SIM="$sim" B7_AGENT="$(readlink -f "$agent")" \
		B7_SERVER="$([ -e "$dir/apiserver.pid" ] && echo "$dir")" \
		B7_CAPI="$crds" \
		python3 "$here/contract.py" "$work/contract" $numbers \
		2>"$work/contract.log" | tee -a "$work/lines"
	[ "${PIPESTATUS[0]}" -le 1 ] || say "not ok kube/contract:" \
		"$(tail -n 1 "$work/contract.log")"
}

# Sets real_env and what, or neither.
real_there() {
	real_env='' what=''
	if [ -n "${KUBECONFIG:-}" ]; then
		real_env=$(kubectl config view --raw --minify --flatten -o json |
			python3 "$here/kubeconfig.py" "$dir") || return 1
		what="the cluster of KUBECONFIG"
	elif assets=$(real_assets) && [ -n "$assets" ]; then
		real_start || return 1
		real_env="B7_URL=$url B7_CA=$ca B7_TOKEN=$token"
		real_env="$real_env B7_HISTORY=$etcd_url"
		what="kube-apiserver $version"
	fi
}

: >"$work/lines"
rm -f "$work"/*.json "$work"/*.txt "$work"/*.log
kube_sim_start || die "the stand-in did not start: $(tail -n 1 "$dir/sim.log")"
# shellcheck disable=SC2086
ask stand-in $sim_env || { totals; exit 1; }
if ! real_there; then
	say "not ok kube/real: it did not start: $(
		tail -qn 1 "$dir"/*.log 2>/dev/null | tail -n 1)"
elif [ -z "$what" ]; then
	python3 "$here/compare.py" "" "$work/stand-in.json" "$here/known.json" |
		tee -a "$work/lines"
	say "skip kube/real: SKIPPED: no KUBECONFIG, and no kube-apiserver" \
		"with etcd in KUBEBUILDER_ASSETS, /usr/local/kubebuilder/bin" \
		"or PATH: the stand-in was held to nothing"
else
	printf '# against %s\n' "$what"
	# shellcheck disable=SC2086
	ask real $real_env && python3 "$here/compare.py" "$work/real.json" \
		"$work/stand-in.json" "$here/known.json" $show $some |
		tee -a "$work/lines"
	if [ "$only" = '*' ] || [ -n "$numbers" ]; then
		contract
	fi
	if [ "$only" = '*' ]; then
		# shellcheck disable=SC2086
		env $real_env python3 "$here/rules.py" 2>"$work/rules.log" |
			tee -a "$work/lines"
		[ "${PIPESTATUS[0]}" -le 1 ] || say "not ok kube/rules:" \
			"$(tail -n 1 "$work/rules.log")"
		story
	fi
fi
totals
