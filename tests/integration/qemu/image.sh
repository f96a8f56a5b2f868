#!/bin/bash
# A small operating system as an ISO image that boots by BIOS and UEFI: Debian's
# kernel, busybox, GRUB. Its init (init) reads user data as cloud-init's
# NoCloud does.
#
# usage: image.sh OUT.iso [--folder live] [KERNEL-ARGUMENT...]
#
# The kernel is this machine's, where its files may be read, else Debian's
# package, fetched by apt and taken apart; nothing is installed. Ends with 77
# where there is none. What was fetched stays in BESKAR7_CACHE (default: .cache).
set -euo pipefail

out=$(readlink -f "$1")
shift
folder=boot # "live": as Debian's live images have it
[ "${1:-}" != --folder ] || {
	folder=$2
	shift 2
}
here=$(cd "$(dirname "$0")" && pwd)
cache=${BESKAR7_CACHE:-$here/../../../.cache}/kernel
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# What QEMU's machine has; their dependencies are found.
modules="virtio_pci virtio_net ahci crct10dif_generic sd_mod sr_mod isofs loop crc32c_generic ext4 evdev button"
wanted="ahci sr_mod isofs virtio_net"

usable() { # ROOT VERSION: a kernel with drivers for what QEMU has
	local m
	[ -r "$1/boot/vmlinuz-$2" ] || return 1
	for m in $wanted; do
		[ -n "$(find "$1/lib/modules/$2" -name "$m.ko*" -print -quit 2> /dev/null)" ] ||
			grep -qs "/$m.ko" "$1/lib/modules/$2/modules.builtin" || return 1
	done
}

find_kernel() { # ROOT: sets root and version
	local k
	for k in "$1"/boot/vmlinuz-*; do
		root=$1 version=${k#"$1"/boot/vmlinuz-}
		usable "$root" "$version" && return 0
	done
	return 1
}

fetch_kernel() { # DIR
	local package deb
	mkdir -p "$(dirname "$1")"
	package=$(apt-cache depends linux-image-amd64 2> /dev/null |
		sed -n 's/^ *Depends: \(linux-image-[^<]*\)$/\1/p' | head -n 1)
	[ -n "$package" ] || return 1
	(cd "$tmp" && apt-get -qq download "$package") > "$tmp/said" 2>&1 || return 1
	deb=$(echo "$tmp"/linux-image-*.deb)
	# of its 400 MB, what could be needed
	mkdir -p "$1.new"
	dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$1.new" --wildcards \
		'./boot/vmlinuz*' './lib/modules/*/modules.*' '*/kernel/crypto/*' \
		'*/kernel/lib/*' '*/kernel/block/*' '*/kernel/arch/x86/crypto/*' \
		'*/kernel/fs/isofs/*' '*/kernel/fs/ext4/*' '*/kernel/fs/jbd2/*' \
		'*/kernel/fs/mbcache.ko*' '*/kernel/net/core/*' '*/kernel/drivers/ata/*' \
		'*/kernel/drivers/virtio/*' '*/kernel/drivers/acpi/*' \
		'*/kernel/drivers/net/*failover*' '*/kernel/drivers/net/virtio_net*' \
		'*/kernel/drivers/cdrom/*' '*/kernel/drivers/input/evdev*' \
		'*/kernel/drivers/block/loop*' '*/kernel/drivers/scsi/s*_mod*' \
		'*/kernel/drivers/scsi/scsi_*' || return 1
	rm -rf "$1"
	mv "$1.new" "$1"
	rm -f "$deb"
}

root='' version=''
if ! find_kernel '' && ! find_kernel "$cache"; then
	{ fetch_kernel "$cache" && find_kernel "$cache"; } || {
		echo "SKIPPED: no kernel: none here can be read, and apt has none"
		exit 77
	}
fi

unpack() { # FILE OUT: modules may be compressed
	case $1 in
	*.xz) xz -dc "$1" > "$2" ;;
	*.zst) zstd -dqc "$1" > "$2" ;;
	*) cp "$1" "$2" ;;
	esac
}

mkdir -p "$tmp"/initrd/{bin,dev,proc,sys,media,run,etc,tmp,modules} "$tmp"/iso/boot/grub "$tmp/iso/$folder"
cp "$(command -v busybox)" "$tmp/initrd/bin/busybox"
cp "$here/init" "$tmp/initrd/init"
chmod 755 "$tmp/initrd/init"
# In the order in which init loads them: what a module needs comes first. None
# where it is built in.
n=100 added=' '
add() { # MODULE
	local file m=${1//[-_]/[-_]} ko
	file=$(find "$root/lib/modules/$version" -name "$m.ko*" -print -quit)
	case $added in *" $1 "*) return 0 ;; esac
	added="$added$1 "
	[ -n "$file" ] || return 0
	ko=$tmp/${1//-/_}.ko
	unpack "$file" "$ko"
	for m in $(tr '\0' '\n' < "$ko" | sed -n 's/^depends=//p' | tr ',' ' '); do
		add "$m"
	done
	n=$((n + 1))
	mv "$ko" "$tmp/initrd/modules/$n-$1.ko"
}
for m in $modules; do
	add "$m"
done
(cd "$tmp/initrd" && find . | LC_ALL=C sort | cpio -o -H newc -R 0:0 2> /dev/null) |
	gzip -6 > "$tmp/iso/$folder/initrd.gz"
cp "$root/boot/vmlinuz-$version" "$tmp/iso/$folder/vmlinuz"
# b7.from tells init what GRUB was read from: cd0, hd0.
cat > "$tmp/iso/boot/grub/grub.cfg" << END
serial --unit=0 --speed=115200
terminal_output serial
set timeout=0
menuentry "test system" {
	linux /$folder/vmlinuz console=ttyS0,115200 no_timer_check loglevel=4 b7.from=\$root $*
	initrd /$folder/initrd.gz
}
END
grub-mkrescue --fonts= --locales= --themes= \
	--install-modules="linux normal configfile iso9660 fat part_gpt part_msdos serial terminal echo test" -o "$out" "$tmp/iso" -- \
	-volid B7TEST > "$tmp/said" 2>&1 || {
	cat "$tmp/said"
	exit 1
}
