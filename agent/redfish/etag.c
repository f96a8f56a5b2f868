#include "agent/redfish/etag.h"

#include <string.h>

#include "common/json.h"
#include "common/str.h"

const char *
rf_etag_form_name(enum rf_etag_form f)
{
	static const char *const names[RF_ETAG_FORMS] = { "as-is", "strong",
		"none", "any" };

	return f < RF_ETAG_FORMS ? names[f] : "?";
}

static bool
fits_header(const char *s)
{
	size_t i;

	for (i = 0; s[i]; i++)
		if ((unsigned char)s[i] < 0x21 || (unsigned char)s[i] > 0x7e)
			return false;
	return i > 0 && i < RF_ETAG_CAP;
}

void
rf_etag_of(char out[RF_ETAG_CAP], const char *header, const cJSON *body)
{
	const char *s = header;

	out[0] = '\0';
	if (str_empty(s))
		s = json_str(body, "@odata.etag", NULL);
	if (!str_empty(s) && fits_header(s))
		(void)str_copy(out, RF_ETAG_CAP, s);
}

const char *
rf_etag_form(enum rf_etag_form f, const char *etag, char out[RF_ETAG_CAP])
{
	if (f == RF_ETAG_NONE)
		return NULL;
	if (f == RF_ETAG_ANY)
		return "*";
	if (str_empty(etag))
		return NULL;
	if (f == RF_ETAG_STRONG && str_has_prefix(etag, "W/"))
		etag += 2;
	(void)str_copy(out, RF_ETAG_CAP, etag);
	return out;
}
