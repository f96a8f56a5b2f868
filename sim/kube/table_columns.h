/* Columns of a table; private to table*.c. */
#ifndef B7_SIM_KUBE_TABLE_COLUMNS_H
#define B7_SIM_KUBE_TABLE_COLUMNS_H

#include <stdint.h>

#include "sim/kube/jsonpath.h"
#include "sim/kube/table.h"

struct table_column {
	char *name, *type, *format, *doc; /* owned */
	int priority;
	/* One of the two: */
	struct jsonpath *path; /* owned */
	/* A cell, owned by the caller. */
	cJSON *(*cell)(const cJSON *obj, int64_t wall_us);
};
struct table {
	struct table_column v[TABLE_MAX_COLUMNS];
	size_t n;
};

struct table_builtin_column {
	const char *name, *type, *doc;
	int priority;
	cJSON *(*cell)(const cJSON *obj, int64_t wall_us);
};
/* Columns of a builtin kind, up to one without a name; NULL if it has none. */
const struct table_builtin_column *table_builtin_columns(
    const char *group, const char *kind);
/* Age text of a time in obj; "<unknown>" if absent. */
cJSON *table_age_cell(const cJSON *time, int64_t wall_us);

#endif
