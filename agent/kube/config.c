/* Kubeconfig files and the pod's own credentials. */
#include "agent/kube/config.h"

#include <string.h>

#include "common/buf.h"
#include "common/json.h"
#include "common/str.h"
#include "common/url.h"
#include "common/yaml.h"

struct loader {
	struct kube_config *c;
	const char *source;
	bool inline_only;
	struct err *e;
};

static bool
spec(const struct loader *l, const char *what, const char *name,
    const char *wrong)
{
	return err_set(l->e, ERR_SPEC, 0, "%s \"%.60s\" in %.100s: %s", what,
	    name, l->source, wrong);
}

/* The object under list[name==name].<part>; NULL with an error. */
static const cJSON *
named(const struct loader *l, const cJSON *root, const char *list,
    const char *part, const char *name)
{
	const cJSON *it;

	cJSON_ArrayForEach (it, json_arr(root, list)) {
		const cJSON *o = json_obj(it, part);

		if (str_eq(json_str(it, "name", NULL), name)) {
			if (o == NULL)
				(void)spec(l, part, name, "it has no content");
			return o;
		}
	}
	(void)spec(l, part, name, "there is no such entry");
	return NULL;
}

/* A string or nothing; another type is an error. */
static bool
text(const struct loader *l, const cJSON *o, const char *what, const char *name,
    const char *key, const char **out)
{
	char m[128];

	*out = NULL;
	if (json_get_str(o, key, out) != JSON_WRONG) {
		if (str_empty(*out))
			*out = NULL;
		return true;
	}
	(void)str_format(m, sizeof(m), "%s is no string", key);
	return spec(l, what, name, m);
}

static char *
beside(const char *source, const char *file)
{
	const char *slash = strrchr(source, '/');

	if (file[0] == '/' || slash == NULL)
		return xstrdup(file);
	return xasprintf("%.*s/%s", (int)(slash - source), source, file);
}

struct pair {
	const char *what, *name; /* for messages: user "admin" */
	const char *file_key, *data_key;
	char **file;
	struct secret *data;
};

static bool
pair_data(const struct loader *l, const struct pair *p, const char *b64)
{
	size_t cap = strlen(b64) + 4, n = 0;
	char *bytes = xmalloc(cap);
	bool ok = b64_decode(b64, strlen(b64), bytes, cap, &n) && n > 0;
	char m[128];

	if (ok)
		secret_set(p->data, bytes, n);
	secret_wipe(bytes, cap);
	xfree(bytes);
	if (ok)
		return true;
	(void)str_format(m, sizeof(m), "%s is not base64", p->data_key);
	return spec(l, p->what, p->name, m);
}

/* file and file-data: data wins, as with kubectl. */
static bool
pair_take(const struct loader *l, const cJSON *o, const struct pair *p)
{
	const char *file, *data;
	char m[128];

	if (!text(l, o, p->what, p->name, p->file_key, &file) ||
	    !text(l, o, p->what, p->name, p->data_key, &data))
		return false;
	if (data != NULL)
		return pair_data(l, p, data);
	if (file == NULL)
		return true;
	if (l->inline_only) {
		(void)str_format(m, sizeof(m),
		    "%s names a file, only inline data is allowed here",
		    p->file_key);
		return spec(l, p->what, p->name, m);
	}
	*p->file = beside(l->source, file);
	return true;
}

/* "https://host:port/prefix" into origin and prefix. */
static bool
server_take(const struct loader *l, const char *server)
{
	struct url u;
	char origin[400];
	size_t n;

	if (server == NULL)
		return spec(l, "cluster", l->c->cluster, "it has no server");
	if (!url_parse(&u, server, l->e))
		return err_wrap(l->e, "server of cluster \"%.60s\" in %.100s",
		    l->c->cluster, l->source);
	if (strchr(u.target, '?') != NULL)
		return spec(
		    l, "cluster", l->c->cluster, "the server has a query");
	url_origin(&u, origin, sizeof(origin));
	l->c->server = xstrdup(origin);
	n = strlen(u.target);
	while (n > 0 && u.target[n - 1] == '/')
		n--;
	l->c->path_prefix = xstrndup(u.target, n);
	return true;
}

