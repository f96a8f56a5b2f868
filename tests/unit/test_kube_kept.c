/* The trees that the API stand-in keeps are a saving that nobody sees: more
 * objects than it keeps are served as if each were read anew. */
#include "tests/unit/kube_rig.h"

#define MAPS "/api/v1/namespaces/default/configmaps"
#define N 24              /* of a megabyte each: more than are kept */
#define MEGABYTE 1000000U /* under the limit of an object's data */

static void
map_create(struct kube_rig *r, unsigned i)
{
	cJSON *o = cJSON_CreateObject();
	char *text = xmalloc(MEGABYTE + 1), *body;
	char name[16];

	memset(text, 'a' + (int)(i % 26), MEGABYTE);
	text[MEGABYTE] = '\0';
	(void)str_format(name, sizeof(name), "m%u", i);
	json_put(o, "apiVersion", cJSON_CreateString("v1"));
	json_put(o, "kind", cJSON_CreateString("ConfigMap"));
	json_put(o, "metadata/name", cJSON_CreateString(name));
	json_put(o, "data/big", cJSON_CreateString(text));
	json_put(o, "data/n", cJSON_CreateString("0"));
	body = json_print(o);
	rig_ok(r, 201, "POST", MAPS, NULL, body);
	xfree(body);
	xfree(text);
	cJSON_Delete(o);
}

static void
map_patch(struct kube_rig *r, unsigned i, unsigned round)
{
	char target[80], body[64];

	(void)str_format(target, sizeof(target), MAPS "/m%u", i);
	(void)str_format(
	    body, sizeof(body), "{\"data\":{\"n\":\"%u\"}}", round);
	rig_ok(r, 200, "PATCH", target, "application/merge-patch+json", body);
}

static void
map_check(struct kube_rig *r, unsigned i, unsigned round)
{
	char target[80], want[16];
	cJSON *o;

	(void)str_format(target, sizeof(target), MAPS "/m%u", i);
	(void)str_format(want, sizeof(want), "%u", round);
	o = rig_get(r, target);
	CHECK_TEXT(json_str(o, "data/n", ""), want);
	CU_ASSERT_EQUAL(strlen(json_str(o, "data/big", "")), MEGABYTE);
	CU_ASSERT_EQUAL(json_str(o, "data/big", " ")[7], 'a' + (int)(i % 26));
	cJSON_Delete(o);
}

static void
more_objects_than_are_kept_read_right(void)
{
	struct kube_rig r;

	rig_open(&r);
	for (unsigned i = 0; i < N; i++)
		map_create(&r, i);
	for (unsigned round = 1; round <= 2; round++)
		for (unsigned i = 0; i < N; i++)
			map_patch(&r, (i * 7) % N, round);
	for (unsigned i = 0; i < N; i++)
		map_check(&r, i, 2);
	rig_close(&r);
}

/* What a refused patch did to the tree that was kept must not stay. */
static void
a_refused_patch_leaves_what_was(void)
{
	struct kube_rig r;

	rig_open(&r);
	rig_ok(&r, 201, "POST", MAPS, NULL,
	    "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":"
	    "{\"name\":\"m\"},\"data\":{\"a\":\"1\"}}");
	rig_ok(&r, 200, "PATCH", MAPS "/m", "application/merge-patch+json",
	    "{\"data\":{\"a\":\"2\"}}");
	rig_ok(&r, 422, "PATCH", MAPS "/m", "application/json-patch+json",
	    "[{\"op\":\"replace\",\"path\":\"/data/a\",\"value\":\"3\"},"
	    "{\"op\":\"test\",\"path\":\"/data/a\",\"value\":\"9\"}]");
	rig_ok(&r, 409, "PATCH", MAPS "/m", "application/merge-patch+json",
	    "{\"metadata\":{\"resourceVersion\":\"1\"},"
	    "\"data\":{\"a\":\"4\"}}");
	rig_ok(&r, 200, "PATCH", MAPS "/m?dryRun=All",
	    "application/merge-patch+json", "{\"data\":{\"a\":\"5\"}}");
	{
		cJSON *o = rig_get(&r, MAPS "/m");

		CHECK_TEXT(json_str(o, "data/a", ""), "2");
		cJSON_Delete(o);
	}
	rig_ok(&r, 200, "PATCH", MAPS "/m", "application/merge-patch+json",
	    "{\"data\":{\"b\":\"6\"}}");
	{
		cJSON *o = rig_get(&r, MAPS "/m");

		CHECK_TEXT(json_str(o, "data/a", ""), "2");
		CHECK_TEXT(json_str(o, "data/b", ""), "6");
		cJSON_Delete(o);
	}
	rig_close(&r);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		UNIT_CASE(more_objects_than_are_kept_read_right),
		UNIT_CASE(a_refused_patch_leaves_what_was),
	};

	return UNIT_RUN("kube_kept", cases);
}
