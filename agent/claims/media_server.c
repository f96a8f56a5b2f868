/* See media_server.h. */
#include "agent/claims/media_server.h"

#include <string.h>

#include "agent/claims/bases.h"
#include "agent/claims/key.h"
#include "agent/claims/marks.h"
#include "agent/claims/media.h"
#include "agent/claims/reports.h"
#include "agent/claims/tenants.h"
#include "agent/control/boot_media.h"
#include "agent/delivery/report.h"
#include "agent/origin/folder.h"
#include "common/buf.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/str.h"
#include "common/url.h"

#define CA_MAX (1u << 20)
#define REPORT_CA_MAX (16u << 10)

struct media_server {
	const struct env *env;
	struct live live;
	struct live_keys keys; /* kept while what is heard is stale */
	bool stale;
	char *media_url, *report_url, *report_ca; /* owned */
	struct tls_trust *trust;                  /* NULL = the system's */
	struct bases *bases;
	struct media *media;
	struct boot_media face;
	struct serve *serve;
	struct tenants *tenants;
	struct reports *reports;
	struct claims_key *key;
	bool (*leading)(void *arg); /* NULL = always */
	void *leading_arg;
};

static void
apply(struct media_server *m)
{
	live_set_keys(&m->live, m->stale || !m->keys.has ? NULL : &m->keys);
}

static void
got_key(void *arg, const struct live_keys *k)
{
	struct media_server *m = arg;

	m->keys = *k;
	apply(m);
}

static bool
leads(void *arg)
{
	struct media_server *m = arg;

	return m->leading == NULL || m->leading(m->leading_arg);
}

static void
on_stale(void *arg, bool stale)
{
	struct media_server *m = arg;

	m->stale = stale;
	apply(m);
}

/* ---- options ------------------------------------------------------------ */

/* A base: scheme, host and port, perhaps a path, no query. */
static bool
check_url(const char *text, const char *option, struct err *e)
{
	struct url u;

	if (!url_parse(&u, text, e))
		return err_wrap(e, "%s", option);
	if (strchr(u.target, '?') != NULL)
		return err_set(e, ERR_SPEC, 0,
		    "%s: a query cannot stand in front of a path", option);
	return true;
}

static char *
base_of(const char *url)
{
	size_t n = strlen(url);

	while (n > 0 && url[n - 1] == '/')
		n--;
	return xstrndup(url, n);
}

static bool
take_urls(
    struct media_server *m, const struct media_server_opts *o, struct err *e)
{
	const char *report =
	    str_empty(o->report_url) ? o->media_url : o->report_url;
	bool tls = !str_empty(o->serve.cert);

	if (str_empty(o->media_url))
		return err_set(e, ERR_SPEC, 0,
		    "--media-listen needs --media-url: what BMCs reach it "
		    "by, as in http://10.0.0.1:8090");
	if (!check_url(o->media_url, "--media-url", e) ||
	    !check_url(report, "--report-url", e))
		return false;
	if (tls && str_has_iprefix(o->media_url, "http:"))
		LOGW(m->env->log,
		    "--media-url is http:, but the listener speaks TLS; what "
		    "is between them must translate",
		    F_STR("url", o->media_url));
	m->media_url = base_of(o->media_url);
	m->report_url = base_of(report);
	return true;
}

static bool
take_ca(struct media_server *m, const char *path, struct err *e)
{
	struct buf b;
	bool ok;

	if (str_empty(path)) {
		if (str_has_iprefix(m->report_url, "https:"))
			LOGI(m->env->log,
			    "no --report-ca: machines report over https by the "
			    "CAs of their own images",
			    F_STR("reports", m->report_url));
		return true;
	}
	buf_init(&b, CA_MAX);
	ok = m->env->files->read(m->env->files->self, path, &b, e);
	if (ok)
		m->trust = tls_trust_new(buf_str(&b), b.n, e);
	buf_free(&b);
	return m->trust != NULL || err_wrap(e, "--image-ca %.150s", path);
}

/* ---- the controllers' face ---------------------------------------------- */

static void
face_look(
    void *self, const struct boot_media_ask *ask, struct boot_media_answer *out)
{
	struct media_server *m = self;

	media_look(m->media, ask, out);
}

static enum token_purpose
purpose_of(enum boot_medium which)
{
	return which == BOOT_MEDIUM_ISO ? TOKEN_MEDIUM : TOKEN_CONFIG;
}

static char *
face_url(void *self, const char *host, const char *claim, int attempt,
    enum boot_medium which)
{
	return media_server_url(self, host, claim, attempt, purpose_of(which));
}

static int64_t
first_read(const struct seen *s, enum mark what)
{
	const struct seen_mark *v = seen_first(s, what);

	return v == NULL ? 0 : v->first_us;
}

static bool
face_seen(void *self, const char *host, enum boot_medium which,
    struct boot_media_seen *out)
{
	struct media_server *m = self;
	enum token_purpose p = purpose_of(which);
	const struct seen *s = media_server_seen(m, host, p);

	memset(out, 0, sizeof(*out));
	if (s == NULL || s->bytes == 0)
		return false;
	*out = (struct boot_media_seen){ .bytes = s->bytes,
		.size = s->size,
		.permille = seen_permille(s),
		.first_us = s->first_us,
		.last_us = s->last_us,
		.catalog_us = first_read(s, MARK_CATALOG),
		.loader_us = first_read(s, MARK_LOADER),
		.kernel_us = first_read(s, MARK_KERNEL),
		.root_us = first_read(s, MARK_ROOT),
		.downloaded = seen_downloaded(s),
		.reading = live_get(&m->live, host)->streams[p] > 0 };
	return true;
}

