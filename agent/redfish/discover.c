#include <string.h>

#include "agent/redfish/client.h"
#include "agent/redfish/reset.h"
#include "agent/redfish/service.h"
#include "agent/redfish/system.h"
#include "agent/redfish/text.h"
#include "common/json.h"
#include "common/str.h"

#define PAGES_MAX 8
#define SYSTEMS_MAX 16

struct rf_walk {
	rf_step_fn *then, *after_root;
	struct rf_members members;
	size_t at;
	unsigned pages;
	unsigned hosts; /* systems that could be the one */
	char *first;    /* owned; the first of them */
	char names[128];
	bool manager_asked;
	struct redfish_slot *slots;
	struct rf_slot_ways *ways;
	char **etags;
	size_t n_slots;
};

static void walk_media(struct redfish *rf, const char *collection);
static void next_system(struct redfish *rf);
static void next_slot(struct redfish *rf);
static void finish_media(struct redfish *rf);

static void
free_etags(char **etags, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		xfree(etags[i]);
	xfree(etags);
}

void
rf_walk_free(struct rf_walk *w)
{
	if (!w)
		return;
	rf_members_fini(&w->members);
	xfree(w->first);
	rf_slots_fini(w->slots, w->n_slots);
	rf_slot_ways_fini(w->ways, w->n_slots);
	free_etags(w->etags, w->n_slots);
	xfree(w);
}

/* ---- doubt --------------------------------------------------------------- */

/* So long a 404 may be the half tree of a BMC that is starting (rule 15). */
#define ABSENT_AFTER_US LOOP_MIN

static void
doubt(struct redfish *rf, unsigned parts, const struct rf_reply *r)
{
	enum redfish_cause cause = rf_reply_cause(r);

	if (cause == RF_CAUSE_LICENCE)
		return; /* an answer for good */
	if (!rf->doubt_err)
		rf->doubt_err = xcalloc(1, sizeof(*rf->doubt_err));
	if (rf->doubt_since_us == 0)
		rf->doubt_since_us = rf_now(rf);
	rf->doubt |= parts;
	if (r->status != 404 && r->status != 410)
		rf->doubt_hard = true;
	else if (rf->doubt_hard)
		return; /* the worse one is told */
	*rf->doubt_err = r->err;
	rf->doubt_cause = cause;
}

static void
settle_doubt(struct redfish *rf)
{
	if (rf->doubt && !rf->doubt_hard &&
	    rf_now(rf) - rf->doubt_since_us >= ABSENT_AFTER_US)
		rf->doubt = 0; /* it is not there */
	if (!rf->doubt)
		rf->doubt_since_us = 0;
}

static void
check_need(struct redfish *rf)
{
	struct rf_op *op = rf->op;

	if (!(rf->doubt & op->need)) {
		op->after_need(rf);
		return;
	}
	if (!op->walk) {
		rf_rediscover(rf, check_need);
		return;
	}
	op->result.cause = rf->doubt_cause;
	op->result.err = *rf->doubt_err;
	(void)err_wrap(&op->result.err, "cannot tell what is %s",
	    op->need & RF_READ_MEDIA ? "inserted" : "to be booted");
	rf_finish(rf);
}

void
rf_need(struct redfish *rf, unsigned parts, rf_step_fn *then)
{
	rf->op->need = parts & (RF_READ_BOOT | RF_READ_MEDIA);
	rf->op->after_need = then;
	rf_ensure(rf, check_need);
}

/* ---- root ----------------------------------------------------------------- */

static void
on_root_with_login(struct redfish *rf, const struct rf_reply *r)
{
	struct err e = { .kind = ERR_NONE };

	if (!r->ok) {
		rf_fail_reply(rf, r, "read the service root");
		return;
	}
	if (!rf_service_parse(&rf->service, rf->origin, r->json, &e)) {
		(void)rf_fail(
		    rf, RF_CAUSE_PROTOCOL, e.kind, "%s: %s", rf->root, e.msg);
		return;
	}
	/* Basic opened the root; now sessions may be had. */
	if (rf->session.mode == RF_AUTH_BASIC && rf->service.sessions &&
	    rf->session.refusals == 0 && rf->session.basic_until_us == 0)
		rf_session_forget(rf);
	rf->op->walk->after_root(rf);
}

static void
on_root(struct redfish *rf, const struct rf_reply *r)
{
	/* Rule 8: some want a login even here. */
	if (r->status == 401 || r->status == 403) {
		rf->service.needs_login = true;
		rf_get(rf, rf->root, on_root_with_login);
		return;
	}
	on_root_with_login(rf, r);
}

