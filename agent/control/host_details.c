/* See host_details.h. Texts of a BMC are cut to the CRD's bounds. */
#include "agent/control/host_details.h"

#include <string.h>

#include "agent/redfish/identity.h"
#include "agent/redfish/redfish.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "common/url.h"

#define DETAILS_TEXT 256
#define DETAILS_WORD 64
#define DETAILS_NICS 128
#define DETAILS_DRIVES 256

static void
details_text(cJSON *o, const char *key, const char *s, size_t max)
{
	char cut[DETAILS_TEXT + 1];

	if (str_empty(s))
		return;
	(void)str_copy(cut, max + 1, s); /* cut on purpose */
	json_set_str(o, key, cut);
}

static const char *
details_architecture(const char *redfish)
{
	if (str_eq(redfish, "x86-64") || str_eq(redfish, "x86"))
		return "amd64";
	if (str_eq(redfish, "ARM") || str_eq(redfish, "ARM-A64"))
		return "arm64";
	return redfish;
}

/* The system's summaries; where it has none, the sum of its parts. */
static void
details_processors(cJSON *d, const struct redfish_state *s,
    const struct redfish_inventory *inv)
{
	cJSON *p = cJSON_CreateObject();
	uint64_t mib = s->memory_mib > 0 ? s->memory_mib : inv->memory_mib;

	json_set_i64(
	    p, "count", s->processors > 0 ? s->processors : inv->processors);
	json_set_i64(p, "cores", s->cores > 0 ? s->cores : inv->cores);
	details_text(p, "model",
	    s->processor_model != NULL ? s->processor_model
				       : inv->processor_model,
	    DETAILS_TEXT);
	json_set(d, "processors", p);
	json_set_i64(d, "memoryGiB", (int64_t)(mib / 1024));
}

static void
details_drives(cJSON *d, const struct redfish_inventory *inv)
{
	cJSON *list = cJSON_CreateArray();

	for (size_t i = 0; i < inv->n_drives && i < DETAILS_DRIVES; i++) {
		const struct redfish_drive *r = &inv->drives[i];
		cJSON *o = cJSON_CreateObject();

		details_text(o, "name", r->id, DETAILS_TEXT);
		details_text(o, "model", r->model, DETAILS_TEXT);
		details_text(o, "serialNumber", r->serial, DETAILS_TEXT);
		json_set_i64(
		    o, "capacityGB", r->bytes < 0 ? 0 : r->bytes / 1000000000);
		details_text(o, "mediaType", r->media, DETAILS_WORD);
		details_text(o, "protocol", r->protocol, DETAILS_WORD);
		cJSON_AddItemToArray(list, o);
	}
	json_set(d, "drives", list);
}

static void
details_nics(cJSON *d, const struct redfish_inventory *inv)
{
	cJSON *list = cJSON_CreateArray();

	for (size_t i = 0; i < inv->n_nics && i < DETAILS_NICS; i++) {
		const struct redfish_nic *n = &inv->nics[i];
		cJSON *o = cJSON_CreateObject();

		json_set_str(o, "macAddress", n->mac);
		details_text(o, "name", n->id, DETAILS_TEXT);
		details_text(o, "linkStatus", n->link, DETAILS_WORD);
		if (n->speed_mbps > 0)
			json_set_i64(o, "speedMbps", n->speed_mbps);
		cJSON_AddItemToArray(list, o);
	}
	json_set(d, "nics", list);
}

static void
details_causes(cJSON *list, char *const *causes, size_t n)
{
	for (size_t i = 0; i < n && causes[i] != NULL; i++) {
		char cut[DETAILS_TEXT + 1];

		(void)str_copy(cut, sizeof(cut), causes[i]); /* on purpose */
		cJSON_AddItemToArray(list, cJSON_CreateString(cut));
	}
}

