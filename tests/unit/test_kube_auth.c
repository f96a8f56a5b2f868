/* Tokens and certificates that rotate, and Secrets read at the moment of use. */
#include <string.h>

#include "agent/kube/auth.h"
#include "agent/kube/client.h"
#include "agent/kube/secret.h"
#include "common/json.h"
#include "tests/unit/unit.h"

#include "tests/unit/agent_kube_rig.h"

/* ---- credentials ------------------------------------------------------------------ */

struct guard {
	char want[64];
	unsigned refused;
};

static struct fake_fault
check_token(void *arg, const struct fake_request *r)
{
	struct guard *g = arg;

	if (str_eq(r->auth, g->want))
		return (struct fake_fault){ 0 };
	g->refused++;
	return (struct fake_fault){ .status = 401, .reason = "Unauthorized" };
}

/* A client whose token is in the file /t. */
static struct kube_client *
token_client(struct kube_rig *r, struct kube_config *c)
{
	struct kube_client *k;

	*c = (struct kube_config){ .source = xstrdup("t"),
		.server = xstrdup(FAKE_URL),
		.insecure = true,
		.token_file = xstrdup("/t") };
	k = kube_client_new(&r->env, c, NULL, NULL);
	CU_ASSERT_PTR_NOT_NULL_FATAL(k);
	return k;
}

static void
a_rotated_token_is_picked_up(void)
{
	struct kube_rig r;
	struct kube_config c;
	struct kube_client *k;
	struct guard guard = { .want = "Bearer one" };
	struct got g = { .n = 0 };
	struct kube_request q = req(KUBE_GET, "lab", "h1", &g);

	rig_open(&r, 1, NULL);
	r.fake->fault = check_token;
	r.fake->fault_arg = &guard;
	(void)fake_kube_put(
	    r.fake, "hosts", fake_object("Host", "lab", "h1", 1));
	files_memory_put(r.files, "/t", "one\n", 4);
	k = token_client(&r, &c);
	(void)kube_start(k, &q);
	rig_run(&r, LOOP_S);
	CU_ASSERT_EQUAL(g.err.kind, ERR_NONE);
	/* Within the ten seconds: the 401 makes it look, and the request goes
	 * out once more. */
	files_memory_put(r.files, "/t", "two", 3);
	(void)str_copy(guard.want, sizeof(guard.want), "Bearer two");
	(void)kube_start(k, &q);
	rig_run(&r, LOOP_S);
	CU_ASSERT_EQUAL(g.n, 2);
	CU_ASSERT_EQUAL(g.err.kind, ERR_NONE);
	CU_ASSERT_EQUAL(guard.refused, 1);
	/* Later: noticed before anything is refused. */
	files_memory_put(r.files, "/t", "three", 5);
	(void)str_copy(guard.want, sizeof(guard.want), "Bearer three");
	rig_run(&r, 11 * LOOP_S);
	(void)kube_start(k, &q);
	rig_run(&r, LOOP_S);
	CU_ASSERT_EQUAL(g.err.kind, ERR_NONE);
	CU_ASSERT_EQUAL(guard.refused, 1);
	/* A token that stays wrong is refused once a request, not for ever. */
	(void)str_copy(guard.want, sizeof(guard.want), "Bearer four");
	(void)kube_start(k, &q);
	rig_run(&r, LOOP_S);
	CU_ASSERT_EQUAL(g.err.kind, ERR_AUTH);
	CU_ASSERT_EQUAL(guard.refused, 2);
	/* Junk in the file leaves the former token in use. */
	files_memory_put(r.files, "/t", "a\nb: c", 6);
	(void)str_copy(guard.want, sizeof(guard.want), "Bearer three");
	rig_run(&r, 11 * LOOP_S);
	(void)kube_start(k, &q);
	rig_run(&r, LOOP_S);
	CU_ASSERT_EQUAL(g.err.kind, ERR_NONE);
	kube_client_free(k);
	kube_config_free(&c);
	got_free(&g);
	rig_close(&r);
}

struct spinner {
	struct files *files;
	unsigned asked;
};

