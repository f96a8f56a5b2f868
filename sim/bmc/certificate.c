/* CertificateService, and the certificate that the BMC shows. */
#include <string.h>

#include "common/env.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "common/tls.h"
#include "sim/bmc/action.h"
#include "sim/bmc/bmc.h"
#include "sim/bmc/fleet_internal.h"
#include "sim/bmc/jw.h"
#include "sim/bmc/request.h"
#include "sim/bmc/route.h"
#include "sim/bmc/view.h"

#define SERVICE V1 "/CertificateService"
#define HTTPS V1 "/Managers/{M}/NetworkProtocol/HTTPS/Certificates"
#define COLLECTION MGR "/NetworkProtocol/HTTPS/Certificates"
#define REPLACE "#CertificateService.ReplaceCertificate"
#define GENERATE "#CertificateService.GenerateCSR"
#define KEY_BEGIN "-----BEGIN "

/* ---- views -------------------------------------------------------------- */

static bool
has_tls(const struct request *rq)
{
	return rq->b->fleet->tls;
}

static void
view_service(struct request *rq, struct jw *w)
{
	view_names(w, "CertificateService", "Certificate Service");
	jw_ref(w, "CertificateLocations", SERVICE "/CertificateLocations");
	jw_open(w, "Actions");
	view_action(rq, w, "CertificateService.GenerateCSR");
	jw_list(w, "KeyPairAlgorithm@Redfish.AllowableValues");
	jw_s(w, NULL, "TPM_ALG_ECDSA");
	jw_end(w);
	jw_list(w, "KeyCurveId@Redfish.AllowableValues");
	jw_s(w, NULL, "TPM_ECC_NIST_P256");
	jw_end(w);
	jw_close(w);
	view_action(rq, w, "CertificateService.ReplaceCertificate");
	jw_list(w, "CertificateType@Redfish.AllowableValues");
	jw_s(w, NULL, "PEM");
	jw_end(w);
	jw_close(w);
	jw_close(w);
}

static void
view_locations(struct request *rq, struct jw *w)
{
	view_names(w, "CertificateLocations", "Certificate Locations");
	jw_open(w, "Links");
	jw_list(w, "Certificates");
	if (has_tls(rq))
		jw_ref(w, NULL, COLLECTION "/1", rq->b->mgr_id);
	jw_end(w);
	jw_i(w, "Certificates@odata.count", has_tls(rq) ? 1 : 0);
	jw_close(w);
}

static void
view_certificates(struct request *rq, struct jw *w)
{
	view_members(w, "HTTPS Certificates");
	if (has_tls(rq))
		jw_ref(w, NULL, "%s/1", rq->path);
	view_members_end(w, has_tls(rq) ? 1 : 0);
}

static bool
exists(struct request *rq)
{
	return bmc_fleet_certificate(rq->b) != NULL;
}

static void
name(struct jw *w, const char *key, const char *cn, const char *orgs)
{
	jw_open(w, key);
	if (!str_empty(cn))
		jw_s(w, "CommonName", cn);
	if (!str_empty(orgs))
		jw_s(w, "Organization", orgs);
	jw_close(w);
}

static void
view_certificate(struct request *rq, struct jw *w)
{
	const struct tls_identity *i = bmc_fleet_certificate(rq->b);
	const struct tls_identity *ca = rq->b->fleet->ca;
	struct tls_facts f, by;
	char *pem;

	if (!i)
		return; /* exists() was asked before */
	tls_identity_get_facts(i, &f);
	view_names(w, "1", "HTTPS Certificate");
	pem = tls_identity_cert_pem(i);
	if (*pem)
		jw_s(w, "CertificateString", pem);
	xfree(pem);
	jw_s(w, "CertificateType", "PEM");
	name(w, "Subject", tls_identity_cn(i), tls_identity_orgs(i));
	/* who signed one that was given to us is in its text only */
	if (ca)
		tls_identity_get_facts(ca, &by);
	if (ca && memcmp(by.spki_sha256, f.issuer_spki_sha256, 32) == 0)
		name(w, "Issuer", tls_identity_cn(ca), tls_identity_orgs(ca));
	jw_time(w, "ValidNotBefore", f.not_before_s * LOOP_S);
	jw_time(w, "ValidNotAfter", f.not_after_s * LOOP_S);
	jw_list(w, "KeyUsage");
	jw_s(w, NULL, "DigitalSignature");
	jw_end(w);
	jw_list(w, "CertificateUsageTypes");
	jw_s(w, NULL, "Web");
	jw_end(w);
}

