/* What a step waits for or expects: one condition on objects or BMCs. */
#ifndef B7_RUNNER_WANT_H
#define B7_RUNNER_WANT_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/err.h"
#include "scenarios/runner/kinds.h"
#include "scenarios/runner/shape.h"

struct play;

extern const struct shape_key want_keys[];

struct want {
	struct play *p;
	struct object_ref ref; /* kind NULL: none */
	const char *path;      /* or NULL */
	char path_text[200];
	const cJSON *equals, *not_equals, *at_least;
	const char *matches;
	bool has_exists, exists, gone;
	const char *condition; /* "Type=Status", or NULL */
	const char *reason, *message;
	const char *event; /* reason of an Event, or NULL */
	const char *bmc;   /* a BMC instead of an object */
	const char *node;  /* of a workload cluster: "c1/NAME", "ns/c1/NAME" */
	int64_t agent;     /* an agent that must run or not; -1 = none */
	bool running;
	int64_t count; /* of objects that match; -1 = any but none */
	/* of the last look */
	char why[300];
	const char *culprit; /* key of one that did not match; NULL */
	int64_t lacks;       /* so many objects to its count; 0 = not known */
	uint64_t counted_at; /* facts' changes then */
};

/* For struct step_row: the argument of wait and expect. */
bool want_check(const cJSON *arg, const char *path,
    const struct shape_source *s, struct err *e);
/* arg has passed want_check and is borrowed while w is used. */
bool want_parse(
    struct want *w, struct play *p, const cJSON *arg, struct err *e);
bool want_met(void *want); /* for play_wait() */
/* The same for all of a list. */
struct want_list {
	struct want *v; /* owned */
	size_t n;
	struct want *missed; /* the first that is not met */
};
bool want_list_parse(
    struct want_list *l, struct play *p, const cJSON *arg, struct err *e);
bool want_list_met(void *list);
/* Why it is not met, by another look; borrowed. */
const char *want_list_why(struct want_list *l);
void want_list_fini(struct want_list *l);

#endif
