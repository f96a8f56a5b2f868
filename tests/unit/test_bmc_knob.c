/* Knobs that no vendor's profile sets, each by what a client sees of it. */
#include <string.h>

#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "common/tls.h"
#include "tests/unit/bmc_rig.h"
#include "tests/unit/unit.h"

#define RESET RIG_SYS "/Actions/ComputerSystem.Reset"
#define INSERT RIG_CD "/Actions/VirtualMedia.InsertMedia"
#define IMAGE "\"Image\":\"" RIG_ORIGIN "/live.iso\""
#define ASSET "{\"AssetTag\":\"x\"}"
#define RESTART "/bmcs/bmc-000/restart-bmc"

static unsigned
offered(struct rig *g, const char *type)
{
	const cJSON *list, *c;
	unsigned n = 0;

	CU_ASSERT_EQUAL(rig_get(g, RIG_SYS), 200);
	list = json_arr(g->r.json, "Actions/#ComputerSystem.Reset/"
				   "ResetType@Redfish.AllowableValues");
	cJSON_ArrayForEach (c, list)
		n += str_eq(c->valuestring, type);
	return n;
}

static void
what_is_offered_depends_on_the_power(void)
{
	struct rig g;

	rig_knobs(&g, "{reset: {dynamic: true}}");
	CU_ASSERT_EQUAL(offered(&g, "On"), 1);
	CU_ASSERT_EQUAL(offered(&g, "ForceOff"), 0);
	CU_ASSERT_EQUAL(
	    rig_call(&g, "POST", RESET, "{\"ResetType\":\"ForceOff\"}"), 400);
	CHECK_TEXT(rig_message(&g), "ActionParameterValueNotInList");
	CU_ASSERT_EQUAL(
	    rig_call(&g, "POST", RESET, "{\"ResetType\":\"On\"}"), 204);
	rig_run(&g, 60000);
	CU_ASSERT_EQUAL(offered(&g, "On"), 0);
	CU_ASSERT_EQUAL(offered(&g, "ForceOff"), 1);
	CU_ASSERT_EQUAL(offered(&g, "PushPowerButton"), 1);
	CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS "/ResetActionInfo"), 200);
	CU_ASSERT_PTR_NULL(strstr(g.r.text, "\"On\""));
	CU_ASSERT_EQUAL(
	    rig_call(&g, "POST", RESET, "{\"ResetType\":\"On\"}"), 400);
	rig_close(&g);
}

static void
media_are_lost_at_a_restart(void)
{
	static const char *const knobs[] = { "{media: {keep: true}}",
		"{media: {keep: false}}" };

	for (int lost = 0; lost < 2; lost++) {
		struct rig g;

		rig_knobs(&g, knobs[lost]);
		CU_ASSERT_EQUAL(
		    rig_call(&g, "POST", INSERT, "{" IMAGE "}"), 204);
		(void)rig_control(&g, "POST", RESTART, "{}");
		rig_run(&g, 90000);
		CU_ASSERT_EQUAL(rig_get(&g, RIG_CD), 200);
		CHECK_TEXT(rig_at(&g, "Inserted"), lost ? "false" : "true");
		rig_close(&g);
	}
}

static void
tags_are_long_empty_and_restless(void)
{
	char tag[256];
	struct rig g;

	rig_knobs(&g, "{etag: {style: long}}");
	CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS), 200);
	(void)str_copy(tag, sizeof(tag), rig_at(&g, "@odata.etag"));
	CU_ASSERT_EQUAL(strlen(tag), 194);
	rig_close(&g);

	rig_knobs(&g, "{etag: {style: empty}}");
	CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS), 200);
	CU_ASSERT_PTR_NOT_NULL(strstr(g.r.text, "\"@odata.etag\":\"\""));
	CU_ASSERT_EQUAL(rig_call(&g, "PATCH", RIG_SYS, ASSET), 200);
	rig_close(&g);

	rig_knobs(&g, "{etag: {restless: true}}");
	CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS), 200);
	(void)str_copy(tag, sizeof(tag), g.r.etag);
	CHECK_TEXT(rig_at(&g, "@odata.etag"), tag);
	CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS), 200);
	CU_ASSERT_FALSE(str_eq(g.r.etag, tag));
	(void)str_copy(g.if_match, sizeof(g.if_match), g.r.etag);
	CU_ASSERT_EQUAL(rig_call(&g, "PATCH", RIG_SYS, ASSET), 412);
	(void)str_copy(g.if_match, sizeof(g.if_match), "*");
	CU_ASSERT_EQUAL(rig_call(&g, "PATCH", RIG_SYS, ASSET), 200);
	rig_close(&g);
}

