/*
 * What a BMC says when it says no: the messages of "@Message.ExtendedInfo",
 * wherever vendors put them and in whatever shape (DSP0266 "Error responses";
 * rule 30). Matched by the last part of the MessageId: registries' names and
 * versions differ, the words do not.
 */
#ifndef B7_AGENT_REDFISH_EXTINFO_H
#define B7_AGENT_REDFISH_EXTINFO_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

enum rf_no {
	RF_NO_SUCCESS, /* not a refusal at all */
	RF_NO_PLAIN,   /* nothing known */
	RF_NO_READ_ONLY,
	RF_NO_ELSEWHERE, /* wants it at the settings object */
	RF_NO_UNKNOWN,   /* property or parameter that it does not know */
	RF_NO_MISSING,
	RF_NO_VALUE,
	RF_NO_BUSY, /* will pass by itself; nothing was done */
	RF_NO_LICENCE,
	RF_NO_PASSWORD, /* must be changed first */
	RF_NO_SESSIONS, /* no session left */
	RF_NO_LOGIN,    /* wrong name or password */
	RF_NO_PRIVILEGE,
	RF_NO_ACTION, /* not here at all, whatever its body */
	RF_NO_MEDIA   /* the image cannot be read or attached */
};

#define RF_EXT_MESSAGES 4

struct rf_message {
	enum rf_no why;
	char id[48];     /* "PropertyMissing" */
	char names[128]; /* arguments and related properties, one a line */
	char text[160];  /* clean */
};
struct rf_ext {
	struct rf_message m[RF_EXT_MESSAGES];
	size_t n;
	char text[200]; /* of what is not success, for people; "" = none */
};

/* body may be NULL or anything. */
void rf_ext_parse(struct rf_ext *x, const cJSON *body);
/* Any message of this kind. */
bool rf_ext_has(const struct rf_ext *x, enum rf_no why);
bool rf_ext_has_id(const struct rf_ext *x, const char *id);
/* A message of this kind that names the property. */
bool rf_ext_blames(const struct rf_ext *x, enum rf_no why, const char *prop);
/* Any refusal that names it. */
bool rf_ext_names(const struct rf_ext *x, const char *prop);
/* The first message that is not success; NULL if none. */
const struct rf_message *rf_ext_first(const struct rf_ext *x);

#endif
