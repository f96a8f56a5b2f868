#include <string.h>

#include "agent/redfish/client.h"
#include "agent/redfish/parts.h"
#include "agent/redfish/text.h"
#include "common/json.h"
#include "common/str.h"

/*
 * A walk over the parts of a system: a bounded queue of links, each with what
 * it is to be read as. A part that cannot be read is left out; a BMC that does
 * not answer ends the operation.
 */
#define QUEUE_MAX 80

enum part {
	PART_MANAGER,
	PART_SYSTEM, /* again, for what the state does not keep */
	PART_NICS,
	PART_NIC,
	PART_STORAGES,
	PART_STORAGE,
	PART_DRIVE,
	PART_SIMPLES,
	PART_SIMPLE,
	PART_PROCESSORS,
	PART_PROCESSOR,
	PART_SECURE_BOOT
};

struct rf_survey {
	rf_step_fn *then;
	struct {
		enum part part;
		char *target;
	} queue[QUEUE_MAX];
	size_t n, at;
	bool simple_done;
};

static void next(struct redfish *rf);

void
rf_survey_free(struct rf_survey *s)
{
	size_t i;

	if (!s)
		return;
	for (i = 0; i < s->n; i++)
		xfree(s->queue[i].target);
	xfree(s);
}

static void
push(struct redfish *rf, enum part part, const char *ref)
{
	struct rf_survey *s = rf->op->survey;
	char *target = rf_text_link(rf->origin, ref);
	size_t i;

	if (!target)
		return;
	for (i = 0; i < s->n; i++)
		if (s->queue[i].part == part &&
		    str_eq(s->queue[i].target, target)) {
			xfree(target); /* links in a cycle end here */
			return;
		}
	if (s->n == QUEUE_MAX) {
		rf->op->inventory->truncated = true;
		xfree(target);
		return;
	}
	s->queue[s->n].part = part;
	s->queue[s->n++].target = target;
}

static void
push_members(
    struct redfish *rf, enum part part, const cJSON *list, unsigned most)
{
	const cJSON *item;
	unsigned n = 0;

	cJSON_ArrayForEach (item, list) {
		if (n++ == most) {
			rf->op->inventory->truncated = true;
			return;
		}
		push(rf, part, json_str(item, "@odata.id", NULL));
	}
}

static void
take_part(struct redfish *rf, enum part part, const cJSON *j)
{
	struct redfish_inventory *inv = rf->op->inventory;
	const cJSON *members = json_arr(j, "Members");

	switch (part) {
	case PART_MANAGER:
		rf_parts_manager(inv, j);
		break;
	case PART_SYSTEM:
		rf_parts_tpm(inv, j);
		break;
	case PART_NICS:
		push_members(rf, PART_NIC, members, RF_NICS_MAX);
		break;
	case PART_NIC:
		rf_parts_nic(inv, j);
		break;
	case PART_STORAGES:
		push_members(rf, PART_STORAGE, members, 8);
		break;
	case PART_STORAGE:
		push_members(rf, PART_DRIVE, json_arr(j, "Drives"), 32);
		break;
	case PART_DRIVE:
		rf_parts_drive(inv, j);
		break;
	case PART_SIMPLES:
		push_members(rf, PART_SIMPLE, members, 8);
		break;
	case PART_SIMPLE:
		rf_parts_simple(inv, j);
		break;
	case PART_PROCESSORS:
		push_members(rf, PART_PROCESSOR, members, 2);
		break;
	case PART_PROCESSOR:
		rf_parts_processor(inv, j);
		break;
	case PART_SECURE_BOOT:
		rf_parts_secure_boot(inv, j);
		break;
	}
}

static void
on_part(struct redfish *rf, const struct rf_reply *r)
{
	struct rf_survey *s = rf->op->survey;
	enum part part = s->queue[s->at].part;

	if (r->http != HTTP_OK) {
		rf_fail_reply(rf, r, "read the inventory");
		return;
	}
	s->at++;
	if (r->ok)
		take_part(rf, part, r->json);
	next(rf);
}

static void
next(struct redfish *rf)
{
	struct rf_survey *s = rf->op->survey;

	if (s->at == s->n && !s->simple_done) {
		/* Only where Storage showed no drive: they overlap. */
		s->simple_done = true;
		if (rf->op->inventory->n_drives == 0)
			push(rf, PART_SIMPLES, rf->links.simple_storage);
	}
	/* Half an inventory is worth more than none. */
	if (rf->op->result.requests + 1 >= rf->max_requests && s->at < s->n) {
		rf->op->inventory->truncated = true;
		s->at = s->n;
	}
	if (s->at == s->n) {
		rf->state.parts |= RF_READ_INVENTORY;
		s->then(rf);
		return;
	}
	rf_get(rf, s->queue[s->at].target, on_part);
}

void
rf_inventory(struct redfish *rf, rf_step_fn *then)
{
	struct rf_op *op = rf->op;
	struct redfish_inventory *inv = xcalloc(1, sizeof(*inv));

	op->survey = xcalloc(1, sizeof(*op->survey));
	op->survey->then = then;
	op->inventory = inv;
	rf_text_keep(&inv->vendor, rf->service.vendor);
	rf_text_keep(&inv->product, rf->service.product);
	rf_text_keep(&inv->redfish_version, rf->service.redfish_version);
	push(rf, PART_SYSTEM, rf->links.system);
	push(rf, PART_MANAGER, rf->links.manager);
	push(rf, PART_PROCESSORS, rf->links.processors);
	push(rf, PART_NICS, rf->links.ethernet);
	push(rf, PART_STORAGES, rf->links.storage);
	push(rf, PART_SECURE_BOOT, rf->links.secure_boot);
	next(rf);
}
