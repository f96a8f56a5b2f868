/*
 * What becomes of the machine by the files and scripts that it was given: where
 * it reports to, and the kubelet's providerID and name, as kubeadm, k3s, RKE2
 * and kubelets take them.
 */
#include <string.h>

#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "common/yaml.h"
#include "sim/os/jinja.h"
#include "sim/os/os_impl.h"

#define JOIN_FLAG "provider-id"

/* NAME of "${NAME}" in a file of environment variables, without its quotes. */
static bool
join_env(const struct os_seek *k, const char *name, size_t n, char out[320])
{
	for (size_t i = 0; i < k->texts.n; i++) {
		const char *p = k->texts.v[i].p;

		for (; *p != '\0'; p += strcspn(p, "\n"), p += *p == '\n') {
			size_t len;

			if (strncmp(p, name, n) != 0 || p[n] != '=')
				continue;
			p += n + 1;
			p += *p == '"' || *p == '\'';
			len = strcspn(p, "\"'\r\n");
			if (len >= 320)
				return false;
			memcpy(out, p, len);
			out[len] = '\0';
			return true;
		}
	}
	return false;
}

/* What a shell's envsubst makes of the whole value. */
static bool
join_expand(const struct os_seek *k, char text[320])
{
	bool brace = str_has_prefix(text, "${");
	const char *name = text + 1 + brace;
	size_t n = 0;

	while (str_is_alnum(name[n]) || name[n] == '_')
		n++;
	return n > 0 && str_eq(name + n, brace ? "}" : "") &&
	       join_env(k, name, n, text);
}

static void
join_id(struct os_seek *k, const char *id, size_t n)
{
	char text[sizeof(k->f->provider_id)];

	if (n == 0 || n >= sizeof(text))
		return;
	memcpy(text, id, n);
	text[n] = '\0';
	if (text[0] == '$' && !join_expand(k, text)) {
		os_fails(k, "the providerID was not rendered", text);
		return;
	}
	if (strstr(text, JINJA_MISSING) || strstr(text, "{{"))
		os_fails(k, "the providerID was not rendered", text);
	else
		memcpy(k->f->provider_id, text, sizeof(text));
}

/* ---- scripts ----------------------------------------------------------------------- */

/* A line "B7_REPORT_URL='...'". */
static void
join_report(struct os_seek *k, const char *text)
{
	static const char mark[] = "B7_REPORT_URL='";
	const char *at = text, *end;

	while ((at = strstr(at, mark)) != NULL) {
		const char *line = at;

		while (line > text && (line[-1] == ' ' || line[-1] == '\t'))
			line--;
		at += sizeof(mark) - 1;
		if (line > text && line[-1] != '\n')
			continue;
		end = at + strcspn(at, "'\n");
		if (*end != '\'' || end - at >= OS_URL || end == at)
			continue;
		memcpy(k->f->report_url, at, (size_t)(end - at));
		k->f->report_url[end - at] = '\0';
		k->f->report_form = false;
		k->f->report_tries = 0;
		k->f->report_installed =
		    strstr(end, "\nB7_INSTALLED_ONLY='1'") != NULL;
		return;
	}
}

/* "--provider-id=X", "provider-id=X" of an argument or of an environment. */
static void
join_flags(struct os_seek *k, const char *text)
{
	const char *at = text;

	while ((at = strstr(at, JOIN_FLAG "=")) != NULL) {
		at += sizeof(JOIN_FLAG "=") - 1;
		if (*at == '"' || *at == '\'')
			at++;
		k->f->kubelet = true;
		join_id(k, at, strcspn(at, " \t\r\n\"'\\,]"));
	}
}

/* ---- kubeadm ---------------------------------------------------------------------- */

/* v1beta4 has a list of name and value, what was before it a mapping; kubeadm
 * refuses the other. */
static void
join_extra_args(struct os_seek *k, const cJSON *doc, const cJSON *args)
{
	bool list = str_has_suffix(json_str(doc, "apiVersion", ""), "/v1beta4");
	const cJSON *a;

	if (args == NULL)
		return;
	if (list != (bool)cJSON_IsArray(args)) {
		os_fails(k, "kubeadm: kubeletExtraArgs is not as this has it",
		    json_str(doc, "apiVersion", "?"));
		return;
	}
	if (!list) {
		const char *v = json_str(args, JOIN_FLAG, NULL);

		if (v != NULL)
			join_id(k, v, strlen(v));
		return;
	}
	cJSON_ArrayForEach (a, args) {
		const char *v = json_str(a, "value", "");

		if (str_eq(json_str(a, "name", ""), JOIN_FLAG))
			join_id(k, v, strlen(v));
	}
}

static void
join_document(struct os_seek *k, const cJSON *doc)
{
	const char *kind = json_str(doc, "kind", ""), *v;
	const char *api = json_str(doc, "apiVersion", "");

	if (str_has_prefix(api, "kubeadm.k8s.io/") &&
	    (str_eq(kind, "InitConfiguration") ||
		str_eq(kind, "JoinConfiguration"))) {
		k->f->kubelet = true;
		v = json_str(doc, "nodeRegistration/name", "");
		if (*v != '\0' && !strchr(v, '$'))
			(void)str_copy(
			    k->f->node_name, sizeof(k->f->node_name), v);
		join_extra_args(k, doc,
		    json_child(
			json_obj(doc, "nodeRegistration"), "kubeletExtraArgs"));
	} else if (str_has_prefix(api, "kubelet.config.k8s.io/") &&
		   str_eq(kind, "KubeletConfiguration")) {
		k->f->kubelet = true;
		v = json_str(doc, "providerID", "");
		join_id(k, v, strlen(v));
	}
}

/* k3s and RKE2: "kubelet-arg: [provider-id=X]" is a flag like others. */
static void
join_file(struct os_seek *k, const struct texts_one *t)
{
	bool kubeadm = strstr(t->p, "kubeadm.k8s.io/") != NULL;
	bool kubelet = strstr(t->p, "kubelet.config.k8s.io/") != NULL;
	struct err e = { 0 };
	const cJSON *d;
	cJSON *docs;

	join_flags(k, t->p);
	if (!kubeadm && !kubelet)
		return;
	if (str_has_prefix(t->p, "#!"))
		return; /* a script that talks of it */
	docs = yaml_parse_all(t->p, t->n, "kubeadm", &e);
	if (docs == NULL && kubeadm)
		os_fails(
		    k, "kubeadm: its configuration cannot be parsed", t->name);
	cJSON_ArrayForEach (d, docs)
		join_document(k, d);
	cJSON_Delete(docs);
}

/* ---- all --------------------------------------------------------------------------- */

void
os_join(struct os_seek *k)
{
	for (size_t i = 0; i < k->texts.n; i++) {
		const struct texts_one *t = &k->texts.v[i];

		join_report(k, t->p);
		if (t->kind == TEXTS_FILE)
			join_file(k, t);
		else
			join_flags(k, t->p);
		if (t->kind == TEXTS_SCRIPT &&
		    (strstr(t->p, "kubeadm join") ||
			strstr(t->p, "kubeadm init")))
			k->f->kubelet = true;
	}
	if (k->f->node_name[0] == '\0')
		(void)str_copy(
		    k->f->node_name, sizeof(k->f->node_name), k->f->hostname);
	if (k->f->fails)
		k->f->kubelet = false;
}
