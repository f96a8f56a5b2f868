/* What a claim's machine is to get, of an API that says it in bits, says it
 * wrongly, or not at all. */
#include "tests/unit/wish_rig.h"

static void
all_that_is_said_is_gathered(void)
{
	struct rig r;

	open_wish(&r);
	CU_ASSERT_TRUE(ask(&r));
	CU_ASSERT_PTR_NULL(r.reason);
	CHECK_TEXT(r.w.image, IMAGE); /* the host's, not the machine's */
	CHECK_TEXT(r.w.checksum, "sha256:ab");
	CHECK_TEXT(r.w.hostname, "node-7");
	CHECK_TEXT(r.w.provider_id, "b7://ns1/h1");
	CHECK_TEXT(r.w.kernel_args, "a=b");
	CU_ASSERT_FALSE(r.w.installer);
	CU_ASSERT_EQUAL(r.w.mode, DELIVERY_CONFIG_DRIVE);
	CU_ASSERT_EQUAL(r.w.format, DELIVERY_IGNITION);
	CU_ASSERT_TRUE(r.w.has_data);
	CU_ASSERT_EQUAL_FATAL(r.w.n_meta, 2);
	CHECK_TEXT(r.w.meta[0].key, "rack");
	CHECK_TEXT(r.w.meta[0].value, "r1");
	CHECK_TEXT(r.w.meta[1].key, "row");
	check_secret(&r, WISH_DATA, "users");
	check_secret(&r, WISH_FORMAT, "ignition");
	check_secret(&r, WISH_WRAPPER, "wrap");
	check_secret(&r, WISH_NETWORK, "net");
	CU_ASSERT_EQUAL(r.k.fake->gets, 5);
	CU_ASSERT_EQUAL(r.k.fake->n_log, 5); /* nothing is listed or written */
	close_wish(&r);
}

static void
what_is_not_said_is_not_there(void)
{
	struct rig r;

	open_wish(&r);
	host(&r, "spec/userDataSecretRef", NULL);
	host(&r, "spec/networkDataSecretRef", NULL);
	machine(&r, "spec", "{}");
	machine(&r, "metadata/ownerReferences", NULL);
	CU_ASSERT_TRUE(ask(&r));
	CHECK_TEXT(r.w.image, IMAGE);
	CU_ASSERT_PTR_NULL(r.w.checksum);
	CHECK_TEXT(r.w.hostname, "m1");
	CU_ASSERT_PTR_NULL(r.w.kernel_args);
	CU_ASSERT_TRUE(r.w.installer);
	CU_ASSERT_EQUAL(r.w.mode, DELIVERY_AUTO);
	CU_ASSERT_EQUAL(r.w.format, DELIVERY_FORMAT_AUTO);
	CU_ASSERT_EQUAL(r.w.n_meta, 0);
	CU_ASSERT_FALSE(r.w.has_data);
	for (size_t i = 0; i < WISH_SECRETS; i++)
		check_secret(&r, (enum wish_secret)i, NULL);
	CU_ASSERT_EQUAL(r.k.fake->gets, 2);
	close_wish(&r);
}

/* The schema refuses them; whoever writes past it must not break anything. */
static void
fields_of_other_kinds_are_none(void)
{
	struct rig r;

	open_wish(&r);
	host(&r, "spec/userDataSecretRef", "\"data\"");
	host(&r, "spec/networkDataSecretRef", "{\"name\":7}");
	machine(&r, "metadata/ownerReferences", "{\"kind\":\"Machine\"}");
	machine(&r, "spec/image", "[\"Live\"]");
	machine(&r, "spec/userData",
	    "{\"delivery\":7,\"format\":[],\"kernelArgs\":{},"
	    "\"metaData\":{\"a\":1,\"b\":\"2\",\"c\":{},\"d\":null,\"e\":\"\"},"
	    "\"wrapperSecretRef\":[]}");
	CU_ASSERT_TRUE(ask(&r));
	CU_ASSERT_PTR_NULL(r.w.checksum);
	CHECK_TEXT(r.w.hostname, "m1");
	CU_ASSERT_PTR_NULL(r.w.kernel_args);
	CU_ASSERT_TRUE(r.w.installer);
	CU_ASSERT_FALSE(r.w.has_data);
	CU_ASSERT_EQUAL_FATAL(r.w.n_meta, 2);
	CHECK_TEXT(r.w.meta[0].key, "b");
	CHECK_TEXT(r.w.meta[1].key, "e");
	CHECK_TEXT(r.w.meta[1].value, "");
	CU_ASSERT_EQUAL(r.k.fake->gets, 2);
	machine(&r, "spec/userData", "{\"metaData\":[\"x\",\"y\"]}");
	CU_ASSERT_TRUE(ask(&r));
	CU_ASSERT_EQUAL(r.w.n_meta, 0);
	close_wish(&r);
}

