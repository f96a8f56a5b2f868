/* See links.h. */
#include "agent/control/links.h"

#include <string.h>

#include "common/mem.h"
#include "common/str.h"

/* No key of Kubernetes and no identity has this byte. */
#define LINK_SEPARATOR "\x1f"

static char *
links_pair(const char *from, const char *to)
{
	return xasprintf("%s" LINK_SEPARATOR "%s", from, to);
}

void
links_add(struct links *l, const char *from, const char *to)
{
	char *pair = links_pair(from, to);

	(void)map_put(&l->pairs, pair, l); /* a set: the value says nothing */
	xfree(pair);
}

void
links_remove(struct links *l, const char *from, const char *to)
{
	char *pair = links_pair(from, to);

	(void)map_take(&l->pairs, pair); /* absent is fine */
	xfree(pair);
}

void
links_free(struct links *l)
{
	map_free(&l->pairs, NULL);
	memset(l, 0, sizeof(*l));
}

void
links_each(const struct links *l, const char *from,
    bool (*fn)(void *arg, const char *to), void *arg)
{
	char *prefix = links_pair(from, "");
	size_t n = strlen(prefix);

	for (size_t i = map_lower(&l->pairs, prefix); i < l->pairs.n; i++) {
		const char *pair = l->pairs.v[i].key;

		if (!str_has_prefix(pair, prefix) || !fn(arg, pair + n))
			break;
	}
	xfree(prefix);
}

struct links_pick {
	const char *not_this, *found;
};

static bool
links_pick_one(void *arg, const char *to)
{
	struct links_pick *p = arg;

	if (p->not_this != NULL && str_eq(to, p->not_this))
		return true;
	p->found = to;
	return false;
}

const char *
links_other(const struct links *l, const char *from, const char *to)
{
	struct links_pick p = { to, NULL };

	links_each(l, from, links_pick_one, &p);
	return p.found;
}

const char *
links_first(const struct links *l, const char *from)
{
	return links_other(l, from, NULL);
}
