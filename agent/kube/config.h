/*
 * Where the API server is and who we are there: from a kubeconfig file or from
 * what a pod is given. Values only; reading files again when they rotate is
 * the client's (auth.h). Nothing here ever runs a program: a user with exec,
 * auth-provider, username or impersonation is refused by name.
 */
#ifndef B7_KUBE_CONFIG_H
#define B7_KUBE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "common/err.h"
#include "common/files.h"
#include "common/mem.h"

#define KUBE_CONFIG_MAX_BYTES (1u << 20)
#define KUBE_SERVICE_ACCOUNT_DIR "/var/run/secrets/kubernetes.io/serviceaccount"

/* Strings are owned; NULL = not given. Of each pair file/data at most one is
 * set (data wins, as with kubectl). */
struct kube_config {
	char *source; /* file, or "in-cluster"; for messages */
	char *context, *cluster, *user; /* names within the kubeconfig */
	char *server;                   /* "https://host:port", no path */
	char *path_prefix;              /* "" or "/k8s/clusters/c-1" */
	char *tls_server_name;          /* NULL = host of server */
	bool insecure;
	char *default_ns;     /* of the context or the pod; "default" if none */
	struct secret ca_pem; /* not secret, but sized */
	char *ca_file;
	struct secret cert_pem, key_pem;
	char *cert_file, *key_file;
	struct secret token;
	char *token_file;
};

/*
 * Reads a kubeconfig. context NULL or "" = its current-context. Relative file
 * names are resolved against the kubeconfig's folder. ERR_NOTFOUND (no file),
 * ERR_SPEC: the message names file, context and the part that is wrong.
 */
bool kube_config_load(struct kube_config *c, struct files *files,
    const char *path, const char *context, struct err *e);
/* Same from bytes: workload clusters' Secrets. */
struct kube_config_text {
	const char *text;
	size_t n;
	const char *source; /* a file's name, or "Secret ns/name" */
	bool inline_only;   /* refuse every file reference (SAFETY 10) */
};
bool kube_config_parse(struct kube_config *c, const struct kube_config_text *t,
    const char *context, struct err *e);
/*
 * In a pod: host and port are KUBERNETES_SERVICE_HOST and _PORT as main found
 * them; token, ca.crt and namespace are read below KUBE_SERVICE_ACCOUNT_DIR.
 */
bool kube_config_in_cluster(struct kube_config *c, struct files *files,
    const char *host, const char *port, struct err *e);
void kube_config_free(struct kube_config *c); /* wipes; zeroes *c */

#endif
