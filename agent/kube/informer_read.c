/* Questions to an informer; nothing here changes what it knows. */
#include "agent/kube/informer_impl.h"
#include "common/str.h"

const char *
informer_state_name(enum informer_state s)
{
	switch (s) {
	case INFORMER_IDLE:
		return "idle";
	case INFORMER_LISTING:
		return "listing";
	case INFORMER_WATCHING:
		return "watching";
	case INFORMER_BACKOFF:
		return "backoff";
	case INFORMER_ABSENT:
		return "absent";
	}
	return "?";
}

const cJSON *
informer_get(struct informer *inf, const char *key)
{
	struct cached *c = map_get(&inf->objects, key);

	return c == NULL ? NULL : kept_hold(inf, c);
}

const char *
informer_rv(const struct informer *inf, const char *key)
{
	const struct cached *c = cache_get(inf, key);

	return c == NULL ? NULL : c->rv;
}

const char *
informer_text(const struct informer *inf, const char *key)
{
	const struct cached *c = cache_get(inf, key);

	return c == NULL ? NULL : c->text;
}

bool
informer_has(const struct informer *inf, const char *key)
{
	return cache_get(inf, key) != NULL;
}

bool
informer_holds(const struct informer *inf, const char *key, const char *uid,
    const char *rv)
{
	const struct cached *c = cache_get(inf, key);

	return c != NULL && uid != NULL && rv != NULL && str_eq(c->uid, uid) &&
	       str_eq(c->rv, rv);
}

size_t
informer_count(const struct informer *inf)
{
	return inf->objects.n;
}

const char *
informer_key_at(const struct informer *inf, size_t i)
{
	return i < inf->objects.n ? inf->objects.v[i].key : NULL;
}

size_t
informer_lower(const struct informer *inf, const char *key)
{
	return map_lower(&inf->objects, key);
}

const struct kube_resource *
informer_resource(const struct informer *inf)
{
	return inf->o.res;
}

bool
informer_synced(const struct informer *inf)
{
	return inf->synced;
}

bool
informer_past(const struct informer *inf, const char *rv)
{
	bool comparable;
	int order = kube_rv_compare(inf->rv == NULL ? "0" : inf->rv,
	    rv == NULL ? "0" : rv, &comparable);

	return !comparable || order >= 0;
}

void
informer_status(const struct informer *inf, struct informer_status *s)
{
	*s = (struct informer_status){ .state = inf->state,
		.synced = inf->synced,
		.current = inf->healthy && inf->synced &&
			   (!inf->relist || inf->refreshing),
		.age_us = inf->proof_us < 0
			      ? -1
			      : loop_mono_us(inf->env->loop) - inf->proof_us,
		.err = inf->err,
		.resource_version = inf->rv != NULL ? inf->rv : "",
		.listed_us = inf->listed_us,
		.lists = inf->lists,
		.watches = inf->watches,
		.events = inf->events,
		.garbage = inf->garbage,
		.relists = inf->relists,
		.objects = inf->objects.n,
		.text_bytes = inf->bytes };
}

void
informer_refresh(struct informer *inf)
{
	switch (inf->state) {
	case INFORMER_IDLE:
	case INFORMER_ABSENT: /* a list is what it waits for */
		return;
	case INFORMER_LISTING:
		inf->refresh = true;
		return;
	case INFORMER_BACKOFF:
		inf->relist = true;
		return;
	case INFORMER_WATCHING:
		break;
	}
	kube_cancel(inf->call);
	inf->call = NULL;
	timer_stop(&inf->silence);
	timer_stop(&inf->confirm);
	timer_stop(&inf->retry);
	inf->refreshing = true;
	informer_list(inf);
}