void
rf_read_root(struct redfish *rf, rf_step_fn *then)
{
	rf->op->walk->after_root = then;
	if (rf->service.needs_login)
		rf_get(rf, rf->root, on_root_with_login);
	else
		rf_send(rf,
		    &(struct rf_request){ .method = "GET",
			.target = rf->root,
			.anonymous = true },
		    on_root);
}

/* ---- settings, reset values ------------------------------------------------ */

static void ask_manager(struct redfish *rf);

static void
begin_media(struct redfish *rf)
{
	if (rf->links.system_media)
		walk_media(rf, rf->links.system_media);
	else
		ask_manager(rf);
}

static void
on_settings(struct redfish *rf, const struct rf_reply *r)
{
	if (r->http != HTTP_OK) {
		rf_fail_reply(rf, r, "read the settings object");
		return;
	}
	if (r->ok)
		rf_take_settings(rf, r);
	else
		doubt(rf, RF_READ_BOOT, r);
	/* iDRAC9 and XCC have one that knows nothing of the override. */
	if (!r->ok ||
	    (!rf->settings_boot.has_target && !rf->settings_boot.has_enabled))
		xreplace(&rf->links.settings, NULL);
	begin_media(rf);
}

static void
begin_settings(struct redfish *rf)
{
	if (rf->links.settings)
		rf_get(rf, rf->links.settings, on_settings);
	else
		begin_media(rf);
}

static void
on_reset_info(struct redfish *rf, const struct rf_reply *r)
{
	if (r->http != HTTP_OK) {
		rf_fail_reply(rf, r, "read the reset types");
		return;
	}
	if (r->ok) /* else: all are assumed (rule 14) */
		rf->reset_values = rf_reset_info_values(r->json);
	begin_settings(rf);
}

static void
system_known(struct redfish *rf)
{
	if (rf->reset_values == 0 && rf->links.reset_info)
		rf_get(rf, rf->links.reset_info, on_reset_info);
	else
		begin_settings(rf);
}

/* ---- the system ----------------------------------------------------------- */

static void
take(struct redfish *rf, const char *target, const struct rf_reply *r)
{
	rf_links_fini(&rf->links);
	rf->reset_values = 0;
	rf_take_system(rf, target, r);
	rf_text_keep(&rf->state.reset_missing,
	    rf->links.reset_target ? NULL : "the system has no Reset action");
}

static void
on_chosen(struct redfish *rf, const struct rf_reply *r)
{
	if (!r->ok) {
		rf_fail_reply(rf, r, "read the system");
		return;
	}
	take(rf, rf->op->walk->first, r);
	system_known(rf);
}

static void
all_systems_seen(struct redfish *rf)
{
	struct rf_walk *w = rf->op->walk;

	if (w->hosts == 1) {
		rf_get(rf, w->first, on_chosen);
		return;
	}
	if (rf->hint)
		(void)rf_fail(rf, RF_CAUSE_SPEC, ERR_SPEC,
		    "no system of this BMC is called \"%.64s\" (%s)", rf->hint,
		    w->names[0] ? w->names : "it lists none");
	else if (w->hosts > 1)
		(void)rf_fail(rf, RF_CAUSE_SPEC, ERR_SPEC,
		    "the BMC has several systems, set systemID to one of: %s",
		    w->names);
	else
		(void)rf_fail(rf, RF_CAUSE_PROTOCOL, ERR_PROTO,
		    "%s lists no system with Boot and Reset (the BMC may be "
		    "starting): %s",
		    rf->service.systems, w->names);
}

static void
note_name(struct rf_walk *w, const char *target)
{
	size_t used = strlen(w->names), n;
	const char *s = rf_text_segment(target, &n);

	if (s)
		(void)str_format(w->names + used, sizeof(w->names) - used,
		    "%s%.*s", used ? ", " : "", (int)(n < 40 ? n : 40), s);
}

static void
on_system(struct redfish *rf, const struct rf_reply *r)
{
	struct rf_walk *w = rf->op->walk;
	const char *target = w->members.v[w->at++];
	bool only = w->members.n == 1, match;

	if (r->http != HTTP_OK || (!r->ok && only)) {
		rf_fail_reply(rf, r, "read the system");
		return;
	}
	note_name(w, target);
	match =
	    r->ok && (rf->hint ? rf_system_matches(r->json, target, rf->hint)
			       : rf_system_is_host(r->json));
	if (match && (rf->hint || only)) {
		take(rf, target, r);
		system_known(rf);
		return;
	}
	if (match && w->hosts++ == 0)
		xreplace(&w->first, target);
	next_system(rf);
}

