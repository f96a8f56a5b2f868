/*
 * The little of a kubeconfig that the core stand-in takes: server, CA and a
 * token of the current context. What it does not take it names.
 */
#ifndef B7_SIM_CORE_KUBECONFIG_H
#define B7_SIM_CORE_KUBECONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "common/err.h"
#include "common/files.h"

struct tls_trust;

struct core_kubeconfig {
	char *server, *token;    /* owned */
	struct tls_trust *trust; /* owned; NULL = system */
	bool insecure;
};

/* From text; files NULL: certificate-authority, a file, is refused. name: the
 * file's own, for messages and beside which others stand. */
struct core_kubeconfig_text {
	const char *text;
	size_t n;
	const char *name;
	struct files *files;
};
bool core_kubeconfig_parse(struct core_kubeconfig *k,
    const struct core_kubeconfig_text *t, struct err *e);
bool core_kubeconfig_load(struct core_kubeconfig *k, const char *path,
    struct files *files, struct err *e);
/* In a pod: host and port as KUBERNETES_SERVICE_HOST and _PORT have them (NULL:
 * ERR_SPEC), token and CA of its service account, read once. */
bool core_kubeconfig_in_cluster(struct core_kubeconfig *k, const char *host,
    const char *port, struct files *files, struct err *e);
void core_kubeconfig_free(struct core_kubeconfig *k); /* zeroes *k */

#endif
