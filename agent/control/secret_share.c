/* See secret_share.h. */
#include "agent/control/secret_share.h"

#include "agent/control/host_pass.h"
#include "agent/control/names.h"
#include "agent/kube/client.h"
#include "agent/kube/informer.h"
#include "agent/kube/object.h"
#include "agent/kube/secret.h"
#include "common/mem.h"
#include "common/str.h"

/* Longer ones are no credentials of a BMC: each host gets its own copy. */
#define CREDENTIAL_MAX 1024

struct secret_share {
	struct controllers *c; /* borrowed */
	char *id;              /* owned; its key in controllers.shares */
	char *name, *version;  /* owned; of the Secret, as the cache had it */
	enum secret_ask ask;
	unsigned shard; /* of the first that asked */
	struct kube_call *patch;
	struct kube_secret_call *read;
	TAILQ_HEAD(, host_ctl) hosts;
};

static bool
share_patches(enum secret_ask ask)
{
	return ask == SECRET_HOLD || ask == SECRET_FREE;
}

void
secret_share_free(void *arg)
{
	struct secret_share *s = arg;

	kube_cancel(s->patch);
	kube_secret_cancel(s->read);
	xfree(s->id);
	xfree(s->name);
	xfree(s->version);
	xfree(s);
}

/* What is finished is out of the map before anybody hears of it: whoever looks
 * again starts anew. */
static void
share_close(struct secret_share *s)
{
	(void)map_take(&s->c->shares, s->id); /* it was there */
	s->patch = NULL;
	s->read = NULL;
}

static struct host_ctl *
share_next(struct secret_share *s)
{
	struct host_ctl *ctl = TAILQ_FIRST(&s->hosts);

	if (ctl != NULL)
		secret_share_leave(ctl);
	return ctl;
}

void
secret_share_leave(struct host_ctl *ctl)
{
	if (ctl->share == NULL)
		return;
	TAILQ_REMOVE(&ctl->share->hosts, ctl, share_entry);
	ctl->share = NULL;
}

/* ---- answers ------------------------------------------------------------------ */

static void
share_patched(void *arg, const struct kube_reply *r)
{
	static const struct err none = { .kind = ERR_NONE };
	struct secret_share *s = arg;
	struct host_ctl *ctl;

	share_close(s);
	if (r->err.kind == ERR_NONE && r->object != NULL)
		informer_note_reply(s->c->secrets, r);
	while ((ctl = share_next(s)) != NULL)
		host_write_end(
		    ctl, ctl->share_other ? &none : &r->err, r->retry_after_us);
	secret_share_free(s);
}

static void
share_asked(const struct secret_share *s, char **to)
{
	xfree(*to);
	*to = xasprintf("%s@%s", s->name, s->version == NULL ? "" : s->version);
}

static void
share_give_login(
    struct secret_share *s, struct host_ctl *ctl, struct kube_secret_reply *r)
{
	struct secret *to[] = { &ctl->user, &ctl->password };

	for (size_t i = 0; i < 2; i++) {
		secret_free(to[i]);
		if (r->v[i].p != NULL && r->v[i].n <= CREDENTIAL_MAX)
			secret_set(to[i], r->v[i].p, r->v[i].n);
	}
	xfree(ctl->secret_version);
	ctl->secret_version = xasprintf("%s@%s", s->name, r->resource_version);
	share_asked(s, &ctl->pass->secret_asked);
	ctl->secret_new = true;
}

static void
share_read(void *arg, struct kube_secret_reply *r)
{
	static const struct err none = { .kind = ERR_NONE };
	struct secret_share *s = arg;
	struct tls_trust *ca = NULL;
	struct host_ctl *ctl;
	struct err e = { .kind = ERR_NONE };

	share_close(s);
	if (r->err.kind == ERR_NONE && s->ask == SECRET_CA)
		ca = host_trust_of(s->c, r->v[0].p, r->v[0].n, &e);
	while ((ctl = share_next(s)) != NULL) {
		if (ctl->share_other) {
			host_write_end(ctl, &none, 0);
			continue;
		}
		if (r->err.kind == ERR_NONE && s->ask == SECRET_LOGIN) {
			share_give_login(s, ctl, r);
		} else if (r->err.kind == ERR_NONE) {
			tls_trust_free(ctl->ca);
			ctl->ca = ca == NULL ? NULL : tls_trust_ref(ca);
			ctl->pass->ca_err = e;
			share_asked(s, &ctl->pass->ca_asked);
		}
		host_write_end(ctl, &r->err, 0);
	}
	tls_trust_free(ca);
	secret_share_free(s);
}

/* ---- questions ------------------------------------------------------------------ */

static void
share_start_patch(struct secret_share *s, const char *ns, const cJSON *body)
{
	const struct kube_request rq = { .verb = KUBE_PATCH,
		.res = &KUBE_SECRETS,
		.ns = ns,
		.name = s->name,
		.patch = KUBE_PATCH_JSON,
		.body = body,
		.metadata_only = true,
		.sensitive = true,
		.shard = s->shard,
		.done = share_patched,
		.arg = s };

	s->patch = kube_start(s->c->k, &rq);
}

static void
share_start_read(struct secret_share *s, const char *ns)
{
	static const char *const login[] = { "username", "password" };
	static const char *const ca[] = { "ca.crt" };
	const struct kube_secret_want want = { ns, s->name,
		s->ask == SECRET_CA ? ca : login, s->ask == SECRET_CA ? 1 : 2 };

	s->read = kube_secret_read(s->c->k, &want, share_read, s);
}

static char *
share_version(const struct controllers *c, const char *ns, const char *name)
{
	char key[KOBJ_KEY_CAP];
	const char *rv =
	    kobj_key_make(ns, name, key) ? informer_rv(c->secrets, key) : NULL;

	return rv == NULL ? NULL : xstrdup(rv);
}

void
secret_share_ask(struct host_ctl *ctl, enum secret_ask ask, const char *name,
    const cJSON *body)
{
	const char *ns = ctl->pass->h.ns;
	const char *what = share_patches(ask) ? "patch"
			   : ask == SECRET_CA ? "ca"
					      : "login";
	char *id = xasprintf("%s/%s %s", ns, name, what);
	char *version = share_version(ctl->c, ns, name);
	struct secret_share *s = map_get(&ctl->c->shares, id);
	bool first = s == NULL;

	if (first) {
		s = xcalloc(1, sizeof(*s));
		s->c = ctl->c;
		s->id = xstrdup(id);
		s->name = xstrdup(name);
		s->version = xstrdup(version);
		s->ask = ask;
		s->shard = ctl->shard;
		TAILQ_INIT(&s->hosts);
		(void)map_put(&ctl->c->shares, id, s); /* was not there */
	}
	ctl->share = s;
	ctl->share_other = s->ask != ask || !str_eq(s->version, version);
	TAILQ_INSERT_TAIL(&s->hosts, ctl, share_entry);
	if (first && share_patches(ask))
		share_start_patch(s, ns, body);
	else if (first)
		share_start_read(s, ns);
	xfree(version);
	xfree(id);
}
