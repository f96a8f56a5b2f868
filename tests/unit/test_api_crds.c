/* The CRD files themselves: names, bounds, rules, reference, examples. */
#include "tests/unit/api_rig.h"

/* ---- the files ---------------------------------------------------------- */

static void
our_crds_have_names_labels_and_categories(void)
{
	struct rig r;

	rig_open(&r);
	for (size_t i = 0; i < N(ours); i++) {
		const struct crd *c = r.crd[i];
		const cJSON *labels = json_at(r.doc[i], "metadata/labels");
		const char *contract =
		    json_str(labels, "cluster.x-k8s.io~1v1beta2", NULL);

		CHECK_TEXT(c->kind, ours[i].kind);
		CHECK_TEXT(c->group, "infrastructure.cluster.x-k8s.io");
		CHECK_TEXT(c->short_names[0], ours[i].short_name);
		CHECK_TEXT(c->categories[0], "cluster-api");
		CHECK_TEXT(c->versions[0].name, "v1beta2");
		CHECK_ROW(c->namespaced && c->n_versions == 1, c->kind);
		CHECK_ROW(c->versions[0].has_status == ours[i].status, c->kind);
		if (ours[i].contract)
			CHECK_TEXT(contract, "v1beta2");
		else
			CHECK_ROW(contract == NULL, c->kind);
		CHECK_TEXT(json_str(labels, "cluster.x-k8s.io~1provider", NULL),
		    "infrastructure-beskar7");
	}
	CU_ASSERT_PTR_NOT_NULL(json_at(r.doc[0],
	    "metadata/labels/clusterctl.cluster.x-k8s.io~1move-hierarchy"));
	rig_close(&r);
}

/* Fields of ObjectMeta, apiVersion and kind have bounds of their own. */
static bool
is_head(const char *path)
{
	return str_eq(path, "apiVersion") || str_eq(path, "kind") ||
	       str_eq(path, "metadata");
}

static void
bounded(const cJSON *s, const char *path, bool named)
{
	const char *type = json_str(s, "type", "");
	const cJSON *i;

	if (is_head(path))
		return;
	if (named)
		CHECK_ROW(json_child(s, "description") != NULL, path);
	if (str_eq(type, "string"))
		CHECK_ROW(json_child(s, "maxLength") != NULL ||
			      json_child(s, "enum") != NULL,
		    path);
	if (str_eq(type, "array"))
		CHECK_ROW(json_child(s, "maxItems") != NULL &&
			      json_child(s, "x-kubernetes-list-type") != NULL,
		    path);
	if (json_obj(s, "additionalProperties") != NULL)
		CHECK_ROW(json_child(s, "maxProperties") != NULL, path);
	cJSON_ArrayForEach (i, json_child(s, "properties")) {
		char *sub = xasprintf(
		    "%s%s%s", path, path[0] == '\0' ? "" : ".", i->string);

		bounded(i, sub, true);
		xfree(sub);
	}
	if (json_obj(s, "items") != NULL)
		bounded(json_obj(s, "items"), path, false);
	if (json_obj(s, "additionalProperties") != NULL)
		bounded(json_obj(s, "additionalProperties"), path, false);
}

static void
every_field_is_bounded_and_described(void)
{
	struct rig r;

	rig_open(&r);
	for (size_t i = 0; i < N(ours); i++)
		bounded(schema_json(r.crd[i]->versions[0].schema), "", true);
	rig_close(&r);
}

/* CEL rules are not evaluated here, so that they exist is all that a test of
 * ours can say; they were tried with the real evaluator. */
