#!/bin/bash
# Clients of others against the simulated BMCs. See usage and README.md.
set -u

usage() {
	cat <<'USAGE'
usage: tests/conformance/clients/run.sh [OPTION]...

Runs Redfish clients of others against beskar7-sim: each against a fresh BMC, on
loopback over TLS, twenty times as fast as life. Prints for each case
"ok PROFILE/CLIENT/CASE", "not ok ...: why" or "skip ...: why", and ends with
"N passed, N failed, N skipped".

  --sim PATH        beskar7-sim (default: build/release/sim/beskar7-sim)
  --only CLIENTS    by commas: redfishtool, ilorest, sushy, ansible, fwupd,
                    tacklebox (default: all)
  --profiles NAMES  by commas: each client with each of these (default: what the
                    table in this script says)
  --work DIR        virtual environment, logs (default: build/clients)
  --jobs N          BMCs at a time (default: number of processors)
  --help            this text

Clients are Debian's packages (deploy/packages.sh --all installs them) and
those of requirements.txt, from PyPI. What is not to be had is skipped.
USAGE
}

self=$(readlink -f "$0")
here=$(dirname "$self")
repo=$(dirname "$(dirname "$(dirname "$here")")")
cd "$repo" || exit 2
. tests/conformance/common.sh

# client: the profiles with which it makes sense
pairs='
redfishtool generic openbmc
ilorest ilo5 ilo6
sushy generic idrac9 supermicro-x12 lenovo-xcc2
ansible generic idrac10
fwupd generic idrac9
tacklebox generic
'

sim=${BESKAR7_SIM:-build/release/sim/beskar7-sim}
only='' profiles='' work=build/clients
jobs=${BESKAR7_JOBS:-$(nproc 2>/dev/null || echo 2)}
case_of=
while [ $# -gt 0 ]; do
	case $1 in
	--sim | --only | --profiles | --work | --jobs | --case)
		[ $# -gt 1 ] || die "$1 needs a value" ;;
	esac
	case $1 in
	--sim) sim=$2; shift ;;
	--only) only=$2; shift ;;
	--profiles) profiles=$2; shift ;;
	--work) work=$2; shift ;;
	--jobs) jobs=$2; shift ;;
	--case) case_of=$2; shift ;;
	-h | --help) usage; exit 0 ;;
	*) usage >&2; die "unknown argument: $1" ;;
	esac
	shift
done
user=root password=b7-sim-secret

# ---- one pair, in a process of its own --------------------------------------

origin_pid=
stop_both() {
	[ -n "$origin_pid" ] && kill "$origin_pid" 2>/dev/null &&
		wait "$origin_pid"
	origin_pid=
	sim_stop
}

origin_start() { # DIR: sets origin
	: >"$1/origin.ready"
	"$sim" origin --port 0 >"$1/origin.ready" 2>"$1/origin.log" &
	origin_pid=$!
	origin=$(ready_line "$1/origin.ready" "$origin_pid")
}

id_of() { # PROFILE KEY ELSE: what the BMC calls its first system or manager
	local id
	id=$(sed -n "s/^ids:.*$2: *\"\\{0,1\\}\\([^,\"}]*\\).*/\\1/p" \
		"sim/bmc/profiles/$1.yaml")
	[ -n "$id" ] || id=$(
		base=$(sed -n 's/^extends: *//p' "sim/bmc/profiles/$1.yaml")
		[ -n "$base" ] && id_of "$base" "$2" "$3"
	)
	printf '%s' "${id:-$3}"
}

# ilorest ends its session at the wrong URI unless the port is the usual one.
place_of() { # CLIENT
	if [ "$1" = ilorest ]; then
		echo "--addr 127.$((RANDOM % 200 + 20)).$((RANDOM % 250 + 1)).$((RANDOM % 250 + 1)) --port 443"
	else
		echo "--port 0"
	fi
}

play_case() { # PROFILE CLIENT DIR
	B7_PROFILE=$1 B7_DIR=$3 B7_URL=${url%:443} B7_CA=$3/ca.pem \
		B7_CONTROL=${ready##*control=} B7_ORIGIN=$origin \
		B7_USER=$user B7_PASSWORD=$password B7_VENV=$work/venv \
		B7_SYSTEM=$(id_of "$1" system system-1) \
		B7_MANAGER=$(id_of "$1" manager bmc-1) \
		PYTHONDONTWRITEBYTECODE=1 \
		timeout --foreground 900 nice /usr/bin/python3 \
		"$here/try_$2.py" >"$3/lines" 2>"$3/errors" ||
		printf 'not ok %s/%s: the script ended: %s\n' "$1" "$2" \
			"$(tail -n 1 "$3/errors")" >>"$3/lines"
	kill -0 "$sim_pid" 2>/dev/null ||
		printf 'not ok %s/%s: the simulator died\n' "$1" "$2" >>"$3/lines"
}

one_case() { # PROFILE/CLIENT
	local profile=${1%/*} client=${1#*/} dir=$work/$1
	rm -rf "$dir"
	mkdir -p "$dir"
	# shellcheck disable=SC2046
	if sim_start "$profile" "$dir" --control-port 0 --trace 500 \
		$(place_of "$client") && origin_start "$dir"; then
		trap stop_both EXIT
		play_case "$profile" "$client" "$dir"
	elif [ "$client" = ilorest ] && grep -qi 'permission' "$dir/sim.log"; then
		printf 'skip %s: may not listen on port 443\n' "$1" >"$dir/lines"
	else
		printf 'not ok %s: the simulator did not start: %s\n' "$1" \
			"$(tail -n 1 "$dir/sim.log")" >"$dir/lines"
	fi
	stop_both
}

if [ -n "$case_of" ]; then
	one_case "$case_of"
	exit 0
fi

# ---- all pairs --------------------------------------------------------------

[ -x "$sim" ] || die "no beskar7-sim at $sim (see --sim)"
mkdir -p "$work" || die "cannot make $work"
sim=$(readlink -f "$sim") work=$(readlink -f "$work")
all=$(printf '%s' "$pairs" | awk 'NF { print $1 }' | paste -sd ,)

: >"$work/cases"
for client in $(printf '%s' "${only:-$all}" | tr , ' '); do
	[ -e "$here/try_$client.py" ] || die "no client \"$client\""
	with=$(printf '%s' "$pairs" | sed -n "s/^$client //p")
	for p in $(printf '%s' "${profiles:-$with}" | tr , ' '); do
		[ -e "sim/bmc/profiles/$p.yaml" ] || die "no profile \"$p\""
		printf '%s/%s\n' "$p" "$client" >>"$work/cases"
	done
done
if grep -q '/tacklebox$' "$work/cases"; then
	make_venv "$here/requirements.txt" ||
		printf '# no virtual environment: %s\n' \
			"$(tail -n 1 "$work/venv.log")"
fi
xargs -r -P "$jobs" -n 1 "$self" --sim "$sim" --work "$work" --case <"$work/cases"
tell_cases
status=$?
printf '%d passed, %d failed, %d skipped\n' \
	"$(grep -c '^ok ' "$work/lines")" \
	"$(grep -c '^not ok ' "$work/lines")" \
	"$(grep -c '^skip ' "$work/lines")"
exit "$status"
