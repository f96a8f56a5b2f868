/* Certificates: the fleet's CA, what each BMC shows, what rules show instead. */
#include <stdio.h>
#include <string.h>

#include "common/env.h"
#include "common/hex.h"
#include "common/mem.h"
#include "common/str.h"
#include "common/tls.h"
#include "sim/bmc/fault.h"
#include "sim/bmc/fleet_internal.h"
#include "sim/bmc/journal.h"

#define YEARS_10_S (10LL * 365 * 86400)
#define DAY_S 86400

/* name: NULL = its own; ca: NULL = self-signed. */
struct leaf {
	const struct tls_identity *ca;
	const char *name;
	int64_t from_s, to_s; /* from now */
	bool sha1;
	unsigned rsa_bits; /* 0 = P-256 */
};

static struct tls_identity *
make_leaf(struct bmc *b, const struct leaf *l)
{
	char names[128], ip[64], subject[64];
	struct bmc_fleet *f = b->fleet;
	struct tls_issue o = {
		.ca = l->ca,
		.subject = subject,
		.names = names,
		.sha1 = l->sha1,
		.rsa_bits = l->rsa_bits,
	};
	struct tls_identity *id;
	struct err e = { 0 };
	int64_t now = bmc_wall(b) / LOOP_S;

	http_addr_text(&b->addr, ip);
	*strrchr(ip, ':') = '\0';
	(void)str_copy(subject, sizeof(subject), l->name ? l->name : b->name);
	(void)str_format(names, sizeof(names), "%s%s%s", subject,
	    l->name ? "" : ",", l->name ? "" : ip);
	o.not_before_s = now + l->from_s;
	o.not_after_s = now + l->to_s;
	b->certificates++;
	id = f->virtual_tls
		 ? tls_identity_facts(&o, f->env->entropy)
		 : tls_identity_issue(&o, f->env->entropy, NULL, NULL, &e);
	if (!id)
		LOGE(f->env->log, "cannot issue a certificate",
		    F_STR("bmc", b->name), F_ERR(&e));
	return id;
}

/* Of the kinds of enum fault_certificate; CERT_NEW is a good one. */
static struct tls_identity *
make_kind(struct bmc *b, int kind)
{
	const struct tls_identity *ca = b->fleet->ca;
	/* valid from yesterday on for ten years, unless a date is here */
	const struct leaf how[] = {
		[CERT_EXPIRED] = { .ca = ca,
		    .from_s = -2 * DAY_S,
		    .to_s = -DAY_S },
		[CERT_EARLY] = { .ca = ca, .from_s = DAY_S },
		[CERT_OTHER_NAME] = { .ca = ca, .name = "other.invalid" },
		[CERT_SELF_SIGNED] = { .ca = NULL },
		[CERT_SHA1] = { .ca = ca, .sha1 = true },
		[CERT_RSA_1024] = { .ca = ca, .rsa_bits = 1024 },
		[CERT_OLD] = { .sha1 = true, .rsa_bits = 1024 },
		[CERT_NEW] = { .ca = ca },
	};
	struct leaf l = how[kind];

	l.from_s = l.from_s ? l.from_s : -DAY_S;
	l.to_s = l.to_s ? l.to_s : YEARS_10_S;
	return make_leaf(b, &l);
}

/* Live connections borrow it. */
static void
keep_old(struct bmc_fleet *f, struct tls_identity *id)
{
	if (!id)
		return;
	f->old = xreallocarray(f->old, f->n_old + 1, sizeof(*f->old));
	f->old[f->n_old++] = id;
}

static void
tell_certificate(struct bmc *b)
{
	struct tls_facts facts;
	char hex[65] = "";

	if (b->identity) {
		tls_identity_get_facts(b->identity, &facts);
		hex_encode(hex, facts.spki_sha256, 32);
	}
	journal_note(b, BMC_EV_CERTIFICATE, hex);
}

void
bmc_fleet_new_certificate(struct bmc *b, int64_t from_s, int64_t to_s)
{
	struct leaf l = { .ca = b->fleet->ca, .from_s = from_s, .to_s = to_s };
	bool usual = from_s == 0 && to_s == 0;

	b = b->front;
	keep_old(b->fleet, b->identity);
	b->identity = NULL;
	if (b->fleet->tls)
		b->identity = usual ? make_kind(b, b->profile->tls_cert)
				    : make_leaf(b, &l);
	tell_certificate(b);
}

void
bmc_fleet_set_certificate(struct bmc *b, struct tls_identity *id)
{
	b = b->front;
	keep_old(b->fleet, b->identity);
	b->identity = id;
	b->certificates++;
	tell_certificate(b);
}

struct tls_identity *
bmc_fleet_certificate(struct bmc *b)
{
	b = b->front;
	if (b->fleet->tls && !b->identity)
		b->identity = make_kind(b, b->profile->tls_cert);
	return b->identity;
}

bool
fleet_own_ca(struct bmc_fleet *f, struct err *e)
{
	struct tls_issue o = { .is_ca = true,
		.subject = "Beskar7 simulated BMCs" };
	int64_t now = loop_wall_us(f->env->loop) / LOOP_S;

	o.not_before_s = now - DAY_S;
	o.not_after_s = now + YEARS_10_S;
	/* real also in a virtual world: one key, and trust needs its PEM */
	f->ca = tls_identity_issue(&o, f->env->entropy, &f->ca_pem, NULL, e);
	return f->ca != NULL;
}

/* What a rule shows in place of the BMC's own. */
static struct tls_identity *
faulty(struct bmc *b, struct fault *r)
{
	if (r->certificate == CERT_NONE)
		return NULL;
	if (r->made && r->made_for == b && r->certificate != CERT_NEW)
		return r->made;
	r->made = make_kind(b, r->certificate);
	r->made_for = b;
	keep_old(b->fleet, r->made);
	return r->made;
}

struct tls_identity *
fleet_identity(void *arg, const struct http_addr *local)
{
	struct bmc *b = bmc_fleet_by_addr(arg, local);
	struct fault *r = b ? fault_on_handshake(b) : NULL;

	if (!b)
		return NULL;
	return r ? faulty(b, r) : bmc_fleet_certificate(b);
}
