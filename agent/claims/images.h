/*
 * A claim's image: what its host's spec.bootIsoSource names, opened once for
 * the claim and shared by its readers.
 */
#ifndef B7_AGENT_CLAIMS_IMAGES_H
#define B7_AGENT_CLAIMS_IMAGES_H

#include "agent/kube/client.h"
#include "agent/serve/serve.h"

struct images;

struct images_opts {
	const char *origins;     /* --image-origins; NULL or "" = any */
	struct tls_trust *trust; /* borrowed; NULL = the system's */
	size_t cache;            /* bytes of blocks; 0 = 16 MiB */
};
struct images *images_new(struct kube_client *k, const struct images_opts *o);
void images_free(struct images *im); /* after the server */

/* As hooks of the server; self is the images. */
void images_open(void *self, struct live_claim *c, enum token_purpose which,
    serve_opened *fn, void *arg);
void images_give_back(void *self, const struct serve_image *image);
void images_cancel(void *self, void *arg);

#endif
