#include "sim/kube/crd.h"

#include "tests/unit/schema_rig.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

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

static struct crd *
load(const char *path, cJSON **doc)
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

static void
rig_open(struct rig *r)
{
	struct err e;

	for (size_t i = 0; i < N(ours); i++) {
		r->crd[i] = load(ours[i].path, &r->doc[i]);
		CU_ASSERT_PTR_NOT_NULL_FATAL(r->crd[i]);
	}
	r->crd[N(ours)] = load("sim/core/crds/cluster.yaml", &r->doc[N(ours)]);
	r->crd[N(ours) + 1] =
	    load("sim/core/crds/machine.yaml", &r->doc[N(ours) + 1]);
	r->builtin[0] = schema_builtin("", "Secret");
	r->secret = schema_compile(r->builtin[0], &e);
}

static void
rig_close(struct rig *r)
{
	for (size_t i = 0; i < ALL; i++) {
		crd_free(r->crd[i]);
		cJSON_Delete(r->doc[i]);
	}
	schema_free(r->secret);
	cJSON_Delete(r->builtin[0]);
}

static const struct schema *
schema_of(const struct rig *r, const char *kind)
{
	for (size_t i = 0; i < ALL; i++)
		if (str_eq(r->crd[i]->kind, kind))
			return r->crd[i]->versions[0].schema;
	return str_eq(kind, "Secret") ? r->secret : NULL;
}

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

/* ---- objects ------------------------------------------------------------ */

#define HOST \
	"redfishConnection: {address: 'https://h', credentialsSecretRef: " \
	"{name: s}}"
#define HSPEC(more) "{spec: {" HOST more "}}"
#define HSTAT(text) "{spec: {" HOST "}, status: {" text "}}"
#define MSPEC(more) "{spec: {image: {url: 'http://h/x.iso'}" more "}}"
#define MSTAT(text) \
	"{spec: {image: {url: 'http://h/x.iso'}}, status: {" text "}}"
#define TIME "lastTransitionTime: '2026-01-01T00:00:00Z'"

