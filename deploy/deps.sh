#!/bin/sh
# Builds the libraries that the agent links statically and that Debian does not
# ship the way we need them: curl (HTTP only, mbedTLS back end, no resolver
# thread), mbedTLS (our configuration) and cJSON (static). Everything comes
# from Debian's own source packages, checked by apt's signatures; the machine's
# apt state is neither read for packages nor changed.
set -eu

usage() {
	cat <<'USAGE'
usage: deploy/deps.sh [--arch arm64] [--refresh] [--force] [--print] [--help]

Builds static curl, mbedTLS and cJSON from Debian's source packages and prints
the prefix as the last line of its output (progress goes to stderr). The result
is cached in .cache/deps-KEY, with .cache/deps pointing at it; a second run
does nothing. Needs no root.

  --arch ARCH build for this Debian architecture (arm64 or amd64) by a cross
              compiler; the result, in .cache/deps-for-ARCH, then has libevent,
              http-parser and libyaml of that architecture, too, from Debian's
              packages. Use it with deploy/cmake/ARCH.cmake.
  --refresh   ask apt whether newer sources exist, and build those
  --force     build even if the result is there
  --print     only print the prefix; fails if nothing is built
  --help      this text

Environment:
  BESKAR7_CACHE   the cache folder (default: .cache in the repository)
  BESKAR7_JOBS    parallel jobs (default: number of processors)
  CC              the compiler (default: cc)
USAGE
}

say() { printf 'deps: %s\n' "$*" >&2; }
die() { printf 'deps.sh: %s\n' "$*" >&2; exit 1; }

refresh=no force=no print=no for_arch=
while [ $# -gt 0 ]; do
	arg=$1
	shift
	case $arg in
	--arch)
		[ $# -gt 0 ] || die "--arch wants arm64 or amd64"
		for_arch=$1
		shift
		;;
	--refresh) refresh=yes ;;
	--force) force=yes ;;
	--print) print=yes ;;
	-h | --help) usage; exit 0 ;;
	*) usage >&2; die "unknown argument: $arg" ;;
	esac
done

script=$(readlink -f "$0")
repo=$(dirname "$(dirname "$script")")
cache=${BESKAR7_CACHE:-$repo/.cache}
jobs=${BESKAR7_JOBS:-$(nproc 2>/dev/null || echo 2)}
link_name=deps cc=${CC:-cc} machine= cross=
case $for_arch in
'') ;;
arm64) machine=aarch64 ;;
amd64) machine=x86_64 ;;
*) die "no architecture that this knows: $for_arch" ;;
esac
if [ -n "$for_arch" ] && [ "$for_arch" != "$(dpkg --print-architecture)" ]; then
	cross=$machine-linux-gnu
	link_name=deps-for-$for_arch
	cc=${CC:-$cross-gcc}
fi
link=$cache/$link_name

if [ "$print" = yes ]; then
	[ -e "$link/lib/libcurl.a" ] || die "nothing built in $cache yet"
	readlink -f "$link"
	exit 0
fi

# ---- what the machine must have ---------------------------------------------

need() { # COMMAND PACKAGE
	command -v "$1" >/dev/null 2>&1 || missing="$missing $2"
}
missing=
need "$cc" "gcc${cross:+-$(printf '%s' "$cross" | tr _ -)}"
need ar binutils
need make make
need cmake cmake
need dpkg-source dpkg-dev
need xz xz-utils
need patch patch
need flock util-linux
need sha256sum coreutils
[ -z "$missing" ] || die "missing programs; install the Debian packages:$missing
  (deploy/packages.sh --install installs everything a build needs)"
[ -r /etc/os-release ] || die "no /etc/os-release: this needs Debian"
# shellcheck disable=SC1091
codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
[ -n "$codename" ] || die "/etc/os-release names no VERSION_CODENAME"
[ -r "$(dirname "$script")/deps.sh" ] || die "cannot read my own script"

arch=${for_arch:-$(dpkg --print-architecture)}
base="$(sha256sum <"$script" | cut -c1-64) $arch $codename $("$cc" --version |
	head -n 1)"