static bool
cluster_take(const struct loader *l, const cJSON *o)
{
	struct kube_config *c = l->c;
	const struct pair ca = { "cluster", c->cluster, "certificate-authority",
		"certificate-authority-data", &c->ca_file, &c->ca_pem };
	const char *server, *sni, *proxy;

	if (!text(l, o, "cluster", c->cluster, "server", &server) ||
	    !text(l, o, "cluster", c->cluster, "tls-server-name", &sni) ||
	    !text(l, o, "cluster", c->cluster, "proxy-url", &proxy))
		return false;
	if (proxy != NULL)
		return spec(
		    l, "cluster", c->cluster, "proxy-url is not supported");
	if (json_get_bool(o, "insecure-skip-tls-verify", &c->insecure) ==
	    JSON_WRONG)
		return spec(l, "cluster", c->cluster,
		    "insecure-skip-tls-verify is neither true nor false");
	c->tls_server_name = xstrdup(sni);
	if (!server_take(l, server) || !pair_take(l, o, &ca))
		return false;
	if (c->insecure && (c->ca_file != NULL || c->ca_pem.n > 0))
		return spec(l, "cluster", c->cluster,
		    "it has both a CA and insecure-skip-tls-verify");
	return true;
}

/* What would need a program, a password or another identity. */
static bool
user_refused(const struct loader *l, const cJSON *o)
{
	static const struct {
		const char *key, *why;
	} bad[] = {
		{ "exec", "exec plugins are not run; use a token or a client "
			  "certificate" },
		{ "auth-provider", "auth-provider is not supported; use a "
				   "token or a client certificate" },
		{ "username", "username and password are not supported; use a "
			      "token or a client certificate" },
		{ "password", "username and password are not supported; use a "
			      "token or a client certificate" },
		{ "as", "impersonation is not supported" },
		{ "as-uid", "impersonation is not supported" },
		{ "as-groups", "impersonation is not supported" },
		{ "as-user-extra", "impersonation is not supported" },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const cJSON *v = json_child(o, bad[i].key);

		if (v != NULL && !cJSON_IsNull(v))
			return spec(l, "user", l->c->user, bad[i].why);
	}
	return true;
}

static bool
user_token(const struct loader *l, const cJSON *o)
{
	struct kube_config *c = l->c;
	const char *token, *file;

	if (!text(l, o, "user", c->user, "token", &token) ||
	    !text(l, o, "user", c->user, "tokenFile", &file))
		return false;
	/* client-go: a file wins over an inline token. */
	if (file != NULL && !l->inline_only)
		c->token_file = beside(l->source, file);
	else if (file != NULL)
		return spec(l, "user", c->user,
		    "tokenFile names a file, only inline data is allowed here");
	else if (token != NULL)
		secret_set(&c->token, token, strlen(token));
	return true;
}

static bool
user_take(const struct loader *l, const cJSON *o)
{
	struct kube_config *c = l->c;
	const struct pair cert = { "user", c->user, "client-certificate",
		"client-certificate-data", &c->cert_file, &c->cert_pem };
	const struct pair key = { "user", c->user, "client-key",
		"client-key-data", &c->key_file, &c->key_pem };
	bool has_cert, has_key;

	if (!user_refused(l, o) || !user_token(l, o) ||
	    !pair_take(l, o, &cert) || !pair_take(l, o, &key))
		return false;
	has_cert = c->cert_file != NULL || c->cert_pem.n > 0;
	has_key = c->key_file != NULL || c->key_pem.n > 0;
	if (has_cert != has_key)
		return spec(l, "user", c->user,
		    has_cert ? "client-certificate without client-key"
			     : "client-key without client-certificate");
	/* Over plain HTTP (kubectl proxy) nothing is sent anyway. */
	if (!has_cert && c->token_file == NULL && c->token.n == 0 &&
	    str_has_prefix(c->server, "https:"))
		return spec(l, "user", c->user,
		    "it has no token, tokenFile or client certificate");
	return true;
}

