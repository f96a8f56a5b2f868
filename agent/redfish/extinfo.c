#include "agent/redfish/extinfo.h"

#include <string.h>

#include "agent/redfish/text.h"
#include "common/json.h"
#include "common/str.h"

#define EXT_KEY "@Message.ExtendedInfo"

struct known_id {
	const char *id;
	enum rf_no why;
};

/* Base registry (DSP8011) first, then what vendors say instead. */
static const struct known_id known_ids[] = {
	{ "Success", RF_NO_SUCCESS },
	{ "Created", RF_NO_SUCCESS },
	{ "AccountModified", RF_NO_SUCCESS },
	{ "PropertyNotWritable", RF_NO_READ_ONLY },
	{ "PropertyNotUpdated", RF_NO_READ_ONLY },
	{ "PropertyUnknown", RF_NO_UNKNOWN },
	{ "ActionParameterUnknown", RF_NO_UNKNOWN },
	{ "ActionParameterNotSupported", RF_NO_UNKNOWN },
	{ "PropertyNotSupported", RF_NO_UNKNOWN },
	{ "PropertyMissing", RF_NO_MISSING },
	{ "ActionParameterMissing", RF_NO_MISSING },
	{ "CreateFailedMissingReqProperties", RF_NO_MISSING },
	{ "PropertyValueNotInList", RF_NO_VALUE },
	{ "PropertyValueFormatError", RF_NO_VALUE },
	{ "PropertyValueTypeError", RF_NO_VALUE },
	{ "PropertyValueConflict", RF_NO_VALUE },
	{ "PropertyValueError", RF_NO_VALUE },
	{ "PropertyValueIncorrect", RF_NO_VALUE },
	{ "PropertyValueOutOfRange", RF_NO_VALUE },
	{ "PropertyValueExternalConflict", RF_NO_VALUE },
	{ "ActionParameterValueNotInList", RF_NO_VALUE },
	{ "ActionParameterValueFormatError", RF_NO_VALUE },
	{ "ActionParameterValueTypeError", RF_NO_VALUE },
	{ "ActionParameterValueError", RF_NO_VALUE },
	{ "ActionNotSupported", RF_NO_ACTION }, /* internal slots */
	{ "ServiceTemporarilyUnavailable", RF_NO_BUSY },
	{ "ServiceInUnknownState", RF_NO_BUSY },
	{ "ServiceShuttingDown", RF_NO_BUSY },
	{ "ResourceInUse", RF_NO_BUSY },
	{ "ResourceInStandby", RF_NO_BUSY },
	{ "ActionParameterValueConflict", RF_NO_BUSY }, /* iDRAC10: On */
	{ "PasswordChangeRequired", RF_NO_PASSWORD },
	{ "SessionLimitExceeded", RF_NO_SESSIONS },
	{ "UnauthorizedLoginAttempt", RF_NO_LOGIN }, /* iLO */
	{ "AuthenticationFailed", RF_NO_LOGIN },
	{ "InsufficientPrivilege", RF_NO_PRIVILEGE },
	{ "ResourceAtUriUnauthorized", RF_NO_MEDIA },
	{ "ResourceAtUriInUnknownFormat", RF_NO_MEDIA },
	{ "CouldNotEstablishConnection", RF_NO_MEDIA },
	{ "SourceDoesNotSupportProtocol", RF_NO_MEDIA },
	/* iLO */
	{ "PropertyNotWritableOrUnknown", RF_NO_READ_ONLY },
	{ "UnableToModifyDuringSystemPOST", RF_NO_BUSY },
	{ "InvalidOperationForSystemState", RF_NO_BUSY },
	{ "LicenseKeyRequired", RF_NO_LICENCE },
	{ "UnableToMountVirtualMedia", RF_NO_MEDIA },
	/* iDRAC */
	{ "SYS518", RF_NO_BUSY },
	{ "RAC0218", RF_NO_SESSIONS },
	{ "RAC0904", RF_NO_MEDIA },
	{ "RAC0720", RF_NO_BUSY }, /* "is being detached" */
	{ "SYS446", RF_NO_MEDIA },
	{ "VRM0021", RF_NO_MEDIA },
	{ "VRM0012", RF_NO_BUSY },
	/* Supermicro, AMI */
	{ "LicenseNotActivated", RF_NO_LICENCE },
	{ "OperationSupportedInFutureStateURI", RF_NO_ELSEWHERE },
};

static enum rf_no
why_of(const char *id)
{
	size_t i;

	for (i = 0; i < sizeof(known_ids) / sizeof(known_ids[0]); i++)
		if (str_ieq(id, known_ids[i].id))
			return known_ids[i].why;
	return strstr(id, "License") ? RF_NO_LICENCE : RF_NO_PLAIN;
}

/* Appends one name a line; what does not fit is left out. */
static void
add_name(struct rf_message *m, const char *name)
{
	size_t used = strlen(m->names);
	char clean[64];

	if (!rf_text_clean(clean, sizeof(clean), name))
		return;
	(void)str_format(
	    m->names + used, sizeof(m->names) - used, "%s\n", clean);
}