struct boot_media *
media_server_face(struct media_server *m)
{
	return &m->face;
}

/* ---- life --------------------------------------------------------------- */

static void
hook_open(void *self, struct live_claim *c, enum token_purpose which,
    serve_opened *fn, void *arg)
{
	struct media_server *m = self;

	media_open(m->media, c, which, fn, arg);
}

static void
hook_give_back(void *self, const struct serve_image *image)
{
	struct media_server *m = self;

	media_give_back(m->media, image);
}

static void
hook_report(void *self, struct live_claim *c, const struct serve_report *r,
    serve_stored *fn, void *arg)
{
	struct media_server *m = self;

	reports_store(m->reports, c, r, fn, arg);
}

static void
hook_cancel(void *self, void *arg)
{
	struct media_server *m = self;

	if (!reports_cancel(m->reports, arg))
		media_cancel(m->media, arg);
}

static void
hook_closed(void *self, struct live_claim *c)
{
	struct media_server *m = self;

	media_closed(m->media, c);
}

static void
on_medium(void *arg, const char *host)
{
	struct media_server *m = arg;

	if (m->face.wake != NULL)
		m->face.wake(m->face.wake_arg, host);
}

/* It goes into the media of all hosts as it is. */
static bool
take_report_ca(struct media_server *m, const char *path, struct err *e)
{
	struct buf b;
	bool ok;

	if (str_empty(path))
		return true;
	buf_init(&b, REPORT_CA_MAX);
	ok = m->env->files->read(m->env->files->self, path, &b, e);
	if (ok && (strlen(buf_str(&b)) != b.n || !report_ca_ok(buf_str(&b))))
		ok = err_set(e, ERR_SPEC, 0,
		    "%s: not a file of PEM certificates alone", path);
	if (ok)
		m->report_ca = xstrdup(buf_str(&b));
	buf_free(&b);
	return ok || err_wrap(e, "--report-ca");
}

static bool
open_server(struct media_server *m, struct kube_client *k,
    const struct media_server_opts *o, struct err *e)
{
	struct bases_opts bo = { .origins = o->origins,
		.folders = o->folders,
		.trust = m->trust,
		.cache = o->cache };
	struct media_opts mo = { .live = &m->live,
		.report_url = m->report_url,
		.report_ca = m->report_ca,
		.changed = on_medium,
		.arg = m };
	struct serve_hooks h = { .open = hook_open,
		.give_back = hook_give_back,
		.report = hook_report,
		.cancel = hook_cancel,
		.closed = hook_closed,
		.self = m };

	if (!folder_check(o->folders, e))
		return err_wrap(e, "--image-dir");
	m->bases = bases_new(m->env, &bo);
	mo.bases = m->bases;
	m->media = media_new(k, &mo);
	m->serve = serve_new(m->env, &o->serve, &m->live, &h, e);
	return m->serve != NULL || err_wrap(e, "--media-listen");
}

struct media_server *
media_server_new(
    struct kube_client *k, const struct media_server_opts *o, struct err *e)
{
	struct media_server *m = xcalloc(1, sizeof(*m));
	struct tenants_opts t = { .ns = o->ns,
		.watch_filter = o->watch_filter,
		.stale = on_stale,
		.arg = m };
	struct claims_key_opts key = {
		.ns = o->key_ns, .leading = leads, .got = got_key, .arg = m
	};

	m->env = kube_client_env(k);
	m->leading = o->leading;
	m->leading_arg = o->arg;
	live_init(&m->live, m->env);
	m->face = (struct boot_media){
		.self = m, .look = face_look, .url = face_url, .seen = face_seen
	};
	if (!take_urls(m, o, e) || !take_ca(m, o->image_ca, e) ||
	    !take_report_ca(m, o->report_ca, e) || !open_server(m, k, o, e)) {
		media_server_free(m);
		return NULL;
	}
	m->tenants = tenants_new(k, &t, &m->live);
	m->reports = reports_new(k, m->tenants);
	m->key = claims_key_new(k, &key);
	LOGI(m->env->log, "serves media", F_STR("listen", o->serve.listen),
	    F_STR("url", m->media_url), F_STR("reports", m->report_url));
	return m;
}

void
media_server_free(struct media_server *m)
{
	if (m == NULL)
		return;
	claims_key_free(m->key);
	serve_free(m->serve);
	reports_free(m->reports);
	tenants_free(m->tenants);
	media_free(m->media);
	bases_free(m->bases);
	live_fini(&m->live);
	tls_trust_free(m->trust);
	secret_wipe(&m->keys, sizeof(m->keys));
	xfree(m->media_url);
	xfree(m->report_url);
	xfree(m->report_ca);
	xfree(m);
}

unsigned
media_server_port(const struct media_server *m)
{
	return serve_port(m->serve);
}

char *
media_server_url(const struct media_server *m, const char *host_key,
    const char *claim, int attempt, enum token_purpose purpose)
{
	const char *token =
	    live_token(&m->live, host_key, claim, attempt, purpose);
	const char *base =
	    purpose == TOKEN_REPORT ? m->report_url : m->media_url;
	char url[URL_MAX + 64];

	return token != NULL &&
		       token_url(url, sizeof(url), base, purpose, token)
		   ? xstrdup(url)
		   : NULL;
}

const struct seen *
media_server_seen(const struct media_server *m, const char *host_key,
    enum token_purpose which)
{
	const struct live_claim *c = live_get(&m->live, host_key);

	return c == NULL || c->seen[which].size == 0 ? NULL : &c->seen[which];
}
