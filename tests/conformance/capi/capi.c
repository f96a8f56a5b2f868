/* See capi.h. */
#include "tests/conformance/capi/capi.h"

#include <stdarg.h>
#include <stdio.h>

#include "common/buf.h"
#include "common/files.h"
#include "common/yaml.h"

const struct bmc_timing capi_quick = {
	.post_ms = 10000, .install_ms = 10000, .os_boot_ms = 5000
};

struct rig *
capi_new(unsigned bmcs)
{
	struct rig_opts o = { .bmcs = bmcs, .timing = capi_quick };
	struct rig *r = rig_new(&o);

	rig_run(r, LOOP_MIN); /* c1 is provisioned */
	return r;
}

struct rig *
capi_new_idle(unsigned bmcs)
{
	struct rig_opts o = {
		.bmcs = bmcs, .timing = capi_quick, .no_agent = true
	};

	return rig_new(&o);
}

struct rig *
capi_new_up(unsigned bmcs)
{
	struct rig *r = capi_new(bmcs);

	rig_machine(r, "m1");
	CU_ASSERT_TRUE_FATAL(capi_up(r, "m1"));
	rig_run(r, LOOP_MIN);
	return r;
}

/* ---- the API --------------------------------------------------------------- */

cJSON *
capi_ask(struct rig *r, const char *method, const char *type, const char *path,
    const char *body, int *status)
{
	return kube_server_do(
	    stage_kube(r->s), method, path, type, body, status);
}

int
capi_call(struct rig *r, const char *method, const char *type, const char *path,
    const char *body)
{
	int status = 0;

	cJSON_Delete(capi_ask(r, method, type, path, body, &status));
	return status;
}

int
capi_merge(struct rig *r, const char *path, const char *body)
{
	return capi_call(r, "PATCH", MERGE, path, body);
}

char *
capi_text(
    struct rig *r, const char *resource, const char *name, const char *path)
{
	cJSON *o = rig_get(r, resource, name);
	const cJSON *v = json_at(o, path);
	char *out = v == NULL           ? NULL
		    : cJSON_IsString(v) ? xstrdup(v->valuestring)
					: json_print(v);

	cJSON_Delete(o);
	return out;
}

bool
capi_is(struct rig *r, const char *resource, const char *name, const char *path,
    const char *value)
{
	char *is = capi_text(r, resource, name, path);
	bool ok = str_eq(is, value);

	xfree(is);
	return ok;
}

struct capi_want {
	struct rig *r;
	const char *resource, *name, *path, *value;
	int64_t seen; /* as of this revision it is not as it should */
};

static bool
capi_reached(void *arg)
{
	struct capi_want *w = arg;
	int64_t now = kube_server_revision(stage_kube(w->r->s));
	bool changed = now != w->seen;

	w->seen = now;
	return changed &&
	       capi_is(w->r, w->resource, w->name, w->path, w->value);
}

bool
capi_wait(struct rig *r, const char *resource, const char *name,
    const char *path, const char *value, int64_t within_us)
{
	struct capi_want w = { r, resource, name, path, value, -1 };
	struct world *world = stage_world(r->s);
	char *text;

	if (world_run(world, world_now_us(world) + within_us, capi_reached, &w))
		return true;
	text = capi_text(r, resource, name, "status");
	(void)printf("waited for %s %s %s=%s\n%s\n", resource, name, path,
	    value == NULL ? "(none)" : value, text == NULL ? "" : text);
	xfree(text);
	return false;
}

bool
capi_up(struct rig *r, const char *name)
{
	return capi_wait(r, B7M, name, "status/initialization/provisioned",
	    "true", 20 * LOOP_MIN);
}

char *
capi_cond(struct rig *r, const char *resource, const char *name,
    const char *type, const char *member)
{
	cJSON *o = rig_get(r, resource, name);
	const cJSON *c;
	char *out = NULL;

	cJSON_ArrayForEach (c, json_arr(o, "status/conditions"))
		if (str_eq(json_str(c, "type", NULL), type))
			out = xstrdup(json_str(c, member, NULL));
	cJSON_Delete(o);
	return out;
}

