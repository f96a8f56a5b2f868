#!/bin/sh
# Makes a release for clusterctl, as a local repository.
set -eu

usage() {
	cat <<'USAGE'
usage: deploy/clusterctl/release.sh --image IMAGE [--version vX.Y.Z] [--out FOLDER]

Writes FOLDER/infrastructure-beskar7/VERSION/ with infrastructure-components.yaml,
metadata.yaml, the cluster templates and the ClusterClass, and prints what stands
in clusterctl's configuration to use it. Needs kubectl. Pushes nothing.

  --image IMAGE      where nodes pull the agent from, with a tag or a digest
  --version VERSION  default: v and the version in CMakeLists.txt
  --out FOLDER       default: build/clusterctl in the repository
  --help             this text
USAGE
}

die() { printf 'release.sh: %s\n' "$*" >&2; exit 1; }

here=$(dirname "$(readlink -f "$0")")
repo=$(dirname "$(dirname "$here")")
image= version= out=$repo/build/clusterctl
while [ $# -gt 0 ]; do
	case $1 in
	--image | --version | --out) [ $# -gt 1 ] || die "$1 wants a value" ;;
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
case $image in
'') usage >&2; die "no --image" ;;
*[!A-Za-z0-9._/:@-]*) die "not an image: $image" ;;
*:* | *@*) ;;
*) die "the image $image has neither tag nor digest" ;;
esac
[ -n "$version" ] || version=v$(
	sed -n 's/^project(beskar7 VERSION \([0-9.]*\).*/\1/p' "$repo/CMakeLists.txt")
printf '%s\n' "$version" | grep -Eq '^v[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?$' ||
	die "not a version: $version"
major=${version#v}
minor=${major#*.}
major=${major%%.*} minor=${minor%%.*}
grep -A1 "^- major: $major\$" "$here/metadata.yaml" | grep -q "^  minor: $minor\$" ||
	die "metadata.yaml has no series $major.$minor: add it first"
command -v kubectl >/dev/null 2>&1 || die "no kubectl"

to=$out/infrastructure-beskar7/$version
mkdir -p "$to"
to=$(readlink -f "$to")
# The one place where the image is named; kustomize has it as beskar7-agent:dev.
kubectl kustomize "$here" >"$to/.components"
[ "$(grep -c '^ *\(- \)\{0,1\}image: beskar7-agent:dev$' "$to/.components")" = 1 ] ||
	die "deploy/kustomize has not exactly one image beskar7-agent:dev"
sed "s|image: beskar7-agent:dev\$|image: $image|" "$to/.components" \
	>"$to/infrastructure-components.yaml"
rm "$to/.components"
cp "$here/metadata.yaml" "$here"/cluster-template*.yaml "$here"/clusterclass-*.yaml "$to"

cat <<CONFIG
# $to
providers:
- name: beskar7
  type: InfrastructureProvider
  url: $to/infrastructure-components.yaml
CONFIG