static bool
context_take(const struct loader *l, const cJSON *root, const char *context)
{
	struct kube_config *c = l->c;
	const cJSON *o;
	const char *cluster, *user, *ns;

	if (str_empty(context))
		context = json_str(root, "current-context", "");
	if (context[0] == '\0')
		return err_set(l->e, ERR_SPEC, 0,
		    "%.150s has no current-context, and none was named",
		    l->source);
	c->context = xstrdup(context);
	o = named(l, root, "contexts", "context", context);
	if (o == NULL || !text(l, o, "context", context, "cluster", &cluster) ||
	    !text(l, o, "context", context, "user", &user) ||
	    !text(l, o, "context", context, "namespace", &ns))
		return false;
	if (cluster == NULL || user == NULL)
		return spec(l, "context", context,
		    cluster == NULL ? "it names no cluster"
				    : "it names no user");
	c->cluster = xstrdup(cluster);
	c->user = xstrdup(user);
	c->default_ns = xstrdup(ns != NULL ? ns : "default");
	if (!str_is_dns_label(c->default_ns))
		return spec(
		    l, "context", context, "its namespace is no valid name");
	return true;
}

static bool
root_take(const struct loader *l, const cJSON *root, const char *context)
{
	const cJSON *cluster, *user;

	if (!cJSON_IsObject(root))
		return err_set(l->e, ERR_SPEC, 0,
		    "%.150s is no kubeconfig: not an object", l->source);
	if (!str_eq(json_str(root, "kind", "Config"), "Config"))
		return err_set(l->e, ERR_SPEC, 0,
		    "%.150s is no kubeconfig: kind is \"%.60s\"", l->source,
		    json_str(root, "kind", ""));
	if (!context_take(l, root, context))
		return false;
	cluster = named(l, root, "clusters", "cluster", l->c->cluster);
	if (cluster == NULL || !cluster_take(l, cluster))
		return false;
	user = named(l, root, "users", "user", l->c->user);
	return user != NULL && user_take(l, user);
}

/* Keys and tokens stand in the tree too. */
static void
wipe_strings(cJSON *j)
{
	for (; j != NULL; j = j->next) {
		if (cJSON_IsString(j) && j->valuestring != NULL)
			secret_wipe(j->valuestring, strlen(j->valuestring));
		if (j->child != NULL)
			wipe_strings(j->child);
	}
}

bool
kube_config_parse(struct kube_config *c, const struct kube_config_text *t,
    const char *context, struct err *e)
{
	struct err mine;
	struct loader l = { c, t->source, t->inline_only,
		e != NULL ? e : &mine };
	cJSON *root;
	bool ok;

	*c = (struct kube_config){ .source = xstrdup(t->source) };
	if (t->n > KUBE_CONFIG_MAX_BYTES) {
		kube_config_free(c);
		return err_set(e, ERR_SPEC, 0, "%.150s is larger than %u bytes",
		    t->source, KUBE_CONFIG_MAX_BYTES);
	}
	root = yaml_parse(t->text, t->n, t->source, l.e);
	if (root == NULL) {
		kube_config_free(c);
		l.e->kind = ERR_SPEC;
		return false;
	}
	ok = root_take(&l, root, context);
	wipe_strings(root);
	cJSON_Delete(root);
	if (!ok)
		kube_config_free(c);
	return ok;
}

