/*
 * A media server that a test is: it answers what the test says, and its tokens
 * live by the records of the hosts, as the real one's do. Its URLs are at the
 * stage's origin, which serves any path by its last part.
 */
#ifndef B7_TESTS_FAKE_MEDIA_H
#define B7_TESTS_FAKE_MEDIA_H

#include "agent/control/boot_media.h"
#include "tests/unit/safety_rig.h"

/* Every token begins so: it is to be seen nowhere. */
#define FAKE_TOKEN "fakefakefakefake"

struct fake_media {
	struct boot_media face;
	struct rig *r;      /* set once there is one */
	const char *image;  /* last part of the URL; NULL = installer.iso */
	const char *config; /* NULL = no-boot.iso */
	/* What look() says. */
	enum boot_media_state state;
	const char *media_reason, *data_reason, *message;
	unsigned percent;
	/* Of READY: "WAY:HASH", WAY of a BMC with two drives may be another. */
	const char *way, *way_of_two;
	unsigned hash;
	bool mute;    /* url() says nothing */
	unsigned key; /* tokens are of it */
	struct boot_media_seen seen;
	bool has_seen;
	/* Called before each answer; NULL = nobody. */
	void (*before)(struct fake_media *f);
	/* What was asked. */
	unsigned looks, looks_of_two;
	int attempt; /* the last one */
};

void fake_media_init(struct fake_media *f);
/* An answer changed. */
void fake_media_wake(struct fake_media *f, const char *host);

/* ---- a story with one host ---------------------------------------------------- */

#define BMC "bmc-000"
#define HKEY HOST, BMC

/* Knobs: two drives that take a CD each; a BMC without BootProgress. */
extern const char two_drives[], tells_nothing[];
extern const struct bmc_timing quick;

struct story {
	struct fake_media f;
	struct rig *r;
	unsigned shown; /* commits and lines with a token */
};

void story_begin(struct story *t, struct rig_opts o);
void story_end(struct story *t); /* no token was shown */
bool record_is(struct rig *r, const char *member, const char *value);
bool record_begins(struct rig *r, const char *member, const char *value);
/* In its status, as it is printed. */
bool message_has(
    struct rig *r, const char *res, const char *name, const char *words);
int64_t now_us(const struct story *t); /* of the world's clock */

#endif