/* ---- GenerateCSR -------------------------------------------------------- */

/* Is the URI of this reference the one that we have? */
static bool
names_ours(struct request *rq, const char *key, const char *action, bool one)
{
	const char *id = json_str(json_obj(rq->json, key), "@odata.id", NULL);
	char ours[200];

	(void)str_format(ours, sizeof(ours), COLLECTION "%s", rq->b->mgr_id,
	    one ? "/1" : "");
	if (!id)
		return request_refuse(
		    rq, REF_PARAMETER_MISSING, key, action, key, NULL);
	return str_eq(id, ours) ||
	       request_refuse(rq, REF_PARAMETER_VALUE, key, id, key, action);
}

static bool
texts_only(struct request *rq)
{
	static const char *const known[] = { "CommonName", "Organization",
		"OrganizationalUnit", "City", "State", "Country", "Email",
		"KeyPairAlgorithm", "KeyCurveId", "Surname", "GivenName",
		"Initials", "ChallengePassword", "UnstructuredName",
		"ContactPerson" };
	static const char *const others[] = { "AlternativeNames", "KeyUsage",
		"KeyBitLength", "CertificateCollection" };
	const cJSON *c;

	cJSON_ArrayForEach (c, rq->json) {
		size_t i = 0, j = 0;

		while (i < sizeof(known) / sizeof(known[0]) &&
		       !str_eq(known[i], c->string))
			i++;
		while (j < 4 && !str_eq(others[j], c->string))
			j++;
		if (i == sizeof(known) / sizeof(known[0]) && j == 4)
			return request_refuse(rq, REF_PARAMETER_UNKNOWN,
			    c->string, GENERATE, c->string, NULL);
		if (j == 4 && !cJSON_IsString(c))
			return request_refuse(rq, REF_PARAMETER_TYPE, c->string,
			    "(not a text)", c->string, GENERATE);
	}
	return true;
}

static bool
algorithm_fits(struct request *rq)
{
	const char *a = json_str(rq->json, "KeyPairAlgorithm", NULL);
	const char *c = json_str(rq->json, "KeyCurveId", NULL);

	if (a && !str_eq(a, "TPM_ALG_ECDSA"))
		return request_refuse(rq, REF_PARAMETER_VALUE,
		    "KeyPairAlgorithm", a, "KeyPairAlgorithm", GENERATE);
	if (c && !str_eq(c, "TPM_ECC_NIST_P256"))
		return request_refuse(rq, REF_PARAMETER_VALUE, "KeyCurveId", c,
		    "KeyCurveId", GENERATE);
	return true;
}

/* AlternativeNames as one text with commas; false after a refusal. */
static bool
alternative_names(struct request *rq, char *out, size_t cap)
{
	const cJSON *list = json_child(rq->json, "AlternativeNames"), *c;

	out[0] = '\0';
	cJSON_ArrayForEach (c, list)
		if (!cJSON_IsString(c) || strchr(c->valuestring, ',') ||
		    !str_format(out + strlen(out), cap - strlen(out), "%s%s",
			*out ? "," : "", c->valuestring))
			return request_refuse(rq, REF_PARAMETER_TYPE,
			    "AlternativeNames", "(not a list of names)",
			    "AlternativeNames", GENERATE);
	return true;
}

static void
answer_csr(struct request *rq, const char *csr)
{
	struct jw w;

	jw_init(&w, &rq->out, "CertificateService", NULL);
	w.slash = rq->p->slash == SLASH_REDIRECT;
	jw_open(&w, NULL);
	jw_ref(&w, "CertificateCollection", COLLECTION, rq->b->mgr_id);
	jw_s(&w, "CSRString", csr);
	jw_close(&w);
	rq->status = 200;
}

