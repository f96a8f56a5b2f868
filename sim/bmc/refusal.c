/* See refusal.h. */
#include "sim/bmc/refusal.h"

#include "common/str.h"

static const struct refusal_words table[REF_N] = {
	[REF_UNAUTHORIZED] = { "unauthorized", 401, "NoValidSession", 0 },
	[REF_LOCKED_OUT] = { "locked-out", 401, "NoValidSession", 0 },
	[REF_PASSWORD_CHANGE] = { "password-change", 403,
	    "PasswordChangeRequired", 0 },
	[REF_PRIVILEGE] = { "privilege", 403, "InsufficientPrivilege", 0 },
	[REF_SESSION_LIMIT] = { "session-limit", 503, "SessionLimitExceeded",
	    0 },
	[REF_NOT_FOUND] = { "not-found", 404, "ResourceMissingAtURI", 0 },
	[REF_METHOD] = { "method", 405, "OperationNotAllowed", 0 },
	[REF_ACTION_UNKNOWN] = { "action-unknown", 404, "ActionNotSupported",
	    0 },
	[REF_MALFORMED_JSON] = { "malformed-json", 400, "MalformedJSON", 0 },
	[REF_EMPTY_JSON] = { "empty-json", 400, "EmptyJSON", 0 },
	[REF_MEDIA_TYPE] = { "content-type", 415, "UnrecognizedRequestBody",
	    0 },
	[REF_ODATA_VERSION] = { "odata-version", 412, "PreconditionFailed", 0 },
	[REF_QUERY_UNSUPPORTED] = { "query-unsupported", 501,
	    "QueryNotSupported", 0 },
	[REF_PRECONDITION_MISSING] = { "precondition-missing", 428,
	    "PreconditionRequired", 0 },
	[REF_PRECONDITION_FAILED] = { "precondition-failed", 412,
	    "PreconditionFailed", 0 },
	[REF_PROPERTY_UNKNOWN] = { "property-unknown", 400, "PropertyUnknown",
	    0 },
	[REF_PROPERTY_READ_ONLY] = { "property-read-only", 400,
	    "PropertyNotWritable", 0 },
	[REF_PROPERTY_TYPE] = { "property-type", 400, "PropertyValueTypeError",
	    0 },
	[REF_PROPERTY_VALUE] = { "property-value", 400,
	    "PropertyValueNotInList", 0 },
	[REF_PROPERTY_FORMAT] = { "property-format", 400,
	    "PropertyValueFormatError", 0 },
	[REF_PROPERTY_RANGE] = { "property-range", 400,
	    "PropertyValueOutOfRange", 0 },
	[REF_PROPERTY_CONFLICT] = { "property-conflict", 400,
	    "PropertyValueConflict", 0 },
	[REF_PROPERTY_MISSING] = { "property-missing", 400, "PropertyMissing",
	    0 },
	[REF_NO_OPERATION] = { "no-operation", 400, "NoOperation", 0 },
	[REF_ALREADY_EXISTS] = { "already-exists", 400, "ResourceAlreadyExists",
	    0 },
	[REF_CREATE_LIMIT] = { "create-limit", 400,
	    "CreateLimitReachedForResource", 0 },
	[REF_CANNOT_DELETE] = { "cannot-delete", 403, "ResourceCannotBeDeleted",
	    0 },
	[REF_PARAMETER_MISSING] = { "parameter-missing", 400,
	    "ActionParameterMissing", 0 },
	[REF_PARAMETER_UNKNOWN] = { "parameter-unknown", 400,
	    "ActionParameterUnknown", 0 },
	[REF_PARAMETER_VALUE] = { "parameter-value", 400,
	    "ActionParameterValueNotInList", 0 },
	[REF_PARAMETER_TYPE] = { "parameter-type", 400,
	    "ActionParameterValueTypeError", 0 },
	[REF_POWER_REDUNDANT] = { "power-redundant", 409,
	    "ActionParameterValueConflict", 0 },
	[REF_POWER_ON_CONFLICT] = { "power-on-conflict", 409,
	    "ActionParameterValueConflict", 0 },
	[REF_RESTART_WHEN_OFF] = { "restart-when-off", 409,
	    "ActionParameterValueConflict", 0 },
	[REF_BOOT_READ_ONLY] = { "boot-read-only", 400, "PropertyNotWritable",
	    0 },
	[REF_BOOT_MODE_READ_ONLY] = { "boot-mode-read-only", 400,
	    "PropertyNotWritable", 0 },
	[REF_BOOT_TRIPLE] = { "boot-triple", 400, "PropertyMissing", 0 },
	[REF_BOOT_POST_LOCK] = { "boot-post-lock", 400, "ResourceInUse", 0 },
	[REF_BOOT_NONE_ENABLED] = { "boot-none-enabled", 400,
	    "PropertyValueConflict", 0 },
	[REF_BOOT_UEFI_TARGET] = { "boot-uefi-target", 400,
	    "PropertyValueConflict", 0 },
	[REF_MEDIA_SLOT] = { "media-slot", 400, "ActionNotSupported", 0 },
	[REF_MEDIA_FIELD_MISSING] = { "media-field-missing", 400,
	    "ActionParameterMissing", 0 },
	[REF_MEDIA_FIELD_FORBIDDEN] = { "media-field-forbidden", 400,
	    "ActionParameterNotSupported", 0 },
	[REF_MEDIA_SCHEME] = { "media-scheme", 400,
	    "ActionParameterValueFormatError", 0 },
	[REF_MEDIA_URL] = { "media-url", 400, "ActionParameterValueFormatError",
	    0 },
	[REF_MEDIA_UNREACHABLE] = { "media-unreachable", 400,
	    "ResourceAtUriInUnknownFormat", 0 },
	[REF_MEDIA_INSERTED] = { "media-inserted", 409, "ResourceInUse", 0 },
	[REF_MEDIA_EMPTY] = { "media-empty", 409, "ResourceInStandby", 0 },
	[REF_MEDIA_BUSY] = { "media-busy", 503, "ServiceTemporarilyUnavailable",
	    0 },
	[REF_MEDIA_EJECT_BODY] = { "media-eject-body", 400,
	    "UnrecognizedRequestBody", 0 },
	[REF_MEDIA_LICENSE] = { "media-license", 403, "InsufficientPrivilege",
	    0 },
	[REF_BUSY] = { "busy", 503, "ServiceTemporarilyUnavailable", 0 },
	[REF_INTERNAL] = { "internal", 500, "InternalError", 0 },
};

const struct refusal_words *
refusal_default(enum refusal r)
{
	return &table[r];
}

int
refusal_by_name(const char *name)
{
	for (int i = 0; i < REF_N; i++)
		if (str_eq(table[i].name, name))
			return i;
	return -1;
}
