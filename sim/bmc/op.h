/* Operations: what requests are called in counters, events and faults. */
#ifndef B7_SIM_BMC_OP_H
#define B7_SIM_BMC_OP_H

enum bmc_op {
	OP_OTHER,
	OP_READ_ROOT,
	OP_READ_SERVICE, /* session, account, task and event services */
	OP_READ_COLLECTION,
	OP_READ_SYSTEM,
	OP_READ_MANAGER,
	OP_READ_CHASSIS,
	OP_READ_MEDIA,
	OP_READ_INVENTORY,
	OP_READ_TASK,
	OP_READ_SESSION,
	OP_READ_ACCOUNT,
	OP_READ_ACTION_INFO,
	OP_READ_SETTINGS,
	OP_LOGIN,
	OP_LOGOUT,
	OP_RESET,
	OP_PATCH_BOOT,
	OP_PATCH_SYSTEM,
	OP_INSERT,
	OP_EJECT,
	OP_PATCH_MEDIA,
	OP_PATCH_MANAGER,
	OP_MANAGER_RESET,
	OP_PATCH_ACCOUNT,
	OP_PATCH_SERVICE,
	OP_DELETE_TASK,
	OP_SUBSCRIBE,
	OP_UNSUBSCRIBE,
	OP_STREAM,
	OP_TEST_EVENT,
	OP_CREATE_ACCOUNT,
	OP_DELETE_ACCOUNT,
	OP_CLEAR_LOG,
	OP_UPDATE,
	OP_PATCH_BIOS,
	OP_RESET_BIOS,
	OP_VOLUME,
	OP_CERTIFICATE,
	OP_N
};
const char *bmc_op_name(enum bmc_op op); /* "read-system" */
int bmc_op_by_name(const char *name);    /* -1 = none */

#endif
