/* The manifests of hosts.h, as YAML whose every text is quoted. */
#include <string.h>

#include "agent/enroll/hosts.h"
#include "common/str.h"

/* Double-quoted YAML is JSON with more; texts are valid UTF-8. */
static void
quoted(struct buf *b, const char *s)
{
	(void)buf_addc(b, '"');
	for (; *s != '\0'; s++) {
		unsigned char ch = (unsigned char)*s;

		if (ch == '"' || ch == '\\')
			(void)buf_addf(b, "\\%c", ch);
		else if (ch < 0x20 || ch == 0x7f)
			(void)buf_addf(b, "\\u%04x", ch);
		else
			(void)buf_addc(b, (char)ch);
	}
	(void)buf_addc(b, '"');
}

static void
member(struct buf *b, const char *key, const char *value)
{
	(void)buf_adds(b, key);
	quoted(b, value);
	(void)buf_addc(b, '\n');
}

static void
head(struct buf *b, const char *api, const char *kind, const char *name,
    const struct enroll_opts *o)
{
	(void)buf_addf(
	    b, "---\napiVersion: %s\nkind: %s\nmetadata:\n", api, kind);
	member(b, "  name: ", name);
	if (!str_empty(o->ns))
		member(b, "  namespace: ", o->ns);
}

static void
secret(struct buf *b, const char *name, const char *username,
    const char *password, const struct enroll_opts *o)
{
	head(b, "v1", "Secret", name, o);
	/* clusterctl move takes it along with the host. */
	(void)buf_adds(b, "  labels:\n"
			  "    clusterctl.cluster.x-k8s.io/move: \"\"\n"
			  "type: Opaque\n"
			  "stringData:\n");
	member(b, "  username: ", username);
	member(b, "  password: ", password);
}

static void
label(struct buf *b, const char *key, const char *value, bool *any)
{
	if (value[0] == '\0')
		return;
	if (!*any)
		(void)buf_adds(b, "  labels:\n");
	*any = true;
	(void)buf_adds(b, "    ");
	quoted(b, key);
	(void)buf_adds(b, ": ");
	quoted(b, value);
	(void)buf_addc(b, '\n');
}

/* A column wins over --labels. */
static bool
in_columns(
    const struct enroll_hosts *hs, const struct enroll_host *h, const char *key)
{
	for (size_t i = 0; i < h->n_labels; i++)
		if (str_eq(hs->labels[i], key) && *h->label_values[i] != '\0')
			return true;
	return str_eq(key, "topology.kubernetes.io/zone") && *h->zone != '\0';
}

static void
labels(struct buf *b, const struct enroll_hosts *hs,
    const struct enroll_host *h, const struct enroll_opts *o)
{
	const char *p = o->labels == NULL ? "" : o->labels;
	char key[320], value[64];
	bool any = false;

	while (*p != '\0') {
		size_t n = strcspn(p, ","), k = strcspn(p, "=");

		(void)str_format(key, sizeof(key), "%.*s", (int)k, p);
		(void)str_format(
		    value, sizeof(value), "%.*s", (int)(n - k - 1), p + k + 1);
		if (!in_columns(hs, h, key))
			label(b, key, value, &any);
		p += n + (p[n] == ',');
	}
	label(b, "topology.kubernetes.io/zone", h->zone, &any);
	for (size_t i = 0; i < h->n_labels; i++)
		label(b, hs->labels[i], h->label_values[i], &any);
}

static void
trust(struct buf *b, const struct enroll_host *h, const struct enroll_opts *o)
{
	if (*h->fingerprint != '\0')
		member(b, "    certificateFingerprint: ", h->fingerprint);
	else if (*h->ca_secret != '\0' || o->ca_secret != NULL)
		member(b, "    caBundleSecretRef:\n      name: ",
		    *h->ca_secret != '\0' ? h->ca_secret : o->ca_secret);
	else if (o->tofu)
		(void)buf_adds(b, "    trustOnFirstUse: true\n");
	else if (o->insecure)
		(void)buf_adds(b, "    insecureSkipVerify: true\n");
}

static void
host(struct buf *b, const struct enroll_hosts *hs, const struct enroll_host *h,
    const struct enroll_opts *o, struct enroll_result *r)
{
	const char *use = *h->secret != '\0' ? h->secret : o->secret;
	char own[256];

	if (*h->username != '\0') {
		(void)str_format(own, sizeof(own), "%s-bmc", h->name);
		use = own;
		secret(b, own, h->username, h->password, o);
		r->secrets++;
	}
	head(b, "infrastructure.cluster.x-k8s.io/v1beta2", "PhysicalHost",
	    h->name, o);
	labels(b, hs, h, o);
	(void)buf_adds(b, "spec:\n  redfishConnection:\n");
	member(b, "    address: ", h->address);
	member(b, "    credentialsSecretRef:\n      name: ", use);
	trust(b, h, o);
	if (*h->system_id != '\0')
		member(b, "    systemID: ", h->system_id);
	r->hosts++;
}

/* It is written once, if any host needs it. */
static bool
shared_needed(const struct enroll_hosts *hs, const struct enroll_opts *o)
{
	if (o->username == NULL)
		return false;
	for (size_t i = 0; i < hs->n; i++)
		if (*hs->v[i].username == '\0' && *hs->v[i].secret == '\0')
			return true;
	return false;
}

bool
hosts_write(const struct enroll_hosts *hs, const struct enroll_opts *o,
    struct buf *out, struct enroll_result *r, struct err *e)
{
	if (shared_needed(hs, o)) {
		secret(out, o->secret, o->username, o->password->p, o);
		r->secrets++;
	}
	for (size_t i = 0; i < hs->n; i++)
		host(out, hs, &hs->v[i], o, r);
	return !out->overflow ||
	       err_set(e, ERR_TOO_BIG, 0, "the manifests are over %zu bytes",
		   out->max);
}