static void
next_system(struct redfish *rf)
{
	struct rf_walk *w = rf->op->walk;

	/* Two are enough to know that we must ask which. */
	if (w->at == w->members.n || w->at == SYSTEMS_MAX ||
	    (!rf->hint && w->hosts > 1))
		all_systems_seen(rf);
	else
		rf_get(rf, w->members.v[w->at], on_system);
}

/* A member whose link already is the hint makes reading the others needless. */
static void
narrow_by_hint(struct redfish *rf)
{
	struct rf_walk *w = rf->op->walk;
	char *keep;
	size_t i;

	for (i = 0; rf->hint && i < w->members.n; i++) {
		if (!str_eq(w->members.v[i], rf->hint) &&
		    !rf_text_segment_is(w->members.v[i], rf->hint))
			continue;
		keep = xstrdup(w->members.v[i]);
		rf_members_fini(&w->members);
		w->members.v[w->members.n++] = keep;
		return;
	}
}

static void
on_systems(struct redfish *rf, const struct rf_reply *r)
{
	struct rf_walk *w = rf->op->walk;

	if (!r->ok) {
		rf_fail_reply(rf, r, "list the systems");
		return;
	}
	rf_members_add(&w->members, rf->origin, r->json);
	if (w->members.next && !w->members.truncated &&
	    ++w->pages < PAGES_MAX) {
		rf_get(rf, w->members.next, on_systems);
		return;
	}
	narrow_by_hint(rf);
	next_system(rf);
}

static void
begin_systems(struct redfish *rf)
{
	rf_get(rf, rf->service.systems, on_systems);
}

void
rf_rediscover(struct redfish *rf, rf_step_fn *then)
{
	struct rf_walk *w = xcalloc(1, sizeof(*w));

	rf_walk_free(rf->op->walk);
	rf->op->walk = w;
	w->then = then;
	rf->links.known = false;
	rf->doubt = 0;
	rf->doubt_hard = false;
	if (rf->service.known)
		begin_systems(rf);
	else
		rf_read_root(rf, begin_systems);
}

void
rf_ensure(struct redfish *rf, rf_step_fn *then)
{
	if (rf->first_use)
		(void)rf_fail(rf, RF_CAUSE_TLS, ERR_TLS,
		    "the certificate of %s is not trusted yet", rf->origin);
	else if (rf->links.known)
		then(rf);
	else
		rf_rediscover(rf, then);
}

/* ---- virtual media --------------------------------------------------------- */

static void
add_slot(struct redfish *rf, const char *target, const struct rf_reply *r)
{
	struct rf_walk *w = rf->op->walk;
	char etag[RF_ETAG_CAP];
	size_t n = w->n_slots;

	w->slots = xreallocarray(w->slots, n + 1, sizeof(*w->slots));
	w->ways = xreallocarray(w->ways, n + 1, sizeof(*w->ways));
	w->etags = xreallocarray(w->etags, n + 1, sizeof(*w->etags));
	memset(&w->slots[n], 0, sizeof(w->slots[n]));
	memset(&w->ways[n], 0, sizeof(w->ways[n]));
	rf_etag_of(etag, r->etag, r->json);
	w->etags[n] = xstrdup(etag);
	rf_slot_parse(&w->slots[n], &w->ways[n], rf->origin, target, r->json);
	w->n_slots++;
}

static void
on_slot(struct redfish *rf, const struct rf_reply *r)
{
	struct rf_walk *w = rf->op->walk;
	const char *target = w->members.v[w->at++];

	if (r->http != HTTP_OK) {
		rf_fail_reply(rf, r, "read a virtual media slot");
		return;
	}
	if (r->ok)
		add_slot(rf, target, r);
	else /* one bad slot must not hide the others */
		doubt(rf, RF_READ_MEDIA, r);
	next_slot(rf);
}

static bool
any_usable(const struct rf_walk *w)
{
	size_t i;

	for (i = 0; i < w->n_slots; i++)
		if (w->slots[i].usable)
			return true;
	return false;
}

static void
next_slot(struct redfish *rf)
{
	struct rf_walk *w = rf->op->walk;

	if (w->at < w->members.n && w->n_slots < RF_SLOTS_MAX)
		rf_get(rf, w->members.v[w->at], on_slot);
	else if (!any_usable(w) && !w->manager_asked)
		ask_manager(rf);
	else
		finish_media(rf);
}

