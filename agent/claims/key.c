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
#include "common/metrics.h"
#include "common/str.h"

#define KEY_RETRY_US (5 * LOOP_S)
#define KEY_DENIED_US (30 * LOOP_S)
#define KEY_METRIC "beskar7_media_key"

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
	struct err told;       /* logged last; ERR_NONE = all is well */
};

static void look(void *arg);

static void
later(struct claims_key *c)
{
	timer_start(c->env->loop, &c->again,
	    c->told.kind == ERR_AUTH ? KEY_DENIED_US : KEY_RETRY_US, look, c);
}

/* Said once, until it is another reason or all is well again: what lacks is a
 * right, often, and stays away for long. */
static void
failed(struct claims_key *c, const char *verb, const struct err *e)
{
	bool known = e->kind == c->told.kind && str_eq(e->msg, c->told.msg);

	c->told = *e;
	later(c);
	if (known)
		return;
	LOGW(c->env->log,
	    e->kind == ERR_AUTH
		? "no right to the key of the media server: until there is "
		  "one, it serves nothing new; all else goes on"
		: "the key of the media server cannot be had",
	    F_STR("verb", verb), F_STR("resource", "secrets"),
	    F_STR("namespace", c->ns), F_STR("secret", c->name), F_ERR(e));
}

/* ---- reading ------------------------------------------------------------ */

static void
tell(struct claims_key *c, const struct live_keys *k)
{
	if (c->held.has && secret_same(&c->held, k, sizeof(*k)))
		return;
	c->held = *k;
	metrics_set(c->env->metrics, KEY_METRIC, NULL, 1);
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
	struct err e = r->err;

	c->reading = NULL;
	if (e.kind == ERR_NOTFOUND) {
		/* Its deletion is on its way to the cache. */
		later(c);
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
	if (e.kind == ERR_NONE && !k.has)
		(void)err_set(&e, ERR_SPEC, 0,
		    "data.key is not of %d bytes; delete the Secret to have "
		    "another one made",
		    TOKEN_KEY);
	if (k.has) {
		c->told.kind = ERR_NONE;
		tell(c, &k);
	} else {
		failed(c, "get", &e);
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
		c->told.kind = ERR_NONE;
		tell(c, &c->made);
	} else if (r->err.kind == ERR_CONFLICT) {
		later(c); /* another one was first: what is there counts */
	} else {
		failed(c, "create", &r->err); /* and looks what is there */
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
	struct informer_status s;

	if (c->reading != NULL || c->making != NULL)
		return;
	timer_stop(&c->again);
	informer_status(c->watch, &s);
	if (!s.synced && s.err.kind == ERR_AUTH)
		failed(c, "list, watch", &s.err);
	else if (s.synced && informer_count(c->watch) > 0)
		c->reading = kube_secret_read(c->kube, &want, read_done, c);
	else if (s.synced && (c->o.leading == NULL || c->o.leading(c->o.arg)))
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
	metrics_help(c->env->metrics, KEY_METRIC,
	    "1: the key of the media server's tokens is known");
	metrics_set(c->env->metrics, KEY_METRIC, NULL, 0);
	later(c);
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
