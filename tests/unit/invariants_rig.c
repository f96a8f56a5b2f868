/* See invariants_rig.h. */
#include "tests/unit/invariants_rig.h"

#include <CUnit/Basic.h>
#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/str.h"

static void
rig_violated(void *arg, const char *name, const char *object, const char *text)
{
	struct rig *r = arg;

	(void)object;
	CU_ASSERT_PTR_NOT_NULL(inv_row(name));
	CU_ASSERT_TRUE(text[0] != '\0');
	if (r->said[0] == '\0')
		(void)str_copy(r->said, sizeof(r->said), name);
}

cJSON *
rig_json(const char *text)
{
	struct err e = { 0 };
	cJSON *j = json_parse(text, strlen(text), &e);

	if (j == NULL)
		(void)fprintf(stderr, "%s\n%s\n", e.msg, text);
	CU_ASSERT_PTR_NOT_NULL_FATAL(j);
	return j;
}

void
rig_commit(struct rig *r, const char *user, const char *group,
    const char *resource, const cJSON *before, const cJSON *after)
{
	const cJSON *any = after != NULL ? after : before;
	struct inv_commit c = { .at_us = r->now,
		.verb = "patch",
		.group = group,
		.resource = resource,
		.ns = json_str(any, "metadata/namespace", ""),
		.name = json_str(any, "metadata/name", ""),
		.user = user,
		.manager = "",
		.before = before,
		.after = after };

	invariants_commit(r->x, &c);
}

/* A merge patch on the host, by a user. */
void
rig_host(struct rig *r, const char *user, const char *patch)
{
	cJSON *p = rig_json(patch);
	cJSON *after = json_merge_patch(r->host, p);

	rig_commit(r, user, AX, "physicalhosts", r->host, after);
	cJSON_Delete(r->host);
	r->host = after;
	cJSON_Delete(p);
}

void
rig_machine(struct rig *r, const char *user, const char *patch)
{
	cJSON *p = rig_json(patch);
	cJSON *after = json_merge_patch(r->machine, p);

	rig_commit(r, user, AX, "beskar7machines", r->machine, after);
	cJSON_Delete(r->machine);
	r->machine = after;
	cJSON_Delete(p);
}

void
rig_record(struct rig *r, const char *phase, int attempt, const char *more)
{
	char *record = xasprintf("{\"v\":1,\"phase\":\"%s\",\"attempt\":%d,"
				 "\"uuid\":\"u-1\"%s%s}",
	    phase, attempt, str_eq(phase, "idle") ? "" : ",\"claim\":\"id-1\"",
	    more);
	cJSON *p = cJSON_CreateObject();
	char *text;

	json_set_str(json_ensure_obj(p, "metadata/annotations"),
	    AX "/host-record", record);
	text = json_print(p);
	rig_host(r, "beskar7-agent", text);
	xfree(text);
	xfree(record);
	cJSON_Delete(p);
}

void
rig_event(struct rig *r, struct bmc_event ev)
{
	const char **strings[] = { &ev.op, &ev.method, &ev.target, &ev.who,
		&ev.slot, &ev.text, &ev.from };

	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++)
		if (*strings[i] == NULL)
			*strings[i] = "";
	ev.at_us = r->now;
	ev.bmc = "bmc-000";
	invariants_bmc(r->x, &ev);
}

void
rig_note(struct rig *r, enum bmc_event_kind k, const char *text)
{
	rig_event(r, (struct bmc_event){ .kind = k, .text = text });
}

void
rig_reset(struct rig *r, const char *type)
{
	rig_event(r, (struct bmc_event){ .kind = BMC_EV_POWER_WRITE,
			 .text = type,
			 .who = "root",
			 .from = "10.0.1.1:40000" });
}

void
rig_media(struct rig *r, const char *op)
{
	rig_event(r, (struct bmc_event){ .kind = BMC_EV_REQUEST,
			 .op = op,
			 .method = "POST",
			 .target = "/x",
			 .status = 204,
			 .who = "root",
			 .from = "10.0.1.1:40000" });
	rig_note(r,
	    str_eq(op, "insert") ? BMC_EV_MEDIA_INSERTED : BMC_EV_MEDIA_EJECTED,
	    "http://o/i.iso");
}

