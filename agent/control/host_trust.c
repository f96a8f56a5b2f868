/*
 * What is known of a BMC's certificate and of our logins there: for people, for
 * metrics, and for the agent's next life.
 */
#include <string.h>

#include "agent/control/host_pass.h"
#include "common/calendar.h"
#include "common/env.h"
#include "common/mem.h"
#include "common/metrics.h"
#include "common/str.h"

#define TRUST_METRIC "beskar7_bmc_certificate_expiry_timestamp_seconds"
#define TRUST_DAYS_SOON 30
#define TRUST_DAY_S 86400

/* ---- the certificate's dates ------------------------------------------------ */

static void
certificate_metric(const struct host_ctl *ctl, bool known)
{
	struct metrics *m = ctl->c->env->metrics;
	struct buf labels;

	buf_init(&labels, 1024);
	metrics_label(&labels, "host", ctl->key);
	if (known)
		metrics_set(m, TRUST_METRIC, buf_str(&labels), ctl->cert_to_s);
	else
		metrics_drop(m, TRUST_METRIC, buf_str(&labels));
	buf_free(&labels);
}

void
host_certificate_note(struct host_ctl *ctl, const struct tls_peer *tls)
{
	bool same = ctl->cert_to_s == tls->not_after_s;

	ctl->cert_from_s = tls->not_before_s;
	ctl->cert_to_s = tls->not_after_s;
	ctl->cert_rsa_bits = tls->rsa_bits;
	if (!same)
		certificate_metric(ctl, true);
}

void
host_certificate_forget(struct host_ctl *ctl)
{
	if (ctl->cert_to_s != 0)
		certificate_metric(ctl, false);
	ctl->cert_from_s = ctl->cert_to_s = 0;
}

/* Words that change with what they speak of, not with every day. */
bool
host_certificate_words(const struct host_pass *p, char *out, size_t cap)
{
	const struct host_ctl *ctl = p->ctl;
	int64_t now = pass_wall_s(p);
	char day[RFC3339_CAP];
	const char *what;

	out[0] = '\0';
	if (ctl->cert_to_s == 0)
		return false;
	if (now < ctl->cert_from_s)
		what = "is not valid before";
	else if (now > ctl->cert_to_s)
		what = "expired on";
	else if (ctl->cert_to_s - now < (int64_t)TRUST_DAYS_SOON * TRUST_DAY_S)
		what = "expires on";
	else
		return false;
	rfc3339_s(
	    day, (now < ctl->cert_from_s ? ctl->cert_from_s : ctl->cert_to_s) *
		     LOOP_S);
	day[strlen("2026-11-22")] = '\0';
	(void)str_format(out, cap, "; the BMC's certificate %s %s", what, day);
	return true;
}

void
host_certificate_told(struct host_pass *p, const char *words)
{
	bool bad = words[0] != '\0';

	if (bad && !p->ctl->mem.certificate_told)
		host_event(p, true, "CertificateExpiring", "%s%s", words + 2,
		    p->h.spec.tofu || p->h.spec.fingerprint != NULL
			? ": the pinned key counts, dates do not"
			: "");
	p->ctl->mem.certificate_told = bad;
}

/* ---- what to do about it ------------------------------------------------------ */

const char *
host_trust_hint(const struct host_pass *p)
{
	if (p->cause == RF_CAUSE_CERTIFICATE_CHANGED)
		return p->h.spec.tofu
			   ? "; if that key is right, set the annotation "
			     "accept-certificate to it"
			   : "; if that key is right, put it into "
			     "certificateFingerprint";
	if (p->cause != RF_CAUSE_TLS)
		return "";
	if (p->http == HTTP_E_TLS_TRUST)
		return "; give its CA with caBundleSecretRef, or pin its key "
		       "with certificateFingerprint or trustOnFirstUse";
	if (p->http == HTTP_E_TLS_WEAK)
		return "; give the BMC one that is signed with SHA-256 and has "
		       "a key of 2048 bits or more, or pin its key with "
		       "certificateFingerprint or trustOnFirstUse";
	if (p->http == HTTP_E_TLS_NAME)
		return "; use a name that is in it, or pin its key with "
		       "certificateFingerprint or trustOnFirstUse";
	if (p->http == HTTP_E_TLS_DATE)
		return "; renew it, set the BMC's clock, or pin its key with "
		       "certificateFingerprint: a pin knows no dates";
	if (p->http == HTTP_E_TLS_VERSION)
		return "; for an old BMC lower minTLSVersion";
	if (p->http == HTTP_E_TLS_NEWER)
		return "; the agent speaks TLS 1.2 at most: allow it in the "
		       "BMC's settings";
	return "";
}

/* ---- logins that were refused ------------------------------------------------ */

/* "2:1a2b3c4d", "2p:1a2b3c4d" for a password that must be changed: which pair
 * was refused where how often; nothing of the pair is in it. */
static void
login_mark(const struct host_ctl *ctl, unsigned refused, bool password,
    char out[sizeof(((struct record *)0)->refused)])
{
	uint64_t h =
	    str_hash(ctl->rf_address, str_hash(ctl->secret_version, 11));

	(void)str_format(out, sizeof(((struct record *)0)->refused),
	    "%u%s:%08x", refused > 9 ? 9 : refused, password ? "p" : "",
	    (unsigned)(h & 0xffffffffU));
}

static bool
login_recordable(const struct host_pass *p)
{
	/* A lost record is not to be made up for by a new one. */
	return p->reads_only == NULL && p->ctl->rf != NULL &&
	       p->ctl->secret_version != NULL &&
	       (p->h.record_valid ||
		   (!p->h.record_present && p->h.spec.consumer.name == NULL));
}

enum verdict
host_login_noted(struct host_pass *p, enum verdict v)
{
	struct record r = p->h.record;
	unsigned refused;
	enum verdict w;

	if ((v != V_FAIL && v != V_NEXT) || !login_recordable(p))
		return v;
	refused = redfish_login_refusals(p->ctl->rf);
	if (refused == 0 && (v == V_FAIL || r.refused[0] == '\0'))
		return v;
	if (refused == 0) {
		r.refused[0] = '\0';
		r.refused_s = 0;
	} else {
		login_mark(p->ctl, refused,
		    p->cause == RF_CAUSE_PASSWORD_CHANGE, r.refused);
		if (str_eq(r.refused, p->h.record.refused))
			return v; /* no new login since */
		r.refused_s = pass_wall_s(p);
	}
	w = host_act_record(p, &r);
	return w == V_NEXT ? v : w;
}

void
host_login_restored(struct host_pass *p)
{
	const struct record *r = &p->h.record;
	int64_t ago_s = pass_wall_s(p) - r->refused_s;
	unsigned refused = (unsigned)(r->refused[0] - '0');
	bool password = r->refused[0] != '\0' && r->refused[1] == 'p';
	char mark[sizeof(r->refused)];

	if (!p->h.record_valid || refused < 1 || refused > 9)
		return;
	login_mark(p->ctl, refused, password, mark);
	if (str_eq(mark, r->refused))
		redfish_login_refused(p->ctl->rf, refused,
		    ago_s < 0 ? 0 : ago_s * LOOP_S, password);
}
