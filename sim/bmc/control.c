/*
 * The control API: for scenarios and for people at a simulated machine. One
 * table of paths; the HTTP side is control_http.c.
 */
#include <string.h>

#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "common/url.h"
#include "sim/bmc/bmc.h"
#include "sim/bmc/control_view.h"
#include "sim/bmc/fault.h"
#include "sim/bmc/fleet_internal.h"
#include "sim/bmc/health.h"
#include "sim/bmc/journal.h"
#include "sim/bmc/machine.h"
#include "sim/bmc/reread.h"
#include "sim/bmc/session.h"
#include "sim/bmc/trace.h"

#define YEARS ((int64_t)20 * 365 * 86400)
#define EVENTS_BYTES (1u << 20)

/* One call on its way. */
struct call {
	struct bmc_fleet *f;
	struct bmc *b;     /* NULL: all of them, or none is meant */
	const char *rest;  /* of the path, e.g. an id; "" = none */
	const char *query; /* "a=b&..." or "" */
	const cJSON *body; /* object or NULL */
	int status;
};

static cJSON *
fail(struct call *c, int status, const char *text, const char *what)
{
	cJSON *j = cJSON_CreateObject();
	char msg[320];

	c->status = status;
	(void)str_format(
	    msg, sizeof(msg), "%s%s%s", text, *what ? ": " : "", what);
	json_set_str(j, "error", msg);
	return j;
}

static cJSON *
done(struct call *c)
{
	cJSON *j = cJSON_CreateObject();

	json_set_str(j, "status", "done");
	if (c->b)
		json_set_str(j, "bmc", c->b->name);
	return j;
}

/* Runs fn on the BMC of the call, or on all. */
static void
each(struct call *c, void (*fn)(struct bmc *b, void *arg), void *arg)
{
	if (c->b)
		fn(c->b, arg);
	else
		for (unsigned i = 0; i < c->f->count; i++)
			fn(&c->f->bmcs[i], arg);
}

/* The same for what belongs to a service: once where all are in one. */
static void
each_service(struct call *c, void (*fn)(struct bmc *b, void *arg), void *arg)
{
	if (c->b)
		fn(c->b->front, arg);
	else
		for (unsigned i = 0; i < c->f->count; i++)
			if (c->f->bmcs[i].front == &c->f->bmcs[i])
				fn(&c->f->bmcs[i], arg);
}

/* ---- looking ------------------------------------------------------------ */

static cJSON *
get_all(struct call *c)
{
	cJSON *j = cJSON_CreateObject(), *list = cJSON_CreateArray();

	for (unsigned i = 0; i < c->f->count; i++)
		cJSON_AddItemToArray(list, control_brief(&c->f->bmcs[i]));
	json_set(j, "bmcs", list);
	return j;
}

static cJSON *
get_one(struct call *c)
{
	return control_whole(c->b);
}

static cJSON *
get_trace(struct call *c)
{
	cJSON *j = cJSON_CreateObject();

	json_set(j, "exchanges", trace_json(c->b));
	return j;
}

static cJSON *
get_events(struct call *c)
{
	cJSON *j = cJSON_CreateObject(), *list = cJSON_CreateArray();
	char *target = xasprintf("/?%s", c->query);
	char *since = url_query(target, "since");
	uint64_t from = 0;
	struct buf b;
	char *line, *next;
	struct err e = { 0 };

	buf_init(&b, EVENTS_BYTES);
	if (since)
		(void)str_to_u64(since, &from); /* else from the start */
	from = journal_lines(c->f->journal, from, c->b ? c->b->name : NULL, &b);
	for (line = b.n ? b.p : NULL; line && *line; line = next) {
		next = strchr(line, '\n');
		*next++ = '\0';
		cJSON_AddItemToArray(list, json_parse(line, strlen(line), &e));
	}
	json_set(j, "events", list);
	json_set_i64(j, "last", (int64_t)from);
	buf_free(&b);
	xfree(since);
	xfree(target);
	return j;
}

/* ---- doing -------------------------------------------------------------- */

static void
press(struct bmc *b, void *arg)
{
	bool hold = *(bool *)arg;

	journal_note(b, BMC_EV_POWER_BUTTON, hold ? "hold" : "press");
	machine_button(b, hold);
}

static cJSON *
post_button(struct call *c)
{
	bool hold = json_bool(c->body, "hold", false);

	each(c, press, &hold);
	return done(c);
}

