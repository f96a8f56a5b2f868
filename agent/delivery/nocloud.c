#include "agent/delivery/nocloud.h"

#include <string.h>

#include "agent/delivery/tree.h"
#include "common/str.h"
#include "common/yaml.h"

/* Names that are ours: another value would break the machine's identity. */
static bool
is_ours(const char *key)
{
	return str_ieq(key, "instance-id") || str_ieq(key, "instance_id") ||
	       str_ieq(key, "provider_id") || str_ieq(key, "provider-id");
}

static bool
is_hostname(const char *key)
{
	return str_eq(key, "local-hostname") || str_eq(key, "local_hostname");
}

bool
nocloud_meta_ok(const struct delivery_in *in, struct err *e)
{
	if (in->n_meta > DELIVERY_META)
		return err_set(e, ERR_TOO_BIG, 0,
		    "userData.metaData has more than %d entries",
		    DELIVERY_META);
	for (size_t i = 0; i < in->n_meta; i++)
		if (is_ours(in->meta[i].key))
			return err_set(e, ERR_SPEC, 0,
			    "userData.metaData must not set %s: it says which "
			    "machine this is",
			    in->meta[i].key);
	return true;
}

bool
nocloud_network_ok(const struct delivery_in *in, struct err *e)
{
	static const char name[] = "networkDataSecretRef";
	const cJSON *inner;
	int64_t version = 0;
	cJSON *j;

	if (in->network.n == 0)
		return true;
	j = yaml_parse_words(in->network.p, in->network.n, name, e);
	if (j == NULL)
		return false;
	inner = json_obj(j, "network");
	version = json_i64(inner != NULL ? inner : j, "version", 0);
	tree_drop(j);
	if (version == 1 || version == 2)
		return true;
	return err_set(e, ERR_SPEC, 0,
	    "%s: no network configuration of cloud-init, which has version 1 "
	    "or 2",
	    name);
}

static void
line(struct wiped *out, const char *key, const char *value)
{
	if (value == NULL)
		return;
	wiped_quoted(out, key);
	wiped_adds(out, ": ");
	wiped_quoted(out, value);
	wiped_adds(out, "\n");
}

static const char *
hostname(const struct delivery_in *in)
{
	for (size_t i = 0; i < in->n_meta; i++)
		if (is_hostname(in->meta[i].key))
			return in->meta[i].value;
	return in->hostname;
}

/* YAML whose texts are all in quotes: nothing of it is a number or a date. */
void
nocloud_meta(struct wiped *out, const struct delivery_in *in)
{
	line(out, "instance-id", in->instance_id);
	line(out, "local-hostname", hostname(in));
	line(out, "provider_id", in->provider_id);
	for (size_t i = 0; i < in->n_meta; i++)
		if (!is_hostname(in->meta[i].key))
			line(out, in->meta[i].key, in->meta[i].value);
}

static bool
is_name(const char *key, const char *name, size_t n)
{
	if (strlen(key) != n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (key[i] != name[i] && (key[i] != '-' || name[i] != '_'))
			return false;
	return true;
}

const char *
nocloud_value(const struct delivery_in *in, const char *name, size_t n)
{
	if (is_name("instance-id", name, n))
		return in->instance_id;
	if (is_name("local-hostname", name, n))
		return hostname(in);
	if (is_name("provider_id", name, n))
		return in->provider_id;
	for (size_t i = 0; i < in->n_meta; i++)
		if (is_name(in->meta[i].key, name, n))
			return in->meta[i].value;
	return NULL;
}

/* ---- parts --------------------------------------------------------------- */

static bool
stands_in(const char *p, size_t n, const char *what)
{
	size_t m = strlen(what);

	for (size_t i = 0; i + m <= n; i++)
		if (p[i] == what[0] && memcmp(p + i, what, m) == 0)
			return true;
	return false;
}

/* A line that stands nowhere in the payload: of its digest, so that the same
 * data gives the same message. */
static void
choose_boundary(char out[48], const void *p, size_t n)
{
	uint8_t digest[32];
	char text[65];

	sha256(p, n, digest);
	do {
		hex_encode(text, digest, 16);
		(void)str_format(out, 48, "=_b7_%s", text);
		sha256(digest, sizeof(digest), digest);
	} while (stands_in(p, n, out));
}

static void
delimiter(struct wiped *out, const char *boundary, const char *end)
{
	wiped_adds(out, "\n--");
	wiped_adds(out, boundary);
	wiped_adds(out, end);
}

static void
payload_part(struct wiped *out, const struct payload *p,
    const struct delivery_bytes *data)
{
	if (p->kind == PAYLOAD_MIME) {
		/* A message is a part as it stands, with its own headers. */
		wiped_add(out, data->p, data->n);
		return;
	}
	wiped_adds(out, "Content-Type: ");
	wiped_adds(out, p->type);
	wiped_adds(out, p->plain ? "; charset=\"us-ascii\"\n" : "\n");
	wiped_adds(out, "MIME-Version: 1.0\n");
	wiped_adds(out, p->plain ? "Content-Transfer-Encoding: 7bit\n"
				 : "Content-Transfer-Encoding: base64\n");
	wiped_adds(out, "\n");
	/* 7bit keeps every byte but for what is_plain() refuses: readers decode
	 * other texts differently. */
	if (p->plain)
		wiped_add(out, data->p, data->n);
	else
		wiped_base64(out, data->p, data->n, 76);
}

void
nocloud_user_data(struct wiped *out, const struct payload *p,
    const struct delivery_in *in, const struct report *r)
{
	char boundary[48];

	if (r == NULL) {
		wiped_add(out, in->data.p, in->data.n);
		return;
	}
	choose_boundary(boundary, in->data.p, in->data.n);
	wiped_adds(out, "Content-Type: multipart/mixed; boundary=\"");
	wiped_adds(out, boundary);
	wiped_adds(out, "\"\nMIME-Version: 1.0\n");
	delimiter(out, boundary, "\n");
	payload_part(out, p, &in->data);
	delimiter(out, boundary, "\n");
	/* cloud-init runs scripts by name, what runcmd makes (runcmd) among
	 * them: this one is to be the last. */
	wiped_adds(out, "Content-Type: text/x-shellscript; "
			"charset=\"us-ascii\"\n"
			"MIME-Version: 1.0\n"
			"Content-Transfer-Encoding: 7bit\n"
			"Content-Disposition: attachment; "
			"filename=\"zz-beskar7-report.sh\"\n"
			"\n");
	report_script(out, r);
	delimiter(out, boundary, "--\n");
}