static const struct {
	const char *kind, *object;
	const char *want; /* "" accepted, else part of what is said */
} rows[] = {
	{ "PhysicalHost", HSPEC(""), "" },
	{ "PhysicalHost", "{}", "spec: Required value" },
	{ "PhysicalHost", "{spec: {}}",
	    "spec.redfishConnection: Required value" },
	{ "PhysicalHost", "{spec: {redfishConnection: {address: 'https://h'}}}",
	    "spec.redfishConnection.credentialsSecretRef: Required value" },
	{ "PhysicalHost",
	    "{spec: {redfishConnection: {address: 'https://h', "
	    "credentialsSecretRef: {}}}}",
	    "spec.redfishConnection.credentialsSecretRef.name: Required" },
	{ "PhysicalHost",
	    "{spec: {redfishConnection: {address: 'https://h', "
	    "credentialsSecretRef: {name: S_x}}}}",
	    "credentialsSecretRef.name in body should match" },
	{ "PhysicalHost", HSPEC(", failureDomain: x"),
	    "unknown field \"spec.failureDomain\"" },
	{ "PhysicalHost", HSPEC(", online: true, maintenance: {}"), "" },
	{ "PhysicalHost", HSPEC(", online: 'yes'"),
	    "spec.online in body must be of type boolean" },
	{ "PhysicalHost", HSPEC(", maintenance: {reason: disk}"), "" },
	{ "PhysicalHost", HSPEC(", mediaTransport: HTTPS"), "" },
	{ "PhysicalHost", HSPEC(", mediaTransport: NFS"),
	    "supported values: \"Auto\", \"HTTP\", \"HTTPS\"" },
	{ "PhysicalHost", HSPEC(", networkDataSecretRef: {name: net}"), "" },
	{ "PhysicalHost",
	    HSPEC(", consumerRef: {name: m, claimID: c-1, namespace: ns, "
		  "apiVersion: infrastructure.cluster.x-k8s.io/v1beta2, kind: "
		  "Beskar7Machine}, bootIsoSource: 'http://h/x.iso?a=b', "
		  "userDataSecretRef: {name: u}"),
	    "" },
	{ "PhysicalHost", HSPEC(", consumerRef: {name: m}"),
	    "spec.consumerRef.claimID: Required value" },
	{ "PhysicalHost", HSPEC(", consumerRef: {claimID: c}"),
	    "spec.consumerRef.name: Required value" },
	{ "PhysicalHost",
	    HSPEC(", consumerRef: {name: m, claimID: c, kind: Pod}"),
	    "Unsupported value: \"Pod\"" },
	{ "PhysicalHost",
	    HSPEC(", consumerRef: {name: m, claimID: c, apiVersion: v1}"),
	    "spec.consumerRef.apiVersion in body should match" },
	{ "PhysicalHost", HSPEC(", bootIsoSource: 'nfs://h/x.iso'"),
	    "spec.bootIsoSource in body should match" },
	{ "PhysicalHost", HSTAT("state: Available"), "" },
	{ "PhysicalHost", HSTAT("state: Ready"),
	    "status.state: Unsupported value: \"Ready\"" },
	{ "PhysicalHost", HSTAT("observedPowerState: 'On'"), "" },
	{ "PhysicalHost", HSTAT("observedPowerState: 'Reset'"),
	    "status.observedPowerState: Unsupported" },
	{ "PhysicalHost",
	    HSTAT("operation: {kind: Provision, attempt: 1, maxAttempts: 3, "
		  "since: '2026-01-01T00:00:00Z', deadline: "
		  "'2026-01-01T01:00:00Z', waitingOn: power, reason: "
		  "PoweringOff, message: m, progressPercent: 10, lastEvidence: "
		  "{what: w, time: '2026-01-01T00:00:00Z'}}"),
	    "" },
	{ "PhysicalHost", HSTAT("operation: {kind: Wait}"),
	    "status.operation.kind: Unsupported" },
	{ "PhysicalHost", HSTAT("operation: {progressPercent: 101}"),
	    "less than or equal to 100" },
	{ "PhysicalHost", HSTAT("operation: {since: now}"),
	    "must be of type date-time" },
	{ "PhysicalHost",
	    HSTAT("hardwareDetails: {manufacturer: M, model: X, serialNumber: "
		  "S, systemUUID: u, architecture: amd64, processors: {count: "
		  "2, cores: 64}, memoryGiB: 256, drives: [{capacityGB: 960}], "
		  "nics: [{macAddress: 'aa:bb:cc:dd:ee:ff'}], firmware: {bios: "
		  "b, bmc: c, redfish: d}, secureBoot: true, tpm: true, "
		  "health: {status: OK, causes: []}, quirks: [q]}"),
	    "" },
	{ "PhysicalHost", HSTAT("hardwareDetails: {nics: [{name: x}]}"),
	    "nics[0].macAddress: Required value" },
	{ "PhysicalHost", HSTAT("hardwareDetails: {health: {status: Bad}}"),
	    "health.status: Unsupported value" },

	{ "Beskar7Machine", MSPEC(""), "" },
	{ "Beskar7Machine", "{spec: {}}", "spec.image: Required value" },
	{ "Beskar7Machine", "{spec: {image: {}}}",
	    "spec.image.url: Required value" },
	{ "Beskar7Machine", MSPEC(", failureDomain: x"),
	    "unknown field \"spec.failureDomain\"" },
	{ "Beskar7Machine", MSPEC(", providerID: 'b7://ns/host-1.rack'"), "" },
	{ "Beskar7Machine", MSPEC(", providerID: 'aws://x/y'"),
	    "spec.providerID in body should match" },
	{ "Beskar7Machine", MSPEC(", providerID: ''"), "at least 1 chars" },
	{ "Beskar7Machine", MSPEC(", bootMode: UEFI"), "" },
	{ "Beskar7Machine", MSPEC(", bootMode: BIOS"),
	    "supported values: \"UEFI\", \"Legacy\"" },
	{ "Beskar7Machine",
	    "{spec: {image: {url: 'https://h:8443/x.iso', kind: Live, "
	    "ejectWhenUp: true, checksum: 'https://h/SHA256SUMS'}}}",
	    "" },
	{ "Beskar7Machine", "{spec: {image: {url: 'https://u:p@h/x.iso'}}}",
	    "spec.image.url in body should match" },
	{ "Beskar7Machine",
	    "{spec: {image: {url: 'https://h/x.iso', checksum: "
	    "'sha256:0123456789abcdef0123456789abcdef0123456789abcdef01234567"
	    "89ABCDEF'}}}",
	    "" },
	{ "Beskar7Machine",
	    "{spec: {image: {url: 'https://h/x.iso', checksum: "
	    "'sha256:01'}}}",
	    "spec.image.checksum in body should match" },
	{ "Beskar7Machine",
	    "{spec: {image: {url: 'https://h/x.iso', kind: Disk}}}",
	    "spec.image.kind: Unsupported" },
	{ "Beskar7Machine",
	    MSPEC(", userData: {delivery: None, format: Ignition, "
		  "wrapperSecretRef: {name: w}, kernelArgs: 'a=b c', metaData: "
		  "{k: v}}"),
	    "" },
	{ "Beskar7Machine", MSPEC(", userData: {delivery: Floppy}"),
	    "spec.userData.delivery: Unsupported" },
	{ "Beskar7Machine", MSPEC(", userData: {format: Kickstart}"),
	    "spec.userData.format: Unsupported" },
	{ "Beskar7Machine", MSPEC(", userData: {kernelArgs: \"a\\nb\"}"),
	    "spec.userData.kernelArgs in body should match" },
	{ "Beskar7Machine", MSPEC(", userData: {metaData: {k: 1}}"),
	    "spec.userData.metaData.k in body must be of type string" },
	{ "Beskar7Machine",
	    MSPEC(", hostSelector: {matchLabels: {a: b}, matchExpressions: "
		  "[{key: k, operator: In, values: [v]}]}"),
	    "" },
	{ "Beskar7Machine",
	    MSPEC(", hostSelector: {matchExpressions: [{key: k, operator: "
		  "Is}]}"),
	    "operator: Unsupported value: \"Is\"" },
	{ "Beskar7Machine",
	    MSPEC(", hostSelector: {matchExpressions: [{operator: "
		  "Exists}]}"),
	    "matchExpressions[0].key: Required" },
	{ "Beskar7Machine",
	    MSPEC(", hardwareRequirements: {minCores: 8, minMemoryGiB: 32, "
		  "minDriveGB: 400, minDrives: 2, architecture: arm64}"),
	    "" },
	{ "Beskar7Machine", MSPEC(", hardwareRequirements: {minCores: 0}"),
	    "greater than or equal to 1" },
	{ "Beskar7Machine",
	    MSPEC(", hardwareRequirements: {architecture: sparc}"),
	    "architecture: Unsupported" },
	{ "Beskar7Machine",
	    MSPEC(", completion: {evidence: Node, timeoutSeconds: 60, "
		  "maxAttempts: 1}, release: {gracefulSeconds: 0}"),
	    "" },
	{ "Beskar7Machine", MSPEC(", completion: {evidence: Hope}"),
	    "spec.completion.evidence: Unsupported" },
	{ "Beskar7Machine", MSPEC(", completion: {timeoutSeconds: 0}"),
	    "greater than or equal to 1" },
	{ "Beskar7Machine", MSPEC(", completion: {maxAttempts: 101}"),
	    "less than or equal to 100" },
	{ "Beskar7Machine", MSPEC(", release: {gracefulSeconds: -1}"),
	    "greater than or equal to 0" },
	{ "Beskar7Machine",
	    MSTAT("initialization: {provisioned: true}, failureDomain: r1, "
		  "addresses: [{type: InternalIP, address: 10.0.0.1}], "
		  "hostRef: {name: h}"),
	    "" },
	{ "Beskar7Machine", MSTAT("initialization: {}"),
	    "at least 1 properties" },
	{ "Beskar7Machine", MSTAT("initialization: {provisioned: 'true'}"),
	    "must be of type boolean" },
	{ "Beskar7Machine", MSTAT("addresses: [{type: Foo, address: a}]"),
	    "addresses[0].type: Unsupported" },
	{ "Beskar7Machine", MSTAT("addresses: [{type: Hostname, address: ''}]"),
	    "addresses[0].address in body should be at least 1 chars" },
	{ "Beskar7Machine", MSTAT("failureDomain: ''"), "at least 1 chars" },
	{ "Beskar7Machine", MSTAT("ready: true"),
	    "unknown field \"status.ready\"" },
	{ "Beskar7Machine",
	    MSTAT("conditions: [{type: Ready, status: 'True', reason: Ready, "
		  "message: '', observedGeneration: 1, " TIME "}]"),
	    "" },
	{ "Beskar7Machine",
	    MSTAT(
		"conditions: [{type: Ready, status: 'True', message: '', " TIME
		"}]"),
	    "conditions[0].reason: Required value" },
	{ "Beskar7Machine",
	    MSTAT("conditions: [{type: Ready, status: 'True', reason: a.b, "
		  "message: '', " TIME "}]"),
	    "conditions[0].reason in body should match" },
	{ "Beskar7Machine",
	    MSTAT("conditions: [{type: Ready, status: Maybe, reason: R, "
		  "message: '', " TIME "}]"),
	    "conditions[0].status: Unsupported" },
	{ "Beskar7Machine",
	    MSTAT("conditions: [{type: A, status: 'True', reason: R, message: "
		  "'', " TIME "}, {type: A, status: 'True', reason: R, "
		  "message: '', " TIME "}]"),
	    "conditions[1]: Duplicate value" },

	{ "Beskar7MachineTemplate",
	    "{spec: {template: {metadata: {labels: {a: b}, annotations: {c: "
	    "d}}, spec: {image: {url: 'http://h/x.iso'}}}}, status: "
	    "{capacity: {cpu: 64, memory: 256Gi}, nodeInfo: {architecture: "
	    "amd64, operatingSystem: linux}}}",
	    "" },
	{ "Beskar7MachineTemplate", "{spec: {template: {}}}",
	    "spec.template.spec: Required value" },
	{ "Beskar7MachineTemplate",
	    "{spec: {template: {metadata: {}, spec: {image: {url: "
	    "'http://h/x.iso'}}}}}",
	    "at least 1 properties" },
	{ "Beskar7MachineTemplate",
	    "{spec: {template: {spec: {providerID: 'b7://a/b', image: {url: "
	    "'http://h/x.iso'}}}}}",
	    "unknown field \"spec.template.spec.providerID\"" },
	{ "Beskar7MachineTemplate",
	    "{spec: {template: {spec: {image: {url: 'http://h/x.iso'}}}}, "
	    "status: {capacity: {cpu: many}}}",
	    "status.capacity.cpu in body should match" },
	{ "Beskar7MachineTemplate",
	    "{spec: {template: {spec: {image: {url: 'http://h/x.iso'}}}}, "
	    "status: {nodeInfo: {architecture: mips}}}",
	    "status.nodeInfo.architecture: Unsupported" },

	{ "Beskar7Cluster", "{spec: {}}", "" },
	{ "Beskar7Cluster", "{}", "spec: Required value" },
	{ "Beskar7Cluster",
	    "{spec: {controlPlaneEndpoint: {host: 10.0.0.1, port: 6443}, "
	    "controlPlaneEndpointSource: FirstControlPlaneMachine, "
	    "failureDomains: [{name: a}, {name: b, controlPlane: false, "
	    "attributes: {row: '1'}}]}}",
	    "" },
	{ "Beskar7Cluster", "{spec: {controlPlaneEndpoint: {}}}",
	    "at least 1 properties" },
	{ "Beskar7Cluster", "{spec: {controlPlaneEndpoint: {port: 70000}}}",
	    "less than or equal to 65535" },
	{ "Beskar7Cluster", "{spec: {controlPlaneEndpoint: {port: 0}}}",
	    "greater than or equal to 1" },
	{ "Beskar7Cluster", "{spec: {controlPlaneEndpointSource: DNS}}",
	    "controlPlaneEndpointSource: Unsupported" },
	{ "Beskar7Cluster", "{spec: {failureDomains: [{name: a}, {name: a}]}}",
	    "spec.failureDomains[1]: Duplicate value" },
	{ "Beskar7Cluster",
	    "{spec: {}, status: {failureDomains: [{name: a, controlPlane: "
	    "true}]}}",
	    "" },
	{ "Beskar7Cluster", "{spec: {}, status: {failureDomains: {a: {}}}}",
	    "must be of type array" },
	{ "Beskar7Cluster", "{spec: {}, status: {failureDomains: []}}",
	    "at least 1 items" },
	{ "Beskar7ClusterTemplate", "{spec: {template: {spec: {}}}}", "" },
	{ "Beskar7ClusterTemplate", "{spec: {}}",
	    "spec.template: Required value" },

	{ "Beskar7Remediation", "{spec: {}}", "" },
	{ "Beskar7Remediation",
	    "{spec: {type: PowerOff, maxAttempts: 3, retryIntervalSeconds: "
	    "60}, status: {attempts: 1, lastAttempt: "
	    "'2026-01-01T00:00:00Z'}}",
	    "" },
	{ "Beskar7Remediation", "{spec: {type: Reinstall}}",
	    "spec.type: Unsupported" },
	{ "Beskar7Remediation", "{spec: {maxAttempts: 0}}",
	    "greater than or equal to 1" },
	{ "Beskar7Remediation", "{spec: {retryIntervalSeconds: 0}}",
	    "greater than or equal to 1" },
	{ "Beskar7RemediationTemplate", "{spec: {template: {spec: {}}}}", "" },
	{ "Beskar7RemediationTemplate", "{spec: {template: {spec: {type: X}}}}",
	    "Unsupported" },

	{ "Cluster", "{spec: {paused: true}}", "" },
	{ "Cluster", "{spec: {}}", "at least 1 properties" },
	{ "Cluster",
	    "{spec: {infrastructureRef: {apiGroup: g.x, kind: K, name: nn}}}",
	    "" },
	{ "Cluster", "{spec: {infrastructureRef: {kind: K, name: nn}}}",
	    "apiGroup: Required value" },
	{ "Machine",
	    "{spec: {clusterName: c, bootstrap: {dataSecretName: s}, "
	    "infrastructureRef: {apiGroup: g.x, kind: K, name: nn}}}",
	    "" },
	{ "Machine", "{spec: {}}",
	    "[spec.bootstrap: Required value, spec.clusterName: Required "
	    "value, spec.infrastructureRef: Required value]" },
	{ "Machine",
	    "{spec: {clusterName: c, bootstrap: {}, infrastructureRef: "
	    "{apiGroup: g.x, kind: K, name: nn}}}",
	    "at least 1 properties" },
	{ "Machine",
	    "{spec: {clusterName: c, bootstrap: {dataSecretName: s}, "
	    "infrastructureRef: {apiGroup: g.x, kind: K, name: nn}}, status: "
	    "{addresses: [{type: IP, address: a}]}}",
	    "Unsupported value" },
};

