/*
 * What lets a host's client log in: the Secret's present version, and trust in
 * the BMC's certificate before anything secret goes out (SAFETY.md 4).
 */
#include <string.h>

#include "agent/control/host_pass.h"
#include "agent/kube/informer.h"
#include "agent/kube/object.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"

/* "name@resourceVersion" of a Secret in the cache; NULL if there is none. */
static char *
secret_version(const struct host_pass *p, const char *name)
{
	char key[KOBJ_KEY_CAP];
	const char *rv;

	if (name == NULL || !kobj_key_make(p->h.ns, name, key))
		return NULL;
	rv = informer_rv(p->c->secrets, key);
	return rv == NULL ? NULL : xasprintf("%s@%s", name, rv);
}

static enum verdict
secret_missing(
    struct host_pass *p, const char *name, const char *reason, const char *what)
{
	report_say(&p->rep, HC_CONNECTION, SAY_FALSE, reason, "Secret %s/%s %s",
	    p->h.ns, name, what);
	if (p->rep.op.kind == NULL && p->h.record_valid &&
	    p->h.record.phase == PHASE_IDLE)
		report_op(&p->rep, "Inspect", reason, "Secret %s/%s %s",
		    p->h.ns, name, what);
	report_waiting(&p->rep, "secret/%s", name);
	p->poll_us = p->c->o.poll_idle_us;
	return V_STOP;
}

static enum tls_version
secret_min_tls(const char *s)
{
	return str_eq(s, "1.0")   ? TLS_1_0
	       : str_eq(s, "1.1") ? TLS_1_1
				  : TLS_1_2;
}

bool
host_fingerprint(const char *text, uint8_t out[32])
{
	char hex[65];
	size_t n = 0;

	for (; *text != '\0'; text++) {
		if (*text == ':')
			continue;
		if (n == sizeof(hex) - 1)
			return false;
		hex[n++] = *text;
	}
	hex[n] = '\0';
	return n == 64 && hex_decode(hex, out, 32);
}

static void
secret_policy(struct host_pass *p, struct redfish_tls *t)
{
	const struct host_spec *s = &p->h.spec;
	const char *pin = s->fingerprint;

	memset(t, 0, sizeof(*t));
	t->policy.min_version = secret_min_tls(s->min_tls);
	t->policy.insecure = s->insecure;
	t->policy.trust = p->ctl->ca;
	if (s->tofu) {
		pin = p->h.record.pin[0] != '\0'    ? p->h.record.pin
		      : p->ctl->seen_pin[0] != '\0' ? p->ctl->seen_pin
						    : NULL;
		t->first_use =
		    pin == NULL && str_has_prefix(s->address, "https:");
		/* To see the key that is to be pinned; nothing secret is said
		 * meanwhile. */
		t->policy.insecure |= t->first_use;
	}
	if (pin != NULL)
		t->policy.pinned =
		    host_fingerprint(pin, t->policy.pin_spki_sha256);
}

/* Names everything that the policy is made from. */
static char *
secret_trust_version(struct host_pass *p)
{
	const struct host_spec *s = &p->h.spec;
	char *ca = secret_version(p, s->ca_bundle_name);
	char *v = xasprintf("%s|%s|%d%d|%s|%s|%s", ca == NULL ? "" : ca,
	    s->fingerprint == NULL ? "" : s->fingerprint, s->tofu, s->insecure,
	    s->min_tls, p->h.record.pin,
	    p->h.record.pin[0] == '\0' && s->tofu ? p->ctl->seen_pin : "");

	xfree(ca);
	return v;
}

#define SECRET_TRUSTS 1024

static void
secret_trust_free(void *p)
{
	tls_trust_free(p);
}