bool
kube_config_load(struct kube_config *c, struct files *files, const char *path,
    const char *context, struct err *e)
{
	struct kube_config_text t;
	struct buf b;
	bool ok;

	*c = (struct kube_config){ .source = NULL };
	buf_init(&b, KUBE_CONFIG_MAX_BYTES);
	if (!files->read(files->self, path, &b, e)) {
		buf_free(&b);
		return err_wrap(e, "kubeconfig %.120s", path);
	}
	t = (struct kube_config_text){ buf_str(&b), b.n, path, false };
	ok = kube_config_parse(c, &t, context, e);
	secret_wipe(b.p, b.cap);
	buf_free(&b);
	return ok;
}

static bool
pod_server(
    struct kube_config *c, const char *host, const char *port, struct err *e)
{
	struct url u;
	char text_url[512], origin[400];
	bool v6 = host != NULL && strchr(host, ':') != NULL;

	if (str_empty(host) || str_empty(port))
		return err_set(e, ERR_SPEC, 0,
		    "not in a pod: KUBERNETES_SERVICE_HOST and "
		    "KUBERNETES_SERVICE_PORT are not set");
	if (!str_format(text_url, sizeof(text_url), "https://%s%s%s:%s",
		v6 ? "[" : "", host, v6 ? "]" : "", port) ||
	    !url_parse(&u, text_url, e) || !str_eq(u.target, "/"))
		return err_set(e, ERR_SPEC, 0,
		    "KUBERNETES_SERVICE_HOST \"%.80s\" and _PORT \"%.20s\" "
		    "make no address",
		    host, port);
	url_origin(&u, origin, sizeof(origin));
	c->server = xstrdup(origin);
	return true;
}

static void
pod_namespace(struct kube_config *c, struct files *files)
{
	struct buf b;
	size_t n;

	buf_init(&b, 256);
	if (files->read(
		files->self, KUBE_SERVICE_ACCOUNT_DIR "/namespace", &b, NULL)) {
		n = b.n;
		while (n > 0 && (b.p[n - 1] == '\n' || b.p[n - 1] == ' '))
			n--;
		xfree(c->default_ns);
		c->default_ns = xstrndup(buf_str(&b), n);
	}
	buf_free(&b);
	if (!str_is_dns_label(c->default_ns))
		xreplace(&c->default_ns, "default");
}

bool
kube_config_in_cluster(struct kube_config *c, struct files *files,
    const char *host, const char *port, struct err *e)
{
	int64_t stamp;

	*c = (struct kube_config){ .source = xstrdup("in-cluster") };
	if (!pod_server(c, host, port, e)) {
		kube_config_free(c);
		return false;
	}
	if (!files->stamp(
		files->self, KUBE_SERVICE_ACCOUNT_DIR "/token", &stamp, e)) {
		kube_config_free(c);
		return err_wrap(e, "in-cluster: the pod has no token");
	}
	c->context = xstrdup("in-cluster");
	c->cluster = xstrdup("in-cluster");
	c->user = xstrdup("in-cluster");
	c->path_prefix = xstrdup("");
	c->default_ns = xstrdup("default");
	c->token_file = xstrdup(KUBE_SERVICE_ACCOUNT_DIR "/token");
	c->ca_file = xstrdup(KUBE_SERVICE_ACCOUNT_DIR "/ca.crt");
	pod_namespace(c, files);
	return true;
}

void
kube_config_free(struct kube_config *c)
{
	xfree(c->source);
	xfree(c->context);
	xfree(c->cluster);
	xfree(c->user);
	xfree(c->server);
	xfree(c->path_prefix);
	xfree(c->tls_server_name);
	xfree(c->default_ns);
	xfree(c->ca_file);
	xfree(c->cert_file);
	xfree(c->key_file);
	xfree(c->token_file);
	secret_free(&c->ca_pem);
	secret_free(&c->cert_pem);
	secret_free(&c->key_pem);
	secret_free(&c->token);
	*c = (struct kube_config){ .source = NULL };
}
