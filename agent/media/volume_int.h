/* What making and writing a small volume share. */
#ifndef B7_AGENT_MEDIA_VOLUME_INT_H
#define B7_AGENT_MEDIA_VOLUME_INT_H

#include "agent/media/cd_int.h"
#include "agent/media/volume.h"

#define VOLUME_TABLES 19u /* sector of the first: three descriptors before */

struct volume_node {
	char name[VOLUME_NAME + 1];
	char id[16]; /* of ISO 9660 */
	uint32_t parent;
	unsigned level;                  /* of folders: the root's is 1 */
	const struct compose_file *file; /* NULL = a folder */
	/* In the primary tree and in Joliet's; a file's are the same, 0 = no
	 * bytes. */
	uint32_t sectors[2], sizes[2];
};
struct volume {
	const char *label;
	struct volume_node v[VOLUME_NODES];
	uint32_t n;
	uint32_t tables[2]; /* sectors of the path tables */
	uint32_t area;      /* sector with what says "Rock Ridge" */
	uint32_t sectors;   /* that are not padding */
	uint32_t all;
};

size_t volume_kids(
    const struct volume *v, bool joliet, uint32_t dir, uint32_t out[]);
size_t volume_dirs(const struct volume *v, bool joliet, uint32_t out[]);
/* Whole sectors. */
uint32_t volume_dir_size(const struct volume *v, bool joliet, uint32_t dir);
/* One sector each is all that they get; Joliet's is the longer one. */
bool volume_tables_fit(const struct volume *v);
void volume_write(const struct volume *v, uint8_t *image);

#endif