mkdir -p "$cache" || die "cannot make $cache (set BESKAR7_CACHE)"
cache=$(readlink -f "$cache")
link=$cache/$link_name
exec 9>"$cache/.deps.lock"
flock 9

if [ "$refresh$force" = nono ] && [ -e "$link/lib/libcurl.a" ] &&
	[ "$(cat "$link/.base" 2>/dev/null)" = "$base" ]; then
	readlink -f "$link"
	exit 0
fi

# ---- a private apt: the machine's sources, as deb-src, for another ----------
# ---- architecture as deb, too -----------------------------------------------

work=$(mktemp -d "$cache/build.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP
apt=$work/apt
mkdir -p "$apt/parts" "$apt/lists/partial" "$apt/cache/archives/partial"

one_line_sources() { # FILE: "deb [options] uri suite components"
	awk -v code="$codename" -v cross="$cross" '
	$1 == "deb" {
		i = 2
		if ($i ~ /^\[/) {
			while ($i !~ /\]$/ && i < NF)
				i++
			i++
		}
		if (index($(i + 1), code) == 1) {
			if (cross != "")
				print
			sub(/^[ \t]*deb/, "deb-src")
			print
		}
	}' "$1"
}

stanza_sources() { # FILE: deb822
	grep -v '^#' "$1" | awk -v code="$codename" -v cross="$cross" '
	function flush() {
		if (text != "" && keep && !off)
			printf "Types: %sdeb-src\n%s\n",
			    cross != "" ? "deb " : "", text
		text = ""; keep = 0; off = 0
	}
	/^[ \t]*$/ { flush(); next }
	tolower($1) == "types:" { next }
	tolower($1) == "enabled:" && tolower($2) == "no" { off = 1 }
	tolower($1) == "suites:" {
		for (i = 2; i <= NF; i++)
			if (index($i, code) == 1)
				keep = 1
	}
	{ text = text $0 "\n" }
	END { flush() }'
}

for f in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
	[ -r "$f" ] && one_line_sources "$f"
done >"$apt/parts/machine.list"
for f in /etc/apt/sources.list.d/*.sources; do
	[ -r "$f" ] && stanza_sources "$f"
done >"$apt/parts/machine.sources"
[ -s "$apt/parts/machine.list" ] || rm "$apt/parts/machine.list"
[ -s "$apt/parts/machine.sources" ] || rm "$apt/parts/machine.sources"
[ -n "$(ls "$apt/parts")" ] ||
	die "no apt source of $codename in /etc/apt/sources.list*"

status=/var/lib/dpkg/status
if [ -n "$cross" ]; then
	status=$apt/status
	: >"$status"
fi
apt_get() {
	apt-get -qq ${cross:+-o APT::Architecture="$arch" -o APT::Architectures="$arch"} -o Dir::Etc::SourceList=/dev/null \
		-o Dir::Etc::SourceParts="$apt/parts" \
		-o Dir::State="$apt" -o Dir::State::Lists="$apt/lists" \
		-o Dir::State::status="$status" \
		-o Dir::Cache="$apt/cache" -o APT::Sandbox::User= \
		-o Debug::NoLocking=true -o Acquire::Languages=none \
		-o Acquire::Retries=3 "$@" 9>&-
}

say "reading source lists of $codename"
apt_get update >"$work/log" 2>&1 || {
	cat "$work/log" >&2
	die "apt could not read the source lists (network? proxy?)"
}
cd "$work"
for pkg in curl mbedtls cjson; do
	apt_get source --download-only --only-source "$pkg" \
		>"$work/log" 2>&1 || {
		cat "$work/log" >&2
		die "apt could not download the source of $pkg"
	}
	ls "$pkg"_*.dsc >/dev/null 2>&1 || die "no .dsc of $pkg came"
done
: >"$work/debs"
for pkg in libevent-dev libhttp-parser-dev libyaml-dev; do
	[ -n "$cross" ] || break
	apt_get download "$pkg" >"$work/log" 2>&1 || {
		cat "$work/log" >&2
		die "apt could not download $pkg of $arch"
	}
	sha256sum "$pkg"_*_"$arch".deb >>"$work/debs" ||
		die "no $pkg of $arch came"
done

key=$(
	{
		echo "$base"
		sha256sum ./*.dsc
		cat "$work/debs"
	} | sha256sum | cut -c1-16
)
prefix=$cache/deps-$key
publish() {
	ln -s "deps-$key" "$link.$$"
	mv -T "$link.$$" "$link"
	readlink -f "$link"
}
if [ "$force" = no ] && [ -e "$prefix/lib/libcurl.a" ]; then
	say "up to date"
	publish
	exit 0
fi

# ---- build ------------------------------------------------------------------

# No debug information and no path of this machine: the archives are equal
# byte for byte wherever they are built.
SOURCE_DATE_EPOCH=0
export SOURCE_DATE_EPOCH
flags="-O2 -g0 -fPIC -ffile-prefix-map=$work=/b -ffunction-sections"
flags="$flags -fdata-sections -fstack-protector-strong -D_FORTIFY_SOURCE=2"
unset CFLAGS CPPFLAGS LDFLAGS DESTDIR 2>/dev/null || :
out=$work/out

unpack() { # PACKAGE
	dpkg-source --no-check -x "$1"_*.dsc "$work/$1" >"$work/log" 2>&1 || {
		cat "$work/log" >&2
		die "cannot unpack $1"
	}
}

build() { # PACKAGE CMAKE-OPTIONS...
	pkg=$1
	shift
	say "building $(basename "$(ls "$work/$pkg"_*.dsc)" .dsc | tr _ ' ')"
	{
		cmake -G "Unix Makefiles" -S "$work/$pkg" -B "$work/$pkg-b" \
			${cross:+-DCMAKE_SYSTEM_NAME=Linux} \
			${cross:+-DCMAKE_SYSTEM_PROCESSOR="$machine"} \
			-DCMAKE_C_COMPILER="$cc" -DCMAKE_BUILD_TYPE=None \
			-DCMAKE_C_FLAGS="$flags" -DCMAKE_INSTALL_PREFIX="$out" \
			-DCMAKE_INSTALL_LIBDIR=lib \
			-DCMAKE_POLICY_DEFAULT_CMP0074=NEW "$@" &&
			cmake --build "$work/$pkg-b" -j "$jobs" &&
			cmake --install "$work/$pkg-b"
	} >"$work/log" 2>&1 || {
		tail -n 40 "$work/log" >&2
		die "building $pkg failed (above: the end of its log)"
	}
}

# Into config.h itself: a user configuration by -D that one user of the headers
# forgets changes the size of structures. HAVEGE costs 38 KB a TLS context.
mbedtls_config() {
	conf=$work/mbedtls/include/mbedtls/config.h
	grep -q '#include "mbedtls/check_config.h"' "$conf" ||
		die "mbedTLS's config.h has no check_config.h line any more"
	for o in HAVEGE_C TIMING_C THREADING_C THREADING_PTHREAD SELF_TEST \
		SSL_PROTO_DTLS SSL_DTLS_ANTI_REPLAY SSL_DTLS_HELLO_VERIFY \
		SSL_DTLS_CLIENT_PORT_REUSE SSL_DTLS_BADMAC_LIMIT \
		SSL_DTLS_CONNECTION_ID SSL_DTLS_SRTP SSL_COOKIE_C \
		SSL_PROTO_SSL3 SSL_RENEGOTIATION PSA_CRYPTO_C \
		PSA_CRYPTO_STORAGE_C PSA_ITS_FILE_C USE_PSA_CRYPTO \
		DEBUG_C CERTS_C VERSION_FEATURES NET_C \
		ARC4_C BLOWFISH_C CAMELLIA_C ARIA_C XTEA_C DES_C RIPEMD160_C \
		MD2_C MD4_C PKCS12_C ZLIB_SUPPORT PKCS11_C X509_CSR_PARSE_C \
		X509_CSR_WRITE_C X509_CREATE_C X509_CRT_WRITE_C MEMORY_DEBUG \
		KEY_EXCHANGE_PSK_ENABLED KEY_EXCHANGE_DHE_PSK_ENABLED \
		KEY_EXCHANGE_ECDHE_PSK_ENABLED KEY_EXCHANGE_RSA_PSK_ENABLED \
		KEY_EXCHANGE_ECDH_ECDSA_ENABLED KEY_EXCHANGE_ECDH_RSA_ENABLED \
		KEY_EXCHANGE_ECJPAKE_ENABLED ECJPAKE_C NIST_KW_C CMAC_C \
		ECP_DP_SECP192K1_ENABLED ECP_DP_SECP224K1_ENABLED \
		ECP_DP_SECP256K1_ENABLED ECP_DP_BP256R1_ENABLED \
		ECP_DP_BP384R1_ENABLED ECP_DP_BP512R1_ENABLED; do
		printf '#undef MBEDTLS_%s\n' "$o"
	done >"$work/undef"
	sed -i -e "/#include \"mbedtls\/check_config.h\"/{
		h
		r $work/undef
		g
		N
	}" "$conf"
}

unpack cjson
build cjson -DENABLE_CJSON_UTILS=ON -DENABLE_CJSON_TEST=OFF \
	-DENABLE_CUSTOM_COMPILER_FLAGS=OFF -DENABLE_LOCALES=OFF \
	-DBUILD_SHARED_LIBS=OFF -DBUILD_SHARED_AND_STATIC_LIBS=OFF

unpack mbedtls
mbedtls_config
build mbedtls -DENABLE_PROGRAMS=OFF -DENABLE_TESTING=OFF -DGEN_FILES=OFF \
	-DUSE_SHARED_MBEDTLS_LIBRARY=OFF -DUSE_STATIC_MBEDTLS_LIBRARY=ON

unpack curl
# Each multi handle (one for each active peer) would hold a socket pair for
# wake-ups from other threads.
flags="$flags -DCURL_DISABLE_SOCKETPAIR"
# The headers API of 7.88 reads freed memory when a reply begins with a folded
# header line on a handle that was used before; nobody here calls it.
flags="$flags -DCURL_DISABLE_HEADERS_API"
# Nor are a multi handle's tables made for one peer: of 911 sockets (29 KB), 97
# connections and 71 names.
flags="$flags -DCURL_SOCKET_HASH_TABLE_SIZE=7 -DCURL_CONNECTION_HASH_SIZE=7"
flags="$flags -DCURL_DNS_HASH_SIZE=7"
# The least that a buffer for what is sent can have (of 16 KB): over TLS each
# request is copied into one, and a stream keeps it.
flags="$flags -DCURL_MAX_WRITE_SIZE=4096"
build curl -DBUILD_SHARED_LIBS=OFF -DBUILD_CURL_EXE=OFF -DBUILD_TESTING=OFF \
	-DHTTP_ONLY=ON -DCURL_USE_MBEDTLS=ON -DCURL_USE_OPENSSL=OFF \
	-DMBEDTLS_INCLUDE_DIRS="$out/include" \
	-DMBEDTLS_LIBRARY="$out/lib/libmbedtls.a" \
	-DMBEDX509_LIBRARY="$out/lib/libmbedx509.a" \
	-DMBEDCRYPTO_LIBRARY="$out/lib/libmbedcrypto.a" \
	-DENABLE_THREADED_RESOLVER=OFF -DENABLE_ARES=OFF -DENABLE_MANUAL=OFF \
	-DENABLE_UNIX_SOCKETS=OFF -DUSE_NGHTTP2=OFF -DUSE_LIBIDN2=OFF \
	-DCURL_ZLIB=OFF -DCURL_BROTLI=OFF -DCURL_ZSTD=OFF \
	-DCURL_USE_LIBSSH2=OFF -DCURL_USE_LIBSSH=OFF -DCURL_USE_LIBPSL=OFF \
	-DCURL_USE_GSSAPI=OFF -DCURL_CA_BUNDLE=none -DCURL_CA_PATH=none \
	-DCURL_CA_FALLBACK=OFF -DCURL_DISABLE_PROXY=ON \
	-DCURL_DISABLE_COOKIES=ON -DCURL_DISABLE_CRYPTO_AUTH=ON \
	-DCURL_DISABLE_NETRC=ON -DCURL_DISABLE_ALTSVC=ON \
	-DCURL_DISABLE_HSTS=ON -DCURL_DISABLE_DOH=ON -DCURL_DISABLE_MIME=ON \
	-DCURL_DISABLE_PROGRESS_METER=ON -DCURL_DISABLE_LIBCURL_OPTION=ON \
	-DCURL_DISABLE_OPENSSL_AUTO_LOAD_CONFIG=ON -DCURL_DISABLE_GETOPTIONS=ON

# Debian's archives of the other architecture; its headers that differ by
# architecture are beside the others.
for deb in $(awk '{ print $2 }' "$work/debs"); do
	dpkg-deb -x "$deb" "$work/debian"
done
if [ -n "$cross" ]; then
	cp "$work/debian/usr/lib/$cross"/*.a "$out/lib"
	cp -r "$work/debian/usr/include"/* "$out/include"
	if [ -d "$out/include/$cross" ]; then
		cp -r "$out/include/$cross"/* "$out/include"
		rm -r "${out:?}/include/$cross"
	fi
fi

# ---- check and publish ------------------------------------------------------

check() { # FILE PATTERN WHAT
	grep -q "$2" "$work/$1" && return 0
	die "the build went differently than expected: $3"
}
check curl-b/CMakeCache.txt '^ENABLE_THREADED_RESOLVER:BOOL=OFF' \
	"curl's resolver would use threads"
for f in libcurl.a libmbedtls.a libmbedx509.a libmbedcrypto.a libcjson.a \
	libcjson_utils.a ${cross:+libevent_core.a libevent_extra.a} \
	${cross:+libhttp_parser.a libyaml.a}; do
	[ -s "$out/lib/$f" ] || die "the build left no $f"
done
cat >"$work/probe.c" <<'PROBE'
#include <cjson/cJSON_Utils.h>
#include <curl/curl.h>
#include <mbedtls/ssl.h>
#include <stdio.h>
#include <string.h>
#ifdef MBEDTLS_HAVEGE_C
#error "config.h was not edited"
#endif
int
main(void)
{
	const curl_version_info_data *v = curl_version_info(CURLVERSION_NOW);
	const char *const *p;
	int extra = 0;

	for (p = v->protocols; *p; p++)
		extra += strcmp(*p, "http") != 0 && strcmp(*p, "https") != 0;
	printf("curl=%s\nmbedtls=%s\ncjson=%s\n", v->version,
	    v->ssl_version, cJSON_Version());
	return extra != 0 || (v->features & CURL_VERSION_ASYNCHDNS) != 0 ||
	    strncmp(v->ssl_version, "mbedTLS/", 8) != 0;
}
PROBE
if ! "$cc" ${cross:+-static} -I"$out/include" -o "$work/probe" "$work/probe.c" \
	"$out/lib/libcurl.a" "$out/lib/libcjson_utils.a" \
	"$out/lib/libcjson.a" "$out/lib/libmbedtls.a" \
	"$out/lib/libmbedx509.a" "$out/lib/libmbedcrypto.a" -lm \
	>"$work/log" 2>&1; then
	cat "$work/log" >&2
	die "the libraries do not link without others (above)"
fi
emulator=${cross:+qemu-$machine-static}
if [ -n "$emulator" ] && ! command -v "$emulator" >/dev/null 2>&1; then
	say "not tried out: no $emulator (Debian: qemu-user-static)"
	echo "not run" >"$out/versions"
else
	$emulator "$work/probe" >"$out/versions" ||
		die "curl has other protocols, resolver or TLS than asked for"
fi
rm -rf "$out/lib/cmake" "$out/lib/pkgconfig" "$out/bin" "$out/share"
(cd "$work" && ls ./*.dsc | sed 's|^\./||; s|\.dsc$||') >"$out/sources"
printf '%s\n' "$base" >"$out/.base"
chmod -R a+rX "$out"
rm -rf "$prefix"
mv "$out" "$prefix"
say "built $(tr '\n' ' ' <"$prefix/versions")"
publish
