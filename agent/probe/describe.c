#include "agent/probe/describe.h"

#include "agent/redfish/text.h"
#include "common/http.h"
#include "common/json.h"
#include "common/str.h"

#define LIST_MAX 32 /* of what a BMC lists: more is noise */

static void
add_text(cJSON *list, const char *s)
{
	(void)cJSON_AddItemToArray(list, cJSON_CreateString(s));
}

void
describe_error(cJSON *report, const char *cause, const char *message)
{
	cJSON *o = json_ensure_obj(report, "error");

	json_set_str(o, "cause", cause);
	json_set_str(o, "message", message);
}

void
describe_tls(cJSON *report, const struct tls_peer *peer)
{
	cJSON *o = json_ensure_obj(report, "tls"), *list = cJSON_CreateArray();
	char hex[65], until[RFC3339_CAP];

	hex_encode(hex, peer->spki_sha256, sizeof(peer->spki_sha256));
	rfc3339_s(until, peer->not_after_s * 1000000);
	json_set_bool(o, "trusted", peer->problems == 0);
	json_set_str(o, "subject", peer->subject);
	json_set_str(o, "keySha256", hex);
	json_set_str(o, "notAfter", until);
	for (unsigned i = 0; i < 32; i++)
		if (peer->problems & (1U << i))
			add_text(list, http_err_name((enum http_err)i));
	json_set(o, "problems", list);
}

void
describe_state(cJSON *report, const struct redfish_state *st)
{
	cJSON *o = json_ensure_obj(report, "state"), *list;

	json_set_str(o, "power", redfish_power_name(st->power));
	json_set_str(o, "bootProgress", redfish_progress_name(st->progress));
	json_set_str(o, "health", redfish_health_name(st->health));
	json_set_str(o, "override", redfish_override_name(st->boot.enabled));
	json_set_str(o, "overrideTarget", st->boot.target);
	list = cJSON_CreateArray();
	for (size_t i = 0; i < st->n_slots; i++)
		if (st->slots[i].inserted)
			add_text(list, st->slots[i].uri);
	json_set(o, "insertedMedia", list);
}

static void
set_tristate(cJSON *o, const char *key, enum redfish_tristate t)
{
	if (t != RF_UNSAID)
		json_set_bool(o, key, t == RF_YES);
}

void
describe_inventory(cJSON *report, const struct redfish_state *st,
    const struct redfish_inventory *inv)
{
	cJSON *o = json_ensure_obj(report, "inventory"), *list, *item;

	json_set_str(o, "bmcModel", inv->bmc_model);
	json_set_str(o, "bmcFirmware", inv->bmc_firmware);
	json_set_str(o, "architecture", inv->architecture);
	json_set_str(o, "processorModel", st->processor_model);
	json_set_i64(o, "processors", st->processors);
	json_set_i64(o, "cores", st->cores);
	json_set_i64(o, "memoryMiB", (int64_t)st->memory_mib);
	set_tristate(o, "secureBoot", inv->secure_boot);
	set_tristate(o, "tpm", inv->tpm);
	list = cJSON_CreateArray();
	for (size_t i = 0; i < inv->n_nics; i++)
		add_text(list, inv->nics[i].mac);
	json_set(o, "macs", list);
	list = cJSON_CreateArray();
	for (size_t i = 0; i < inv->n_drives; i++) {
		item = cJSON_CreateObject();
		json_set_str(item, "model", inv->drives[i].model);
		json_set_i64(item, "bytes", inv->drives[i].bytes);
		(void)cJSON_AddItemToArray(list, item);
	}
	json_set(o, "drives", list);
	json_set_bool(o, "truncated", inv->truncated);
}

/* Their words are kept short and clean: a report is printed on terminals. */
static void
keep_text(cJSON *o, const char *key, const char *s)
{
	char clean[RF_TEXT_MAX];

	if (rf_text_clean(clean, sizeof(clean), s))
		json_set_str(o, key, clean);
}

static void
keep_texts(cJSON *o, const char *key, const cJSON *texts)
{
	cJSON *list = cJSON_CreateArray();
	char clean[RF_TEXT_MAX];
	const cJSON *c;

	cJSON_ArrayForEach (c, texts)
		if (cJSON_GetArraySize(list) < LIST_MAX &&
		    rf_text_clean(
			clean, sizeof(clean), cJSON_GetStringValue(c)))
			add_text(list, clean);
	json_set(o, key, list);
}

