/* See version.h. */
#include "common/version.h"

#include <cjson/cJSON.h>
#include <curl/curl.h>
#include <event2/event.h>
#include <http_parser.h>
#include <mbedtls/version.h>
#include <yaml.h>

#ifndef B7_COMMIT
#define B7_COMMIT "unknown"
#endif

void
version_print(const char *program, FILE *out)
{
	const curl_version_info_data *curl = curl_version_info(CURLVERSION_NOW);
	unsigned long hp = http_parser_version();

	(void)fprintf(
	    out, "%s %s (commit %s)\n", program, B7_VERSION, B7_COMMIT);
	(void)fprintf(out,
	    "libevent %s, libcurl %s (%s), " MBEDTLS_VERSION_STRING_FULL
	    ", cJSON %s, http-parser %lu.%lu.%lu, libyaml %s\n",
	    event_get_version(), curl->version, curl->ssl_version,
	    cJSON_Version(), (hp >> 16) & 255, (hp >> 8) & 255, hp & 255,
	    yaml_get_version_string());
}
