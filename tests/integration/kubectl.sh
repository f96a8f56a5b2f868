#!/bin/bash
# The stock kubectl against `beskar7-sim kube`, over TLS: what a person types,
# and what must come out.
#
# usage: kubectl.sh PATH-OF-beskar7-sim
# Without kubectl it says SKIPPED and ends with 77.
set -u

sim=${1:?usage: kubectl.sh PATH-OF-beskar7-sim}
if ! command -v kubectl >/dev/null; then
	echo "SKIPPED: there is no kubectl on this machine"
	exit 77
fi

dir=$(mktemp -d)
pid=
passed=0
failed=0

finish() {
	[ -n "$pid" ] && kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null
	rm -rf "$dir"
}
trap finish EXIT

# check NAME PATTERN COMMAND...: exit status 0 and a line like the pattern.
check() {
	local name=$1 pattern=$2 out status
	shift 2
	out=$("$@" 2>&1 </dev/null)
	status=$?
	if [ $status -eq 0 ] && grep -Eq -- "$pattern" <<<"$out"; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAILED: $name: status $status, want /$pattern/"
		sed 's/^/    /' <<<"$out"
	fi
}

# refuse NAME PATTERN COMMAND...: another exit status and the pattern.
refuse() {
	local name=$1 pattern=$2 out
	shift 2
	if ! out=$("$@" 2>&1 </dev/null) && grep -Eq -- "$pattern" <<<"$out"
	then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAILED: $name: should be refused, want /$pattern/"
		sed 's/^/    /' <<<"$out"
	fi
}

k() {
	timeout 60 kubectl "$@"
}

mkdir "$dir/crds"
cat >"$dir/crds/hosts.yaml" <<'END'
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: hosts.example.org}
spec:
  group: example.org
  scope: Namespaced
  names: {plural: hosts, singular: host, kind: Host, shortNames: [ho]}
  versions:
  - name: v1
    served: true
    storage: true
    subresources: {status: {}}
    additionalPrinterColumns:
    - {name: Size, type: integer, jsonPath: .spec.size}
    - {name: Mode, type: string, jsonPath: .spec.mode, priority: 1}
    schema:
      openAPIV3Schema:
        type: object
        description: A host of this test.
        properties:
          spec:
            type: object
            properties:
              size: {type: integer, minimum: 0, description: How large.}
              mode: {type: string, enum: [a, b], default: a}
          status:
            type: object
            properties:
              conditions:
                type: array
                x-kubernetes-list-type: map
                x-kubernetes-list-map-keys: [type]
                items:
                  type: object
                  required: [type, status]
                  properties:
                    type: {type: string}
                    status: {type: string}
END
host() {
	printf '%s\n' 'apiVersion: example.org/v1' 'kind: Host' \
		"metadata: {name: ${2:-h1}, labels: {zone: z1}}" \
		"spec: {size: $1}" >"$dir/host.yaml"
}

export HOME=$dir KUBECONFIG=$dir/kubeconfig
"$sim" kube --port 0 --crds "$dir/crds" --kubeconfig-out "$KUBECONFIG" \
	--agent-kubeconfig-out "$dir/agent" >"$dir/out" 2>"$dir/err" &
pid=$!
for _ in $(seq 100); do
	grep -q ^ready "$dir/out" && break
	sleep 0.1
done
if ! grep -q ^ready "$dir/out"; then
	echo "FAILED: the stand-in did not start"
	cat "$dir/err"
	exit 1
fi

# ---- looking around
check version 'Server Version: v1' k version
check api-resources '^hosts +ho +example.org/v1 +true +Host' k api-resources
check api-versions '^example.org/v1$' k api-versions
check explain 'How large' k explain host.spec.size
check explain-builtin 'KIND: +Secret' k explain secret
check namespaces '^default +Active' k get ns
check can-i '^yes' k auth can-i create hosts
check whoami 'Username +admin' k auth whoami
check crd 'hosts.example.org' k get crd

# ---- apply
host 3
check apply 'host.example.org/h1 created' k apply -f "$dir/host.yaml"
check apply-again unchanged k apply -f "$dir/host.yaml"
host 4
refuse diff '\+  size: 4' k diff -f "$dir/host.yaml"
check apply-change configured k apply -f "$dir/host.yaml"
check get '^h1 +4' k get host h1
check get-wide '^h1 +4 +a' k get ho -o wide
check get-label 'host.example.org/h1' k get ho -l zone=z1 -o name
check describe 'Size: +4' k describe host h1
check server-side serverside-applied \
	k apply --server-side -f "$dir/host.yaml"
check managers 'manager: kubectl$' \
	k get host h1 -o yaml --show-managed-fields
host 5
refuse conflict 'conflict with "kubectl": .spec.size' \
	k apply --server-side --field-manager other -f "$dir/host.yaml"
