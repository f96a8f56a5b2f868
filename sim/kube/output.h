/* Objects as a client asked to see them: version, and form (Accept). */
#ifndef B7_SIM_KUBE_OUTPUT_H
#define B7_SIM_KUBE_OUTPUT_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/kube/request.h"
#include "sim/kube/store.h"

struct ks_view {
	const struct ks_version *version; /* borrowed */
	const char *kind;                 /* borrowed */
	enum ks_form form;
	enum table_include include;
};

/* The stored text with another apiVersion in front is what the client gets. */
bool ks_view_plain(const struct ks_view *v);
/* Such a text, with a newline; owned by the caller. */
char *ks_view_text(const struct ks_view *v, const struct ks_object *o);
/* tree (storage version) is taken; owned by the caller. */
cJSON *ks_view_object(
    const struct ks_view *v, cJSON *tree, int64_t wall_us, bool no_headers);
/* meta (ListMeta) is taken. */
cJSON *ks_view_list(const struct ks_view *v, const char *list_kind,
    struct ks_object *const *objs, size_t n, cJSON *meta, int64_t wall_us);

#endif
