/* One claim's media in the making. Inside of agent/claims/media only. */
#ifndef B7_AGENT_CLAIMS_MEDIUM_H
#define B7_AGENT_CLAIMS_MEDIUM_H

#include "agent/claims/media.h"
#include "agent/claims/wish.h"
#include "agent/media/reader.h"

enum medium_state {
	MEDIUM_IDLE,      /* told already, or waits for its turn or a timer */
	MEDIUM_READING,   /* the API is asked */
	MEDIUM_BASE,      /* the image is not proven yet */
	MEDIUM_COMPOSING, /* parts of the base may be read */
	MEDIUM_READY
};

struct medium_asker {
	TAILQ_ENTRY(medium_asker) in_medium;
	enum token_purpose which;
	serve_opened *fn;
	void *arg;
};

struct medium {
	LIST_ENTRY(medium) in_media;
	struct media *m;
	char *host, *ns, *name, *claim; /* owned; host is "ns/name" */
	int attempt;
	bool second; /* drive */
	bool former; /* key, in the report's token */
	bool over;   /* not to be handed out any more */
	bool closed; /* what is not served any more is to go */
	bool parted; /* without what there is for the second drive */
	bool queued, told;
	enum medium_state state;
	struct boot_media_answer answer; /* what was found last */
	struct wish_call *reading;
	struct wish wish;
	struct base_user user;
	struct base_image *image; /* counted, while it is composed */
	struct source_run run;
	struct delivery_out delivery;
	const char *media_reason, *data_reason; /* of the step that failed */
	struct composed made[TOKEN_MEDIA];
	struct reader readers[TOKEN_MEDIA];
	char etag[TOKEN_MEDIA][80];
	size_t bytes; /* held by made */
	struct err failed;
	unsigned refs; /* readers */
	int64_t used_us, looked_us;
	TAILQ_HEAD(, medium_asker) askers;
	struct timer again, patience;
	struct deferred turn, news; /* of what it is made of; of its base */
	struct deferred leave;
};

/* medium_make.c: from the API to bytes; medium_done() is told once. */
void medium_make(struct medium *t);
void medium_stop(struct medium *t);  /* what is under way */
void medium_evict(struct medium *t); /* what was made; the answer stays */
void medium_part(struct medium *t);  /* the same of the data alone */
/* What its record says; "" = nothing yet. */
const char *medium_pinned(const struct medium *t);

/* media.c. e NULL: READY, and answer is filled. */
void medium_done(
    struct medium *t, enum boot_media_state state, const struct err *e);
void medium_waits(struct medium *t); /* for its base */

struct media {
	struct kube_client *kube; /* borrowed */
	const struct env *env;
	struct media_opts o;
	char *report_url, *report_ca; /* owned */
	LIST_HEAD(, medium) v;
	unsigned making;
	size_t bytes;
	struct timer sweep;
};

#endif
