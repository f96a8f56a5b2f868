#include "agent/probe/latency.h"

#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"

struct samples {
	int64_t *us; /* owned */
	size_t n;
	uint64_t count; /* also those that were not kept */
};

/* "#ComputerSystem.v1_22_0.ComputerSystem" is a ComputerSystem. */
static void
type_name(const char *type, char *out, size_t cap)
{
	const char *start = type[0] == '#' ? type + 1 : type;
	size_t n = strcspn(start, ".");

	if (n + 1 > cap)
		n = cap - 1;
	memcpy(out, start, n);
	out[n] = '\0';
}

static void
kind_of(const struct redfish_exchange *x, char *out, size_t cap)
{
	char type[48];

	type_name(x->type, type, sizeof(type));
	if (x->http != HTTP_OK)
		(void)str_copy(out, cap, "no answer");
	else if (str_eq(x->method, "POST"))
		(void)str_copy(out, cap, "login");
	else if (str_eq(x->method, "DELETE"))
		(void)str_copy(out, cap, "logout");
	else if (x->status >= 300)
		(void)str_copy(out, cap, "refused or moved");
	else if (str_has_suffix(type, "Collection"))
		(void)str_copy(out, cap, "collections");
	else
		(void)str_copy(out, cap, type[0] ? type : "other");
}

void
latency_add(struct latency *l, const struct redfish_exchange *x)
{
	char kind[48];
	struct samples *s;

	kind_of(x, kind, sizeof(kind));
	s = map_get(&l->kinds, kind);
	if (!s) {
		/* types are the BMC's words: no more of them than a few */
		if (l->kinds.n >= 64)
			return;
		s = xcalloc(1, sizeof(*s));
		(void)map_put(&l->kinds, kind, s); /* was absent */
	}
	s->count++;
	if (s->n == LATENCY_SAMPLES)
		return;
	s->us = xreallocarray(s->us, s->n + 1, sizeof(*s->us));
	s->us[s->n++] = x->us;
}

static int
compare(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static double
ms(int64_t us)
{
	return (double)us / 1000.0;
}

cJSON *
latency_report(const struct latency *l)
{
	cJSON *out = cJSON_CreateObject(), *o;

	for (size_t i = 0; i < l->kinds.n; i++) {
		const struct samples *s = l->kinds.v[i].value;
		int64_t *us = xcalloc(s->n, sizeof(*us));

		memcpy(us, s->us, s->n * sizeof(*us));
		qsort(us, s->n, sizeof(*us), compare);
		o = cJSON_CreateObject();
		json_set_i64(o, "count", (int64_t)s->count);
		json_set(o, "minMs", cJSON_CreateNumber(ms(us[0])));
		json_set(o, "medianMs", cJSON_CreateNumber(ms(us[s->n / 2])));
		json_set(o, "maxMs", cJSON_CreateNumber(ms(us[s->n - 1])));
		json_set(out, l->kinds.v[i].key, o);
		xfree(us);
	}
	return out;
}

int64_t
latency_worst_ms(const struct latency *l)
{
	int64_t worst = 0;

	for (size_t i = 0; i < l->kinds.n; i++) {
		const struct samples *s = l->kinds.v[i].value;

		for (size_t k = 0; k < s->n; k++)
			if (s->us[k] > worst)
				worst = s->us[k];
	}
	return worst / 1000;
}

static void
free_samples(void *p)
{
	struct samples *s = p;

	xfree(s->us);
	xfree(s);
}

void
latency_fini(struct latency *l)
{
	map_free(&l->kinds, free_samples);
}
