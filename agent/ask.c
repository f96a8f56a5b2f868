/* See ask.h. */
#include "agent/ask.h"

#include <string.h>
#include <sys/queue.h>

#include "agent/control/internal.h"
#include "agent/kube/review.h"
#include "agent/serve/certs.h"
#include "common/http.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "common/url.h"

#define ASK_PATH "/explain/"
#define ASK_CONNS 32

struct ask {
	const struct env *env;
	struct kube_reviews *reviews; /* owned */
	struct ask_hooks hooks;
	struct certs certs;         /* of the server */
	struct http_server *server; /* owned; NULL = none */
	LIST_HEAD(, ask_waiter) waiting;
};

/* Whose token is being reviewed. */
struct ask_waiter {
	struct ask *a;
	LIST_ENTRY(ask_waiter) entry;
	struct http_exchange *x;
	struct kube_review *review;
	char *name; /* owned; "ns/host" */
};

/* ---- what is said -------------------------------------------------------------- */

static void
ask_reply(struct http_exchange *x, int status, const cJSON *tree)
{
	struct http_header h[3] = {
		{ "Content-Type", "application/json" },
		{ "Cache-Control", "no-store" },
	};
	char *text = json_print(tree);
	size_t n = 2;

	if (status == 401)
		h[n++] = (struct http_header){ "WWW-Authenticate", "Bearer" };
	if (status == 429)
		h[n++] = (struct http_header){ "Retry-After", "1" };
	http_reply(x, status, h, n, (struct http_bytes){ text, strlen(text) });
	xfree(text);
}

static void
ask_refuse(struct http_exchange *x, int status, const char *why)
{
	cJSON *o = cJSON_CreateObject();

	json_set_str(o, "error", why);
	ask_reply(x, status, o);
	cJSON_Delete(o);
}

static void
ask_explain(struct ask *a, struct http_exchange *x, const char *name)
{
	struct err e = { .kind = ERR_NONE };
	cJSON *tree = a->hooks.explain(a->hooks.arg, name, &e);

	if (tree != NULL)
		ask_reply(x, 200, tree);
	else
		ask_refuse(x, e.kind == ERR_NOTFOUND ? 404 : 503, e.msg);
	cJSON_Delete(tree);
}

/* ---- who asks -------------------------------------------------------------------- */

static void
waiter_free(struct ask_waiter *w)
{
	kube_review_cancel(w->review);
	LIST_REMOVE(w, entry);
	xfree(w->name);
	xfree(w);
}

static void
waiter_gone(void *arg)
{
	waiter_free(arg);
}

static void
waiter_reviewed(void *arg, enum review_verdict v, const char *why)
{
	static const int status[] = {
		[REVIEW_ADMITTED] = 200,
		[REVIEW_STRANGER] = 401,
		[REVIEW_FORBIDDEN] = 403,
		[REVIEW_BUSY] = 429,
		[REVIEW_FAILED] = 503,
	};
	struct ask_waiter *w = arg;

	w->review = NULL;
	http_exchange_on_gone(w->x, NULL, NULL);
	if (v == REVIEW_ADMITTED)
		ask_explain(w->a, w->x, w->name);
	else
		ask_refuse(w->x, status[v],
		    v == REVIEW_FORBIDDEN
			? "this takes the right to get physicalhosts in that "
			  "namespace"
			: why);
	waiter_free(w);
}

/* "NAMESPACE/HOST", both as Kubernetes has them. */
static bool
ask_name(const char *target, char ns[64], const char **name)
{
	const char *slash = strchr(target, '/');

	if (slash == NULL ||
	    !str_format(ns, 64, "%.*s",
		(int)(slash - target < 64 ? slash - target : 64), target))
		return false;
	*name = slash + 1;
	return str_is_dns_label(ns) && str_is_dns_subdomain(*name);
}

static const char *
ask_token(const struct http_exchange *x)
{
	const char *h = http_exchange_header(x, "Authorization");

	if (h == NULL || strlen(h) <= 7 ||
	    !(str_has_prefix(h, "Bearer ") || str_has_prefix(h, "bearer ")))
		return NULL;
	h += 7;
	return h + strspn(h, " ");
}

