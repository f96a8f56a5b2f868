/* What the files of the parser, and what composes by it, share. */
#ifndef B7_AGENT_MEDIA_CD_INT_H
#define B7_AGENT_MEDIA_CD_INT_H

#include "agent/media/cd.h"

/* Directory record, ECMA-119 9.1: offsets. */
enum cd_record {
	REC_LEN = 0,
	REC_XAR = 1,
	REC_SECTOR = 2, /* both byte orders */
	REC_SIZE = 10,
	REC_DATE = 18,
	REC_FLAGS = 25,
	REC_UNIT = 26,
	REC_GAP = 27,
	REC_VOLUME = 28,
	REC_NAME_LEN = 32,
	REC_NAME = 33
};
enum cd_record_flag {
	RECF_HIDDEN = 1,
	RECF_DIR = 2,
	RECF_ASSOCIATED = 4,
	RECF_MORE = 0x80 /* not the last extent of its file */
};
/* Volume descriptor, ECMA-119 8.4: offsets. */
enum cd_volume {
	VOL_NAME = 40,
	VOL_BLOCKS = 80,
	VOL_ESCAPES = 88,
	VOL_BLOCK_SIZE = 128,
	VOL_TABLE_SIZE = 132,
	VOL_TABLES = 140, /* L, optional L: little; M, optional M: big */
	VOL_ROOT = 156,
	VOL_USE = 883,
	VOL_USE_N = 512
};

static inline uint16_t
cd_le16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t
cd_le32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
	       (uint32_t)p[3] << 24;
}

static inline uint32_t
cd_be32(const uint8_t *p)
{
	return (uint32_t)p[3] | (uint32_t)p[2] << 8 | (uint32_t)p[1] << 16 |
	       (uint32_t)p[0] << 24;
}

static inline void
cd_put_le32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> 8 * i);
}

static inline void
cd_put_be32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[3 - i] = (uint8_t)(v >> 8 * i);
}

static inline void
cd_put_both32(uint8_t *p, uint32_t v)
{
	cd_put_le32(p, v);
	cd_put_be32(p + 4, v);
}

static inline uint32_t
cd_sectors(uint64_t bytes)
{
	return (uint32_t)((bytes + MEDIA_SECTOR - 1) / MEDIA_SECTOR);
}

/* System use fields of one record (SUSP 1.12, RRIP 1.12). Places are offsets in
 * the image, 0 = there is none. */
struct cd_susp {
	bool has_name, symlink, packed, moved;
	bool sp, rock; /* of a root: SUSP is used; Rock Ridge is named */
	uint8_t skip;
	uint32_t mode;          /* of PX; 0 = none */
	uint32_t links;         /* of PX */
	uint32_t child, parent; /* CL, PL: sectors as they stand; 0 = none */
	uint64_t px, cl, pl;    /* where these entries are */
	uint8_t px_n;           /* bytes of PX: 36 or 44 */
	bool rr;                /* the old RR entry is used */
	size_t n_name;
	char name[CD_NAME_MAX + 1];
};
struct cd_rec {
	const uint8_t *p; /* the record, whole */
	uint64_t at;      /* of its first byte in the image */
	bool root; /* the `.` of a root: bytes to skip are not known yet */
};
enum media_step cd_susp(struct cd_susp *u, const struct cd_tree *t,
    struct sparse *s, const struct cd_rec *r, struct err *e);

/* All bytes of a folder; out is reset. */
enum media_step cd_folder(const struct cd_tree *t, uint32_t node,
    struct sparse *s, struct buf *out, struct err *e);

/* A pass of the parser. */
struct cd_pass {
	struct cd *cd;
	struct sparse *s;
	struct err *e;
	bool missing;     /* something is wanted: the pass goes on for more */
	uint64_t folders; /* bytes of all of them so far */
};
/* The parts of cd_parse(); false: e. Each goes on over what is missing. */
bool cd_parse_tree(struct cd_pass *p, struct cd_tree *t);
bool cd_parse_boot(struct cd_pass *p);
/* Once nothing is missing. */
bool cd_link(struct cd_tree *t, struct err *e);
bool cd_map(struct cd *cd, struct err *e);

/* Puts "folder /a/b: " before what e says; returns false. */
bool cd_at_folder(const struct cd_tree *t, uint32_t node, struct err *e);
/* A name for a message: printable, and cut. */
#define CD_SHOWN 120
const char *cd_shown(const char *name, char out[CD_SHOWN]);

/* An identifier as a name: what follows ';' and a last '.' go; UCS-2 becomes
 * UTF-8. false: it is no name. */
bool cd_identifier(
    enum cd_kind kind, const uint8_t *p, size_t n, char out[CD_NAME_MAX + 1]);

#endif
