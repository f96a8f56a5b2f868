#include "sim/kube/kubeconfig.h"

#include <string.h>

#include "common/buf.h"
#include "common/mem.h"
#include "common/str.h"

#define TEXT_MAX 65536u

static void
add_pem(struct buf *b, const char *key, const char *pem)
{
	char *text = b64_encode(pem, strlen(pem));

	(void)buf_addf(b, "    %s: %s\n", key, text);
	xfree(text);
}

static void
add_context(struct buf *b, const char *name)
{
	(void)buf_addf(b,
	    "- name: %s\n  context: {cluster: beskar7-sim, user: %s, "
	    "namespace: default}\n",
	    name, name);
}

char *
kubeconfig_text(const struct kubeconfig *k)
{
	char *cert = xasprintf("%s-cert", k->user);
	struct buf b;
	size_t n;

	buf_init(&b, TEXT_MAX);
	(void)buf_addf(&b,
	    "apiVersion: v1\nkind: Config\n"
	    "# Of beskar7-sim kube, a stand-in for one machine.\n"
	    "clusters:\n- name: beskar7-sim\n  cluster:\n"
	    "    server: %s\n",
	    k->server);
	if (k->ca_pem != NULL)
		add_pem(&b, "certificate-authority-data", k->ca_pem);
	(void)buf_adds(&b, "users:\n");
	if (k->token != NULL)
		(void)buf_addf(&b, "- name: %s\n  user:\n    token: %s\n",
		    k->user, k->token);
	if (k->cert_pem != NULL) {
		(void)buf_addf(&b, "- name: %s\n  user:\n", cert);
		add_pem(&b, "client-certificate-data", k->cert_pem);
		add_pem(&b, "client-key-data", k->key_pem);
	}
	(void)buf_adds(&b, "contexts:\n");
	if (k->token != NULL)
		add_context(&b, k->user);
	if (k->cert_pem != NULL)
		add_context(&b, cert);
	(void)buf_addf(&b, "current-context: %s\n",
	    k->use_cert && k->cert_pem != NULL ? cert : k->user);
	xfree(cert);
	return buf_take(&b, &n);
}
