/* See wish.h. */
#include "agent/claims/wish.h"

#include <string.h>

#include "agent/control/names.h"
#include "agent/kube/object.h"
#include "agent/kube/secret.h"
#include "common/json.h"
#include "common/str.h"

/* A Secret of network data has it under the first of these that is there: as
 * cloud-init calls it, as Metal3 does, or as all others do. */
static const char *const network_keys[] = { "network-config", "networkData",
	"value" };
static const char *const data_keys[] = { "value", "format" };
static const char *const wrapper_keys[] = { "value" };

static const struct kube_resource HOSTS = { AX, AX_VERSION, "physicalhosts",
	"PhysicalHost", false };
static const struct kube_resource MACHINES = { AX, AX_VERSION,
	"beskar7machines", "Beskar7Machine", false };

enum stage {
	STAGE_DATA,
	STAGE_WRAPPER,
	STAGE_NETWORK,
	STAGE_END
};

struct wish_call {
	struct kube_client *k; /* borrowed */
	char *ns, *name, *claim;
	struct kube_call *call;
	struct kube_secret_call *secret;
	enum stage stage;
	char *secrets[STAGE_END]; /* names; NULL = none */
	struct wish w;
	wish_fn *fn;
	void *arg;
};

void
wish_free(struct wish *w)
{
	for (size_t i = 0; i < WISH_SECRETS; i++)
		secret_free(&w->v[i]);
	for (size_t i = 0; i < w->n_meta; i++) {
		xfree((void *)(uintptr_t)w->meta[i].key);
		xfree((void *)(uintptr_t)w->meta[i].value);
	}
	xfree(w->meta);
	xfree(w->image);
	xfree(w->checksum);
	xfree(w->hostname);
	xfree(w->provider_id);
	xfree(w->kernel_args);
	memset(w, 0, sizeof(*w));
}

void
wish_cancel(struct wish_call *c)
{
	if (c == NULL)
		return;
	if (c->call != NULL)
		kube_cancel(c->call);
	if (c->secret != NULL)
		kube_secret_cancel(c->secret);
	wish_free(&c->w);
	for (size_t i = 0; i < STAGE_END; i++)
		xfree(c->secrets[i]);
	xfree(c->ns);
	xfree(c->name);
	xfree(c->claim);
	xfree(c);
}

static void
end(struct wish_call *c, const char *reason, const struct err *e)
{
	struct wish w = c->w;
	wish_fn *fn = c->fn;
	void *arg = c->arg;

	memset(&c->w, 0, sizeof(c->w));
	wish_cancel(c);
	fn(arg, &w, reason, e);
	wish_free(&w);
}

static void
end_with(
    struct wish_call *c, enum err_kind k, const char *reason, const char *why)
{
	struct err e;

	(void)err_set(&e, k, 0, "%s", why);
	end(c, reason, &e);
}

/* What the API did not answer may come. */
static void
end_of(struct wish_call *c, const struct err *why)
{
	struct err e = *why;

	if (e.kind != ERR_NOTFOUND)
		e.kind = ERR_BUSY;
	end(c, NULL, &e);
}

/* ---- Secrets ------------------------------------------------------------ */

static void next(struct wish_call *c);

static void
move(struct secret *to, struct secret *from)
{
	*to = *from;
	*from = (struct secret){ 0 };
}

static void
take(struct wish_call *c, struct kube_secret_reply *r)
{
	struct secret *v = c->w.v;

	switch (c->stage) {
	case STAGE_DATA:
		move(&v[WISH_DATA], &r->v[0]);
		move(&v[WISH_FORMAT], &r->v[1]);
		break;
	case STAGE_WRAPPER:
		move(&v[WISH_WRAPPER], &r->v[0]);
		break;
	case STAGE_NETWORK:
		for (size_t i = r->n; i-- > 0;)
			if (r->v[i].p != NULL) {
				secret_free(&v[WISH_NETWORK]);
				move(&v[WISH_NETWORK], &r->v[i]);
			}
		break;
	case STAGE_END:
		break;
	}
}

static void
lacks(struct wish_call *c, const char *what)
{
	static const char *const fields[] = { [STAGE_DATA] =
						  "userDataSecretRef",
		[STAGE_WRAPPER] = "userData.wrapperSecretRef",
		[STAGE_NETWORK] = "networkDataSecretRef" };
	struct err e;

	(void)err_set(&e, ERR_SPEC, 0, "the Secret %.100s (%s) %s",
	    c->secrets[c->stage], fields[c->stage], what);
	end(c, "SecretNotFound", &e);
}

static void
secret_read(void *arg, struct kube_secret_reply *r)
{
	struct wish_call *c = arg;
	bool any = false;

	c->secret = NULL;
	if (r->err.kind == ERR_NOTFOUND) {
		lacks(c, "does not exist");
		return;
	}
	if (r->err.kind == ERR_SPEC) {
		lacks(c, "cannot be read: a key of it is no base64");
		return;
	}
	if (r->err.kind != ERR_NONE) {
		end_of(c, &r->err);
		return;
	}
	for (size_t i = 0; i < r->n; i++)
		any |= r->v[i].p != NULL && (c->stage != STAGE_DATA || i == 0);
	if (!any) {
		lacks(c,
		    c->stage == STAGE_NETWORK
			? "has none of the keys network-config, networkData, "
			  "value"
			: "has no key `value`");
		return;
	}
	take(c, r);
	c->stage++;
	next(c);
}

