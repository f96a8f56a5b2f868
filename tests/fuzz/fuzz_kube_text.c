/* Selectors, paths, queries and protobuf bodies of the API stand-in. */
#include <assert.h>
#include <stdint.h>

#include "common/json.h"
#include "common/mem.h"
#include "sim/kube/protobuf.h"
#include "sim/kube/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
selectors(const char *text)
{
	struct ks_selector labels, fields;
	struct ks_pairs none = { 0 };
	struct err e;

	if (ks_labels_parse(&labels, text, &e)) {
		(void)ks_labels_match(&labels, &none);
		assert(labels.n <= KS_SELECTOR_TERMS);
	}
	ks_selector_free(&labels);
	if (ks_fields_parse(&fields, text, &e))
		assert(fields.n <= KS_SELECTOR_TERMS);
	ks_selector_free(&fields);
}

static void
request(const char *method, const char *target)
{
	struct ks_input in = { .method = method,
		.target = target,
		.content_type = "application/merge-patch+json",
		.user = "fuzz" };
	struct ks_status st = { 0 };
	static struct ks_kinds kinds; /* made once: constant afterwards */
	struct ks_request rq;

	if (kinds.n == 0)
		ks_kinds_init(&kinds);
	if (ks_request_parse(&rq, &kinds, &in, &st))
		assert(rq.kind != NULL && rq.version != NULL &&
		       rq.verb[0] != '\0' && rq.manager != NULL);
	else
		assert(st.code >= 400 && st.message != NULL);
	ks_request_free(&rq);
	ks_status_fini(&st);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const methods[] = { "GET", "POST", "PUT", "PATCH",
		"DELETE" };
	struct err e;
	char *text;
	cJSON *j;

	if (size < 1 || size > 70000)
		return 0;
	j = ks_protobuf_parse(data, size, &e);
	if (j != NULL)
		assert(json_depth(j) <= JSON_MAX_DEPTH);
	cJSON_Delete(j);
	text = xstrndup((const char *)data + 1, size - 1);
	selectors(text);
	request(methods[data[0] % 5], text);
	xfree(text);
	return 0;
}
