/*
 * A request against a resource: path, query and headers taken apart and checked. The
 * verbs are those of authorization (get list watch create update patch delete
 * deletecollection), with "apply" for server-side apply.
 */
#ifndef B7_SIM_KUBE_REQUEST_H
#define B7_SIM_KUBE_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "common/http.h"
#include "sim/kube/kind.h"
#include "sim/kube/selector.h"
#include "sim/kube/status.h"
#include "sim/kube/table.h"

#define KS_BODY_MAX (3u << 20)

enum ks_form {
	KS_JSON,
	KS_PARTIAL,
	KS_TABLE
};
enum ks_validation {
	KS_WARN,
	KS_STRICT,
	KS_IGNORE
};
enum ks_patch_type {
	KS_PATCH_NONE,
	KS_PATCH_MERGE,
	KS_PATCH_JSON,
	KS_PATCH_STRATEGIC,
	KS_PATCH_APPLY
};

/* What came in; borrowed while the request is handled. */
struct ks_input {
	const char *method, *target, *accept, *content_type, *user;
	const char *agent; /* User-Agent; NULL if none */
	struct http_bytes body;
};

struct ks_request {
	const struct ks_input *in;
	struct ks_kind *kind;
	const struct ks_version *version;
	const char *verb;      /* constant */
	char *ns, *name, *sub; /* owned; "" where the path has none */
	char *resource;        /* owned; "hosts.example.org/status" */
	enum ks_form form;
	enum table_include include;
	/* query */
	struct ks_selector labels, fields;
	int64_t rv; /* -1: none given */
	bool rv_exact, rv_not_older;
	int64_t limit;     /* 0 = none */
	char *cont;        /* owned; NULL or the token */
	int64_t timeout_s; /* 0 = none given */
	bool bookmarks, initial_events, initial_events_given;
	char *manager; /* owned; fieldManager, or made from the User-Agent */
	bool manager_given;
	enum ks_validation validation;
	bool force, dry_run;
	char *propagation; /* owned; NULL = none given */
	enum ks_patch_type patch;
};

/* True if the path is of a resource's shape ("/api/v1/x", "/apis/g/v/x"). */
bool ks_is_resource_path(const char *target);
/* Everything but the body is checked; *rq is valid (for free) in any case. */
bool ks_request_parse(struct ks_request *rq, const struct ks_kinds *kinds,
    const struct ks_input *in, struct ks_status *st);
void ks_request_free(struct ks_request *rq);
/* Decimal without sign; "" and NULL are -1. */
bool ks_parse_revision(const char *text, int64_t *rv);
/* A media type without its parameters matches. */
bool ks_type_is(const char *content_type, const char *type);

#endif
