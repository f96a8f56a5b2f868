#!/bin/bash
# sourced by the run.sh of each folder: simulated BMCs, virtual environments.
# The caller sets sim (path of beskar7-sim), work (a folder), user, password.

# python-requests would take these for every connection, also where a program
# says which certificate it trusts
unset REQUESTS_CA_BUNDLE CURL_CA_BUNDLE

die() { printf 'run.sh: %s\n' "$*" >&2; exit 2; }

first_there() { # FILE...: the first that is there
	local f
	for f; do
		[ -e "$f" ] && readlink -f "$f" && return
	done
}

all_profiles() {
	(cd sim/bmc/profiles && ls ./*.yaml) | sed 's|^./||; s|.yaml$||' |
		paste -sd ,
}

sim_pid=
sim_stop() {
	[ -n "$sim_pid" ] && kill "$sim_pid" 2>/dev/null && wait "$sim_pid"
	sim_pid=
}

# What a program tells when it is ready: "ready URL ...". Empty if it ended.
ready_line() { # FILE PID
	local i line
	for ((i = 0; i < 100; i++)); do
		line=$(sed -n 's/^ready //p' "$1")
		[ -n "$line" ] && printf '%s\n' "$line" && return 0
		kill -0 "$2" 2>/dev/null || return 1
		sleep 0.1
	done
	return 1
}

# One BMC whose machine has an operating system, twenty times as fast as life.
sim_start() { # PROFILE DIR OPTION...: sets url, and ready to all that it told
	local profile=$1 dir=$2
	shift 2
	: >"$dir/sim.ready"
	"$sim" bmc --profiles-dir sim/bmc/profiles --profiles "$profile" \
		--on bmc-000 --speed 20 --username "$user" \
		--password "$password" --ca-out "$dir/ca.pem" "$@" \
		>"$dir/sim.ready" 2>"$dir/sim.log" &
	sim_pid=$!
	trap sim_stop EXIT
	ready=$(ready_line "$dir/sim.ready" "$sim_pid") || return 1
	url=${ready%% *}
}

# Each package by itself: one that is not to be had skips its programs only.
# Made again when the list changes, or was not to be had as a whole.
make_venv() { # REQUIREMENTS
	local line stamp=$work/venv/made-of whole=yes
	cmp -s "$1" "$stamp" && return 0
	rm -rf "$work/venv"
	python3 -m venv "$work/venv" >"$work/venv.log" 2>&1 || return 1
	while read -r line; do
		"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
			"$line" >>"$work/venv.log" 2>&1 </dev/null || whole=no
	done < <(grep -v '^#' "$1")
	[ "$whole" = no ] || cp "$1" "$stamp"
}

# The lines of all cases in $work/cases, in their order, and whether all is ok.
tell_cases() {
	local c
	sort "$work/cases" | while read -r c; do
		cat "$work/$c/lines" 2>/dev/null ||
			printf 'not ok %s: no result\n' "$c"
	done >"$work/lines"
	cat "$work/lines"
	! grep -q '^not ok' "$work/lines"
}
