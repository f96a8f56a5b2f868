/*
 * See message.h. The ids are those of the DMTF Base registry (DSP8011); the
 * sentences are our own, as the registry allows a service to word them.
 */
#include "sim/bmc/message.h"

#include <stdio.h>
#include <string.h>

#include "common/str.h"
#include "sim/bmc/jw.h"

const struct message_def message_base[] = {
	{ "Success", "OK", "The request was carried out.", "None." },
	{ "Created", "OK", "The resource was created.", "None." },
	{ "GeneralError", "Critical",
	    "The request failed; see the extended information.",
	    "See the extended information." },
	{ "InternalError", "Critical",
	    "The service failed in a way it cannot name.",
	    "Send the request again; if it fails again, reset the manager." },
	{ "NoValidSession", "Critical",
	    "There is no valid session and no valid credentials.",
	    "Log in and send the request again." },
	{ "InsufficientPrivilege", "Critical",
	    "The account lacks a privilege or license that this needs.",
	    "Use an account that has it." },
	{ "PasswordChangeRequired", "Critical",
	    "The password of this account must be changed first: PATCH the "
	    "Password property at '%1'.",
	    "Change the password at the given URI." },
	{ "SessionLimitExceeded", "Critical",
	    "No more sessions can be opened: the limit is reached.",
	    "Close sessions that are not needed." },
	{ "ResourceMissingAtURI", "Critical",
	    "There is no resource at the URI %1.", "Correct the URI." },
	{ "OperationNotAllowed", "Critical",
	    "The HTTP method is not allowed on this resource.",
	    "None; see the Allow header." },
	{ "ActionNotSupported", "Critical",
	    "The action %1 is not supported by the resource.",
	    "Use one of the actions that the resource shows." },
	{ "MalformedJSON", "Critical", "The body is not valid JSON.",
	    "Correct the JSON." },
	{ "EmptyJSON", "Warning", "The body is an empty JSON object.",
	    "Add properties to the object." },
	{ "UnrecognizedRequestBody", "Warning",
	    "The body is not of a kind that the service reads.",
	    "Send a JSON object as application/json." },
	{ "PreconditionFailed", "Critical",
	    "The precondition in the headers does not hold.",
	    "Read the resource again and use its ETag." },
	{ "PreconditionRequired", "Critical",
	    "A precondition header is required on this request.",
	    "Send If-Match with the ETag of the resource." },
	{ "QueryNotSupported", "Warning",
	    "A query parameter of the request is not supported.",
	    "Leave the query parameter out." },
	{ "QueryParameterValueFormatError", "Warning",
	    "The value of the query parameter %1 has a wrong format.",
	    "Correct the value." },
	{ "QueryNotSupportedOnResource", "Warning",
	    "The query parameter %1 cannot be used on this resource.",
	    "Leave the query parameter out." },
	{ "QueryParameterOutOfRange", "Warning",
	    "The value %1 for the query parameter %2 is out of range.",
	    "Correct the value." },
	{ "QueryCombinationInvalid", "Warning",
	    "The query parameters cannot be used together.",
	    "Leave all but one out." },
	{ "InsufficientStorage", "Critical",
	    "There is not enough room to build the answer.",
	    "Ask for less at once." },
	{ "EventSubscriptionLimitExceeded", "Critical",
	    "No more subscriptions can be made: the limit is reached.",
	    "Delete subscriptions that are not needed." },
	{ "PropertyUnknown", "Warning",
	    "The property %1 is not in the list of valid properties.",
	    "Leave the property out." },
	{ "PropertyNotWritable", "Warning", "The property %1 is read-only.",
	    "Leave the property out." },
	{ "PropertyValueTypeError", "Warning",
	    "The value %1 for the property %2 is of the wrong type.",
	    "Correct the value." },
	{ "PropertyValueNotInList", "Warning",
	    "The value %1 for the property %2 is not in the list of "
	    "acceptable values.",
	    "Choose one of the allowable values." },
	{ "PropertyValueFormatError", "Warning",
	    "The value %1 for the property %2 has a wrong format.",
	    "Correct the value." },
	{ "PropertyValueOutOfRange", "Warning",
	    "The value %1 for the property %2 is out of range.",
	    "Correct the value." },
	{ "PropertyValueConflict", "Warning",
	    "The property %1 conflicts with the value of %2.",
	    "Change one of the two." },
	{ "PropertyMissing", "Warning",
	    "The property %1 is required and missing.", "Add the property." },
	{ "NoOperation", "Warning",
	    "The request changes nothing that can be changed.", "None." },
	{ "ResourceAlreadyExists", "Critical",
	    "There is a resource of type %1 already with the property %2 and "
	    "the value %3.",
	    "Use another value." },
	{ "CreateLimitReachedForResource", "Critical",
	    "No more resources of this kind can be created.",
	    "Delete one first." },
	{ "ResourceCannotBeDeleted", "Critical",
	    "This resource cannot be deleted.", "Leave it." },
	{ "ActionParameterMissing", "Critical",
	    "The action %1 needs the parameter %2.", "Add the parameter." },
	{ "ActionParameterUnknown", "Warning",
	    "The action %1 does not know the parameter %2.",
	    "Leave the parameter out." },
	{ "ActionParameterNotSupported", "Warning",
	    "The parameter %1 of the action %2 is not supported here.",
	    "Leave the parameter out." },
	{ "ActionParameterValueNotInList", "Warning",
	    "The value %1 for the parameter %2 of the action %3 is not in "
	    "the list of acceptable values.",
	    "Choose one of the allowable values." },
	{ "ActionParameterValueTypeError", "Critical",
	    "The value %1 for the parameter %2 of the action %3 is of the "
	    "wrong type.",
	    "Correct the value." },
	{ "ActionParameterValueFormatError", "Warning",
	    "The value %1 for the parameter %2 of the action %3 has a wrong "
	    "format.",
	    "Correct the value." },
	{ "ActionParameterValueConflict", "Warning",
	    "The parameter %1 with the value %2 conflicts with the state of "
	    "the resource.",
	    "None, if the resource is in the wanted state already." },
	{ "ResourceInUse", "Warning",
	    "The resource is in use and cannot be changed now.",
	    "Release the resource and send the request again." },
	{ "ResourceInStandby", "Critical",
	    "The resource is in standby and cannot do this.",
	    "Bring the resource into the needed state first." },
	{ "ResourceAtUriInUnknownFormat", "Critical",
	    "The resource at %1 cannot be read or has an unknown format.",
	    "Correct the URI, or put the resource there." },
	{ "ServiceTemporarilyUnavailable", "Critical",
	    "The service is busy; retry in %1 seconds.",
	    "Wait and send the request again." },
};