/* Fleets share a CA: one parsed copy serves all its hosts. */
struct tls_trust *
host_trust_of(struct controllers *c, const char *pem, size_t n, struct err *e)
{
	struct tls_trust *t;
	uint8_t hash[32];
	char key[65];

	sha256(pem == NULL ? "" : pem, n, hash);
	hex_encode(key, hash, sizeof(hash));
	t = map_get(&c->trusts, key);
	if (t != NULL)
		return tls_trust_ref(t);
	t = tls_trust_new(pem == NULL ? "" : pem, n, e);
	if (c->trusts.n >= SECRET_TRUSTS) /* rotated for years: start anew */
		map_free(&c->trusts, secret_trust_free);
	if (t != NULL)
		tls_trust_free(map_put(&c->trusts, key, tls_trust_ref(t)));
	return t;
}

static enum verdict
secret_ca_read(struct host_pass *p)
{
	struct host_ctl *ctl = p->ctl;
	enum verdict v;
	char *version;
	bool read;

	if (p->h.spec.ca_bundle_name == NULL) {
		tls_trust_free(ctl->ca);
		ctl->ca = NULL;
		return V_NEXT;
	}
	version = secret_version(p, p->h.spec.ca_bundle_name);
	read = p->ca_asked != NULL &&
	       (version == NULL || str_eq(version, p->ca_asked));
	xfree(version);
	if (!read) {
		v = host_act_read_ca(p);
		if (v == V_FAIL && p->err.kind == ERR_NOTFOUND)
			return secret_missing(p, p->h.spec.ca_bundle_name,
			    "CredentialsNotFound", "(the CA) does not exist");
		return v;
	}
	if (ctl->ca == NULL) {
		report_say(&p->rep, HC_CONNECTION, SAY_FALSE,
		    "CredentialsInvalid", "ca.crt of Secret %s/%s: %s", p->h.ns,
		    p->h.spec.ca_bundle_name, p->ca_err.msg);
		p->poll_us = p->c->o.poll_idle_us;
		return V_STOP;
	}
	return V_NEXT;
}

/* Asked of each request: an operation may take minutes. */
static bool
secret_may_write(void *arg, struct err *e)
{
	const struct host_ctl *ctl = arg;

	return controllers_may_write(ctl->c, ctl->shard, e);
}

static enum verdict
secret_client(struct host_pass *p)
{
	struct host_ctl *ctl = p->ctl;
	struct redfish_opts o = { 0 };
	char *name = xasprintf("%s|%s", p->h.spec.address,
	    p->h.spec.system_id == NULL ? "" : p->h.spec.system_id);
	struct err e;

	if (ctl->rf != NULL && str_eq(name, ctl->rf_address)) {
		xfree(name);
		return V_NEXT;
	}
	host_stream_drop(ctl);
	redfish_free(ctl->rf);
	xfree(ctl->rf_address);
	ctl->rf_address = name;
	host_certificate_forget(ctl);
	host_origin_set(ctl, p->h.spec.address);
	xreplace(&ctl->trust_version, NULL);
	xreplace(&ctl->secret_version, NULL);
	memset(&ctl->mem, 0, sizeof(ctl->mem));
	memset(&ctl->seen, 0, sizeof(ctl->seen));
	ctl->seen_pin[0] = '\0'; /* of another BMC */
	o.key = ctl->key;
	o.address = p->h.spec.address;
	o.system_id = p->h.spec.system_id;
	o.tls.first_use = true;
	o.silence_max_us = p->c->o.retry_max_us;
	o.write_max_us = p->c->o.write_max_us;
	o.may_write = secret_may_write;
	o.may_write_arg = ctl;
	ctl->rf = redfish_new(p->c->env, &o, &e);
	if (ctl->rf != NULL)
		return V_NEXT;
	xreplace(&ctl->rf_address, NULL);
	report_say(&p->rep, HC_CONNECTION, SAY_FALSE, "ConnectionFailed",
	    "spec.redfishConnection.address: %s", e.msg);
	return V_STOP;
}

