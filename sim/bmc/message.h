/*
 * Messages of the DMTF registries that this service speaks, and the Redfish
 * error body (DSP0266 8.6) built from them.
 */
#ifndef B7_SIM_BMC_MESSAGE_H
#define B7_SIM_BMC_MESSAGE_H

#include <stddef.h>

struct jw;

struct message_def {
	const char *id;
	const char *severity; /* OK, Warning, Critical */
	const char *text;     /* %1 .. %4 */
	const char *resolution;
};
/* By its id of Base, or by its full id of any registry; or NULL. */
const struct message_def *message_find(const char *id); /* registry.c */
extern const struct message_def message_base[];
size_t message_count(void); /* of Base */

#define MESSAGE_ARGS 4
struct message {
	const char *registry; /* "Base.1.18"; used where id has no dot */
	const char *id;       /* "PropertyUnknown" or a vendor's full id */
	const char *text;     /* NULL = of the registry */
	const char *args[MESSAGE_ARGS]; /* NULL-terminated unless full */
	const char *related; /* JSON pointer, "#/Boot"; NULL = none */
};
/* One Message object as a list element. */
void message_write(struct jw *w, const struct message *m);
/* "Base.1.18.GeneralError" or the full id of a vendor. */
void message_full_id(const struct message *m, char *out, size_t cap);
/* The text with its arguments filled in. */
void message_text(const struct message *m, char *out, size_t cap);

#endif
