/* Whom a client trusts and whom a server knows: judged alike by both networks. */
#include "tests/unit/http_contract.h"

#define LONG_AGO 1000000000LL
#define FAR_OFF 4000000000LL

struct pki {
	struct rng rng;
	struct entropy ent;
	struct tls_identity *ca, *other_ca;
	struct tls_trust *trust, *other_trust;
};

static struct tls_identity *
make_ca(struct pki *k, const char *name, struct tls_trust **trust)
{
	struct tls_issue o = { .is_ca = true,
		.subject = name,
		.not_before_s = LONG_AGO,
		.not_after_s = FAR_OFF };
	struct err e = { .kind = ERR_NONE };
	struct tls_identity *ca;
	char *pem = NULL;

	ca = tls_identity_issue(&o, k->ent, &pem, NULL, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(ca);
	*trust = tls_trust_new(pem, strlen(pem), &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(*trust);
	xfree(pem);
	return ca;
}

static void
pki_open(struct pki *k)
{
	rng_seed(&k->rng, 3, "pki");
	k->ent = entropy_virtual(&k->rng);
	k->ca = make_ca(k, "a CA", &k->trust);
	k->other_ca = make_ca(k, "another CA", &k->other_trust);
}

static void
pki_close(struct pki *k)
{
	tls_identity_free(k->ca);
	tls_identity_free(k->other_ca);
	tls_trust_free(k->trust);
	tls_trust_free(k->other_trust);
}

static struct tls_identity *
issue(struct http_rig *r, struct pki *k, struct tls_issue *o)
{
	struct err e = { .kind = ERR_NONE };
	struct tls_identity *i;

	if (!o->not_before_s)
		o->not_before_s = LONG_AGO;
	if (!o->not_after_s)
		o->not_after_s = FAR_OFF;
	i = r->backend->issue(o, k->ent, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(i);
	return i;
}

/* A server with a certificate of the CA for the rig's address. */
static void
tls_open(struct http_rig *r, struct pki *k, struct tls_issue *o)
{
	struct http_listen_opts listen = { .identity = rig_identity };

	contract_open(r);
	pki_open(k);
	if (!o->ca)
		o->ca = k->ca;
	if (!o->names)
		o->names = r->host;
	o->subject = "a BMC";
	r->id = issue(r, k, o);
	rig_listen(r, &listen);
}

static void
tls_close(struct http_rig *r, struct pki *k)
{
	rig_close(r);
	pki_close(k);
}

static void
a_trusted_server_is_described(void)
{
	struct tls_issue o = { .ca = NULL };
	struct http_peer_opts p = { .base = NULL };
	struct tls_facts f;
	struct http_rig r;
	struct pki k;
	struct ask a;

	tls_open(&r, &k, &o);
	p.tls.trust = k.trust;
	rig_peer(&r, &p);
	ask(&r, &a, NULL);
	CHECK_END(&a, HTTP_OK, HTTP_P_BODY);
	CHECK_TEXT(a.body, "hello");
	CU_ASSERT_TRUE_FATAL(a.had_tls);
	tls_identity_get_facts(r.id, &f);
	CU_ASSERT_EQUAL(memcmp(a.tls.spki_sha256, f.spki_sha256, 32), 0);
	CU_ASSERT_EQUAL(a.tls.not_after_s, FAR_OFF);
	CU_ASSERT_PTR_NOT_NULL(strstr(a.tls.subject, "a BMC"));
	CU_ASSERT_EQUAL(a.tls.problems, 0);
	tls_close(&r, &k);
}

struct verdict_row {
	const char *what;
	bool other_trust, other_name, expired, early, insecure, pin, wrong_pin;
	bool sha1;
	unsigned rsa_bits;
	const char *why; /* of a weak one */
	enum http_err err;
};

#define BIT(e) (1u << (e))

static void
judge(const struct verdict_row *row)
{
	struct tls_issue o = { .ca = NULL };
	struct http_peer_opts p = { .base = NULL };
	struct tls_facts f;
	uint32_t problems = 0;
	struct http_rig r;
	struct pki k;
	struct ask a;
	char key[65];

	o.names = row->other_name ? "10.9.9.9,other.lab" : NULL;
	o.not_after_s = row->expired ? LONG_AGO + 10 : 0;
	o.not_before_s = row->early ? FAR_OFF - 10 : 0;
	o.sha1 = row->sha1;
	o.rsa_bits = row->rsa_bits;
	tls_open(&r, &k, &o);
	tls_identity_get_facts(r.id, &f);
	p.tls.trust = row->other_trust ? k.other_trust : k.trust;
	p.tls.insecure = row->insecure;
	p.tls.pinned = row->pin;
	memcpy(p.tls.pin_spki_sha256, f.spki_sha256, 32);
	p.tls.pin_spki_sha256[5] ^= row->wrong_pin ? 1 : 0;
	rig_peer(&r, &p);
	ask(&r, &a, NULL);
	CHECK_ROW(a.done, row->what);
	CHECK_ROW(a.err == row->err, row->what);
	if (row->err == HTTP_OK) {
		problems |= row->other_trust ? BIT(HTTP_E_TLS_TRUST) : 0;
		problems |= row->other_name ? BIT(HTTP_E_TLS_NAME) : 0;
		problems |=
		    row->expired || row->early ? BIT(HTTP_E_TLS_DATE) : 0;
		problems |=
		    row->sha1 || row->rsa_bits ? BIT(HTTP_E_TLS_WEAK) : 0;
		CHECK_ROW(a.tls.problems == problems, row->what);
		CHECK_ROW(a.tls.rsa_bits == row->rsa_bits, row->what);
	} else {
		CHECK_ROW(a.phase == HTTP_P_TLS, row->what);
		CHECK_ROW(!a.had_tls, row->what); /* not completed */
		CHECK_ROW(!a.maybe_executed, row->what);
		CHECK_ROW(r.handled == 0, row->what);
	}
	CHECK_ROW(!row->why || strstr(a.why, row->why), row->what);
	/* who must decide about another key is told which it is */
	hex_encode(key, f.spki_sha256, 32);
	CHECK_ROW((strstr(a.why, key) != NULL) == row->wrong_pin, row->what);
	tls_close(&r, &k);
}

static void
certificates_are_judged(void)
{
	static const struct verdict_row rows[] = {
		{ .what = "good" },
		{ .what = "untrusted",
		    .other_trust = true,
		    .err = HTTP_E_TLS_TRUST },
		{ .what = "other name",
		    .other_name = true,
		    .err = HTTP_E_TLS_NAME },
		{ .what = "expired", .expired = true, .err = HTTP_E_TLS_DATE },
		{ .what = "early", .early = true, .err = HTTP_E_TLS_DATE },
		{ .what = "untrusted and expired",
		    .other_trust = true,
		    .expired = true,
		    .err = HTTP_E_TLS_TRUST },
		{ .what = "signed with SHA-1",
		    .sha1 = true,
		    .why = "is signed with SHA-1",
		    .err = HTTP_E_TLS_WEAK },
		{ .what = "a short key",
		    .rsa_bits = 1024,
		    .why = "has an RSA key of 1024 bits",
		    .err = HTTP_E_TLS_WEAK },
		{ .what = "both, and out of date",
		    .sha1 = true,
		    .rsa_bits = 1024,
		    .expired = true,
		    .why = "is signed with SHA-1 and has an RSA key of 1024 "
			   "bits",
		    .err = HTTP_E_TLS_WEAK },
		{ .what = "a weak one of a stranger",
		    .sha1 = true,
		    .other_trust = true,
		    .err = HTTP_E_TLS_TRUST },
		{ .what = "a pin holds a short key, too",
		    .sha1 = true,
		    .rsa_bits = 1024,
		    .pin = true },
		{ .what = "insecure forgives weakness",
		    .sha1 = true,
		    .rsa_bits = 1024,
		    .insecure = true },
		{ .what = "insecure forgives all but tells",
		    .other_trust = true,
		    .other_name = true,
		    .expired = true,
		    .insecure = true },
		{ .what = "only the pin decides",
		    .other_trust = true,
		    .expired = true,
		    .pin = true },
		{ .what = "wrong pin",
		    .pin = true,
		    .wrong_pin = true,
		    .err = HTTP_E_TLS_PIN },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		judge(&rows[i]);
}

static void
the_server_name_may_be_given(void)
{
	struct tls_issue o = { .names = "*.pool.lab" };
	struct http_peer_opts p = { .base = NULL };
	struct http_rig r;
	struct pki k;
	struct ask a;

	tls_open(&r, &k, &o);
	p.tls.trust = k.trust;
	p.tls.server_name = "bmc.pool.lab";
	rig_peer(&r, &p);
	ask(&r, &a, NULL);
	CHECK_END(&a, HTTP_OK, HTTP_P_BODY);
	tls_close(&r, &k);
}

static void
sessions_resume_until_the_policy_changes(void)
{
	struct tls_issue o = { .ca = NULL };
	struct http_peer_opts p = { .base = NULL };
	struct http_rig r;
	struct pki k;
	struct ask a;

	tls_open(&r, &k, &o);
	p.tls.trust = k.trust;
	rig_peer(&r, &p);
	ask(&r, &a, NULL);
	CU_ASSERT_FALSE(a.tls.resumed);
	ask(&r, &a, NULL);
	CHECK_END(&a, HTTP_OK, HTTP_P_BODY);
	CU_ASSERT_TRUE(a.tls.resumed);
	CU_ASSERT_PTR_NOT_NULL(strstr(a.tls.subject, "a BMC"));
	CU_ASSERT_EQUAL(r.accepted, 2);
	p.tls.trust = k.other_trust;
	http_peer_set_tls(r.p, &p.tls);
	ask(&r, &a, NULL);
	CHECK_END(&a, HTTP_E_TLS_TRUST, HTTP_P_TLS);
	tls_close(&r, &k);
}

static void
a_changed_policy_closes_kept_connections(void)
{
	struct http_request get = { .may_resend = true };
	struct tls_issue o = { .ca = NULL };
	struct http_peer_opts p = { .idle_close_us = 10 * LOOP_S };
	struct http_rig r;
	struct pki k;
	struct ask a;

	tls_open(&r, &k, &o);
	p.tls.trust = k.trust;
	rig_peer(&r, &p);
	ask(&r, &a, &get);
	ask(&r, &a, &get);
	CU_ASSERT_EQUAL(r.accepted, 1);
	p.tls.insecure = true;
	http_peer_set_tls(r.p, &p.tls);
	ask(&r, &a, &get);
	CHECK_END(&a, HTTP_OK, HTTP_P_BODY);
	CU_ASSERT_EQUAL(r.accepted, 2);
	CU_ASSERT_FALSE(a.tls.resumed);
	/* One that is in use meanwhile is not kept either. */
	r.on_request = rig_keep;
	memset(&a, 0, sizeof(a));
	ask_start(&r, &a, &get);
	RIG_PASS_UNTIL(&r, 50 * LOOP_MS, r.x != NULL);
	http_peer_set_tls(r.p, &p.tls);
	CU_ASSERT_PTR_NOT_NULL_FATAL(r.x);
	rig_answer(&r, r.x);
	ask_wait(&r, &a);
	CHECK_END(&a, HTTP_OK, HTTP_P_BODY);
	CU_ASSERT_EQUAL(r.accepted, 2);
	r.on_request = rig_answer;
	ask(&r, &a, &get);
	CU_ASSERT_EQUAL(r.accepted, 3);
	tls_close(&r, &k);
}

static void
clients_are_known_by_their_certificates(void)
{
	struct http_listen_opts listen = { .identity = rig_identity };
	struct tls_issue server = { .subject = "kube" };
	struct tls_issue good = { .subject = "admin",
		.organization = "system:masters,ops" };
	struct tls_issue bad = { .subject = "admin" };
	struct http_peer_opts p = { .base = NULL };
	struct tls_identity *mine, *forged;
	struct http_rig r;
	struct pki k;
	struct ask a;

	contract_open(&r);
	pki_open(&k);
	server.ca = good.ca = k.ca;
	bad.ca = k.other_ca;
	server.names = r.host;
	r.id = issue(&r, &k, &server);
	mine = issue(&r, &k, &good);
	forged = issue(&r, &k, &bad);
	listen.client_ca = k.trust;
	rig_listen(&r, &listen);
	p.tls.trust = k.trust;
	p.tls.identity = mine;
	rig_peer(&r, &p);
	ask(&r, &a, NULL);
	CHECK_END(&a, HTTP_OK, HTTP_P_BODY);
	CHECK_TEXT(r.last_cn, "admin");
	CHECK_TEXT(r.last_orgs, "system:masters,ops");
	/* None, or one of a stranger: nobody. */
	p.tls.identity = NULL;
	http_peer_set_tls(r.p, &p.tls);
	ask(&r, &a, NULL);
	CHECK_END(&a, HTTP_OK, HTTP_P_BODY);
	CHECK_TEXT(r.last_cn, "-");
	p.tls.identity = forged;
	http_peer_set_tls(r.p, &p.tls);
	r.last_cn[0] = '\0';
	ask(&r, &a, NULL);
	CU_ASSERT_TRUE(a.err != HTTP_OK || str_eq(r.last_cn, "-"));
	http_peer_free(r.p);
	r.p = NULL;
	tls_identity_free(mine);
	tls_identity_free(forged);
	tls_close(&r, &k);
}

static void
tls_and_plain_do_not_meet(void)
{
	struct tls_issue o = { .ca = NULL };
	struct http_peer_opts p = { .base = NULL };
	char base[64];
	struct http_rig r;
	struct pki k;
	struct ask a;

	tls_open(&r, &k, &o);
	(void)str_format(base, sizeof(base), "http://%s:%u", r.host, r.port);
	p.base = base;
	rig_peer(&r, &p);
	ask(&r, &a, NULL);
	CU_ASSERT_TRUE(a.done);
	CU_ASSERT_TRUE(a.err != HTTP_OK || a.status >= 300);
	CU_ASSERT_EQUAL(r.handled, 0);
	http_peer_free(r.p);
	http_server_free(r.s);
	rig_listen(&r, NULL);
	p.base = NULL;
	p.tls.trust = k.trust;
	rig_peer(&r, &p);
	ask(&r, &a, NULL);
	CHECK_END(&a, HTTP_E_TLS, HTTP_P_TLS);
	CU_ASSERT_FALSE(a.maybe_executed);
	tls_close(&r, &k);
}

static void
a_server_without_identity_breaks_the_handshake(void)
{
	struct tls_issue o = { .ca = NULL };
	struct http_peer_opts p = { .base = NULL };
	struct tls_identity *id;
	struct http_rig r;
	struct pki k;
	struct ask a;

	tls_open(&r, &k, &o);
	p.tls.insecure = true;
	rig_peer(&r, &p);
	id = r.id;
	r.id = NULL;
	ask(&r, &a, NULL);
	CU_ASSERT_TRUE(a.err == HTTP_E_TLS || a.err == HTTP_E_RESET ||
		       a.err == HTTP_E_EOF);
	CU_ASSERT_FALSE(a.maybe_executed);
	CU_ASSERT_EQUAL(r.handled, 0);
	r.id = id;
	tls_close(&r, &k);
}

struct manner_row {
	const char *what;
	struct http_manner manner;
	enum tls_version oldest; /* of the client */
	enum http_err err;
};

/* Then the same server speaks as it should. */
static void
meet(const struct manner_row *row)
{
	struct http_request q = { .limits = { .connect_us = 300 * LOOP_MS } };
	struct http_peer_opts p = { .base = NULL };
	struct tls_issue o = { .ca = NULL };
	struct http_rig r;
	struct pki k;
	struct ask a;

	tls_open(&r, &k, &o);
	p.tls.trust = k.trust;
	p.tls.min_version = row->oldest;
	r.manner = row->manner;
	rig_peer(&r, &p);
	ask(&r, &a, &q);
	CHECK_ROW(a.err == row->err, row->what);
	if (row->err != HTTP_OK) {
		CHECK_ROW(a.phase == HTTP_P_TLS, row->what);
		CHECK_ROW(!a.maybe_executed && r.handled == 0, row->what);
	}
	r.manner = (struct http_manner){ .mute = HTTP_SPEAKS };
	ask(&r, &a, &q);
	if (row->oldest) /* a session of an older version is forgotten */
		ask(&r, &a, &q);
	CHECK_ROW(a.err == HTTP_OK, row->what);
	tls_close(&r, &k);
}

static void
servers_misbehave_below_http(void)
{
	static const struct manner_row rows[] = {
		{ "silent", { .mute = HTTP_SILENT }, 0, HTTP_E_DEADLINE },
		{ "stalls", { .mute = HTTP_STALLS }, 0, HTTP_E_DEADLINE },
		{ "alert", { .alert = 40 }, 0, HTTP_E_TLS },
		{ "1.3 only", { .alert = 70 }, 0, HTTP_E_TLS_NEWER },
		{ "1.3 only, for one who takes 1.0", { .alert = 70 }, TLS_1_0,
		    HTTP_E_TLS_NEWER },
		{ "weak cipher", { .weak_cipher = true }, 0, HTTP_E_TLS },
		{ "1.2 only", { .min = TLS_1_2, .max = TLS_1_2 }, 0, HTTP_OK },
		{ "1.1 only", { .min = TLS_1_1, .max = TLS_1_1 }, 0,
		    HTTP_E_TLS_VERSION },
		{ "1.0 only", { .min = TLS_1_0, .max = TLS_1_0 }, 0,
		    HTTP_E_TLS_VERSION },
		{ "1.0 for one who takes it",
		    { .min = TLS_1_0, .max = TLS_1_0 }, TLS_1_0, HTTP_OK },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		meet(&rows[i]);
}

static void
a_silent_server_without_tls_is_silent_too(void)
{
	struct http_request q = { .limits = { .head_us = 300 * LOOP_MS } };
	struct http_rig r;
	struct ask a;

	contract_open(&r);
	rig_listen(&r, NULL);
	rig_peer(&r, NULL);
	r.manner.mute = HTTP_SILENT;
	ask(&r, &a, &q);
	CHECK_END(&a, HTTP_E_DEADLINE, HTTP_P_HEAD);
	CU_ASSERT_EQUAL(r.handled, 0);
	rig_close(&r);
}

static void
cut(struct http_rig *r, struct http_exchange *x)
{
	static const char wire[] = "HTTP/1.1 200 OK\r\n\r\nto the end";

	(void)r;
	http_reply_raw(
	    x, (struct http_bytes){ wire, sizeof(wire) - 1 }, 0, HTTP_CUT);
}

static void
a_missing_close_notify_is_forgiven(void)
{
	struct tls_issue o = { .ca = NULL };
	struct http_peer_opts p = { .base = NULL };
	struct http_rig r;
	struct pki k;
	struct ask a;

	tls_open(&r, &k, &o);
	p.tls.trust = k.trust;
	r.on_request = cut;
	rig_peer(&r, &p);
	ask(&r, &a, NULL);
	CHECK_END(&a, HTTP_OK, HTTP_P_BODY);
	CHECK_TEXT(a.body, "to the end");
	tls_close(&r, &k);
}

static void
note_ordinal(struct http_rig *r, struct http_exchange *x)
{
	r->manner.alert = (uint8_t)http_exchange_ordinal(x);
	rig_answer(r, x);
}

static void
requests_of_a_connection_are_counted(void)
{
	struct http_peer_opts p = { .idle_close_us = 10 * LOOP_S };
	struct http_request get = { .may_resend = true };
	struct http_rig r;
	struct ask a;

	contract_open(&r);
	rig_listen(&r, NULL);
	r.on_request = note_ordinal;
	rig_peer(&r, &p);
	for (unsigned i = 1; i <= 3; i++) {
		ask(&r, &a, &get);
		CU_ASSERT_EQUAL(r.manner.alert, i);
	}
	rig_close(&r);
}

const struct unit_case http_contract_tls[] = {
	{ "a trusted server is described", a_trusted_server_is_described },
	{ "certificates are judged", certificates_are_judged },
	{ "the server name may be given", the_server_name_may_be_given },
	{ "sessions resume until the policy changes",
	    sessions_resume_until_the_policy_changes },
	{ "a changed policy closes kept connections",
	    a_changed_policy_closes_kept_connections },
	{ "clients are known by their certificates",
	    clients_are_known_by_their_certificates },
	{ "TLS and plain do not meet", tls_and_plain_do_not_meet },
	{ "servers misbehave below HTTP", servers_misbehave_below_http },
	{ "a silent server without TLS is silent too",
	    a_silent_server_without_tls_is_silent_too },
	{ "a missing close_notify is forgiven",
	    a_missing_close_notify_is_forgiven },
	{ "requests of a connection are counted",
	    requests_of_a_connection_are_counted },
	{ "a server without identity breaks the handshake",
	    a_server_without_identity_breaks_the_handshake },
};
const size_t http_contract_tls_n =
    sizeof(http_contract_tls) / sizeof(http_contract_tls[0]);
