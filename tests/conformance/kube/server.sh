#!/bin/bash
# sourced by run.sh: a kube-apiserver with its etcd on loopback, for one run.
# The caller sets dir (an empty folder). Certificates, keys and tokens are made
# here and end with the folder.

# The folder that has both, by the convention of envtest; or nothing.
real_assets() {
	local d
	for d in "${KUBEBUILDER_ASSETS:-}" /usr/local/kubebuilder/bin; do
		[ -x "$d/kube-apiserver" ] && [ -x "$d/etcd" ] &&
			printf '%s\n' "$d" && return
	done
	d=$(command -v kube-apiserver) && command -v etcd >/dev/null &&
		dirname "$d"
}

real_program() { # NAME: beside the others, or from PATH
	if [ -x "$assets/$1" ]; then
		printf '%s\n' "$assets/$1"
	else
		command -v "$1"
	fi
}

# None of those that connections get by themselves: a server that is away for a
# while must find its port free when it comes back.
free_port() {
	python3 -c 'import random, socket
while True:
    port = random.randrange(20000, 32000)
    try:
        socket.create_server(("127.0.0.1", port)).close()
        print(port)
        break
    except OSError:
        pass'
}

make_keys() { # in $dir/pki
	local p=$dir/pki
	mkdir -p "$p"
	openssl genrsa -out "$p/sa.key" 2048 2>/dev/null &&
		openssl rsa -in "$p/sa.key" -pubout -out "$p/sa.pub" 2>/dev/null &&
		openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 \
			-nodes -days 2 -subj /CN=conformance-ca \
			-addext keyUsage=critical,keyCertSign,cRLSign \
			-keyout "$p/ca.key" -out "$p/ca.crt" 2>/dev/null &&
		openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
			-subj /CN=kube-apiserver -keyout "$p/server.key" \
			-out "$p/server.csr" 2>/dev/null &&
		printf 'subjectAltName=IP:127.0.0.1,DNS:localhost\n' >"$p/ext" &&
		openssl x509 -req -in "$p/server.csr" -CA "$p/ca.crt" \
			-CAkey "$p/ca.key" -CAcreateserial -days 2 \
			-extfile "$p/ext" -out "$p/server.crt" 2>/dev/null
}

# So that server.py can stop one and start it again.
real_spawn() { # NAME COMMAND...
	local name=$1
	shift
	printf '%s\0' "$@" >"$dir/$name.cmd"
	"$@" >"$dir/$name.log" 2>&1 &
	printf '%s\n' $! >"$dir/$name.pid"
	disown $!
}

real_alive() { # NAME
	kill -0 "$(cat "$dir/$1.pid")" 2>/dev/null
}

real_stop() {
	local name pid i
	for name in apiserver etcd; do
		[ -e "$dir/$name.pid" ] || continue
		pid=$(cat "$dir/$name.pid")
		kill "$pid" 2>/dev/null
		for ((i = 0; i < 100; i++)); do
			kill -0 "$pid" 2>/dev/null || break
			sleep 0.1
		done
		rm -f "$dir/$name.pid"
	done
}

etcd_start() { # sets etcd_url
	local port peer
	port=$(free_port) peer=$(free_port)
	etcd_url=http://127.0.0.1:$port
	real_spawn etcd "$(real_program etcd)" --name one --data-dir "$dir/etcd" \
		--listen-client-urls "$etcd_url" \
		--advertise-client-urls "$etcd_url" \
		--listen-peer-urls "http://127.0.0.1:$peer" \
		--initial-advertise-peer-urls "http://127.0.0.1:$peer" \
		--initial-cluster "one=http://127.0.0.1:$peer" \
		--unsafe-no-fsync
}

# Sets url, ca, token, version, etcd_url. RBAC is on; the token is an admin's.
# No controller-manager runs, as with envtest: nothing collects garbage, ends
# namespaces or makes service accounts.
real_start() {
	local port p=$dir/pki i
	make_keys || return 1
	etcd_start
	port=$(free_port)
	token=$(openssl rand -hex 16)
	printf '%s,admin,admin,"system:masters"\n' "$token" >"$p/tokens.csv"
	cat >"$dir/audit.yaml" <<-'END'
		apiVersion: audit.k8s.io/v1
		kind: Policy
		omitStages: [RequestReceived]
		rules:
		- level: Metadata
		  users: ["system:serviceaccount:beskar7-system:beskar7-manager"]
		- level: None
	END
	real_spawn apiserver "$(real_program kube-apiserver)" --etcd-servers="$etcd_url" \
		--bind-address=127.0.0.1 --advertise-address=127.0.0.1 \
		--secure-port="$port" --service-cluster-ip-range=10.0.0.0/24 \
		--tls-cert-file="$p/server.crt" \
		--tls-private-key-file="$p/server.key" \
		--client-ca-file="$p/ca.crt" --token-auth-file="$p/tokens.csv" \
		--authorization-mode=RBAC \
		--service-account-issuer=https://conformance.invalid \
		--service-account-key-file="$p/sa.pub" \
		--service-account-signing-key-file="$p/sa.key" \
		--audit-policy-file="$dir/audit.yaml" \
		--audit-log-path="$dir/audit.log" \
		--allow-privileged=true
	url=https://127.0.0.1:$port ca=$p/ca.crt
	for ((i = 0; i < 600; i++)); do
		curl -s --cacert "$ca" -H "Authorization: Bearer $token" \
			"$url/readyz" 2>/dev/null | grep -qx ok && break
		real_alive apiserver || return 1
		sleep 0.2
	done
	[ "$i" -lt 600 ] || return 1
	version=$(curl -s --cacert "$ca" "$url/version" \
		-H "Authorization: Bearer $token" |
		sed -n 's/.*"gitVersion": "\(.*\)".*/\1/p')
}

# A client certificate by the run's CA: NAME becomes the user.
real_user() { # NAME: makes $dir/pki/NAME.crt and .key
	local p=$dir/pki
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-subj "/CN=$1" -keyout "$p/$1.key" -out "$p/$1.csr" 2>/dev/null &&
		openssl x509 -req -in "$p/$1.csr" -CA "$p/ca.crt" \
			-CAkey "$p/ca.key" -CAcreateserial -days 2 \
			-out "$p/$1.crt" 2>/dev/null
}
