/*
 * metav1.Conditions in a status tree: a list-map by type (capi-contract 2.1).
 * lastTransitionTime changes only with the status and has whole seconds; what
 * does not change is not rewritten, so that status patches stay empty.
 */
#ifndef B7_KUBE_CONDITION_H
#define B7_KUBE_CONDITION_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define COND_MAX 32
#define COND_REASON_MAX 256
#define COND_MESSAGE_MAX 10240

enum cond_status {
	COND_ABSENT,
	COND_UNKNOWN,
	COND_FALSE,
	COND_TRUE
};
const char *cond_status_name(enum cond_status s); /* "True" */

struct cond {
	const char *type;
	enum cond_status status; /* COND_ABSENT removes it */
	/* Not matching ^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$ or longer than
	 * 256: made to fit ("InternalError" when nothing is left). */
	const char *reason;
	const char *message; /* NULL = ""; cut at 10240 on a UTF-8 boundary */
};
/* What all conditions of one write share. */
struct cond_stamp {
	int64_t generation; /* observedGeneration; kobj_generation(o) */
	int64_t wall_us;    /* lastTransitionTime, cut to whole seconds */
};

/* status: the object under "status". NULL-safe. */
const cJSON *cond_find(const cJSON *status, const char *type);
enum cond_status cond_get(const cJSON *status, const char *type);
const char *cond_reason(const cJSON *status, const char *type);  /* or "" */
const char *cond_message(const cJSON *status, const char *type); /* or "" */
/* Adds or changes it and keeps the order of 2.1 (Available, Ready first,
 * Deleting, Paused last). true if anything but nothing changed. */
bool cond_set(cJSON *status, const struct cond *c, const struct cond_stamp *at);
bool cond_remove(cJSON *status, const char *type);

/* An input of a summary; negative: True is the bad one (Deleting). */
struct cond_input {
	const char *type;
	bool negative;
};
/*
 * Sets `type` ("Ready") from the inputs as capi-contract 2.3: any issue False
 * with NotReady, else any Unknown or absent one Unknown with ReadyUnknown, else
 * True with Ready; messages "* Type: message", one a line. A negative input
 * named Deleting that is True gives reason Deleting and its own message alone.
 * An absent negative input is no issue.
 */
bool cond_summarize(cJSON *status, const char *type,
    const struct cond_input *in, size_t n, const struct cond_stamp *at);

#endif