static void
rules_of_the_api_are_written_down(void)
{
	static const struct {
		size_t crd;
		const char *path, *message; /* path below the schema */
	} t[] = {
		{ 0, "spec",
		    "redfishConnection.address may only change while the host "
		    "is unclaimed or in maintenance" },
		{ 0, "spec",
		    "bootIsoSource is set and cleared together with "
		    "consumerRef" },
		{ 0, "spec", "userDataSecretRef needs a consumerRef" },
		{ 0, "spec/properties/redfishConnection",
		    "at most one of caBundleSecretRef, certificateFingerprint, "
		    "trustOnFirstUse and insecureSkipVerify may be set" },
		{ 0, "spec/properties/consumerRef",
		    "a claimed host must be released (consumerRef cleared) "
		    "before another consumer may claim it" },
		{ 1, "spec", "providerID cannot be removed" },
		{ 1, "spec", "bootMode is immutable" },
		{ 1, "spec/properties/providerID",
		    "providerID is immutable once set" },
		{ 1, "spec/properties/image", "image is immutable" },
		{ 1, "spec/properties/image",
		    "ejectWhenUp is only for images of kind Live" },
		{ 1, "spec/properties/userData", "userData is immutable" },
		{ 1, "spec/properties/hostSelector",
		    "hostSelector is immutable" },
		{ 1, "spec/properties/completion", "completion is immutable" },
		{ 1, "spec/properties/release", "release is immutable" },
		{ 1, "status/properties/initialization/properties/provisioned",
		    "provisioned never goes back to false" },
		{ 3, "spec", "controlPlaneEndpoint cannot be removed" },
		{ 3, "spec/properties/controlPlaneEndpoint",
		    "controlPlaneEndpoint.host is immutable once set" },
		{ 3, "spec/properties/controlPlaneEndpoint",
		    "controlPlaneEndpoint.port is immutable once set" },
		{ 4, "spec/properties/template/properties/spec",
		    "spec.template.spec is immutable; make a new template" },
	};
	struct rig r;

	rig_open(&r);
	for (size_t i = 0; i < N(t); i++) {
		const cJSON *s =
		    schema_json(r.crd[t[i].crd]->versions[0].schema);
		char *path = xasprintf(
		    "properties/%s/x-kubernetes-validations", t[i].path);
		const cJSON *rule;
		bool found = false;

		cJSON_ArrayForEach (rule, json_at(s, path))
			found |= str_eq(json_str(rule, "message", ""),
				     t[i].message) &&
				 json_str(rule, "rule", "")[0] != '\0';
		CHECK_ROW(found, t[i].message);
		xfree(path);
	}
	rig_close(&r);
}

/* Drops what is allowed to differ between a spec and its template. */
static void
drop_rules(cJSON *s)
{
	cJSON *i;

	json_set(s, "x-kubernetes-validations", NULL);
	json_set(s, "description", NULL);
	cJSON_ArrayForEach (i, json_child(s, "properties"))
		json_set(i, "x-kubernetes-validations", NULL);
}

static void
templates_hold_the_spec_of_their_kind(void)
{
	static const struct {
		size_t kind, template;
		const char *without;
	} t[] = { { 1, 2, "providerID" }, { 3, 4, NULL }, { 5, 6, NULL } };
	struct rig r;

	rig_open(&r);
	for (size_t i = 0; i < N(t); i++) {
		cJSON *a = json_dup(
		    json_at(schema_json(r.crd[t[i].kind]->versions[0].schema),
			"properties/spec"));
		cJSON *b = json_dup(json_at(
		    schema_json(r.crd[t[i].template]->versions[0].schema),
		    "properties/spec/properties/template/properties/spec"));

		drop_rules(a);
		drop_rules(b);
		if (t[i].without != NULL) {
			json_set(
			    json_child(a, "properties"), t[i].without, NULL);
			/* The template keeps the one rule about values. */
			CU_ASSERT_PTR_NULL(json_at(b, "properties/providerID"));
		}
		CHECK_ROW(json_equal(a, b), ours[t[i].template].kind);
		cJSON_Delete(a);
		cJSON_Delete(b);
	}
	rig_close(&r);
}

/* ---- the reference ------------------------------------------------------ */

static char *
read_text(const char *path)
{
	struct files f = files_system();
	struct err e = { 0 };
	struct buf b;

	buf_init(&b, 1U << 20);
	if (!f.read(f.self, path, &b, &e))
		CHECK_ROW(false, e.msg);
	return buf_take(&b, NULL);
}

/* Of a template the reference only points at the kind that it is for. */
static bool
told_elsewhere(const char *path, const char *kind)
{
	return str_has_prefix(path, "status.conditions") ||
	       (str_has_prefix(path, "spec.template.spec") &&
		   str_has_suffix(kind, "Template"));
}

struct reference {
	const char *section, *kind;
	size_t fields;
};

