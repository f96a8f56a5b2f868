/* See medium.h. */
#include "sim/bmc/medium.h"

#include <string.h>

#include "common/env.h"
#include "common/http.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/str.h"
#include "common/url.h"

#define TRIES 2
#define LOADER_MAX (1 << 20)

enum phase {
	P_SIZE,
	P_PVD,
	P_CATALOG,
	P_LOADER,
	P_SYSTEM,
	P_DONE
};

struct medium {
	struct medium_opts o; /* url: owned copy in url_text */
	char *url_text;
	struct url url;
	struct http_peer *peer; /* owned */
	enum phase phase;
	unsigned tries;
	int64_t size;     /* -1 = not known yet */
	int64_t at, want; /* the range that is asked for */
	int64_t bytes;    /* read so far */
	struct iso_facts facts;
	struct deferred end;
	char why[192];
};

static void ask(struct medium *m);

static void
medium_free(struct medium *m)
{
	deferred_cancel(&m->end);
	http_peer_free(m->peer);
	tls_trust_free(m->o.trust);
	xfree(m->url_text);
	xfree(m);
}

void
medium_cancel(struct medium *m)
{
	if (m)
		medium_free(m);
}

/* Out of any callback of the peer, so that the peer can be freed. */
static void
finish(void *arg)
{
	struct medium *m = arg;
	struct medium_opts o = m->o;
	struct iso_facts f = m->facts;
	char why[192];
	bool ok = m->phase == P_DONE;

	memcpy(why, m->why, sizeof(why));
	medium_free(m);
	o.done(o.arg, &f, ok ? NULL : why);
}

static void
end(struct medium *m)
{
	loop_defer(m->o.env->loop, &m->end, finish, m);
}

static void
fail(struct medium *m, const char *why)
{
	(void)str_copy(m->why, sizeof(m->why), why); /* for people */
	end(m);
}

static void
tell(struct medium *m, const char *phase)
{
	if (m->o.progress)
		m->o.progress(m->o.arg, phase, m->bytes);
}

/* ---- what comes after a phase ------------------------------------------- */

static void
want(struct medium *m, enum phase phase, int64_t at, int64_t n)
{
	m->phase = phase;
	m->tries = 0;
	m->at = at;
	m->want = n;
	if (m->size >= 0 && at + n > m->size) {
		fail(m, "the image ends before the sector that is needed");
		return;
	}
	ask(m);
}

static void
next_chunk(struct medium *m, int64_t from)
{
	int64_t limit = m->size < m->o.max ? m->size : m->o.max;
	int64_t n = m->o.chunk;

	if (from >= limit) {
		m->phase = P_DONE;
		tell(m, "done");
		end(m);
		return;
	}
	if (n > limit - from)
		n = limit - from;
	want(m, P_SYSTEM, from, n);
}

static void
size_known(struct medium *m)
{
	tell(m, "size");
	if (m->o.depth == MEDIUM_SIZE) {
		m->phase = P_DONE;
		end(m);
		return;
	}
	want(m, P_PVD, ISO_FIRST * ISO_SECTOR, ISO_DESCRIPTORS * ISO_SECTOR);
}

static void
descriptors_read(struct medium *m, const uint8_t *p, size_t n)
{
	char why[96];

	tell(m, "pvd");
	if (m->o.depth == MEDIUM_WHOLE) {
		next_chunk(m, 0);
		return;
	}
	if (m->o.depth == MEDIUM_SECTOR) {
		m->phase = P_DONE;
		end(m);
		return;
	}
	if (!iso_read_descriptors(p, n, &m->facts, why)) {
		fail(m, why);
		return;
	}
	want(m, P_CATALOG, (int64_t)m->facts.catalog_lba * ISO_SECTOR,
	    ISO_SECTOR);
}

static void
catalog_read(struct medium *m, const uint8_t *p, size_t n)
{
	const struct iso_entry *e = m->o.uefi ? &m->facts.uefi : &m->facts.bios;
	char why[96];
	int64_t len;

	tell(m, "catalog");
	if (!iso_read_catalog(p, n, &m->facts, why)) {
		fail(m, why);
		return;
	}
	if (!e->bootable) {
		fail(m, m->o.uefi ? "no UEFI entry in the El Torito catalog"
				  : "no BIOS entry in the El Torito catalog");
		return;
	}
	len = (int64_t)e->sectors * 512;
	if (len < ISO_SECTOR)
		len = ISO_SECTOR;
	if (len > LOADER_MAX)
		len = LOADER_MAX;
	want(m, P_LOADER, (int64_t)e->lba * ISO_SECTOR, len);
}

/* What the image's own system reads is its matter. */
static void
hand_over(struct medium *m)
{
	m->phase = P_DONE;
	end(m);
}

