#!/bin/bash
# What deploy/ ships, applied with the stock kubectl to `beskar7-sim kube`: each
# object is held to a schema (unknown fields are refused), then to the others
# (deploy_check.py). The stand-in runs no Deployments: the kinds that it lacks are
# CRDs of tests/fixtures/kinds, those of groups without a dot under another one.
#
# Then all of it once more to a real API server, where its programs are (see
# tests/conformance/kube), which knows those kinds itself.
#
# usage: deploy.sh PATH-OF-beskar7-sim PATH-OF-beskar7-agent
# Without kubectl it says SKIPPED and ends with 77.
set -u

sim=${1:?usage: deploy.sh PATH-OF-beskar7-sim PATH-OF-beskar7-agent}
agent=${2:?usage: deploy.sh PATH-OF-beskar7-sim PATH-OF-beskar7-agent}
if ! command -v kubectl >/dev/null; then
	echo "SKIPPED: there is no kubectl on this machine"
	exit 77
fi
cd "$(dirname "$(readlink -f "$0")")/../.." || exit 2

. tests/integration/deploy_rig.sh

# kustomized NAME FOLDER: built, applied, read back, looked at.
kustomized() {
	local name=$1 folder=$2
	if ! k kustomize "$folder" >"$dir/built.yaml" 2>"$dir/err"; then
		bad "$name: kustomize" "$(cat "$dir/err")"
		return
	fi
	applied "$name" "$dir/built.yaml"
}
applied() { # NAME FILE
	local name=$1
	other_groups <"$2" >"$dir/sent.yaml"
	check "$name: applies" k apply --server-side --validate=strict -f "$dir/sent.yaml"
	check "$name: applies again with no conflict" \
		k apply --server-side --validate=strict -f "$dir/sent.yaml"
	if ! k get --ignore-not-found -f "$dir/sent.yaml" -o json >"$dir/got.json" 2>"$dir/err"
	then
		bad "$name: can be read back" "$(cat "$dir/err")"
		return
	fi
	check "$name: its objects fit together" \
		fits "$name"
}

start
kustomized base deploy/kustomize
start
overlay monitoring network-policy media-server
kustomized components "$dir/overlay"

# ---- clusterctl: what release.sh makes, with the variables filled in

# Only ${NAME} and ${NAME:=default} are used; a variable without value fails.
filled() { # FILE NAME=VALUE...
	python3 - "$@" <<'END'
import re
import sys

given = dict(a.split('=', 1) for a in sys.argv[2:])


def value(m):
    name, default = m.group(1), m.group(2)
    if name not in given and default is None:
        sys.exit('no value for %s' % name)
    return given.get(name, default)


with open(sys.argv[1], encoding='utf-8') as f:
    text = f.read()
text = re.sub(r'\$\{([A-Z0-9_]+)(?::=([^{}]*))?\}', value, text)
if '${' in text or '$$' in text:
    sys.exit('a variable of another form')
sys.stdout.write(text)
END
}

release=$dir/release/infrastructure-beskar7/v0.1.0
check "clusterctl: release.sh makes a release" deploy/clusterctl/release.sh \
	--image registry.example.org/beskar7-agent:v0.1.0 --version v0.1.0 --out "$dir/release"
check "clusterctl: the release has all files" test -s "$release/metadata.yaml" \
	-a -s "$release/infrastructure-components.yaml" \
	-a -s "$release/cluster-template.yaml" \
	-a -s "$release/cluster-template-topology.yaml" \
	-a -s "$release/clusterclass-beskar7.yaml"
check "clusterctl: the components name the image" \
	grep -q 'image: registry.example.org/beskar7-agent:v0.1.0$' \
	"$release/infrastructure-components.yaml"
for wrong in --image=x "--image untagged" "--image a:1 --version v9.9.9"; do
	# shellcheck disable=SC2086
	check "clusterctl: release.sh refuses $wrong" bash -c \
		'! "$@"' - deploy/clusterctl/release.sh $wrong --out "$dir/none"
done
start
filled "$release/infrastructure-components.yaml" >"$dir/components.yaml"
applied clusterctl "$dir/components.yaml"

start --crds crds --crds sim/core/crds
# The class of a cluster stands in its namespace.
for t in cluster-template cluster-template-topology clusterclass-beskar7; do
	if filled "$release/$t.yaml" CLUSTER_NAME=c1 NAMESPACE=default \
		KUBERNETES_VERSION=v1.34.0 BESKAR7_ENDPOINT_HOST=10.0.0.9 \
		BESKAR7_CONTROL_PLANE_IMAGE_URL=https://images.example.org/a.iso \
		BESKAR7_WORKER_IMAGE_URL=https://images.example.org/b.iso \
		>"$dir/$t.yaml" 2>"$dir/err"; then ok; else bad "$t: variables" "$(cat "$dir/err")"; fi
	check "$t: applies" k apply --server-side --validate=strict -f "$dir/$t.yaml"
done
out=$(filled "$release/cluster-template.yaml" CLUSTER_NAME=c1 NAMESPACE=n \
	KUBERNETES_VERSION=v1.34.0 2>&1)
if [ "$out" = "no value for BESKAR7_ENDPOINT_HOST" ]; then
	ok
