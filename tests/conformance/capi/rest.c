/* Of check 51: a fleet in which everything was used, and a day of rest. */
#include "tests/conformance/capi/rest.h"

#define REST_DAY (24 * 60 * LOOP_MIN)

/* The sixth on are not provisioned; the last two are unwell. */
static const char *const vendors[] = { "generic", "ilo6", "idrac9",
	"supermicro-x12", "lenovo-xcc2", "openbmc", "idrac10", "irmc", "ilo5",
	"ami-megarac" };
#define REST_HOSTS (sizeof(vendors) / sizeof(vendors[0]))

static void
label(struct rig *r, const char *host, const char *value)
{
	rig_patch(r, HOST, host,
	    "{\"metadata\":{\"labels\":{\"role\":\"%s\"}}}", value);
}

static void
clusters_of_all_kinds(struct rig *r)
{
	rig_apply(r, "%s",
	    "apiVersion: " AX "/v1beta2\nkind: Beskar7Cluster\n"
	    "metadata: {name: c2}\nspec: {controlPlaneEndpointSource: "
	    "FirstControlPlaneMachine, failureDomains: [{name: z}]}\n"
	    "---\n"
	    "apiVersion: " CAPI "/v1beta2\nkind: Cluster\n"
	    "metadata: {name: c2}\n"
	    "spec: {infrastructureRef: {apiGroup: " AX
	    ", kind: Beskar7Cluster, name: c2}}\n"
	    "---\n"
	    "apiVersion: " AX "/v1beta2\nkind: Beskar7Cluster\n"
	    "metadata: {name: waits}\nspec: {}\n"
	    "---\n"
	    "apiVersion: " CAPI "/v1beta2\nkind: Cluster\n"
	    "metadata: {name: waits}\n"
	    "spec: {infrastructureRef: {apiGroup: " AX
	    ", kind: Beskar7Cluster, name: waits}}\n"
	    "---\n"
	    "apiVersion: " AX "/v1beta2\nkind: Beskar7MachineTemplate\n"
	    "metadata: {name: any}\nspec: {template: {spec: {image: "
	    "{url: \"http://10.0.0.3/installer.iso\"}}}}\n");
}

/* m1 brings the endpoint of c2 (an iLO 6 knows the system's address), m2 to m5
 * run in c1, m6 finds no host, m7 has no bootstrap data. */
static void
machines_of_all_kinds(struct rig *r)
{
	static const char *const in_c1[] = { "m2", "m3", "m4", "m5" };

	label(r, "bmc-001", "first");
	capi_machine(
	    r, &(struct capi_machine){ .name = "m1",
		   .cluster = "c2",
		   .spec = "hostSelector: {matchLabels: {role: first}}" });
	CU_ASSERT_TRUE_FATAL(capi_up(r, "m1"));
	for (size_t i = 0; i < 4; i++)
		capi_machine(
		    r, &(struct capi_machine){ .name = in_c1[i],
			   .cluster = "c1",
			   .spec = "hostSelector: {matchLabels: {role: c1}}" });
	label(r, "bmc-000", "c1");
	label(r, "bmc-002", "c1");
	label(r, "bmc-003", "c1");
	label(r, "bmc-004", "c1");
	for (size_t i = 0; i < 4; i++)
		CU_ASSERT_TRUE_FATAL(capi_up(r, in_c1[i]));
	capi_machine(
	    r, &(struct capi_machine){ .name = "m6",
		   .cluster = "c1",
		   .spec = "hostSelector: {matchLabels: {role: none}}" });
	capi_machine(r, &(struct capi_machine){ .name = "m7",
			    .cluster = "c1",
			    .bootstrap = "{dataSecretName: never}" });
}

static void
remediation_of(struct rig *r, const char *machine, const char *type)
{
	char *uid = capi_text(r, MACHINES, machine, "metadata/uid");

	rig_apply(r,
	    "apiVersion: " AX "/v1beta2\nkind: Beskar7Remediation\n"
	    "metadata:\n  name: %s\n  labels: {" CAPI "/cluster-name: c1}\n"
	    "  ownerReferences:\n"
	    "  - {apiVersion: " CAPI "/v1beta2, kind: Machine, name: %s, uid: "
	    "%s, controller: true}\n"
	    "spec: {type: %s}\n",
	    machine, machine, uid, type);
	CU_ASSERT_TRUE(rig_wait(r, "beskar7remediations", machine,
	    "?Remediated", "True", 20 * LOOP_MIN));
	xfree(uid);
}

static void
hosts_of_all_kinds(struct rig *r)
{
	rig_patch(r, HOST, "bmc-005", "%s",
	    "{\"spec\":{\"maintenance\":{\"reason\":\"a fan\"}}}");
	rig_patch(r, HOST, "bmc-006", "%s", "{\"spec\":{\"online\":true}}");
	rig_annotate(r, "bmc-007", CAPI "/paused", "");
	rig_bmc_do(r, "bmc-008", "password", "{\"password\":\"another\"}");
	rig_bmc_do(r, "bmc-008", "end-sessions", "{}");
	rig_bmc_do(r, "bmc-009", "faults", "{\"action\":\"refuse\"}");
}

void
rest_of_a_fleet(void)
{
	struct rig_opts o = { .bmcs = REST_HOSTS,
		.profiles = vendors,
		.n_profiles = REST_HOSTS,
		.timing = capi_quick,
		.agent = { .leader_elect = true } };
	struct rig *r = rig_new(&o);
	struct saw_log *l;
	unsigned events, reads;

	clusters_of_all_kinds(r);
	machines_of_all_kinds(r);
	remediation_of(r, "m3", "PowerCycle");
	remediation_of(r, "m4", "PowerOff");
	hosts_of_all_kinds(r);
	rig_run(r, 3 * 60 * LOOP_MIN);
	CU_ASSERT_TRUE(rig_is(r, B7C, "c2", "?Ready", "True"));
	CU_ASSERT_TRUE(
	    rig_is(r, HOST, "bmc-008", "?RedfishConnectionReady", "False"));
	CU_ASSERT_TRUE(
	    rig_is(r, HOST, "bmc-009", "?RedfishConnectionReady", "False"));
	events = r->events;
	reads = r->bmc[0].requests;
	l = saw_start(r);
	capi_still(r, REST_DAY);
	CU_ASSERT_EQUAL(r->events, events);
	CU_ASSERT_TRUE(r->bmc[0].requests > reads); /* it was awake */
	for (size_t i = 0; i < l->n; i++)
		(void)printf("written at rest: %s %s/%s\n", l->v[i].verb,
		    l->v[i].resource, l->v[i].name);
	saw_free(l);
	rig_free(r);
}
