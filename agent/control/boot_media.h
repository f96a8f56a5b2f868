/*
 * What the host's controller wants of the media server: whether a host's medium
 * can be made, what it is called, and what of it was read. The controllers know
 * this face alone; agent/claims stands behind it. Without one (no --media-listen)
 * a BMC is given the image as it is, and no data reaches the machine.
 */
#ifndef B7_CONTROL_BOOT_MEDIA_H
#define B7_CONTROL_BOOT_MEDIA_H

#include <stdbool.h>
#include <stdint.h>

enum boot_medium {
	BOOT_MEDIUM_ISO,   /* what is booted */
	BOOT_MEDIUM_CONFIG /* the data alone, for a second drive */
};

enum boot_media_state {
	BOOT_MEDIA_WORKING, /* Secrets or the image are being read; wakes */
	BOOT_MEDIA_READY,
	BOOT_MEDIA_RETRY,  /* failed, and tried again by itself; wakes */
	BOOT_MEDIA_REFUSED /* until the user changes what `message` names */
};

/* Whose medium, and what the BMC can take. Asked for attempt 1 before the host's
 * record serves the claim: a host whose image or data is no good stays Claimed,
 * takes no place of the fleet's limit, and costs no attempt. So an answer must
 * not wait for url() to be there. */
struct boot_media_ask {
	const char *host; /* key "ns/name" */
	const char
	    *claim; /* claim id; the consumer is that of the host's spec */
	int attempt;
	bool second_drive; /* the BMC has another usable CD drive */
};

#define BOOT_MEDIA_DATA 48
struct boot_media_answer {
	enum boot_media_state state;
	/* Static; NULL = nothing to say of it. Reasons of MediaReachable and of
	 * BootstrapDataReady, by their names in the API. */
	const char *media_reason, *data_reason;
	char message[512];
	unsigned percent; /* of the image that is read and proven, 0 to 100 */
	/* READY: what is to stand in the record (record.data) before a BMC is
	 * given the medium: way of delivery and a hash of all that goes in
	 * ("embedded:1a2b...", "config:...", "none:..."). Whatever replica
	 * serves it later composes exactly this, or refuses. */
	char data[BOOT_MEDIA_DATA];
	bool config; /* there is a second medium to insert */
	bool report; /* the machine will phone home */
};

/* What was read so far, for progress and evidence; times of the loop's clock,
 * 0 = never. */
struct boot_media_seen {
	uint64_t bytes, size;
	unsigned permille; /* of its parts */
	int64_t first_us, last_us;
	int64_t catalog_us, loader_us, kernel_us, root_us; /* first reads */
	bool downloaded; /* from first to last byte in order: no boot */
	bool reading;    /* a reply is under way now */
};

struct boot_media {
	void *self;
	/* Tells what is known at once and sets off what is missing. */
	void (*look)(void *self, const struct boot_media_ask *ask,
	    struct boot_media_answer *out);
	/* Owned; NULL: that claim does not live (yet); wakes when it does. By
	 * the key in force: what a drive shows may have another token in the
	 * same place, of the key before. */
	char *(*url)(void *self, const char *host, const char *claim,
	    int attempt, enum boot_medium which);
	/* false: nothing was read, here at least: another replica may have
	 * served it. Silence proves nothing. */
	bool (*seen)(void *self, const char *host, enum boot_medium which,
	    struct boot_media_seen *out);
	/* Set by the controllers: an answer for that host may have changed. */
	void (*wake)(void *arg, const char *host);
	void *wake_arg;
};

#endif
