#!/bin/bash
# beskar7-agent compose on images made by xorriso, genisoimage and
# grub-mkrescue; what comes out is read by tools that are not ours: xorriso,
# isoinfo, GRUB's own file system code, mtools, sgdisk, checkisomd5, the kernel.
set -euo pipefail

agent=$1
for tool in xorriso genisoimage isoinfo mformat grub-mkrescue grub-fstest sgdisk \
	checkisomd5; do
	command -v "$tool" > /dev/null || {
		echo "SKIPPED: no $tool"
		exit 77
	}
done
tmp=$(mktemp -d)
trap 'umount "$tmp/mnt" 2> /dev/null || true; chmod -R u+w "$tmp"; rm -rf "$tmp"' EXIT
cd "$tmp"
passed=0 failed=0 skipped=0
export MTOOLS_SKIP_CHECK=1

# ok WHAT COMMAND...: one check, counted
ok() {
	local what=$1
	shift
	if "$@" > check.out 2>&1; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		printf 'iso: %s: %s\n' "$what" "$(head -5 check.out)" >&2
	fi
}
same() { [ "$1" = "$2" ] || { printf '%s\n--- is not\n%s\n' "$1" "$2"; false; }; }
has() { grep -qF -- "$2" "$1" || { cat "$1"; false; }; }

# ---- what goes into the bases
mkdir -p tree/boot/grub tree/isolinux tree/a/b/c/d/e/f/g/h/i/j tree/many
head -c 700000 /dev/urandom > tree/big.bin
echo deep > tree/a/b/c/d/e/f/g/h/i/j/deep.txt
echo ninth > tree/a/b/c/d/e/f/g/h/i/ninth.txt
for i in $(seq 120); do
	echo "$i" > "tree/many/a file with a rather long name, number $i.txt"
done
ln -s big.bin tree/link
touch tree/empty
echo kernel > tree/boot/vmlinuz
head -c 4096 /dev/urandom > tree/boot/eltorito.img
printf 'set default=0\nmenuentry "x" {\n\tlinux /boot/vmlinuz quiet ---\n\tinitrd /i\n}\n' \
	> tree/boot/grub/grub.cfg
printf 'default x\nlabel x\n  kernel /boot/vmlinuz\n  append initrd=/i quiet\n' \
	> tree/isolinux/isolinux.cfg
echo long > "tree/$(printf 'n%.0s' $(seq 230))"
printf 'menuentry "x" {\n\tlinux /boot/vmlinuz quiet\n}\n' > efi.cfg
efi() { # FILE SIZE-IN-KB MFORMAT-OPTIONS...: a boot image with a configuration
	local file=$1 kb=$2
	shift 2
	truncate -s "${kb}K" "$file"
	mformat -i "$file" "$@" ::
	mmd -i "$file" ::EFI ::EFI/BOOT
	mcopy -i "$file" efi.cfg ::EFI/BOOT/grub.cfg
}
efi efi12.img 1440 -f 1440
efi efi32.img 40000 -F -T 80000 -h 16 -s 32
head -c 3000 /dev/urandom > seed
printf '#cloud-config\n# %s\n' "$(printf 'x%.0s' $(seq 3000))" > user-data

# ---- the bases: as Debian and Ubuntu make theirs, the old way, GRUB's way
xorriso -as mkisofs -quiet -r -J -joliet-long -V HYBRID -partition_offset 16 \
	--grub2-mbr /usr/lib/grub/i386-pc/boot_hybrid.img \
	-append_partition 2 0xef efi12.img -appended_part_as_gpt \
	-b boot/eltorito.img -c boot.cat -no-emul-boot -boot-load-size 4 \
	-boot-info-table -eltorito-alt-boot -e '--interval:appended_partition_2:::' \
	-no-emul-boot -o hybrid.iso tree 2> /dev/null
cp efi32.img tree/boot/efi.img
xorriso -as mkisofs -quiet -r -J -joliet-long -V WHOLE --protective-msdos-label \
	-b boot/eltorito.img -c boot.cat -no-emul-boot -boot-load-size 4 \
	-boot-info-table -eltorito-alt-boot -e boot/efi.img -efi-boot-part \
	--efi-boot-image -no-emul-boot -o whole.iso tree 2> /dev/null
cp efi12.img tree/boot/efi.img
genisoimage -quiet -J -joliet-long -R -V DEEP -b boot/eltorito.img -c boot.cat \
	-no-emul-boot -boot-load-size 4 -boot-info-table -o deep.iso tree
genisoimage -quiet -R -iso-level 4 -V LEVEL4 -o level4.iso tree
grub-mkrescue --fonts= --locales= --themes= -o rescue.iso tree 2> /dev/null
implantisomd5 -f deep.iso > /dev/null

