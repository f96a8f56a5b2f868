/* A kubeconfig as text: one cluster, users with tokens or certificates. */
#ifndef B7_SIM_KUBE_KUBECONFIG_H
#define B7_SIM_KUBE_KUBECONFIG_H

#include <stdbool.h>

struct kubeconfig {
	const char *server;             /* "https://127.0.0.1:6443" */
	const char *ca_pem;             /* NULL = plain HTTP */
	const char *user;               /* of the current context */
	const char *token;              /* NULL = certificate only */
	const char *cert_pem, *key_pem; /* NULL = token only */
	bool use_cert; /* the current context takes the certificate */
};

/* Owned by the caller. Certificates and keys are inline. */
char *kubeconfig_text(const struct kubeconfig *k);

#endif
