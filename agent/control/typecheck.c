/* See typecheck.h. */
#include "agent/control/typecheck.h"

#include <string.h>

#include "common/json.h"
#include "common/str.h"

static bool
type_is(const cJSON *v, enum typecheck_type type)
{
	switch (type) {
	case TYPE_STR:
		return cJSON_IsString(v);
	case TYPE_BOOL:
		return cJSON_IsBool(v);
	case TYPE_INT:
		return json_is_integer(v);
	case TYPE_OBJ:
		return cJSON_IsObject(v);
	case TYPE_ARR:
		return cJSON_IsArray(v);
	}
	return false;
}

/* Rows of one parent follow each other: it is looked up once. */
struct place {
	const char *path; /* of a row */
	size_t n;         /* its bytes that name the parent */
	const cJSON *parent;
};

static const cJSON *
value_at(const cJSON *tree, struct place *at, const char *path)
{
	const char *slash = strrchr(path, '/');
	size_t n = slash != NULL ? (size_t)(slash - path) : 0;
	char parent[128];

	if (n == 0 || n >= sizeof(parent))
		return json_at(tree, path);
	if (n != at->n || memcmp(at->path, path, n) != 0) {
		memcpy(parent, path, n);
		parent[n] = '\0';
		*at = (struct place){ path, n, json_at(tree, parent) };
	}
	return at->parent != NULL ? json_at(at->parent, slash) : NULL;
}

bool
typecheck(const struct cJSON *tree, const struct typecheck *rows, size_t n,
    char out[TYPECHECK_CAP])
{
	static const char *const names[] = {
		[TYPE_STR] = "a string",
		[TYPE_BOOL] = "true or false",
		[TYPE_INT] = "an integer",
		[TYPE_OBJ] = "an object",
		[TYPE_ARR] = "a list",
	};

	struct place at = { "", 0, NULL };

	for (size_t i = 0; i < n; i++) {
		const cJSON *v = value_at(tree, &at, rows[i].path);

		if (v == NULL || cJSON_IsNull(v) || type_is(v, rows[i].type))
			continue;
		(void)str_format(out, TYPECHECK_CAP, "%s is not %s",
		    rows[i].path, names[rows[i].type]);
		for (char *s = out; *s != '\0' && *s != ' '; s++)
			if (*s == '/')
				*s = '.';
		return false;
	}
	return true;
}
