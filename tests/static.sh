#!/bin/bash
# The static agent: its size, and that it needs nothing but itself.
#
# usage: static.sh PATH-OF-beskar7-agent
# Says "ok NAME", "not ok NAME" or "skip NAME" for each check.
set -u

agent=${1:?usage: static.sh PATH-OF-beskar7-agent}
max=$((3 * 1024 * 1024))
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
bad=0

check() { # NAME COMMAND...
	local name=$1
	shift
	if "$@"; then
		echo "ok $name"
	else
		echo "not ok $name"
		bad=1
	fi
}

# The root file system: the agent, and nothing else at all.
strip -o "$root/beskar7-agent" "$agent" || { echo "not ok strip"; exit 1; }
size=$(stat -c %s "$root/beskar7-agent")
echo "beskar7-agent, static, stripped: $size bytes"

no_loader() { ! readelf -lW "$agent" | grep -q INTERP; }
no_needed() { ! readelf -dW "$agent" | grep -q NEEDED; }
position_independent() { readelf -hW "$agent" | grep -q 'Type: *DYN'; }
no_exec_stack() { ! readelf -lW "$agent" | grep GNU_STACK | grep -q RWE; }
relro() { readelf -lW "$agent" | grep -q GNU_RELRO; }

check "at most $max bytes stripped" test "$size" -le "$max"
check "needs no dynamic loader" no_loader
check "needs no shared library" no_needed
check "is position independent" position_independent
check "has no executable stack, and relro" eval 'no_exec_stack && relro'

# As root by chroot, else in a user namespace, where the kernel permits one.
if [ "$(id -u)" = 0 ]; then
	inside() { chroot "$root" "$@"; }
elif unshare --user --map-root-user true 2>/dev/null; then
	inside() { unshare --user --map-root-user chroot "$root" "$@"; }
else
	echo "skip runs in an empty root file system: neither root nor user namespaces"
	echo "skip says its versions there: neither root nor user namespaces"
	echo "skip ends with 1 there without a kubeconfig: neither root nor user namespaces"
	exit $bad
fi
help_inside() { inside /beskar7-agent --help | grep -q -- --kubeconfig; }
version_inside() {
	inside /beskar7-agent --version >"$root/out" 2>&1 || return 1
	cat "$root/out"
	grep -Eq '^beskar7-agent [0-9]+\.[0-9]+\.[0-9]+ \(commit ' "$root/out" &&
		grep -q 'libcurl' "$root/out" && grep -q 'mbed TLS' "$root/out"
}
no_config_inside() {
	inside /beskar7-agent --kubeconfig /none >"$root/out" 2>&1
	[ $? -eq 1 ] && grep -q '/none' "$root/out"
}
check "runs in an empty root file system" help_inside
check "says its versions there" version_inside
check "names the kubeconfig that is missing there" no_config_inside
exit $bad
