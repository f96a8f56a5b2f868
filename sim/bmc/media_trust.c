/* See media_trust.h. */
#include "sim/bmc/media_trust.h"

#include <string.h>

#include "common/buf.h"
#include "common/mem.h"
#include "common/str.h"
#include "common/tls.h"
#include "sim/bmc/action.h"
#include "sim/bmc/bmc.h"
#include "sim/bmc/jw.h"
#include "sim/bmc/medium.h"
#include "sim/bmc/request.h"
#include "sim/bmc/route.h"
#include "sim/bmc/view.h"

#define KEPT 8
#define PEM_CAP 16384

struct media_trust {
	unsigned slot, id;
	char *pem; /* owned */
	LIST_ENTRY(media_trust) link;
};
struct media_trusts {
	LIST_HEAD(, media_trust) list;
	struct tls_trust *trust[PROFILE_SLOTS]; /* NULL = to be made */
	unsigned n, last_id;
};

bool
media_verifies(const struct bmc *b, unsigned slot)
{
	int how = b->profile->vm_verify;

	return how == VERIFY_ALWAYS ||
	       (how == VERIFY_PROPERTY && b->st.slots[slot].verify_certificate);
}

static void
drop(struct media_trusts *all, struct media_trust *t)
{
	tls_trust_free(all->trust[t->slot]);
	all->trust[t->slot] = NULL;
	LIST_REMOVE(t, link);
	all->n--;
	xfree(t->pem);
	xfree(t);
}

void
media_trust_free(struct bmc *b)
{
	struct media_trusts *all = b->media_trusts;
	struct media_trust *t;

	if (!all)
		return;
	while ((t = LIST_FIRST(&all->list)))
		drop(all, t);
	xfree(all);
	b->media_trusts = NULL;
}

void
media_trust_apply(struct bmc *b, unsigned slot, struct medium_opts *o)
{
	struct media_trusts *all = b->media_trusts;
	const struct media_trust *t;
	struct buf pem;

	o->verify = media_verifies(b, slot);
	if (!o->verify || !all)
		return;
	buf_init(&pem, (size_t)KEPT * (PEM_CAP + 1));
	LIST_FOREACH (t, &all->list, link)
		if (t->slot == slot)
			buf_addf(&pem, "%s\n", t->pem);
	if (pem.n && !all->trust[slot])
		all->trust[slot] = tls_trust_new(buf_str(&pem), pem.n, NULL);
	o->trust = all->trust[slot];
	buf_free(&pem);
}

/* ---- the collection ------------------------------------------------------ */

static struct media_trust *
find(const struct request *rq)
{
	const struct media_trusts *all = rq->b->media_trusts;
	unsigned slot = (unsigned)media_slot_of(rq);
	struct media_trust *t;
	char id[16];

	if (!all)
		return NULL;
	LIST_FOREACH (t, &all->list, link) {
		(void)str_format(id, sizeof(id), "%u", t->id);
		if (t->slot == slot && str_eq(id, rq->arg[1]))
			return t;
	}
	return NULL;
}

static bool
exists_all(struct request *rq)
{
	return exists_media(rq) && rq->p->vm_verify != VERIFY_NEVER;
}

static bool
exists(struct request *rq)
{
	return exists_all(rq) && find(rq);
}

static void
view_all(struct request *rq, struct jw *w)
{
	const struct media_trusts *all = rq->b->media_trusts;
	unsigned slot = (unsigned)media_slot_of(rq);
	const struct media_trust *t;
	long n = 0;

	view_members(w, "Certificates of image servers");
	if (all)
		LIST_FOREACH (t, &all->list, link)
			if (t->slot == slot) {
				jw_ref(w, NULL, "%s/%u", rq->path, t->id);
				n++;
			}
	view_members_end(w, n);
}

static void
view_one(struct request *rq, struct jw *w)
{
	const struct media_trust *t = find(rq);

	if (!t)
		return; /* exists() was asked before */
	view_names(w, rq->arg[1], "Certificate of image servers");
	jw_s(w, "CertificateString", t->pem);
	jw_s(w, "CertificateType", "PEM");
	jw_list(w, "CertificateUsageTypes");
	jw_s(w, NULL, "Web");
	jw_end(w);
}

static bool
set_pem(struct request *rq, const cJSON *v)
{
	struct tls_trust *t;
	struct err e = { 0 };

	if (!patch_str(rq, "CertificateString", v, rq->stage, PEM_CAP))
		return false;
	t = tls_trust_new(rq->stage, strlen(rq->stage), &e);
	if (!t) {
		request_say(rq, REF_PROPERTY_FORMAT, "CertificateString",
		    "(not shown)", "CertificateString", NULL);
		return false;
	}
	tls_trust_free(t);
	return true;
}

static bool
set_type(struct request *rq, const cJSON *v)
{
	static const char *const types[] = { "PEM", "PEMchain", NULL };
	int which;

	return patch_enum(rq, "CertificateType", v, types, &which);
}

static void
add(struct request *rq)
{
	struct media_trusts *all = rq->b->media_trusts;
	struct media_trust *t;

	if (all && all->n >= KEPT) {
		request_refuse(rq, REF_CREATE_LIMIT, NULL, NULL, NULL, NULL);
		return;
	}
	if (rq->dry) {
		request_done(rq);
		return;
	}
	if (!all)
		all = rq->b->media_trusts = xcalloc(1, sizeof(*all));
	t = xcalloc(1, sizeof(*t));
	t->slot = (unsigned)media_slot_of(rq);
	t->id = ++all->last_id;
	t->pem = xstrdup(rq->stage);
	LIST_INSERT_HEAD(&all->list, t, link);
	all->n++;
	tls_trust_free(all->trust[t->slot]);
	all->trust[t->slot] = NULL;
	request_created(rq, "%s/%u", rq->path, t->id);
}

static const struct patch_row rows[] = {
	{ "CertificateString", set_pem, true },
	{ "CertificateType", set_type, true },
};
static const struct create_def create = { rows, 2, add };

static void
post(struct request *rq)
{
	char *pem = xcalloc(1, PEM_CAP);

	create_run(rq, &create, pem);
	xfree(pem);
}

static void
forget(struct request *rq)
{
	struct media_trust *t = find(rq);

	if (t && !rq->dry)
		drop(rq->b->media_trusts, t);
	request_done(rq);
}

#define TRUST(base) \
	{ .pattern = base "/VirtualMedia/*/Certificates", \
		.schema = "CertificateCollection", \
		.flags = ROUTE_COLLECTION, \
		.get = view_all, \
		.post = post, \
		.op_get = OP_READ_COLLECTION, \
		.op_post = OP_CERTIFICATE, \
		.exists = exists_all }, \
	{ \
		.pattern = base "/VirtualMedia/*/Certificates/*", \
		.schema = "Certificate", .version = "v1_8_0", .get = view_one, \
		.del = forget, .op_get = OP_READ_SERVICE, \
		.op_delete = OP_CERTIFICATE, .exists = exists \
	}

const struct route media_trust_routes[] = {
	TRUST(V1 "/Systems/{S}"),
	TRUST(V1 "/Managers/{M}"),
	{ .pattern = NULL },
};