else
	bad "a cluster without an endpoint is not made" "$out"
fi
for e in deploy/examples/*.yaml deploy/examples/userdata/*.yaml; do
	check "$e: applies" k apply --server-side --validate=strict -f "$e"
done

# ---- kind: the demo's cluster, hosts and machines
start --crds sim/core/crds
kustomized kind deploy/kind
for f in hosts machines; do
	check "kind: $f.yaml applies" k apply --server-side --validate=strict \
		-f deploy/kind/$f.yaml
done
# A host's address is a Service, whose port is one that its simulator listens on.
out=$(k get physicalhosts -o jsonpath='{range .items[*]}{.spec.redfishConnection.address}{"\n"}{end}' |
	sed -n 's#^https://\(bmc-[0-9]*\)\.beskar7-sim\.svc\.cluster\.local$#\1#p' |
	while read -r name; do
		k -n beskar7-sim get services.core.example.org "$name" \
			-o jsonpath='{.spec.ports[0].targetPort}{"\n"}'
	done | sort -u | grep -c .)
count=$(sed -n 's/^ *- --count=//p' deploy/kind/bmcs.yaml)
check "kind: each simulated BMC has an address and a host" \
	test "$out" = "$count"

# ---- the checks see what is wrong
k kustomize deploy/kustomize >"$dir/base.yaml" 2>/dev/null
refused() { # NAME SED-SCRIPT: the base, so changed, must not pass
	local name=$1 out
	sed -E "$2" "$dir/base.yaml" >"$dir/wrong.yaml"
	if cmp -s "$dir/base.yaml" "$dir/wrong.yaml"; then
		bad "$name" "the script changes nothing"
		return
	fi
	start
	other_groups <"$dir/wrong.yaml" >"$dir/sent.yaml"
	if out=$(k apply --server-side --validate=strict -f "$dir/sent.yaml" 2>&1 </dev/null) &&
		k get --ignore-not-found -f "$dir/sent.yaml" -o json >"$dir/got.json" 2>/dev/null &&
		out=$(fits base 2>&1)
	then
		bad "$name: should be refused" "$out"
	else
		ok
	fi
}
refused "a misspelt field" 's/readOnlyRootFilesystem:/readOnlyRootFs:/'
refused "a container that may gain privileges" 's/(allowPrivilegeEscalation): false/\1: true/'
refused "a selector that selects nothing" '/matchLabels:/,+1s/control-plane: .*/control-plane: other/'
refused "a role that nobody has" '/^roleRef:/,/^subjects:/s/name: .*/name: other/'
refused "an option that the agent lacks" 's/--leader-elect/--leader-election/'
refused "two agents without a lease" '/--leader-elect/d'
refused "a probe of no port" 's/port: diagnostics/port: metrics/'

# ---- a real API server: unknown fields, wrong types and rules are its matter
stop
. tests/conformance/kube/server.sh
# The operator's kinds are CRDs there, too; the templates' are the test's.
on_real() {
	local f
	real_kubeconfig
	for f in sim/core/crds tests/fixtures/kinds/monitoring.yaml tests/fixtures/kinds/capi.yaml; do
		check "real: $f" k apply --server-side -f "$f"
	done
	check "real: CRDs are served" k wait --for=condition=Established --timeout=60s crd --all
	for f in deploy/kustomize "$dir/overlay" deploy/kind; do
		check "real: $f" k apply --server-side --validate=strict -k "$f"
	done
	check "real: CRDs of ours are served" k wait --for=condition=Established --timeout=60s crd --all
	for f in "$dir/components.yaml" "$dir"/cluster*.yaml deploy/examples \
		deploy/examples/userdata deploy/kind/hosts.yaml deploy/kind/machines.yaml
	do
		check "real: $f" k apply --server-side --validate=strict -f "$f"
	done
	check "real: plain kubectl apply -k" k apply -k deploy/kustomize
	immutable
}
# What deploy/policy is for. The policy takes a moment to be in force.
immutable() {
	local i out t='beskar7machinetemplate metal-control-plane' to="-p {\"spec\":{\"template\":{\"spec\":{\"bootMode\":\"Legacy\"}}}}"
	for ((i = 0; i < 100; i++)); do
		# shellcheck disable=SC2086
		out=$(k patch $t --type=merge --dry-run=server $to 2>&1) || break
		sleep 0.2
	done
	if grep -q 'spec.template.spec is immutable' <<<"$out"; then
		ok
	else
		bad "real: a template in use is not changed" "$out"
	fi
	# shellcheck disable=SC2086
	check "real: a topology's dry run may change it" k patch $t --type=merge --dry-run=server \
		-p '{"metadata":{"annotations":{"topology.cluster.x-k8s.io/dry-run":""}},"spec":{"template":{"spec":{"bootMode":"Legacy"}}}}'
}
if assets=$(real_assets) && [ -n "$assets" ]; then
	overlay monitoring network-policy shards
	if real_start; then
		echo "a real API server: $version"
		on_real
	else
		bad "the real API server starts" "$(tail -n 5 "$dir/apiserver.log")"
	fi
else
	echo "SKIPPED: a real API server: no kube-apiserver and etcd (\$KUBEBUILDER_ASSETS, PATH)"
	skipped=1
fi

echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