static void
swap(struct bmc *b, void *arg)
{
	(void)arg;
	bmc_swap_board(b);
}

static cJSON *
post_swap(struct call *c)
{
	each(c, swap, NULL);
	return done(c);
}

static void
set_credentials(struct bmc *b, void *arg)
{
	struct call *c = arg;
	const char *pw = json_str(c->body, "password", NULL);
	const char *user = json_str(c->body, "username", NULL);

	if (pw)
		secret_set(&b->root.password, pw, strlen(pw));
	if (user)
		xreplace(&b->root.name, user);
	b->root.must_change =
	    json_bool(c->body, "changeRequired", b->root.must_change);
	b->root.locked_until_us = 0;
	if (json_bool(c->body, "endSessions", false))
		session_close_all(b, "credentials changed");
	journal_note(b, BMC_EV_CREDENTIALS, "changed by a person");
}

static cJSON *
post_password(struct call *c)
{
	const char *pw = json_str(c->body, "password", NULL);

	if (!pw && !json_str(c->body, "username", NULL) &&
	    !json_child(c->body, "changeRequired"))
		return fail(c, 400,
		    "password, username or changeRequired is "
		    "needed",
		    "");
	if (pw && !*pw)
		return fail(c, 400, "password must not be empty", "");
	each_service(c, set_credentials, c);
	return done(c);
}

static void
restart(struct bmc *b, void *arg)
{
	(void)arg;
	bmc_restart(b, "operator");
}

static cJSON *
post_restart(struct call *c)
{
	each(c, restart, NULL);
	return done(c);
}

static void
rotate(struct bmc *b, void *arg)
{
	const struct call *c = arg;

	bmc_fleet_new_certificate(b, json_i64(c->body, "validFromSeconds", 0),
	    json_i64(c->body, "expiresInSeconds", 0));
}

static cJSON *
post_certificate(struct call *c)
{
	int64_t from = json_i64(c->body, "validFromSeconds", 0);
	int64_t to = json_i64(c->body, "expiresInSeconds", 0);

	if ((from != 0 || to != 0) &&
	    (from >= to || from < -YEARS || to > YEARS))
		return fail(c, 400,
		    "validFromSeconds must be before expiresInSeconds", "");
	each_service(c, rotate, c);
	return done(c);
}

static void
end_sessions(struct bmc *b, void *arg)
{
	(void)arg;
	session_close_all(b, "ended by a person");
}

static cJSON *
post_end_sessions(struct call *c)
{
	each_service(c, end_sessions, NULL);
	return done(c);
}

static void
wipe(struct bmc *b, void *arg)
{
	(void)arg;
	machine_wipe_disk(b);
}

static cJSON *
post_wipe(struct call *c)
{
	each(c, wipe, NULL);
	return done(c);
}

/* Of one machine: parts are not the same everywhere. */
static cJSON *
post_health(struct call *c)
{
	struct err e = { 0 };

	if (!health_set(c->b, json_str(c->body, "part", NULL),
		json_str(c->body, "health", ""),
		json_str(c->body, "message", NULL), &e))
		return fail(c, 400, e.msg, "");
	return done(c);
}

/* What it was told, or what another one was. */
static cJSON *
post_reread(struct call *c)
{
	const char *name = json_str(c->body, "of", c->b->name);
	const struct bmc *of = bmc_fleet_get(c->f, name);

	if (of == NULL)
		return fail(c, 404, "no such BMC", name);
	if (!reread_start(c->b, of))
		return fail(c, 409, "no medium was ever mounted by", name);
	return done(c);
}

static void
zero_counters(struct bmc *b, void *arg)
{
	(void)arg;
	b->requests = b->writes = b->logins = b->login_failures = 0;
	memset(b->op_count, 0, sizeof(b->op_count));
	trace_clear(b);
}

static cJSON *
post_zero(struct call *c)
{
	each(c, zero_counters, NULL);
	return done(c);
}

/* ---- faults ------------------------------------------------------------- */

static cJSON *
get_faults(struct call *c)
{
	cJSON *j = cJSON_CreateObject();

	json_set(j, "faults", fault_list_json(c->f, c->b ? c->b->name : NULL));
	return j;
}

