/* The Secrets of a claim's machine: which are read, by which keys, and what is
 * said of those that cannot be used. */
#include "tests/unit/wish_rig.h"

static void
secrets_are_not_read_for_nothing(void)
{
	struct rig r;

	open_wish(&r);
	machine(&r, "spec/userData/delivery", "\"None\"");
	fake_kube_delete(r.k.fake, "secrets", "ns1/data");
	CU_ASSERT_TRUE(ask(&r));
	CU_ASSERT_EQUAL(r.w.mode, DELIVERY_NONE);
	CU_ASSERT_TRUE(r.w.has_data); /* named it is all the same */
	CU_ASSERT_EQUAL(fake_kube_logged(r.k.fake, "/secrets/"), 0);
	for (size_t i = 0; i < WISH_SECRETS; i++)
		check_secret(&r, (enum wish_secret)i, NULL);
	close_wish(&r);
}

static void
a_secret_that_cannot_be_used_is_named(void)
{
	static const struct {
		const char *name, *data; /* data NULL: there is none */
		const char *says[2];
	} rows[] = {
		{ "data", NULL,
		    { "data (userDataSecretRef)", "does not exist" } },
		{ "data", "{}",
		    { "data (userDataSecretRef)", "no key `value`" } },
		{ "data", "null", { "userDataSecretRef", "no key `value`" } },
		{ "data", "\"value\"", { "data", "no key `value`" } },
		{ "data", "{\"format\":\"aWduaXRpb24=\"}",
		    { "data", "no key `value`" } },
		{ "data", "{\"value\":null}", { "data", "no key `value`" } },
		{ "data", "{\"Value\":\"" B64_USERS "\"}",
		    { "data", "no key `value`" } },
		{ "data", "{\"value\":\"!!\"}", { "data", "no base64" } },
		{ "data", "{\"value\":7}", { "data", "no base64" } },
		{ "data", "{\"value\":\"" B64_USERS "\",\"format\":\"!\"}",
		    { "data", "no base64" } },
		{ "wrap", NULL,
		    { "wrap (userData.wrapperSecretRef)", "does not exist" } },
		{ "wrap", "{\"format\":\"YQ==\"}",
		    { "wrapperSecretRef", "no key `value`" } },
		{ "net", NULL,
		    { "net (networkDataSecretRef)", "does not exist" } },
		{ "net", "{\"network\":\"YQ==\"}",
		    { "net (networkDataSecretRef)",
			"network-config, networkData, value" } },
		{ "net", "{\"value\":\"" B64_OTHER "\",\"networkData\":\"*\"}",
		    { "net", "no base64" } },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char row[24];
		struct rig r;

		(void)str_format(row, sizeof(row), "row %zu", i);
		open_wish(&r);
		if (rows[i].data != NULL) {
			secret(&r, rows[i].name, rows[i].data);
		} else {
			char key[16];

			(void)str_format(
			    key, sizeof(key), "ns1/%s", rows[i].name);
			fake_kube_delete(r.k.fake, "secrets", key);
		}
		CHECK_ROW(!ask(&r), row);
		CHECK_ROW(r.err.kind == ERR_SPEC, row);
		CHECK_TEXT(r.reason, "SecretNotFound");
		CHECK_ROW(strstr(r.err.msg, rows[i].says[0]) != NULL, row);
		CHECK_ROW(strstr(r.err.msg, rows[i].says[1]) != NULL, row);
		CHECK_ROW(strstr(r.err.msg, "users") == NULL, row);
		close_wish(&r);
	}
}

static void
an_empty_value_is_a_value(void)
{
	struct rig r;

	open_wish(&r);
	secret(&r, "data", "{\"value\":\"\",\"format\":\"\"}");
	secret(&r, "net", "{\"network-config\":\"\"}");
	CU_ASSERT_TRUE(ask(&r));
	check_secret(&r, WISH_DATA, "");
	check_secret(&r, WISH_FORMAT, "");
	check_secret(&r, WISH_NETWORK, "");
	close_wish(&r);
}

static void
of_several_keys_of_network_data_the_first_counts(void)
{
	static const struct {
		const char *data, *want;
	} rows[] = {
		{ "{\"value\":\"" B64_OTHER "\"}", "other" },
		{ "{\"value\":\"" B64_OTHER "\",\"networkData\":\"bmV0\"}",
		    "net" },
		{ "{\"value\":\"" B64_OTHER "\",\"networkData\":\"bmV0\","
		  "\"network-config\":\"" B64_USERS "\"}",
		    "users" },
		{ "{\"networkData\":\"bmV0\",\"network-config\":null}", "net" },
	};
	struct rig r;

	open_wish(&r);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		secret(&r, "net", rows[i].data);
		CU_ASSERT_TRUE(ask(&r));
		check_secret(&r, WISH_NETWORK, rows[i].want);
	}
	close_wish(&r);
}

static void
nobody(void *arg, struct wish *w, const char *reason, const struct err *e)
{
	unsigned *done = arg;

	(void)reason;
	CU_ASSERT_PTR_NULL(e);
	CU_ASSERT_PTR_NOT_NULL(w->v[WISH_DATA].p);
	(*done)++;
}

static void
what_nobody_takes_is_freed(void)
{
	struct wish_of of = { "ns1", "h1", "c1" };
	unsigned done = 0;
	struct rig r;

	open_wish(&r);
	(void)wish_read(r.k.client, &of, nobody, &done);
	rig_run(&r.k, LOOP_MIN);
	CU_ASSERT_EQUAL(done, 1); /* the rest is the sanitizer's */
	close_wish(&r);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		UNIT_CASE(secrets_are_not_read_for_nothing),
		UNIT_CASE(a_secret_that_cannot_be_used_is_named),
		UNIT_CASE(an_empty_value_is_a_value),
		UNIT_CASE(of_several_keys_of_network_data_the_first_counts),
		UNIT_CASE(what_nobody_takes_is_freed),
	};

	return UNIT_RUN("wish_secrets", cases);
}
