/*
 * Bodies and targets of a Redfish client: the first byte chooses profile and
 * kind of request, the rest is the body. Whatever comes, there is an answer
 * below 600, and the service answers a plain read afterwards. A BMC that
 * refused an input serves the next one too: most of the time of an input went
 * into making one.
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
#define REUSE_MAX 200 /* so that what was found depends on few inputs */

/* Between inputs; libFuzzer has nothing to keep it in. */
static struct rig *shared;
static unsigned reused;

static void
forget(void)
{
	if (shared != NULL)
		rig_close(shared);
	free(shared);
	shared = NULL;
}

static struct rig *
fresh(void)
{
	if (shared == NULL) {
		shared = calloc(1, sizeof(*shared));
		if (shared == NULL)
			abort();
		rig_open(shared, NULL);
		reused = 0;
	}
	return shared;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct rig *g;
	char *body;
	int status, asked;

	if (n < 1)
		return 0;
	body = xstrndup((const char *)data + 1, n - 1);
	g = fresh();
	if (data[0] % 16 < N_KINDS) {
		const struct kind *k = &kinds[data[0] % 16];

		asked = rig_call(g, k->method, k->path, body);
		if (asked < 200 || asked > 599)
			abort();
	} else {
		asked = rig_control(g, "POST", "/bmcs/bmc-000/faults", body);
		if (asked != 201 && asked != 400)
			abort();
		(void)rig_get(g, RIG_SYS); /* the fault may spoil it */
	}
	rig_run(g, 100000);
	cJSON_Delete(
	    bmc_fleet_control(g->fleet, "GET", "/bmcs/bmc-000", NULL, &status));
	if (status != 200)
		abort();
	if (asked < 400 || asked >= 500 || ++reused == REUSE_MAX)
		forget();
	xfree(body);
	return 0;
}
