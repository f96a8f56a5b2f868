/*
 * Which tokens live: one claim a host, with the tokens that the key in force
 * (and the one before it, for boots that began under it) makes for it. Whoever
 * is not in here does not exist for the server.
 */
#ifndef B7_AGENT_SERVE_LIVE_H
#define B7_AGENT_SERVE_LIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "agent/serve/ahead.h"
#include "agent/serve/rate.h"
#include "agent/serve/seen.h"
#include "agent/serve/token.h"
#include "common/env.h"
#include "common/http.h"
#include "common/map.h"

struct live_keys {
	uint8_t key[TOKEN_KEY], former[TOKEN_KEY];
	bool has, has_former;
	/* The former key counts for attempts that armed their boot before this
	 * (UTC seconds). */
	int64_t changed_s;
};

#define LIVE_DATA 48
/* Why a claim's token of one purpose is good, or not. */
struct live_who {
	const char *ns, *name; /* borrowed; of the host */
	const char *claim;
	int attempt;
	int64_t armed_s;                 /* UTC; 0 = no boot was armed yet */
	const char *data;                /* what its media are; NULL = none */
	bool may[TOKEN_PURPOSES];        /* what its tokens open */
	int64_t until_s[TOKEN_PURPOSES]; /* UTC; 0 = as long as it may */
};

/* Counted: requests outlive the claim that they belong to. */
struct live_claim {
	unsigned refs;
	struct live *live;             /* NULL: dead */
	char *key, *ns, *name, *claim; /* owned; key = ns/name */
	int attempt;
	int64_t armed_s;
	char data[LIVE_DATA]; /* "": nothing is to be served yet */
	bool may[TOKEN_PURPOSES];
	int64_t until_s[TOKEN_PURPOSES];
	/* [0] by the key in force, [1] by the former one; "" = none. */
	char tokens[2][TOKEN_PURPOSES][TOKEN_CAP];
	/* Of the server: */
	bool bound;
	struct http_addr reader; /* the first one, if tokens are bound */
	struct rate rate;
	unsigned streams[TOKEN_MEDIA], reports; /* under way */
	struct seen seen[TOKEN_MEDIA];          /* size 0 until it was opened */
	char etag[TOKEN_MEDIA][80];      /* of the media that seen is about */
	struct ahead ahead[TOKEN_MEDIA]; /* of the stream that read last */
};

struct live {
	const struct env *env; /* borrowed */
	struct live_keys keys;
	struct map claims; /* host key -> struct live_claim, owned */
	struct map tokens; /* salted hash of a token -> struct live_claim */
	uint8_t salt[32];  /* so that no lookup's time tells of a token */
	/* Told when a claim dies, or one of its purposes is closed; it is
	 * still whole then. NULL = nobody. */
	void (*closed)(void *arg, struct live_claim *c);
	void *closed_arg;
};

void live_init(struct live *l, const struct env *env);
void live_fini(struct live *l); /* all die, nobody is told; wipes the keys */
/* NULL: none is known, nothing lives until one is. */
void live_set_keys(struct live *l, const struct live_keys *k);
/* The claim of a host as it is now; another one, or another attempt, of the
 * same host dies first. */
void live_put(struct live *l, const struct live_who *w);
void live_drop(struct live *l, const char *host_key);
/* NULL: no such token lives now. Borrowed; live_ref() keeps it. */
struct live_claim *live_find(
    struct live *l, enum token_purpose purpose, const char token[TOKEN_CAP]);
/* The token to hand out; NULL: that claim and attempt do not live, or there is
 * no key yet. */
const char *live_token(const struct live *l, const char *host_key,
    const char *claim, int attempt, enum token_purpose purpose);
/* The same before it lives, by the key in force or by the one before that; false:
 * there is none such. */
bool live_token_of(const struct live *l, const struct token_of *of,
    enum token_purpose purpose, bool former, char out[TOKEN_CAP]);
struct live_claim *live_get(const struct live *l, const char *host_key);
/* It may still be used for that: asked before each piece of a reply. */
bool live_open(const struct live_claim *c, enum token_purpose purpose);
struct live_claim *live_ref(struct live_claim *c);
void live_unref(struct live_claim *c);

#endif