static void
sessions_end_though_they_are_used(void)
{
	struct rig g;
	int status = 200;

	rig_knobs(&g, "{session: {lifetimeSeconds: 600}}");
	CU_ASSERT_TRUE(rig_login(&g));
	for (int i = 0; i < 9; i++) {
		CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS), 200);
		rig_run(&g, 60000);
	}
	rig_run(&g, 61000);
	status = rig_get(&g, RIG_SYS);
	CU_ASSERT_EQUAL(status, 401);
	rig_close(&g);
}

static void
the_root_is_partial_after_a_restart(void)
{
	struct rig g;

	rig_knobs(&g, "{root: {partialMs: 120000}}");
	CU_ASSERT_EQUAL(rig_get(&g, "/redfish/v1"), 200);
	CU_ASSERT_PTR_NOT_NULL(strstr(g.r.text, "\"Systems\""));
	(void)rig_control(&g, "POST", RESTART, "{}");
	rig_run(&g, 70000);
	CU_ASSERT_EQUAL(rig_get(&g, "/redfish/v1"), 200);
	CU_ASSERT_PTR_NULL(strstr(g.r.text, "\"Systems\""));
	CU_ASSERT_PTR_NOT_NULL(strstr(g.r.text, "\"RedfishVersion\""));
	rig_run(&g, 120000);
	CU_ASSERT_EQUAL(rig_get(&g, "/redfish/v1"), 200);
	CU_ASSERT_PTR_NOT_NULL(strstr(g.r.text, "\"Systems\""));
	rig_close(&g);
}

static void
without_a_licence_nothing_is_inserted(void)
{
	struct rig g;

	rig_knobs(&g, "{media: {license: true}}");
	CU_ASSERT_EQUAL(rig_call(&g, "POST", INSERT, "{" IMAGE "}"), 403);
	CHECK_TEXT(rig_message(&g), "InsufficientPrivilege");
	CU_ASSERT_FALSE(rig_snap(&g).media_inserted);
	rig_close(&g);
}

static void
slashes_may_matter(void)
{
	struct rig g;

	rig_knobs(&g, "{http: {slash: strict}}");
	CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS), 200);
	CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS "/"), 404);
	rig_close(&g);
	rig_knobs(&g, "{http: {slash: redirect}}");
	CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS "/"), 200);
	CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS), 308);
	CHECK_TEXT(g.r.location, RIG_SYS "/");
	rig_close(&g);
}

static void
firmware_forgets_an_override(void)
{
	static const char *const rules[] = { NULL,
		"{\"action\":\"override-ignored\",\"count\":1}" };
	const struct bmc_override disk = { .bmc = "bmc-000",
		.disk_image = "factory" };
	const struct bmc_fleet_opts o = { .overrides = &disk,
		.n_overrides = 1 };

	for (unsigned forgets = 0; forgets < 2; forgets++) {
		struct rig g;

		rig_open(&g, &o);
		if (rules[forgets])
			(void)rig_control(
			    &g, "POST", "/bmcs/bmc-000/faults", rules[forgets]);
		CU_ASSERT_EQUAL(
		    rig_call(&g, "POST", INSERT, "{" IMAGE "}"), 204);
		CU_ASSERT_EQUAL(
		    rig_call(&g, "PATCH", RIG_SYS,
			"{\"Boot\":{\"BootSourceOverrideEnabled\":\"Once\","
			"\"BootSourceOverrideTarget\":\"Cd\"}}"),
		    200);
		(void)rig_call(&g, "POST", RESET, "{\"ResetType\":\"On\"}");
		CU_ASSERT_TRUE(rig_until(&g, "os-up", 600000));
		CU_ASSERT_EQUAL(rig_snap(&g).medium_boots, !forgets);
		CU_ASSERT_EQUAL(rig_snap(&g).os_from_disk, forgets);
		rig_close(&g);
	}
}

