/*
 * Other names for what identifies a machine, the same one for the same thing
 * wherever it stands: UUIDs, MAC and IP addresses are recognised by their
 * form, serials and host names by having been learned. Pseudonyms count up,
 * so that nothing of the original can be computed from them, and keep their
 * form, so that a client reads them as it read the original. Pure.
 */
#ifndef B7_AGENT_PROBE_PSEUDONYM_H
#define B7_AGENT_PROBE_PSEUDONYM_H

#include <stdbool.h>
#include <stddef.h>

#include "common/buf.h"

struct pseudonyms;

enum pseudonym_kind {
	PSEUDONYM_SERIAL,
	PSEUDONYM_HOST,
	PSEUDONYM_ASSET,
	PSEUDONYM_USER,
	PSEUDONYM_UUID,
	PSEUDONYM_MAC,
	PSEUDONYM_IP4,
	PSEUDONYM_IP6,
	PSEUDONYM_KINDS
};

/* keep: identities stay as they are; users are renamed all the same. */
struct pseudonyms *pseudonyms_new(bool keep);
void pseudonyms_free(struct pseudonyms *p);

/* The pseudonym of a whole value; borrowed. Placeholders ("N/A", zeros) and
 * what is too short to be anybody's name come back as they are. */
const char *pseudonym_of(
    struct pseudonyms *p, enum pseudonym_kind kind, const char *text);
/* From now on it is also replaced where it stands inside of other texts. */
void pseudonym_learn(
    struct pseudonyms *p, enum pseudonym_kind kind, const char *text);
/* Appends s with every identity in it replaced. ip4: dotted quads are
 * addresses here (and not the version of a firmware). */
void pseudonyms_apply(
    struct pseudonyms *p, const char *s, bool ip4, struct buf *out);
/* The same for a learned user name that stands as a word of its own. */
void pseudonyms_apply_users(
    struct pseudonyms *p, const char *s, struct buf *out);

#endif
