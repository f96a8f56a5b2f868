/* See tenants.h. */
#include "agent/claims/tenants.h"

#include "agent/control/names.h"
#include "agent/control/phoned.h"
#include "agent/kube/informer.h"
#include "agent/kube/object.h"
#include "common/log.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/str.h"

#define TENANTS_LOOK_US LOOP_MIN

static const struct kube_resource HOSTS = { AX, AX_VERSION, "physicalhosts",
	"PhysicalHost", false };

struct tenants {
	const struct env *env;
	struct tenants_opts o;
	struct live *live; /* borrowed */
	struct informer *hosts;
	struct timer age;
	bool stale;
};

bool
tenants_who(const struct record *r, bool reported, struct live_who *w)
{
	bool provisioning = r->phase == PHASE_PROVISIONING;

	if ((!provisioning && r->phase != PHASE_PROVISIONED) ||
	    r->claim_id[0] == '\0')
		return false;
	w->claim = r->claim_id;
	w->attempt = r->attempt;
	w->armed_s = r->armed_s;
	w->data = r->data;
	w->may[TOKEN_REPORT] = true;
	w->until_s[TOKEN_REPORT] = 0;
	w->may[TOKEN_MEDIUM] = r->installed_s == 0 && r->ejected_s == 0;
	w->until_s[TOKEN_MEDIUM] = provisioning && r->deadline_s > 0
				       ? r->deadline_s + TENANTS_LATE_S
				       : 0;
	/* The data alone, which nobody needs any more once it was taken: a system
	 * that is up by another evidence may still be at it, and one that was
	 * installed may take it at its own first boot. */
	w->may[TOKEN_CONFIG] = r->data_gone_s == 0 && r->ejected_s == 0 &&
			       (!reported || r->installed_s != 0);
	w->until_s[TOKEN_CONFIG] =
	    r->deadline_s > 0 ? r->deadline_s + TENANTS_LATE_S : 0;
	return true;
}

static bool
has_reported(const cJSON *host, const struct record *r)
{
	struct phoned p;

	return phoned_of(
	    &p, kobj_annotation(host, ANN_REPORT), r->claim_id, r->attempt);
}

static void
on_host(void *arg, const struct informer_event *ev)
{
	struct tenants *t = arg;
	const char *text = kobj_annotation(ev->object, ANN_RECORD);
	struct live_who w = { .ns = NULL };
	struct record r;

	if (ev->what == INFORMER_SYNCED)
		return;
	w.ns = kobj_ns(ev->object);
	w.name = kobj_name(ev->object);
	if (ev->what != INFORMER_DELETED && text != NULL &&
	    record_parse(&r, text, NULL) &&
	    tenants_who(&r, has_reported(ev->object, &r), &w))
		live_put(t->live, &w);
	else
		live_drop(t->live, ev->key);
}

/* A host may be released without our hearing of it. */
static void
look_at_age(void *arg)
{
	struct tenants *t = arg;
	struct informer_status s;
	bool stale;

	timer_start(t->env->loop, &t->age, TENANTS_LOOK_US, look_at_age, t);
	informer_status(t->hosts, &s);
	stale = s.synced && s.age_us > TENANTS_STALE_US;
	if (stale == t->stale)
		return;
	t->stale = stale;
	if (stale)
		LOGW(t->env->log,
		    "media are not served: the API server is silent",
		    F_INT("seconds", s.age_us / LOOP_S));
	t->o.stale(t->o.arg, stale);
}

struct tenants *
tenants_new(
    struct kube_client *k, const struct tenants_opts *o, struct live *live)
{
	struct tenants *t = xcalloc(1, sizeof(*t));
	struct informer_opts io = {
		.res = &HOSTS, .ns = o->ns, .metadata_only = true
	};
	char *selector = NULL;

	t->env = kube_client_env(k);
	t->o = *o;
	t->live = live;
	if (!str_empty(o->watch_filter))
		selector = xasprintf(LABEL_WATCH "=%s", o->watch_filter);
	io.label_selector = selector;
	t->hosts = informer_new(k, &io);
	xfree(selector);
	informer_on(t->hosts, on_host, t);
	informer_start(t->hosts);
	timer_start(t->env->loop, &t->age, TENANTS_LOOK_US, look_at_age, t);
	return t;
}

void
tenants_free(struct tenants *t)
{
	if (t == NULL)
		return;
	timer_stop(&t->age);
	informer_free(t->hosts);
	xfree(t);
}

const cJSON *
tenants_host(struct tenants *t, const char *key)
{
	return informer_get(t->hosts, key);
}

bool
tenants_synced(const struct tenants *t)
{
	return informer_synced(t->hosts);
}
