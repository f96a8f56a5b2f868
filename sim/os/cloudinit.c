/*
 * What cloud-init makes of user data and vendor data: parts, templates, the
 * cloud-config, files and scripts. cloud-init's documentation: "User data
 * formats", "Merging user data sections", "Instance metadata".
 */
#include <string.h>

#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "common/yaml.h"
#include "sim/os/inflate.h"
#include "sim/os/jinja.h"
#include "sim/os/mime.h"
#include "sim/os/os_impl.h"

#define CI_JINJA "## template: jinja"

struct ci {
	struct os_seek *k;
	cJSON *vars;   /* of templates; owned */
	cJSON *config; /* all cloud-configs, merged; owned */
	bool vendor;   /* whose parts these are */
	bool any;      /* something was understood */
};

static bool ci_part(void *arg, const char *type, struct buf *p);

/* ---- templates ------------------------------------------------------------------ */

/* Names with "-" and "." are there with "_", too. */
static void
ci_set(cJSON *o, const char *key, const cJSON *v)
{
	char alias[128];

	json_set(o, key, json_dup(v));
	if (!str_copy(alias, sizeof(alias), key))
		return;
	for (char *c = alias; *c != '\0'; c++)
		if (*c == '-' || *c == '.')
			*c = '_';
	if (!str_eq(alias, key))
		json_set(o, alias, json_dup(v));
}

/* "v1" and its members at the top, and "ds.meta_data". */
static cJSON *
ci_vars(const struct os_seek *k, const cJSON *meta)
{
	static const char *const names[] = { "instance_id", "instance-id",
		"local_hostname", "local-hostname", "cloud_name", "platform" };
	const char *values[] = { k->f->instance_id, k->f->instance_id,
		k->f->hostname, k->f->hostname, "nocloud", "nocloud" };
	cJSON *vars = cJSON_CreateObject();
	cJSON *v1 = json_ensure_obj(vars, "v1");
	cJSON *md = json_ensure_obj(vars, "ds/meta_data");
	const cJSON *m;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		json_set_str(v1, names[i], values[i]);
		json_set_str(vars, names[i], values[i]);
	}
	cJSON_ArrayForEach (m, meta)
		ci_set(md, m->string, m);
	return vars;
}

static bool
ci_template(struct ci *c, struct buf *p)
{
	const char *text = buf_str(p);
	char why[DISC_WHY];
	struct buf out;
	bool ok;

	text += strcspn(text, "\n");
	buf_init(&out, OS_DATA_MAX);
	ok = jinja_render(*text ? text + 1 : text, c->vars, &out, why);
	if (ok)
		(void)ci_part(c, "text/x-not-multipart", &out);
	else
		os_fails(c->k, why, ""); /* cloud-init leaves the part out */
	if (out.n > 0)
		secret_wipe(out.p, out.n);
	buf_free(&out);
	return true;
}

/* ---- cloud-config ---------------------------------------------------------------- */

/* Top-level keys of the later part replace those of the earlier; the user's win
 * over the vendor's. */
static bool
ci_mapping(struct ci *c, const struct buf *p)
{
	struct err e = { 0 };
	cJSON *one = yaml_parse_words(buf_str(p), p->n, "cloud-config", &e);
	const cJSON *m;

	if (!cJSON_IsObject(one))
		os_fails(c->k, "a cloud-config that cannot be parsed",
		    one == NULL ? "" : "no mapping");
	else
		cJSON_ArrayForEach (m, one) {
			if (c->vendor && json_child(c->config, m->string))
				continue;
			json_set(c->config, m->string, json_dup(m));
		}
	cJSON_Delete(one);
	return true;
}

/* Nothing but comments, which is a good one. */
static bool
ci_empty(const char *p)
{
	while (*p != '\0') {
		p += strspn(p, " \t\r\n");
		if (*p != '#')
			return *p == '\0';
		p += strcspn(p, "\n");
	}
	return true;
}

static bool
ci_config(struct ci *c, const struct buf *p)
{
	if (ci_empty(buf_str(p)))
		return true;
	return ci_mapping(c, p);
}

