/*
 * A scripted BMC on the HTTP seam of a virtual world: a tree of resources
 * (tests/fixtures/redfish/<vendor>/tree.json), the plainest behaviour behind
 * it, and a hook in front of it for whatever a test wants refused.
 */
#ifndef B7_TESTS_FAKE_BMC_H
#define B7_TESTS_FAKE_BMC_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "common/buf.h"
#include "common/http.h"

struct loop;
struct fake_bmc;

enum fake_wire {
	FAKE_REPLY,
	FAKE_RESET,    /* before anything was done */
	FAKE_LOST,     /* done, but the reply is lost */
	FAKE_HANG,     /* done, then silence */
	FAKE_GARBAGE,  /* done, answered with no JSON */
	FAKE_TRICKLE,  /* done, answered with one byte a second */
	FAKE_TRUNCATE, /* done, cut in the middle of the body */
	FAKE_WIRES
};
struct fake_answer {
	int status;
	char body[4096];     /* "" = none */
	char header[2][512]; /* "Name: value" */
	bool after;          /* do it first, then give this answer */
};
/* true: a is the answer. body may be NULL. */
typedef bool fake_hook_fn(struct fake_bmc *b, const char *method,
    const char *path, const cJSON *body, struct fake_answer *a);

enum fake_etag {
	FAKE_ETAG_STRONG,
	FAKE_ETAG_WEAK, /* shown as W/"x", taken only as "x" (AMI) */
	FAKE_ETAG_NONE,
	FAKE_ETAG_DECIMAL, /* bare number, mandatory (iRMC) */
	FAKE_ETAG_REFUSED, /* any If-Match is 412 (newer XCC) */
	FAKE_ETAG_MOVING,  /* another one with every GET */
	FAKE_ETAG_STUCK    /* the same for ever */
};

struct fake_bmc {
	struct http_server *server;
	struct loop *loop;
	cJSON *tree;
	fake_hook_fn *hook;
	void *arg;
	/* NULL, or asked before all else: true = it answers x itself. */
	bool (*takes)(struct fake_bmc *b, struct http_exchange *x);
	const char *username, *password;
	enum fake_etag etag;
	bool etag_required; /* 428 to a PATCH without */
	bool basic_only, root_needs_login, no_location, slash_redirect;
	unsigned spoil_at; /* spoils the request with this number, from 1 */
	enum fake_wire spoil;
	int spoil_status; /* FAKE_REPLY: with this status instead */
	/* what happened */
	struct buf log;    /* "GET /redfish/v1/\n" ... */
	struct buf bodies; /* of POST and PATCH, one a line */
	unsigned requests, logins, logouts, login_failures, sessions;
	unsigned resets, inserts, ejects, patches;
	uint64_t live; /* bits of the sessions that are open */
	char if_match[128];
};

void fake_bmc_open(
    struct fake_bmc *b, struct loop *l, struct http_net *n, const char *vendor);
void fake_bmc_close(struct fake_bmc *b);
/* The resource; to be looked at, or changed behind the client's back. */
cJSON *fake_bmc_at(struct fake_bmc *b, const char *path);
/* All sessions are gone, as after a restart. */
void fake_bmc_expire(struct fake_bmc *b);
void fake_bmc_forget_log(struct fake_bmc *b);
/* An error body with one message; args: NULL, "prop" or "value prop". */
bool fake_refuse(struct fake_answer *a, int status, const char *id,
    const char *arg1, const char *arg2);

#endif