/* ---- http ---------------------------------------------------------------- */

struct seen {
	struct rig *g;
	unsigned n, chunked, token, zipped;
	bool done;
	struct http_bytes body;
};

static void
look(void *arg, const struct http_result *r)
{
	struct seen *s = arg;

	s->done = true;
	for (size_t i = 0; i < r->n_headers; i++) {
		const struct http_header *h = &r->headers[i];

		s->chunked += str_ieq(h->name, "Transfer-Encoding") &&
			      str_ieq(h->value, "chunked");
		s->token += str_eq(h->name, "x-auth-token");
		s->zipped += str_ieq(h->name, "Content-Encoding") &&
			     str_eq(h->value, "gzip");
		s->zipped +=
		    str_ieq(h->name, "ETag") && strstr(h->value, "-gzip\"");
	}
}

static bool
seen(void *arg)
{
	return ((struct seen *)arg)->done;
}

static void
ask(struct rig *g, struct seen *s, const struct http_request *q)
{
	struct http_request rq = *q;

	memset(s, 0, sizeof(*s));
	rq.done = look;
	rq.arg = s;
	(void)http_start(g->peer, &rq);
	(void)world_run(g->w, world_now_us(g->w) + LOOP_MIN, seen, s);
}

static void
replies_look_as_some_servers_write_them(void)
{
	static const char login[] =
	    "{\"UserName\":\"root\",\"Password\":\"b7-sim-secret\"}";
	static const struct http_header json = { "Content-Type",
		"application/json" };
	static const struct http_header gzip = { "Accept-Encoding", "gzip" };
	const struct http_request post = { .method = "POST",
		.target = "/redfish/v1/SessionService/Sessions",
		.headers = &json,
		.n_headers = 1,
		.body = { login, sizeof(login) - 1 } };
	const struct http_request get = { .method = "GET",
		.target = "/redfish/v1",
		.headers = &gzip,
		.n_headers = 1 };
	struct seen s;
	struct rig g;

	rig_knobs(&g, "{http: {lowerCase: true, chunked: true, gzip: true}}");
	ask(&g, &s, &post);
	CU_ASSERT_EQUAL(s.token, 1);
	CU_ASSERT_EQUAL(s.zipped, 0);
	ask(&g, &s, &get);
	CU_ASSERT_EQUAL(s.zipped, 2);
	/* who does not ask for it reads JSON, in chunks or not */
	CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS), 200);
	CHECK_TEXT(rig_at(&g, "PowerState"), "Off");
	CU_ASSERT_EQUAL(rig_call(&g, "PATCH", RIG_SYS, ASSET), 200);
	rig_close(&g);
}

static void
connections_are_few_or_short(void)
{
	struct http_peer_opts o = { .base = "https://10.1.0.1:443",
		.max_conns = 1,
		.idle_close_us = 20 * LOOP_S };
	struct http_peer *own;
	struct err e = { 0 };
	struct rig g;

	rig_knobs(&g, "{http: {connections: 1}}");
	o.tls.insecure = true;
	own = http_peer_new(world_net(g.client_loop), &o, &e);
	CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS), 200);
	http_peer_free(g.peer);
	g.peer = own;
	rig_run(&g, 100);
	/* the first one was closed: there is room again */
	CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS), 200);
	own = g.peer;
	g.peer = http_peer_new(world_net(g.client_loop), &o, &e);
	CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS), 0);
	CU_ASSERT_EQUAL(g.r.err, HTTP_E_RESET);
	rig_run(&g, 30000);
	CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS), 200);
	http_peer_free(own);
	rig_close(&g);

	rig_knobs(&g, "{http: {keepAlive: false}}");
	CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS), 200);
	CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS), 200);
	CU_ASSERT_EQUAL(world_net_stats(g.client_loop).reused, 0);
	rig_close(&g);
}

