#!/bin/sh
# Builds a static program and an image with nothing else in it.
set -eu

usage() {
	cat <<'USAGE'
usage: deploy/image.sh [--sim] [--arch arm64 | --from FOLDER] [--context-only]
                       NAME[:TAG]

Builds beskar7-agent statically under build/static and an image FROM scratch of
it, with the machine's CA certificates, by podman, docker or buildah, whichever
is there. Pushes nothing.

  --sim           beskar7-sim and its vendor profiles instead of the agent
  --arch arm64    for arm64, by a cross compiler (deploy/packages.sh --arm64)
  --from FOLDER   take the program of this build (-DBESKAR7_STATIC=ON) instead
                  of building it
  --context-only  only make build/image (the binary, what it reads and the
                  Containerfile)
  --help          this text

Environment:
  BESKAR7_BUILD   the build folder (default: build in the repository)
  BUILDER         the program to build with
USAGE
}

die() { printf 'image.sh: %s\n' "$*" >&2; exit 1; }

name= context_only=no what=agent from= arch=
while [ $# -gt 0 ]; do
	case $1 in
	--context-only) context_only=yes ;;
	--sim) what=sim ;;
	--from) [ $# -gt 1 ] || die "--from wants a folder"; from=$2; shift ;;
	--arch)
		[ "${2:-}" = arm64 ] || die "--arch knows arm64 alone"
		arch=$2
		shift
		;;
	-h | --help) usage; exit 0 ;;
	-*) usage >&2; die "unknown argument: $1" ;;
	*) name=$1 ;;
	esac
	shift
done
[ -n "$name" ] || [ "$context_only" = yes ] || { usage >&2; die "no name"; }

repo=$(dirname "$(dirname "$(readlink -f "$0")")")
build=${BESKAR7_BUILD:-$repo/build}
to=$build/image/$what
certificates=/etc/ssl/certs/ca-certificates.crt
[ -r "$certificates" ] || die "no $certificates: install ca-certificates"
if [ -z "$from" ]; then
	from=$build/static${arch:+-$arch}
	"$repo/deploy/packages.sh" "--${arch:-build}" --check
	"$repo/deploy/deps.sh" ${arch:+--arch "$arch"} >/dev/null
	deps=$("$repo/deploy/deps.sh" ${arch:+--arch "$arch"} --print)
	cmake -G Ninja -S "$repo" -B "$from" -DBESKAR7_STATIC=ON \
		-DBESKAR7_TESTS=OFF -DCMAKE_BUILD_TYPE=RelWithDebInfo \
		${arch:+-DCMAKE_TOOLCHAIN_FILE="$repo/deploy/cmake/$arch.cmake"} \
		-DBESKAR7_DEPS="$deps" >/dev/null
	ninja -C "$from" "beskar7-$what" >/dev/null
fi
program=$from/$what/beskar7-$what
[ -x "$program" ] || die "no $program"
! readelf -lW "$program" | grep -q INTERP ||
	die "$program is not static: configure with -DBESKAR7_STATIC=ON"
strip=strip platform=
if readelf -hW "$program" | grep -q 'Machine: *AArch64'; then
	platform=linux/arm64
	[ "$(uname -m)" = aarch64 ] || strip=aarch64-linux-gnu-strip
fi
rm -rf "$to"
mkdir -p "$to"
"$strip" -o "$to/beskar7-$what" "$program"
cp "$certificates" "$to/ca-certificates.crt"
if [ "$what" = agent ]; then
	cp "$repo/deploy/Containerfile" "$to/Containerfile"
else
	cp "$repo/deploy/Containerfile.sim" "$to/Containerfile"
	cp -r "$repo/sim/bmc/profiles" "$to/profiles"
fi
chmod -R a+rX "$to"
printf 'image.sh: beskar7-%s, %s bytes, in %s\n' "$what" \
	"$(stat -c %s "$to/beskar7-$what")" "$to"
[ "$context_only" = no ] || exit 0

usable() { # docker is a client, whose server may be away
	command -v "$1" >/dev/null 2>&1 &&
		{ [ "$1" != docker ] || docker info >/dev/null 2>&1; }
}
builder=${BUILDER:-}
for b in podman docker buildah; do
	[ -n "$builder" ] || ! usable "$b" || builder=$b
done
[ -n "$builder" ] || die "no podman, docker or buildah; the context is $to"
"$builder" build ${platform:+--platform "$platform"} -f "$to/Containerfile" -t "$name" "$to"
