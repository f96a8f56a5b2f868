/*
 * Every way in which a BMC says no, once. The default words are those of the
 * DMTF Base registry; a profile's `words` replace status, message id and text
 * by what that vendor's firmware says (redfish.md section 1).
 */
#ifndef B7_SIM_BMC_REFUSAL_H
#define B7_SIM_BMC_REFUSAL_H

#include <stddef.h>

enum refusal {
	REF_UNAUTHORIZED,
	REF_LOCKED_OUT,
	REF_PASSWORD_CHANGE,
	REF_PRIVILEGE,
	REF_SESSION_LIMIT,
	REF_NOT_FOUND,
	REF_METHOD,
	REF_ACTION_UNKNOWN,
	REF_MALFORMED_JSON,
	REF_EMPTY_JSON,
	REF_MEDIA_TYPE,
	REF_ODATA_VERSION,
	REF_QUERY_UNSUPPORTED,
	REF_PRECONDITION_MISSING, /* 428 */
	REF_PRECONDITION_FAILED,  /* 412 */
	REF_PROPERTY_UNKNOWN,
	REF_PROPERTY_READ_ONLY,
	REF_PROPERTY_TYPE,
	REF_PROPERTY_VALUE, /* not in list */
	REF_PROPERTY_FORMAT,
	REF_PROPERTY_RANGE,
	REF_PROPERTY_CONFLICT,
	REF_PROPERTY_MISSING,
	REF_NO_OPERATION,
	REF_ALREADY_EXISTS,
	REF_CREATE_LIMIT,
	REF_CANNOT_DELETE,
	REF_PARAMETER_MISSING,
	REF_PARAMETER_UNKNOWN,
	REF_PARAMETER_VALUE,
	REF_PARAMETER_TYPE,
	REF_POWER_REDUNDANT,
	REF_POWER_ON_CONFLICT,
	REF_RESTART_WHEN_OFF,
	REF_BOOT_READ_ONLY,
	REF_BOOT_MODE_READ_ONLY,
	REF_BOOT_TRIPLE,
	REF_BOOT_POST_LOCK,
	REF_BOOT_NONE_ENABLED,
	REF_BOOT_UEFI_TARGET,
	REF_MEDIA_SLOT, /* an internal slot */
	REF_MEDIA_FIELD_MISSING,
	REF_MEDIA_FIELD_FORBIDDEN,
	REF_MEDIA_SCHEME,
	REF_MEDIA_URL, /* extension, length, query, port */
	REF_MEDIA_UNREACHABLE,
	REF_MEDIA_INSERTED,
	REF_MEDIA_EMPTY,
	REF_MEDIA_BUSY,
	REF_MEDIA_EJECT_BODY,
	REF_MEDIA_LICENSE,
	REF_BUSY, /* 503 */
	REF_INTERNAL,
	REF_N
};

struct refusal_words {
	const char *name; /* in profiles: "media-inserted" */
	int status;
	const char *id;   /* "ResourceInUse", or "IDRAC.2.8.VRM0012" */
	const char *text; /* NULL = of the registry */
};
const struct refusal_words *refusal_default(enum refusal r);
int refusal_by_name(const char *name); /* -1 = none */

#endif
