/*
 * Bodies and targets of a Redfish client: the first byte chooses profile and
 * kind of request, the rest is the body. Whatever comes, there is an answer
 * below 600, and the service answers a plain read afterwards.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "tests/unit/bmc_rig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

struct kind {
	const char *method, *path;
};
static const struct kind kinds[] = {
	{ "PATCH", RIG_SYS },
	{ "POST", RIG_SYS "/Actions/ComputerSystem.Reset" },
	{ "POST", RIG_CD "/Actions/VirtualMedia.InsertMedia" },
	{ "POST", RIG_CD "/Actions/VirtualMedia.EjectMedia" },
	{ "PATCH", RIG_CD },
	{ "POST", "/redfish/v1/SessionService/Sessions" },
	{ "PATCH", "/redfish/v1/SessionService" },
	{ "PATCH", "/redfish/v1/AccountService/Accounts/root" },
	{ "POST", RIG_MGR "/Actions/Manager.Reset" },
};
#define N_KINDS (sizeof(kinds) / sizeof(kinds[0]))

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct rig g;
	char *body;
	int status;

	if (n < 1)
		return 0;
	body = xstrndup((const char *)data + 1, n - 1);
	rig_open(&g, NULL);
	if (data[0] % 16 < N_KINDS) {
		const struct kind *k = &kinds[data[0] % 16];

		status = rig_call(&g, k->method, k->path, body);
		if (status < 200 || status > 599)
			abort();
	} else {
		status = rig_control(&g, "POST", "/bmcs/bmc-000/faults", body);
		if (status != 201 && status != 400)
			abort();
		(void)rig_get(&g, RIG_SYS); /* the fault may spoil it */
	}
	rig_run(&g, 100000);
	cJSON_Delete(
	    bmc_fleet_control(g.fleet, "GET", "/bmcs/bmc-000", NULL, &status));
	if (status != 200)
		abort();
	rig_close(&g);
	xfree(body);
	return 0;
}
