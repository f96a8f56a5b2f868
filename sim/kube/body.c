#include "sim/kube/body.h"

#include "common/json.h"
#include "common/yaml.h"
#include "sim/kube/protobuf.h"

/* The tree is at most JSON_MAX_DEPTH deep, so recursion is bounded. */
static int
depth_of(const cJSON *j)
{
	const cJSON *c;
	int deepest = 0;

	cJSON_ArrayForEach (c, j) {
		int d = depth_of(c);

		if (d > deepest)
			deepest = d;
	}
	return deepest + 1;
}

cJSON *
ks_body_parse(const struct ks_request *rq, struct ks_status *st)
{
	const struct http_bytes b = rq->in->body;
	const char *type = rq->in->content_type;
	struct err e = { 0 };
	cJSON *j;

	if (b.n > KS_BODY_MAX) {
		(void)ks_status_set(st, 413, "RequestEntityTooLarge",
		    "Request entity too large: limit is %u", KS_BODY_MAX);
		return NULL;
	}
	if (b.n == 0) {
		(void)ks_bad_request(st, "the body of the request is empty");
		return NULL;
	}
	if (rq->patch == KS_PATCH_APPLY || ks_type_is(type, "application/yaml"))
		j = yaml_parse(b.p, b.n, "body", &e);
	else if (ks_type_is(type, KS_PROTOBUF_TYPE))
		j = ks_protobuf_parse(b.p, b.n, &e);
	else
		j = json_parse(b.p, b.n, &e);
	if (j == NULL) {
		(void)ks_bad_request(
		    st, "the object provided is unrecognized: %s", e.msg);
		return NULL;
	}
	if (depth_of(j) > KS_DEPTH_MAX) {
		cJSON_Delete(j);
		(void)ks_bad_request(st,
		    "the object provided is nested more than %d levels deep",
		    KS_DEPTH_MAX);
		return NULL;
	}
	return j;
}
