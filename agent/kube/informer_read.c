/* Questions to an informer; nothing here changes what it knows. */
#include "agent/kube/informer_impl.h"
#include "common/str.h"

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

void
informer_status(const struct informer *inf, struct informer_status *s)
{
	*s = (struct informer_status){ .state = inf->state,
		.synced = inf->synced,
		.current = inf->healthy && inf->synced && !inf->relist,
		.age_us = inf->proof_us < 0
			      ? -1
			      : loop_mono_us(inf->env->loop) - inf->proof_us,
		.err = inf->err,
		.resource_version = inf->rv != NULL ? inf->rv : "",
		.lists = inf->lists,
		.watches = inf->watches,
		.events = inf->events,
		.garbage = inf->garbage,
		.relists = inf->relists,
		.objects = inf->objects.n,
		.text_bytes = inf->bytes };
}
