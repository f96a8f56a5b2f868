#!/bin/bash
# What an agent leaves in its memory: bootstrap data of each format, the network's and
# a BMC's password have to be found there while they are needed, so that the search is
# known to work, and nowhere afterwards. Of a build with AddressSanitizer, which keeps
# what was freed, every block that is freed unwiped is found; of others, those that
# nobody used again.
#
# usage: wiped.sh PATH-OF-beskar7-sim PATH-OF-beskar7-agent
set -u

sim=${1:?usage: wiped.sh PATH-OF-beskar7-sim PATH-OF-beskar7-agent}
agent=${2:?usage: wiped.sh PATH-OF-beskar7-sim PATH-OF-beskar7-agent}
root=$(cd "$(dirname "$0")/../.." && pwd)
for tool in kubectl python3; do
	command -v $tool >/dev/null 2>&1 || { echo "SKIPPED: no $tool"; exit 77; }
done
# shellcheck source=tests/integration/media_rig.sh
. "$root/tests/integration/media_rig.sh"
finish() {
	[ ${#pids[@]} -gt 0 ] && kill "${pids[@]}" 2>/dev/null
	wait 2>/dev/null
	[ -z "${BESKAR7_KEEP:-}" ] || cp "$dir"/* "$BESKAR7_KEEP"
	rm -rf "$dir"
}
trap finish EXIT
k() { kubectl --kubeconfig "$dir/admin" --request-timeout 20s -n default "$@"; }
bmc=$(free_port) origin=$(free_port) media=$(free_port)
# One mark for each thing, another one in each run. All begin alike: see the search.
stem=b7$(od -An -N8 -tx1 /dev/urandom | tr -d ' \n')
formats="cloud auto ignition combustion talos kairos"
mark_of() { printf '%s%s' "$stem" "$1"; }
password=$(mark_of password) network=$(mark_of network)
# Many lines with it, so that a part of a buffer has one, too.
lines() { # FORMAT LINES INDENTATION
	awk -v m="$(mark_of "$1")" -v n="$2" -v in_="$3" 'BEGIN {
		for (i = 0; i < n; i++)
			printf "%*s# %s of line %d\n", in_, "", m, i
	}'
}
listed() { awk -v m="$(mark_of "$1")" 'BEGIN { for (i = 0; i < 60; i++) printf "- echo %s-%d\n", m, i }'; }
data_of() { # FORMAT
	case $1 in
	cloud)
		printf '#cloud-config\nwrite_files:\n- path: /run/m\n  content: |\n'
		lines cloud 2000 4 ;;
	auto)
		printf '## template: jinja\n#cloud-config\nwrite_files:\n- path: /run/m\n  content: |\n    {{ ds.meta_data.provider_id }}\n'
		lines auto 100 4
		printf 'runcmd:\n'
		listed auto ;;
	ignition)
		printf '{"ignition": {"version": "3.4.0"}, "storage": {"files": ['
		printf '{"path": "/m", "contents": {"source": "data:;base64,%s"}}, ' "$(lines ignition 60 0 | base64 -w 0)"
		printf '{"path": "/n", "contents": {"source": "data:,%s-{{ ds.meta_data.provider_id }}"}}]}}\n' "$(mark_of ignition)" ;;
	combustion)
		printf '#!/bin/bash\n# combustion: network\n'
		lines combustion 100 0
		printf ': {{ ds.meta_data.provider_id }}\n' ;;
	talos)
		printf 'version: v1alpha1\nmachine:\n  type: worker\n  token: abcdef.0123456789abcdef\n'
		lines talos 100 2
		printf '  kubelet: {extraArgs: {provider-id: "{{ ds.meta_data.provider_id }}"}}\n'
		printf 'cluster: {controlPlane: {endpoint: "https://10.1.2.3:6443"}}\n' ;;
	kairos)
		printf '#cloud-config\nk3s-agent:\n  enabled: true\n  args:\n  - --token=%s\n' "$(mark_of kairos)"
		lines kairos 100 2 ;;
	esac
}
family_of() { # FORMAT: our name, the Secret's, kind, image
	case $1 in
	cloud) echo CloudInit cloud-config Live 'live.iso?family=cloud-init' ;;
	auto) echo Autoinstall cloud-config Installer 'installer.iso?family=ubuntu' ;;
	ignition) echo Ignition ignition Live 'live.iso?family=coreos' ;;
	combustion) echo Combustion combustion Live 'live.iso?family=microos' ;;
	talos) echo Talos talos Live 'live.iso?family=talos' ;;
	kairos) echo Kairos cloud-config Live 'live.iso?family=kairos' ;;
	esac
}
secret() { # NAME KEY=FILE...
	kubectl create secret generic -n default "$1" --dry-run=client -o yaml "${@:2}"
	echo ---
}
printf 'version: 2\nethernets: {all: {match: {name: "%s*"}, dhcp4: true}}\n' "$network" >"$dir/network"
secret network --from-file=value="$dir/network" >"$dir/objects.yaml"
secret login --from-literal=username=root --from-literal=password="$password" >>"$dir/objects.yaml"
cat >"$dir/machines.yaml" <<END
apiVersion: infrastructure.cluster.x-k8s.io/v1beta2
kind: Beskar7Cluster
metadata: {name: c1, namespace: default}
spec: {controlPlaneEndpoint: {host: 10.1.2.3, port: 6443}}
---
apiVersion: cluster.x-k8s.io/v1beta2
kind: Cluster
metadata: {name: c1, namespace: default}
spec:
  infrastructureRef: {apiGroup: infrastructure.cluster.x-k8s.io, kind: Beskar7Cluster, name: c1}
END
at=0
for f in $formats; do
	at=$((at + 1))
	data_of "$f" >"$dir/$f"
	read -r format says kind image <<<"$(family_of "$f")"
	secret "data-$f" --from-file=value="$dir/$f" --from-literal=format="$says" >>"$dir/objects.yaml"
	cat >>"$dir/objects.yaml" <<END
apiVersion: infrastructure.cluster.x-k8s.io/v1beta2
kind: PhysicalHost
metadata: {name: h$at, namespace: default, labels: {for: $f}}
spec:
  redfishConnection:
    address: https://127.77.0.$at:$bmc
    credentialsSecretRef: {name: login}
    insecureSkipVerify: true
$([ "$f" != cloud ] || printf '  networkDataSecretRef: {name: network}\n')
---
END
	cat >>"$dir/machines.yaml" <<END
---
apiVersion: infrastructure.cluster.x-k8s.io/v1beta2
kind: Beskar7Machine
metadata:
  name: m-$f
  namespace: default
  labels: {cluster.x-k8s.io/cluster-name: c1, cluster.x-k8s.io/control-plane: ""}
spec:
  image: {url: "http://127.0.0.1:$origin/$image", kind: $kind}
  userData: {format: $format}
  hostSelector: {matchLabels: {for: $f}}
---
apiVersion: cluster.x-k8s.io/v1beta2
kind: Machine
metadata:
  name: m-$f
  namespace: default
  labels: {cluster.x-k8s.io/cluster-name: c1, cluster.x-k8s.io/control-plane: ""}
spec:
  clusterName: c1
  bootstrap: {dataSecretName: data-$f}
  infrastructureRef: {apiGroup: infrastructure.cluster.x-k8s.io, kind: Beskar7Machine, name: m-$f}
END
done

"$sim" origin --port "$origin" >"$dir/origin" 2>&1 &
pids+=($!)
"$sim" bmc --addr 127.77.0.1 --prefix 24 --port "$bmc" --count $at --profiles idrac9 --no-control --speed 4 \
	--password "$password" --profiles-dir "$root/sim/bmc/profiles" >"$dir/bmc" 2>&1 &
pids+=($!)
"$sim" kube --port 0 --crds "$root/sim/core/crds" --crds "$root/crds" --kubeconfig-out "$dir/admin" \
	--agent-kubeconfig-out "$dir/agent" "$dir/objects.yaml" >"$dir/kube" 2>&1 &
pids+=($!)
if ! wait_for 30 test -s "$dir/agent"; then
	cat "$dir/kube"
	exit 1
fi
"$sim" core --kubeconfig "$dir/admin" >"$dir/core" 2>&1 &
pids+=($!)
"$agent" --kubeconfig "$dir/agent" --diagnostics-address "" --explain-socket= --busy-interval 1s \
	--media-listen "127.0.0.1:$media" --media-url "http://127.0.0.1:$media" >"$dir/log" 2>&1 &
apid=$!
pids+=("$apid")

texts=("password=$password" "network=$network")
for f in $formats; do
	texts+=("$f=$(mark_of "$f")")
done
"$root/tests/integration/wiped_scan.py" "$apid" "${texts[@]}" >"$dir/found"
if [ $? = 77 ]; then
	cat "$dir/found"
	exit 77
fi
scan() {
	"$root/tests/integration/wiped_scan.py" "$apid" "${texts[@]}" --show 3 >"$dir/found" &&
		cat "$dir/found" >>"$dir/ever"
}
has() { # FILE COUNT NAME...
	local what
	for what in "${@:3}"; do
		grep -q "^$what $2\$" "$1" || { cat "$dir/found"; return 1; }
	done
}
# Some go while others come: what was there once counts.
found() { scan && has "$dir/ever" '[1-9][0-9]*' "$@"; } # NAME...
gone() { scan && has "$dir/found" 0 "$@"; }             # NAME...
states() { k get physicalhosts -o jsonpath='{range .items[*]}{.status.state}{"\n"}{end}'; }
all_are() { [ "$(states | grep -c "^$1\$")" = "$at" ]; }
check_soon() { # NAME SECONDS COMMAND...
	wait_for "${@:2}"
	check "$1" "${@:3}"
}
check_soon "hosts become Available" 90 all_are Available
check "the password is there" found password
check "no data is there yet" gone network $formats
check "machines are applied" k apply -f "$dir/machines.yaml"
check_soon "their data are there" 60 found network $formats
check_soon "they are up" 120 all_are Provisioned
check "machines go" k delete machines --all --wait=false
check_soon "nothing of their data is left" 60 gone network $formats
check "hosts go" k delete physicalhosts --all --wait=false
hosts_gone() { [ -z "$(k get physicalhosts -o name)" ]; }
check_soon "hosts are gone" 90 hosts_gone
check_soon "nothing of the password is left" 30 gone password
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" = 0 ]
