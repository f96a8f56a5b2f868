/* See op.h. */
#include "sim/bmc/op.h"

#include "common/str.h"

static const char *const names[OP_N] = { "other", "read-root", "read-service",
	"read-collection", "read-system", "read-manager", "read-chassis",
	"read-media", "read-inventory", "read-task", "read-session",
	"read-account", "read-action-info", "read-settings", "login", "logout",
	"reset", "patch-boot", "patch-system", "insert", "eject", "patch-media",
	"patch-manager", "manager-reset", "patch-account", "patch-service",
	"delete-task", "subscribe", "unsubscribe", "stream", "test-event",
	"create-account", "delete-account", "clear-log", "update", "patch-bios",
	"reset-bios", "volume", "certificate" };

const char *
bmc_op_name(enum bmc_op op)
{
	return names[op];
}

int
bmc_op_by_name(const char *name)
{
	for (int i = 0; i < OP_N; i++)
		if (str_eq(names[i], name))
			return i;
	return -1;
}