static void
accepts_and_refuses_by_the_rules_of_the_api(void)
{
	struct rig r;

	rig_open(&r);
	for (size_t i = 0; i < N(rows); i++) {
		cJSON *obj = rig_yaml(rows[i].object);
		char *got = rig_admit(schema_of(&r, rows[i].kind), obj);

		if (rows[i].want[0] == '\0' ||
		    strstr(got, rows[i].want) == NULL)
			CHECK_TEXT(got, rows[i].want);
		xfree(got);
		cJSON_Delete(obj);
	}
	rig_close(&r);
}

static void
addresses_of_bmcs_are_checked(void)
{
	static const struct {
		const char *address;
		bool ok;
	} t[] = {
		{ "http://bmc", true },
		{ "https://bmc-1.example.org", true },
		{ "https://10.0.0.5:8443", true },
		{ "https://[fe80::1]", true },
		{ "https://[2001:db8::1]:443/redfish/v1/", true },
		{ "https://h:65535/a/b~c", true },
		{ "https://h:65536", false },
		{ "https://h:0", false },
		{ "https://user:pw@h", false },
		{ "https://h/?q=1", false },
		{ "https://h#f", false },
		{ "https://h x", false },
		{ "https://-h", false },
		{ "https://", false },
		{ "HTTPS://h", false },
		{ "ftp://host/x", false },
		{ "redfish+https://h", false },
	};
	struct rig r;

	rig_open(&r);
	for (size_t i = 0; i < N(t); i++) {
		cJSON *obj = rig_yaml(HSPEC(""));
		char *got;

		json_put(obj, "spec/redfishConnection/address",
		    cJSON_CreateString(t[i].address));
		got = rig_admit(schema_of(&r, "PhysicalHost"), obj);
		CHECK_ROW(str_empty(got) == t[i].ok, t[i].address);
		xfree(got);
		cJSON_Delete(obj);
	}
	rig_close(&r);
}

