/*
 * An event stream says the same in whatever pieces it comes, keeps its caps,
 * and whatever its events say, the decision about them ends. The first byte
 * decides the pieces; the rest is the stream.
 */
#include <stdint.h>
#include <string.h>

#include "agent/redfish/hint.h"
#include "agent/redfish/sse.h"
#include "common/mem.h"
#include "common/random.h"
#include "tests/fuzz/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define EVENT_MAX 256

struct heard {
	struct buf all;
	unsigned n;
};

static void
hear(void *arg, const struct sse_event *ev)
{
	struct heard *h = arg;

	h->n++;
	MUST(ev->n <= EVENT_MAX);
	MUST(ev->data[ev->n] == '\0');
	MUST(strlen(ev->type) > 0 && strlen(ev->type) < SSE_TYPE_CAP);
	(void)rf_hint_concerns(ev->data, ev->n);
	(void)buf_addf(&h->all, "%d %s %zu ", ev->cut, ev->type, ev->n);
	(void)buf_add(&h->all, ev->data, ev->n);
}

/* split NULL: all at once. */
static bool
run(struct heard *h, struct sse *s, const char *p, size_t n, struct rng *split)
{
	bool ok = true;

	h->n = 0;
	buf_init(&h->all, 8u << 20);
	sse_init(s, EVENT_MAX, hear, h);
	while (ok && n > 0) {
		size_t part = n;

		if (split)
			part = 1 + (size_t)rng_below(split, n < 40 ? n : 40);
		ok = sse_feed(s, p, part, NULL);
		MUST(s->data.n <= EVENT_MAX);
		p += part;
		n -= part;
	}
	return ok;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct heard whole, parts;
	struct sse a, b;
	struct rng rng;
	bool ok;

	if (size < 1)
		return 0;
	rng_seed(&rng, data[0], "pieces");
	ok = run(&whole, &a, (const char *)data + 1, size - 1, NULL);
	MUST(ok == run(&parts, &b, (const char *)data + 1, size - 1, &rng));
	if (ok) {
		MUST(whole.n == parts.n && whole.all.n == parts.all.n);
		MUST(whole.all.n == 0 ||
		     memcmp(whole.all.p, parts.all.p, whole.all.n) == 0);
		MUST(strcmp(a.id, b.id) == 0);
		MUST(a.retry_ms == b.retry_ms && a.comments == b.comments);
	}
	sse_free(&a);
	sse_free(&b);
	buf_free(&whole.all);
	buf_free(&parts.all);
	return 0;
}
