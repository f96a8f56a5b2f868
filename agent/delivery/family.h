/* Whose image it is, told by files and names in it. */
#ifndef B7_AGENT_DELIVERY_FAMILY_H
#define B7_AGENT_DELIVERY_FAMILY_H

#include "agent/delivery/delivery.h"

enum family_id {
	FAMILY_OTHER,
	FAMILY_SUBIQUITY, /* Ubuntu's installer */
	FAMILY_CASPER,    /* Ubuntu's live systems */
	FAMILY_COREOS,
	FAMILY_FLATCAR,
	FAMILY_TALOS,
	FAMILY_KAIROS,
	FAMILY_SELF_INSTALL, /* SUSE's, by KIWI: MicroOS, SL Micro */
	FAMILY_DEBIAN_LIVE,
	FAMILY_DRACUT_LIVE, /* Fedora's and others' live systems */
	FAMILY_ANACONDA,    /* Fedora's and Red Hat's installer */
	FAMILY_DEBIAN_INSTALLER
};
struct family {
	enum family_id id;
	const char *name; /* for messages */
	/* Where a running system sees the medium it was booted from; NULL =
	 * nowhere that is known. */
	const char *medium;
	/* What keeps it from taking any data of ours; NULL = nothing. */
	const char *no;
};

const struct family *family_of(const struct cd *cd);

#endif
