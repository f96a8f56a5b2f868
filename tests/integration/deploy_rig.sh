#!/bin/bash
# sourced by deploy.sh and helm.sh, which have set sim and agent: an API stand-in
# that knows all kinds of deploy/, and checks that count.

dir=$(mktemp -d)
pid=
passed=0
failed=0
skipped=0
real_stop() { :; }
stop() {
	[ -n "$pid" ] && kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null
	pid=
}
trap 'stop; real_stop; rm -rf "$dir"' EXIT

ok() { passed=$((passed + 1)); }
bad() { # NAME OUTPUT
	failed=$((failed + 1))
	echo "FAILED: $1"
	sed 's/^/    /' <<<"$2"
}
check() { # NAME COMMAND...
	local name=$1 out
	shift
	if out=$("$@" 2>&1 </dev/null); then ok; else bad "$name" "$out"; fi
}
k() { timeout 60 kubectl "$@"; }

start() { # a new stand-in, with the test's kinds and those given
	stop
	: >"$dir/out"
	"$sim" kube --port 0 --crds tests/fixtures/kinds "$@" \
		--kubeconfig-out "$KUBECONFIG" >"$dir/out" 2>"$dir/err" &
	pid=$!
	for _ in $(seq 300); do
		grep -q ^ready "$dir/out" && return 0
		kill -0 "$pid" 2>/dev/null || break
		sleep 0.1
	done
	bad "the stand-in starts" "$(cat "$dir/err")"
	echo "$passed passed, $failed failed"
	exit 1
}

# Groups that no CRD may have.
other_groups() {
	sed -E -e 's#^apiVersion: (apps|policy)/v1$#apiVersion: \1.example.org/v1#' |
		sed -z -E 's#apiVersion: v1\nkind: Service\n#apiVersion: core.example.org/v1\nkind: Service\n#g'
}

fits() { # NAME
	python3 tests/integration/deploy_check.py "$1" "$dir/got.json" \
		"$dir/help.agent" "$dir/help.sim"
}
overlay() { # COMPONENT...: a folder in the checkout's reach, outside of it
	local c
	rm -rf "$dir/overlay"
	mkdir "$dir/overlay"
	{
		echo "resources: [$up/deploy/kustomize]"
		echo "components:"
		for c; do echo "- $up/deploy/kustomize/components/$c"; done
	} >"$dir/overlay/kustomization.yaml"
}

"$agent" --help >"$dir/help.agent"
for c in bmc kube core origin workload; do "$sim" $c --help; done >"$dir/help.sim"
export HOME=$dir KUBECONFIG=$dir/kubeconfig
# kustomize takes no absolute paths.
up=$(realpath --relative-to="$dir/overlay" .)

real_kubeconfig() { # of the server that real_start made
	printf '%s\n' "apiVersion: v1" "kind: Config" "current-context: x" \
		"clusters: [{name: c, cluster: {server: '$url', certificate-authority: '$ca'}}]" \
		"users: [{name: u, user: {token: $token}}]" \
		"contexts: [{name: x, context: {cluster: c, user: u}}]" >"$KUBECONFIG"
}
