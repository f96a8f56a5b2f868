/* Compiling; private to schema_compile.c and schema_keywords.c. */
#ifndef B7_SIM_KUBE_SCHEMA_COMPILER_H
#define B7_SIM_KUBE_SCHEMA_COMPILER_H

#include "sim/kube/schema_node.h"

struct schema_compiler {
	struct schema_path at;
	unsigned depth, nodes;
	struct err *e;
};

/* false with "path: what" in c->e. */
bool schema_refuse(struct schema_compiler *c, const char *what);
/* nested: inside allOf, anyOf, oneOf or not, where only values are judged. */
struct schema *schema_compile_node(
    struct schema_compiler *c, const cJSON *j, bool nested);
bool schema_set_type(
    struct schema_compiler *c, struct schema *s, const cJSON *v);
/* One member of a schema object; unknown ones are ignored. */
bool schema_set_keyword(
    struct schema_compiler *c, struct schema *s, const cJSON *v, bool nested);

#endif