check force serverside-applied k apply --server-side --force-conflicts \
	--field-manager other -f "$dir/host.yaml"
check dry-run 'created \(server dry run\)' sh -c \
	"sed s/h1/h9/ '$dir/host.yaml' | kubectl apply --dry-run=server -f -"
refuse dry-run-kept-nothing 'NotFound' k get host h9
host -1 h2
refuse invalid 'spec.size: Invalid value: -1' k apply -f "$dir/host.yaml"
host 1 h2
sed -i 's/size:/sise:/' "$dir/host.yaml"
refuse unknown 'unknown field "spec.sise"' k apply -f "$dir/host.yaml"

# ---- edit and patch
EDITOR="sed -i s/size:.5/size:\\ 6/" check edit 'h1 edited' k edit host h1
check edited '^6$' k get host h1 -o 'jsonpath={.spec.size}{"\n"}'
check merge patched k patch host h1 --type merge -p '{"spec":{"size":7}}'
check json patched k patch host h1 --type json \
	-p '[{"op":"replace","path":"/spec/size","value":8}]'
refuse strategic-on-custom 'not supported' \
	k patch host h1 -p '{"spec":{"size":9}}'
check status patched k patch host h1 --subresource=status --type merge \
	-p '{"status":{"conditions":[{"type":"Ready","status":"True"}]}}'
check label labeled k label host h1 a=b
refuse label-again 'already has a value' k label host h1 a=c
check label-over labeled k label host h1 a=c --overwrite
check annotate annotated k annotate host h1 note=hello
check annotate-away annotated k annotate host h1 note-
check wait 'condition met' k wait --for=condition=Ready host/h1 --timeout=10s
check wait-path 'condition met' \
	k wait --for=jsonpath='{.spec.size}'=8 host/h1 --timeout=10s
refuse wait-timeout 'timed out' \
	k wait --for=jsonpath='{.spec.size}'=99 host/h1 --timeout=1s

# ---- watch
(timeout 5 kubectl get ho -w >"$dir/watch" 2>&1) &
watcher=$!
sleep 1
check while-watched patched k patch host h1 --type merge \
	-p '{"spec":{"size":42}}'
wait $watcher
check watched '^h1 +42' cat "$dir/watch"

# ---- builtin kinds
check create-ns 'namespace/team created' k create ns team
check create-secret 'secret/s created' \
	k -n team create secret generic s --from-literal=a=b
check strategic patched k -n team patch secret s -p '{"stringData":{"c":"d"}}'
check secret 'c: ZA==' k -n team get secret s -o yaml
check describe-secret 'a: +1 bytes' k -n team describe secret s
check create-cm 'configmap/c created' \
	k -n team create configmap c --from-literal=x=y
check get-several 'configmap/c' k -n team get secrets,cm
check all-namespaces '^team +c ' k get cm -A
printf '%s\n' 'apiVersion: v1' 'kind: Event' 'metadata: {name: e1}' \
	'involvedObject:' '  apiVersion: example.org/v1' '  kind: Host' \
	'  name: h1' '  namespace: default' \
	"  uid: $(kubectl get host h1 -o 'jsonpath={.metadata.uid}')" \
	'reason: Tested' 'message: it works' 'type: Normal' \
	>"$dir/event.yaml"
check create-event created k create -f "$dir/event.yaml"
check events 'Tested +host/h1 +it works' k get events
check events-of 'Tested' k events --for Host/h1
check describe-events 'Tested' k describe host h1

# ---- delete
check finalizer patched k patch host h1 --type merge \
	-p '{"metadata":{"finalizers":["example.org/hold"]}}'
check delete-nowait deleted k delete host h1 --wait=false
check waits-for-finalizer deletionTimestamp k get host h1 -o yaml
check release patched k patch host h1 --type json \
	-p '[{"op":"remove","path":"/metadata/finalizers"}]'
refuse gone NotFound k get host h1
check delete-ns 'deleted' k delete ns team
refuse ns-gone NotFound k get ns team
host 1 h3
check replace-missing created k create -f "$dir/host.yaml"
check replace replaced k replace -f "$dir/host.yaml"
check delete-file deleted k delete -f "$dir/host.yaml"
check delete-all 'No resources found' k delete ho --all
check delete-crd deleted k delete crd hosts.example.org
refuse crd-gone "doesn't have a resource type|NotFound" k get hosts

# ---- users
check agent '^default' k --kubeconfig "$dir/agent" get ns
check certificate '^default' k --context admin-cert get ns
refuse stranger 'Unauthorized|logged in' k --token=wrong get ns
check stats '"beskar7-agent"' k get --raw /_sim/stats

kill -TERM "$pid"
wait "$pid"
check clean-exit '^0$' echo $?
pid=
echo "kubectl: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