/* A token that is another one, and wrong, whenever it is looked at. */
static struct fake_fault
spin(void *arg, const struct fake_request *r)
{
	struct spinner *s = arg;
	char token[24];

	(void)r;
	(void)str_format(token, sizeof(token), "t%u", ++s->asked);
	files_memory_put(s->files, "/t", token, strlen(token));
	return (struct fake_fault){ .status = 401 };
}

static void
a_token_that_never_fits_is_tried_twice(void)
{
	struct kube_rig r;
	struct kube_config c;
	struct kube_client *k;
	struct spinner s = { .asked = 0 };
	struct got g = { .n = 0 };
	struct kube_request q = req(KUBE_GET, "lab", "h1", &g);

	rig_open(&r, 1, NULL);
	s.files = r.files;
	r.fake->fault = spin;
	r.fake->fault_arg = &s;
	files_memory_put(r.files, "/t", "t0", 2);
	k = token_client(&r, &c);
	(void)kube_start(k, &q);
	rig_run(&r, LOOP_S);
	CU_ASSERT_EQUAL(g.n, 1);
	CU_ASSERT_EQUAL(g.err.kind, ERR_AUTH);
	CU_ASSERT_EQUAL(s.asked, 2);
	kube_client_free(k);
	kube_config_free(&c);
	got_free(&g);
	rig_close(&r);
}

/* ---- secrets ----------------------------------------------------------------------- */

struct secret_got {
	unsigned n;
	struct err err;
	struct secret user, pass, none;
	bool none_absent;
	char type[64];
};

static void
on_secret(void *arg, struct kube_secret_reply *r)
{
	struct secret_got *g = arg;

	g->n++;
	g->err = r->err;
	(void)str_copy(g->type, sizeof(g->type), r->type);
	if (r->err.kind != ERR_NONE)
		return;
	g->user = r->v[0];
	r->v[0] = (struct secret){ 0 };
	secret_set(&g->pass, r->v[1].p, r->v[1].n);
	g->none_absent = r->v[2].p == NULL;
}

static void
secrets_are_read_by_key(void)
{
	static const char *const keys[] = { "username", "password", "nope" };
	const struct kube_secret_want bmc = { "lab", "bmc", keys, 3 };
	const struct kube_secret_want gone = { "lab", "gone", keys, 3 };
	struct kube_rig r;
	struct secret_got g = { .n = 0 };
	cJSON *o = fake_object("Secret", "lab", "bmc", 0);

	rig_open(&r, 1, NULL);
	json_put(o, "data/username", cJSON_CreateString("YWRtaW4="));
	json_put(o, "data/password", cJSON_CreateString("czNjcmV0AA=="));
	json_put(o, "type", cJSON_CreateString("Opaque"));
	(void)fake_kube_put(r.fake, "secrets", o);
	(void)kube_secret_read(r.client, &bmc, on_secret, &g);
	rig_run(&r, LOOP_S);
	CU_ASSERT_EQUAL(g.n, 1);
	CHECK_TEXT(g.user.p, "admin");
	CU_ASSERT_EQUAL(g.pass.n, 7); /* binary is kept */
	CU_ASSERT_TRUE(g.none_absent);
	CHECK_TEXT(g.type, "Opaque");
	secret_free(&g.user);
	secret_free(&g.pass);
	o = fake_object("Secret", "lab", "bmc", 0);
	json_put(o, "data/username", cJSON_CreateString("!!"));
	(void)fake_kube_put(r.fake, "secrets", o);
	(void)kube_secret_read(r.client, &bmc, on_secret, &g);
	rig_run(&r, LOOP_S);
	CU_ASSERT_EQUAL(g.err.kind, ERR_SPEC);
	CU_ASSERT_PTR_NOT_NULL(strstr(g.err.msg, "username"));
	CU_ASSERT_PTR_NULL(strstr(g.err.msg, "!!"));
	(void)kube_secret_read(r.client, &gone, on_secret, &g);
	rig_run(&r, LOOP_S);
	CU_ASSERT_EQUAL(g.err.kind, ERR_NOTFOUND);
	CU_ASSERT_EQUAL(g.n, 3);
	kube_secret_cancel(kube_secret_read(r.client, &bmc, on_secret, &g));
	rig_run(&r, LOOP_S);
	CU_ASSERT_EQUAL(g.n, 3);
	rig_close(&r);
}

