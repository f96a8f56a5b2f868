#include "agent/redfish/payload.h"

#include <string.h>

#include "common/json.h"
#include "common/str.h"

const char *
rf_insert_by_name(enum rf_insert_by b)
{
	static const char *const names[RF_BYS] = { "action", "oem", "patch" };

	return b < RF_BYS ? names[b] : "?";
}

void
rf_insert_way_name(const struct rf_insert_way *w, char *out, size_t cap)
{
	(void)str_format(out, cap, "insert:%s%s%s%s%s",
	    w->by == RF_BY_ACTION ? "image" : rf_insert_by_name(w->by),
	    w->bits & RF_PAY_PROTOCOL ? "+transfer-protocol" : "",
	    w->bits & RF_PAY_METHOD ? "+transfer-method" : "",
	    w->bits & RF_PAY_CREDENTIALS ? "+credentials" : "",
	    w->bits & RF_PAY_INSERTED ? "+inserted" : "");
}

/* Rule 26. Supermicro refuses anything beside Image; AMI wants the protocol,
 * DGX also a user; OpenBMC Inserted and Stream; Lenovo's PATCH Inserted. */
static const unsigned action_rungs[] = {
	0,
	RF_PAY_PROTOCOL,
	RF_PAY_PROTOCOL | RF_PAY_METHOD,
	RF_PAY_INSERTED,
	RF_PAY_PROTOCOL | RF_PAY_INSERTED,
	RF_PAY_PROTOCOL | RF_PAY_METHOD | RF_PAY_INSERTED,
	RF_PAY_PROTOCOL | RF_PAY_METHOD | RF_PAY_CREDENTIALS,
	RF_PAY_PROTOCOL | RF_PAY_METHOD | RF_PAY_CREDENTIALS | RF_PAY_INSERTED,
};
static const unsigned patch_rungs[] = { RF_PAY_INSERTED, 0 };
static const unsigned oem_rungs[] = { 0 };

static const struct {
	const unsigned *v;
	unsigned n;
} rungs[RF_BYS] = {
	[RF_BY_ACTION] = { action_rungs,
	    sizeof(action_rungs) / sizeof(action_rungs[0]) },
	[RF_BY_OEM] = { oem_rungs, 1 },
	[RF_BY_PATCH] = { patch_rungs, 2 },
};

#define MAX_TRIES_A_SLOT 10

/* The next untried body of the way's kind that fits what refusals named. */
static bool
pick_bits(struct rf_insert_ladder *l)
{
	unsigned i, bits;

	for (i = 0; i < rungs[l->way.by].n; i++) {
		bits = (rungs[l->way.by].v[i] | l->must) & ~l->mustnt;
		if (!(l->tried[l->way.by] & (1U << bits))) {
			l->way.bits = bits;
			return true;
		}
	}
	return false;
}

/* Marks what is about to be tried; the caller sends it. */
static bool
take(struct rf_insert_ladder *l)
{
	l->tried[l->way.by] |= (uint16_t)(1U << l->way.bits);
	l->n++;
	return true;
}

static bool
next_by(struct rf_insert_ladder *l)
{
	unsigned by;

	l->bys &= ~(1U << l->way.by);
	for (by = 0; by < RF_BYS; by++) {
		if (!(l->bys & (1U << by)))
			continue;
		l->way.by = (enum rf_insert_by)by;
		l->must = l->mustnt = 0;
		if (pick_bits(l))
			return take(l);
	}
	return false;
}

bool
rf_insert_ladder_init(struct rf_insert_ladder *l, const struct rf_slot_ways *w,
    const struct rf_insert_way *worked)
{
	memset(l, 0, sizeof(*l));
	l->bys = (w->insert ? 1U << RF_BY_ACTION : 0) |
		 (w->oem ? 1U << RF_BY_OEM : 0) |
		 (w->patch ? 1U << RF_BY_PATCH : 0);
	if (l->bys == 0)
		return false;
	if (worked && (l->bys & (1U << worked->by))) {
		l->way = *worked;
		return take(l);
	}
	l->way.by = RF_BY_ACTION;
	while (!(l->bys & (1U << l->way.by)))
		l->way.by++;
	return pick_bits(l) && take(l);
}