static void
ask_serve(struct ask *a, struct http_exchange *x)
{
	const char *target = http_exchange_target(x), *name = NULL;
	const char *token = ask_token(x);
	struct kube_review *review;
	struct ask_waiter *w;
	struct review_ask ask = { .verb = "get", .res = &RES_HOSTS };
	char ns[64];

	if (!str_eq(http_exchange_method(x), "GET")) {
		ask_refuse(x, 405, "only GET");
		return;
	}
	if (!str_has_prefix(target, ASK_PATH) ||
	    !ask_name(target + strlen(ASK_PATH), ns, &name)) {
		ask_refuse(x, 404, "the path is " ASK_PATH "NAMESPACE/HOST");
		return;
	}
	if (token == NULL) {
		ask_refuse(x, 401, "this takes Authorization: Bearer TOKEN");
		return;
	}
	if (!a->hooks.leads(a->hooks.arg)) {
		ask_refuse(x, 503,
		    "this agent stands by and drives no host; ask the one "
		    "that holds the Lease");
		return;
	}
	w = xcalloc(1, sizeof(*w));
	w->a = a;
	w->x = x;
	w->name = xstrdup(target + strlen(ASK_PATH));
	LIST_INSERT_HEAD(&a->waiting, w, entry);
	http_exchange_on_gone(x, waiter_gone, w);
	ask.token = token;
	ask.ns = ns;
	ask.name = name;
	review = kube_review_start(a->reviews, &ask, waiter_reviewed, w);
	if (review != NULL) /* else w is gone */
		w->review = review;
}

static bool
ask_loopback(const struct http_addr *a)
{
	static const uint8_t v4[12] = { [10] = 0xff, [11] = 0xff };
	static const uint8_t v6[16] = { [15] = 1 };

	return memcmp(a->ip, v6, 16) == 0 ||
	       (memcmp(a->ip, v4, 12) == 0 && a->ip[12] == 127);
}

void
ask_serve_plain(struct ask *a, struct http_exchange *x)
{
	if (ask_loopback(http_exchange_remote(x)))
		ask_serve(a, x);
	else
		ask_refuse(x, 403,
		    "no token over plain HTTP: use --explain-address, which "
		    "speaks HTTPS, or kubectl port-forward");
}

/* ---- the HTTPS server ---------------------------------------------------------- */

static void
ask_handle(void *arg, struct http_exchange *x)
{
	ask_serve(arg, x);
}

static struct tls_identity *
ask_identity(void *arg, const struct http_addr *local)
{
	struct ask *a = arg;

	(void)local;
	return certs_now(&a->certs);
}

/* "host:port", "[v6]:port", ":port". */
static bool
ask_address(const char *text, char host[64], unsigned *port, struct err *e)
{
	struct url u;
	char *url =
	    xasprintf("https://%s%s/", text[0] == ':' ? "0.0.0.0" : "", text);
	bool ok = url_parse(&u, url, e);

	if (ok)
		ok = str_copy(host, 64, u.host);
	if (ok)
		*port = u.port;
	xfree(url);
	return ok;
}

static bool
ask_listen(struct ask *a, const struct ask_opts *q, struct err *e)
{
	struct http_listen_opts o = { .max_conns = ASK_CONNS,
		.identity = ask_identity,
		.handle = ask_handle,
		.min_version = TLS_1_2,
		.arg = a };
	char host[64];

	if (str_empty(q->cert) || str_empty(q->key))
		return err_set(e, ERR_SPEC, 0,
		    "--explain-address needs --explain-cert and "
		    "--explain-key");
	if (!certs_init(&a->certs, a->env, q->cert, q->key, e))
		return false;
	if (!ask_address(q->address, host, &o.port, e))
		return err_wrap(e, "--explain-address");
	o.addr = host;
	a->server = http_listen(a->env->net, &o, e);
	return a->server != NULL || err_wrap(e, "--explain-address");
}

struct ask *
ask_new(const struct env *env, const struct ask_opts *o, struct err *e)
{
	struct ask *a = xcalloc(1, sizeof(*a));

	a->env = env;
	a->hooks = o->hooks;
	a->reviews = kube_reviews_new(o->kube);
	if (str_empty(o->address) || ask_listen(a, o, e))
		return a;
	ask_free(a);
	return NULL;
}

void
ask_free(struct ask *a)
{
	if (a == NULL)
		return;
	while (!LIST_EMPTY(&a->waiting)) {
		struct ask_waiter *w = LIST_FIRST(&a->waiting);

		http_exchange_on_gone(w->x, NULL, NULL);
		waiter_free(w);
	}
	http_server_free(a->server);
	kube_reviews_free(a->reviews);
	certs_fini(&a->certs);
	xfree(a);
}

unsigned
ask_port(const struct ask *a)
{
	return a->server == NULL ? 0 : http_server_port(a->server);
}