enum verdict
host_trusted(void *arg)
{
	struct host_pass *p = arg;
	struct host_ctl *ctl = p->ctl;
	struct redfish_tls tls;
	enum verdict v = secret_client(p);
	char *version;

	if (v != V_NEXT)
		return v;
	version = secret_trust_version(p);
	if (!str_eq(version, ctl->trust_version)) {
		v = secret_ca_read(p);
		if (v == V_NEXT) {
			secret_policy(p, &tls);
			redfish_set_tls(ctl->rf, &tls);
			xreplace(&ctl->trust_version, version);
		}
	}
	xfree(version);
	if (v != V_NEXT)
		return v;
	secret_policy(p, &tls);
	/* Trust on first use: the certificate is seen before anything else is
	 * said, and pinned from then on (the record keeps it). */
	if (!tls.first_use)
		return V_NEXT;
	v = host_act_identify(p);
	if (v != V_NEXT)
		return v;
	secret_policy(p, &tls);
	if (tls.first_use)
		return pass_fail(p, ERR_TLS,
		    "%s showed no certificate to trust", p->h.spec.address);
	redfish_set_tls(ctl->rf, &tls);
	xfree(ctl->trust_version);
	ctl->trust_version = secret_trust_version(p);
	return V_NEXT;
}

/* What a BMC's login can be: JSON carries nothing else, and a line feed that came
 * along from a file is not meant. */
static bool
secret_is_text(const struct secret *s)
{
	size_t len;

	for (size_t i = 0; i < s->n; i += len) {
		unsigned char c = (unsigned char)s->p[i];

		len = str_utf8_len(s->p + i, s->n - i);
		if (len == 0 || c < 0x20 || c == 0x7f)
			return false;
	}
	return true;
}

static const char *
secret_problem(const struct host_ctl *ctl)
{
	if (ctl->user.n == 0 || ctl->password.p == NULL)
		return "lacks the keys username and password, or they are too "
		       "long";
	if (!secret_is_text(&ctl->user))
		return "has a username that is no text in UTF-8, or has a "
		       "control character in it, such as a line feed at its "
		       "end";
	if (!secret_is_text(&ctl->password))
		return "has a password that is no text in UTF-8, or has a "
		       "control character in it, such as a line feed at its "
		       "end";
	return NULL;
}

static enum verdict
secret_handed(struct host_pass *p)
{
	struct host_ctl *ctl = p->ctl;
	struct redfish_credentials c = { ctl->user.p, &ctl->password,
		ctl->secret_version };

	if (ctl->secret_new) {
		ctl->secret_new = false;
		ctl->secret_bad = secret_problem(ctl);
		if (ctl->secret_bad == NULL) {
			redfish_set_credentials(ctl->rf, &c);
			host_login_restored(p);
		}
		secret_free(&ctl->user);
		secret_free(&ctl->password);
	}
	return ctl->secret_bad == NULL
		   ? V_NEXT
		   : secret_missing(p, p->h.spec.credentials_name,
			 "CredentialsInvalid", ctl->secret_bad);
}

enum verdict
host_credentialed(void *arg)
{
	struct host_pass *p = arg;
	const char *name = p->h.spec.credentials_name;
	char *version = secret_version(p, name);
	bool known = version != NULL;
	/* The cache may lag behind what this pass has read; where it has moved
	 * on since, what was read is what is stale. */
	bool same = str_eq(version, p->ctl->secret_version) ||
		    (known && str_eq(version, p->secret_asked));
	enum verdict v;

	xfree(version);
	if (!known)
		return secret_missing(
		    p, name, "CredentialsNotFound", "does not exist");
	if (same)
		return secret_handed(p);
	/* Our finalizer changes the version: it goes on before the read. */
	v = host_act_hold_secret(p);
	if (v != V_NEXT)
		return v;
	v = host_act_read_secret(p);
	if (v == V_FAIL && p->err.kind == ERR_NOTFOUND)
		return secret_missing(
		    p, name, "CredentialsNotFound", "does not exist");
	return v;
}
