/*
 * Plans: const tables of steps, each named after the truth that it wants. A
 * plan is always run from its top; a step asks "is it so already?" and else
 * makes at most one request to make it so. Nothing remembers how far a plan
 * came: the world is read again (DESIGN.md section 4).
 */
#ifndef B7_CONTROL_PLAN_H
#define B7_CONTROL_PLAN_H

enum verdict {
	V_NEXT, /* already so: look at the next step */
	V_WAIT, /* a request is under way: run me again when it ends */
	V_POLL, /* not so yet, nothing to send: look again later */
	V_FAIL, /* this pass failed; its error says why: back off */
	V_STOP  /* nothing more to do until something changes */
};
const char *verdict_name(enum verdict v);

struct step {
	const char *name;
	enum verdict (*run)(void *ctx);
};

/* Runs steps (ended by a NULL name) until one does not say V_NEXT; V_STOP at
 * the end of the table. *at is the name of the step that decided. */
enum verdict plan_run(const struct step *steps, void *ctx, const char **at);

#endif
