/*
 * Requests against the API stand-in, several an input: "METHOD TARGET TYPE",
 * a line end, the body; a line "---" before the next. Whatever they are, each
 * is answered with JSON and a status, the revision never goes back, and what
 * is stored can be read again. A server is emptied and used again, since most of
 * the time of an input went into making one; not one whose own CRD or faults an
 * input may have touched.
 */
#include <assert.h>
#include <stdint.h>

#include "tests/unit/kube_rig.h"

#define MAX_REQUESTS 16
#define REUSE_MAX 200 /* so that what was found depends on few inputs */

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

/* ---- the server, used again ------------------------------------------------ */

/* Between inputs; libFuzzer has nothing to keep it in. */
static struct kube_rig shared;
static bool open_;
static unsigned reused;
static char *given; /* owned; as it was when the server was new */

static const struct {
	const char *group, *plural, *path;
} kinds[] = {
	{ "example.org", "hosts", "/apis/example.org/v1" },
	{ "", "configmaps", "/api/v1" },
	{ "", "secrets", "/api/v1" },
	{ "", "events", "/api/v1" },
	{ "", "serviceaccounts", "/api/v1" },
	{ "", "nodes", "/api/v1" },
	{ "", "namespaces", "/api/v1" },
	{ "apiextensions.k8s.io", "customresourcedefinitions",
	    "/apis/apiextensions.k8s.io/v1" },
	{ "coordination.k8s.io", "leases", "/apis/coordination.k8s.io/v1" },
};

/* What inputs find and must not have changed for the next. */
static char *
given_now(void)
{
	cJSON *all = cJSON_CreateArray();
	char *text;

	cJSON_AddItemToArray(
	    all, kube_server_list(shared.s, "apiextensions.k8s.io",
		     "customresourcedefinitions", NULL));
	cJSON_AddItemToArray(
	    all, kube_server_list(shared.s, "", "namespaces", NULL));
	text = json_print(all);
	cJSON_Delete(all);
	return text;
}

static void
forget(void)
{
	if (open_)
		rig_close(&shared);
	open_ = false;
	xfree(given);
	given = NULL;
}

static struct kube_rig *
fresh(void)
{
	if (!open_) {
		rig_open(&shared);
		open_ = true;
		reused = 0;
		given = given_now();
	}
	return &shared;
}

static void
remove_one(const char *path, const char *plural, const cJSON *o)
{
	static const char bare[] = "{\"metadata\":{\"finalizers\":null}}";
	const char *ns = json_str(o, "metadata/namespace", NULL);
	const char *name = json_str(o, "metadata/name", "");
	char *at = ns == NULL ? xasprintf("%s/%s/%s", path, plural, name)
			      : xasprintf("%s/namespaces/%s/%s/%s", path, ns,
				    plural, name);
	int status;

	cJSON_Delete(kube_server_do(shared.s, "PATCH", at,
	    "application/merge-patch+json", bare, &status));
	cJSON_Delete(
	    kube_server_do(shared.s, "DELETE", at, NULL, NULL, &status));
	xfree(at);
}

/* Namespaces and the CRD that are there from the start stay. */
static bool
stays(const char *plural, const cJSON *o)
{
	static const char *const names[] = { "default", "kube-system",
		"kube-public", "kube-node-lease" };
	const char *name = json_str(o, "metadata/name", "");
	bool is = false;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		is = is || str_eq(name, names[i]);
	if (str_eq(plural, "customresourcedefinitions"))
		return str_eq(name, "hosts.example.org");
	return is && str_eq(plural, "namespaces");
}

/* How many are left after all that can be removed was. */
static size_t
empty(bool remove)
{
	size_t left = 0;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		cJSON *all = kube_server_list(
		    shared.s, kinds[i].group, kinds[i].plural, NULL);
		const cJSON *o;

		cJSON_ArrayForEach (o, all) {
			if (stays(kinds[i].plural, o))
				continue;
			left++;
			if (remove)
				remove_one(kinds[i].path, kinds[i].plural, o);
		}
		cJSON_Delete(all);
	}
	return left;
}

static bool
as_new(const char *text, int64_t rv)
{
	char *now;
	bool same;

	bool faulty = strstr(text, "_sim") != NULL && strstr(text, "POST");

	if (faulty || ++reused == REUSE_MAX)
		return false;
	if (kube_server_revision(shared.s) == rv)
		return true;
	(void)empty(true);
	rig_run(&shared, LOOP_S);
	if (empty(false) > 0)
		return false;
	now = given_now();
	same = str_eq(now, given);
	xfree(now);
	return same;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text, *whole, *p, *next;
	struct kube_rig *r;
	int64_t rv;

	if (size > 100000)
		return 0;
	text = xstrndup((const char *)data, size);
	whole = xstrdup(text);
	r = fresh();
	rv = kube_server_revision(r->s);
	p = text;
	for (int i = 0; p != NULL && i < MAX_REQUESTS; i++) {
		next = strstr(p, "\n---\n");
		if (next != NULL) {
			*next = '\0';
			next += 5;
		}
		request(r, p);
		p = next;
	}
	rig_run(r, LOOP_S); /* what the controllers make of it */
	cJSON_Delete(kube_server_list(r->s, "example.org", "hosts", NULL));
	cJSON_Delete(kube_server_list(r->s, "", "configmaps", NULL));
	cJSON_Delete(kube_server_list(r->s, "", "namespaces", NULL));
	if (!as_new(whole, rv))
		forget();
	xfree(whole);
	xfree(text);
	return 0;
}