/* ---- certificates ---------------------------------------------------------------- */

/* A CA of its own each time, in /ca, /crt and /key. */
static void
issue(struct kube_rig *r, bool ca, bool cert, bool key)
{
	const struct tls_issue o = { .is_ca = true,
		.subject = "agent",
		.not_before_s = 0,
		.not_after_s = 4000000000 };
	struct err e = { .kind = ERR_NONE };
	char *pem = NULL, *secret = NULL;
	struct tls_identity *i =
	    tls_identity_issue(&o, r->env.entropy, &pem, &secret, &e);

	CU_ASSERT_PTR_NOT_NULL_FATAL(i);
	if (ca)
		files_memory_put(r->files, "/ca", pem, strlen(pem));
	if (cert)
		files_memory_put(r->files, "/crt", pem, strlen(pem));
	if (key)
		files_memory_put(r->files, "/key", secret, strlen(secret));
	tls_identity_free(i);
	xfree(pem);
	xfree(secret);
}

struct in_use {
	const struct tls_trust *trust;
	const struct tls_identity *identity;
};

/* After the pause between two looks; whether the peers were to be told. */
static bool
looked(struct kube_rig *r, struct kube_auth *a, struct in_use *now)
{
	struct tls_policy p;
	bool changed;

	rig_run(r, 11 * LOOP_S);
	(void)kube_auth_refresh(a, false, &changed);
	kube_auth_policy(a, &p);
	*now = (struct in_use){ p.trust, p.identity };
	return changed;
}

static void
certificates_that_rotate_are_read_again(void)
{
	struct kube_rig r;
	struct kube_config c = { .source = xstrdup("t"),
		.server = xstrdup(FAKE_URL),
		.ca_file = xstrdup("/ca"),
		.cert_file = xstrdup("/crt"),
		.key_file = xstrdup("/key") };
	struct kube_auth a;
	struct in_use first, now;
	struct err e = { .kind = ERR_NONE };

	rig_open(&r, 1, NULL);
	issue(&r, true, true, true);
	CU_ASSERT_TRUE_FATAL(kube_auth_init(&a, &r.env, &c, &e));
	CU_ASSERT_FALSE(looked(&r, &a, &first));
	CU_ASSERT_PTR_NOT_NULL(first.trust);
	CU_ASSERT_PTR_NOT_NULL(first.identity);
	/* A new CA, a new certificate with its key. */
	issue(&r, true, true, true);
	CU_ASSERT_TRUE(looked(&r, &a, &now));
	CU_ASSERT_PTR_NOT_EQUAL(now.trust, first.trust);
	CU_ASSERT_PTR_NOT_EQUAL(now.identity, first.identity);
	/* Halfway there, or junk: what works stays in use. */
	first = now;
	issue(&r, false, true, false);
	CU_ASSERT_FALSE(looked(&r, &a, &now));
	CU_ASSERT_PTR_EQUAL(now.identity, first.identity);
	files_memory_put(r.files, "/key", "junk", 4);
	files_memory_put(r.files, "/ca", "junk", 4);
	CU_ASSERT_FALSE(looked(&r, &a, &now));
	files_memory_put(r.files, "/ca", NULL, 0);
	CU_ASSERT_FALSE(looked(&r, &a, &now));
	CU_ASSERT_PTR_EQUAL(now.trust, first.trust);
	CU_ASSERT_PTR_EQUAL(now.identity, first.identity);
	CU_ASSERT_TRUE(r.warnings >= 2);
	issue(&r, true, true, true);
	CU_ASSERT_TRUE(looked(&r, &a, &now));
	CU_ASSERT_PTR_NOT_EQUAL(now.identity, first.identity);
	kube_auth_fini(&a);
	kube_config_free(&c);
	rig_close(&r);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		{ "a rotated token is picked up",
		    a_rotated_token_is_picked_up },
		{ "a token that never fits is tried twice",
		    a_token_that_never_fits_is_tried_twice },
		{ "secrets are read by key", secrets_are_read_by_key },
		{ "certificates that rotate are read again",
		    certificates_that_rotate_are_read_again },
	};

	return UNIT_RUN("kube_auth", cases);
}