static void
range_read(struct medium *m, const uint8_t *p, size_t n)
{
	m->bytes += (int64_t)n;
	switch (m->phase) {
	case P_PVD:
		descriptors_read(m, p, n);
		break;
	case P_CATALOG:
		catalog_read(m, p, n);
		break;
	case P_LOADER:
		tell(m, "loader");
		if (m->facts.family[0] != '\0')
			hand_over(m);
		else
			next_chunk(m, 0);
		break;
	case P_SYSTEM:
		tell(m, "system");
		next_chunk(m, m->at + m->want);
		break;
	case P_SIZE:
	case P_DONE:
		break;
	}
}

/* ---- one request -------------------------------------------------------- */

static bool
transient(const struct http_result *r)
{
	return r->err == HTTP_E_RESET || r->err == HTTP_E_EOF ||
	       r->status == 500 || r->status == 502 || r->status == 503;
}

static void
range_failed(struct medium *m, const struct http_result *r)
{
	char why[192];

	if (transient(r) && ++m->tries < TRIES) {
		ask(m);
		return;
	}
	if (r->status == 200)
		(void)str_copy(why, sizeof(why),
		    "image server ignores Range: 200 instead of 206");
	else if (r->err != HTTP_OK)
		(void)str_format(why, sizeof(why), "image server: %s (%s)",
		    http_err_name(r->err), r->why);
	else
		(void)str_format(
		    why, sizeof(why), "image server answered %d", r->status);
	fail(m, why);
}

static void
got_size(struct medium *m, const struct http_result *r)
{
	const char *len =
	    http_header_get(r->headers, r->n_headers, "Content-Length");
	int64_t n;

	if (r->err != HTTP_OK || (r->status != 200 && r->status != 206)) {
		range_failed(m, r);
		return;
	}
	if (!len || !str_to_i64(len, &n) || n <= 0) {
		fail(m, "image server tells no Content-Length");
		return;
	}
	m->size = n;
	size_known(m);
}

static void
answered(void *arg, const struct http_result *r)
{
	struct medium *m = arg;

	if (m->phase == P_SIZE) {
		got_size(m, r);
		return;
	}
	if (r->err != HTTP_OK || r->status != 206) {
		range_failed(m, r);
		return;
	}
	if (r->body.n != (size_t)m->want) {
		fail(m, "image server sent a range of another length");
		return;
	}
	range_read(m, r->body.p, r->body.n);
}

static void
ask(struct medium *m)
{
	char range[64];
	const struct http_header h[] = {
		{ "User-Agent", "b7-sim-bmc" },
		{ "Accept", "*/*" },
		{ "Range", range },
	};
	bool head = m->phase == P_SIZE;
	struct http_request rq = {
		.method = head ? "HEAD" : "GET",
		.target = m->url.target,
		.headers = h,
		.n_headers = head ? 2 : 3,
		.limits = { .total_us = m->o.timeout_us,
		    .body_max = (size_t)m->want + 1 },
		.may_resend = true,
		.done = answered,
		.arg = m,
	};

	(void)str_format(range, sizeof(range), "bytes=%lld-%lld",
	    (long long)m->at, (long long)(m->at + m->want - 1));
	(void)http_start(m->peer, &rq);
}

/* What an NFS or SMB server shares, an HTTP server at its address has under
 * the same path. */
char *
medium_over_http(const char *url)
{
	static const char *const shares[] = { "nfs://", "smb://", "cifs://" };

	for (size_t i = 0; i < sizeof(shares) / sizeof(shares[0]); i++)
		if (str_has_iprefix(url, shares[i]))
			return xasprintf("http://%s", url + strlen(shares[i]));
	return xstrdup(url);
}

struct medium *
medium_start(const struct medium_opts *o)
{
	struct medium *m = xcalloc(1, sizeof(*m));
	struct http_peer_opts po = { .max_conns = 1,
		.idle_close_us = 2 * LOOP_S };
	char origin[300];
	struct err e = { 0 };

	m->o = *o;
	m->url_text = medium_over_http(o->url);
	m->o.url = m->url_text;
	m->size = -1;
	if (!url_parse(&m->url, o->url, &e)) {
		fail(m, e.msg);
		return m;
	}
	url_origin(&m->url, origin, sizeof(origin));
	po.base = origin;
	/* firmware mostly does not verify image servers (redfish.md 1.13) */
	po.tls.insecure = !o->verify;
	m->o.trust = po.tls.trust = tls_trust_ref(o->trust);
	m->peer = http_peer_new(o->env->net, &po, &e);
	if (!m->peer) {
		fail(m, e.msg);
		return m;
	}
	ask(m);
	return m;
}
