/* Executes a parsed request; knows no sockets. */
#ifndef B7_SIM_KUBE_HANDLE_H
#define B7_SIM_KUBE_HANDLE_H

#include "sim/kube/list.h"
#include "sim/kube/write.h"

struct ks_reply {
	int status;
	char *text;           /* owned JSON, or NULL where list is set */
	const char *type;     /* constant; NULL = application/json */
	struct ks_list *list; /* owned */
	struct ks_warnings warnings;
	int64_t retry_after_s;
};

void ks_reply_free(struct ks_reply *rp);
void ks_reply_json(struct ks_reply *rp, int status, cJSON *j /* taken */);
void ks_reply_status(struct ks_reply *rp, const struct ks_status *st);
/* Every verb but watch. */
void ks_execute(
    struct kube_server *s, const struct ks_request *rq, struct ks_reply *rp);
/* Discovery, OpenAPI, health, access reviews: everything that is no resource. */
/* Whose token it is; NULL: nobody's. */
const char *ks_token_user(const struct kube_server *s, const char *token);
/* "tokenreviews.authentication.k8s.io" of a POST of one; false: it is none. */
bool ks_review_resource(const struct ks_input *in, char out[128]);
void ks_document(
    struct kube_server *s, const struct ks_input *in, struct ks_reply *rp);

#endif
