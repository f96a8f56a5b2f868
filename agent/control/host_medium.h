/*
 * The media that a host boots from, as the media server makes them
 * (boot_media.h): their URLs, what is in which drive, what was read of them.
 * Without a media server there is one medium, at the image's own URL.
 */
#ifndef B7_CONTROL_HOST_MEDIUM_H
#define B7_CONTROL_HOST_MEDIUM_H

#include "agent/control/host_pass.h"

/* It is ours to make. An attempt that was armed without a media server ends
 * without one. */
bool medium_composed(const struct host_pass *p);
/* Borrowed until the pass runs again; NULL: not to be had (yet). */
const char *medium_url(struct host_pass *p, enum boot_medium which);
/* The attempt has a second medium, by its record. */
bool medium_has_config(const struct host_pass *p);
/* A drive has it: after a crash or a change of the key as well, if it may have
 * another key's token (armed, so that it was verified before). */
bool medium_in(struct host_pass *p, enum boot_medium which, bool armed);
/* In that drive is one of ours, which this life inserted in this attempt. */
bool medium_ours(struct host_pass *p, const struct redfish_slot *s);
/* The drive of the second medium of a system that is up; NULL: it is in none,
 * or cannot be told from what others insert. */
const struct redfish_slot *medium_config_slot(struct host_pass *p);

/* What the media server says of this host's media; asked once a run. */
const struct boot_media_answer *medium_look(struct host_pass *p);
/* The condition BootstrapDataReady of what the record says. */
void medium_say_data(struct host_pass *p);

/* How far the boot from it is, by what was read since the power-on. Silence
 * proves nothing, and of a BMC that copies it all neither does reading. */
enum medium_level {
	MEDIUM_SILENT,
	MEDIUM_READ,   /* something */
	MEDIUM_LOADER, /* the boot loader */
	MEDIUM_KERNEL,
	MEDIUM_ROOT /* the root file system */
};
enum medium_level medium_level(const struct host_pass *p);
/* Reads what was read, into the conditions. Once a run. */
void medium_watched(struct host_pass *p);
/* lastEvidence, where it tells more than the BMC does. */
void medium_note_evidence(struct host_pass *p);
/* By what was read, from 50 to most; -1 = that tells nothing. */
int medium_progress(const struct host_pass *p, int most);
/* It is being read just now. */
bool medium_being_read(const struct host_pass *p);

/* Steps of the boot plan: host_medium_plan.c */
enum verdict medium_ready(struct host_pass *p);
enum verdict medium_recorded(void *arg);
enum verdict medium_transport_fits(void *arg);
enum verdict medium_config_inserted(void *arg);
/* The drive whose medium stays for the boot of what was installed; NULL = none
 * does. false: that cannot be told yet. */
bool medium_config_stays(struct host_pass *p, const struct redfish_slot **slot);
/* And of a system that is up. */
enum verdict medium_config_gone(struct host_pass *p);

#endif
