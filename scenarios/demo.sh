#!/bin/sh
# The main job in one command: installs what a build needs (Debian packages),
# builds, and runs the demo between real processes over TLS.
set -eu

usage() {
	cat <<'USAGE'
usage: scenarios/demo.sh [--no-install] [--keep] [OPTION]...

Builds Beskar7 and runs its main job: twelve simulated servers of five vendors
are enrolled, a cluster of five machines is provisioned on them, one machine is
deleted and its host given back, then the cluster is deleted. Everything runs
between real processes on loopback, over TLS. Needs Debian 12; root or sudo
where packages are missing. Ends with 0 when everything went as it must.

  --no-install  installs nothing: only names what is missing
  --keep        stays up at the end and prints KUBECONFIG and kubectl lines
  --help        this text

Other options go to `beskar7-scenario demo`; its --help tells them. What is
built stays in build/ and .cache/, so that the second time takes seconds.
USAGE
}

install=yes
n=$#
while [ "$n" -gt 0 ]; do
	arg=$1
	shift
	n=$((n - 1))
	case $arg in
	--no-install) install=no ;;
	-h | --help) usage; exit 0 ;;
	*) set -- "$@" "$arg" ;;
	esac
done

say() { printf '== %s\n' "$*"; }
cd "$(dirname "$0")/.."
start=$(date +%s)

if [ "$install" = yes ]; then
	say "Debian packages"
	deploy/packages.sh --build --install
else
	deploy/packages.sh --build --check
fi
say "libraries (.cache)"
deploy/deps.sh
say "build (build/)"
mkdir -p build
cmake -G Ninja -S . -B build -DCMAKE_BUILD_TYPE=Release -DBESKAR7_TESTS=OFF \
	> build/configure.log 2>&1 || { cat build/configure.log; exit 1; }
cmake --build build --target beskar7-agent beskar7-sim beskar7-scenario
say "ready after $(($(date +%s) - start)) s; the demo"
exec build/scenarios/runner/beskar7-scenario demo scenarios/demo.yaml "$@"
