/* One claimed host, its machine and their Secrets, in an API server that can go
 * wrong, and a wish that is read of them. */
#ifndef B7_WISH_RIG_H
#define B7_WISH_RIG_H

#include "agent/claims/wish.h"

#include "agent/control/names.h"
#include "common/mem.h"
#include "tests/unit/agent_kube_rig.h"

#define IMAGE "http://images.example/os.iso"
#define B64_USERS "dXNlcnM=" /* users */
#define B64_OTHER "b3RoZXI="

/* A claimed host, its machine, and all Secrets that they name. */
static const char host_text[] =
    "{\"kind\":\"PhysicalHost\",\"metadata\":{\"namespace\":\"ns1\",\"name\":"
    "\"h1\"},\"spec\":{"
    "\"consumerRef\":{\"kind\":\"Beskar7Machine\",\"name\":\"m1\","
    "\"claimID\":\"c1\"},\"bootIsoSource\":\"" IMAGE "\","
    "\"userDataSecretRef\":{\"name\":\"data\"},"
    "\"networkDataSecretRef\":{\"name\":\"net\"}}}";
static const char machine_text[] =
    "{\"kind\":\"Beskar7Machine\",\"metadata\":{\"namespace\":\"ns1\",\"name\":"
    "\"m1\",\"annotations\":{"
    "\"" ANN_CLAIM_ID "\":\"c1\"},\"ownerReferences\":["
    "{\"apiVersion\":\"example.org/v1\",\"kind\":\"Machine\",\"name\":\"no\"},"
    "{\"apiVersion\":\"cluster.x-k8s.io/v1beta2\",\"kind\":\"Machine\","
    "\"name\":\"node-7\"}]},\"spec\":{\"image\":{\"url\":\"http://other/\","
    "\"checksum\":\"sha256:ab\",\"kind\":\"Live\"},\"userData\":{"
    "\"delivery\":\"ConfigDrive\",\"format\":\"Ignition\","
    "\"kernelArgs\":\"a=b\",\"metaData\":{\"rack\":\"r1\",\"row\":\"2\"},"
    "\"wrapperSecretRef\":{\"name\":\"wrap\"}}}}";

struct rig {
	struct kube_rig k;
	struct wish_call *call;
	unsigned done;
	struct wish w; /* taken */
	const char *reason;
	struct err err;
};

static inline void
put(struct rig *r, const char *plural, const char *text)
{
	cJSON *o = json_parse(text, strlen(text), NULL);

	CU_ASSERT_PTR_NOT_NULL_FATAL(o);
	(void)fake_kube_put(r->k.fake, plural, o);
}

/* value NULL: the field goes. */
static inline void
change(struct rig *r, const char *plural, const char *key, const char *path,
    const char *value)
{
	cJSON *o = json_dup(fake_kube_get(r->k.fake, plural, key));
	cJSON *v =
	    value == NULL ? NULL : json_parse(value, strlen(value), NULL);

	CU_ASSERT_TRUE_FATAL(value == NULL || v != NULL);
	json_put(o, path, v);
	(void)fake_kube_put(r->k.fake, plural, o);
}

static inline void
host(struct rig *r, const char *path, const char *value)
{
	change(r, "physicalhosts", "ns1/h1", path, value);
}

static inline void
machine(struct rig *r, const char *path, const char *value)
{
	change(r, "beskar7machines", "ns1/m1", path, value);
}

static inline void
secret(struct rig *r, const char *name, const char *data)
{
	char *text = xasprintf(
	    "{\"kind\":\"Secret\",\"metadata\":{\"namespace\":\"ns1\","
	    "\"name\":\"%s\"},\"data\":%s}",
	    name, data);

	put(r, "secrets", text);
	xfree(text);
}

static inline void
open_wish(struct rig *r)
{
	memset(r, 0, sizeof(*r));
	rig_open(&r->k, 5, NULL);
	put(r, "physicalhosts", host_text);
	put(r, "beskar7machines", machine_text);
	secret(r, "data",
	    "{\"value\":\"" B64_USERS "\",\"format\":\"aWduaXRpb24=\"}");
	secret(r, "wrap", "{\"value\":\"d3JhcA==\"}");
	secret(r, "net", "{\"networkData\":\"bmV0\"}");
}

static inline void
took(void *arg, struct wish *w, const char *reason, const struct err *e)
{
	struct rig *r = arg;

	r->done++;
	r->call = NULL;
	r->reason = reason;
	r->err = (struct err){ .kind = ERR_NONE };
	if (e != NULL) {
		r->err = *e;
		return;
	}
	wish_free(&r->w);
	r->w = *w;
	memset(w, 0, sizeof(*w));
}

static inline void
start(struct rig *r)
{
	/* gone before it answers: all is copied */
	char ns[] = "ns1", name[] = "h1", claim[] = "c1";
	struct wish_of of = { ns, name, claim };

	r->done = 0;
	r->call = wish_read(r->k.client, &of, took, r);
	memset(ns, 'x', 3);
	memset(name, 'x', 2);
	memset(claim, 'x', 2);
	CU_ASSERT_EQUAL(r->done, 0); /* from the loop alone */
}

/* Whether there is a wish. */
static inline bool
ask(struct rig *r)
{
	start(r);
	rig_run(&r->k, LOOP_MIN);
	CU_ASSERT_EQUAL_FATAL(r->done, 1);
	return r->err.kind == ERR_NONE;
}

static inline void
close_wish(struct rig *r)
{
	wish_cancel(r->call);
	wish_free(&r->w);
	rig_close(&r->k);
}

static inline void
check_secret(const struct rig *r, enum wish_secret i, const char *want)
{
	CU_ASSERT_EQUAL(r->w.v[i].p != NULL, want != NULL);
	if (want != NULL && r->w.v[i].p != NULL) {
		CU_ASSERT_EQUAL(r->w.v[i].n, strlen(want));
		CHECK_TEXT(r->w.v[i].p, want);
	}
}

#endif
