/* See key.h. */
#include "agent/claims/key.h"

#include <string.h>

#include "agent/kube/informer.h"
#include "agent/kube/object.h"
#include "agent/kube/own.h"
#include "agent/kube/secret.h"
#include "common/json.h"
#include "common/log.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/str.h"

#define KEY_RETRY_US (5 * LOOP_S)

struct claims_key {
	struct kube_client *kube; /* borrowed */
	const struct env *env;
	struct claims_key_opts o; /* its strings are ours */
	char *ns, *name;          /* owned */
	struct informer *watch;
	struct kube_secret_call *reading;
	struct kube_call *making;
	struct timer again;
	struct live_keys held; /* what was told last */
	struct live_keys made; /* in the create that is under way */
};

static void look(void *arg);

static void
later(struct claims_key *c)
{
	timer_start(c->env->loop, &c->again, KEY_RETRY_US, look, c);
}

/* ---- reading ------------------------------------------------------------ */

static void
tell(struct claims_key *c, const struct live_keys *k)
{
	if (c->held.has && secret_same(&c->held, k, sizeof(*k)))
		return;
	c->held = *k;
	c->o.got(c->o.arg, k);
}

static bool
take_key(uint8_t out[TOKEN_KEY], const struct secret *s)
{
	if (s->p == NULL || s->n != TOKEN_KEY)
		return false;
	memcpy(out, s->p, TOKEN_KEY);
	return true;
}

static void
read_done(void *arg, struct kube_secret_reply *r)
{
	struct claims_key *c = arg;
	struct live_keys k;

	c->reading = NULL;
	if (r->err.kind == ERR_NOTFOUND) {
		look(c);
		return;
	}
	/* Compared as bytes: padding, too, is to be zero. */
	memset(&k, 0, sizeof(k));
	if (r->err.kind == ERR_NONE) {
		k.has = take_key(k.key, &r->v[0]);
		k.has_former = take_key(k.former, &r->v[1]);
		if (r->v[2].p == NULL || !str_to_i64(r->v[2].p, &k.changed_s))
			k.changed_s = 0;
	}
	if (k.has) {
		tell(c, &k);
	} else {
		LOGW(c->env->log, "the key of the media server cannot be read",
		    F_STR("secret", c->name),
		    F_STR("why", r->err.kind == ERR_NONE
				     ? "data.key is not of 32 bytes; delete "
				       "the Secret to have another one made"
				     : r->err.msg));
		later(c);
	}
	secret_wipe(&k, sizeof(k));
}

/* ---- making ------------------------------------------------------------- */

static void
put_bytes(cJSON *data, const char *name, const void *p, size_t n)
{
	char *text = b64_encode(p, n);

	json_set_str(data, name, text);
	secret_wipe(text, strlen(text));
	xfree(text);
}

static void
wipe_texts(cJSON *data)
{
	cJSON *v;

	cJSON_ArrayForEach (v, data)
		secret_wipe(v->valuestring, strlen(v->valuestring));
}

static void
make_done(void *arg, const struct kube_reply *r)
{
	struct claims_key *c = arg;

	c->making = NULL;
	if (r->err.kind == ERR_NONE) {
		LOGI(c->env->log, "made the key of the media server",
		    F_STR("secret", c->name),
		    F_BOOL("former", c->made.has_former));
		tell(c, &c->made);
	} else {
		/* Another one was first, or the fate is unknown: what is there
		 * decides. */
		if (r->err.kind != ERR_CONFLICT)
			LOGW(c->env->log,
			    "the key of the media server cannot be made",
			    F_STR("secret", c->name), F_ERR(&r->err));
		later(c);
	}
	secret_wipe(&c->made, sizeof(c->made));
}

static void
make(struct claims_key *c)
{
	struct entropy ent = c->env->entropy;
	struct kube_request rq = { .verb = KUBE_CREATE,
		.res = &KUBE_SECRETS,
		.ns = c->ns,
		.sensitive = true,
		.done = make_done,
		.arg = c };
	cJSON *o = cJSON_CreateObject(), *data;
	char changed[24];

	memset(&c->made, 0, sizeof(c->made));
	c->made.has = true;
	ent.fill(ent.self, c->made.key, TOKEN_KEY);
	c->made.changed_s = loop_wall_us(c->env->loop) / LOOP_S;
	json_set_str(o, "apiVersion", "v1");
	json_set_str(o, "kind", "Secret");
	json_put(o, "metadata/name", cJSON_CreateString(c->name));
	json_put(o, "metadata/namespace", cJSON_CreateString(c->ns));
	json_set_str(o, "type", "Opaque");
	data = json_ensure_obj(o, "data");
	put_bytes(data, "key", c->made.key, TOKEN_KEY);
	if (c->held.has) {
		c->made.has_former = true;
		memcpy(c->made.former, c->held.key, TOKEN_KEY);
		put_bytes(data, "former", c->made.former, TOKEN_KEY);
	}
	(void)str_format(
	    changed, sizeof(changed), "%lld", (long long)c->made.changed_s);
	put_bytes(data, "changed", changed, strlen(changed));
	rq.body = o;
	c->making = kube_start(c->kube, &rq);
	wipe_texts(data);
	cJSON_Delete(o);
}

/* ---- following ---------------------------------------------------------- */

static void
look(void *arg)
{
	static const char *const keys[] = { "key", "former", "changed" };
	struct claims_key *c = arg;
	struct kube_secret_want want = { c->ns, c->name, keys, 3 };

	if (c->reading != NULL || c->making != NULL ||
	    !informer_synced(c->watch))
		return;
	timer_stop(&c->again);
	if (informer_count(c->watch) > 0)
		c->reading = kube_secret_read(c->kube, &want, read_done, c);
	else if (c->o.leading == NULL || c->o.leading(c->o.arg))
		make(c);
	else
		later(c);
}

static void
on_event(void *arg, const struct informer_event *ev)
{
	(void)ev;
	look(arg);
}

struct claims_key *
claims_key_new(struct kube_client *k, const struct claims_key_opts *o)
{
	struct claims_key *c = xcalloc(1, sizeof(*c));
	struct informer_opts io = { .res = &KUBE_SECRETS,
		.metadata_only = true };
	char *selector;

	c->kube = k;
	c->env = kube_client_env(k);
	c->o = *o;
	c->ns = xstrdup(o->ns);
	c->name = xstrdup(o->name == NULL ? CLAIMS_KEY_SECRET : o->name);
	selector = xasprintf("metadata.name=%s", c->name);
	io.ns = c->ns;
	io.field_selector = selector;
	c->watch = informer_new(k, &io);
	xfree(selector);
	informer_on(c->watch, on_event, c);
	informer_start(c->watch);
	return c;
}

void
claims_key_free(struct claims_key *c)
{
	if (c == NULL)
		return;
	timer_stop(&c->again);
	if (c->reading != NULL)
		kube_secret_cancel(c->reading);
	if (c->making != NULL)
		kube_cancel(c->making);
	informer_free(c->watch);
	secret_wipe(&c->held, sizeof(c->held));
	secret_wipe(&c->made, sizeof(c->made));
	xfree(c->ns);
	xfree(c->name);
	xfree(c);
}
