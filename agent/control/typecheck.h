/*
 * Types of what users wrote. The CRDs refuse wrong ones; an object that was
 * stored before a schema did, or past it, must not be taken for one whose
 * fields are absent: a consumerRef that is a string is no free host.
 */
#ifndef B7_CONTROL_TYPECHECK_H
#define B7_CONTROL_TYPECHECK_H

#include <stdbool.h>
#include <stddef.h>

struct cJSON;

enum typecheck_type {
	TYPE_STR,
	TYPE_BOOL,
	TYPE_INT,
	TYPE_OBJ,
	TYPE_ARR
};
struct typecheck {
	const char *path; /* below the object, parents before children */
	enum typecheck_type type;
};

#define TYPECHECK_CAP 128
/* false: out says "spec.a.b is not a string" of the first wrong one. Absent
 * and null are fine. */
bool typecheck(const struct cJSON *tree, const struct typecheck *rows, size_t n,
    char out[TYPECHECK_CAP]);

#endif
