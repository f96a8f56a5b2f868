#!/bin/bash
# The DMTF's validators against the simulated BMCs. See usage and README.md.
set -u

usage() {
	cat <<'USAGE'
usage: tests/conformance/redfish/run.sh [OPTION]...

Runs the Redfish validators of the DMTF against beskar7-sim: each validator
against a fresh BMC of each profile, on loopback over TLS. Prints for each pair
"ok PROFILE/VALIDATOR: counts", "not ok ..." or "skip ...".

  --sim PATH        beskar7-sim (default: build/release/sim/beskar7-sim)
  --profiles NAMES  by commas, or "all" (default: generic)
  --only NAMES      validators by commas: service, protocol, usecase, interop
  --csdl PATH       the DMTF's CSDL files: a folder or a tar archive;
                    "fetch": from the DMTF, as the validator does (default:
                    ../shared/data/redfish-csdl.tar.xz where that is)
  --interop PATH    the interoperability profile (default: that of OpenStack
                    Ironic in ../shared/data where it is, else fetched)
  --work DIR        virtual environment, reports, logs (default:
                    build/conformance)
  --jobs N          pairs at a time (default: number of processors)
  --help            this text

Environment: BESKAR7_SIM, BESKAR7_CSDL, BESKAR7_INTEROP, BESKAR7_JOBS are
defaults of the options of these names.
USAGE
}

self=$(readlink -f "$0")
here=$(dirname "$self")
repo=$(dirname "$(dirname "$(dirname "$here")")")
cd "$repo" || exit 2
. tests/conformance/common.sh

ironic=OpenStackIronicProfile.v1_2_0.json
ironic_url=https://opendev.org/openstack/ironic/raw/branch/master/redfish-interop-profiles/$ironic
sim=${BESKAR7_SIM:-build/release/sim/beskar7-sim}
profiles=generic
only=usecase,protocol,service,interop # those that sleep most begin first
csdl=${BESKAR7_CSDL:-$(first_there ../shared/data/redfish-csdl.tar.xz)}
interop=${BESKAR7_INTEROP:-$(first_there "../shared/data/$ironic")}
work=build/conformance
jobs=${BESKAR7_JOBS:-$(nproc 2>/dev/null || echo 2)}
case_of=

while [ $# -gt 0 ]; do
	case $1 in
	--sim | --profiles | --only | --csdl | --interop | --work | --jobs | --case)
		[ $# -gt 1 ] || die "$1 needs a value" ;;
	esac
	case $1 in
	--sim) sim=$2; shift ;;
	--profiles) profiles=$2; shift ;;
	--only) only=$2; shift ;;
	--csdl) csdl=$2; shift ;;
	--interop) interop=$2; shift ;;
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

# Validators are idle for up to a minute while they read schemas or wait, which
# ends a session of those that allow 30 s: as a person would, make it longer.
# Some want If-Match, and some refuse whatever it says.
long_sessions() { # DIR
	local header
	for header in 'If-Match: *' 'Accept: application/json'; do
		curl -sSf -o /dev/null --cacert "$1/ca.pem" -L \
			-u "$user:$password" -X PATCH -H "$header" \
			-H 'Content-Type: application/json' \
			-d '{"SessionTimeout": 1800}' \
			"$url/redfish/v1/SessionService/" && return
	done
}

# Is this a BMC without a SessionService? Basic authentication is left then.
sessionless() { # PROFILE
	grep -q '^session:.*service: false' "sim/bmc/profiles/$1.yaml"
}
authtype() { # PROFILE
	if sessionless "$1"; then
		echo Basic
	else
		echo Session
	fi
}

schemas=$work/csdl
# In our own process group: who ends us ends the validator too.
validate() { # VALIDATOR DIR PROFILE
	local bin=$work/venv/bin bounded="timeout --foreground 900 nice"
	grep -q 'identity406: true' "sim/bmc/profiles/$3.yaml" &&
		export ACCEPT_ENCODING=gzip
	# shellcheck disable=SC2086 # a list of words
	case $1 in
	service) $bounded "$bin/python3" "$here/model.py" service -r "$url" \
		-u "$user" -p "$password" --authtype "$(authtype "$3")" \
		--schema_directory "$schemas" --skipschema --logdir "$2/report" ;;
	protocol) $bounded "$bin/python3" "$here/protocol.py" -r "$url" -u "$user" \
		-p "$password" --ca-bundle "$2/ca.pem" --avoid-http-redirect \
		--report-dir "$2/report" --report-type tsv ;;
	usecase) $bounded "$bin/rf_use_case_checkers" -r "$url" -u "$user" \
		-p "$password" --report-dir "$2/report" ;;
	interop) $bounded "$bin/python3" "$here/model.py" interop -r "$url" \
		-u "$user" -p "$password" --authtype "$(authtype "$3")" \
		--logdir "$2/report" "$work/profile.json" ;;
	esac
}

deviations_of() { # PROFILE: the files there are
	local f
	for f in "$here/deviations/all.txt" "$here/deviations/$1.txt"; do
		[ -e "$f" ] && printf '%s\n' "$f"
	done
}

