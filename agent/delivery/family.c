#include "agent/delivery/family.h"

#include "common/str.h"

/* One mark: a path in the image, or how its volume is called. The first family
 * with a mark that holds is it; order matters where one builds on another. */
struct mark {
	enum family_id id;
	const char *path, *volume;
};

static const struct mark marks[] = {
	{ FAMILY_COREOS, "/coreos/igninfo.json", NULL },
	{ FAMILY_COREOS, "/images/ignition.img", NULL },
	{ FAMILY_FLATCAR, "/flatcar/vmlinuz", NULL },
	{ FAMILY_TALOS, NULL, "TALOS*" },
	{ FAMILY_KAIROS, NULL, "COS_LIVE" },
	{ FAMILY_SELF_INSTALL, "/config.isoclient", NULL },
	{ FAMILY_SELF_INSTALL, NULL, "INSTALL" },
	{ FAMILY_SUBIQUITY, "/casper/install-sources.yaml", NULL },
	{ FAMILY_SUBIQUITY, "/casper/installer.squashfs", NULL }, /* 20.04 */
	{ FAMILY_CASPER, "/casper/vmlinuz", NULL },
	{ FAMILY_CASPER, "/casper/filesystem.squashfs", NULL },
	{ FAMILY_DEBIAN_LIVE, "/live/filesystem.squashfs", NULL },
	{ FAMILY_DEBIAN_LIVE, "/live/vmlinuz", NULL },
	{ FAMILY_KAIROS, "/rootfs.squashfs", NULL },
	{ FAMILY_DRACUT_LIVE, "/LiveOS/squashfs.img", NULL },
	{ FAMILY_DRACUT_LIVE, "/LiveOS/rootfs.img", NULL },
	{ FAMILY_ANACONDA, "/images/install.img", NULL },
	{ FAMILY_DEBIAN_INSTALLER, "/.disk/base_installable", NULL },
};

static const struct family families[] = {
	[FAMILY_OTHER] = { FAMILY_OTHER, "an image of no known family", NULL,
	    NULL },
	[FAMILY_SUBIQUITY] = { FAMILY_SUBIQUITY, "Ubuntu's installer", "/cdrom",
	    NULL },
	[FAMILY_CASPER] = { FAMILY_CASPER, "an Ubuntu live system", "/cdrom",
	    NULL },
	[FAMILY_COREOS] = { FAMILY_COREOS, "a CoreOS live system", NULL, NULL },
	[FAMILY_FLATCAR] = { FAMILY_FLATCAR, "Flatcar", NULL,
	    "Flatcar's ISO reads no user data: give ignition.config.url in "
	    "userData.kernelArgs, with delivery None" },
	[FAMILY_TALOS] = { FAMILY_TALOS, "Talos", NULL, NULL },
	[FAMILY_KAIROS] = { FAMILY_KAIROS, "Kairos", "/run/initramfs/live",
	    NULL },
	[FAMILY_SELF_INSTALL] = { FAMILY_SELF_INSTALL,
	    "a SUSE self-installing image", NULL, NULL },
	[FAMILY_DEBIAN_LIVE] = { FAMILY_DEBIAN_LIVE, "a Debian live system",
	    "/run/live/medium", NULL },
	[FAMILY_DRACUT_LIVE] = { FAMILY_DRACUT_LIVE, "a live system by dracut",
	    "/run/initramfs/live", NULL },
	[FAMILY_ANACONDA] = { FAMILY_ANACONDA,
	    "an installer that takes kickstart files", NULL,
	    "this installer (Anaconda) takes kickstart files, which are no "
	    "format of user data here: put inst.ks=... into "
	    "userData.kernelArgs, with delivery None" },
	[FAMILY_DEBIAN_INSTALLER] = { FAMILY_DEBIAN_INSTALLER,
	    "Debian's installer", NULL,
	    "Debian's installer takes preseed files, which are no format of "
	    "user data here: put auto=true url=... into userData.kernelArgs, "
	    "with delivery None" },
};

static bool
holds(const struct mark *m, const struct cd *cd)
{
	char volume[sizeof(cd->volume)];

	if (m->path != NULL)
		return cd->n_trees > 0 &&
		       cd_find(&cd->trees[0], m->path) != CD_NONE;
	(void)str_copy(volume, sizeof(volume), cd->volume);
	for (char *c = volume; *c != '\0'; c++)
		if (*c >= 'a' && *c <= 'z')
			*c = (char)(*c - 'a' + 'A');
	return str_glob(m->volume, volume);
}

const struct family *
family_of(const struct cd *cd)
{
	for (size_t i = 0; i < sizeof(marks) / sizeof(*marks); i++)
		if (holds(&marks[i], cd))
			return &families[marks[i].id];
	return &families[FAMILY_OTHER];
}
