/* Reports of machines, in virtual time. */
#include "tests/unit/serve_rig.h"

static struct get
post(struct serve_rig *r, const char *body)
{
	struct want w = { "POST", r->report, NULL, NULL, body, strlen(body) };

	return get_one(r, &w, 0);
}

static void
a_report_is_answered_once_it_is_stored(void)
{
	struct serve_rig r;
	struct get g = { 0 };
	struct want w = { "POST", NULL, NULL, NULL, "{}", 2 };

	rig_virtual(&r, NULL);
	w.target = r.report;
	r.report_later = true;
	get_start(&r, &w, &g);
	rig_pass(&r, 10 * LOOP_S);
	CU_ASSERT_EQUAL(g.done, 0);
	r.stored(r.stored_arg, NULL);
	rig_pass(&r, LOOP_S);
	CU_ASSERT_EQUAL(g.status, 204);
	r.report_later = false;
	CU_ASSERT_EQUAL(post(&r, "").status, 204); /* and again */
	(void)err_set(&r.report_err, ERR_NET, 0, "no API server");
	g = post(&r, "");
	CU_ASSERT_EQUAL(g.status, 503);
	CU_ASSERT_STRING_EQUAL(g.retry, "10");
	CU_ASSERT_EQUAL(r.reports, 3);
	/* one that went away is not answered */
	r.report_later = true;
	g = (struct get){ 0 };
	get_start(&r, &w, &g);
	rig_pass(&r, LOOP_S);
	http_cancel(g.call);
	rig_pass(&r, LOOP_S);
	CU_ASSERT_EQUAL(r.cancelled, 1);
	/* one whose claim ends meanwhile is nobody's */
	g = (struct get){ 0 };
	get_start(&r, &w, &g);
	rig_pass(&r, LOOP_S);
	live_drop(&r.live, "ns/h1");
	rig_pass(&r, LOOP_S);
	CU_ASSERT_EQUAL(g.status, 404);
	rig_end(&r);
}

static void
reports_are_forms_or_json(void)
{
	static const struct {
		const char *body;
		int status;
		bool failed;
		const char *host, *message;
	} rows[] = {
		{ "", 204, false, "", "" },
		{ " \n", 204, false, "", "" },
		{ "{}", 204, false, "", "" },
		{ "{\"status\":\"succeeded\",\"hostname\":\"n1\"}", 204, false,
		    "n1", "" },
		{ "{\"status\":\"failed\",\"message\":\"no\\ndisk\"}", 204,
		    true, "", "no disk" },
		{ "pub_key_rsa=ssh-rsa+AAAA&instance_id=i&hostname=n1&fqdn=n1."
		  "x",
		    204, false, "n1", "" },
		{ "status=failed&message=a%20b", 204, true, "", "a b" },
		{ "hostname=../etc&status=ok", 204, false, "", "" },
		{ "{\"status\":\"maybe\"}", 400, false, "", "" },
		{ "{\"status\":1}", 400, false, "", "" },
		{ "{", 400, false, "", "" },
		{ "status=maybe", 400, false, "", "" },
	};
	struct serve_rig r;

	rig_virtual(&r, NULL);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct get g = post(&r, rows[i].body);

		CU_ASSERT_EQUAL(g.status, rows[i].status);
		if (g.status != 204)
			continue;
		CU_ASSERT_EQUAL(r.last.failed, rows[i].failed);
		CU_ASSERT_STRING_EQUAL(r.last.hostname, rows[i].host);
		CU_ASSERT_STRING_EQUAL(r.last.message, rows[i].message);
	}
	rig_end(&r);
}

static void
reports_are_small_and_few(void)
{
	struct serve_rig r;
	struct get v[6] = { { 0 } };
	struct want w = { "POST", NULL, NULL, NULL, "{}", 2 };
	char *big = xcalloc(1, SERVE_REPORT_MAX + 2);
	unsigned n = 0;

	rig_virtual(&r, NULL);
	memset(big, 'a', SERVE_REPORT_MAX + 1);
	CU_ASSERT_EQUAL(post(&r, big).status, 413);
	big[SERVE_REPORT_MAX] = '\0';
	CU_ASSERT_EQUAL(post(&r, big).status, 204);
	CU_ASSERT_EQUAL(r.reports, 1);
	w.target = r.report;
	r.report_later = true;
	for (size_t i = 0; i < 6; i++)
		get_start(&r, &w, &v[i]);
	rig_pass(&r, LOOP_S);
	for (size_t i = 0; i < 6; i++)
		n += v[i].done == 1 && v[i].status == 429;
	CU_ASSERT_EQUAL(n, 2);
	live_drop(&r.live, "ns/h1");
	rig_pass(&r, LOOP_S);
	for (size_t i = 0; i < 6; i++)
		CU_ASSERT_EQUAL(v[i].done, 1);
	xfree(big);
	rig_end(&r);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		UNIT_CASE(a_report_is_answered_once_it_is_stored),
		UNIT_CASE(reports_are_forms_or_json),
		UNIT_CASE(reports_are_small_and_few),
	};

	return UNIT_RUN("serve_report", cases);
}
