/*
 * The client's inside: one BMC, what it has learned of it, and the one
 * operation in flight. Private to this folder.
 *
 * Control flow is by continuations, all run from the loop: a layer is given
 * the function to go on with, and each ends in exactly one of rf_finish,
 * rf_fail or the next continuation. The user's callback is deferred, so that
 * nothing here runs after the client was freed.
 *
 *   op       begin, end, waits, budget        (op.c)
 *   write    PATCH and POST with ETag forms    (write.c)   task (task.c)
 *   request  redirects, logins again, retries  (request.c)
 *   session  login, logout, hold               (session.c)
 *   wire     one HTTP exchange                 (wire.c)
 */
#ifndef B7_AGENT_REDFISH_CLIENT_H
#define B7_AGENT_REDFISH_CLIENT_H

#include <cjson/cJSON.h>

#include "agent/redfish/boot.h"
#include "agent/redfish/breaker.h"
#include "agent/redfish/etag.h"
#include "agent/redfish/explore.h"
#include "agent/redfish/extinfo.h"
#include "agent/redfish/hold.h"
#include "agent/redfish/links.h"
#include "agent/redfish/payload.h"
#include "agent/redfish/redfish.h"
#include "agent/redfish/ring.h"
#include "agent/redfish/slot.h"
#include "common/loop.h"
#include "common/random.h"

/* What came of one request; borrowed during the continuation. */
struct rf_reply {
	bool ok; /* 2xx or 304 */
	int status;
	enum http_err http;
	bool maybe_executed;
	struct err err;    /* set unless ok */
	const cJSON *json; /* NULL: no body, or not JSON */
	struct rf_ext ext;
	const char *etag, *location, *token; /* headers or NULL */
	const struct http_header *headers;   /* all of them */
	size_t n_headers;
	int64_t retry_after_us; /* 0 = none */
};
typedef void rf_step_fn(struct redfish *rf);
typedef void rf_cont_fn(struct redfish *rf, const struct rf_reply *r);

enum rf_auth {
	RF_AUTH_NONE,
	RF_AUTH_SESSION,
	RF_AUTH_BASIC
};

/* ---- wire.c --------------------------------------------------------------- */

struct rf_wire {
	const char *method; /* a literal */
	const char *target;
	const char *body; /* NULL = none */
	const char *if_match, *if_none_match;
	enum rf_auth auth;
	bool login; /* a session, not a change of the machine */
	bool brief; /* logout: 10 s at most, and no part of the result */
	bool loose; /* of a GET: any body is fine (task monitors) */
	const char *accept; /* NULL = JSON */
	const char *last_event_id;
};
void rf_wire_send(
    struct redfish *rf, const struct rf_wire *w, rf_cont_fn *cont);
void rf_wire_cancel(struct redfish *rf);
/* The GET of an event stream, beside the one request in flight: headers of w,
 * callbacks and limits of q. */
struct http_call *rf_wire_stream(struct redfish *rf, struct http_peer *peer,
    const struct rf_wire *w, const struct http_request *q);
/* What a reply means to who must act. */
enum redfish_cause rf_reply_cause(const struct rf_reply *r);

/* ---- request.c ------------------------------------------------------------ */

struct rf_request {
	const char *method; /* a literal */
	const char *target;
	const cJSON *body;
	const char *if_match, *if_none_match;
	bool anonymous; /* no credentials */
	bool exact;     /* a 404 is an answer: no other spelling is tried */
	bool loose;     /* any body of a 2xx is fine */
};
struct rf_out { /* the request under way; strings owned */
	const char *method;
	char *target, *body, *if_match, *if_none_match;
	bool anonymous, exact, loose, toggled, relogged;
	unsigned redirects, retries;
	rf_cont_fn *cont;
};
void rf_send(struct redfish *rf, const struct rf_request *q, rf_cont_fn *cont);
void rf_get(struct redfish *rf, const char *target, rf_cont_fn *cont);
/* With If-None-Match where this BMC can be trusted with it. */
void rf_get_if_changed(
    struct redfish *rf, const char *target, const char *etag, rf_cont_fn *cont);
void rf_out_fini(struct rf_out *o);

/* ---- session.c ------------------------------------------------------------ */

