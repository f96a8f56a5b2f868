/*
 * Ignition: a configuration in JSON, its files and units, and those that are
 * merged into it. The specification of 3.x; "config.merge" and "data" URLs
 * (RFC 2397) are read, what lies in the network is not.
 */
#include <string.h>

#include "common/hex.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "sim/os/inflate.h"
#include "sim/os/os_impl.h"

#define IGN_DEPTH 4

static void ign_config(struct os_seek *k, const char *p, size_t n, int depth);

static bool
ign_percent(const char *p, struct buf *out)
{
	for (; *p != '\0'; p++) {
		if (p[0] == '%' && hex_value(p[1]) >= 0 &&
		    hex_value(p[2]) >= 0) {
			(void)buf_addc(out,
			    (char)(hex_value(p[1]) * 16 + hex_value(p[2])));
			p += 2;
		} else {
			(void)buf_addc(out, *p);
		}
	}
	return !out->overflow;
}

/* "data:,text%20" and "data:;base64,dGV4dA==" */
static bool
ign_url(const char *url, const char *compression, struct buf *out)
{
	const char *comma = strchr(url, ',');
	struct buf b;
	size_t n = strlen(url), len = 0;
	char *raw;
	bool ok;

	if (!str_has_prefix(url, "data:") || comma == NULL)
		return false;
	buf_init(&b, OS_DATA_MAX);
	if (comma - url >= 7 && memcmp(comma - 7, ";base64", 7) == 0) {
		raw = xmalloc(n + 1);
		ok = b64_decode(
			 comma + 1, strlen(comma + 1), raw, n + 1, &len) &&
		     buf_add(&b, raw, len);
		xfree(raw);
	} else {
		ok = ign_percent(comma + 1, &b);
	}
	if (ok && str_eq(compression, "gzip"))
		ok = inflate_gzip(b.p, b.n, out, NULL);
	else if (ok)
		ok = buf_add(out, buf_str(&b), b.n);
	if (b.n > 0)
		secret_wipe(b.p, b.n);
	buf_free(&b);
	return ok;
}

/* One "contents" or "merge": its bytes; false: it was told. */
static bool
ign_resource(
    struct os_seek *k, const cJSON *r, const char *where, struct buf *out)
{
	const char *url = json_str(r, "source", "");

	if (*url == '\0' || ign_url(url, json_str(r, "compression", ""), out))
		return true;
	os_fails(k,
	    str_has_prefix(url, "data:")
		? "Ignition: contents that cannot be decoded"
		: "Ignition: contents from the network",
	    where);
	return false;
}

static void
ign_file(struct os_seek *k, const cJSON *f)
{
	const char *path = json_str(f, "path", "");
	struct buf b;

	buf_init(&b, OS_DATA_MAX);
	if (ign_resource(k, json_obj(f, "contents"), path, &b) &&
	    !texts_add(&k->texts, TEXTS_FILE, path, buf_str(&b), b.n))
		os_fails(k, "too much data", "");
	buf_free(&b);
}

static void
ign_unit(struct os_seek *k, const cJSON *u)
{
	const char *text = json_str(u, "contents", "");

	if (json_bool(u, "enabled", false) &&
	    !texts_add(&k->texts, TEXTS_SCRIPT, json_str(u, "name", ""), text,
		strlen(text)))
		os_fails(k, "too much data", "");
}

static void
ign_merge(struct os_seek *k, const cJSON *j, int depth)
{
	const cJSON *m;

	cJSON_ArrayForEach (
	    m, json_child(json_obj(j, "ignition/config"), "merge")) {
		struct buf b;

		buf_init(&b, OS_DATA_MAX);
		if (ign_resource(k, m, "ignition.config.merge", &b))
			ign_config(k, buf_str(&b), b.n, depth + 1);
		if (b.n > 0)
			secret_wipe(b.p, b.n);
		buf_free(&b);
	}
}

/* What is merged comes later: its files win. */
static void
ign_config(struct os_seek *k, const char *p, size_t n, int depth)
{
	struct err e = { 0 };
	cJSON *j = depth < IGN_DEPTH ? json_parse(p, n, &e) : NULL;
	const cJSON *f;

	if (!cJSON_IsObject(j)) {
		os_fails(k, "Ignition: it is no JSON object", "");
	} else if (!str_has_prefix(json_str(j, "ignition/version", ""), "3.")) {
		os_fails(k, "Ignition: a version that is not 3.x",
		    json_str(j, "ignition/version", "none"));
	} else {
		cJSON_ArrayForEach (
		    f, json_child(json_obj(j, "storage"), "files"))
			ign_file(k, f);
		cJSON_ArrayForEach (
		    f, json_child(json_obj(j, "systemd"), "units"))
			ign_unit(k, f);
		ign_merge(k, j, depth);
	}
	cJSON_Delete(j);
}

void
os_ignition(struct os_seek *k, const char *json, size_t n)
{
	const struct texts_one *host;

	ign_config(k, json, n, 0);
	host = texts_file(&k->texts, "/etc/hostname");
	if (host != NULL && strlen(host->p) < sizeof(k->f->hostname)) {
		(void)str_copy(k->f->hostname, sizeof(k->f->hostname), host->p);
		k->f->hostname[strcspn(k->f->hostname, " \t\r\n")] = '\0';
	}
}
