/* See strlist.h. */
#include "sim/bmc/strlist.h"

#include <string.h>

#include "common/mem.h"
#include "common/str.h"

static void
add(struct strlist *l, char *s)
{
	l->v = xreallocarray(l->v, l->n + 1, sizeof(*l->v));
	l->v[l->n++] = s;
}

void
strlist_add(struct strlist *l, const char *s)
{
	add(l, xstrdup(s));
}

void
strlist_set(struct strlist *l, const char *words)
{
	strlist_free(l);
	while (*words) {
		size_t n = strcspn(words, " ");

		if (n)
			add(l, xstrndup(words, n));
		words += n + (words[n] == ' ');
	}
}

bool
strlist_has(const struct strlist *l, const char *s)
{
	for (size_t i = 0; i < l->n; i++)
		if (str_eq(l->v[i], s))
			return true;
	return false;
}

bool
strlist_ihas(const struct strlist *l, const char *s)
{
	for (size_t i = 0; i < l->n; i++)
		if (str_ieq(l->v[i], s))
			return true;
	return false;
}

void
strlist_copy(struct strlist *to, const struct strlist *from)
{
	strlist_free(to);
	for (size_t i = 0; i < from->n; i++)
		strlist_add(to, from->v[i]);
}

void
strlist_free(struct strlist *l)
{
	for (size_t i = 0; i < l->n; i++)
		xfree(l->v[i]);
	xfree(l->v);
	l->v = NULL;
	l->n = 0;
}
