#include "sim/kube/stats.h"

#include <string.h>

#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"

#define PARTS 3
/* Users and object names come from peers: beyond this all count as one. */
#define MAX_KEYS 200000u

void
ks_stats_fini(struct ks_stats *s)
{
	map_free(&s->requests, xfree);
	map_free(&s->writes, xfree);
	*s = (struct ks_stats){ 0 };
}

static void
count(struct map *m, const char *a, const char *b, const char *c)
{
	char *key = xasprintf("%s\t%s\t%s", a, b, c);
	int64_t *n = map_get(m, key);

	if (n == NULL) {
		if (m->n >= MAX_KEYS)
			xreplace(&key, "(more)\t(more)\t(more)");
		n = map_get(m, key);
		if (n == NULL) {
			n = xcalloc(1, sizeof(*n));
			(void)map_put(m, key, n);
		}
	}
	(*n)++;
	xfree(key);
}

void
ks_stats_request(struct ks_stats *s, const char *user, const char *verb,
    const char *resource)
{
	count(&s->requests, user, verb, resource);
}

void
ks_stats_write(struct ks_stats *s, const char *user, const char *resource,
    const char *object)
{
	count(&s->writes, user, resource, object);
}

static bool
part_is(const char **key, const char *want)
{
	size_t n = strcspn(*key, "\t");
	bool same =
	    want == NULL || (strlen(want) == n && memcmp(*key, want, n) == 0);

	*key += n + ((*key)[n] == '\t');
	return same;
}

static int64_t
sum(const struct map *m, const char *const want[PARTS])
{
	int64_t total = 0;

	for (size_t i = 0; i < m->n; i++) {
		const char *key = m->v[i].key;
		bool same = true;

		for (size_t p = 0; p < PARTS; p++)
			same = part_is(&key, want[p]) && same;
		if (same)
			total += *(const int64_t *)m->v[i].value;
	}
	return total;
}

int64_t
ks_stats_requests(const struct ks_stats *s, const char *user, const char *verb,
    const char *resource)
{
	return sum(&s->requests, (const char *[]){ user, verb, resource });
}

int64_t
ks_stats_writes(const struct ks_stats *s, const char *user,
    const char *resource, const char *object)
{
	return sum(&s->writes, (const char *[]){ user, resource, object });
}

/* Keys are in order, so a group ends where another name comes. */
static cJSON *
group(cJSON *in, cJSON *last, const char *name)
{
	cJSON *g = last;

	if (g == NULL || !str_eq(g->string, name)) {
		g = cJSON_CreateObject();
		cJSON_AddItemToObject(in, name, g);
	}
	return g;
}

cJSON *
ks_stats_tree(const struct map *m)
{
	cJSON *root = cJSON_CreateObject(), *ga = NULL, *gb = NULL;

	for (size_t i = 0; i < m->n; i++) {
		char *key = xstrdup(m->v[i].key);
		char *b = strchr(key, '\t'), *c;
		cJSON *in;

		*b++ = '\0';
		c = strchr(b, '\t');
		*c++ = '\0';
		in = group(root, ga, key);
		gb = group(in, in == ga ? gb : NULL, b);
		ga = in;
		cJSON_AddItemToObject(gb, c,
		    cJSON_CreateNumber(
			(double)*(const int64_t *)m->v[i].value));
		xfree(key);
	}
	return root;
}
