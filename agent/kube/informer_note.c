/* Our own writes: what their replies showed is in the cache before the watch
 * shows it. */
#include <stdint.h>

#include "agent/kube/informer_impl.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"

static bool
concerns_us(const struct informer *inf, const cJSON *o)
{
	char key[KOBJ_KEY_CAP];

	if (o == NULL || !cache_identify(inf, o, key, NULL) ||
	    !str_eq(kobj_kind(o), inf->o.res->kind))
		return false;
	/* Whether it matches a selector is the server's to say. */
	return (inf->o.label_selector == NULL &&
		   inf->o.field_selector == NULL) ||
	       cache_get(inf, key) != NULL;
}

/* Takes tree. */
static void
note(struct informer *inf, const cJSON *object, cJSON *tree)
{
	char key[KOBJ_KEY_CAP];
	const struct cached *now;
	bool gone;

	gone = kobj_deleting(object) && kobj_finalizers(object) == 0;
	if (gone)
		(void)cache_remove(inf, tree, FROM_NOTE, NULL);
	else
		(void)cache_put(inf, tree, FROM_NOTE, NULL);
	(void)kobj_key(object, key);
	now = cache_get(inf, key);
	if ((now != NULL && now->awaited && str_eq(now->rv, kobj_rv(object))) ||
	    (gone && map_get(&inf->tombs, key) != NULL)) {
		xreplace(&inf->want_rv, kobj_rv(object));
		informer_expect(inf);
	}
}

void
cache_note(struct informer *inf, const cJSON *object)
{
	note(inf, object, json_dup(object));
}

static bool
noted(const struct informer *inf, const cJSON *object)
{
	return concerns_us(inf, object) && inf->state != INFORMER_IDLE;
}

void
informer_note_write(struct informer *inf, const cJSON *object)
{
	if (noted(inf, object))
		cache_note(inf, object);
}

void
informer_note_reply(struct informer *inf, const struct kube_reply *r)
{
	const cJSON *o = r->object;

	if (!noted(inf, o))
		return;
	/* Of what is kept as it is, the call's tree will do. */
	if (!r->lasting || cache_strips(inf, o))
		cache_note(inf, o);
	else
		note(inf, o, (cJSON *)(uintptr_t)json_hold(o));
}
