/* Objects that the rules of the API accept and refuse. */
#include "tests/unit/api_rig.h"

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
	    "reason: Ready}, {type: HostProvisioned, status: 'True', "
	    "reason: Provisioned}, {type: Paused, status: 'False'}]}}";
	static const struct {
		size_t crd;
		const char *object, *want;
	} t[] = {
		{ 0, host,
		    "[\"h1\",\"Provisioning\",\"On\",\"m1\",\"power\","
		    "\"False\",\"60s\",\"https://b\",\"X\",\"S\",\"U\",2]" },
		{ 1, machine,
		    "[\"m1\",\"c1\",\"h1\",\"True\",\"Provisioned\",true,"
		    "\"60s\","
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

static const struct unit_case cases[] = {
	UNIT_CASE(accepts_and_refuses_by_the_rules_of_the_api),
	UNIT_CASE(addresses_of_bmcs_are_checked),
	UNIT_CASE(defaults_are_those_of_the_api),
	UNIT_CASE(columns_show_what_the_api_says),
};

int
main(void)
{
	return UNIT_RUN("api_objects", cases);
}