struct version {
	const char *knobs;
	enum http_err err;
};

static void
tls_has_its_limits(void)
{
	static const struct version rows[] = {
		{ "{tls: {min: \"1.0\"}}", HTTP_OK },
		{ "{tls: {max: \"1.1\"}}", HTTP_E_TLS_VERSION },
		{ "{tls: {min: \"1.3\"}}", HTTP_E_TLS_NEWER },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rig g;

		rig_knobs(&g, rows[i].knobs);
		(void)rig_get(&g, RIG_SYS);
		CHECK_ROW(g.r.err == rows[i].err, rows[i].knobs);
		rig_close(&g);
	}
}

static void
identity_is_refused_where_files_are_packed(void)
{
	static const struct http_header plain = { "Accept-Encoding",
		"identity" };
	struct http_request get = { .method = "GET",
		.target = "/redfish/v1",
		.headers = &plain,
		.n_headers = 1 };
	struct rig g;
	struct seen s;

	rig_knobs(&g, "{http: {identity406: registries}}");
	ask(&g, &s, &get);
	CU_ASSERT_TRUE(s.done);
	CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS), 200);
	rig_close(&g);
}

/* ---- whom a BMC believes ------------------------------------------------- */

#define CERTS RIG_CD "/Certificates"
#define HTTPS_INSERT "{\"Image\":\"https://10.2.0.1:8443/live.iso\"}"

struct https {
	struct rig g;
	struct tls_identity *ca, *leaf;
	char *pem;
	struct origin *origin;
};