struct rf_creds {
	char *username;
	struct secret password;
	char *version;
	unsigned gen; /* counts changes */
};
struct rf_session {
	enum rf_auth mode;
	struct secret token;
	char *uri;
	char *orphan; /* one whose DELETE was refused: with the next token */
	unsigned gen; /* of the credentials that made it */
	bool ever_worked;       /* a session login did */
	unsigned refusals;      /* in a row; after three Basic for good */
	int64_t basic_until_us; /* Basic only for now; 0 = no limit */
};
bool rf_session_ready(const struct redfish *rf);
/* Sessions can be had, as far as is known; else Basic is what remains. */
bool rf_session_possible(const struct redfish *rf);
/* Ends the operation if no login may be tried or it is refused. */
void rf_session_begin(struct redfish *rf, rf_step_fn *then);
/* DELETE, whatever comes of it; then goes on. */
void rf_session_end(struct redfish *rf, rf_step_fn *then);
/* Also one that could not be deleted before. */
void rf_session_end_all(struct redfish *rf, rf_step_fn *then);
void rf_session_forget(struct redfish *rf);
/* These credentials were refused: sets the hold and fails the operation. */
void rf_session_refused(struct redfish *rf, const struct rf_reply *r);

/* ---- bootset.c ------------------------------------------------------------ */

/* What decides the ladder of boot writes, as things stand. */
struct rf_boot_hints rf_boot_hints_of(
    const struct redfish *rf, enum redfish_boot_mode mode);

/* ---- write.c -------------------------------------------------------------- */

struct rf_write {
	const char *method;
	char *target, *resource; /* owned; resource: whose ETag */
	char etag[RF_ETAG_CAP];
	cJSON *body; /* owned; NULL = none */
	enum rf_etag_form form;
	unsigned tried; /* bits 1 << form */
	bool refetched;
	rf_cont_fn *cont;
};
/* body is taken. etag: of the last GET, "" or NULL = none. */
void rf_patch(struct redfish *rf, const char *target, const char *etag,
    cJSON *body, rf_cont_fn *cont);
/* POST to an action of a resource; body is taken, NULL = none. */
void rf_post(struct redfish *rf, const char *target, const char *resource,
    cJSON *body, rf_cont_fn *cont);
void rf_write_fini(struct rf_write *w);

/* ---- task.c --------------------------------------------------------------- */

struct rf_task {
	char *monitor;
	int64_t since_us, until_us;
	unsigned polls;
	rf_cont_fn *cont;
};
/* Waits for what a 202 started. cont gets the last answer: ok = completed, or
 * gone so that the resource itself must tell; its err says why it failed. */
void rf_task_wait(struct redfish *rf, const struct rf_reply *accepted,
    int64_t at_most_us, rf_cont_fn *cont);

/* ---- op.c ----------------------------------------------------------------- */

struct rf_walk;   /* discover.c */
struct rf_survey; /* survey.c */

struct rf_op {
	const char *name;
	redfish_done_fn *done;
	void *arg;
	int64_t deadline_us;
	struct redfish_reply result;
	struct redfish_inventory *inventory; /* owned; of the result */
	bool answered;                       /* the BMC said anything at all */
	bool unverified; /* a write left us and was not read back */
	bool ended;
	struct deferred end;
	struct timer timer;
	rf_step_fn *after_wait;
	/* wire */
	struct http_call *call;
	const char *method;
	char *target;
	bool wire_login, wire_brief, wire_loose, wire_conditional;
	struct err fenced; /* why a write did not leave */
	rf_cont_fn *on_wire;
	/* layers above */
	struct rf_out out;
	rf_step_fn *after_session;
	bool login_redirected;
	struct rf_write write;
	struct rf_task task;
	struct rf_walk *walk;     /* owned; discover.c */
	struct rf_survey *survey; /* owned; survey.c */
	rf_step_fn *after_survey;
	/* look.c */
	rf_step_fn *after_look;
	unsigned look;
	size_t look_slot;
	bool look_quiet, look_one;
	bool look_paced;   /* RF_READ_BOOT_PACED */
	bool rediscovered; /* a link was gone: once an operation */
	unsigned need;     /* RF_READ_* that rf_need is about */
	rf_step_fn *after_need;
	void *ctx; /* of the operation; freed by ctx_free */
	void (*ctx_free)(void *ctx);
};
/* false: the operation has ended already (the callback is on its way). */
bool rf_begin(
    struct redfish *rf, const char *name, redfish_done_fn *done, void *arg);
