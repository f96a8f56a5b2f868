/* A short list of owned strings, as profiles have them. */
#ifndef B7_SIM_BMC_STRLIST_H
#define B7_SIM_BMC_STRLIST_H

#include <stdbool.h>
#include <stddef.h>

struct strlist {
	char **v; /* owned */
	size_t n;
};
void strlist_add(struct strlist *l, const char *s);
void strlist_set(struct strlist *l, const char *words); /* by blanks */
bool strlist_has(const struct strlist *l, const char *s);
bool strlist_ihas(const struct strlist *l, const char *s); /* any case */
void strlist_copy(struct strlist *to, const struct strlist *from);
void strlist_free(struct strlist *l); /* empties */

#endif
