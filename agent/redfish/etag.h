/*
 * Forms of an ETag that BMCs want in If-Match (rule 23). AMI shows W/"x" and
 * takes only "x"; iRMC uses a bare number; others take none, or only "*".
 */
#ifndef B7_AGENT_REDFISH_ETAG_H
#define B7_AGENT_REDFISH_ETAG_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

#define RF_ETAG_CAP 257

enum rf_etag_form {
	RF_ETAG_AS_IS,
	RF_ETAG_STRONG, /* without W/ */
	RF_ETAG_NONE,   /* no If-Match */
	RF_ETAG_ANY,    /* "*" */
	RF_ETAG_FORMS
};
const char *rf_etag_form_name(enum rf_etag_form f);

/* Header first, else "@odata.etag" of the body. "" if there is none, or one
 * that no header line can carry. */
void rf_etag_of(char out[RF_ETAG_CAP], const char *header, const cJSON *body);
/* The header's value in this form; NULL = send none. out is its memory. */
const char *rf_etag_form(
    enum rf_etag_form f, const char *etag, char out[RF_ETAG_CAP]);

#endif