/* SSEFilterPropertiesSupported is an object of booleans. */
static void
describe_filters(cJSON *o, const cJSON *supported)
{
	cJSON *list = cJSON_CreateArray();
	char clean[RF_TEXT_MAX];
	const cJSON *c;

	cJSON_ArrayForEach (c, supported)
		if (cJSON_IsTrue(c) && cJSON_GetArraySize(list) < LIST_MAX &&
		    rf_text_clean(clean, sizeof(clean), c->string))
			add_text(list, clean);
	json_set(o, "sseFilters", list);
}

void
describe_followed(cJSON *report, bool at_this_bmc)
{
	cJSON *o = json_ensure_obj(report, "services/events");

	json_set_bool(o, "followed",
	    at_this_bmc && json_bool(o, "enabled", false) &&
		json_str(o, "sse", NULL) != NULL);
}

static void
describe_events(cJSON *o, const cJSON *j)
{
	json_set_bool(o, "enabled", json_bool(j, "ServiceEnabled", true));
	json_set_bool(o, "subscriptions",
	    json_str(j, "Subscriptions/@odata.id", NULL) != NULL);
	keep_text(o, "sse", json_str(j, "ServerSentEventUri", NULL));
	describe_filters(o, json_obj(j, "SSEFilterPropertiesSupported"));
	keep_texts(o, "formats", json_arr(j, "EventFormatTypes"));
	keep_texts(o, "registries", json_arr(j, "RegistryPrefixes"));
	json_set_i64(
	    o, "deliveryRetries", json_i64(j, "DeliveryRetryAttempts", 0));
	keep_text(o, "state", json_str(j, "Status/State", NULL));
}

static void
describe_update(cJSON *o, const cJSON *j)
{
	json_set_bool(o, "enabled", json_bool(j, "ServiceEnabled", true));
	json_set_bool(o, "simpleUpdate",
	    json_at(j, "Actions/#UpdateService.SimpleUpdate") != NULL);
	json_set_bool(o, "multipartPush",
	    json_str(j, "MultipartHttpPushUri", NULL) != NULL);
	json_set_bool(o, "push", json_str(j, "HttpPushUri", NULL) != NULL);
}

static void
describe_accounts(cJSON *o, const cJSON *j)
{
	json_set_i64(
	    o, "lockoutAfter", json_i64(j, "AccountLockoutThreshold", 0));
	json_set_i64(
	    o, "lockoutSeconds", json_i64(j, "AccountLockoutDuration", 0));
	keep_text(o, "basic", json_str(j, "HTTPBasicAuth", NULL));
}

void
describe_service(cJSON *report, const char *name, const cJSON *service)
{
	cJSON *o = json_ensure_obj(report, "services");

	if (str_eq(name, "EventService"))
		describe_events(json_ensure_obj(o, "events"), service);
	else if (str_eq(name, "UpdateService"))
		describe_update(json_ensure_obj(o, "update"), service);
	else if (str_eq(name, "AccountService"))
		describe_accounts(json_ensure_obj(o, "accounts"), service);
	else if (str_eq(name, "SessionService"))
		json_set_i64(json_ensure_obj(o, "sessions"), "timeoutSeconds",
		    json_i64(service, "SessionTimeout", 0));
	else
		json_set_bool(json_ensure_obj(o, "tasks"), "enabled",
		    json_bool(service, "ServiceEnabled", true));
}

void
describe_etag(cJSON *report, const char *etag)
{
	cJSON *o = json_ensure_obj(report, "services");

	keep_text(o, "etag", etag);
	json_set_bool(o, "noEtag", str_empty(etag));
}

void
describe_requests(
    cJSON *report, const struct redfish_stats *st, unsigned redirects)
{
	cJSON *o = json_ensure_obj(report, "requests");

	json_set_i64(o, "total", (int64_t)st->requests);
	json_set_i64(o, "gets", (int64_t)st->gets);
	json_set_i64(o, "logins", (int64_t)st->logins);
	json_set_i64(o, "logouts", (int64_t)st->logouts);
	json_set_i64(o, "retries", (int64_t)st->retries);
	json_set_i64(o, "redirects", redirects);
}
