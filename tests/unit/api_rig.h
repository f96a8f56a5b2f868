/* Our CRDs from crds/, and those of the core stand-in, ready for tests. */
#ifndef B7_API_RIG_H
#define B7_API_RIG_H

#include "tests/unit/schema_rig.h"

static const struct {
	const char *kind, *path, *short_name;
	bool status, contract;
} ours[] = {
	{ "PhysicalHost", "crds/physicalhosts.yaml", "ph", true, false },
	{ "Beskar7Machine", "crds/beskar7machines.yaml", "b7m", true, true },
	{ "Beskar7MachineTemplate", "crds/beskar7machinetemplates.yaml", "b7mt",
	    true, true },
	{ "Beskar7Cluster", "crds/beskar7clusters.yaml", "b7c", true, true },
	{ "Beskar7ClusterTemplate", "crds/beskar7clustertemplates.yaml", "b7ct",
	    false, true },
	{ "Beskar7Remediation", "crds/beskar7remediations.yaml", "b7r", true,
	    false },
	{ "Beskar7RemediationTemplate", "crds/beskar7remediationtemplates.yaml",
	    "b7rt", false, false },
};
/* Those and Cluster, Machine of the core stand-in. */
#define ALL (N(ours) + 2)

struct rig {
	cJSON *doc[ALL];
	struct crd *crd[ALL];
	cJSON *builtin[2];
	struct schema *secret;
};

static inline struct crd *
rig_crd(const char *path, cJSON **doc)
{
	struct field_errors l = { 0 };
	cJSON *docs = rig_file(path);
	struct crd *c;

	*doc = json_dup(json_at(docs, "0"));
	crd_default(*doc);
	c = crd_parse(*doc, &l);
	if (c == NULL) {
		char *text = field_errors_text(&l);

		CHECK_TEXT(text, "");
		xfree(text);
	}
	field_errors_free(&l);
	cJSON_Delete(docs);
	return c;
}

static inline void
rig_open(struct rig *r)
{
	struct err e;

	for (size_t i = 0; i < N(ours); i++) {
		r->crd[i] = rig_crd(ours[i].path, &r->doc[i]);
		CU_ASSERT_PTR_NOT_NULL_FATAL(r->crd[i]);
	}
	r->crd[N(ours)] =
	    rig_crd("sim/core/crds/cluster.yaml", &r->doc[N(ours)]);
	r->crd[N(ours) + 1] =
	    rig_crd("sim/core/crds/machine.yaml", &r->doc[N(ours) + 1]);
	r->builtin[0] = schema_builtin("", "Secret");
	r->secret = schema_compile(r->builtin[0], &e);
}

static inline void
rig_close(struct rig *r)
{
	for (size_t i = 0; i < ALL; i++) {
		crd_free(r->crd[i]);
		cJSON_Delete(r->doc[i]);
	}
	schema_free(r->secret);
	cJSON_Delete(r->builtin[0]);
}

static inline const struct schema *
schema_of(const struct rig *r, const char *kind)
{
	for (size_t i = 0; i < ALL; i++)
		if (str_eq(r->crd[i]->kind, kind))
			return r->crd[i]->versions[0].schema;
	return str_eq(kind, "Secret") ? r->secret : NULL;
}

#endif
