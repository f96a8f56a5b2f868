/*
 * Partition tables of hybrid images, which are disks as well: MBR, and a GPT
 * whose copy stands at the image's end (UEFI 2.10 chapter 5). What is appended
 * to the image goes before a new copy, and the partition that holds the ISO file
 * system grows over it, unless another one lies behind it. An Apple partition
 * map stays as it is. A GPT whose checksums are wrong is left alone: nothing
 * reads it as it stands.
 */
#ifndef B7_AGENT_MEDIA_PTABLE_H
#define B7_AGENT_MEDIA_PTABLE_H

#include "agent/media/overlay.h"

#define PTABLE_BLOCK 512u
#define PTABLE_ENTRIES 32768u /* bytes of a GPT: xorriso has up to 248 */
#define PTABLE_BACKUP (PTABLE_ENTRIES + PTABLE_BLOCK)

struct ptable {
	bool mbr, gpt;
	uint8_t head[PTABLE_BLOCK];   /* MBR */
	uint8_t header[PTABLE_BLOCK]; /* GPT */
	uint8_t entries[PTABLE_ENTRIES];
	uint32_t n_entries; /* bytes */
	uint64_t at;        /* of the entries in the image */
};

/* MEDIA_BAD: a GPT that nothing here can write (ERR_SPEC). */
enum media_step ptable_load(struct ptable *t, struct overlay *o, struct err *e);
/* Size of an image whose data end there, with room for the copy of the GPT;
 * whole MiB if the base has those (isohybrid's cylinders). */
uint64_t ptable_size(const struct ptable *t, uint64_t base, uint64_t data);
/* Changes the tables for an image of that size, and makes the copy of the GPT:
 * its bytes, which end the image; 0 = there is none. */
size_t ptable_write(struct ptable *t, struct overlay *o, uint64_t size,
    uint8_t backup[PTABLE_BACKUP]);

#endif
