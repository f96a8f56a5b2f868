#!/bin/sh
# Builds the static agent and an image with nothing else in it.
set -eu

usage() {
	cat <<'USAGE'
usage: deploy/image.sh [--context-only] NAME[:TAG]

Builds beskar7-agent statically under build/static and an image FROM scratch
with podman, docker or buildah, whichever is there. Pushes nothing.

  --context-only  only make build/image (the binary and the Containerfile)
  --help          this text

Environment:
  BESKAR7_BUILD   the build folder (default: build in the repository)
  BUILDER         the program to build with
USAGE
}

die() { printf 'image.sh: %s\n' "$*" >&2; exit 1; }

name= context_only=no
for arg; do
	case $arg in
	--context-only) context_only=yes ;;
	-h | --help) usage; exit 0 ;;
	-*) usage >&2; die "unknown argument: $arg" ;;
	*) name=$arg ;;
	esac
done
[ -n "$name" ] || [ "$context_only" = yes ] || { usage >&2; die "no name"; }

repo=$(dirname "$(dirname "$(readlink -f "$0")")")
build=${BESKAR7_BUILD:-$repo/build}
"$repo/deploy/packages.sh" --build --check
"$repo/deploy/deps.sh" >/dev/null
cmake -G Ninja -S "$repo" -B "$build/static" -DBESKAR7_STATIC=ON \
	-DBESKAR7_TESTS=OFF -DCMAKE_BUILD_TYPE=RelWithDebInfo \
	-DBESKAR7_DEPS="$("$repo/deploy/deps.sh" --print)" >/dev/null
ninja -C "$build/static" beskar7-agent >/dev/null
mkdir -p "$build/image"
strip -o "$build/image/beskar7-agent" "$build/static/agent/beskar7-agent"
cp "$repo/deploy/Containerfile" "$build/image/Containerfile"
printf 'image.sh: %s bytes in %s\n' \
	"$(stat -c %s "$build/image/beskar7-agent")" "$build/image"
[ "$context_only" = no ] || exit 0

builder=${BUILDER:-}
for b in podman docker buildah; do
	[ -n "$builder" ] || ! command -v "$b" >/dev/null 2>&1 || builder=$b
done
[ -n "$builder" ] || die "no podman, docker or buildah; the context is $build/image"
"$builder" build -f "$build/image/Containerfile" -t "$name" "$build/image"
