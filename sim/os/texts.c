/* See texts.h. */
#include "sim/os/texts.h"

#include <string.h>

#include "common/mem.h"
#include "common/str.h"

bool
texts_add(struct texts *t, enum texts_kind kind, const char *name,
    const void *p, size_t n)
{
	struct texts_one *one;
	char *copy;

	if (t->n == TEXTS_MAX || n > OS_DATA_MAX - t->bytes)
		return false;
	if (t->n == t->cap) {
		t->cap = t->cap == 0 ? 8 : t->cap * 2;
		t->v = xreallocarray(t->v, t->cap, sizeof(*t->v));
	}
	copy = xcalloc(n + 1, 1); /* it may hold NULs */
	if (n > 0)
		memcpy(copy, p, n);
	one = &t->v[t->n++];
	one->kind = kind;
	one->name = xstrdup(name);
	one->p = copy;
	one->n = n;
	t->bytes += n;
	return true;
}

const struct texts_one *
texts_file(const struct texts *t, const char *name)
{
	for (size_t i = t->n; i-- > 0;)
		if (t->v[i].kind == TEXTS_FILE && str_eq(t->v[i].name, name))
			return &t->v[i];
	return NULL;
}

void
texts_free(struct texts *t)
{
	for (size_t i = 0; i < t->n; i++) {
		secret_wipe(t->v[i].p, t->v[i].n);
		xfree(t->v[i].p);
		xfree(t->v[i].name);
	}
	xfree(t->v);
	*t = (struct texts){ 0 };
}