static void
https_open(struct https *h, const char *knobs)
{
	struct tls_issue ca = { .is_ca = true, .subject = "image CA" };
	struct tls_issue leaf = { .subject = "images", .names = "10.2.0.1" };
	struct origin_opts oo = { .addr = "10.2.0.1", .port = 8443 };
	struct entropy ent;
	struct err e = { 0 };

	rig_knobs(&h->g, knobs);
	ent = world_entropy(h->g.origin_loop);
	ca.not_after_s = leaf.not_after_s = 4000000000LL;
	h->ca = tls_identity_issue(&ca, ent, &h->pem, NULL, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(h->ca);
	leaf.ca = h->ca;
	h->leaf = tls_identity_facts(&leaf, ent);
	oo.identity = h->leaf;
	h->origin = origin_new(&h->g.origin_env, &oo, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(h->origin);
}

static void
https_close(struct https *h)
{
	origin_free(h->origin);
	rig_close(&h->g);
	tls_identity_free(h->leaf);
	tls_identity_free(h->ca);
	xfree(h->pem);
}

static int
give_certificate(struct https *h, const char *pem)
{
	cJSON *j = cJSON_CreateObject();
	char *text;
	int status;

	json_set_str(j, "CertificateType", "PEM");
	json_set_str(j, "CertificateString", pem);
	text = json_print(j);
	cJSON_Delete(j);
	status = rig_call(&h->g, "POST", CERTS, text);
	xfree(text);
	return status;
}

static void
image_servers_are_verified_on_demand(void)
{
	struct https h;
	struct rig *g = &h.g;

	https_open(&h, "{media: {already: replace}}");
	CU_ASSERT_EQUAL(rig_call(g, "POST", INSERT, HTTPS_INSERT), 204);
	CU_ASSERT_EQUAL(
	    rig_call(g, "PATCH", RIG_CD, "{\"VerifyCertificate\":true}"), 200);
	CU_ASSERT_EQUAL(rig_call(g, "POST", INSERT, HTTPS_INSERT), 400);
	CHECK_ROW(strstr(g->r.text, "tls-trust") != NULL, g->r.text);
	CU_ASSERT_EQUAL(give_certificate(&h, "no certificate"), 400);
	CU_ASSERT_EQUAL(give_certificate(&h, h.pem), 201);
	CHECK_TEXT(g->r.location, CERTS "/1");
	CU_ASSERT_EQUAL(rig_get(g, CERTS), 200);
	CHECK_TEXT(rig_at(g, "Members@odata.count"), "1");
	CU_ASSERT_EQUAL(rig_get(g, CERTS "/1"), 200);
	CU_ASSERT_EQUAL(strncmp(rig_at(g, "CertificateString"), h.pem, 400), 0);
	CU_ASSERT_EQUAL(rig_call(g, "POST", INSERT, HTTPS_INSERT), 204);
	CU_ASSERT_EQUAL(rig_call(g, "DELETE", CERTS "/1", NULL), 204);
	CU_ASSERT_EQUAL(rig_get(g, CERTS "/1"), 404);
	CU_ASSERT_EQUAL(rig_call(g, "POST", INSERT, HTTPS_INSERT), 400);
	https_close(&h);
}

static void
some_always_verify_and_some_never(void)
{
	struct https h;
	struct rig *g = &h.g;

	https_open(&h, "{media: {verify: always}}");
	CU_ASSERT_EQUAL(rig_call(g, "POST", INSERT, HTTPS_INSERT), 400);
	CU_ASSERT_EQUAL(
	    rig_call(g, "PATCH", RIG_CD, "{\"VerifyCertificate\":false}"), 400);
	CHECK_TEXT(rig_message(g), "PropertyNotWritable");
	CU_ASSERT_EQUAL(give_certificate(&h, h.pem), 201);
	CU_ASSERT_EQUAL(rig_call(g, "POST", INSERT, HTTPS_INSERT), 204);
	https_close(&h);

	https_open(&h, "{media: {verify: never}}");
	CU_ASSERT_EQUAL(
	    rig_call(g, "PATCH", RIG_CD, "{\"VerifyCertificate\":true}"), 200);
	CU_ASSERT_EQUAL(rig_call(g, "POST", INSERT, HTTPS_INSERT), 204);
	CU_ASSERT_EQUAL(rig_get(g, CERTS), 404);
	https_close(&h);
}

static void
some_read_the_whole_image_at_once(void)
{
	struct rig g;

	rig_knobs(&g, "{media: {check: full}}");
	CU_ASSERT_EQUAL(rig_call(&g, "POST", INSERT, "{" IMAGE "}"), 204);
	CU_ASSERT_TRUE(rig_count(&g, "media-inserted") == 1);
	CU_ASSERT_TRUE(world_net_stats(g.bmc_loop).requests > 3);
	rig_close(&g);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		UNIT_CASE(what_is_offered_depends_on_the_power),
		UNIT_CASE(media_are_lost_at_a_restart),
		UNIT_CASE(tags_are_long_empty_and_restless),
		UNIT_CASE(sessions_end_though_they_are_used),
		UNIT_CASE(the_root_is_partial_after_a_restart),
		UNIT_CASE(without_a_licence_nothing_is_inserted),
		UNIT_CASE(slashes_may_matter),
		UNIT_CASE(firmware_forgets_an_override),
		UNIT_CASE(replies_look_as_some_servers_write_them),
		UNIT_CASE(connections_are_few_or_short),
		UNIT_CASE(tls_has_its_limits),
		UNIT_CASE(identity_is_refused_where_files_are_packed),
		UNIT_CASE(image_servers_are_verified_on_demand),
		UNIT_CASE(some_always_verify_and_some_never),
		UNIT_CASE(some_read_the_whole_image_at_once),
	};

	return UNIT_RUN("bmc knobs", cases);
}
