/* See cache.h. A watch that ends is resumed by a new list: simple, and right
 * also after 410. */
#include "sim/core/cache.h"

#include <string.h>

#include "common/json.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/str.h"

#define CACHE_RETRY LOOP_S

struct core_cache {
	const struct env *env;
	struct core_client *client;
	char *path; /* owned */
	struct map trees;
	struct core_stream *stream;
	struct timer retry;
	bool synced;
	void (*changed)(void *arg, const char *key, const cJSON *tree);
	void *arg;
};

static void cache_list(void *arg);

static void
cache_tree_free(void *p)
{
	cJSON_Delete(p);
}

static char *
cache_key(const cJSON *o)
{
	const char *ns = json_str(o, "metadata/namespace", NULL);
	const char *name = json_str(o, "metadata/name", "");

	return ns == NULL ? xstrdup(name) : xasprintf("%s/%s", ns, name);
}

static void
cache_put(struct core_cache *c, const cJSON *o)
{
	char *key = cache_key(o);
	cJSON *old = map_get(&c->trees, key);
	bool same =
	    old != NULL && str_eq(json_str(old, "metadata/resourceVersion", ""),
			       json_str(o, "metadata/resourceVersion", "-"));

	if (!same) {
		cJSON_Delete(map_put(&c->trees, key, json_dup(o)));
		c->changed(c->arg, key, map_get(&c->trees, key));
	}
	xfree(key);
}

static void
cache_drop(struct core_cache *c, const char *key)
{
	cJSON *old = map_take(&c->trees, key);

	if (old != NULL)
		c->changed(c->arg, key, old);
	cJSON_Delete(old);
}

static void
cache_ended(void *arg, int status)
{
	struct core_cache *c = arg;

	(void)status; /* whatever it was, a new list settles it */
	c->stream = NULL;
	timer_start(c->env->loop, &c->retry, CACHE_RETRY, cache_list, c);
}

static void
cache_line(void *arg, const cJSON *line)
{
	struct core_cache *c = arg;
	const char *type = json_str(line, "type", "");
	const cJSON *o = json_obj(line, "object");
	char *key;

	if (str_eq(type, "ADDED") || str_eq(type, "MODIFIED"))
		cache_put(c, o);
	if (str_eq(type, "DELETED")) {
		key = cache_key(o);
		cache_drop(c, key);
		xfree(key);
	}
}

/* What the list does not name any more is gone. */
static void
cache_sweep(struct core_cache *c, const cJSON *items)
{
	struct map seen = { 0 };
	const cJSON *o;
	size_t i = 0;

	cJSON_ArrayForEach (o, items) {
		char *key = cache_key(o);

		(void)map_put(&seen, key, c); /* a set */
		xfree(key);
	}
	while (i < c->trees.n) {
		char *key = xstrdup(c->trees.v[i].key);

		if (map_get(&seen, key) == NULL)
			cache_drop(c, key);
		else
			i++;
		xfree(key);
	}
	map_free(&seen, NULL);
}

static void
cache_listed(void *arg, int status, const cJSON *body)
{
	struct core_cache *c = arg;
	struct core_stream_fns f = { cache_line, cache_ended, c };
	const cJSON *o;
	char *target;

	if (status != 200 || json_arr(body, "items") == NULL) {
		timer_start(
		    c->env->loop, &c->retry, CACHE_RETRY, cache_list, c);
		return;
	}
	cache_sweep(c, json_arr(body, "items"));
	cJSON_ArrayForEach (o, json_arr(body, "items"))
		cache_put(c, o);
	c->synced = true;
	target = xasprintf("%s%cwatch=1&timeoutSeconds=600&resourceVersion=%s",
	    c->path, strchr(c->path, '?') == NULL ? '?' : '&',
	    json_str(body, "metadata/resourceVersion", ""));
	c->stream = core_stream_open(c->client, target, &f);
	xfree(target);
}

static void
cache_list(void *arg)
{
	struct core_cache *c = arg;

	core_request(c->client, "GET", c->path, NULL, NULL,
	    (struct core_done){ cache_listed, c });
}

struct core_cache *
core_cache_new(const struct env *env, struct core_client *client,
    const char *path,
    void (*changed)(void *arg, const char *key, const cJSON *tree), void *arg)
{
	struct core_cache *c = xcalloc(1, sizeof(*c));

	c->env = env;
	c->client = client;
	c->path = xstrdup(path);
	c->changed = changed;
	c->arg = arg;
	timer_start(env->loop, &c->retry, 0, cache_list, c);
	return c;
}

void
core_cache_free(struct core_cache *c)
{
	if (c == NULL)
		return;
	timer_stop(&c->retry);
	map_free(&c->trees, cache_tree_free);
	xfree(c->path);
	xfree(c);
}

const cJSON *
core_cache_get(const struct core_cache *c, const char *key)
{
	return c == NULL ? NULL : map_get(&c->trees, key);
}

const struct map *
core_cache_all(const struct core_cache *c)
{
	return &c->trees;
}

bool
core_cache_synced(const struct core_cache *c)
{
	return c->synced;
}
