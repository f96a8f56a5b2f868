/*
 * How the images of each family look: where kernels, root file systems and boot
 * loader configurations are, and what a family is told by. Made after the
 * images and documentation of Debian live, Ubuntu Server, Fedora CoreOS, SUSE
 * MicroOS, Talos and Kairos; the files themselves are filler.
 */
#include "common/str.h"
#include "sim/origin/tree.h"

#define KERNEL (96u << 10)
#define LOADER (24u << 10)
#define EMBED (256u << 10)

static const struct tree_file cloud_init[] = {
	{ "/.disk/info",
	    "Debian GNU/Linux 12 live, simulated 2026-01-01T00:00Z\n", 0,
	    false },
	{ "/boot/grub/grub.cfg",
	    "source /boot/grub/config.cfg\n"
	    "\n"
	    "menuentry \"Live system (amd64)\" --hotkey=l {\n"
	    "\tlinux\t/live/vmlinuz boot=live components quiet splash "
	    "findiso=${iso_path}\n"
	    "\tinitrd\t/live/initrd.img\n"
	    "}\n"
	    "menuentry \"Live system (amd64 fail-safe mode)\" {\n"
	    "\tlinux\t/live/vmlinuz boot=live components memtest noapic\n"
	    "\tinitrd\t/live/initrd.img\n"
	    "}\n",
	    0, false },
	{ "/boot/grub/config.cfg", "set default=0\nset timeout=5\n", 0, false },
	{ "/isolinux/isolinux.cfg",
	    "prompt 0\ntimeout 50\ndefault live-amd64\n\n"
	    "label live-amd64\n"
	    "\tmenu label ^Live system (amd64)\n"
	    "\tlinux /live/vmlinuz\n"
	    "\tinitrd /live/initrd.img\n"
	    "\tappend boot=live components quiet splash\n",
	    0, false },
	{ "/isolinux/isolinux.bin", NULL, LOADER, false },
	{ "/live/vmlinuz", NULL, KERNEL, false },
	{ "/live/initrd.img", NULL, KERNEL, false },
	{ "/live/filesystem.squashfs", NULL, 0, false },
	{ NULL, NULL, 0, false },
};

static const struct tree_file ubuntu[] = {
	{ "/.disk/info",
	    "Ubuntu-Server 24.04.1 LTS \"Noble Numbat\" - Release amd64 "
	    "(simulated)\n",
	    0, false },
	{ "/.disk/casper-uuid-generic",
	    "8b4f9c9e-0000-4000-8000-000000000000\n", 0, false },
	{ "/boot/grub/grub.cfg",
	    "set timeout=30\n"
	    "\n"
	    "loadfont unicode\n"
	    "\n"
	    "set menu_color_normal=white/black\n"
	    "\n"
	    "menuentry \"Try or Install Ubuntu Server\" {\n"
	    "\tset gfxpayload=keep\n"
	    "\tlinux\t/casper/vmlinuz  ---\n"
	    "\tinitrd\t/casper/initrd\n"
	    "}\n"
	    "menuentry \"Ubuntu Server with the HWE kernel\" {\n"
	    "\tset gfxpayload=keep\n"
	    "\tlinux\t/casper/hwe-vmlinuz  ---\n"
	    "\tinitrd\t/casper/hwe-initrd\n"
	    "}\n"
	    "if [ \"$grub_platform\" = \"efi\" ]; then\n"
	    "menuentry 'Boot from next volume' {\n"
	    "\texit 1\n"
	    "}\n"
	    "fi\n",
	    0, false },
	{ "/boot/grub/i386-pc/eltorito.img", NULL, LOADER, false },
	{ "/casper/install-sources.yaml", "- id: ubuntu-server-minimal\n", 0,
	    false },
	{ "/casper/vmlinuz", NULL, KERNEL, false },
	{ "/casper/initrd", NULL, KERNEL, false },
	{ "/casper/hwe-vmlinuz", NULL, 4096, false },
	{ "/casper/hwe-initrd", NULL, 4096, false },
	{ "/casper/ubuntu-server-minimal.squashfs", NULL, 0, false },
	{ NULL, NULL, 0, false },
};

#define COREOS_ARGS \
	"coreos.liveiso=fedora-coreos-simulated ignition.firstboot " \
	"ignition.platform.id=metal"
static const struct tree_file coreos[] = {
	{ "/coreos/features.json",
	    "{\"installer-config\": true, \"installer-config-directives\": "
	    "{\"dest-device\": true}}\n",
	    0, false },
	{ "/coreos/igninfo.json", "{\"file\": \"images/ignition.img\"}\n", 0,
	    false },
	{ "/EFI/fedora/grub.cfg",
	    "set default=\"0\"\n"
	    "set timeout=5\n"
	    "search --no-floppy --set=root -l 'fedora-coreos-sim'\n"
	    "\n"
	    "menuentry 'Fedora CoreOS (Live)' --class fedora --class gnu {\n"
	    "\tlinux /images/pxeboot/vmlinuz " COREOS_ARGS "\n"
	    "\tinitrd /images/pxeboot/initrd.img /images/ignition.img "
	    "/images/pxeboot/rootfs.img\n"
	    "}\n",
	    0, false },
	{ "/isolinux/isolinux.cfg",
	    "serial 0\ndefault vesamenu.c32\ntimeout 50\n\n"
	    "label linux\n"
	    "  menu label ^Fedora CoreOS (Live)\n"
	    "  menu default\n"
	    "  kernel /images/pxeboot/vmlinuz\n"
	    "  append initrd=/images/pxeboot/initrd.img,/images/ignition.img,"
	    "/images/pxeboot/rootfs.img " COREOS_ARGS "\n",
	    0, false },
	{ "/isolinux/isolinux.bin", NULL, LOADER, false },
	{ "/images/pxeboot/vmlinuz", NULL, KERNEL, false },
	{ "/images/pxeboot/initrd.img", NULL, KERNEL, false },
	{ "/images/ignition.img", NULL, EMBED, true },
	{ "/images/pxeboot/rootfs.img", NULL, 0, false },
	{ NULL, NULL, 0, false },
};