static void
defaults_are_those_of_the_api(void)
{
	static const struct {
		const char *kind, *in, *path, *want;
	} t[] = {
		{ "PhysicalHost", HSPEC(""), "spec/mediaTransport",
		    "\"Auto\"" },
		{ "PhysicalHost", HSPEC(""),
		    "spec/redfishConnection/minTLSVersion", "\"1.2\"" },
		{ "PhysicalHost", HSPEC(""),
		    "spec/redfishConnection/trustOnFirstUse", "false" },
		{ "PhysicalHost", HSPEC(""),
		    "spec/redfishConnection/insecureSkipVerify", "false" },
		{ "PhysicalHost", HSPEC(""), "spec/online", NULL },
		{ "PhysicalHost", HSPEC(", consumerRef: {name: m, claimID: c}"),
		    "spec/consumerRef/kind", "\"Beskar7Machine\"" },
		{ "Beskar7Machine", MSPEC(""), "spec/image/kind",
		    "\"Installer\"" },
		{ "Beskar7Machine", MSPEC(""), "spec/bootMode", NULL },
		{ "Beskar7Machine", MSPEC(""), "spec/userData/delivery",
		    "\"Auto\"" },
		{ "Beskar7Machine", MSPEC(""), "spec/userData/format",
		    "\"Auto\"" },
		{ "Beskar7Machine", MSPEC(""), "spec/completion",
		    "{\"evidence\":\"Auto\",\"maxAttempts\":3,"
		    "\"timeoutSeconds\":3600}" },
		{ "Beskar7Machine", MSPEC(""), "spec/release",
		    "{\"gracefulSeconds\":120}" },
		{ "Beskar7Remediation", "{spec: {}}", "spec",
		    "{\"maxAttempts\":1,\"retryIntervalSeconds\":300,"
		    "\"type\":\"PowerCycle\"}" },
		{ "Beskar7Cluster", "{spec: {}}", "spec", "{}" },
	};
	struct rig r;

	rig_open(&r);
	for (size_t i = 0; i < N(t); i++) {
		cJSON *obj = rig_yaml(t[i].in);
		const cJSON *v;
		char *got;

		schema_default(schema_of(&r, t[i].kind), obj);
		v = json_at(obj, t[i].path);
		got = v == NULL ? NULL : json_print(v);
		CHECK_ROW(str_eq(got, t[i].want), t[i].path);
		xfree(got);
		cJSON_Delete(obj);
	}
	rig_close(&r);
}

