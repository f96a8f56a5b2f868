/*
 * Beskar7MachineTemplate: status.capacity and status.nodeInfo, from which the
 * cluster autoscaler scales a MachineDeployment from zero (capi-contract 3.14).
 * What every machine of the template has at least: the smallest number of each of
 * the known hosts that fit, claimed or not; with none, what the template asks
 * for. Thousands of hosts are looked at a few at a time.
 */
#include <string.h>

#include "agent/control/names.h"
#include "agent/control/object_ctl.h"
#include "agent/kube/informer.h"
#include "agent/kube/object.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"

#define TEMPLATE_SLICE 200         /* hosts a turn of the loop */
#define TEMPLATE_LULL (5 * LOOP_S) /* a fleet that enrols is counted once */
#define TEMPLATE_BREATH (2 * LOOP_MS)

struct template_sum {
	size_t hosts; /* that fit */
	int64_t cores, memory_gib;
	char architecture[32]; /* "" = not known, or not the same */
};

struct template_ctl {
	struct object_ctl o;
	struct template_sum sum;
	char *cursor; /* owned: the next host to look at; NULL = at rest */
	bool again;   /* hosts changed meanwhile */
};

void
template_ctl_free(void *arg)
{
	struct template_ctl *ctl = arg;

	if (ctl == NULL)
		return;
	object_ctl_fini(&ctl->o);
	xfree(ctl->cursor);
	xfree(ctl);
}

void
template_wake(struct controllers *c, const char *ns)
{
	size_t n = strlen(ns);

	for (size_t i = 0; i < c->template_ctls.n; i++) {
		struct template_ctl *ctl = c->template_ctls.v[i].value;

		if (strncmp(ctl->o.key, ns, n) != 0 || ctl->o.key[n] != '/')
			continue;
		ctl->again = true;
		if (ctl->cursor == NULL)
			workq_add_after(
			    c->template_q, ctl->o.key, TEMPLATE_LULL);
	}
}

void
template_changed(struct controllers *c, const char *key)
{
	struct template_ctl *ctl = map_get(&c->template_ctls, key);

	/* What was counted so far was counted for another spec. */
	if (ctl != NULL)
		xreplace(&ctl->cursor, NULL);
	workq_add(c->template_q, key);
}

/* ---- counting ------------------------------------------------------------------ */

static void
template_count(struct template_sum *s, const cJSON *host)
{
	const cJSON *d = json_obj(host, "status/hardwareDetails");
	const char *arch = json_str(d, "architecture", "");
	int64_t cores = json_i64(d, "processors/cores", 0);
	int64_t memory = json_i64(d, "memoryGiB", 0);

	if (cores <= 0 || memory <= 0)
		return; /* not inspected yet, or the BMC does not tell */
	if (s->hosts++ == 0) {
		s->cores = cores;
		s->memory_gib = memory;
		(void)str_copy(s->architecture, sizeof(s->architecture), arch);
		return;
	}
	s->cores = cores < s->cores ? cores : s->cores;
	s->memory_gib = memory < s->memory_gib ? memory : s->memory_gib;
	if (!str_eq(arch, s->architecture))
		s->architecture[0] = '\0';
}

static bool
template_look(struct template_ctl *ctl, const struct machine *m, size_t at)
{
	struct controllers *c = ctl->o.c;
	const char *key = informer_key_at(c->hosts, at);
	size_t n = strlen(m->ns);
	const cJSON *host;

	if (strncmp(key, m->ns, n) != 0 || key[n] != '/')
		return false;
	host = informer_get(c->hosts, key);
	if (host != NULL && !kobj_deleting(host) &&
	    controllers_watch(c, kobj_label(host, LABEL_WATCH)) &&
	    machine_fits(m, host))
		template_count(&ctl->sum, host);
	json_drop(host);
	return true;
}