#define MICROOS_MENU \
	"set default=0\n" \
	"set timeout=10\n" \
	"menuentry \"Install openSUSE MicroOS\" --class os " \
	"--unrestricted {\n" \
	"    set gfxpayload=keep\n" \
	"    echo Loading kernel...\n" \
	"    linuxefi /boot/x86_64/loader/linux " \
	"root=install:CDLABEL=INSTALL rd.kiwi.install.pass.bootparam\n" \
	"    echo Loading initrd...\n" \
	"    initrdefi /boot/x86_64/loader/initrd\n" \
	"}\n"
static const struct tree_file microos[] = {
	{ "/.discinfo", "openSUSE-MicroOS-SelfInstall\n", 0, false },
	{ "/config.isoclient",
	    "IMAGE=\"openSUSE-MicroOS.x86_64-SelfInstall.raw\"\n", 0, false },
	{ "/EFI/BOOT/grub.cfg", MICROOS_MENU, 0, false },
	{ "/boot/grub2/grub.cfg", MICROOS_MENU, 0, false },
	{ "/boot/x86_64/loader/isolinux.cfg",
	    "default Install\nprompt 1\ntimeout 10\n\n"
	    "label Install\n"
	    "  kernel linux\n"
	    "  append initrd=initrd root=install:CDLABEL=INSTALL "
	    "rd.kiwi.install.pass.bootparam\n",
	    0, false },
	{ "/boot/x86_64/loader/isolinux.bin", NULL, LOADER, false },
	{ "/boot/x86_64/loader/linux", NULL, KERNEL, false },
	{ "/boot/x86_64/loader/initrd", NULL, KERNEL, false },
	{ "/openSUSE-MicroOS.x86_64-SelfInstall.raw.xz", NULL, 0, false },
	{ NULL, NULL, 0, false },
};

static const struct tree_file talos[] = {
	{ "/boot/grub/grub.cfg",
	    "set default=0\n"
	    "set timeout=3\n"
	    "\n"
	    "insmod all_video\n"
	    "\n"
	    "terminal_input console\n"
	    "menuentry \"Talos ISO\" {\n"
	    "\tset gfxmode=auto\n"
	    "\tset gfxpayload=text\n"
	    "\tlinux /boot/vmlinuz talos.platform=metal console=ttyS0 "
	    "console=tty0 init_on_alloc=1 slab_nomerge pti=on\n"
	    "\tinitrd /boot/initramfs.xz\n"
	    "}\n",
	    0, false },
	{ "/boot/grub/i386-pc/eltorito.img", NULL, LOADER, false },
	{ "/boot/vmlinuz", NULL, KERNEL, false },
	{ "/boot/initramfs.xz", NULL, 0, false },
	{ NULL, NULL, 0, false },
};

static const struct tree_file kairos[] = {
	{ "/boot/grub2/grub.cfg",
	    "search --no-floppy --file --set=root /boot/kernel\n"
	    "set default=0\n"
	    "set timeout=10\n"
	    "set timeout_style=menu\n"
	    "menuentry \"Kairos\" --class os --unrestricted {\n"
	    "    echo Loading kernel...\n"
	    "    linux ($root)/boot/kernel cdroot root=live:CDLABEL=COS_LIVE "
	    "rd.live.dir=/ rd.live.squashimg=rootfs.squashfs net.ifnames=1 "
	    "console=tty1 rd.cos.disable nodepair.enable\n"
	    "    echo Loading initrd...\n"
	    "    initrd ($root)/boot/initrd\n"
	    "}\n",
	    0, false },
	{ "/boot/x86_64/loader/eltorito.img", NULL, LOADER, false },
	{ "/boot/kernel", NULL, KERNEL, false },
	{ "/boot/initrd", NULL, KERNEL, false },
	{ "/rootfs.squashfs", NULL, 0, false },
	{ NULL, NULL, 0, false },
};

const struct tree_family tree_families[] = {
	{ "cloud-init", "d-live-sim", cloud_init, "/boot/grub/efi.img",
	    "search --file --set=root /.disk/info\n"
	    "set prefix=($root)/boot/grub\n"
	    "configfile ($root)/boot/grub/grub.cfg\n",
	    false },
	{ "ubuntu", "Ubuntu-Server 24.04.1 LTS amd64", ubuntu,
	    "/boot/grub/efi.img", NULL, false },
	{ "coreos", "fedora-coreos-sim", coreos, "/images/efiboot.img",
	    "search --no-floppy --set prefix --file "
	    "/EFI/fedora/grub.cfg\n"
	    "set prefix=($prefix)/EFI/fedora\n"
	    "configfile $prefix/grub.cfg\n",
	    true },
	{ "microos", "INSTALL", microos, "/boot/x86_64/efi", MICROOS_MENU,
	    false },
	{ "talos", "TALOS_V1_8_0", talos, "/efi.img", NULL, false },
	{ "kairos", "COS_LIVE", kairos, "/boot/uefi.img",
	    "search --no-floppy --file --set=root /boot/kernel\n"
	    "set prefix=($root)/boot/grub2\n"
	    "configfile ($root)/boot/grub2/grub.cfg\n",
	    false },
	{ NULL, NULL, NULL, NULL, NULL, false },
};

const struct tree_family *
tree_family(const char *name)
{
	for (const struct tree_family *f = tree_families; f->name != NULL; f++)
		if (str_eq(f->name, name))
			return f;
	return NULL;
}
