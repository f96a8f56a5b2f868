/*
 * The kinds that scenario files speak of, by short names, and references to
 * objects: "host/bmc-000", "machine/ns/m1", "host/bmc-*".
 */
#ifndef B7_RUNNER_KINDS_H
#define B7_RUNNER_KINDS_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/err.h"

struct kind_row {
	const char *names[4]; /* as files may write it; NULL ends */
	const char *kind, *group, *version, *resource;
	bool global;  /* not in a namespace */
	bool watched; /* part of the facts */
};
extern const struct kind_row kind_rows[];

const struct kind_row *kind_by_name(const char *name); /* any case */
/* By plural name and group ("" is core); NULL: none of ours. */
const struct kind_row *kind_by_resource(
    const char *group, const char *resource);
/* By apiVersion and kind of a manifest. */
const struct kind_row *kind_of(const cJSON *object);

struct object_ref {
	const struct kind_row *kind;
	char ns[64], name[254]; /* name may be a glob */
};
/* ERR_SPEC says what is wrong. */
bool object_ref_parse(struct object_ref *r, const char *text, struct err *e);
bool object_ref_is_glob(const struct object_ref *r);
/* "/apis/GROUP/VERSION/namespaces/NS/RESOURCE/NAME"; name NULL: the
 * collection; sub NULL or e.g. "status". Owned by the caller. */
char *kind_path(const struct kind_row *k, const char *ns, const char *name,
    const char *sub);

#endif
