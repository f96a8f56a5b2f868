#!/bin/sh
# The one list of Debian packages that Beskar7 needs, and why.
set -eu

usage() {
	cat <<'USAGE'
usage: deploy/packages.sh [--build | --tests | --all | --arm64] [--list | --check | --install]

What Debian packages Beskar7 needs on this machine.

  --build     what a build needs (default)
  --tests     what tests/run.sh needs: the build, CUnit, openssl, curl, Python
  --arm64     what a build for arm64 needs on another machine
  --all       what tests/run.sh --all needs: clang, analysers, valgrind, Redfish clients

  --list      print the names, one a line (default)
  --check     name what is missing; exit 1 if anything is
  --install   install what is missing, as root or by sudo
  --help      this text
USAGE
}

# compiler and tools; deploy/deps.sh: dpkg-dev patch xz-utils util-linux
build="gcc libc6-dev binutils make cmake ninja-build pkg-config git
	ca-certificates dpkg-dev patch xz-utils util-linux"
# linked statically from Debian's archives
build="$build libevent-dev libhttp-parser-dev libyaml-dev"
# tests: CUnit; foreign TLS and HTTP peers; instrumented libraries
tests="libcunit1-dev openssl curl procps python3"
# who makes and reads ISO images otherwise (tests/integration/iso.sh); 7 MB
tests="$tests xorriso genisoimage mtools gdisk isomd5sum grub-common
	grub-pc-bin grub-efi-amd64-bin"
# who reads user data otherwise (tests/integration/delivery.sh); 15 MB. cloud-init
# is idle on a machine without a data source; /etc/cloud/cloud-init.disabled
# keeps it so
tests="$tests cloud-init ignition cpio"
all="clang libclang-rt-14-dev clang-tidy clang-format llvm cppcheck valgrind ccache"
# the validators' virtual environment
all="$all python3-venv"
# machines that really boot (tests/integration/qemu.sh; it fetches a kernel, too)
all="$all qemu-system-x86 qemu-block-extra ovmf busybox-static cpio"
# the load of tests/bench/bmc.sh; the measure of tests/bench/media.sh
all="$all wrk lighttpd"
# Redfish clients of others
all="$all redfishtool ilorest python3-sushy ansible fwupd"

# to build for arm64 elsewhere, and to try what was built
arm64="$build gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user-static"

die() { printf 'packages.sh: %s\n' "$*" >&2; exit 1; }

set_of=$build action=list
for arg; do
	case $arg in
	--build) set_of=$build ;;
	--tests) set_of="$build $tests" ;;
	--all) set_of="$build $tests $all" ;;
	--arm64) set_of=$arm64 ;;
	--list) action=list ;;
	--check) action=check ;;
	--install) action=install ;;
	-h | --help) usage; exit 0 ;;
	*) usage >&2; die "unknown argument: $arg" ;;
	esac
done

installed() {
	case $(dpkg-query -W -f '${db:Status-Status}\n' "$1" 2>/dev/null) in
	installed) return 0 ;;
	*) return 1 ;;
	esac
}

if [ "$action" = list ]; then
	printf '%s\n' $set_of
	exit 0
fi

command -v dpkg-query >/dev/null 2>&1 ||
	die "no dpkg-query: this needs Debian or a derivative"
missing=
for p in $set_of; do
	installed "$p" || missing="$missing $p"
done
[ -n "$missing" ] || exit 0

if [ "$action" = check ]; then
	die "missing Debian packages:$missing
  install them with: apt-get install$missing"
fi

sudo=
if [ "$(id -u)" != 0 ]; then
	command -v sudo >/dev/null 2>&1 ||
		die "not root and no sudo; missing Debian packages:$missing"
	sudo=sudo
fi
printf 'packages: installing%s\n' "$missing" >&2
$sudo apt-get -qq update >&2 || die "apt-get update failed (network? proxy?)"
# shellcheck disable=SC2086
$sudo env DEBIAN_FRONTEND=noninteractive apt-get -qq -y \
	--no-install-recommends install $missing >&2 ||
	die "apt-get could not install:$missing"
