/* See reset_oem.h. */
#include "sim/bmc/reset_oem.h"

#include "common/json.h"
#include "common/str.h"
#include "sim/bmc/action.h"
#include "sim/bmc/bmc.h"
#include "sim/bmc/jw.h"
#include "sim/bmc/request.h"
#include "sim/bmc/route.h"
#include "sim/bmc/view.h"

#define FTS "#FTSComputerSystem.Reset"
#define FTS_URI "/Actions/Oem/FTSComputerSystem.Reset"
#define TYPE "FTSResetType"

static const struct {
	const char *name;
	enum reset_type type;
	bool on, off; /* in which states it is offered */
} types[] = {
	{ "PowerOn", RESET_ON, false, true },
	{ "PowerOff", RESET_FORCE_OFF, true, false },
	{ "PowerCycle", RESET_POWER_CYCLE, true, false },
	{ "GracefulPowerOff", RESET_GRACEFUL_SHUTDOWN, true, false },
	{ "ImmediateReset", RESET_FORCE_RESTART, true, false },
	{ "GracefulReset", RESET_GRACEFUL_RESTART, true, false },
	{ "PulseNmi", RESET_NMI, true, false },
	{ "PressPowerButton", RESET_PUSH, true, true },
};
#define N_TYPES (sizeof(types) / sizeof(types[0]))

static bool
offered(const struct request *rq, size_t i)
{
	return rq->st->power == POWER_OFF ? types[i].off : types[i].on;
}

static bool
is_fujitsu(struct request *rq)
{
	return rq->p->reset_oem == RESET_OEM_FUJITSU;
}

void
reset_oem_action(struct request *rq, struct jw *w)
{
	if (!is_fujitsu(rq))
		return;
	jw_open(w, FTS);
	jw_uri(w, "target", "%s" FTS_URI, rq->path);
	jw_list(w, TYPE "@Redfish.AllowableValues");
	for (size_t i = 0; i < N_TYPES; i++)
		if (offered(rq, i))
			jw_s(w, NULL, types[i].name);
	jw_end(w);
	jw_close(w);
}

static void
act_fujitsu(struct request *rq)
{
	const char *name = json_str(rq->json, TYPE, NULL);

	if (!name) {
		request_refuse(
		    rq, REF_PARAMETER_MISSING, TYPE, FTS, TYPE, NULL);
		return;
	}
	for (size_t i = 0; i < N_TYPES; i++)
		if (str_eq(types[i].name, name) && offered(rq, i)) {
			reset_perform(rq, types[i].type);
			return;
		}
	request_refuse(rq, REF_PARAMETER_VALUE, TYPE, name, TYPE, FTS);
}

const struct route reset_oem_routes[] = {
	ROUTE_DO(V1 "/Systems/{S}" FTS_URI, act_fujitsu, OP_RESET, is_fujitsu),
	{ .pattern = NULL },
};