void *rf_ctx(struct redfish *rf, size_t n, void (*fini)(void *));
void rf_wait(struct redfish *rf, int64_t us, rf_step_fn *then);
void rf_finish(struct redfish *rf);
/* Always false, for `return rf_fail(...)`. */
bool rf_fail(struct redfish *rf, enum redfish_cause cause, enum err_kind kind,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* What was being done, with the reply's own error behind it; ends. */
void rf_fail_reply(
    struct redfish *rf, const struct rf_reply *r, const char *what);
/* what: NULL = nothing in front. Only fills the result; rf_finish is still to be
 * called. */
void rf_set_failure(
    struct redfish *rf, const struct rf_reply *r, const char *what);
int64_t rf_now(const struct redfish *rf);
void rf_op_drop(struct redfish *rf); /* silently */

/* ---- discover.c, look.c: what all operations begin with ------------------- */

/* Goes on with known links, discovering them first if need be. */
void rf_ensure(struct redfish *rf, rf_step_fn *then);
void rf_rediscover(struct redfish *rf, rf_step_fn *then);
/* As rf_ensure, and no part of these may be in doubt: what could not be read
 * is neither absent nor empty. */
void rf_need(struct redfish *rf, unsigned parts, rf_step_fn *then);
void rf_walk_free(struct rf_walk *w);
/* The service root, with or without a login; then goes on. */
void rf_read_root(struct redfish *rf, rf_step_fn *then);
/* Takes over what a GET of the system, or of the settings object, showed. */
void rf_take_system(
    struct redfish *rf, const char *target, const struct rf_reply *r);
void rf_take_settings(struct redfish *rf, const struct rf_reply *r);
void rf_take_slot(struct redfish *rf, size_t slot, const struct rf_reply *r);
void rf_derive_boot(struct redfish *rf);
/* Reads parts (RF_READ_SYSTEM, BOOT, MEDIA) unconditionally. */
void rf_look(struct redfish *rf, unsigned parts, rf_step_fn *then);
/* The same, but leaves out what was read within opts.fresh_us. */
void rf_look_fresh(struct redfish *rf, unsigned parts, rf_step_fn *then);
/* What was read at that time (0 = not since a write) is young enough. */
bool rf_fresh(const struct redfish *rf, int64_t at_us);
/* May use If-None-Match: for the steady state. */
void rf_look_quiet(struct redfish *rf, unsigned parts, rf_step_fn *then);
/* What was read before no longer counts as fresh. */
void rf_stale(struct redfish *rf, unsigned parts);
/* Reads one slot anew. */
void rf_look_slot(struct redfish *rf, size_t slot, rf_step_fn *then);
void rf_inventory(struct redfish *rf, rf_step_fn *then);
void rf_health(struct redfish *rf, rf_step_fn *then);
void rf_network(struct redfish *rf, rf_step_fn *then);
void rf_inventory_free(struct redfish_inventory *inv);
void rf_survey_free(struct rf_survey *s);

/* ---- the client ----------------------------------------------------------- */

/* The rungs that worked. */
struct rf_learned {
	enum rf_etag_form etag;
	bool post_if_match, no_identity, no_conditional, no_expand;
	bool boot_known, clear_known, insert_known, eject_known;
	/* The System refuses Boot, and says that the settings object has it. */
	bool boot_in_settings;
	struct rf_boot_way boot;
	unsigned clear;
	struct rf_insert_way insert;
	enum rf_eject_by eject;
	unsigned reset_refused; /* bits 1 << enum rf_reset_value */
};

struct redfish {
	const struct env *env;       /* borrowed */
	redfish_observe_fn *observe; /* NULL = nobody */
	void *observe_arg;
	char *key, *origin, *root, *hint, *hint_uri;
	struct http_peer *peer;
	struct tls_policy policy; /* of peer, and of a stream's */
	char *server_name;        /* what policy.server_name points at */
	struct rf_stream *stream; /* NULL until somebody follows: stream.h */
	bool first_use;
	bool (*may_write)(void *arg, struct err *e); /* NULL = always */
	void *may_write_arg;
	unsigned max_requests;
	int64_t deadline_us, fresh_us, hold_us, write_max_us;
	unsigned hold_tries;
	size_t body_max;
	struct rng rng;
	struct rf_creds creds;
	struct rf_session session;
	struct rf_hold hold;
	char *hold_reason;
	bool hold_password; /* the hold is for a password to be changed */
	struct rf_breaker breaker;
	struct rf_service service;
	struct rf_links links;
	unsigned reset_values;
	struct redfish_state state;
	struct rf_slot_ways *ways; /* beside state.slots */
	char **slot_etags;         /* likewise */
	struct rf_boot_view system_boot, settings_boot;
	/* The settings object was read since the System was last seen armed. */
	bool settings_current;
	bool settings_due; /* the System has shown something new since */
	char *system_etag, *settings_etag;
	/* Parts (RF_READ_BOOT, RF_READ_MEDIA) of which discovery could not read
	 * something, why, and since when. */
	unsigned doubt;
	bool doubt_hard;       /* more than a 404 */
	struct err *doubt_err; /* owned; NULL = never */
	enum redfish_cause doubt_cause;
	int64_t doubt_since_us;
	int64_t full_read_us;  /* last unconditional look at the system */
	int64_t last_write_us; /* 0 = never, as the next */
	int64_t last_reset_us;
	/* The power button: a toggle. An earlier client may have pressed it
	 * just before this one was made. */
	int64_t last_press_us;
	struct rf_learned learned;
	struct redfish_stats stats;
	struct rf_ring ring;
	struct tls_peer tls;
	bool tls_known;
	struct rf_op *op; /* NULL = idle */
};

#endif