one_case() { # PROFILE/VALIDATOR
	local profile=${1%/*} validator=${1#*/} dir=$work/$1 files
	rm -rf "$dir"
	mkdir -p "$dir"
	mapfile -t files < <(deviations_of "$profile")
	if sim_start "$profile" "$dir" --port 0 --no-control; then
		sessionless "$profile" || long_sessions "$dir" 2>"$dir/curl.log"
		# its status says no more than its report
		validate "$validator" "$dir" "$profile" >"$dir/out" 2>&1
		"$work/venv/bin/python3" "$here/results.py" "$validator" \
			"$profile" "$dir/report" "${files[@]}" >"$dir/lines" 2>&1 ||
			grep -q '^not ok' "$dir/lines" ||
			printf 'not ok %s: results.py failed\n' "$1" >>"$dir/lines"
		kill -0 "$sim_pid" 2>/dev/null ||
			printf 'not ok %s: the simulator died\n' "$1" >>"$dir/lines"
	else
		{
			printf 'not ok %s: the simulator did not start\n' "$1"
			tail -n 3 "$dir/sim.log" | sed 's/^/    /'
		} >"$dir/lines"
	fi
	sim_stop
}

if [ -n "$case_of" ]; then
	one_case "$case_of"
	exit 0
fi

# ---- what all pairs need ----------------------------------------------------

has_module() {
	[ -x "$work/venv/bin/python3" ] &&
		"$work/venv/bin/python3" -c "import $1" >/dev/null 2>&1
}

fetch_schemas='
import sys
from redfish_service_validator import schema_pack
schema_pack.update_dsp8010_files(sys.argv[1], None)'

# The folder of the CSDL files, for --schema_directory; "fetch" fills it as the
# Service-Validator would, but once for all.
make_schemas() {
	local root
	mkdir -p "$work/csdl"
	if [ "${csdl:-fetch}" = fetch ]; then
		"$work/venv/bin/python3" -c "$fetch_schemas" "$work/csdl" \
			>"$work/csdl.log" 2>&1
		[ -e "$work/csdl/ServiceRoot_v1.xml" ]
		return
	fi
	if [ -d "$csdl" ]; then
		root=$csdl
	else
		rm -rf "$work/csdl.tar"
		mkdir -p "$work/csdl.tar"
		tar -C "$work/csdl.tar" -xf "$csdl" || return 1
		root=$work/csdl.tar
	fi
	root=$(find "$root" -name ServiceRoot_v1.xml -print -quit)
	[ -n "$root" ] || return 1
	cp "$(dirname "$root")"/*.xml "$work/csdl/"
}

make_profile() {
	rm -f "$work/profile.json"
	if [ -n "$interop" ]; then
		cp "$interop" "$work/profile.json"
	else
		curl -fsSL --max-time 60 -o "$work/profile.json" "$ironic_url" \
			2>"$work/profile.log"
	fi
}

# Why a validator cannot run here; nothing if it can.
hindrance() { # VALIDATOR
	case $1 in
	service) has_module redfish_service_validator ||
		{ echo "no package redfish_service_validator"; return; }
		[ -z "$no_schemas" ] || echo "$no_schemas" ;;
	protocol) has_module redfish_protocol_validator ||
		echo "no package redfish_protocol_validator" ;;
	usecase) has_module redfish_use_case_checkers ||
		echo "no package redfish_use_case_checkers" ;;
	interop) has_module redfish_interop_validator ||
		{ echo "no package redfish_interop_validator"; return; }
		[ -z "$no_profile" ] || echo "$no_profile" ;;
	*) die "no validator \"$1\"" ;;
	esac
}

[ -x "$sim" ] || die "no beskar7-sim at $sim (see --sim)"
mkdir -p "$work" || die "cannot make $work"
sim=$(readlink -f "$sim") work=$(readlink -f "$work")
schemas=$work/csdl
if [ "$profiles" = all ]; then
	profiles=$(all_profiles)
fi

make_venv "$here/requirements.txt" ||
	printf '# no virtual environment: %s\n' "$(tail -n 1 "$work/venv.log")"
no_schemas='' no_profile=''
make_schemas || no_schemas="no CSDL schemas (--csdl ${csdl:-fetch})"
make_profile || no_profile="no interoperability profile (--interop ${interop:-fetch})"

# ---- the pairs --------------------------------------------------------------

for p in ${profiles//,/ }; do
	[ -e "sim/bmc/profiles/$p.yaml" ] || die "no profile \"$p\""
done
: >"$work/cases"
for v in ${only//,/ }; do
	why=$(hindrance "$v") || exit 2
	for p in ${profiles//,/ }; do
		if [ -n "$why" ]; then
			printf 'skip %s/%s: %s\n' "$p" "$v" "$why"
		else
			printf '%s/%s\n' "$p" "$v" >>"$work/cases"
		fi
	done
done
xargs -r -P "$jobs" -n 1 "$self" --sim "$sim" --work "$work" --case <"$work/cases"
tell_cases