size_t
message_count(void)
{
	return sizeof(message_base) / sizeof(message_base[0]);
}

static size_t
n_args(const struct message *m)
{
	size_t n = 0;

	while (n < MESSAGE_ARGS && m->args[n])
		n++;
	return n;
}

void
message_full_id(const struct message *m, char *out, size_t cap)
{
	if (strchr(m->id, '.'))
		(void)str_copy(out, cap, m->id); /* ids are short */
	else
		(void)str_format(out, cap, "%s.%s", m->registry, m->id);
}

void
message_text(const struct message *m, char *out, size_t cap)
{
	const struct message_def *d = message_find(m->id);
	const char *s = m->text ? m->text : d ? d->text : m->id;
	size_t n = 0, args = n_args(m);

	for (; *s && n + 1 < cap; s++) {
		if (s[0] == '%' && s[1] >= '1' &&
		    s[1] <= '0' + (int)MESSAGE_ARGS) {
			size_t i = (size_t)(s[1] - '1');
			const char *a = i < args ? m->args[i] : "";

			(void)str_copy(out + n, cap - n, a); /* cut is fine */
			n += strlen(out + n);
			s++;
			continue;
		}
		out[n++] = *s;
	}
	out[n] = '\0';
}

void
message_write(struct jw *w, const struct message *m)
{
	const struct message_def *d = message_find(m->id);
	char id[128], sentence[640];

	message_full_id(m, id, sizeof(id));
	message_text(m, sentence, sizeof(sentence));
	jw_open(w, NULL);
	jw_s(w, "@odata.type", "#Message.v1_2_0.Message");
	jw_s(w, "MessageId", id);
	jw_s(w, "Message", sentence);
	jw_list(w, "MessageArgs");
	for (size_t i = 0; i < n_args(m); i++)
		jw_s(w, NULL, m->args[i]);
	jw_end(w);
	if (m->related) {
		jw_list(w, "RelatedProperties");
		jw_s(w, NULL, m->related);
		jw_end(w);
	}
	jw_s(w, "Severity", d ? d->severity : "Warning");
	jw_s(w, "MessageSeverity", d ? d->severity : "Warning");
	jw_s(w, "Resolution", d ? d->resolution : "See the manual.");
	jw_close(w);
}
