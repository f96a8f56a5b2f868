/*
 * Requests against the API stand-in, several an input: "METHOD TARGET TYPE",
 * a line end, the body; a line "---" before the next. Whatever they are, each
 * is answered with JSON and a status, the revision never goes back, and what
 * is stored can be read again.
 */
#include <assert.h>
#include <stdint.h>

#include "tests/unit/kube_rig.h"

#define MAX_REQUESTS 16

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Cuts the next word off *p. */
static char *
word(char **p)
{
	char *from = *p + strspn(*p, " ");

	*p = from + strcspn(from, " ");
	if (**p != '\0')
		*(*p)++ = '\0';
	return from;
}

static void
request(struct kube_rig *r, char *text)
{
	char *body = strchr(text, '\n'), *method, *target, *type;
	int64_t rv = kube_server_revision(r->s);
	int status;
	cJSON *j;

	if (body != NULL)
		*body++ = '\0';
	method = word(&text);
	target = word(&text);
	type = word(&text);
	j = kube_server_do(
	    r->s, method, target, type[0] != '\0' ? type : NULL, body, &status);
	assert(j != NULL);
	assert(status >= 200 && status < 600);
	assert(kube_server_revision(r->s) >= rv);
	cJSON_Delete(j);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text, *p, *next;
	struct kube_rig r;

	if (size > 100000)
		return 0;
	text = xstrndup((const char *)data, size);
	rig_open(&r);
	p = text;
	for (int i = 0; p != NULL && i < MAX_REQUESTS; i++) {
		next = strstr(p, "\n---\n");
		if (next != NULL) {
			*next = '\0';
			next += 5;
		}
		request(&r, p);
		p = next;
	}
	rig_run(&r, LOOP_S); /* what the controllers make of it */
	cJSON_Delete(kube_server_list(r.s, "example.org", "hosts", NULL));
	cJSON_Delete(kube_server_list(r.s, "", "configmaps", NULL));
	cJSON_Delete(kube_server_list(r.s, "", "namespaces", NULL));
	rig_close(&r);
	xfree(text);
	return 0;
}
