/*
 * What a kubeconfig Secret may say (SAFETY.md 10): whoever may write Secrets
 * in a tenant's namespace writes it, so nothing of it may reach a program, a
 * file, or the wire in clear text.
 */
#include "agent/control/workload.h"
#include "agent/kube/config.h"
#include "agent/kube/secret.h"
#include "common/str.h"

bool
workload_config(struct kube_config *out, const struct workload *w,
    const struct kube_secret_reply *r, struct err *e)
{
	struct kube_config_text t = { .inline_only = true };
	char source[300];

	(void)str_format(
	    source, sizeof(source), "Secret %.250s", w->secret_key);
	if (r->v[0].p == NULL || r->v[0].n == 0)
		return err_set(
		    e, ERR_SPEC, 0, "%.150s has no key \"value\"", source);
	if (r->v[0].n > WORKLOAD_CONFIG_MAX)
		return err_set(e, ERR_SPEC, 0, "%.150s is larger than %u bytes",
		    source, WORKLOAD_CONFIG_MAX);
	t.text = r->v[0].p;
	t.n = r->v[0].n;
	t.source = source;
	if (!kube_config_parse(out, &t, NULL, e))
		return false;
	if (str_has_prefix(out->server, "https:"))
		return true;
	kube_config_free(out);
	return err_set(e, ERR_SPEC, 0,
	    "the server in %.150s is not https://, and no credential goes "
	    "over plain HTTP",
	    source);
}