bool
capi_cond_is(struct rig *r, const char *resource, const char *name,
    const char *type, const char *member, const char *value)
{
	char *is = capi_cond(r, resource, name, type, member);
	bool ok = str_eq(is, value);

	if (!ok)
		(void)printf("%s %s %s.%s is <%s>, wanted <%s>\n", resource,
		    name, type, member, is == NULL ? "(absent)" : is,
		    value == NULL ? "(absent)" : value);
	xfree(is);
	return ok;
}

bool
capi_has_finalizer(struct rig *r, const char *resource, const char *name,
    const char *finalizer)
{
	cJSON *o = rig_get(r, resource, name);
	const cJSON *f;
	bool has = false;

	cJSON_ArrayForEach (f, json_arr(o, "metadata/finalizers"))
		has = has || str_eq(f->valuestring, finalizer);
	cJSON_Delete(o);
	return has;
}

cJSON *
capi_file(const char *path)
{
	struct files f = files_system();
	struct err e = { 0 };
	struct buf b;
	cJSON *j = NULL;

	buf_init(&b, YAML_MAX_BYTES);
	if (f.read(f.self, path, &b, &e))
		j = yaml_parse_all(buf_str(&b), b.n, path, &e);
	if (j == NULL)
		(void)printf("%s\n", e.msg);
	CU_ASSERT_PTR_NOT_NULL_FATAL(j);
	buf_free(&b);
	return j;
}

void
capi_machine(struct rig *r, const struct capi_machine *m)
{
	const char *ns = m->ns != NULL ? m->ns : "default";
	const char *labels =
	    m->labels != NULL ? m->labels : CAPI "/control-plane: \"\"";
	const char *dot = labels[0] == '\0' ? "" : ", ";

	rig_apply(r,
	    "apiVersion: " AX "/v1beta2\n"
	    "kind: Beskar7Machine\n"
	    "metadata: {name: %s, namespace: %s, labels: {" CAPI
	    "/cluster-name: %s%s%s}}\n"
	    "spec: {image: {%s}%s%s}\n"
	    "---\n"
	    "apiVersion: " CAPI "/v1beta2\n"
	    "kind: Machine\n"
	    "metadata: {name: %s, namespace: %s, labels: {" CAPI
	    "/cluster-name: %s%s%s}}\n"
	    "spec: {clusterName: %s, bootstrap: %s, infrastructureRef: "
	    "{apiGroup: " AX ", kind: Beskar7Machine, name: %s}%s%s}\n",
	    m->name, ns, m->cluster, dot, labels,
	    m->image != NULL ? m->image
			     : "url: \"http://10.0.0.3/installer.iso\"",
	    m->spec == NULL ? "" : ", ", m->spec == NULL ? "" : m->spec,
	    m->name, ns, m->cluster, dot, labels, m->cluster,
	    m->bootstrap != NULL ? m->bootstrap
				 : "{configRef: {apiGroup: bootstrap." CAPI
				   ", kind: KubeadmConfig, name: x}}",
	    m->name, m->more == NULL ? "" : ", ",
	    m->more == NULL ? "" : m->more);
}

void
capi_machine_of(struct rig *r, const char *name, const char *cluster)
{
	capi_machine(
	    r, &(struct capi_machine){ .name = name, .cluster = cluster });
}

/* ---- machines without core -------------------------------------------------- */

void
capi_parked(struct rig *r, const char *name)
{
	rig_apply(r,
	    "apiVersion: v1\n"
	    "kind: Secret\n"
	    "metadata: {name: %s-data}\n"
	    "stringData: {value: \"#cloud-config\\n# " MARKER "\\n\"}\n"
	    "---\n"
	    "apiVersion: " CAPI "/v1beta2\n"
	    "kind: Machine\n"
	    "metadata:\n"
	    "  name: %s\n"
	    "  labels: {" CAPI "/cluster-name: c1, " CAPI
	    "/control-plane: \"\"}\n"
	    "  annotations: {" CAPI "/paused: \"\"}\n"
	    "spec:\n"
	    "  clusterName: c1\n"
	    "  bootstrap: {dataSecretName: %s-data}\n"
	    "  infrastructureRef: {apiGroup: " AX
	    ", kind: Beskar7Machine, name: %s}\n"
	    "---\n"
	    "apiVersion: " AX "/v1beta2\n"
	    "kind: Beskar7Machine\n"
	    "metadata: {name: %s, labels: {" CAPI "/cluster-name: c1}}\n"
	    "spec: {image: {url: \"http://10.0.0.3/installer.iso\"}}\n",
	    name, name, name, name, name);
}

