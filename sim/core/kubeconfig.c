/* See kubeconfig.h. */
#include "sim/core/kubeconfig.h"

#include <string.h>

#include "common/buf.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "common/tls.h"
#include "common/yaml.h"

#define CONFIG_MAX (1u << 20)
#define POD_DIR "/var/run/secrets/kubernetes.io/serviceaccount"

static const cJSON *
config_named(
    const cJSON *cfg, const char *list, const char *name, const char *what)
{
	const cJSON *x;

	cJSON_ArrayForEach (x, json_arr(cfg, list))
		if (str_eq(json_str(x, "name", NULL), name))
			return json_obj(x, what);
	return NULL;
}

/* Beside the kubeconfig, as kubectl has it. */
static bool
config_ca_file(struct core_kubeconfig *k, const char *file,
    const struct core_kubeconfig_text *t, struct err *e)
{
	const char *slash = strrchr(t->name, '/');
	char *path;
	struct buf pem;
	bool ok;

	if (t->files == NULL)
		return err_set(e, ERR_SPEC, 0,
		    "certificate-authority names a file, only inline data is "
		    "taken here");
	path =
	    file[0] == '/' || slash == NULL
		? xstrdup(file)
		: xasprintf("%.*s/%s", (int)(slash - t->name), t->name, file);
	buf_init(&pem, CONFIG_MAX);
	ok = t->files->read(t->files->self, path, &pem, e) &&
	     (k->trust = tls_trust_new(buf_str(&pem), pem.n, e)) != NULL;
	if (!ok)
		(void)err_wrap(e, "certificate-authority %.100s", path);
	buf_free(&pem);
	xfree(path);
	return ok;
}

/* The data wins over the file, as with kubectl. */
static bool
config_ca(struct core_kubeconfig *k, const cJSON *cluster,
    const struct core_kubeconfig_text *t, struct err *e)
{
	const char *b64 = json_str(cluster, "certificate-authority-data", "");
	const char *file = json_str(cluster, "certificate-authority", "");
	char *pem;
	size_t n = 0;
	bool ok = true;

	k->insecure = json_bool(cluster, "insecure-skip-tls-verify", false);
	if (*b64 == '\0')
		return *file == '\0' || config_ca_file(k, file, t, e);
	pem = xcalloc(1, strlen(b64) + 1);
	if (!b64_decode(b64, strlen(b64), pem, strlen(b64), &n))
		ok = err_set(
		    e, ERR_SPEC, 0, "certificate-authority-data is not base64");
	else
		ok = (k->trust = tls_trust_new(pem, n, e)) != NULL;
	xfree(pem);
	return ok;
}

static bool
config_take(struct core_kubeconfig *k, const cJSON *cfg,
    const struct core_kubeconfig_text *t, struct err *e)
{
	const cJSON *ctx = config_named(
	    cfg, "contexts", json_str(cfg, "current-context", ""), "context");
	const cJSON *cluster = config_named(
	    cfg, "clusters", json_str(ctx, "cluster", ""), "cluster");
	const cJSON *user =
	    config_named(cfg, "users", json_str(ctx, "user", ""), "user");

	k->server = xstrdup(json_str(cluster, "server", NULL));
	k->token = xstrdup(json_str(user, "token", NULL));
	if (k->server == NULL)
		return err_set(
		    e, ERR_SPEC, 0, "no server in the current context");
	if (k->token == NULL)
		return err_set(e, ERR_SPEC, 0,
		    "user \"%.60s\" has no token; the core stand-in takes "
		    "no other kind of user",
		    json_str(ctx, "user", ""));
	return config_ca(k, cluster, t, e);
}

bool
core_kubeconfig_parse(struct core_kubeconfig *k,
    const struct core_kubeconfig_text *t, struct err *e)
{
	cJSON *cfg = yaml_parse(t->text, t->n, t->name, e);
	bool ok = cfg != NULL && config_take(k, cfg, t, e);

	cJSON_Delete(cfg);
	if (!ok)
		core_kubeconfig_free(k);
	return ok;
}

bool
core_kubeconfig_load(struct core_kubeconfig *k, const char *path,
    struct files *files, struct err *e)
{
	struct core_kubeconfig_text t = { .name = path, .files = files };
	struct buf text;
	bool ok;

	buf_init(&text, CONFIG_MAX);
	ok = files->read(files->self, path, &text, e);
	if (ok) {
		t.text = buf_str(&text);
		t.n = text.n;
		ok = core_kubeconfig_parse(k, &t, e);
	}
	secret_wipe(text.p, text.n);
	buf_free(&text);
	return ok || err_wrap(e, "%s", path);
}

bool
core_kubeconfig_in_cluster(struct core_kubeconfig *k, const char *host,
    const char *port, struct files *files, struct err *e)
{
	bool v6 = host != NULL && strchr(host, ':') != NULL;
	struct buf token, pem;
	bool ok;

	if (str_empty(host) || str_empty(port))
		return err_set(e, ERR_SPEC, 0,
		    "not in a pod: --kubeconfig FILE is needed");
	buf_init(&token, CONFIG_MAX);
	buf_init(&pem, CONFIG_MAX);
	k->server = xasprintf(
	    "https://%s%s%s:%s", v6 ? "[" : "", host, v6 ? "]" : "", port);
	ok = files->read(files->self, POD_DIR "/token", &token, e) &&
	     files->read(files->self, POD_DIR "/ca.crt", &pem, e) &&
	     (k->trust = tls_trust_new(buf_str(&pem), pem.n, e)) != NULL;
	if (ok)
		k->token = xstrdup(buf_str(&token));
	secret_wipe(token.p, token.n);
	buf_free(&token);
	buf_free(&pem);
	if (!ok)
		core_kubeconfig_free(k);
	return ok || err_wrap(e, "in a pod");
}

void
core_kubeconfig_free(struct core_kubeconfig *k)
{
	tls_trust_free(k->trust);
	xfree(k->server);
	if (k->token != NULL)
		secret_wipe(k->token, strlen(k->token));
	xfree(k->token);
	memset(k, 0, sizeof(*k));
}