/* "text/plain", "base64", "gz+b64" and their like. */
static bool
ci_decoded(const char *encoding, const char *s, struct buf *out)
{
	bool b64 = strstr(encoding, "b64") || strstr(encoding, "base64");
	bool gz = strstr(encoding, "gz") != NULL;
	size_t n = strlen(s), len = 0;
	char *text, *raw;
	bool ok;

	if (!b64)
		return !gz && buf_add(out, s, n);
	text = xmalloc(n + 1);
	raw = xmalloc(n + 1);
	for (size_t i = 0, k = 0; i <= n; i++)
		if (s[i] != '\n' && s[i] != ' ')
			text[k++] = s[i];
	ok = b64_decode(text, strlen(text), raw, n + 1, &len);
	if (ok)
		ok = gz ? inflate_gzip(raw, len, out, NULL)
			: buf_add(out, raw, len);
	xfree(text);
	xfree(raw);
	return ok;
}

static void
ci_write_files(struct os_seek *k, const cJSON *list)
{
	const cJSON *f;

	cJSON_ArrayForEach (f, list) {
		const char *path = json_str(f, "path", "");
		struct buf b;

		buf_init(&b, OS_DATA_MAX);
		if (!ci_decoded(json_str(f, "encoding", ""),
			json_str(f, "content", ""), &b))
			os_fails(k, "write_files: cannot be decoded", path);
		else if (!texts_add(
			     &k->texts, TEXTS_FILE, path, buf_str(&b), b.n))
			os_fails(k, "too much data", "");
		buf_free(&b);
	}
}

/* A line of shell, or its words. */
static void
ci_line(struct buf *b, const cJSON *c)
{
	const cJSON *w;

	if (cJSON_IsString(c))
		(void)buf_adds(b, c->valuestring);
	cJSON_ArrayForEach (w, c) {
		if (cJSON_IsString(w))
			(void)buf_adds(b, w->valuestring);
		(void)buf_addc(b, w->next != NULL ? ' ' : '\n');
	}
}

static void
ci_commands(struct os_seek *k, const char *name, const cJSON *list)
{
	const cJSON *c;

	cJSON_ArrayForEach (c, list) {
		struct buf b;

		buf_init(&b, OS_DATA_MAX);
		ci_line(&b, c);
		if (!texts_add(&k->texts, TEXTS_SCRIPT, name, buf_str(&b), b.n))
			os_fails(k, "too much data", "");
		buf_free(&b);
	}
}

static void
ci_phone_home(struct os_seek *k, const cJSON *ph)
{
	struct buf b;
	const char *url = json_str(ph, "url", NULL), *id;

	if (url == NULL)
		return;
	/* cc_phone_home: $INSTANCE_ID is put in */
	buf_init(&b, OS_URL - 1);
	id = strstr(url, "$INSTANCE_ID");
	if (id != NULL) {
		(void)buf_add(&b, url, (size_t)(id - url));
		(void)buf_adds(&b, k->f->instance_id);
		url = id + strlen("$INSTANCE_ID");
	}
	(void)buf_adds(&b, url);
	k->f->report_form = true;
	k->f->report_tries = (unsigned)json_i64(ph, "tries", 10);
	if (k->f->report_tries == 0 || k->f->report_tries > 1000)
		k->f->report_tries = 10;
	(void)str_copy(k->f->report_url, OS_URL, buf_str(&b));
	buf_free(&b);
}

void
os_cloudconfig(struct os_seek *k, const cJSON *cfg)
{
	const char *host = json_str(cfg, "hostname", NULL);

	if (host == NULL)
		host = json_str(cfg, "fqdn", NULL);
	if (host != NULL)
		(void)str_copy(k->f->hostname, sizeof(k->f->hostname), host);
	ci_commands(k, "bootcmd", json_child(cfg, "bootcmd"));
	ci_write_files(k, json_child(cfg, "write_files"));
	ci_commands(k, "runcmd", json_child(cfg, "runcmd"));
	ci_phone_home(k, json_child(cfg, "phone_home"));
}

/* ---- parts ----------------------------------------------------------------------- */