/* true: all hosts of the namespace were looked at. */
static bool
template_walk(struct template_ctl *ctl, const struct machine *m)
{
	struct controllers *c = ctl->o.c;
	size_t i, end, all = informer_count(c->hosts);

	if (ctl->cursor == NULL) {
		ctl->again = false;
		memset(&ctl->sum, 0, sizeof(ctl->sum));
		ctl->cursor = xasprintf("%s/", m->ns);
	}
	i = informer_lower(c->hosts, ctl->cursor);
	for (end = i + TEMPLATE_SLICE; i < end && i < all; i++)
		if (!template_look(ctl, m, i))
			i = all - 1; /* those of other namespaces */
	if (i >= all) {
		xreplace(&ctl->cursor, NULL);
		return true;
	}
	xreplace(&ctl->cursor, informer_key_at(c->hosts, i));
	return false;
}

/* ---- saying -------------------------------------------------------------------- */

static const char *
template_architecture(const struct template_sum *s, const struct machine *m)
{
	static const char *const known[] = { "amd64", "arm64", "s390x",
		"ppc64le", NULL };
	const char *arch =
	    m->architecture != NULL ? m->architecture : s->architecture;

	for (size_t i = 0; known[i] != NULL; i++)
		if (str_eq(arch, known[i]))
			return known[i];
	return NULL;
}

static void
template_say(
    struct template_ctl *ctl, const struct machine *m, const cJSON *tree)
{
	const struct template_sum *s = &ctl->sum;
	int64_t cores = s->hosts > 0 ? s->cores : m->min_cores;
	int64_t memory = s->hosts > 0 ? s->memory_gib : m->min_memory_gib;
	const char *arch = template_architecture(s, m);
	cJSON *status = kobj_status_dup(tree), *capacity, *info;
	char text[32];

	json_set(status, "capacity", NULL);
	json_set(status, "nodeInfo", NULL);
	/* Half of it would be taken for a node without memory. */
	if (cores > 0 && memory > 0) {
		capacity = json_ensure_obj(status, "capacity");
		(void)str_format(text, sizeof(text), "%lld", (long long)cores);
		json_set_str(capacity, "cpu", text);
		(void)str_format(
		    text, sizeof(text), "%lldGi", (long long)memory);
		json_set_str(capacity, "memory", text);
		info = json_ensure_obj(status, "nodeInfo");
		json_set_str(info, "operatingSystem", "linux");
		if (arch != NULL)
			json_set_str(info, "architecture", arch);
	}
	(void)object_write_status(&ctl->o, tree, status);
	cJSON_Delete(status);
}

/* ---- running ------------------------------------------------------------------- */

/* The template as the machine that it would become. */
static cJSON *
template_machine(const cJSON *tree)
{
	cJSON *t = cJSON_CreateObject(), *meta = json_ensure_obj(t, "metadata");

	json_set_str(meta, "name", kobj_name(tree));
	json_set_str(meta, "namespace", kobj_ns(tree));
	json_set(t, "spec", json_dup(json_obj(tree, "spec/template/spec")));
	return t;
}

static void
template_pass(struct template_ctl *ctl, const cJSON *tree)
{
	struct controllers *c = ctl->o.c;
	struct machine m;

	if (kobj_deleting(tree) || kobj_annotation(tree, ANN_PAUSED) != NULL ||
	    !controllers_watch(c, kobj_label(tree, LABEL_WATCH)))
		return;
	c->passes++;
	machine_view_init(&m, ctl->o.key, template_machine(tree));
	/* A selector that is none fits no host, and says nothing. */
	if (m.wrong[0] != '\0')
		ctl->again = false;
	else if (!template_walk(ctl, &m))
		workq_add_after(c->template_q, ctl->o.key, TEMPLATE_BREATH);
	else
		template_say(ctl, &m, tree);
	if (ctl->cursor == NULL && ctl->again)
		workq_add_after(c->template_q, ctl->o.key, TEMPLATE_LULL);
	machine_view_fini(&m);
}

void
template_ctl_run(void *arg, const char *key)
{
	struct controllers *c = arg;
	const struct object_kind kind = { &c->template_ctls, c->templates,
		c->template_q, &RES_TEMPLATES, sizeof(struct template_ctl),
		template_ctl_free };
	const cJSON *tree;
	struct template_ctl *ctl = object_enter(c, &kind, key, &tree);

	if (ctl == NULL)
		return;
	template_pass(ctl, tree);
	json_drop(tree);
}