static void
meta_data_is_cut_at_its_cap(void)
{
	struct rig r;
	cJSON *meta = cJSON_CreateObject();
	char *text, key[16];

	for (unsigned i = 0; i < DELIVERY_META + 9; i++) {
		(void)str_format(key, sizeof(key), "k%03u", i);
		json_set_str(meta, key, "v");
	}
	text = json_print(meta);
	open_wish(&r);
	machine(&r, "spec/userData/metaData", text);
	CU_ASSERT_TRUE(ask(&r));
	CU_ASSERT_EQUAL_FATAL(r.w.n_meta, DELIVERY_META);
	CHECK_TEXT(r.w.meta[DELIVERY_META - 1].key, "k063");
	cJSON_Delete(meta);
	xfree(text);
	close_wish(&r);
}

static void
a_claim_that_is_over_gets_nothing(void)
{
	static const struct {
		const char *plural, *path, *value; /* NULL path: it is gone */
	} rows[] = {
		{ "physicalhosts", NULL, NULL },
		{ "physicalhosts", "spec/consumerRef", NULL },
		{ "physicalhosts", "spec/consumerRef/claimID", "\"c2\"" },
		{ "physicalhosts", "spec/consumerRef/claimID", "\"C1\"" },
		{ "physicalhosts", "spec/consumerRef/claimID", "7" },
		{ "physicalhosts", "spec/consumerRef/name", "\"m2\"" },
		{ "beskar7machines", NULL, NULL },
		{ "beskar7machines", "metadata/annotations", NULL },
		{ "beskar7machines", "metadata/annotations", "{\"x\":\"c1\"}" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *name = rows[i].plural[0] == 'p' ? "ns1/h1"
							    : "ns1/"
							      "m1";
		char row[16];
		struct rig r;

		(void)str_format(row, sizeof(row), "row %zu", i);
		open_wish(&r);
		if (rows[i].path == NULL)
			fake_kube_delete(r.k.fake, rows[i].plural, name);
		else
			change(&r, rows[i].plural, name, rows[i].path,
			    rows[i].value);
		CHECK_ROW(!ask(&r), row);
		CHECK_ROW(r.err.kind == ERR_NOTFOUND, row);
		CHECK_ROW(r.reason == NULL, row);
		CHECK_ROW(fake_kube_logged(r.k.fake, "/secrets/") == 0, row);
		close_wish(&r);
	}
}

static void
another_claim_of_the_machine_gets_nothing(void)
{
	struct rig r;
	cJSON *ann = cJSON_CreateObject();
	char *text;

	json_set_str(ann, ANN_CLAIM_ID, "c2");
	text = json_print(ann);
	open_wish(&r);
	machine(&r, "metadata/annotations", text);
	CU_ASSERT_FALSE(ask(&r));
	CU_ASSERT_EQUAL(r.err.kind, ERR_NOTFOUND);
	CU_ASSERT_EQUAL(fake_kube_logged(r.k.fake, "/secrets/"), 0);
	cJSON_Delete(ann);
	xfree(text);
	close_wish(&r);
}

static void
a_host_without_an_image_is_asked_again(void)
{
	static const char *const rows[] = { NULL, "\"\"", "7" };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rig r;

		open_wish(&r);
		host(&r, "spec/bootIsoSource", rows[i]);
		CU_ASSERT_FALSE(ask(&r));
		CU_ASSERT_EQUAL(r.err.kind, ERR_BUSY);
		CU_ASSERT_PTR_NULL(r.reason);
		host(&r, "spec/bootIsoSource", "\"" IMAGE "\"");
		CU_ASSERT_TRUE(ask(&r));
		close_wish(&r);
	}
}

static void
a_consumer_with_a_name_like_a_path_is_not_asked_for(void)
{
	static const char *const rows[] = { "\"\"", "\"..\"", "\"../h1\"",
		"\"a/b\"", "[]" };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rig r;

		open_wish(&r);
		host(&r, "spec/consumerRef/name", rows[i]);
		CHECK_ROW(!ask(&r), rows[i]);
		CHECK_ROW(r.err.kind == ERR_BUSY, rows[i]);
		CHECK_ROW(r.k.fake->n_log == 1, rows[i]);
		close_wish(&r);
	}
}

