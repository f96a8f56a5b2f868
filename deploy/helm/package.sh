#!/bin/sh
# Makes the Helm chart: beskar7/ and the manifests that it changes by values.
set -eu

usage() {
	cat <<'USAGE'
usage: deploy/helm/package.sh [--image IMAGE] [--version X.Y.Z] [--out FOLDER]

Writes the chart as FOLDER/beskar7/ and FOLDER/beskar7-VERSION.tgz, with the
CRDs, policies and manifests of this checkout in it, and prints the latter's
name. Needs no helm. Pushes nothing.

  --image IMAGE      where nodes pull the agent from, with a tag or a digest: the
                     chart's default (without: beskar7-agent:dev)
  --version VERSION  default: the version in CMakeLists.txt
  --out FOLDER       default: build/helm in the repository
  --help             this text
USAGE
}

die() { printf 'package.sh: %s\n' "$*" >&2; exit 1; }

here=$(dirname "$(readlink -f "$0")")
repo=$(dirname "$(dirname "$here")")
image= version= out=$repo/build/helm
while [ $# -gt 0 ]; do
	case $1 in
	--image | --version | --out)
		[ $# -gt 1 ] || die "$1 wants a value" ;;
	esac
	case $1 in
	--image) image=$2; shift ;;
	--version) version=$2; shift ;;
	--out) out=$2; shift ;;
	-h | --help) usage; exit 0 ;;
	*) usage >&2; die "unknown argument: $1" ;;
	esac
	shift
done
[ -n "$version" ] || version=$(
	sed -n 's/^project(beskar7 VERSION \([0-9.]*\).*/\1/p' "$repo/CMakeLists.txt")
printf '%s\n' "$version" | grep -Eq '^[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?$' ||
	die "not a version: $version"
repository= tag= digest=
case $image in
'') repository=beskar7-agent tag=dev ;;
*[!A-Za-z0-9._/:@-]*) die "not an image: $image" ;;
*@*) repository=${image%%@*} digest=${image#*@} ;;
*:*) repository=${image%:*} tag=${image##*:} ;;
esac
case $tag in
*/*) repository= ;; # what was cut off is a port
esac
[ -n "$repository" ] && [ -n "$tag$digest" ] ||
	die "the image $image has neither tag nor digest"

to=$out/beskar7
rm -rf "$to"
mkdir -p "$to/files"
to=$(readlink -f "$to")
cp -r "$here/beskar7/." "$to"
cp "$here/README.md" "$to"
cd "$repo"
for f in crds/*.yaml deploy/policy/templates.yaml \
	deploy/kustomize/rbac.yaml deploy/kustomize/deployment.yaml \
	deploy/kustomize/disruption.yaml \
	deploy/kustomize/components/media-server/service.yaml \
	deploy/kustomize/components/monitoring/service.yaml \
	deploy/kustomize/components/monitoring/servicemonitor.yaml \
	deploy/kustomize/components/monitoring/rules.yaml \
	deploy/kustomize/components/network-policy/policy.yaml; do
	mkdir -p "$to/files/$(dirname "$f")"
	cp "$f" "$to/files/$f"
done
fill() { # FILE KEY VALUE: the one line that has this key
	[ "$(grep -c "^ *$2: " "$to/$1")" = 1 ] || die "$1 has not one $2"
	sed -i "s|^\( *$2: \).*|\1\"$3\"|" "$to/$1"
}
fill Chart.yaml version "$version"
fill Chart.yaml appVersion "$version"
fill values.yaml repository "$repository"
fill values.yaml tag "$tag"
fill values.yaml digest "$digest"

tar -C "$out" --sort=name --owner=0 --group=0 --numeric-owner \
	--mtime="@${SOURCE_DATE_EPOCH:-0}" -cf - beskar7 |
	gzip -n >"$out/beskar7-$version.tgz"
printf '%s\n' "$out/beskar7-$version.tgz"
