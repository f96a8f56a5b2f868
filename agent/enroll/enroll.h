/*
 * From a table or a range of addresses to manifests: a PhysicalHost for each
 * server, and Secrets with the logins. Pure: texts in, text out. All or nothing:
 * what is wrong is told with its line, and then nothing is written.
 */
#ifndef B7_AGENT_ENROLL_ENROLL_H
#define B7_AGENT_ENROLL_ENROLL_H

#include <stdbool.h>
#include <stddef.h>

#include "common/buf.h"
#include "common/err.h"
#include "common/mem.h"

#define ENROLL_HOSTS_MAX 200000
#define ENROLL_RANGE_MAX 65536

struct enroll_opts {
	const char *ns;     /* NULL = none is written */
	const char *prefix; /* of names made of addresses */
	const char *secret; /* of hosts without a login of their own */
	/* What stands in it; username NULL: the Secret exists already. */
	const char *username;
	const struct secret *password;
	/* Trust of hosts that say nothing themselves; at most one. */
	const char *ca_secret;
	bool tofu, insecure;
	const char *labels; /* "k=v,k=v" for all hosts; NULL = none */
};

struct enroll_result {
	size_t hosts, secrets;
	unsigned wrong; /* how many lines are */
	/* Told of the first few: borrowed for the call. */
	void (*tell)(void *arg, const char *message);
	void *tell_arg;
};

/* text[n] must be writable, and is overwritten. false: e, or told. */
bool enroll_csv(struct buf *out, char *text, size_t n,
    const struct enroll_opts *o, struct enroll_result *r, struct err *e);
/* "10.1.1.1-10.1.1.40", "10.1.1.1-40", "10.1.1.0/26", "fd00::11-2f", and lists of
 * these. */
bool enroll_range(struct buf *out, const char *range,
    const struct enroll_opts *o, struct enroll_result *r, struct err *e);
/* ERR_SPEC for what can never be written. */
bool enroll_check(const struct enroll_opts *o, struct err *e);

#endif