static void
words_that_nobody_knows_are_no_guess(void)
{
	static const struct {
		const char *path, *value;
	} rows[] = { { "spec/userData/delivery", "\"Floppy\"" },
		{ "spec/userData/delivery", "\"none\"" },
		{ "spec/userData/format", "\"cloud-init\"" },
		{ "spec/userData/format", "\"Kickstart\"" } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rig r;

		open_wish(&r);
		machine(&r, rows[i].path, rows[i].value);
		CHECK_ROW(!ask(&r), rows[i].value);
		CHECK_ROW(r.err.kind == ERR_SPEC, rows[i].value);
		CHECK_TEXT(r.reason, "FormatUnsupported");
		CHECK_ROW(fake_kube_logged(r.k.fake, "/secrets/") == 0,
		    rows[i].value);
		close_wish(&r);
	}
}

static void
the_kind_is_installer_unless_it_is_live(void)
{
	static const struct {
		const char *kind;
		bool installer;
	} rows[] = { { "\"Live\"", false }, { "\"Installer\"", true },
		{ NULL, true }, { "\"live\"", true } };
	struct rig r;

	open_wish(&r);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		machine(&r, "spec/image/kind", rows[i].kind);
		CU_ASSERT_TRUE(ask(&r));
		CU_ASSERT_EQUAL(r.w.installer, rows[i].installer);
	}
	close_wish(&r);
}

/* It may still come: whoever delivers says so. */
/* One that goes wrong, by a part of its target. */
struct wrong {
	const char *at;
	struct fake_fault how;
};

static struct fake_fault
go_wrong(void *arg, const struct fake_request *rq)
{
	const struct wrong *w = arg;

	if (strstr(rq->target, w->at) != NULL)
		return w->how;
	return (struct fake_fault){ 0 };
}

static const char *const steps[] = { "/physicalhosts/h1", "/beskar7machines/m1",
	"/secrets/data", "/secrets/wrap", "/secrets/net" };
#define STEPS (sizeof(steps) / sizeof(steps[0]))

static void
an_api_that_does_not_answer_is_asked_again(void)
{
	static const struct fake_fault rows[] = { { .status = 500 },
		{ .status = 403, .reason = "Forbidden" },
		{ .status = 429, .retry_after = "1" },
		{ .status = 200, .body = "no JSON" }, { .lose_reply = true },
		{ .hang = true } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (size_t k = 0; k < STEPS; k++) {
			struct wrong wrong = { steps[k], rows[i] };
			char row[40];
			struct rig r;

			(void)str_format(
			    row, sizeof(row), "row %zu %s", i, steps[k]);
			open_wish(&r);
			r.k.fake->fault = go_wrong;
			r.k.fake->fault_arg = &wrong;
			CHECK_ROW(!ask(&r), row);
			CHECK_ROW(r.err.kind == ERR_BUSY, row);
			CHECK_ROW(r.reason == NULL, row);
			close_wish(&r);
		}
}

static void
what_is_cancelled_is_not_told(void)
{
	for (size_t k = 0; k < STEPS; k++) {
		struct wrong wrong = { steps[k], { .hang = true } };
		struct rig r;

		open_wish(&r);
		r.k.fake->fault = go_wrong;
		r.k.fake->fault_arg = &wrong;
		start(&r);
		rig_run(&r.k, LOOP_S);
		CU_ASSERT_EQUAL(fake_kube_logged(r.k.fake, steps[k]), 1);
		CU_ASSERT_EQUAL(r.k.fake->n_log, k + 1);
		wish_cancel(r.call);
		r.call = NULL;
		rig_run(&r.k, LOOP_MIN);
		CU_ASSERT_EQUAL(r.done, 0);
		CU_ASSERT_EQUAL(kube_client_counts(r.k.client).in_flight, 0);
		close_wish(&r);
	}
	wish_cancel(NULL);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		UNIT_CASE(all_that_is_said_is_gathered),
		UNIT_CASE(what_is_not_said_is_not_there),
		UNIT_CASE(fields_of_other_kinds_are_none),
		UNIT_CASE(meta_data_is_cut_at_its_cap),
		UNIT_CASE(a_claim_that_is_over_gets_nothing),
		UNIT_CASE(another_claim_of_the_machine_gets_nothing),
		UNIT_CASE(a_host_without_an_image_is_asked_again),
		UNIT_CASE(a_consumer_with_a_name_like_a_path_is_not_asked_for),
		UNIT_CASE(words_that_nobody_knows_are_no_guess),
		UNIT_CASE(the_kind_is_installer_unless_it_is_live),
		UNIT_CASE(an_api_that_does_not_answer_is_asked_again),
		UNIT_CASE(what_is_cancelled_is_not_told),
	};

	return UNIT_RUN("wish", cases);
}
