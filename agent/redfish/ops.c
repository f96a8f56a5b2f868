#include "agent/redfish/client.h"
#include "agent/redfish/follow.h"
#include "agent/redfish/service.h"
#include "common/json.h"
#include "common/str.h"

/* ---- identify ------------------------------------------------------------- */

static void
on_identified(struct redfish *rf, const struct rf_reply *r)
{
	if (r->status == 401 || r->status == 403) {
		rf->service.needs_login = true; /* it is there: enough */
		rf_finish(rf);
		return;
	}
	if (!r->ok)
		rf_fail_reply(rf, r, "read the service root");
	else if (!json_child(r->json, "RedfishVersion") &&
		 !json_child(r->json, "Systems") &&
		 !json_child(r->json, "@odata.id"))
		(void)rf_fail(rf, RF_CAUSE_PROTOCOL, ERR_PROTO,
		    "GET %s: JSON, but not a Redfish service root", rf->root);
	else {
		/* So that a discovery that follows need not ask again; one
		 * without Systems is of no use for that. */
		(void)rf_service_parse(&rf->service, rf->origin, r->json, NULL);
		rf_finish(rf);
	}
}

void
redfish_identify(struct redfish *rf, redfish_done_fn *done, void *arg)
{
	if (!rf_begin(rf, "identify", done, arg))
		return;
	rf_send(rf,
	    &(struct rf_request){
		.method = "GET", .target = rf->root, .anonymous = true },
	    on_identified);
}

/* ---- discover, read -------------------------------------------------------- */

void
redfish_discover(struct redfish *rf, redfish_done_fn *done, void *arg)
{
	if (!rf_begin(rf, "discover", done, arg))
		return;
	if (rf->links.known)
		rf->service.known = false;
	rf->links.known = false;
	rf_ensure(rf, rf_finish);
}

struct read_op {
	unsigned parts;
};

static void
read_network(struct redfish *rf)
{
	const struct read_op *c = rf->op->ctx;

	if (c->parts & RF_READ_NETWORK)
		rf_network(rf, rf_finish);
	else
		rf_finish(rf);
}

static void
read_health(struct redfish *rf)
{
	const struct read_op *c = rf->op->ctx;

	if (c->parts & RF_READ_HEALTH)
		rf_health(rf, read_network);
	else
		read_network(rf);
}

static void
read_inventory(struct redfish *rf)
{
	const struct read_op *c = rf->op->ctx;

	if (c->parts & RF_READ_INVENTORY)
		rf_inventory(rf, read_health);
	else
		read_health(rf);
}

static void
read_parts(struct redfish *rf)
{
	const struct read_op *c = rf->op->ctx;
	unsigned walks = RF_READ_INVENTORY | RF_READ_HEALTH | RF_READ_NETWORK;

	/* A discovery has just read all of them. */
	if (rf->op->walk)
		read_inventory(rf);
	else
		rf_look_quiet(rf, c->parts & ~walks, read_inventory);
}

void
redfish_read(
    struct redfish *rf, unsigned parts, redfish_done_fn *done, void *arg)
{
	struct read_op *c;

	if (!rf_begin(rf, "read", done, arg))
		return;
	c = rf_ctx(rf, sizeof(*c), NULL);
	c->parts = parts;
	rf->op->look_paced = !(parts & RF_READ_BOOT);
	if (parts & RF_READ_BOOT_PACED)
		c->parts |= RF_READ_BOOT;
	c->parts &= ~RF_READ_BOOT_PACED;
	if ((c->parts & RF_READ_BOOT) && !rf_fresh(rf, rf->state.system_at_us))
		c->parts |= RF_READ_SYSTEM;
	rf_need(rf, c->parts, read_parts);
}

/* ---- close ------------------------------------------------------------------ */

static void
close_session(struct redfish *rf)
{
	if (rf->first_use)
		rf_session_forget(rf);
	rf_session_end_all(rf, rf_finish);
}

void
redfish_close(struct redfish *rf, redfish_done_fn *done, void *arg)
{
	redfish_unfollow(rf);
	if (rf_begin(rf, "close", done, arg))
		close_session(rf);
}