static void
add_names(struct rf_message *m, const cJSON *list)
{
	const cJSON *item;
	const char *s, *slash;
	unsigned budget = 16;

	cJSON_ArrayForEach (item, list) {
		if (budget-- == 0)
			break;
		s = cJSON_GetStringValue(item);
		slash = s ? strrchr(s, '/') : NULL;
		add_name(m, slash && s[0] == '#' ? slash + 1 : s);
	}
}

static void
add_message(struct rf_ext *x, const cJSON *j)
{
	const char *id = json_str(j, "MessageId", "");
	const char *dot = strrchr(id, '.');
	const char *text = json_str(j, "Message", NULL);
	struct rf_message *m;

	if (!cJSON_IsObject(j) || x->n == RF_EXT_MESSAGES ||
	    (id[0] == '\0' && !text))
		return;
	m = &x->m[x->n++];
	rf_text_sentence(m->id, sizeof(m->id), dot ? dot + 1 : id);
	rf_text_sentence(m->text, sizeof(m->text), text);
	add_names(m, json_arr(j, "MessageArgs"));
	add_names(m, json_arr(j, "RelatedProperties"));
	m->why = why_of(m->id);
}

/* An array of messages, or (iDRAC, iBMC) one message in its place. */
static void
add_list(struct rf_ext *x, const cJSON *list)
{
	const cJSON *item;

	if (cJSON_IsObject(list)) {
		add_message(x, list);
		return;
	}
	if (!cJSON_IsArray(list))
		return;
	cJSON_ArrayForEach (item, list) {
		if (x->n == RF_EXT_MESSAGES)
			break;
		add_message(x, item);
	}
}

/* "@Message.ExtendedInfo" and "Property@Message.ExtendedInfo" of one object. */
static void
add_annotations(struct rf_ext *x, const cJSON *obj)
{
	const cJSON *item;

	if (!cJSON_IsObject(obj))
		return;
	cJSON_ArrayForEach (item, obj) {
		if (str_has_suffix(item->string, EXT_KEY))
			add_list(x, item);
	}
}

static void
make_text(struct rf_ext *x, const cJSON *body)
{
	const struct rf_message *m;
	size_t i, used = 0;

	for (i = 0; i < x->n; i++) {
		m = &x->m[i];
		if (m->why == RF_NO_SUCCESS)
			continue;
		(void)str_format(x->text + used, sizeof(x->text) - used,
		    "%s%s%s%s", used ? "; " : "", m->id,
		    m->id[0] && m->text[0] ? ": " : "", m->text);
		used = strlen(x->text);
	}
	if (x->n == 0)
		rf_text_sentence(x->text, sizeof(x->text),
		    json_str(body, "error/message", NULL));
}

void
rf_ext_parse(struct rf_ext *x, const cJSON *body)
{
	memset(x, 0, sizeof(*x));
	if (!cJSON_IsObject(body))
		return;
	add_annotations(x, json_obj(body, "error"));
	add_annotations(x, body);
	add_annotations(x, json_obj(body, "Boot"));
	add_list(x, json_arr(body, "Messages")); /* of a Task */
	make_text(x, body);
}

bool
rf_ext_has(const struct rf_ext *x, enum rf_no why)
{
	size_t i;

	for (i = 0; i < x->n; i++)
		if (x->m[i].why == why)
			return true;
	return false;
}

bool
rf_ext_has_id(const struct rf_ext *x, const char *id)
{
	size_t i;

	for (i = 0; i < x->n; i++)
		if (str_ieq(x->m[i].id, id))
			return true;
	return false;
}

static bool
word_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9');
}

/* "Boot" is not said by "BootSourceOverrideMode". */
static bool
says_word(const char *text, const char *word)
{
	size_t n = strlen(word);
	const char *at;

	for (at = text; (at = strstr(at, word)) != NULL; at += n)
		if ((at == text || !word_char(at[-1])) && !word_char(at[n]))
			return true;
	return false;
}

static bool
message_names(const struct rf_message *m, const char *prop)
{
	/* Some only write it into the sentence. */
	return says_word(m->names, prop) || says_word(m->text, prop);
}

bool
rf_ext_blames(const struct rf_ext *x, enum rf_no why, const char *prop)
{
	size_t i;

	for (i = 0; i < x->n; i++)
		if (x->m[i].why == why && message_names(&x->m[i], prop))
			return true;
	return false;
}

bool
rf_ext_names(const struct rf_ext *x, const char *prop)
{
	size_t i;

	for (i = 0; i < x->n; i++)
		if (x->m[i].why != RF_NO_SUCCESS &&
		    message_names(&x->m[i], prop))
			return true;
	return false;
}

const struct rf_message *
rf_ext_first(const struct rf_ext *x)
{
	size_t i;

	for (i = 0; i < x->n; i++)
		if (x->m[i].why != RF_NO_SUCCESS)
			return &x->m[i];
	return NULL;
}
