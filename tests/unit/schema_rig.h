/* What the tests of schemas share: YAML rows to trees, CRDs from files. */
#ifndef B7_SCHEMA_RIG_H
#define B7_SCHEMA_RIG_H

#include <stdio.h>

#include "common/buf.h"
#include "common/files.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "common/yaml.h"
#include "sim/kube/crd.h"
#include "tests/unit/unit.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

/* One document; a broken row fails the test by name. */
static inline cJSON *
rig_yaml(const char *text)
{
	struct err e = { 0 };
	cJSON *j = yaml_parse(text, strlen(text), "row", &e);

	if (j == NULL)
		CHECK_ROW(j != NULL, e.msg);
	return j;
}

static inline struct schema *
rig_schema(const char *text)
{
	struct err e = { 0 };
	cJSON *j = rig_yaml(text);
	struct schema *s = schema_compile(j, &e);

	if (s == NULL)
		CHECK_ROW(s != NULL, e.msg);
	cJSON_Delete(j);
	return s;
}

/* All documents of a file of the project. */
static inline cJSON *
rig_file(const char *path)
{
	struct files f = files_system();
	struct err e = { 0 };
	struct buf b;
	cJSON *j = NULL;

	buf_init(&b, YAML_MAX_BYTES);
	if (f.read(f.self, path, &b, &e))
		j = yaml_parse_all(buf_str(&b), b.n, path, &e);
	if (j == NULL)
		CHECK_ROW(j != NULL, e.msg);
	buf_free(&b);
	return j;
}

/* "" if obj is good, else "strict decoding error: ..." or the field errors. */
static inline char *
rig_admit(const struct schema *s, cJSON *obj)
{
	struct schema_unknown u = { 0 };
	struct field_errors l = { 0 };
	char *text;

	schema_prune(s, obj, &u);
	schema_default(s, obj);
	(void)schema_validate(s, obj, &l);
	text = u.n > 0 ? schema_unknown_text(&u) : field_errors_text(&l);
	schema_unknown_free(&u);
	field_errors_free(&l);
	return text;
}

struct rig_row {
	const char *schema, *object;
	const char *want; /* "" is accepted; all of the text */
};

static inline void
rig_rows(const struct rig_row *r, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct schema *s = rig_schema(r[i].schema);
		cJSON *obj = rig_yaml(r[i].object);
		char *got = s != NULL ? rig_admit(s, obj) : NULL;

		CHECK_TEXT(got, r[i].want);
		xfree(got);
		cJSON_Delete(obj);
		schema_free(s);
	}
}

#endif