extract() { xorriso -osirrox on -indev "$1" -extract / "$2" > /dev/null 2>&1 && chmod -R u+w "$2"; }
names() { { isoinfo ${2:+"$2"} -f -i "$1" 2> /dev/null || true; } | sort; }
torito() { xorriso -indev "$1" -report_el_torito plain 2> /dev/null || true; }
grub() { grub-fstest "$1" cat "(loop0)$2" 2> /dev/null || true; }

# What may differ between the files of a base and of what was made of it.
differ() {
	diff -rq --no-dereference "$1" "$2" | sed "s#$1#base#g; s#$2#made#g" | sort
}
expected='Files base/boot/grub/grub.cfg and made/boot/grub/grub.cfg differ
Files base/isolinux/isolinux.cfg and made/isolinux/isolinux.cfg differ
Only in made/a/b/c/d/e/f/g/h/i/j: new
Only in made: nocloud
Only in made: user-data'

for base in hybrid whole deep level4 rescue; do
	ok "$base: composed" "$agent" compose "$base.iso" -o made.iso \
		/user-data=user-data /nocloud/some/where/meta-data=seed \
		/a/b/c/d/e/f/g/h/i/j/new=seed \
		--karg 'ds=nocloud;s=/cdrom/nocloud/ b7=1'
	[ -e made.iso ] || continue
	"$agent" compose "$base.iso" -o twice.iso /user-data=user-data \
		/nocloud/some/where/meta-data=seed /a/b/c/d/e/f/g/h/i/j/new=seed \
		--karg 'ds=nocloud;s=/cdrom/nocloud/ b7=1' > /dev/null
	ok "$base: the same bytes again" cmp made.iso twice.iso
	extract "$base.iso" base && extract made.iso made
	want=$expected
	[ "$base" != whole ] || # its boot image is a file of the tree as well
		want="Files base/boot/efi.img and made/boot/efi.img differ
$expected"
	ok "$base: every other file" same "$(differ base made)" "$want"
	ok "$base: El Torito" same "$(torito made.iso)" "$(torito "$base.iso")"
	ok "$base: boot information table" cmp base/boot/eltorito.img made/boot/eltorito.img
	ok "$base: user-data" cmp user-data made/user-data
	ok "$base: meta-data" cmp seed made/nocloud/some/where/meta-data
	ok "$base: in the deepest folder" cmp seed made/a/b/c/d/e/f/g/h/i/j/new
	ok "$base: GRUB reads it" same "$(grub made.iso /user-data)" "$(cat user-data)"
	ok "$base: GRUB reads the old" same \
		"$(grub made.iso /a/b/c/d/e/f/g/h/i/j/deep.txt)" \
		"$(grub "$base.iso" /a/b/c/d/e/f/g/h/i/j/deep.txt)"
	ok "$base: GRUB's configuration" has made/boot/grub/grub.cfg \
		"linux /boot/vmlinuz quiet 'ds=nocloud;s=/cdrom/nocloud/' b7=1 ---"
	ok "$base: it is a script" grub-script-check made/boot/grub/grub.cfg
	ok "$base: isolinux" has made/isolinux/isolinux.cfg \
		'append initrd=/i quiet ds=nocloud;s=/cdrom/nocloud/ b7=1'
	for view in -R -J ''; do
		names "$base.iso" "$view" > was
		[ -s was ] || continue
		names made.iso "$view" > is
		ok "$base: names of old files, view '$view'" same "$(comm -23 was is)" ''
		ok "$base: 6 names more, view '$view'" \
			same "$(comm -13 was is | wc -l)" 6
		ok "$base: listing, view '$view'" isoinfo ${view:+"$view"} -l -i made.iso
	done
	isoinfo -R -x /user-data -i made.iso > got
	ok "$base: Rock Ridge" cmp got user-data
	if isoinfo -J -f -i "$base.iso" > /dev/null 2>&1; then
		isoinfo -J -x /nocloud/some/where/meta-data -i made.iso > got
		ok "$base: Joliet" cmp got seed
	fi
	ok "$base: path table" same "$(isoinfo -p -i made.iso | grep -c '^ *[0-9]*:')" \
		"$(($(isoinfo -p -i "$base.iso" | grep -c '^ *[0-9]*:') + 3))"
	ok "$base: volume size" same \
		"$(isoinfo -d -i made.iso | sed -n 's/Volume size is: //p')" \
		"$(($(stat -c %s made.iso) / 2048))"
	if sgdisk -v "$base.iso" 2>&1 | grep -q 'No problems found' &&
		sgdisk -p "$base.iso" 2>&1 | grep -q '^ *1 '; then
		sgdisk -v made.iso > check.gpt 2>&1
		ok "$base: GPT" has check.gpt 'No problems found'
	fi
	case $base in
	hybrid) # the partition is a volume of its own; the boot image follows it
		at=$(torito made.iso | awk '$4 == "img" && $7 == "UEFI" { print $NF }')
		dd if=made.iso of=part.iso bs=2048 skip=16 status=none
		isoinfo -R -x /user-data -i part.iso > got
		ok "$base: the partition's own tree" cmp got user-data
		isoinfo -J -x /user-data -i part.iso > got
		ok "$base: and in Joliet" cmp got user-data ;;
	whole) at=$(torito made.iso | awk '$4 == "img" && $7 == "UEFI" { print $NF }') ;;
	*) at= ;;
	esac
	if [ -n "$at" ]; then
		mtype -i "made.iso@@$((at * 2048))" ::EFI/BOOT/grub.cfg > got
		ok "$base: the boot image's configuration" has got \
			"quiet 'ds=nocloud;s=/cdrom/nocloud/' b7=1"
		ok "$base: its file system" mdir -/ -i "made.iso@@$((at * 2048))" ::
	fi
	if [ "$base" = deep ]; then
		ok "$base: the implanted checksum" checkisomd5 made.iso
	fi
	mkdir -p mnt
	if mount -o loop,ro made.iso mnt 2> /dev/null; then
		ok "$base: mounted" cmp mnt/user-data user-data
		ok "$base: and the whole of it" diff -r --no-dereference made mnt
		umount mnt
	else
		skipped=$((skipped + 1))
		echo "SKIPPED: $base: this kernel or container mounts no ISO 9660 image"
	fi
	chmod -R u+w base made
	rm -rf base made made.iso twice.iso