static void
columns_show_what_the_api_says(void)
{
	static const char host[] =
	    "{metadata: {name: h1, creationTimestamp: '2026-11-22T18:39:00Z'}, "
	    "spec: {redfishConnection: {address: 'https://b'}, consumerRef: "
	    "{name: m1}}, status: {state: Provisioning, observedPowerState: "
	    "'On', operation: {waitingOn: power, attempt: 2}, conditions: "
	    "[{type: Ready, status: 'False'}], hardwareDetails: {model: X, "
	    "serialNumber: S, systemUUID: U}}}";
	static const char machine[] =
	    "{metadata: {name: m1, creationTimestamp: '2026-11-22T18:39:00Z', "
	    "labels: {cluster.x-k8s.io/cluster-name: c1}, ownerReferences: "
	    "[{kind: MachineSet, name: s}, {kind: Machine, name: mm}]}, spec: "
	    "{providerID: 'b7://n/h'}, status: {hostRef: {name: h1}, "
	    "failureDomain: r1, initialization: {provisioned: true}, "
	    "addresses: [{type: Hostname, address: x}, {type: InternalIP, "
	    "address: 10.0.0.1}], conditions: [{type: Ready, status: 'True', "
	    "reason: Ready}, {type: Paused, status: 'False'}]}}";
	static const struct {
		size_t crd;
		const char *object, *want;
	} t[] = {
		{ 0, host,
		    "[\"h1\",\"Provisioning\",\"On\",\"m1\",\"power\","
		    "\"False\",\"60s\",\"https://b\",\"X\",\"S\",\"U\",2]" },
		{ 1, machine,
		    "[\"m1\",\"c1\",\"h1\",\"True\",\"Ready\",true,\"60s\","
		    "\"b7://n/h\",\"r1\",\"10.0.0.1\",\"mm\",\"False\"]" },
	};
	struct table_opts o = { .wall_us = 1795372800LL * 1000000 };
	struct rig r;

	rig_open(&r);
	for (size_t i = 0; i < N(t); i++) {
		cJSON *obj = rig_yaml(t[i].object);
		const cJSON *items[] = { obj };
		cJSON *out = table_render(
		    r.crd[t[i].crd]->versions[0].table, items, 1, &o);
		char *got = json_print(json_at(out, "rows/0/cells"));

		CHECK_TEXT(got, t[i].want);
		xfree(got);
		cJSON_Delete(out);
		cJSON_Delete(obj);
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
		"deploy/examples/templates.yaml" };
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

/* ---- definitions of others ---------------------------------------------- */

static const char good[] =
    "{metadata: {name: things.example.org}, spec: {group: example.org, scope: "
    "Namespaced, names: {plural: things, kind: Thing, shortNames: [th]}, "
    "versions: [{name: v1, served: true, storage: true, subresources: "
    "{status: {}}, selectableFields: [{jsonPath: .spec.a}], schema: "
    "{openAPIV3Schema: {type: object, properties: {spec: {type: object, "
    "properties: {a: {type: string}}}}}}}, {name: v1beta1, served: false, "
    "storage: false, schema: {openAPIV3Schema: {type: object}}}]}}";

static void
a_definition_becomes_names_and_versions(void)
{
	struct field_errors l = { 0 };
	cJSON *j = rig_yaml(good), *st;
	struct crd *c;

	crd_default(j);
	c = crd_parse(j, &l);
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	CHECK_TEXT(c->singular, "thing");
	CHECK_TEXT(c->list_kind, "ThingList");
	CHECK_TEXT(c->short_names[0], "th");
	CU_ASSERT_EQUAL(c->n_versions, 2);
	CU_ASSERT_EQUAL(c->storage, 0);
	CU_ASSERT_TRUE(c->versions[0].has_status);
	CHECK_TEXT(c->versions[0].selectable[0], "spec.a");
	CU_ASSERT_FALSE(crd_version_by_name(c, "v1beta1")->served);
	CU_ASSERT_PTR_NULL(crd_version_by_name(c, "v2"));
	st = crd_status(c, 0);
	CHECK_TEXT(json_str(st, "conditions/1/type", NULL), "Established");
	CHECK_TEXT(json_str(st, "conditions/1/lastTransitionTime", NULL),
	    "1970-01-01T00:00:00Z");
	CHECK_TEXT(json_str(st, "acceptedNames/listKind", NULL), "ThingList");
	CHECK_TEXT(json_str(st, "storedVersions/0", NULL), "v1");
	cJSON_Delete(st);
	crd_free(c);
	cJSON_Delete(j);
}

static void
bad_definitions_are_refused_with_their_place(void)
{
	static const struct {
		const char *patch, *want;
	} t[] = {
		{ "{metadata: {name: x}}",
		    "metadata.name: Invalid value: \"x\": must be "
		    "spec.names.plural+\".\"+spec.group" },
		{ "{spec: {group: null}}", "spec.group: Required value" },
		{ "{spec: {group: nodots}}", "spec.group: Invalid value: "
					     "\"nodots\"" },
		{ "{spec: {scope: Global}}",
		    "spec.scope: Unsupported value: \"Global\": supported "
		    "values: \"Cluster\", \"Namespaced\"" },
		{ "{spec: {names: {kind: 'a b'}}}",
		    "spec.names.kind: Invalid value: \"a b\"" },
		{ "{spec: {names: {listKind: Thing}}}",
		    "kind and listKind may not be the same" },
		{ "{spec: {names: {shortNames: [1]}}}",
		    "spec.names.shortNames: Invalid value" },
		{ "{spec: {conversion: {strategy: Webhook}}}",
		    "spec.conversion.strategy: Unsupported value: "
		    "\"Webhook\"" },
		{ "{spec: {preserveUnknownFields: true}}",
		    "spec.preserveUnknownFields: Invalid value" },
		{ "{spec: {versions: []}}",
		    "spec.versions: Required value: must have at least one "
		    "version" },
		{ "{spec: {versions: [{name: v1, served: true, storage: false, "
		  "schema: {openAPIV3Schema: {type: object}}}]}}",
		    "must have exactly one version marked as storage "
		    "version" },
		{ "{spec: {versions: [{name: v1, storage: true, schema: "
		  "{openAPIV3Schema: {type: object}}}, {name: v1, schema: "
		  "{openAPIV3Schema: {type: object}}}]}}",
		    "spec.versions[1].name: Duplicate value: \"v1\"" },
		{ "{spec: {versions: [{name: v1, storage: true}]}}",
		    "spec.versions[0].schema.openAPIV3Schema: Required value: "
		    "schemas are required" },
		{ "{spec: {versions: [{name: v1, storage: true, schema: "
		  "{openAPIV3Schema: {type: object, properties: {a: {$ref: "
		  "x}}}}}]}}",
		    "spec.versions[0].schema.openAPIV3Schema: Invalid value: "
		    "a: $ref is not allowed" },
		{ "{spec: {versions: [{name: v1, storage: true, schema: "
		  "{openAPIV3Schema: {type: object}}, "
		  "additionalPrinterColumns: [{name: C, type: string, "
		  "jsonPath: x}]}]}}",
		    "spec.versions[0].additionalPrinterColumns: Invalid "
		    "value: column C: jsonPath x" },
	};

	for (size_t i = 0; i < N(t); i++) {
		struct field_errors l = { 0 };
		cJSON *base = rig_yaml(good), *patch = rig_yaml(t[i].patch);
		cJSON *j = json_merge_patch(base, patch);
		struct crd *c;
		char *text;

		crd_default(j);
		c = crd_parse(j, &l);
		text = field_errors_text(&l);
		CHECK_ROW(c == NULL, t[i].patch);
		if (strstr(text, t[i].want) == NULL)
			CHECK_TEXT(text, t[i].want);
		xfree(text);
		field_errors_free(&l);
		crd_free(c);
		cJSON_Delete(j);
		cJSON_Delete(base);
		cJSON_Delete(patch);
	}
}

static void
garbage_definitions_do_no_harm(void)
{
	static const char *const bad[] = { "{}", "{spec: 1}", "{spec: []}",
		"{spec: {names: [], versions: {a: 1}, group: {}}}",
		"{spec: {versions: [1, null, [], {}]}}",
		"{spec: {versions: [{schema: {openAPIV3Schema: 5}}]}}" };

	for (size_t i = 0; i < N(bad); i++) {
		struct field_errors l = { 0 };
		cJSON *j = rig_yaml(bad[i]);
		struct crd *c;

		crd_default(j);
		c = crd_parse(j, &l);
		CHECK_ROW(c == NULL && l.n > 0, bad[i]);
		crd_free(c);
		field_errors_free(&l);
		cJSON_Delete(j);
	}
}

static void
names_and_scope_never_change(void)
{
	struct field_errors l = { 0 };
	cJSON *a = rig_yaml(good), *b = rig_yaml(good);
	struct crd *x, *y;
	char *text;

	json_put(b, "spec/scope", cJSON_CreateString("Cluster"));
	json_put(b, "spec/names/kind", cJSON_CreateString("Other"));
	crd_default(a);
	crd_default(b);
	x = crd_parse(a, &l);
	y = crd_parse(b, &l);
	CU_ASSERT_PTR_NOT_NULL_FATAL(x);
	CU_ASSERT_PTR_NOT_NULL_FATAL(y);
	crd_validate_update(x, x, &l);
	CU_ASSERT_EQUAL(l.n, 0);
	crd_validate_update(x, y, &l);
	text = field_errors_text(&l);
	CHECK_TEXT(text,
	    "[spec.names.kind: Invalid value: \"Other\": field is immutable, "
	    "spec.scope: Invalid value: \"Cluster\": field is immutable]");
	xfree(text);
	field_errors_free(&l);
	crd_free(x);
	crd_free(y);
	cJSON_Delete(a);
	cJSON_Delete(b);
}

static const struct unit_case cases[] = {
	{ "our_crds_have_names_labels_and_categories",
	    our_crds_have_names_labels_and_categories },
	{ "every_field_is_bounded_and_described",
	    every_field_is_bounded_and_described },
	{ "rules_of_the_api_are_written_down",
	    rules_of_the_api_are_written_down },
	{ "templates_hold_the_spec_of_their_kind",
	    templates_hold_the_spec_of_their_kind },
	{ "accepts_and_refuses_by_the_rules_of_the_api",
	    accepts_and_refuses_by_the_rules_of_the_api },
	{ "addresses_of_bmcs_are_checked", addresses_of_bmcs_are_checked },
	{ "defaults_are_those_of_the_api", defaults_are_those_of_the_api },
	{ "columns_show_what_the_api_says", columns_show_what_the_api_says },
	{ "the_reference_is_true", the_reference_is_true },
	{ "examples_are_valid", examples_are_valid },
	{ "a_definition_becomes_names_and_versions",
	    a_definition_becomes_names_and_versions },
	{ "bad_definitions_are_refused_with_their_place",
	    bad_definitions_are_refused_with_their_place },
	{ "garbage_definitions_do_no_harm", garbage_definitions_do_no_harm },
	{ "names_and_scope_never_change", names_and_scope_never_change },
};

int
main(void)
{
	return UNIT_RUN("crd", cases);
}
