/*
 * What the operating system on a medium finds there, and what it becomes by it:
 * the boot loader's configuration, the kernel and its arguments, the user data
 * from where its family looks for it, the providerID and the address to report
 * to. A pure function of what was read of the drives (disc.h): it is run again
 * until it wants nothing more. Families: README.md.
 */
#ifndef B7_SIM_OS_OS_H
#define B7_SIM_OS_OS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/os/disc.h"

#define OS_DRIVES 4
#define OS_URL 512

enum os_state {
	OS_DATA_NONE,       /* the image wants none */
	OS_DATA_MISSING,    /* boots to nothing */
	OS_DATA_UNREADABLE, /* as well */
	OS_DATA_FOUND,      /* boots, and would come up as it says below */
	OS_DATA_LATER       /* an installer: what it installs looks by itself */
};
struct os_facts {
	enum os_state state;
	char why[DISC_WHY]; /* what is missing, wrong or broken; never data */
	char family[16];
	char source[96]; /* "NoCloud /cdrom/nocloud/ in CD1" */
	char format[16]; /* "cloud-config", "ignition", ... */
	uint64_t bytes;
	char sha256[65]; /* of the user data as it was found */
	char instance_id[128], hostname[254], node_name[254];
	char provider_id[320];
	char report_url[OS_URL]; /* with its token: never shown */
	bool report_form;        /* phone_home: a form, not JSON */
	unsigned report_tries;   /* 0 = for ever */
	bool report_installed;   /* not by a live system */
	/* FOUND: its bootstrap fails when it comes up (why); it joins. */
	bool fails, kubelet;
};

struct os_drive {
	bool there;
	const char *name; /* "CD1" */
	struct disc disc;
};
struct os_look {
	/* in */
	const char *family;
	bool installer, uefi;
	bool optional; /* wants=nothing */
	/* What OS_DATA_LATER spoke of: it boots from the disk for the first
	 * time and looks at the drives. */
	bool first_boot;
	struct os_drive *drive;
	size_t n;                  /* of drives, at most OS_DRIVES */
	size_t boot;               /* the one that was booted from */
	uint64_t esp_at, esp_size; /* the UEFI entry's image */
	/* out, after OS_WANTS: of which drive; and how far it is: configuration,
	 * kernel, system, data */
	size_t wants;
	const char *phase;
};
/* Which families there are. */
bool os_family(const char *name);
/* OS_OK: *out holds; OS_WANTS: read look->drive[look->wants]. Nothing else. */
enum os_step os_look(struct os_look *look, struct os_facts *out);

#endif
