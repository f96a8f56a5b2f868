#include "sim/kube/list.h"

#include <inttypes.h>
#include <string.h>

#include "common/http.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "sim/kube/conn.h"
#include "sim/kube/output.h"

#define TOKEN_MAX 1024u

struct ks_list {
	struct ks_conn conn;       /* first; in use while it streams */
	char *head, *version_head; /* owned */
	struct ks_object **v;      /* owned refs; not for rendered forms */
	size_t n, skip;            /* bytes of each that a list leaves out */
	/* Where the stream is: piece 0 head, then 3 an object, then the tail. */
	size_t piece, off;
};

/* ---- continue tokens ----------------------------------------------------- */

struct token {
	int64_t rv;
	char key[TOKEN_MAX]; /* the last one that was sent */
};

static char *
token_make(int64_t rv, const struct ks_object *last)
{
	char *key = ks_key(last->ns, last->name);
	char *plain = xasprintf("%" PRId64 " %s", rv, key);
	char *out = b64_encode(plain, strlen(plain));

	xfree(key);
	xfree(plain);
	return out;
}

static bool
token_read(const char *text, struct token *t, struct ks_status *st)
{
	char plain[TOKEN_MAX];
	char *space;
	size_t n;

	if (strlen(text) < TOKEN_MAX &&
	    b64_decode(text, strlen(text), plain, sizeof(plain) - 1, &n)) {
		plain[n] = '\0';
		space = strchr(plain, ' ');
		if (space != NULL) {
			*space = '\0';
			if (str_to_i64(plain, &t->rv) && t->rv != 0 &&
			    t->rv >= -1 &&
			    str_copy(t->key, sizeof(t->key), space + 1))
				return true;
		}
	}
	return ks_bad_request(
	    st, "invalid continue token: continue key is not valid");
}

/* The answer holds a token that goes on where the old one was, in what is there
 * now. */
static bool
token_expired(const struct token *t, struct ks_status *st)
{
	char *plain = xasprintf("-1 %s", t->key);

	(void)ks_expired(st,
	    "The provided continue parameter is too old to display a "
	    "consistent list result. You can start a new list without the "
	    "continue parameter, or use the continue token in this response "
	    "to retrieve the remainder of the results. Continuing with the "
	    "provided token results in an inconsistent list - objects that "
	    "were created, modified, or deleted between the time the first "
	    "chunk was returned and now may show up in the list.");
	st->cont = b64_encode(plain, strlen(plain));
	xfree(plain);
	return false;
}

/* ---- selection ----------------------------------------------------------- */

struct page {
	struct ks_snapshot sn;
	size_t from;
	struct ks_object **v; /* borrowed from sn */
	size_t n;
	int64_t left; /* -1: unknown */
	bool more;
};

static bool
revision_of(const struct kube_server *s, const struct ks_request *rq,
    const struct token *t, int64_t *rv, struct ks_status *st)
{
	*rv = t != NULL ? (t->rv > 0 ? t->rv : 0) : rq->rv_exact ? rq->rv : 0;
	if (rq->rv <= s->store.rv && *rv <= s->store.rv)
		return true;
	(void)ks_status_set(st, 504, "Timeout",
	    "Timeout: Too large resource version: %" PRId64
	    ", current: %" PRId64,
	    rq->rv > *rv ? rq->rv : *rv, s->store.rv);
	ks_status_cause(
	    st, "ResourceVersionTooLarge", "Too large resource version", NULL);
	st->retry_after_s = 1;
	return false;
}

static int
key_cmp(const struct ks_object *o, const char *key)
{
	char *k = ks_key(o->ns, o->name);
	int order = strcmp(k, key);

	xfree(k);
	return order;
}

