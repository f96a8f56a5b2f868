/* The control API: what a scenario orders of workload clusters. README.md. */
#include <string.h>

#include "common/http.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "sim/kube/server.h"
#include "sim/workload/internal.h"

struct control_call {
	struct wlsim *s;
	const char *method;
	const cJSON *body;
	int status;
};

static cJSON *
control_error(struct control_call *c, int status, const char *text)
{
	cJSON *j = cJSON_CreateObject();

	json_set_str(j, "error", text);
	c->status = status;
	return j;
}

static cJSON *
control_list(const struct wlsim *s)
{
	cJSON *j = cJSON_CreateObject(), *list = cJSON_CreateArray();

	for (size_t i = 0; i < s->clusters.n; i++)
		cJSON_AddItemToArray(
		    list, wlsim_cluster_json(s->clusters.v[i].value));
	json_set(j, "clusters", list);
	return j;
}

/* Any request but a watch, to its API server, as an administrator there: away
 * or not. */
static cJSON *
control_api(
    struct control_call *c, const struct wlsim_cluster *w, const char *path)
{
	bool patch = str_eq(c->method, "PATCH");
	char *text = c->body == NULL ? NULL : json_print(c->body);
	cJSON *r = kube_server_do(w->kube, c->method, path,
	    patch ? "application/merge-patch+json" : NULL, text, &c->status);

	xfree(text);
	return r;
}

/* what: what follows "/clusters/NS/NAME" in the path. */
static cJSON *
control_cluster(
    struct control_call *c, struct wlsim_cluster *w, const char *what)
{
	int64_t seconds = json_i64(c->body, "seconds", 0);

	if (str_has_prefix(what, "/api/") || str_has_prefix(what, "/apis/"))
		return control_api(c, w, what);
	if (*what != '\0' && !str_eq(c->method, "POST"))
		return control_error(c, 405, "POST it");
	if (str_eq(what, "/away"))
		wlsim_cluster_away(w, true, seconds * LOOP_S);
	else if (str_eq(what, "/back"))
		wlsim_cluster_away(w, false, 0);
	else if (str_eq(what, "/rotate") && !wlsim_cluster_rotate(w))
		return control_error(c, 409, "no tokens are left");
	else if (*what != '\0' && !str_eq(what, "/rotate"))
		return control_error(c, 404, "away, back, rotate or api/...");
	return wlsim_cluster_json(w);
}

static void
control_text(const cJSON *body, const char *key, char **at)
{
	if (json_child(body, key) != NULL)
		xreplace(at, json_str(body, key, NULL)); /* null: as it is */
}

static cJSON *
control_kubelet(struct control_call *c, const char *bmc)
{
	struct wlsim_kubelet *k = wlsim_kubelet_get(c->s, bmc);
	cJSON *j = cJSON_CreateObject();

	control_text(c->body, "providerID", &k->provider_id);
	control_text(c->body, "uuid", &k->say_uuid);
	control_text(c->body, "node", &k->node);
	control_text(c->body, "address", &k->address);
	k->swapped = json_bool(c->body, "swapped", k->swapped);
	k->upper = json_bool(c->body, "upper", k->upper);
	json_set_str(j, "bmc", k->bmc);
	json_set_bool(j, "running", k->read && k->up);
	json_set_str(j, "cluster", k->cluster);
	return j;
}

static cJSON *
control_route(struct control_call *c, const char *path)
{
	const char *rest, *slash;
	struct wlsim_cluster *w;
	char *key;

	if (str_eq(path, "/clusters"))
		return control_list(c->s);
	if (str_has_prefix(path, "/kubelets/") && str_eq(c->method, "POST"))
		return control_kubelet(c, path + strlen("/kubelets/"));
	rest = str_has_prefix(path, "/clusters/") ? path + strlen("/clusters/")
						  : NULL;
	slash = rest == NULL ? NULL : strchr(rest, '/');
	if (slash == NULL)
		return control_error(c, 404, "/clusters or /kubelets/BMC");
	slash += 1 + strcspn(slash + 1, "/");
	key = xstrndup(rest, (size_t)(slash - rest));
	w = map_get(&c->s->clusters, key);
	xfree(key);
	if (w == NULL)
		return control_error(c, 404, "there is no such cluster");
	return control_cluster(c, w, slash);
}

cJSON *
wlsim_control(struct wlsim *s, const char *method, const char *path,
    const cJSON *body, int *status)
{
	struct control_call c = { s, method, body, 200 };
	cJSON *j = control_route(&c, path);

	*status = c.status;
	return j;
}

/* ---- over HTTP --------------------------------------------------------------- */

static void
control_whole(void *arg, struct http_exchange *x, struct http_bytes body)
{
	static const struct http_header h[] = {
		{ "Content-Type", "application/json" },
	};
	cJSON *in = body.n == 0 ? NULL : json_parse(body.p, body.n, NULL), *out;
	struct http_bytes b;
	char *text;
	int status = 400;

	if (body.n > 0 && !cJSON_IsObject(in)) {
		out = cJSON_CreateObject();
		json_set_str(out, "error", "the body must be a JSON object");
	} else {
		out = wlsim_control(arg, http_exchange_method(x),
		    http_exchange_target(x), in, &status);
	}
	text = json_print_pretty(out);
	b = (struct http_bytes){ text, strlen(text) };
	http_reply(x, status, h, 1, b);
	xfree(text);
	cJSON_Delete(in);
	cJSON_Delete(out);
}

static void
control_handle(void *arg, struct http_exchange *x)
{
	http_exchange_collect(x, control_whole, arg);
}

bool
wlsim_control_listen(struct wlsim *s, struct err *e)
{
	struct http_listen_opts o = { .addr = s->o.control_addr,
		.port = s->o.control_port,
		.handle = control_handle,
		.arg = s,
		.limits = { .body_max = 1u << 20 } };

	s->http = http_listen(s->env->net, &o, e);
	return s->http != NULL;
}

unsigned
wlsim_control_port(const struct wlsim *s)
{
	return s->http == NULL ? 0 : http_server_port(s->http);
}