void
capi_own(struct rig *r, const char *name, const char *api_version)
{
	char *uid = capi_text(r, MACHINES, name, "metadata/uid");

	rig_patch(r, B7M, name,
	    "{\"metadata\":{\"ownerReferences\":[{\"apiVersion\":\"%s\","
	    "\"kind\":\"Machine\",\"name\":\"%s\",\"uid\":\"%s\","
	    "\"controller\":true,\"blockOwnerDeletion\":true}]}}",
	    api_version, name, uid);
	xfree(uid);
}

/* ---- what was seen ------------------------------------------------------------ */

static void
saw_note(void *arg, const struct inv_commit *c)
{
	struct saw_log *l = arg;
	struct saw *s;

	if (str_eq(c->resource, "events") || str_eq(c->resource, "leases"))
		return;
	if (l->n == l->cap) {
		l->cap = l->cap == 0 ? 64 : l->cap * 2;
		l->v = xreallocarray(l->v, l->cap, sizeof(*l->v));
	}
	s = &l->v[l->n++];
	memset(s, 0, sizeof(*s));
	s->at_us = c->at_us;
	s->agent = str_eq(c->user, "beskar7-agent");
	(void)str_copy(s->verb, sizeof(s->verb), c->verb);
	(void)str_copy(s->resource, sizeof(s->resource), c->resource);
	(void)str_copy(s->ns, sizeof(s->ns), c->ns);
	(void)str_copy(s->name, sizeof(s->name), c->name);
	(void)str_copy(
	    s->manager, sizeof(s->manager), c->manager ? c->manager : "");
	s->before = json_dup(c->before);
	s->after = json_dup(c->after);
}

struct saw_log *
saw_start(struct rig *r)
{
	struct saw_log *l = xcalloc(1, sizeof(*l));

	l->r = r;
	r->watch = saw_note;
	r->watch_arg = l;
	return l;
}

void
saw_free(struct saw_log *l)
{
	l->r->watch = NULL;
	for (size_t i = 0; i < l->n; i++) {
		cJSON_Delete(l->v[i].before);
		cJSON_Delete(l->v[i].after);
	}
	xfree(l->v);
	xfree(l);
}

const struct saw *
saw_next(const struct saw_log *l, const struct saw *after, const char *resource,
    const char *name)
{
	size_t i = after == NULL ? 0 : (size_t)(after - l->v) + 1;

	for (; i < l->n; i++)
		if (str_eq(l->v[i].resource, resource) &&
		    (name == NULL || str_eq(l->v[i].name, name)))
			return &l->v[i];
	return NULL;
}

unsigned
saw_writes(const struct saw_log *l, const char *resource, const char *name)
{
	const struct saw *s = NULL;
	unsigned n = 0;

	while ((s = saw_next(l, s, resource, name)) != NULL)
		n += s->agent;
	return n;
}

unsigned
capi_touched(const struct rig *r, unsigned bmc)
{
	const struct rig_bmc *b = &r->bmc[bmc];

	return b->resets + b->arms + b->inserts + b->ejects;
}

unsigned
capi_touched_all(const struct rig *r)
{
	unsigned n = 0;

	for (unsigned i = 0; i < r->bmcs; i++)
		n += capi_touched(r, i);
	return n;
}

void
capi_still(struct rig *r, int64_t us)
{
	unsigned commits = r->commits, touched = capi_touched_all(r);

	rig_run(r, us);
	CU_ASSERT_EQUAL(r->commits, commits);
	CU_ASSERT_EQUAL(capi_touched_all(r), touched);
}

unsigned
capi_claims(struct rig *r)
{
	cJSON *all = kube_server_list(stage_kube(r->s), AX, HOST, NULL);
	const cJSON *h;
	unsigned n = 0;

	cJSON_ArrayForEach (h, all)
		n += json_at(h, "spec/consumerRef") != NULL;
	cJSON_Delete(all);
	return n;
}
