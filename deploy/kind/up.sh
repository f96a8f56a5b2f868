#!/bin/sh
# A management cluster on this machine, with simulated servers.
set -eu

usage() {
	cat <<'USAGE'
usage: deploy/kind/up.sh [--delete]

Makes a kind cluster `beskar7` with Cluster API's core, the agent, six simulated
servers (one PhysicalHost each), a server of boot images, and what plays the
workload clusters. Needs docker, kind, kubectl and clusterctl, which downloads
Cluster API. Can be run again.

  --delete  deletes the kind cluster
  --help    this text
USAGE
}

die() { printf 'up.sh: %s\n' "$*" >&2; exit 1; }
say() { printf '== %s\n' "$*"; }

delete=no
for arg; do
	case $arg in
	--delete) delete=yes ;;
	-h | --help) usage; exit 0 ;;
	*) usage >&2; die "unknown argument: $arg" ;;
	esac
done
for p in docker kind kubectl clusterctl; do
	[ "$delete$p" != yesclusterctl ] || continue
	command -v "$p" >/dev/null 2>&1 || die "no $p on this machine"
done
docker info >/dev/null 2>&1 || die "docker does not answer"
if [ "$delete" = yes ]; then
	exec kind delete cluster --name beskar7
fi

here=$(dirname "$(readlink -f "$0")")
repo=$(dirname "$(dirname "$here")")
k() { kubectl --context kind-beskar7 "$@"; }

say "images"
BUILDER=docker "$repo/deploy/image.sh" beskar7-agent:dev
BUILDER=docker "$repo/deploy/image.sh" --sim beskar7-sim:dev
say "cluster"
kind get clusters | grep -qx beskar7 ||
	kind create cluster --config "$here/kind.yaml" --wait 120s
kind load docker-image --name beskar7 beskar7-agent:dev beskar7-sim:dev
say "Cluster API"
k get deployment -n capi-system capi-controller-manager >/dev/null 2>&1 ||
	clusterctl init --kubeconfig-context kind-beskar7 --bootstrap - \
		--control-plane - --wait-providers
say "Beskar7 and its servers"
k apply --server-side -k "$here"
k -n beskar7-system rollout status deployment/beskar7-controller-manager --timeout 120s
k -n beskar7-sim rollout status deployment/bmcs --timeout 120s
k -n beskar7-sim rollout status deployment/images --timeout 120s
k -n beskar7-sim rollout status deployment/workload --timeout 120s
k apply -f "$here/hosts.yaml"
k wait --for=jsonpath='{.status.state}'=Available physicalhost --all --timeout 120s
k get physicalhosts