/* By how it starts; "" = nothing that is known. */
static const char *
ci_type(const struct buf *p)
{
	static const char *const rows[][2] = {
		{ CI_JINJA, "text/jinja2" },
		{ "#cloud-config-archive", "text/cloud-config-archive" },
		{ "#cloud-config-jsonp", "text/cloud-config-jsonp" },
		{ "#cloud-config", "text/cloud-config" },
		{ "#cloud-boothook", "text/cloud-boothook" },
		{ "#include", "text/x-include-url" },
		{ "#part-handler", "text/part-handler" },
		{ "#!", "text/x-shellscript" },
	};
	const char *s = buf_str(p);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (str_has_iprefix(s, rows[i][0]))
			return rows[i][1];
	return "";
}

static bool
ci_unpacked(struct ci *c, const struct buf *p)
{
	struct buf out;
	bool ok;

	buf_init(&out, OS_DATA_MAX);
	ok = inflate_gzip(p->p, p->n, &out, NULL);
	if (!ok)
		os_fails(c->k, "compressed data that cannot be unpacked", "");
	else
		(void)ci_part(c, "text/x-not-multipart", &out);
	buf_free(&out);
	return true;
}

static bool
ci_part(void *arg, const char *type, struct buf *p)
{
	struct ci *c = arg;

	if (inflate_is_gzip(p->p, p->n))
		return ci_unpacked(c, p);
	if (str_eq(type, "text/plain") ||
	    str_eq(type, "text/x-not-multipart") ||
	    str_eq(type, "application/octet-stream") ||
	    str_eq(type, "text/x-shellscript"))
		type = ci_type(p);
	if (p->n == 0 || *type == '\0')
		return true; /* cloud-init warns and goes on */
	c->any = true;
	if (str_eq(type, "text/jinja2"))
		return ci_template(c, p);
	if (str_eq(type, "text/cloud-config"))
		return ci_config(c, p);
	if (str_eq(type, "text/cloud-boothook") ||
	    str_has_prefix(type, "text/x-shellscript")) {
		if (texts_add(
			&c->k->texts, TEXTS_SCRIPT, "part", buf_str(p), p->n))
			return true;
		os_fails(c->k, "too much data", "");
		return false;
	}
	os_fails(c->k, "a part of a kind that is not played here", type);
	return true;
}

static void
ci_take(struct ci *c, const struct buf *data)
{
	struct buf plain;
	const struct buf *p = data;

	buf_init(&plain, OS_DATA_MAX);
	if (inflate_is_gzip(data->p, data->n)) {
		if (!inflate_gzip(data->p, data->n, &plain, NULL))
			os_fails(c->k,
			    "compressed data that cannot be unpacked", "");
		p = &plain;
	}
	if (mime_is(buf_str(p), p->n)) {
		if (!mime_parts(buf_str(p), p->n, ci_part, c))
			os_fails(c->k, "a broken MIME message", "");
	} else if (p->n > 0) {
		struct buf copy;

		buf_init(&copy, OS_DATA_MAX);
		(void)buf_add(&copy, p->p, p->n);
		(void)ci_part(c, "text/x-not-multipart", &copy);
		buf_free(&copy);
	}
	buf_free(&plain);
}

static void
ci_meta(struct os_seek *k, const cJSON *meta)
{
	const char *host = json_str(meta, "local-hostname", NULL);

	(void)str_copy(k->f->instance_id, sizeof(k->f->instance_id),
	    json_str(meta, "instance-id", "nocloud"));
	if (host != NULL)
		(void)str_copy(k->f->hostname, sizeof(k->f->hostname), host);
}

void
os_cloudinit(struct os_seek *k, const struct buf *user,
    const struct buf *vendor, const cJSON *meta)
{
	struct ci c = { .k = k, .config = cJSON_CreateObject() };
	bool users;

	ci_meta(k, meta);
	c.vars = ci_vars(k, meta);
	ci_take(&c, user);
	users = c.any;
	c.vendor = true;
	if (vendor != NULL)
		ci_take(&c, vendor);
	if (!users)
		os_fails(k, "nothing in the user data is understood", "");
	os_cloudconfig(k, c.config);
	cJSON_Delete(c.config);
	cJSON_Delete(c.vars);
}
