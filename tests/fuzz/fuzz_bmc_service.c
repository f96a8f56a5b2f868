/*
 * What else a client of the services can send: the first byte chooses, the
 * rest is a query, a stream's filter, a multipart body or a JSON body.
 * Whatever comes, there is an answer below 600 and the BMC lives.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "common/str.h"
#include "tests/unit/bmc_rig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define V1 "/redfish/v1"

/* NULL method: the bytes are the query of a GET. */
static const struct kind {
	const char *method, *path, *type;
} kinds[] = {
	{ NULL, V1 "/Systems", NULL },
	{ NULL, RIG_SYS, NULL },
	{ NULL, V1 "/EventService/Subscriptions", NULL },
	{ "POST", V1 "/UpdateService/upload",
	    "multipart/form-data; boundary=b" },
	{ "POST", V1 "/UpdateService/Actions/UpdateService.SimpleUpdate",
	    NULL },
	{ "POST", V1 "/EventService/Subscriptions", NULL },
	{ "POST", V1 "/EventService/Actions/EventService.SubmitTestEvent",
	    NULL },
	{ "POST", V1 "/AccountService/Accounts", NULL },
	{ "PATCH", V1 "/AccountService", NULL },
	{ "PATCH", RIG_SYS "/Bios/Settings", NULL },
	{ "POST", RIG_SYS "/Bios/Actions/Bios.ChangePassword", NULL },
	{ "POST", RIG_SYS "/Storage/1/Volumes", NULL },
	{ "PATCH", RIG_MGR "/NetworkProtocol", NULL },
	{ "POST",
	    V1 "/CertificateService/Actions/"
	       "CertificateService.ReplaceCertificate",
	    NULL },
	{ "POST",
	    V1 "/CertificateService/Actions/CertificateService.GenerateCSR",
	    NULL },
};
#define N_KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* What a request line can carry: others are no concern of the service. */
static char *
target_of(const char *path, const char *query)
{
	char *t = xasprintf("%s?%s", path, query);

	for (char *s = t; *s; s++)
		if (*s <= ' ' || *s > '~')
			*s = '.';
	return t;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const struct kind *k;
	struct rig g;
	char *text, *target;
	int status;

	if (n < 1 || n > 8192)
		return 0;
	k = &kinds[data[0] % N_KINDS];
	text = xstrndup((const char *)data + 1, n - 1);
	rig_open(&g, NULL);
	g.content_type = k->type;
	if (k->method) {
		status = rig_call(&g, k->method, k->path, text);
	} else {
		target = target_of(k->path, text);
		status = rig_get(&g, target);
		xfree(target);
	}
	/* 0: a target that the wire does not carry */
	if (status && (status < 200 || status > 599))
		abort();
	g.content_type = NULL;
	rig_run(&g, 30000);
	if (rig_get(&g, V1) != 200)
		abort();
	rig_close(&g);
	xfree(text);
	return 0;
}
