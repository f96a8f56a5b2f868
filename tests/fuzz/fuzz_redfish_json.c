/* Whatever JSON a BMC sends: every codec of the Redfish client takes it, and
 * what is kept of it is clean, capped and on our origin. */
#include <stdint.h>
#include <string.h>

#include "agent/redfish/boot.h"
#include "agent/redfish/client.h"
#include "agent/redfish/parts.h"
#include "agent/redfish/reset.h"
#include "agent/redfish/service.h"
#include "agent/redfish/slot.h"
#include "agent/redfish/system.h"
#include "agent/redfish/text.h"
#include "common/json.h"
#include "common/mem.h"
#include "tests/fuzz/must.h"

#define ORIGIN "https://10.0.0.2"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must_be_text(const char *s)
{
	if (!s)
		return;
	MUST(s[0] != '\0' && strlen(s) < RF_TEXT_MAX);
	for (; *s; s++)
		MUST((unsigned char)*s >= 0x20 && *s != 0x7f);
}

static void
must_be_link(const char *s)
{
	if (s)
		MUST(s[0] == '/' && s[1] != '/' && strlen(s) <= 512);
}

static void
system_of(const cJSON *j)
{
	struct redfish_state st;
	struct rf_links l;
	struct rf_boot_view v;
	unsigned values;

	memset(&st, 0, sizeof(st));
	memset(&l, 0, sizeof(l));
	rf_system_parse(&st, j);
	must_be_text(st.uuid);
	must_be_text(st.serial);
	must_be_text(st.progress_oem);
	must_be_text(st.health_causes[0]);
	MUST(st.health_causes[0] || !st.health_causes[1]);
	rf_system_links(&l, &values, ORIGIN, j);
	must_be_link(l.settings);
	must_be_link(l.reset_target);
	must_be_link(l.manager);
	(void)rf_system_is_host(j);
	(void)rf_system_matches(j, "/x", "x");
	rf_boot_parse(&v, j);
	MUST(!rf_boot_armed_cd(&v) || rf_boot_armed(&v));
	rf_state_fini(&st);
	rf_links_fini(&l);
}

static void
slot_of(const cJSON *j)
{
	struct redfish_slot *s = xcalloc(1, sizeof(*s));
	struct rf_slot_ways *w = xcalloc(1, sizeof(*w));

	rf_slot_parse(s, w, ORIGIN, "/redfish/v1/Systems/1/VirtualMedia/1", j);
	must_be_text(s->id);
	must_be_link(w->insert);
	must_be_link(w->eject);
	must_be_link(w->oem);
	MUST(!redfish_slot_holds(s, "http://h/x.iso") || s->inserted);
	rf_slots_fini(s, 1);
	rf_slot_ways_fini(w, 1);
}

static void
parts_of(const cJSON *j)
{
	struct redfish_inventory *inv = xcalloc(1, sizeof(*inv));
	struct rf_service s;
	struct rf_members m;
	struct err e = { .kind = ERR_NONE };

	rf_parts_nic(inv, j);
	rf_parts_drive(inv, j);
	rf_parts_simple(inv, j);
	rf_parts_processor(inv, j);
	rf_parts_manager(inv, j);
	rf_parts_secure_boot(inv, j);
	rf_parts_memory(inv, j);
	rf_parts_function(inv, j);
	rf_parts_trusted(inv, j);
	MUST(inv->n_drives <= RF_DRIVES_MAX);
	rf_inventory_free(inv);
	memset(&s, 0, sizeof(s));
	MUST(rf_service_parse(&s, ORIGIN, j, &e) == (e.kind == ERR_NONE));
	must_be_link(s.systems);
	rf_service_fini(&s);
	memset(&m, 0, sizeof(m));
	rf_members_add(&m, ORIGIN, j);
	MUST(m.n <= RF_MEMBERS_MAX);
	rf_members_fini(&m);
	(void)rf_reset_info_values(j);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cJSON *j = json_parse((const char *)data, size, NULL);
	const cJSON *child = j;
	char etag[RF_ETAG_CAP];
	unsigned n = 0;

	if (j == NULL)
		return 0;
	/* the whole, then (for whole trees as seeds) each resource in it */
	for (; child && n < 40; n++) {
		system_of(child);
		slot_of(child);
		parts_of(child);
		rf_etag_of(etag, NULL, child);
		child = child == j ? j->child : child->next;
	}
	cJSON_Delete(j);
	return 0;
}
