/*
 * The JSONPath of printer columns: .a.b, ['a.b'], .a\.b, [0], [-1], [1:3],
 * [*], .*, filters [?(@.type=="Ready")] with == != < <= > >= or existence.
 * With or without the braces of kubectl. No unions, no recursion (..).
 */
#ifndef B7_SIM_KUBE_JSONPATH_H
#define B7_SIM_KUBE_JSONPATH_H

#include <cjson/cJSON.h>
#include <stddef.h>

#include "common/err.h"

#define JSONPATH_MAX_STEPS 32
#define JSONPATH_MAX_RESULTS 256 /* at each step */

struct jsonpath;

struct jsonpath *jsonpath_compile(const char *expr, struct err *e);
void jsonpath_free(struct jsonpath *p);
/* Values found, in document order, borrowed from root; at most cap are
 * stored; returns how many were. */
size_t jsonpath_eval(
    const struct jsonpath *p, const cJSON *root, const cJSON **out, size_t cap);

#endif