done

# ---- odd ones: old files stay, new ones are there under the name they can have
mkdir plain && cp -r tree/boot tree/isolinux tree/big.bin tree/empty plain
genisoimage -quiet -R -J -joliet-long -hide-joliet isolinux -o odd-hidden.iso tree
genisoimage -quiet -U -o odd-untranslated.iso plain 2> /dev/null
genisoimage -quiet -N -l -d -o odd-unversioned.iso plain 2> /dev/null
genisoimage -quiet -r -hfs -o odd-hfs.iso tree 2> /dev/null
genisoimage -quiet -R -XA -o odd-xa.iso plain 2> /dev/null
xorriso -as mkisofs -quiet -R -hfsplus -o odd-hfsplus.iso tree 2> /dev/null
xorriso -outdev odd-sessions.iso -map plain / -commit -map seed /second -commit \
	> /dev/null 2>&1
ln tree/big.bin tree/same.bin
xorriso -as mkisofs -quiet -r -J -joliet-long --hardlinks -o odd-links.iso tree \
	2> /dev/null
for base in odd-*.iso; do
	"$agent" compose "$base" /user-data=user-data /new/x=seed -o made.iso > note 2>&1 ||
		cat note >&2
	[ -e made.iso ] || : > made.iso
	extract "$base" base || true
	extract made.iso made || mkdir -p made
	ok "$base: old files" same "$(differ base made | grep -cv '^Only in made')" 0
	ok "$base: new files" cmp user-data \
		"$(find made -maxdepth 1 -iname 'user-data*' -type f)"
	rm -rf base made made.iso
done

# ---- files of a boot image, from FAT12 and FAT32
for base in hybrid whole; do
	"$agent" compose "$base.iso" boot2:/efi/boot/GRUB.CFG=seed -o made.iso > /dev/null
	at=$(torito made.iso | awk '$4 == "img" && $7 == "UEFI" { print $NF }')
	mcopy -n -i "made.iso@@$((at * 2048))" ::EFI/BOOT/grub.cfg - > got
	ok "$base: a larger file in the boot image" cmp got seed
	ok "$base: of the same size" same "$(stat -c %s made.iso)" "$(stat -c %s "$base.iso")"
	rm -f made.iso got
done

# ---- refusals
refuse() { # STATUS TEXT ARGS...
	local status=$1 text=$2 got=0
	shift 2
	"$agent" compose "$@" > refused 2>&1 || got=$?
	same "$got" "$status" && has refused "$text"
}
genisoimage -quiet -udf -R -o udf.iso tree
head -c 1000000 deep.iso > cut.iso
gzip -c seed > seed.gz
truncate -s 100K seed.gz
ok 'UDF' refuse 1 'a UDF bridge' udf.iso
ok 'cut off' refuse 1 'the image is cut off' cut.iso
ok 'gzip' refuse 1 'compressed by gzip' seed.gz
ok 'no file' refuse 1 'none.iso' none.iso
ok 'no image' refuse 2 'which image' -o x.iso
ok 'there already' refuse 1 'is there already' deep.iso -o deep.iso
ok 'a boot image' refuse 1 'is a boot image' deep.iso /boot/eltorito.img=seed
ok 'a folder' refuse 1 'is a folder' deep.iso /many=seed
ok 'a link' refuse 1 'is a link' deep.iso /link=seed
ok 'no kernel line' refuse 1 'no boot configuration' level4.iso \
	/boot/grub/grub.cfg=seed /isolinux/isolinux.cfg=seed -k x
ok 'quotes' refuse 1 'quotes' deep.iso -k "a='b'"
ok 'what it would be' refuse 0 'Joliet: ' deep.iso
ok 'help' refuse 0 'Usage: beskar7-agent compose' --help

printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
[ "$failed" = 0 ]
