/* Secrets, read, handed over, wiped. */
#include "agent/kube/secret.h"

#include <string.h>

#include "agent/kube/object.h"
#include "common/json.h"
#include "common/str.h"

struct kube_secret_call {
	struct kube_call *call;
	struct secret v[KUBE_SECRET_KEYS_MAX];
	char *keys[KUBE_SECRET_KEYS_MAX];
	size_t n;
	void (*done)(void *arg, struct kube_secret_reply *r);
	void *arg;
};

static void
call_free(struct kube_secret_call *s)
{
	for (size_t i = 0; i < s->n; i++) {
		secret_free(&s->v[i]);
		xfree(s->keys[i]);
	}
	xfree(s);
}

/* An empty value is a value: p is then "" and n 0. */
static bool
decode(struct secret *out, const char *b64)
{
	size_t n = strlen(b64), cap = n + 4, len = 0;
	char *bytes = xmalloc(cap);
	bool ok = b64_decode(b64, n, bytes, cap - 1, &len);

	if (!ok) {
		secret_wipe(bytes, cap);
		xfree(bytes);
		return false;
	}
	bytes[len] = '\0';
	secret_free(out);
	out->p = bytes; /* wiped by secret_free: the rest is padding */
	out->n = len;
	return true;
}

static bool
take_keys(struct kube_secret_call *s, const cJSON *secret, struct err *e)
{
	const cJSON *data = json_child(secret, "data");

	for (size_t i = 0; i < s->n; i++) {
		const cJSON *v =
		    cJSON_IsObject(data) ? json_child(data, s->keys[i]) : NULL;

		if (v == NULL || cJSON_IsNull(v))
			continue;
		if (!cJSON_IsString(v) || !decode(&s->v[i], v->valuestring))
			return err_set(e, ERR_SPEC, 0,
			    "key \"%.60s\" of Secret %.60s/%.80s is not base64",
			    s->keys[i], kobj_ns(secret), kobj_name(secret));
	}
	return true;
}

static void
on_done(void *arg, const struct kube_reply *r)
{
	struct kube_secret_call *s = arg;
	struct kube_secret_reply out = { .err = r->err,
		.n = s->n,
		.v = s->v,
		.type = "",
		.resource_version = r->resource_version };

	s->call = NULL;
	if (r->err.kind == ERR_NONE && take_keys(s, r->object, &out.err)) {
		out.metadata = json_child(r->object, "metadata");
		out.type = json_str(r->object, "type", "");
	}
	s->done(s->arg, &out);
	call_free(s);
}

struct kube_secret_call *
kube_secret_read(struct kube_client *c, const struct kube_secret_want *want,
    void (*done)(void *arg, struct kube_secret_reply *r), void *arg)
{
	struct kube_secret_call *s = xcalloc(1, sizeof(*s));
	const struct kube_request rq = { .verb = KUBE_GET,
		.res = &KUBE_SECRETS,
		.ns = want->ns,
		.name = want->name,
		.sensitive = true,
		.done = on_done,
		.arg = s };

	s->n = want->n < KUBE_SECRET_KEYS_MAX ? want->n : KUBE_SECRET_KEYS_MAX;
	for (size_t i = 0; i < s->n; i++)
		s->keys[i] = xstrdup(want->keys[i]);
	s->done = done;
	s->arg = arg;
	s->call = kube_start(c, &rq);
	return s;
}

void
kube_secret_cancel(struct kube_secret_call *call)
{
	if (call == NULL)
		return;
	kube_cancel(call->call);
	call_free(call);
}
