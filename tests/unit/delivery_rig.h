/* Boot images by the marks of their family, and what delivery() makes of them. */
#ifndef B7_TEST_DELIVERY_RIG_H
#define B7_TEST_DELIVERY_RIG_H

#include "agent/delivery/delivery.h"

#define RIG_URL "http://10.0.0.9:8091/r/abcdefghijklmnopqrstuvwxyz"

struct delivery_rig {
	struct composed image;
	uint8_t *bytes; /* owned */
	size_t n;
	struct cd cd;
	struct sparse s;
	struct delivery_in in; /* a test changes what it wants */
	struct delivery_out out;
	struct err e;
};

enum rig_family {
	RIG_OTHER,
	RIG_UBUNTU,
	RIG_CASPER,
	RIG_COREOS,
	RIG_FLATCAR,
	RIG_TALOS,
	RIG_KAIROS,
	RIG_MICROOS,
	RIG_DEBIAN,
	RIG_FEDORA,
	RIG_ANACONDA
};
/* payload: text; NULL = none. The rest of in: names, a report URL, a live
 * system, one drive. */
void rig_begin(
    struct delivery_rig *r, enum rig_family family, const char *payload);
/* Feeds what is wanted; frees what was made before. */
enum media_step rig_run(struct delivery_rig *r);
void rig_end(struct delivery_rig *r);
/* A file that was made; "" = there is none. iso: of the boot ISO, else of the
 * second medium. */
const char *rig_file(const struct delivery_rig *r, bool iso, const char *path);
size_t rig_size(const struct delivery_rig *r, bool iso, const char *path);
/* What base64 says behind `mark`; owned, "" = nothing. */
char *rig_decode(const char *text, const char *mark);
bool rig_has(const char *text, const char *what);

#endif