static cJSON *
post_fault(struct call *c)
{
	struct err e = { 0 };
	const char *id = fault_add(c->f, c->body, c->b ? c->b->name : NULL, &e);
	cJSON *j;

	if (!id)
		return fail(c, 400, e.msg, "");
	j = done(c);
	json_set_str(j, "id", id);
	c->status = 201;
	return j;
}

static cJSON *
delete_faults(struct call *c)
{
	bool every = !*c->rest || str_eq(c->rest, "all");
	unsigned n = fault_remove(
	    c->f, every ? NULL : c->rest, c->b ? c->b->name : NULL);
	cJSON *j;

	if (!every && !n)
		return fail(c, 404, "no such fault", c->rest);
	j = done(c);
	json_set_i64(j, "removed", n);
	return j;
}

/* ---- the table ---------------------------------------------------------- */

enum who {
	ONE,
	ALL,
	EITHER
};
static const struct entry {
	const char *method, *what;
	enum who who;
	bool takes_rest;
	cJSON *(*fn)(struct call *c);
} entries[] = {
	{ "GET", "", ALL, false, get_all },
	{ "GET", "", ONE, false, get_one },
	{ "GET", "trace", ONE, false, get_trace },
	{ "GET", "events", EITHER, false, get_events },
	{ "GET", "faults", EITHER, false, get_faults },
	{ "POST", "faults", EITHER, false, post_fault },
	{ "DELETE", "faults", EITHER, true, delete_faults },
	{ "POST", "power-button", EITHER, false, post_button },
	{ "POST", "swap-board", EITHER, false, post_swap },
	{ "POST", "password", EITHER, false, post_password },
	{ "POST", "restart-bmc", EITHER, false, post_restart },
	{ "POST", "certificate", EITHER, false, post_certificate },
	{ "POST", "end-sessions", EITHER, false, post_end_sessions },
	{ "POST", "health", ONE, false, post_health },
	{ "POST", "reread", ONE, false, post_reread },
	{ "POST", "wipe-disk", EITHER, false, post_wipe },
	{ "POST", "reset-counters", EITHER, false, post_zero },
};
#define N_ENTRIES (sizeof(entries) / sizeof(entries[0]))

static bool
entry_fits(const struct entry *e, const char *what, bool one, const char *rest)
{
	return str_eq(e->what, what) &&
	       (e->who == EITHER || (e->who == ONE) == one) &&
	       (e->takes_rest || !*rest);
}

static cJSON *
dispatch(struct call *c, const char *method, const char *what)
{
	bool known = false;

	for (size_t i = 0; i < N_ENTRIES; i++) {
		if (!entry_fits(&entries[i], what, c->b != NULL, c->rest))
			continue;
		known = true;
		if (str_eq(entries[i].method, method))
			return entries[i].fn(c);
	}
	if (known)
		return fail(
		    c, 405, "this path does not take the method", method);
	return fail(c, 404, "no such thing to do", what);
}

/* Next part of a path, in place; "" at the end. */
static const char *
next_part(char **path)
{
	char *p = *path, *slash;

	while (*p == '/')
		p++;
	slash = strchr(p, '/');
	if (slash)
		*slash = '\0';
	*path = slash ? slash + 1 : p + strlen(p);
	return p;
}

static cJSON *
route(struct call *c, const char *method, char *path)
{
	const char *head = next_part(&path), *name, *what;

	if (str_eq(head, "events")) {
		c->rest = next_part(&path);
		return dispatch(c, method, "events");
	}
	if (!str_eq(head, "bmcs") && !str_eq(head, "all"))
		return fail(
		    c, 404, "paths start with /bmcs, /all or /events", "");
	if (str_eq(head, "bmcs")) {
		name = next_part(&path);
		c->b = *name ? bmc_fleet_get(c->f, name) : NULL;
		if (*name && !c->b)
			return fail(c, 404, "no such BMC", name);
	}
	what = next_part(&path);
	c->rest = next_part(&path);
	return dispatch(c, method, what);
}

cJSON *
bmc_fleet_control(struct bmc_fleet *f, const char *method, const char *path,
    const cJSON *body, int *status)
{
	struct call c = { .f = f, .rest = "", .body = body, .status = 200 };
	char *copy = xstrdup(path), *q = strchr(copy, '?');
	cJSON *j;

	c.query = q ? q + 1 : "";
	if (q)
		*q = '\0';
	j = route(&c, method, copy);
	xfree(copy);
	*status = c.status;
	return j;
}
