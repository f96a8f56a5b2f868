/* Our own copies behind the const pointers of public structs. */
#ifndef B7_KUBE_OWN_H
#define B7_KUBE_OWN_H

#include "common/mem.h"
#include "common/str.h"

/* "" and NULL are the same: nothing is asked for. */
static inline char *
kube_dup(const char *s)
{
	return str_empty(s) ? NULL : xstrdup(s);
}

static inline void
kube_free_const(const char *s)
{
	union {
		const char *in;
		void *out;
	} u = { .in = s };

	xfree(u.out);
}

#endif