static void
mentioned(struct reference *r, const cJSON *s, const char *path)
{
	const cJSON *i, *req;

	cJSON_ArrayForEach (i, json_child(s, "properties")) {
		char *sub = xasprintf(
		    "%s%s%s", path, path[0] == '\0' ? "" : ".", i->string);
		bool needed = false;
		char *line;

		cJSON_ArrayForEach (req, json_child(s, "required"))
			needed |= str_eq(req->valuestring, i->string);
		line = xasprintf("| `%s%s` |", sub, needed ? "!" : "");
		if (!is_head(sub)) {
			r->fields++;
			CHECK_ROW(strstr(r->section, line) != NULL, line);
			if (!told_elsewhere(sub, r->kind))
				mentioned(r, i, sub);
		}
		xfree(line);
		xfree(sub);
	}
	if (json_obj(s, "items") != NULL) {
		char *sub = xasprintf("%s[]", path);

		mentioned(r, json_obj(s, "items"), sub);
		xfree(sub);
	}
}

/* Lines of a table of fields: "| `spec..." and "| `status...". */
static size_t
count_lines(const char *section)
{
	size_t n = 0;

	for (const char *p = section; (p = strstr(p, "\n| `s")) != NULL; p++)
		n += str_has_prefix(p, "\n| `spec") ||
		     str_has_prefix(p, "\n| `status");
	return n;
}

static void
the_reference_is_true(void)
{
	char *all = read_text("crds/README.md");
	struct rig r;

	rig_open(&r);
	for (size_t i = 0; i < N(ours); i++) {
		char head[80], *from, *end, *section;
		struct reference ref = { .kind = ours[i].kind };

		(void)str_format(head, sizeof(head), "\n## %s (`%s`)\n",
		    ours[i].kind, ours[i].short_name);
		from = strstr(all, head);
		CU_ASSERT_PTR_NOT_NULL_FATAL(from);
		end = strstr(from + 3, "\n## ");
		section = end == NULL ? xstrdup(from)
				      : xstrndup(from, (size_t)(end - from));
		ref.section = section;
		mentioned(&ref, schema_json(r.crd[i]->versions[0].schema), "");
		CHECK_ROW(count_lines(section) == ref.fields, head);
		xfree(section);
	}
	rig_close(&r);
	xfree(all);
}

/* ---- examples ----------------------------------------------------------- */

static void
examples_are_valid(void)
{
	static const char *const paths[] = { "deploy/examples/host.yaml",
		"deploy/examples/cluster.yaml", "deploy/examples/machine.yaml",
		"deploy/examples/templates.yaml",
		"deploy/examples/userdata/autoinstall.yaml",
		"deploy/examples/userdata/cloud-init.yaml",
		"deploy/examples/userdata/combustion.yaml",
		"deploy/examples/userdata/ignition.yaml",
		"deploy/examples/userdata/kairos.yaml",
		"deploy/examples/userdata/talos.yaml" };
	struct rig r;

	rig_open(&r);
	for (size_t i = 0; i < N(paths); i++) {
		cJSON *docs = rig_file(paths[i]), *obj;

		CHECK_ROW(cJSON_GetArraySize(docs) > 0, paths[i]);
		cJSON_ArrayForEach (obj, docs) {
			const char *kind = json_str(obj, "kind", "");
			const struct schema *s = schema_of(&r, kind);
			struct field_errors l = { 0 };
			char *got;

			/* Cluster API's own: tests/integration/deploy.sh. */
			if (str_has_prefix(json_str(obj, "apiVersion", ""),
				"bootstrap.cluster.x-k8s.io/"))
				continue;
			CHECK_ROW(s != NULL, kind);
			if (s == NULL)
				continue;
			got = rig_admit(s, obj);
			CHECK_TEXT(got, "");
			xfree(got);
			json_put(obj, "metadata/namespace",
			    cJSON_CreateString("default"));
			(void)schema_validate_metadata(obj, true, &l);
			CHECK_ROW(l.n == 0, paths[i]);
			field_errors_free(&l);
		}
		cJSON_Delete(docs);
	}
	rig_close(&r);
}

static const struct unit_case cases[] = {
	UNIT_CASE(our_crds_have_names_labels_and_categories),
	UNIT_CASE(every_field_is_bounded_and_described),
	UNIT_CASE(rules_of_the_api_are_written_down),
	UNIT_CASE(templates_hold_the_spec_of_their_kind),
	UNIT_CASE(the_reference_is_true),
	UNIT_CASE(examples_are_valid),
};

int
main(void)
{
	return UNIT_RUN("api_crds", cases);
}
