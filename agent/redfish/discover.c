#include <string.h>

#include "agent/redfish/reset.h"
#include "agent/redfish/system.h"
#include "agent/redfish/text.h"
#include "agent/redfish/walk.h"
#include "common/json.h"
#include "common/str.h"

#define SYSTEMS_MAX 16

static void next_system(struct redfish *rf);

void
rf_walk_free(struct rf_walk *w)
{
	if (!w)
		return;
	rf_members_fini(&w->members);
	xfree(w->first);
	rf_slots_fini(w->slots, w->n_slots);
	rf_slot_ways_fini(w->ways, w->n_slots);
	rf_free_etags(w->etags, w->n_slots);
	xfree(w);
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
		rf_doubt(rf, RF_READ_BOOT, r);
	/* iDRAC9 and XCC have one that knows nothing of the override. */
	if (!r->ok ||
	    (!rf->settings_boot.has_target && !rf->settings_boot.has_enabled)) {
		rf->links.settings_useless = true;
		xreplace(&rf->links.settings, NULL);
	}
	rf_walk_media(rf);
}

static void
begin_settings(struct redfish *rf)
{
	if (rf->links.settings)
		rf_get(rf, rf->links.settings, on_settings);
	else
		rf_walk_media(rf);
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
	    ++w->pages < RF_PAGES_MAX) {
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