static void
generate(struct request *rq)
{
	char names[1024], *csr, *key = NULL;
	struct tls_request o = { .names = names };
	struct err e = { 0 };

	o.subject = rq->json ? json_str(rq->json, "CommonName", NULL) : NULL;
	if (str_empty(o.subject)) {
		request_refuse(rq, REF_PARAMETER_MISSING, "CommonName",
		    GENERATE, "CommonName", NULL);
		return;
	}
	if (!texts_only(rq) || !algorithm_fits(rq) ||
	    !names_ours(rq, "CertificateCollection", GENERATE, false) ||
	    !alternative_names(rq, names, sizeof(names)))
		return;
	o.organization = json_str(rq->json, "Organization", NULL);
	o.unit = json_str(rq->json, "OrganizationalUnit", NULL);
	o.city = json_str(rq->json, "City", NULL);
	o.state = json_str(rq->json, "State", NULL);
	o.country = json_str(rq->json, "Country", NULL);
	csr = tls_request_make(&o, rq->b->fleet->env->entropy, &key, &e);
	if (!csr) {
		request_refuse(rq, REF_PARAMETER_TYPE, "CommonName",
		    "(too long)", "CommonName", GENERATE);
		return;
	}
	if (!rq->dry)
		secret_set(&rq->b->csr_key, key, strlen(key));
	answer_csr(rq, csr);
	secret_wipe(key, strlen(key));
	xfree(key);
	xfree(csr);
}

/* ---- ReplaceCertificate ------------------------------------------------- */

/* The key comes with the text, or is that of the last request. */
static struct tls_identity *
identity_of(struct request *rq, const char *pem, struct err *e)
{
	const char *key = strstr(pem, "PRIVATE KEY-----");
	const struct secret *own = &rq->b->csr_key;

	while (key && key > pem && !str_has_prefix(key, KEY_BEGIN))
		key--;
	if (key)
		return tls_identity_new(pem, strlen(pem), key, strlen(key), e);
	if (!own->n)
		return NULL;
	return tls_identity_new(pem, strlen(pem), own->p, own->n, e);
}

static bool
replace_fits(struct request *rq)
{
	static const char *const known[] = { "CertificateString",
		"CertificateType", "CertificateUri", "Password" };
	const char *type;
	const cJSON *c;

	cJSON_ArrayForEach (c, rq->json) {
		size_t i = 0;

		while (i < 4 && !str_eq(known[i], c->string))
			i++;
		if (i == 4)
			return request_refuse(rq, REF_PARAMETER_UNKNOWN,
			    c->string, REPLACE, c->string, NULL);
	}
	for (size_t i = 0; i < 2; i++)
		if (!rq->json || !json_str(rq->json, known[i], NULL))
			return request_refuse(rq, REF_PARAMETER_MISSING,
			    known[i], REPLACE, known[i], NULL);
	type = json_str(rq->json, "CertificateType", "");
	if (!str_eq(type, "PEM") && !str_eq(type, "PEMchain"))
		return request_refuse(rq, REF_PARAMETER_VALUE,
		    "CertificateType", type, "CertificateType", REPLACE);
	return names_ours(rq, "CertificateUri", REPLACE, true);
}

static void
replace(struct request *rq)
{
	struct tls_identity *id;
	struct err e = { 0 };

	if (!replace_fits(rq))
		return;
	id = identity_of(rq, json_str(rq->json, "CertificateString", ""), &e);
	if (!id) {
		request_refuse(rq, REF_PARAMETER_FORMAT, "CertificateString",
		    "(not shown)", "CertificateString", REPLACE);
		return;
	}
	request_done(rq);
	if (rq->dry) {
		tls_identity_free(id);
		return;
	}
	secret_free(&rq->b->csr_key);
	bmc_fleet_set_certificate(rq->b, id);
}

const struct route certificate_routes[] = {
	ROUTE_READ(SERVICE, "CertificateService", "v1_0_4", view_service,
	    OP_READ_SERVICE, NULL),
	ROUTE_READ(SERVICE "/CertificateLocations", "CertificateLocations",
	    "v1_0_3", view_locations, OP_READ_SERVICE, NULL),
	ROUTE_DO(SERVICE "/Actions/CertificateService.GenerateCSR", generate,
	    OP_CERTIFICATE, exists),
	ROUTE_DO(SERVICE "/Actions/CertificateService.ReplaceCertificate",
	    replace, OP_CERTIFICATE, exists),
	ROUTE_LIST(HTTPS, "Certificate", view_certificates, NULL),
	ROUTE_READ(HTTPS "/1", "Certificate", "v1_8_0", view_certificate,
	    OP_READ_SERVICE, exists),
	{ .pattern = NULL },
};