static void
on_media(struct redfish *rf, const struct rf_reply *r)
{
	struct rf_walk *w = rf->op->walk;

	if (r->http != HTTP_OK) {
		rf_fail_reply(rf, r, "list the virtual media");
		return;
	}
	if (r->ok)
		rf_members_add(&w->members, rf->origin, r->json);
	else
		doubt(rf, RF_READ_MEDIA, r);
	if (r->ok && w->members.next && !w->members.truncated &&
	    ++w->pages < PAGES_MAX) {
		rf_get(rf, w->members.next, on_media);
		return;
	}
	next_slot(rf);
}

static void
walk_media(struct redfish *rf, const char *collection)
{
	struct rf_walk *w = rf->op->walk;

	rf_members_fini(&w->members);
	w->at = 0;
	w->pages = 0;
	rf_get(rf, collection, on_media);
}

static void
on_manager(struct redfish *rf, const struct rf_reply *r)
{
	if (r->http != HTTP_OK) {
		rf_fail_reply(rf, r, "read the manager");
		return;
	}
	if (r->ok)
		rf_text_keep_link(&rf->links.manager_media, rf->origin,
		    json_str(r->json, "VirtualMedia/@odata.id", NULL));
	else
		doubt(rf, RF_READ_MEDIA, r);
	if (rf->links.manager_media &&
	    !str_eq(rf->links.manager_media, rf->links.system_media))
		walk_media(rf, rf->links.manager_media);
	else
		finish_media(rf);
}

static void
on_managers(struct redfish *rf, const struct rf_reply *r)
{
	struct rf_walk *w = rf->op->walk;

	if (r->http != HTTP_OK) {
		rf_fail_reply(rf, r, "list the managers");
		return;
	}
	rf_members_fini(&w->members);
	if (r->ok)
		rf_members_add(&w->members, rf->origin, r->json);
	else
		doubt(rf, RF_READ_MEDIA, r);
	if (w->members.n == 0) {
		finish_media(rf);
		return;
	}
	xreplace(&rf->links.manager, w->members.v[0]);
	ask_manager(rf);
}

/* Rule 12: ManagedBy, else Managers of the system, else those of the root. */
static void
ask_manager(struct redfish *rf)
{
	struct rf_walk *w = rf->op->walk;

	if (rf->links.manager) {
		w->manager_asked = true;
		rf_get(rf, rf->links.manager, on_manager);
	} else if (rf->service.managers && !w->manager_asked) {
		w->manager_asked = true;
		rf_get(rf, rf->service.managers, on_managers);
	} else {
		finish_media(rf);
	}
}

static void
swap_slots(struct rf_walk *w, size_t a, size_t b)
{
	struct redfish_slot slot = w->slots[a];
	struct rf_slot_ways ways = w->ways[a];
	char *etag = w->etags[a];

	w->slots[a] = w->slots[b];
	w->ways[a] = w->ways[b];
	w->etags[a] = w->etags[b];
	w->slots[b] = slot;
	w->ways[b] = ways;
	w->etags[b] = etag;
}

static void
sort_slots(struct rf_walk *w)
{
	size_t i, k;

	for (i = 1; i < w->n_slots; i++)
		for (k = i; k > 0 && rf_slot_compare(&w->slots[k], &w->ways[k],
					 &w->slots[k - 1], &w->ways[k - 1]) < 0;
		     k--)
			swap_slots(w, k, k - 1);
}

static const char *
why_no_media(const struct rf_walk *w)
{
	if (any_usable(w))
		return NULL;
	return w->n_slots > 0
		   ? "no virtual media slot takes a CD image (a licence may be "
		     "missing)"
		   : "neither the system nor its manager lists virtual media";
}

static void
finish_media(struct redfish *rf)
{
	struct rf_walk *w = rf->op->walk;
	struct redfish_state *st = &rf->state;

	sort_slots(w);
	rf_text_keep(&st->media_missing, why_no_media(w));
	rf_slots_fini(st->slots, st->n_slots);
	rf_slot_ways_fini(rf->ways, st->n_slots);
	free_etags(rf->slot_etags, st->n_slots);
	st->slots = w->slots;
	st->n_slots = w->n_slots;
	rf->ways = w->ways;
	rf->slot_etags = w->etags;
	w->slots = NULL;
	w->ways = NULL;
	w->etags = NULL;
	w->n_slots = 0;
	st->media_at_us = st->boot_at_us = rf_now(rf);
	st->parts |= RF_READ_MEDIA | RF_READ_BOOT;
	rf->links.known = true;
	settle_doubt(rf);
	rf_derive_boot(rf);
	w->then(rf);
}