static cJSON *
details_health(const struct redfish_state *s)
{
	cJSON *h = cJSON_CreateObject(), *causes = cJSON_CreateArray();

	json_set_str(h, "status", redfish_health_name(s->health));
	details_causes(causes, s->health_causes, 4);
	details_causes(causes, s->health_parts, RF_CAUSES_MAX);
	json_set(h, "causes", causes);
	return h;
}

char *
host_details_health(const struct redfish_state *s)
{
	cJSON *h = details_health(s);
	char *text = json_print(h);

	cJSON_Delete(h);
	return text;
}

/* The BMC's name, short or in full, is not the system's: some show their own
 * in its place. */
static bool
details_of_bmc(const struct url *bmc, const char *s)
{
	return str_eq(bmc->host, s) ||
	       (str_has_prefix(bmc->host, s) && bmc->host[strlen(s)] == '.');
}

char *
host_details_network(const struct redfish_state *s, const char *bmc_address)
{
	cJSON *n = cJSON_CreateObject(), *list = cJSON_CreateArray();
	struct url bmc = { 0 };
	char *text;

	(void)url_parse(&bmc, bmc_address, NULL); /* was parsed to get here */
	if (s->host_name != NULL && !details_of_bmc(&bmc, s->host_name))
		json_set_str(n, "hostName", s->host_name);
	for (size_t i = 0; i < RF_ADDRESSES_MAX && s->addresses[i]; i++)
		if (!str_eq(bmc.host, s->addresses[i]))
			cJSON_AddItemToArray(
			    list, cJSON_CreateString(s->addresses[i]));
	if (cJSON_GetArraySize(list) > 0)
		json_set(n, "addresses", list);
	else
		cJSON_Delete(list);
	text = json_print(n);
	cJSON_Delete(n);
	return text;
}

static void
details_quirks(cJSON *d, const struct redfish *rf)
{
	cJSON *list;
	struct buf b;
	char *word, *rest;

	buf_init(&b, 4096);
	redfish_quirks(rf, &b);
	list = cJSON_CreateArray();
	rest = b.p;
	while (rest != NULL && (word = strsep(&rest, ",")) != NULL)
		if (*word != '\0' && cJSON_GetArraySize(list) < 64)
			cJSON_AddItemToArray(list, cJSON_CreateString(word));
	if (cJSON_GetArraySize(list) > 0)
		json_set(d, "quirks", list);
	else
		cJSON_Delete(list);
	buf_free(&b);
}

char *
host_details_print(const struct redfish_state *s,
    const struct redfish_inventory *inv, const struct redfish *rf)
{
	cJSON *d = cJSON_CreateObject(), *fw = cJSON_CreateObject();
	char uuid[RF_UUID_CAP], *text;

	details_text(d, "manufacturer", s->manufacturer, DETAILS_TEXT);
	details_text(d, "model", s->model, DETAILS_TEXT);
	details_text(d, "serialNumber", s->serial, DETAILS_TEXT);
	if (!redfish_uuid_placeholder(s->uuid) &&
	    redfish_uuid_normal(s->uuid, uuid))
		json_set_str(d, "systemUUID", uuid);
	details_text(d, "architecture", details_architecture(inv->architecture),
	    DETAILS_WORD);
	details_processors(d, s, inv);
	details_drives(d, inv);
	details_nics(d, inv);
	details_text(fw, "bios", s->bios_version, DETAILS_TEXT);
	details_text(fw, "bmc", inv->bmc_firmware, DETAILS_TEXT);
	details_text(fw, "redfish", inv->redfish_version, DETAILS_WORD);
	json_set(d, "firmware", fw);
	if (inv->secure_boot != RF_UNSAID)
		json_set_bool(d, "secureBoot", inv->secure_boot == RF_YES);
	if (inv->tpm != RF_UNSAID)
		json_set_bool(d, "tpm", inv->tpm == RF_YES);
	json_set(d, "health", details_health(s));
	details_quirks(d, rf);
	text = json_print(d);
	cJSON_Delete(d);
	return text;
}
