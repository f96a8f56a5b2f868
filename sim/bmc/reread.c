/* See reread.h. */
#include "sim/bmc/reread.h"

#include "common/env.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "sim/bmc/bmc.h"
#include "sim/bmc/fleet_internal.h"
#include "sim/bmc/media_trust.h"
#include "sim/bmc/medium.h"

#define ANSWER_US (20 * LOOP_S)

struct reread {
	struct reread_slot {
		char *url;             /* owned; NULL = was never told one */
		char *id;              /* owned; NULL = was not asked for */
		struct medium *medium; /* owned; NULL = has ended */
		char *why;             /* owned; what came of it */
	} slots[PROFILE_SLOTS];
};

static struct reread *
of_bmc(struct bmc *b)
{
	if (b->reread == NULL)
		b->reread = xcalloc(1, sizeof(*b->reread));
	return b->reread;
}

void
reread_note(struct bmc *b, unsigned slot, const char *url)
{
	xreplace(&of_bmc(b)->slots[slot].url, url);
}

static void
slot_forget(struct reread_slot *s)
{
	medium_cancel(s->medium);
	s->medium = NULL;
	xreplace(&s->id, NULL);
	xreplace(&s->why, NULL);
}

static void
slot_done(void *arg, const struct iso_facts *f, const char *why)
{
	struct reread_slot *s = arg;

	(void)f;
	s->medium = NULL;
	xreplace(&s->why, why == NULL ? "read" : why);
}

static void
slot_start(struct bmc *b, unsigned slot, const char *url, const char *id)
{
	struct reread_slot *s = &b->reread->slots[slot];
	struct medium_opts o = { .env = b->fleet->env,
		.url = url,
		.depth = MEDIUM_SECTOR,
		.chunk = b->fleet->read_chunk,
		.max = b->fleet->read_max,
		.timeout_us = ANSWER_US,
		.done = slot_done,
		.arg = s };

	xreplace(&s->id, id);
	xreplace(&s->why, "reading");
	if (slot < b->profile->n_slots)
		media_trust_apply(b, slot, &o);
	s->medium = medium_start(&o);
}

bool
reread_start(struct bmc *b, const struct bmc *of)
{
	bool any = false;

	if (of->reread == NULL)
		return false;
	reread_cancel(b);
	(void)of_bmc(b);
	for (unsigned i = 0; i < of->profile->n_slots; i++) {
		const char *url = of->reread->slots[i].url;

		if (url == NULL)
			continue;
		any = true;
		slot_start(b, i, url, of->profile->slots[i].id);
	}
	return any;
}

cJSON *
reread_json(const struct bmc *b)
{
	cJSON *list = cJSON_CreateArray();

	for (unsigned i = 0; b->reread != NULL && i < PROFILE_SLOTS; i++) {
		const struct reread_slot *s = &b->reread->slots[i];
		cJSON *j;

		if (s->id == NULL)
			continue;
		j = cJSON_CreateObject();
		json_set_str(j, "id", s->id);
		json_set_str(j, "result", s->why);
		cJSON_AddItemToArray(list, j);
	}
	return list;
}

void
reread_cancel(struct bmc *b)
{
	for (unsigned i = 0; b->reread != NULL && i < PROFILE_SLOTS; i++)
		slot_forget(&b->reread->slots[i]);
}

void
reread_free(struct bmc *b)
{
	reread_cancel(b);
	for (unsigned i = 0; b->reread != NULL && i < PROFILE_SLOTS; i++)
		xfree(b->reread->slots[i].url);
	xfree(b->reread);
	b->reread = NULL;
}