static void
next(struct wish_call *c)
{
	struct kube_secret_want want = { .ns = c->ns };

	while (c->stage < STAGE_END && c->secrets[c->stage] == NULL)
		c->stage++;
	switch (c->stage) {
	case STAGE_DATA:
		want.keys = data_keys;
		want.n = 2;
		break;
	case STAGE_WRAPPER:
		want.keys = wrapper_keys;
		want.n = 1;
		break;
	case STAGE_NETWORK:
		want.keys = network_keys;
		want.n = 3;
		break;
	case STAGE_END:
		end(c, NULL, NULL);
		return;
	}
	want.name = c->secrets[c->stage];
	c->secret = kube_secret_read(c->k, &want, secret_read, c);
}

/* ---- objects ------------------------------------------------------------ */

static void
take_meta(struct wish *w, const cJSON *meta)
{
	const cJSON *v;
	size_t n = 0;

	cJSON_ArrayForEach (v, meta)
		n += cJSON_IsString(v) && n < DELIVERY_META;
	w->meta = xcalloc(n + 1, sizeof(*w->meta));
	cJSON_ArrayForEach (v, meta) {
		if (!cJSON_IsString(v) || w->n_meta == n)
			continue;
		w->meta[w->n_meta++] =
		    (struct delivery_pair){ xstrdup(v->string),
			    xstrdup(v->valuestring) };
	}
}

static char *
text_at(const cJSON *o, const char *path)
{
	const char *s = json_str(o, path, "");

	return s[0] == '\0' ? NULL : xstrdup(s);
}

/* The Machine is what people and Cluster API call it by. */
static char *
hostname_of(const cJSON *machine)
{
	const cJSON *owner = kobj_owner(machine, "Machine", "cluster.x-k8s.io");
	const char *name = json_str(owner, "name", "");

	return xstrdup(name[0] == '\0' ? kobj_name(machine) : name);
}

static void
machine_read(void *arg, const struct kube_reply *r)
{
	struct wish_call *c = arg;
	struct wish *w = &c->w;
	const cJSON *o = r->object;
	const char *claim;

	c->call = NULL;
	if (r->err.kind != ERR_NONE) {
		end_of(c, &r->err);
		return;
	}
	claim = kobj_annotation(o, ANN_CLAIM_ID);
	if (claim == NULL || !str_eq(claim, c->claim)) {
		end_with(
		    c, ERR_NOTFOUND, NULL, "its machine has another claim");
		return;
	}
	w->checksum = text_at(o, "spec/image/checksum");
	w->installer =
	    !str_eq(json_str(o, "spec/image/kind", "Installer"), "Live");
	w->kernel_args = text_at(o, "spec/userData/kernelArgs");
	w->hostname = hostname_of(o);
	take_meta(w, json_obj(o, "spec/userData/metaData"));
	if (!delivery_mode_parse(
		json_str(o, "spec/userData/delivery", NULL), &w->mode) ||
	    !delivery_format_parse(
		json_str(o, "spec/userData/format", NULL), &w->format)) {
		end_with(c, ERR_SPEC, "FormatUnsupported",
		    "spec.userData has a delivery or a format that this agent "
		    "does not know");
		return;
	}
	c->secrets[STAGE_WRAPPER] =
	    text_at(o, "spec/userData/wrapperSecretRef/name");
	if (w->mode == DELIVERY_NONE) /* not read at all */
		c->stage = STAGE_END;
	next(c);
}

static void
host_read(void *arg, const struct kube_reply *r)
{
	struct wish_call *c = arg;
	struct kube_request rq = { .verb = KUBE_GET,
		.res = &MACHINES,
		.ns = c->ns,
		.done = machine_read,
		.arg = c };
	const cJSON *o = r->object;

	c->call = NULL;
	if (r->err.kind != ERR_NONE) {
		end_of(c, &r->err);
		return;
	}
	if (!str_eq(json_str(o, "spec/consumerRef/claimID", ""), c->claim)) {
		end_with(c, ERR_NOTFOUND, NULL,
		    "its host is claimed by another one");
		return;
	}
	c->w.image = text_at(o, "spec/bootIsoSource");
	if (c->w.image == NULL) {
		end_with(c, ERR_BUSY, NULL, "its host has no bootIsoSource");
		return;
	}
	c->w.provider_id = xasprintf("b7://%s/%s", c->ns, c->name);
	c->secrets[STAGE_DATA] = text_at(o, "spec/userDataSecretRef/name");
	c->secrets[STAGE_NETWORK] =
	    text_at(o, "spec/networkDataSecretRef/name");
	c->w.has_data = c->secrets[STAGE_DATA] != NULL;
	rq.name = json_str(o, "spec/consumerRef/name", "");
	c->call = kube_start(c->k, &rq);
}

struct wish_call *
wish_read(
    struct kube_client *k, const struct wish_of *of, wish_fn *fn, void *arg)
{
	struct wish_call *c = xcalloc(1, sizeof(*c));
	struct kube_request rq = { .verb = KUBE_GET,
		.res = &HOSTS,
		.ns = of->ns,
		.name = of->name,
		.done = host_read,
		.arg = c };

	c->k = k;
	c->ns = xstrdup(of->ns);
	c->name = xstrdup(of->name);
	c->claim = xstrdup(of->claim);
	c->fn = fn;
	c->arg = arg;
	c->call = kube_start(k, &rq);
	return c;
}
