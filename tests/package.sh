#!/bin/bash
# The Debian package, the unit and the images, made from static binaries.
#
# usage: package.sh BUILD-FOLDER
# Says "ok NAME", "not ok NAME" or "skip NAME: why" for each check.
set -u

build=$(readlink -f "${1:?usage: package.sh BUILD-FOLDER}")
cd "$(dirname "$(readlink -f "$0")")/.." || exit 2
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
bad=0

check() { # NAME COMMAND...
	local name=$1
	shift
	if "$@" >"$dir/log" 2>&1; then
		echo "ok $name"
	else
		echo "not ok $name"
		sed 's/^/    /' "$dir/log"
		bad=1
	fi
}
have() { command -v "$1" >/dev/null 2>&1; }

# ---- the package

package() { (cd "$build" && cpack -G DEB -B "$dir/deb"); }
check "cpack makes a Debian package" package
[ $bad = 0 ] || exit 1
deb=$(echo "$dir"/deb/beskar7_*.deb)
root=$dir/root
check "the package can be taken apart" dpkg-deb -x "$deb" "$root"
installed() { # each of these, of that mode
	local mode file wrong=0
	while read -r mode file; do
		[ "$(stat -c %a "$root/$file")" = "$mode" ] ||
			{ echo "$file is not there with mode $mode"; wrong=1; }
	done <<'END'
755 usr/bin/beskar7-agent
755 usr/bin/beskar7-sim
644 usr/lib/systemd/system/beskar7-agent.service
644 etc/beskar7/agent.env
644 usr/share/doc/beskar7/README.md
644 usr/share/doc/beskar7/copyright
644 usr/share/beskar7/crds/physicalhosts.yaml
644 usr/share/beskar7/profiles/generic.yaml
644 usr/share/beskar7/deploy/kustomize/rbac.yaml
END
	return $wrong
}
check "it holds programs, unit, manifests and documents" installed
elsewhere() { ! find "$root" -type f ! -path "$root/usr/*" ! -path "$root/etc/beskar7/*" | grep .; }
check "it puts nothing elsewhere" elsewhere
check "its agent runs" "$root/usr/bin/beskar7-agent" --version
check "its simulator runs" "$root/usr/bin/beskar7-sim" --version
control() {
	dpkg-deb -f "$deb" Package Version Depends | tee "$dir/control"
	grep -q "^Version: $(sed -n 's/^project(beskar7 VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)\$" "$dir/control" &&
		! grep -q '^Depends' "$dir/control"
}
check "it has the version of the checkout and, static, needs no package" control
scripts() {
	local s
	dpkg-deb -e "$deb" "$dir/control.d" &&
		for s in postinst prerm postrm; do sh -n "$dir/control.d/$s" || return 1; done &&
		grep -qx /etc/beskar7/agent.env "$dir/control.d/conffiles"
}
check "its scripts are shell, its configuration stays the user's" scripts
if have kubectl; then
	check "its manifests can be built where they are installed" \
		kubectl kustomize "$root/usr/share/beskar7/deploy/kustomize"
else
	echo "skip its manifests can be built where they are installed: no kubectl"
fi
if have lintian; then
	# No manual pages, no Debian changelog: it is not of the archive.
	check "lintian finds no error" lintian --fail-on error --suppress-tags \
		no-changelog,statically-linked-binary,unstripped-static-library "$deb"
else
	echo "skip lintian finds no error: no lintian"
fi

# ---- the unit

unit=$root/usr/lib/systemd/system/beskar7-agent.service
place() { grep -q '^ExecStart=/usr/bin/beskar7-agent ' "$unit" && ! grep /usr/local "$unit"; }
check "the unit starts the agent of the package" place
if have systemd-analyze; then
	# verify wants the program in its place.
	mkdir -p "$dir/unit"
	sed "s#=/usr/bin/#=$root/usr/bin/#" "$unit" >"$dir/unit/beskar7-agent.service"
	read_unit() { # what it does not know it only warns of
		systemd-analyze verify --man=no "$dir/unit/beskar7-agent.service" \
			>"$dir/verify" 2>&1 && ! grep beskar7-agent.service "$dir/verify"
	}
	check "systemd reads the unit" read_unit
	# 10 times what systemd prints; 100 would be no protection at all.
	check "systemd finds little that the unit permits" systemd-analyze security \
		--offline=true --threshold=13 "$unit"
else
	echo "skip systemd reads the unit: no systemd-analyze"
	echo "skip systemd finds little that the unit permits: no systemd-analyze"
fi

# ---- the images: what is in them, and they themselves where something builds

context() { # ...: of what was built already
	BESKAR7_BUILD=$dir deploy/image.sh --from "$build" --context-only "$@"
}
only() { # FOLDER FILE...: these and no other
	local folder=$1
	shift
	diff <(cd "$folder" && find . -type f ! -path './profiles/*' | sort) \
		<(printf './%s\n' "$@" | sort)
}
check "the agent's image can be prepared" context
check "it has the agent, the CA certificates and nothing else" \
	only "$dir/image/agent" Containerfile beskar7-agent ca-certificates.crt
check "the simulators' image can be prepared" context --sim
check "it has the simulators and their profiles" \
	only "$dir/image/sim" Containerfile beskar7-sim ca-certificates.crt
if have buildah; then
	b() { buildah --root "$dir/storage" --runroot "$dir/run" --storage-driver vfs "$@"; }
	built() { # NAME: and runs as nobody
		b build -f "$dir/image/$1/Containerfile" -t "b7-$1" "$dir/image/$1" &&
			[ "$(b inspect --type image --format '{{.OCIv1.Config.User}} {{.OCIv1.Config.Entrypoint}}' "b7-$1")" = \
				"65532:65532 [/beskar7-$1]" ]
	}
	check "the agent's image is built, and is no root's" built agent
	check "the simulators' image is built, and is no root's" built sim
else
	echo "skip the agent's image is built, and is no root's: no buildah"
	echo "skip the simulators' image is built, and is no root's: no buildah"
fi
exit $bad
