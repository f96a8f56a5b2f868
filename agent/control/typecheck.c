/* See typecheck.h. */
#include "agent/control/typecheck.h"

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

	for (size_t i = 0; i < n; i++) {
		const cJSON *v = json_at(tree, rows[i].path);

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
