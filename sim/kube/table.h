/*
 * meta.k8s.io/v1 Tables: what `kubectl get` prints. Columns of custom
 * resources come from additionalPrinterColumns, those of builtin kinds from a
 * table in here.
 */
#ifndef B7_SIM_KUBE_TABLE_H
#define B7_SIM_KUBE_TABLE_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"

#define TABLE_MAX_COLUMNS 64

struct table;

/* columns: additionalPrinterColumns, or NULL: then Name and Age only.
 * ERR_SPEC names the column. columns stays the caller's. */
struct table *table_new(const cJSON *columns, struct err *e);
/* Namespace, Secret, ConfigMap, Event, Node, Lease, CustomResourceDefinition;
 * any other kind gets Name and Age. Never NULL. */
struct table *table_new_builtin(const char *group, const char *kind);
void table_free(struct table *t);

enum table_include {
	TABLE_METADATA, /* the default: PartialObjectMetadata */
	TABLE_OBJECT,
	TABLE_NONE
};
/* "Metadata", "Object", "None", NULL or "" (= Metadata); false if other. */
bool table_include_parse(const char *s, enum table_include *out);

struct table_opts {
	enum table_include include;
	bool no_headers;   /* later events of a watch */
	int64_t wall_us;   /* now, for ages */
	const cJSON *meta; /* ListMeta to copy (resourceVersion, continue, ...);
	                    * NULL: that of the only item, or {} */
};
/* A Table of the items. kind and version are those of the objects, for rows
 * that carry them. Owned by caller. */
cJSON *table_render(const struct table *t, const cJSON *const *items, size_t n,
    const struct table_opts *o);

/* The age text of kubectl: "5s", "3m12s", "4h", "2d3h", "1y20d"; "<invalid>"
 * when more than a second in the future. */
#define TABLE_AGE_CAP 32
void table_age(char out[TABLE_AGE_CAP], int64_t from_us, int64_t now_us);

/* True if an Accept header asks for a Table before plain JSON:
 * application/json;as=Table;v=v1;g=meta.k8s.io, application/json */
bool table_accepted(const char *accept);
/* Same for as=PartialObjectMetadata / PartialObjectMetadataList. */
bool table_partial_accepted(const char *accept);
/* {apiVersion: meta.k8s.io/v1, kind: PartialObjectMetadata, metadata}. */
cJSON *table_partial(const cJSON *obj);

#endif