/* First object after the token's key. */
static size_t
start_after(const struct ks_snapshot *sn, const char *key)
{
	size_t lo = 0, hi = sn->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (key_cmp(sn->v[mid], key) <= 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static void
select_page(const struct ks_request *rq, struct page *p)
{
	size_t limit = rq->limit > 0 ? (size_t)rq->limit : SIZE_MAX, i;
	bool all = rq->labels.n == 0 && rq->fields.n == 0;

	p->v = xcalloc(p->sn.n + 1, sizeof(struct ks_object *));
	for (i = p->from; i < p->sn.n; i++) {
		struct ks_object *o = p->sn.v[i];

		if (!ks_labels_match(&rq->labels, &o->labels) ||
		    !ks_fields_match(&rq->fields, o))
			continue;
		if (p->n == limit) {
			p->more = true;
			break;
		}
		p->v[p->n++] = o;
	}
	p->left = all && p->more ? (int64_t)(p->sn.n - i) : -1;
}

static bool
take_page(struct kube_server *s, const struct ks_request *rq, struct page *p,
    struct ks_status *st)
{
	bool continued = !str_empty(rq->cont);
	struct token t = { 0 };
	int64_t rv;

	*p = (struct page){ .left = -1 };
	if (continued && rq->rv > 0)
		return ks_bad_request(st,
		    "specifying resource version is not allowed when using "
		    "continue");
	if (continued && !token_read(rq->cont, &t, st))
		return false;
	if (!revision_of(s, rq, continued ? &t : NULL, &rv, st))
		return false;
	if (!ks_store_snapshot(&s->store, rq->kind, rq->ns, rv, &p->sn))
		return continued ? token_expired(&t, st)
				 : ks_expired(st,
				       "The resourceVersion for the provided "
				       "list is too old.");
	if (continued)
		p->from = start_after(&p->sn, t.key);
	select_page(rq, p);
	return true;
}

/* ---- the list ------------------------------------------------------------ */

static cJSON *
list_meta(const struct page *p, bool custom)
{
	cJSON *meta = cJSON_CreateObject();
	char rv[24];

	(void)str_format(rv, sizeof(rv), "%" PRId64, p->sn.rv);
	json_set_str(meta, "resourceVersion", rv);
	if (p->more && p->n > 0) {
		char *token = token_make(p->sn.rv, p->v[p->n - 1]);

		json_set_str(meta, "continue", token);
		xfree(token);
	} else if (custom) {
		json_set_str(meta, "continue", "");
	}
	if (p->left > 0)
		json_set_i64(meta, "remainingItemCount", p->left);
	return meta;
}

static void
plain_list(struct ks_list *l, const struct ks_request *rq, const struct page *p)
{
	cJSON *meta = list_meta(p, rq->kind->special == KS_CUSTOM);
	char *text = json_print(meta);

	l->head = xasprintf("{\"kind\":\"%s\",\"apiVersion\":\"%s\","
			    "\"metadata\":%s,\"items\":[",
	    rq->kind->list_kind, rq->version->api_version, text);
	xfree(text);
	cJSON_Delete(meta);
	/* Items of builtin kinds do not repeat what they are. */
	if (rq->kind->special == KS_CUSTOM)
		l->version_head = xstrdup(rq->version->head);
	else
		l->version_head = xstrdup("{");
	if (rq->kind->special != KS_CUSTOM)
		l->skip = strlen(",\"kind\":\"\",") + strlen(rq->kind->kind);
	l->v = xcalloc(p->n + 1, sizeof(struct ks_object *));
	for (size_t i = 0; i < p->n; i++)
		l->v[i] = ks_object_ref(p->v[i]);
	l->n = p->n;
}

static void
rendered_list(struct kube_server *s, struct ks_list *l,
    const struct ks_request *rq, const struct page *p)
{
	struct ks_view view = { rq->version, rq->kind->kind, rq->form,
		rq->include };
	cJSON *j = ks_view_list(&view, rq->kind->list_kind, p->v, p->n,
	    list_meta(p, false), loop_wall_us(s->env.loop));

	l->head = json_print(j);
	cJSON_Delete(j);
}

struct ks_list *
ks_list_new(
    struct kube_server *s, const struct ks_request *rq, struct ks_status *st)
{
	struct ks_view view = { .version = rq->version, .form = rq->form };
	struct ks_list *l = NULL;
	struct page p;

	if (take_page(s, rq, &p, st)) {
		l = xcalloc(1, sizeof(*l));
		if (ks_view_plain(&view))
			plain_list(l, rq, &p);
		else
			rendered_list(s, l, rq, &p);
	}
	xfree(p.v);
	ks_snapshot_free(&p.sn);
	return l;
}

void
ks_list_free(struct ks_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		ks_object_unref(l->v[i]);
	xfree(l->v);
	xfree(l->head);
	xfree(l->version_head);
	xfree(l);
}

/* Pieces: 0 the head; 1 + 3i the comma, 2 + 3i the version, 3 + 3i the rest of
 * object i; then the tail. */
static size_t
n_pieces(const struct ks_list *l)
{
	return l->version_head == NULL ? 1 : 2 + 3 * l->n;
}

static struct http_bytes
piece(const struct ks_list *l, size_t i)
{
	const struct ks_object *o;
	const char *s;

	if (i == 0)
		return (struct http_bytes){ l->head, strlen(l->head) };
	if (i == n_pieces(l) - 1)
		return (struct http_bytes){ "]}\n", 3 };
	o = l->v[(i - 1) / 3];
	if ((i - 1) % 3 == 2)
		return (struct http_bytes){ o->text + o->head + l->skip,
			o->n - o->head - l->skip };
	s = (i - 1) % 3 == 1 ? l->version_head : i == 1 ? "" : ",";
	return (struct http_bytes){ s, strlen(s) };
}

static size_t
fill(struct ks_list *l, char *out, size_t cap)
{
	size_t n = 0;

	while (n < cap && l->piece < n_pieces(l)) {
		struct http_bytes p = piece(l, l->piece);
		size_t take = p.n - l->off < cap - n ? p.n - l->off : cap - n;

		memcpy(out + n, (const char *)p.p + l->off, take);
		n += take;
		l->off += take;
		if (l->off == p.n) {
			l->piece++;
			l->off = 0;
		}
	}
	return n;
}

static size_t
length(const struct ks_list *l)
{
	size_t total = 0;

	for (size_t i = 0; i < n_pieces(l); i++)
		total += piece(l, i).n;
	return total;
}

char *
ks_list_text(struct ks_list *l)
{
	size_t n = length(l);
	char *out = xmalloc(n + 1);

	(void)fill(l, out, n);
	out[n] = '\0';
	ks_list_free(l);
	return out;
}

static void
conn_free(struct ks_conn *c)
{
	struct ks_list *l = (struct ks_list *)c;

	ks_conn_remove(c);
	ks_list_free(l);
}

static enum http_flow
pull(void *arg, void *out, size_t cap, size_t *n)
{
	struct ks_list *l = arg;

	*n = fill(l, out, cap);
	if (l->piece < n_pieces(l))
		return HTTP_MORE;
	http_exchange_on_gone(l->conn.x, NULL, NULL);
	conn_free(&l->conn);
	return HTTP_END;
}

void
ks_list_send(struct ks_list *l, struct kube_server *s, struct http_exchange *x)
{
	static const struct http_header json = { "Content-Type",
		"application/json" };
	struct http_source src = { pull, l, (int64_t)length(l) };

	ks_conn_add(&l->conn, s, x, conn_free);
	http_reply_stream(x, 200, &json, 1, &src);
}
