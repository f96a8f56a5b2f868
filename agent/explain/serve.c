/* See serve.h. */
#include "agent/explain/serve.h"

#include <string.h>

#include "common/http.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"

#define EXPLAIN_PATH "/v1/hosts/"

struct explain_server {
	struct http_server *http; /* owned */
	explain_fn *fn;
	void *arg;
};

static void
serve_tree(struct http_exchange *x, int status, const cJSON *tree)
{
	static const struct http_header h[] = {
		{ "Content-Type", "application/json" },
		{ "Cache-Control", "no-store" },
	};
	char *text = json_print(tree);

	http_reply(x, status, h, 2, (struct http_bytes){ text, strlen(text) });
	xfree(text);
}

static void
serve_error(struct http_exchange *x, int status, const char *why)
{
	cJSON *o = cJSON_CreateObject();

	json_set_str(o, "error", why);
	serve_tree(x, status, o);
	cJSON_Delete(o);
}

/* "name" or "namespace/name", and nothing else that could be a key. */
static bool
serve_name(const char *name)
{
	const char *slash = strchr(name, '/');
	char ns[64];

	if (slash == NULL)
		return str_is_dns_subdomain(name);
	return (size_t)(slash - name) < sizeof(ns) &&
	       str_format(ns, sizeof(ns), "%.*s", (int)(slash - name), name) &&
	       str_is_dns_label(ns) && str_is_dns_subdomain(slash + 1);
}

static void
serve(void *arg, struct http_exchange *x)
{
	struct explain_server *s = arg;
	const char *target = http_exchange_target(x);
	struct err e = { .kind = ERR_NONE };
	cJSON *tree;

	if (!str_eq(http_exchange_method(x), "GET")) {
		serve_error(x, 405, "only GET");
		return;
	}
	if (!str_has_prefix(target, EXPLAIN_PATH) ||
	    !serve_name(target + strlen(EXPLAIN_PATH))) {
		serve_error(x, 400,
		    "the path is " EXPLAIN_PATH
		    "[NAMESPACE/]NAME, and NAME that of a "
		    "PhysicalHost");
		return;
	}
	tree = s->fn(s->arg, target + strlen(EXPLAIN_PATH), &e);
	if (tree != NULL)
		serve_tree(x, 200, tree);
	else
		serve_error(x,
		    e.kind == ERR_NOTFOUND ? 404
		    : e.kind == ERR_SPEC   ? 409
					   : 503,
		    e.msg);
	cJSON_Delete(tree);
}

struct explain_server *
explain_server_new(const struct env *env, const char *path, explain_fn *fn,
    void *arg, struct err *e)
{
	struct explain_server *s = xcalloc(1, sizeof(*s));
	struct http_listen_opts o = {
		.addr = path, .max_conns = 8, .handle = serve, .arg = s
	};

	s->fn = fn;
	s->arg = arg;
	if (path[0] != '/')
		(void)err_set(e, ERR_SPEC, 0,
		    "\"%s\" is no absolute path of a socket", path);
	else
		s->http = http_listen(env->net, &o, e);
	if (s->http != NULL)
		return s;
	xfree(s);
	return NULL;
}

void
explain_server_free(struct explain_server *s)
{
	if (s == NULL)
		return;
	http_server_free(s->http);
	xfree(s);
}
