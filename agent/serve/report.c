/* POST /r/TOKEN: what a machine says once it is up. */
#include <string.h>

#include "agent/serve/serve_impl.h"
#include "common/buf.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "common/url.h"

#define REPORTS_AT_ONCE 4 /* of one token */

struct arrival {
	LIST_ENTRY(arrival) in_serve;
	struct serve *s;
	struct http_exchange *x;
	struct live_claim *claim; /* counted */
	struct buf body;
	bool storing;
};

/* ---- reading ------------------------------------------------------------ */

/* One line of printable bytes; what is none becomes a blank. */
static void
copy_line(char *out, size_t cap, const char *s)
{
	(void)str_copy(out, cap, s == NULL ? "" : s); /* cut is fine */
	for (char *c = out; *c != '\0'; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = ' ';
}

/* phone_home and `curl -d`; words in either. */
static bool
says_failed(const char *s)
{
	return str_ieq(s, "failed") || str_ieq(s, "failure") ||
	       str_ieq(s, "error") || str_ieq(s, "false");
}

static bool
says_done(const char *s)
{
	return str_empty(s) || str_ieq(s, "succeeded") ||
	       str_ieq(s, "success") || str_ieq(s, "ok") ||
	       str_ieq(s, "done") || str_ieq(s, "true");
}

static bool
take(struct serve_report *r, const char *status, const char *host,
    const char *message, struct err *e)
{
	r->failed = says_failed(status);
	if (!r->failed && !says_done(status))
		return err_set(
		    e, ERR_PROTO, 0, "status is neither succeeded nor failed");
	if (str_is_dns_subdomain(host == NULL ? "" : host))
		(void)str_copy(r->hostname, sizeof(r->hostname), host);
	if (r->failed)
		copy_line(r->message, sizeof(r->message), message);
	return true;
}

/* false: it is there and no text. */
static bool
text_of(const cJSON *o, const char *name, const char **out)
{
	*out = NULL;
	return json_get_str(o, name, out) != JSON_WRONG;
}

static bool
parse_json(struct serve_report *r, const char *p, size_t n, struct err *e)
{
	cJSON *o = json_parse(p, n, e);
	const char *status = NULL, *host = NULL, *message = NULL;
	bool ok;

	if (o == NULL)
		return false;
	ok = (text_of(o, "status", &status) && text_of(o, "hostname", &host) &&
		 text_of(o, "message", &message)) ||
	     err_set(e, ERR_PROTO, 0,
		 "status, hostname and message of a report are texts");
	ok = ok && take(r, status, host, message, e);
	cJSON_Delete(o);
	return ok;
}

/* A form is what stands behind the '?' of a target. */
static bool
parse_form(struct serve_report *r, const char *p, size_t n, struct err *e)
{
	char *text = xasprintf("/?%.*s", (int)n, p);
	char *status = url_query(text, "status");
	char *host = url_query(text, "hostname");
	char *message = url_query(text, "message");
	bool ok = strlen(text) == n + 2 ||
		  err_set(e, ERR_PROTO, 0, "a form with a NUL in it");

	ok = ok && take(r, status, host, message, e);
	xfree(text);
	xfree(status);
	xfree(host);
	xfree(message);
	return ok;
}

bool
serve_report_parse(
    struct serve_report *r, const char *p, size_t n, struct err *e)
{
	size_t at = 0;

	*r = (struct serve_report){ .failed = false };
	if (n > SERVE_REPORT_MAX)
		return err_set(e, ERR_TOO_BIG, 0, "a report of %zu bytes", n);
	while (at < n && strchr(" \t\r\n", p[at]) != NULL && p[at] != '\0')
		at++;
	if (at == n)
		return true; /* it is up, and says no more */
	return p[at] == '{' ? parse_json(r, p, n, e) : parse_form(r, p, n, e);
}

/* ---- taking ------------------------------------------------------------- */

static void
arrival_free(struct arrival *a)
{
	struct serve *s = a->s;

	if (a->storing)
		s->hooks.cancel(s->hooks.self, a);
	LIST_REMOVE(a, in_serve);
	a->claim->reports--;
	live_unref(a->claim);
	buf_free(&a->body);
	xfree(a);
}

static void
gone(void *arg)
{
	arrival_free(arg);
}

static void
answer(struct arrival *a, int status, int retry_after_s)
{
	struct http_exchange *x = a->x;
	struct serve *s = a->s;

	http_exchange_on_gone(x, NULL, NULL);
	arrival_free(a);
	serve_say(
	    s, x, status == 404 ? "none" : "report", status, retry_after_s);
}

static void
stored(void *arg, const struct err *e)
{
	struct arrival *a = arg;

	a->storing = false;
	if (e == NULL) {
		answer(a, 204, 0);
		return;
	}
	LOGW(a->s->env->log, "a report could not be stored",
	    F_STR("host", a->claim->key), F_ERR(e));
	answer(a, e->kind == ERR_NOTFOUND ? 404 : 503,
	    e->kind == ERR_NOTFOUND ? 0 : 10);
}

static void
complete(struct arrival *a)
{
	struct serve *s = a->s;
	struct serve_report r;
	struct err e;

	if (!live_open(a->claim, TOKEN_REPORT)) {
		answer(a, 404, 0);
	} else if (!serve_report_parse(&r, buf_str(&a->body), a->body.n, &e)) {
		LOGI(s->env->log, "a report is not understood",
		    F_STR("host", a->claim->key), F_ERR(&e));
		answer(a, 400, 0);
	} else if (s->hooks.report == NULL) {
		answer(a, 503, 60);
	} else {
		a->storing = true;
		s->hooks.report(s->hooks.self, a->claim, &r, stored, a);
	}
}

static enum http_flow
take_body(void *arg, struct http_bytes b)
{
	struct arrival *a = arg;

	if (b.n == 0) {
		complete(a);
		return HTTP_END;
	}
	if (buf_add(&a->body, b.p, b.n))
		return HTTP_MORE;
	answer(a, 413, 0);
	return HTTP_END;
}

void
report_start(struct serve *s, struct http_exchange *x, struct live_claim *c)
{
	const char *length = http_exchange_header(x, "Content-Length");
	struct http_sink sink = { take_body, NULL };
	struct arrival *a;
	uint64_t n;

	if (c->reports >= REPORTS_AT_ONCE) {
		serve_say(s, x, "report", 429, 1);
		return;
	}
	if (length != NULL && str_to_u64(length, &n) && n > SERVE_REPORT_MAX) {
		serve_say(s, x, "report", 413, 0);
		return;
	}
	a = xcalloc(1, sizeof(*a));
	a->s = s;
	a->x = x;
	a->claim = live_ref(c);
	c->reports++;
	buf_init(&a->body, SERVE_REPORT_MAX);
	LIST_INSERT_HEAD(&s->arrivals, a, in_serve);
	http_exchange_on_gone(x, gone, a);
	sink.arg = a;
	http_exchange_sink(x, &sink);
}

void
report_closed(struct serve *s, struct live_claim *c)
{
	struct arrival *a, *next;

	if (live_open(c, TOKEN_REPORT))
		return;
	for (a = LIST_FIRST(&s->arrivals); a != NULL; a = next) {
		next = LIST_NEXT(a, in_serve);
		/* One whose body still comes is refused at its end. */
		if (a->claim == c && a->storing)
			answer(a, 404, 0);
	}
}

void
report_free_all(struct serve *s)
{
	while (!LIST_EMPTY(&s->arrivals))
		arrival_free(LIST_FIRST(&s->arrivals));
}
