/*
 * One look at a whole image: opened where it lies, read in order, proven, and made
 * ready to be served. Inside of agent/claims/bases only.
 */
#ifndef B7_AGENT_CLAIMS_BASE_PROOF_H
#define B7_AGENT_CLAIMS_BASE_PROOF_H

#include "agent/claims/bases.h"
#include "agent/origin/blocks.h"
#include "agent/origin/folder.h"
#include "agent/origin/origin.h"
#include "agent/origin/proven.h"

#define PROOF_WINDOW 4 /* pieces on their way at once */
#define PROOF_PIECE (256u << 10)

struct proof_piece {
	struct proof *of;
	char *p; /* owned; NULL: not there yet */
	size_t n;
	bool asked;
};

struct proof {
	struct base_image image;
	unsigned refs;
	const struct env *env;
	struct origin_reader *origin; /* one of both */
	struct folder_image *folder;
	const struct source *raw;
	struct proven proven;
	struct blocks_view *view;
	struct source_run run;
	struct timer turn;
	struct proof_piece v[PROOF_WINDOW];
	uint64_t asked; /* bytes */
	size_t first;   /* piece that is to be added next */
	bool begun, ending;
	struct err why; /* noted until the next turn */
	bool ended, failed;
	/* Of what is under way: opened, or proven; e NULL = well, else it is the
	 * last that is told. Not from inside of a read; the proof may be given up
	 * in it. */
	void (*done)(void *arg, const struct err *e);
	/* Of each read once it is served: see proven.h. */
	void (*told)(void *arg, const struct err *e);
	void (*progress)(void *arg);
	void *arg;
};

struct proof_opts {
	const char *url;
	const char *origins, *folders;
	struct tls_trust *trust;
};
/* One reference is the caller's, who sets done at once. */
struct proof *proof_new(const struct env *env, const struct proof_opts *o);
void proof_unref(struct proof *p);
/* Once it was opened. */
const char *proof_name(const struct proof *p);
bool proof_changed(const struct proof *p);
/* Then: sha256 NULL = no checksum. name: of its blocks, never used before. */
void proof_begin(struct proof *p, const uint8_t *sha256, struct blocks *cache,
    const char *name);
/* Nothing is told any more. */
void proof_mute(struct proof *p);
unsigned proof_percent(const struct proof *p);
static inline struct proof *
proof_of(struct base_image *i)
{
	return (struct proof *)i; /* its first member */
}
/* What is wrong with bytes that came, by how the parser begins to tell it. */
const char *proof_refusal(const struct err *e);

#endif