void
rig_lease(struct rig *r, const char *holder)
{
	char *text = xasprintf("{\"metadata\":{\"name\":\"beskar7-agent\","
			       "\"namespace\":\"default\"},\"spec\":{"
			       "\"holderIdentity\":\"%s\","
			       "\"leaseDurationSeconds\":15}}",
	    holder);
	cJSON *l = rig_json(text);

	rig_commit(
	    r, "beskar7-agent", "coordination.k8s.io", "leases", NULL, l);
	cJSON_Delete(l);
	xfree(text);
}

void
rig_pass(struct rig *r, int64_t us)
{
	r->now += us;
}

void
rig_open(struct rig *r)
{
	static const char *const markers[] = { MARKER };
	struct inv_opts o = { .violated = rig_violated,
		.arg = r,
		.synchronous = true,
		.markers = markers,
		.n_markers = 1 };
	cJSON *cluster;

	memset(r, 0, sizeof(*r));
	r->x = invariants_new(&o);
	(void)facts_add_bmc(
	    invariants_facts(r->x), "bmc-000", "https://10.9.0.1", "Off");
	facts_agent_started(invariants_facts(r->x), 0);
	r->machine = rig_json("{\"metadata\":{\"name\":\"m1\",\"namespace\":"
			      "\"default\",\"labels\":{\"" CAPI
			      "/cluster-name\":\"c1\"},\"annotations\":{\"" AX
			      "/claim-id\":\"id-1\"}},\"spec\":{}}");
	r->host = rig_json(
	    "{\"metadata\":{\"name\":\"bmc-000\",\"namespace\":\"default\","
	    "\"finalizers\":[\"physicalhost." AX "\"],\"annotations\":{}},"
	    "\"spec\":{\"redfishConnection\":{\"address\":\"https://10.9.0.1\""
	    "}},\"status\":{\"state\":\"Available\"}}");
	cluster = rig_json("{\"metadata\":{\"name\":\"c1\",\"namespace\":"
			   "\"default\"},\"spec\":{\"paused\":false}}");
	rig_commit(r, "admin", CAPI, "clusters", NULL, cluster);
	cJSON_Delete(cluster);
	rig_commit(r, "admin", AX, "physicalhosts", NULL, r->host);
	rig_commit(r, "admin", AX, "beskar7machines", NULL, r->machine);
	rig_record(r, "idle", 0, "");
	rig_pass(r, LOOP_MIN);
}

void
rig_close(struct rig *r)
{
	invariants_free(r->x);
	cJSON_Delete(r->host);
	cJSON_Delete(r->machine);
}

void
rig_claim(struct rig *r)
{
	rig_host(r, "beskar7-agent",
	    "{\"spec\":{\"consumerRef\":{\"name\":\"m1\",\"claimID\":\"id-1\"}}"
	    "}");
	rig_host(r, "beskar7-agent", "{\"status\":{\"state\":\"Claimed\"}}");
	rig_pass(r, LOOP_MIN);
}

/* As an agent does it, up to an OS that runs. */
void
rig_provision(struct rig *r)
{
	rig_claim(r);
	rig_record(r, "provisioning", 1, "");
	rig_host(
	    r, "beskar7-agent", "{\"status\":{\"state\":\"Provisioning\"}}");
	rig_media(r, "insert");
	rig_note(r, BMC_EV_BOOT_OVERRIDE, "Once Cd UEFI");
	rig_record(r, "provisioning", 1, ",\"power\":\"On\"");
	rig_reset(r, "On");
	rig_note(r, BMC_EV_POWER_STATE, "On");
	rig_note(r, BMC_EV_BOOT_CONSUMED, "Once Cd UEFI");
	rig_note(r, BMC_EV_MEDIUM_READ, "loader");
	rig_pass(r, LOOP_MIN);
}

void
rig_provisioned(struct rig *r)
{
	rig_provision(r);
	rig_media(r, "eject");
	rig_record(r, "provisioned", 1, ",\"power\":\"On\"");
	rig_host(
	    r, "beskar7-agent", "{\"status\":{\"state\":\"Provisioned\"}}");
	rig_pass(r, LOOP_MIN);
}

void
rig_off(struct rig *r)
{
	rig_reset(r, "ForceOff");
	rig_note(r, BMC_EV_POWER_STATE, "Off");
}
