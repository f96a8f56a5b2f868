#!/bin/bash
# The Helm chart against deploy/kustomize: for the defaults and for each option,
# both must give the same objects (helm_check.py), as an API stand-in reads them
# with its schemas. Then a release's life on a real API server, where its programs
# are (tests/conformance/kube): installed, upgraded, uninstalled, installed again.
#
# usage: helm.sh PATH-OF-beskar7-sim PATH-OF-beskar7-agent
# Without helm it looks at what package.sh makes, says SKIPPED and ends with 77.
set -u

sim=${1:?usage: helm.sh PATH-OF-beskar7-sim PATH-OF-beskar7-agent}
agent=${2:?usage: helm.sh PATH-OF-beskar7-sim PATH-OF-beskar7-agent}
cd "$(dirname "$(readlink -f "$0")")/../.." || exit 2
. tests/integration/deploy_rig.sh
package=deploy/helm/package.sh
chart=$dir/chart/beskar7

# ---- the chart, by package.sh

check "package.sh makes a chart" "$package" --out "$dir/chart"
copied() { # CRDs, policies and manifests are the checkout's, byte for byte
	local f count=0
	while read -r f; do
		cmp "$f" "$chart/files/$f" || return 1
		count=$((count + 1))
	done < <(cd "$chart/files" && find . -type f -printf '%P\n')
	[ "$count" -gt 10 ] || { echo "$count files"; return 1; }
	diff <(cd crds && ls ./*.yaml) <(cd "$chart/files/crds" && ls ./*.yaml)
}
check "its manifests are those of the checkout" copied
numbered() {
	local v
	v=$(sed -n 's/^project(beskar7 VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)
	[ "$(grep -c "ersion: \"$v\"\$" "$chart/Chart.yaml")" = 2 ] &&
		tar -xzOf "$dir/chart/beskar7-$v.tgz" beskar7/Chart.yaml | cmp - "$chart/Chart.yaml"
}
check "its version is the checkout's, packed too" numbered
named() { # IMAGE REPOSITORY TAG DIGEST
	"$package" --out "$dir/named" --image "$1" >/dev/null &&
		grep -Fqx "  repository: \"$2\"" "$dir/named/beskar7/values.yaml" &&
		grep -Fqx "  tag: \"$3\"" "$dir/named/beskar7/values.yaml" &&
		grep -Fqx "  digest: \"$4\"" "$dir/named/beskar7/values.yaml"
}
sum=sha256:$(printf x | sha256sum | cut -d' ' -f1)
check "an image by tag" named registry.example.org:5000/a/agent:v1 \
	registry.example.org:5000/a/agent v1 ""
check "an image by digest" named "registry.example.org/agent@$sum" \
	registry.example.org/agent "" "$sum"
for wrong in --image=x "--image untagged" "--image registry.example.org:5000/agent" "--version v1"; do
	# shellcheck disable=SC2086
	check "package.sh refuses $wrong" bash -c \
		'! "$@"' - "$package" $wrong --out "$dir/none"
done

for program in helm kubectl; do
	command -v $program >/dev/null && continue
	echo "SKIPPED: the chart's objects: there is no $program on this machine"
	echo "$passed passed, $failed failed"
	[ "$failed" = 0 ] && exit 77
	exit 1
done

# ---- what it renders

# Some builds of helm take Kubernetes to be old unless told.
rendered() { # HELM-OPTION...
	helm template beskar7 "$chart" --namespace beskar7-system \
		--kube-version 1.30.0 "$@"
}
# read_as TO FILE: what the stand-in makes of it; unknown fields are refused.
read_as() {
	other_groups <"$2" >"$dir/sent.yaml"
	k apply --server-side --dry-run=server --validate=strict \
		-f "$dir/sent.yaml" -o json >"$1"
}
# same NAME FOLDER HELM-OPTION...: as what kustomize builds of the folder
same() {
	local name=$1 folder=$2 out
	shift 2
	if ! out=$(k kustomize "$folder" 2>&1 >"$dir/built.yaml" &&
		read_as "$dir/want.json" "$dir/built.yaml" 2>&1); then
		bad "$name: kustomize" "$out"
		return
	fi
	# The namespace is `helm install --create-namespace`'s.
	cp deploy/kustomize/namespace.yaml "$dir/chart.yaml"
	if ! out=$(rendered "$@" 2>&1 >>"$dir/chart.yaml" &&
		read_as "$dir/got.json" "$dir/chart.yaml" 2>&1); then
		bad "$name: helm" "$out"
		return
	fi
	check "$name" python3 tests/integration/helm_check.py "$dir/want.json" "$dir/got.json"
}
check "helm lint" helm lint --strict "$chart"
check "the source alone says what to run" bash -c \
	'! out=$("$@" 2>&1) && grep -q "deploy/helm/package.sh makes the chart" <<<"$out"' - \
	helm template x deploy/helm/beskar7 --kube-version 1.30.0

start
k apply --server-side -f deploy/kustomize/namespace.yaml >/dev/null
k create namespace metal >/dev/null
media=media.enabled=true,media.url=http://media.example.org:8090

overlay
same "defaults" "$dir/overlay"
check "defaults: the objects fit together" fits base
overlay media-server
same "the media server" "$dir/overlay" --set $media
overlay monitoring
same "monitoring" "$dir/overlay" --set monitoring.enabled=true
overlay network-policy
same "a network policy" "$dir/overlay" --set networkPolicy.enabled=true
overlay shards
same "shards" "$dir/overlay" --set shards=12,replicas=3
overlay monitoring network-policy media-server
same "components together" "$dir/overlay" --set monitoring.enabled=true,networkPolicy.enabled=true,$media
check "components together: they fit" fits components

# What kustomize has no component for: folders with patches and with values.
for f in tests/fixtures/helm/*/; do
	same "$f" "$f" -f "${f}values.yaml"
done
same certificates tests/fixtures/helm/certificates -f tests/fixtures/helm/certificates/values.yaml
check "certificates: the objects fit together" fits components

# Names within the cluster carry the namespace, so that two releases have room.
moved() {
	rendered --namespace elsewhere >"$dir/moved.yaml" &&
		! grep -n 'beskar7-system' "$dir/moved.yaml" &&
		[ "$(grep -c 'name: elsewhere-manager$' "$dir/moved.yaml")" = 3 ]
}
check "another namespace" moved

# ---- what it refuses, and that the comparison sees what differs

refused() { # NAME TEXT HELM-OPTION...
	local name=$1 text=$2 out
	shift 2
	if out=$(rendered "$@" 2>&1 >/dev/null); then
		bad "$name: should be refused" "$out"
	elif grep -qF -- "$text" <<<"$out"; then
		ok
	else
		bad "$name: does not say \"$text\"" "$out"
	fi
}
refused "a misspelt value" replica --set replica=3
refused "a media server without a URL" media.url --set media.enabled=true
refused "a URL with a path" url --set media.enabled=true,media.url=http://a/b
refused "an option that a value sets" shards --set options.shards=3
refused "an option by its dashes" qps --set options.--qps=3
refused "no shard" shards --set shards=0
refused "a digest that is none" digest --set image.digest=latest

overlay
k kustomize "$dir/overlay" >"$dir/built.yaml"
read_as "$dir/want.json" "$dir/built.yaml"
differs() { # NAME TEXT FILE SED-SCRIPT: the chart so changed is not the same
	local out
	# Beside it, helm would render it.
	cp "$chart/$3" "$dir/orig"
	sed -i "$4" "$chart/$3"
	cp deploy/kustomize/namespace.yaml "$dir/chart.yaml"
	if ! out=$(rendered 2>&1 >>"$dir/chart.yaml" &&
		read_as "$dir/got.json" "$dir/chart.yaml" 2>&1); then
		bad "$1: renders" "$out"
	elif out=$(python3 tests/integration/helm_check.py "$dir/want.json" "$dir/got.json"); then
		bad "$1: is not seen" "$out"
	elif ! grep -qF -- "$2" <<<"$out"; then
		bad "$1: does not say \"$2\"" "$out"
	else
		ok
	fi
	mv "$dir/orig" "$chart/$3"
}
differs "a CRD that goes with the release" "uninstalling would delete it" \
	templates/crds.yaml '/resource-policy/d'
differs "an object that is not there" "PodDisruptionBudget beskar7-system beskar7-controller-manager: helm lacks it" \
	templates/disruption.yaml '1d'
differs "another default" "spec.replicas: kustomize 2, helm 3" \
	values.yaml 's/^replicas: 2/replicas: 3/'
differs "a list that lost its entry" spec.tolerations \
	values.yaml '/^tolerations:/s/$/ []/; /^- key: node-role/,+1d'

# ---- a release's life on a real API server

stop
. tests/conformance/kube/server.sh
h() { timeout 120 helm --namespace b7 "$@"; }
crd=physicalhosts.infrastructure.cluster.x-k8s.io
with_options() { [ -n "$(k -n b7 get service beskar7-media -o name)" ] && k -n b7 get deployment -o yaml | grep -e --shards=12; }
without_options() { ! k -n b7 get service beskar7-media && ! k -n b7 get deployment -o yaml | grep shards; }
crd_is_new() { [ "$(k get crd $crd -o jsonpath='{.spec.names.shortNames[*]}')" = "ph newer" ]; }
uninstalled() {
	k get crd $crd && k -n default get ph -o name | grep -q . &&
		! k get clusterrole b7-manager && ! k -n b7 get deployment -o name | grep .
}
life() {
	local f
	real_kubeconfig
	for f in sim/core/crds tests/fixtures/kinds/monitoring.yaml; do
		check "real: $f" k apply --server-side -f "$f"
	done
	check "real: the operator's kinds are served" \
		k wait --for=condition=Established --timeout=60s crd --all
	check "real: helm install" h install beskar7 "$dir"/chart/beskar7-*.tgz --create-namespace
	check "real: its CRDs are served" k wait --for=condition=Established --timeout=60s crd/$crd
	check "real: a host" k apply -n default -f deploy/examples/host.yaml
	for f in tests/fixtures/helm/*/values.yaml; do
		check "real: $f by a dry run" h upgrade beskar7 "$chart" --dry-run=server -f "$f"
	done
	sed -i 's/^    shortNames: \[ph\]$/    shortNames: [ph, newer]/' \
		"$chart/files/crds/physicalhosts.yaml"
	check "real: helm upgrade with options" h upgrade beskar7 "$chart" \
		-f tests/fixtures/helm/certificates/values.yaml --set shards=12
	check "real: it upgrades CRDs" crd_is_new
	check "real: the options are there" with_options
	check "real: helm upgrade, back to defaults" h upgrade beskar7 "$chart" \
		--reset-values --set strategy.type=Recreate
	check "real: the options are gone" without_options
	check "real: helm upgrade, CRDs by others" h upgrade beskar7 "$chart" --set crds.install=false
	check "real: they stay" crd_is_new
	check "real: helm upgrade, CRDs again" h upgrade beskar7 "$chart" --reset-values
	check "real: a second release, for a namespace" timeout 120 helm --namespace b7-metal \
		install other "$chart" --create-namespace --set crds.install=false,watchNamespace=default
	check "real: helm uninstall" h uninstall beskar7
	check "real: CRDs and hosts stay, the rest goes" uninstalled
	check "real: the other release stays" k -n b7-metal get deployment beskar7-controller-manager
	check "real: helm install takes up what stayed" h install beskar7 "$chart"
}
if assets=$(real_assets) && [ -n "$assets" ]; then
	if real_start; then
		echo "a real API server: $version"
		life
	else
		bad "the real API server starts" "$(tail -n 5 "$dir/apiserver.log")"
	fi
else
	echo "SKIPPED: a real API server: no kube-apiserver and etcd (\$KUBEBUILDER_ASSETS, PATH)"
	skipped=1
fi

echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
