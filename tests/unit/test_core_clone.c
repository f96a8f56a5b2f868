/* Machines as a MachineSet makes them, with the real agent beside it: nobody
 * may write to a clone before its Machine owns it. */
#include <stdio.h>

#include "common/loop.h"
#include "common/mem.h"
#include "sim/core/clone.h"
#include "sim/core/core.h"
#include "tests/unit/core_rig.h"

#define CLONES 50

struct tally {
	unsigned done, ok, conflicts;
	char why[256];
};

static void
clone_done(void *arg, const struct core_clone_result *r)
{
	struct tally *t = arg;

	t->done++;
	t->ok += r->ok ? 1 : 0;
	t->conflicts += r->conflicts;
	if (!r->ok)
		(void)snprintf(t->why, sizeof(t->why), "%s", r->why);
}

static const char template_yaml[] =
    "apiVersion: infrastructure.cluster.x-k8s.io/v1beta2\n"
    "kind: Beskar7Cluster\n"
    "metadata: {name: c1}\n"
    "spec: {controlPlaneEndpoint: {host: 10.1.2.3, port: 6443}}\n"
    "---\n"
    "apiVersion: cluster.x-k8s.io/v1beta2\n"
    "kind: Cluster\n"
    "metadata: {name: c1}\n"
    "spec:\n"
    "  infrastructureRef: {apiGroup: infrastructure.cluster.x-k8s.io, kind: "
    "Beskar7Cluster, name: c1}\n"
    "---\n"
    "apiVersion: infrastructure.cluster.x-k8s.io/v1beta2\n"
    "kind: Beskar7MachineTemplate\n"
    "metadata: {name: t1}\n"
    "spec:\n"
    "  template:\n"
    "    metadata: {labels: {from: template}, annotations: {note: keep}}\n"
    "    spec: {image: {url: \"http://10.0.0.3/installer.iso\"}}\n";

static void
clones(struct core_rig *r, unsigned n, struct tally *t)
{
	for (unsigned i = 0; i < n; i++) {
		char name[32];
		struct core_clone_opts o = {
			.group = "infrastructure.cluster.x-k8s.io",
			.kind = "Beskar7MachineTemplate",
			.ns = "default",
			.name = "t1",
			.machine = name,
			.cluster = "c1",
			.control_plane = i == 0,
		};

		(void)snprintf(name, sizeof(name), "clone-%02u", i);
		core_clone(stage_core(r->s), &o, clone_done, t);
	}
	core_rig_run(r, 20 * LOOP_S);
}

static void
fifty_clones_meet_no_conflict_because_of_the_agent(void)
{
	struct stage_agent_opts ao = { 0 };
	struct core_rig r;
	struct tally t = { 0 };
	struct err e = { 0 };

	core_rig_open(&r, 0);
	CU_ASSERT_TRUE_FATAL(stage_agent_start(r.s, 0, &ao, &e));
	core_rig_apply(&r, template_yaml);
	core_rig_run(&r, 10 * LOOP_S);
	clones(&r, CLONES, &t);
	if (t.why[0] != '\0')
		(void)fprintf(stderr, "%s\n", t.why);
	CU_ASSERT_EQUAL(t.done, CLONES);
	CU_ASSERT_EQUAL(t.ok, CLONES);
	CU_ASSERT_EQUAL(t.conflicts, 0);
	core_rig_run(&r, 60 * LOOP_S);
	for (unsigned i = 0; i < CLONES; i++) {
		char path[160];

		(void)snprintf(path, sizeof(path),
		    "/apis/infrastructure.cluster.x-k8s.io/v1beta2/namespaces/"
		    "default/beskar7machines/clone-%02u",
		    i);
		/* It is taken over, and nothing of its making was lost. */
		CHECK_TEXT(
		    core_rig_at(&r, path, "metadata/ownerReferences/0/kind"),
		    "Machine");
		CHECK_TEXT(
		    core_rig_at(&r, path, "metadata/ownerReferences/1"), "");
		CHECK_TEXT(core_rig_at(&r, path, "metadata/finalizers/0"),
		    "beskar7machine.infrastructure.cluster.x-k8s.io");
		CHECK_TEXT(core_rig_at(&r, path,
			       "metadata/annotations/"
			       "cluster.x-k8s.io~1cloned-from-name"),
		    "t1");
		CHECK_TEXT(core_rig_at(&r, path,
			       "metadata/annotations/"
			       "cluster.x-k8s.io~1cloned-from-groupkind"),
		    "Beskar7MachineTemplate.infrastructure.cluster.x-k8s.io");
		CHECK_TEXT(
		    core_rig_at(&r, path, "metadata/annotations/note"), "keep");
		CHECK_TEXT(
		    core_rig_at(&r, path, "metadata/labels/from"), "template");
		CHECK_TEXT(core_rig_at(&r, path, "spec/image/url"),
		    "http://10.0.0.3/installer.iso");
	}
	core_rig_close(&r);
}

/* The count would be worth nothing if it could not count. */
static void
a_hasty_writer_is_counted(void)
{
	static const struct kube_fail hasty = { .verb = "patch",
		.resource = "beskar7machines.infrastructure.cluster.x-k8s.io",
		.user = "core",
		.status = 409,
		.count = 2 };
	struct core_rig r;
	struct tally t = { 0 };

	core_rig_open(&r, 0);
	core_rig_apply(&r, template_yaml);
	core_rig_run(&r, 10 * LOOP_S);
	kube_server_fail(stage_kube(r.s), &hasty);
	clones(&r, 1, &t);
	CU_ASSERT_EQUAL(t.ok, 1);
	CU_ASSERT_EQUAL(t.conflicts, 2);
	core_rig_close(&r);
}

static void
says_what_is_missing(void)
{
	struct core_clone_opts o = { .group = "no.example.org",
		.kind = "NoneTemplate",
		.ns = "default",
		.name = "t1",
		.machine = "m",
		.cluster = "c1" };
	struct core_rig r;
	struct tally t = { 0 };

	core_rig_open(&r, 0);
	core_clone(stage_core(r.s), &o, clone_done, &t);
	CU_ASSERT_EQUAL(t.done, 1);
	CHECK_TEXT(t.why,
	    "no kind NoneTemplate of no.example.org with the contract's label");
	t = (struct tally){ 0 };
	clones(&r, 1, &t);
	CU_ASSERT_EQUAL(t.done, 1);
	CU_ASSERT_PTR_NOT_NULL(strstr(t.why, "read the template: 404"));
	core_rig_close(&r);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		{ "fifty clones meet no conflict because of the agent",
		    fifty_clones_meet_no_conflict_because_of_the_agent },
		{ "a hasty writer is counted", a_hasty_writer_is_counted },
		{ "says what is missing", says_what_is_missing },
	};

	return UNIT_RUN("core_clone", cases);
}
