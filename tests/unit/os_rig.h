/* Media in memory, and the system that is booted from one of them. */
#ifndef B7_TEST_OS_RIG_H
#define B7_TEST_OS_RIG_H

#include "sim/origin/tree.h"
#include "sim/os/os.h"

struct os_rig_image {
	uint8_t *p; /* owned */
	size_t n;
	uint64_t esp_at, esp_size; /* by its boot catalog */
};
/* A family's image with more files in it (NULL = none), perhaps others of its
 * own: path by path, the later one counts. label: NULL = the family's. */
void os_rig_image(struct os_rig_image *im, const char *family,
    const char *label, const struct tree_file *more);
/* A volume that boots nothing. */
void os_rig_volume(
    struct os_rig_image *im, const char *label, const struct tree_file *files);
void os_rig_free(struct os_rig_image *im);

struct os_rig {
	const char *family;
	bool installer, bios, optional, first_boot;
	const struct os_rig_image *image[OS_DRIVES]; /* [0] is booted from */
	/* after a look */
	unsigned wants, passes; /* ranges that were asked for */
	uint64_t bytes;
	const char *phase;
};
/* Runs it until it wants nothing. */
void os_rig_look(struct os_rig *r, struct os_facts *f);

#endif
