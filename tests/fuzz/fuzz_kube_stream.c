/*
 * Watch lines and list items are the same in whatever pieces they come. The
 * first byte decides the pieces; the rest is the stream. What an item is must
 * also parse like a JSON value, where the whole list does.
 */
#include <stdint.h>
#include <string.h>

#include "agent/kube/stream.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/random.h"
#include "tests/fuzz/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PIECE_MAX 4096

struct heard {
	struct buf all;
	unsigned n;
};

static bool
hear(void *arg, const char *text, size_t n)
{
	struct heard *h = arg;

	h->n++;
	MUST(n > 0 && n <= PIECE_MAX);
	MUST(text[n] == '\0' || text[n] == '\r' || text[n] == ' ');
	(void)buf_add(&h->all, text, n);
	(void)buf_addc(&h->all, '\n');
	return true;
}

/* split NULL: all at once. */
static bool
run_items(struct heard *h, const char *p, size_t n, struct rng *split)
{
	struct kube_items s;
	bool ok = true;

	buf_init(&h->all, 4u << 20);
	kube_items_init(&s, PIECE_MAX, hear, h);
	while (ok && n > 0) {
		size_t part = n;

		if (split != NULL)
			part = 1 + (size_t)rng_below(split, n < 40 ? n : 40);
		ok = kube_items_feed(&s, p, part, NULL);
		p += part;
		n -= part;
	}
	ok = ok && kube_items_end(&s, NULL);
	MUST(!ok || h->n == s.count);
	kube_items_free(&s);
	return ok;
}

static bool
run_lines(struct heard *h, const char *p, size_t n, struct rng *split)
{
	struct kube_lines s;
	bool ok = true;

	buf_init(&h->all, 4u << 20);
	kube_lines_init(&s, PIECE_MAX, hear, h);
	while (ok && n > 0) {
		size_t part = n;

		if (split != NULL)
			part = 1 + (size_t)rng_below(split, n < 40 ? n : 40);
		ok = kube_lines_feed(&s, p, part, NULL);
		p += part;
		n -= part;
	}
	kube_lines_free(&s);
	return ok;
}

static void
compare(bool (*run)(struct heard *, const char *, size_t, struct rng *),
    const char *p, size_t n, uint8_t seed)
{
	struct heard whole = { .n = 0 }, parts = { .n = 0 };
	struct rng rng;
	bool a, b;

	rng_seed(&rng, seed, "pieces");
	a = run(&whole, p, n, NULL);
	b = run(&parts, p, n, &rng);
	MUST(a == b);
	MUST(whole.n == parts.n);
	MUST(strcmp(buf_str(&whole.all), buf_str(&parts.all)) == 0);
	buf_free(&whole.all);
	buf_free(&parts.all);
}

/* A list that parses has the items that the parser sees. */
static void
check_against_parser(const char *p, size_t n)
{
	cJSON *j = json_parse(p, n, NULL);
	struct heard h = { .n = 0 };
	const cJSON *items = j == NULL ? NULL : json_child(j, "items"), *it;
	bool objects = cJSON_IsArray(items) && strstr(p, "\\u") == NULL;

	cJSON_ArrayForEach (it, items) {
		objects = objects && cJSON_IsObject(it);
	}
	/* Two members of that name are read one after the other. */
	if (objects && run_items(&h, p, n, NULL) &&
	    strstr(strstr(p, "\"items\"") + 1, "\"items\"") == NULL)
		MUST(h.n == (unsigned)cJSON_GetArraySize(items));
	buf_free(&h.all);
	cJSON_Delete(j);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;

	if (size < 1)
		return 0;
	text = xmalloc(size);
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	compare(run_items, text, size - 1, data[0]);
	compare(run_lines, text, size - 1, data[0]);
	if (strlen(text) == size - 1)
		check_against_parser(text, size - 1);
	xfree(text);
	return 0;
}