static const struct {
	const char *prop;
	unsigned bit;
} params[] = {
	{ "TransferProtocolType", RF_PAY_PROTOCOL },
	{ "TransferMethod", RF_PAY_METHOD },
	{ "UserName", RF_PAY_CREDENTIALS },
	{ "Password", RF_PAY_CREDENTIALS },
	{ "Inserted", RF_PAY_INSERTED },
	{ "WriteProtected", RF_PAY_INSERTED },
};

/* Adds what was missed, drops what was not known or not liked. */
static void
learn(struct rf_insert_ladder *l, const struct rf_ext *x)
{
	size_t i;

	for (i = 0; i < sizeof(params) / sizeof(params[0]); i++) {
		if (!rf_ext_names(x, params[i].prop))
			continue;
		/* Not sent and named all the same: "must be Stream". */
		if ((l->way.bits & params[i].bit) &&
		    !rf_ext_blames(x, RF_NO_MISSING, params[i].prop))
			l->mustnt |= params[i].bit;
		else
			l->must |= params[i].bit;
	}
	l->mustnt &= ~l->must;
}

bool
rf_insert_ladder_next(
    struct rf_insert_ladder *l, int status, const struct rf_ext *x)
{
	if (l->n >= MAX_TRIES_A_SLOT)
		return false;
	if (!x) {
		/* One more body, in case Inserted is not implied. */
		if (l->way.by != RF_BY_ACTION ||
		    (l->way.bits & RF_PAY_INSERTED) || l->n > 1)
			return false;
		l->must |= RF_PAY_INSERTED;
		return pick_bits(l) && take(l);
	}
	if (status == 404 || status == 405 || status == 501 ||
	    rf_ext_has(x, RF_NO_ACTION))
		return next_by(l);
	learn(l, x);
	return pick_bits(l) ? take(l) : next_by(l);
}

static const char *
protocol_of(const char *url)
{
	if (str_has_prefix(url, "https:"))
		return "HTTPS";
	if (str_has_prefix(url, "nfs:"))
		return "NFS";
	if (str_has_prefix(url, "smb:") || str_has_prefix(url, "cifs:"))
		return "CIFS";
	return "HTTP";
}

cJSON *
rf_insert_body(const struct rf_insert_way *w, const char *url)
{
	cJSON *body = cJSON_CreateObject();

	if (w->by == RF_BY_OEM)
		json_set_str(body, "VmmControlType", "Connect");
	json_set_str(body, "Image", url);
	if (w->bits & RF_PAY_PROTOCOL)
		json_set_str(body, "TransferProtocolType", protocol_of(url));
	if (w->bits & RF_PAY_METHOD)
		json_set_str(body, "TransferMethod", "Stream");
	if (w->bits & RF_PAY_CREDENTIALS) {
		/* AMI wants the parameters even for an anonymous server. */
		json_set_str(body, "UserName", "none");
		json_set_str(body, "Password", "none");
	}
	if (w->bits & RF_PAY_INSERTED) {
		json_set_bool(body, "Inserted", true);
		json_set_bool(body, "WriteProtected", true);
	}
	return body;
}

const char *
rf_eject_by_name(enum rf_eject_by b)
{
	static const char *const names[RF_EJECT_BYS] = { "action", "no-body",
		"oem", "patch", "patch-image" };

	return b < RF_EJECT_BYS ? names[b] : "?";
}

bool
rf_eject_possible(enum rf_eject_by b, const struct rf_slot_ways *w)
{
	switch (b) {
	case RF_EJECT_EMPTY_OBJECT:
	case RF_EJECT_NO_BODY:
		return w->eject != NULL;
	case RF_EJECT_OEM:
		return w->oem != NULL;
	case RF_EJECT_PATCH:
	case RF_EJECT_PATCH_IMAGE:
		return w->patch;
	case RF_EJECT_BYS:
		break;
	}
	return false;
}

cJSON *
rf_eject_body(enum rf_eject_by b)
{
	cJSON *body;

	if (b == RF_EJECT_NO_BODY)
		return NULL;
	body = cJSON_CreateObject();
	if (b == RF_EJECT_OEM)
		json_set_str(body, "VmmControlType", "Disconnect");
	if (b == RF_EJECT_PATCH || b == RF_EJECT_PATCH_IMAGE)
		json_set(body, "Image", cJSON_CreateNull());
	if (b == RF_EJECT_PATCH)
		json_set_bool(body, "Inserted", false);
	return body;
}
