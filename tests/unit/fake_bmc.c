#include "tests/unit/fake_bmc.h"

#include <CUnit/CUnit.h>
#include <inttypes.h>
#include <string.h>

#include "common/files.h"
#include "common/json.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/str.h"

#define SESSIONS "/redfish/v1/SessionService/Sessions"

bool
fake_refuse(struct fake_answer *a, int status, const char *id, const char *arg1,
    const char *arg2)
{
	a->status = status;
	(void)str_format(a->body, sizeof(a->body),
	    "{\"error\":{\"code\":\"Base.1.18.GeneralError\",\"message\":"
	    "\"See ExtendedInfo\",\"@Message.ExtendedInfo\":[{\"MessageId\":"
	    "\"Base.1.18.%s\",\"Message\":\"The request was refused.\","
	    "\"MessageArgs\":[%s%s%s%s%s%s%s]}]}}",
	    id, arg1 ? "\"" : "", arg1 ? arg1 : "", arg1 ? "\"" : "",
	    arg2 ? ",\"" : "", arg2 ? arg2 : "", arg2 ? "\"" : "", "");
	return true;
}

cJSON *
fake_bmc_at(struct fake_bmc *b, const char *path)
{
	return json_child(b->tree, path);
}

/* Action targets have no slash before Actions where resources end in one. */
static cJSON *
owner_of(struct fake_bmc *b, const char *path)
{
	const char *at = strstr(path, "/Actions/");
	char uri[512];
	cJSON *r;

	(void)str_format(
	    uri, sizeof(uri), "%.*s", (int)(at ? at - path : 0), path);
	r = fake_bmc_at(b, uri);
	if (r)
		return r;
	(void)str_format(
	    uri, sizeof(uri), "%.*s/", (int)(at ? at - path : 0), path);
	return fake_bmc_at(b, uri);
}

static void
etag_of(struct fake_bmc *b, const cJSON *r, char out[64])
{
	char *text = json_print(r);
	uint64_t h = str_hash(text, 7);

	xfree(text);
	if (b->etag == FAKE_ETAG_MOVING)
		h = b->requests;
	if (b->etag == FAKE_ETAG_STUCK)
		h = 1;
	if (b->etag == FAKE_ETAG_NONE)
		out[0] = '\0';
	else if (b->etag == FAKE_ETAG_DECIMAL)
		(void)str_format(out, 64, "%" PRIu64, h % 1000000);
	else
		(void)str_format(out, 64, "%s\"%08" PRIx64 "\"",
		    b->etag == FAKE_ETAG_WEAK ? "W/" : "", h & 0xffffffff);
}

/* ---- what it does ------------------------------------------------------------ */

static void
answer_resource(
    struct fake_bmc *b, struct fake_answer *a, int status, const cJSON *r)
{
	char etag[64], *text = json_print(r);

	a->status = status;
	CU_ASSERT(strlen(text) < sizeof(a->body));
	(void)str_copy(a->body, sizeof(a->body), text);
	xfree(text);
	etag_of(b, r, etag);
	if (etag[0])
		(void)str_format(
		    a->header[0], sizeof(a->header[0]), "ETag: %s", etag);
}

static void
do_login(struct fake_bmc *b, const cJSON *body, struct fake_answer *a)
{
	if (!str_eq(json_str(body, "UserName", NULL), b->username) ||
	    !str_eq(json_str(body, "Password", NULL), b->password)) {
		b->login_failures++;
		(void)fake_refuse(
		    a, 401, "ResourceAtUriUnauthorized", NULL, NULL);
		return;
	}
	b->logins++;
	b->sessions++;
	CU_ASSERT(b->logins < 64);
	b->live |= 1ULL << b->logins;
	a->status = 201;
	(void)str_format(a->header[0], sizeof(a->header[0]),
	    "X-Auth-Token: token-%u", b->logins);
	if (!b->no_location)
		(void)str_format(a->header[1], sizeof(a->header[1]),
		    "Location: " SESSIONS "/%u", b->logins);
	(void)str_format(a->body, sizeof(a->body),
	    "{\"@odata.id\":\"" SESSIONS "/%u\",\"UserName\":\"root\"}",
	    b->logins);
}

static void
do_reset(
    struct fake_bmc *b, cJSON *system, const cJSON *body, struct fake_answer *a)
{
	const char *type = json_str(body, "ResetType", "");

	b->resets++;
	a->status = 204;
	if (strstr(type, "Off") || strstr(type, "Shutdown"))
		json_set_str(system, "PowerState", "Off");
	else
		json_set_str(system, "PowerState", "On");
}

static void
set_media(struct fake_bmc *b, cJSON *slot, const char *image)
{
	const char *slash = image ? strrchr(image, '/') : NULL;

	if (image)
		b->inserts++;
	else
		b->ejects++;
	json_set(slot, "Image",
	    image ? cJSON_CreateString(image) : cJSON_CreateNull());
	json_set(slot, "ImageName",
	    slash ? cJSON_CreateString(slash + 1) : cJSON_CreateNull());
	json_set_bool(slot, "Inserted", image != NULL);
	json_set_str(slot, "ConnectedVia", image ? "URI" : "NotConnected");
}

static void
do_post(struct fake_bmc *b, const char *path, const cJSON *body,
    struct fake_answer *a)
{
	cJSON *owner = strstr(path, "/Actions/") ? owner_of(b, path) : NULL;

	if (str_has_prefix(path, SESSIONS) && !b->basic_only) {
		do_login(b, body, a);
		return;
	}
	a->status = 204;
	if (!owner)
		a->status = 404;
	else if (str_has_suffix(path, "ComputerSystem.Reset"))
		do_reset(b, owner, body, a);
	else if (str_has_suffix(path, "InsertMedia"))
		set_media(b, owner, json_str(body, "Image", "?"));
	else if (str_has_suffix(path, "EjectMedia"))
		set_media(b, owner, NULL);
	else
		a->status = 404;
}

/* 412, 428 or 0. */
static int
precondition(struct fake_bmc *b, const cJSON *r, const char *if_match)
{
	char etag[64];

	(void)str_copy(
	    b->if_match, sizeof(b->if_match), if_match ? if_match : "");
	if (!if_match)
		return b->etag_required ? 428 : 0;
	if (b->etag == FAKE_ETAG_REFUSED)
		return 412;
	if (str_eq(if_match, "*"))
		return 0;
	etag_of(b, r, etag);
	if (b->etag == FAKE_ETAG_WEAK)
		return str_eq(if_match, etag + 2) ? 0 : 412;
	return str_eq(if_match, etag) ? 0 : 412;
}

static void
do_patch(struct fake_bmc *b, const char *path, const cJSON *body,
    struct http_exchange *x, struct fake_answer *a)
{
	cJSON *r = fake_bmc_at(b, path), *merged, *image;
	int refused;

	if (!r) {
		a->status = 404;
		return;
	}
	refused = precondition(b, r, http_exchange_header(x, "If-Match"));
	if (refused) {
		(void)fake_refuse(a, refused, "PreconditionFailed", NULL, NULL);
		return;
	}
	b->patches++;
	image = json_child(body, "Image");
	if (image)
		set_media(b, r, cJSON_GetStringValue(image));
	merged = json_merge_patch(r, body);
	json_set(b->tree, path, merged);
	answer_resource(b, a, 200, fake_bmc_at(b, path));
}

static void
do_get(struct fake_bmc *b, const char *path, struct http_exchange *x,
    struct fake_answer *a)
{
	const char *none_match = http_exchange_header(x, "If-None-Match");
	const cJSON *r = fake_bmc_at(b, path);
	char etag[64], slashed[512];

	if (!r) {
		(void)str_format(slashed, sizeof(slashed), "%s/", path);
		if (b->slash_redirect && fake_bmc_at(b, slashed)) {
			a->status = 308;
			(void)str_format(a->header[0], sizeof(a->header[0]),
			    "Location: %s", slashed);
			return;
		}
		(void)fake_refuse(a, 404, "ResourceMissingAtURI", path, NULL);
		return;
	}
	etag_of(b, r, etag);
	if (none_match && str_eq(none_match, etag)) {
		a->status = 304;
		return;
	}
	answer_resource(b, a, 200, r);
}

/* Its bit if text names an open session behind the prefix. */
static uint64_t
session_of(const struct fake_bmc *b, const char *text, const char *prefix)
{
	int64_t n;

	if (!str_has_prefix(text, prefix) ||
	    !str_to_i64(text + strlen(prefix), &n) || n < 0 || n > 63)
		return 0;
	return b->live & (1ULL << n);
}

static void
do_logout(struct fake_bmc *b, const char *path, struct fake_answer *a)
{
	uint64_t bit = session_of(b, path, SESSIONS "/");

	a->status = bit ? 204 : 404;
	if (!bit)
		return;
	b->live &= ~bit;
	b->logouts++;
	b->sessions--;
}

static bool
authorized(struct fake_bmc *b, struct http_exchange *x)
{
	const char *token = http_exchange_header(x, "X-Auth-Token");
	const char *basic = http_exchange_header(x, "Authorization");
	char pair[128], want[256], *b64;

	if (token)
		return session_of(b, token, "token-") != 0;
	if (!basic)
		return false;
	(void)str_format(pair, sizeof(pair), "%s:%s", b->username, b->password);
	b64 = b64_encode(pair, strlen(pair));
	(void)str_format(want, sizeof(want), "Basic %s", b64);
	xfree(b64);
	if (str_eq(basic, want))
		return true;
	b->login_failures++;
	return false;
}

static bool
is_public(const struct fake_bmc *b, const char *method, const char *path)
{
	if (str_eq(method, "POST"))
		return str_has_prefix(path, SESSIONS);
	return str_eq(path, "/redfish/v1/") && !b->root_needs_login;
}

static void
act(struct fake_bmc *b, struct http_exchange *x, const char *path,
    const cJSON *body, struct fake_answer *a)
{
	const char *method = http_exchange_method(x);

	if (!is_public(b, method, path) && !authorized(b, x)) {
		(void)fake_refuse(a, 401, "NoValidSession", NULL, NULL);
	} else if (str_eq(method, "GET")) {
		do_get(b, path, x, a);
	} else if (str_eq(method, "POST")) {
		do_post(b, path, body, a);
	} else if (str_eq(method, "PATCH")) {
		do_patch(b, path, body, x, a);
	} else if (str_eq(method, "DELETE") &&
		   str_has_prefix(path, SESSIONS "/")) {
		do_logout(b, path, a);
	} else {
		a->status = 405;
	}
}

/* ---- the wire ------------------------------------------------------------------ */

static void
reply(struct http_exchange *x, const struct fake_answer *a)
{
	struct http_header h[3] = { { "Content-Type", "application/json" } };
	char names[2][512], *colon;
	size_t n = 1, i;

	for (i = 0; i < 2; i++) {
		(void)str_copy(names[i], sizeof(names[i]), a->header[i]);
		colon = strstr(names[i], ": ");
		if (!colon)
			continue;
		*colon = '\0';
		h[n++] = (struct http_header){ names[i], colon + 2 };
	}
	http_reply(x, a->status, h, n,
	    (struct http_bytes){ a->body, strlen(a->body) });
}

static void
spoiled(
    struct fake_bmc *b, struct http_exchange *x, const struct fake_answer *a)
{
	static const char cut[] =
	    "HTTP/1.1 200 OK\r\nContent-Length: 900\r\n"
	    "Content-Type: application/json\r\n\r\n{\"@od";
	static const char junk[] = "<html>\xff\xfe not what you wanted";
	struct http_bytes none = { NULL, 0 };

	switch (b->spoil) {
	case FAKE_RESET:
	case FAKE_LOST:
		http_reply_raw(x, none, 0, HTTP_RST);
		break;
	case FAKE_HANG:
		http_reply_raw(x, none, 0, HTTP_HANG);
		break;
	case FAKE_GARBAGE:
		http_reply(x, 200, NULL, 0,
		    (struct http_bytes){ junk, sizeof(junk) - 1 });
		break;
	case FAKE_TRICKLE:
		http_reply_raw(x, (struct http_bytes){ cut, sizeof(cut) - 1 },
		    1, HTTP_HANG);
		break;
	case FAKE_TRUNCATE:
		http_reply_raw(x, (struct http_bytes){ cut, sizeof(cut) - 1 },
		    0, HTTP_FIN);
		break;
	case FAKE_REPLY:
	case FAKE_WIRES:
		reply(x, a);
		break;
	}
}

static void
whole(void *arg, struct http_exchange *x, struct http_bytes bytes)
{
	struct fake_bmc *b = arg;
	struct fake_answer a = { .status = 0 };
	const char *method = http_exchange_method(x);
	const char *path = http_exchange_target(x);
	bool spoil = b->spoil_at == ++b->requests;
	cJSON *body = NULL;

	(void)buf_addf(&b->log, "%s %s\n", method, path);
	if (b->takes && b->takes(b, x))
		return;
	if (bytes.n > 0) {
		body = json_parse(bytes.p, bytes.n, NULL);
		(void)buf_add(&b->bodies, bytes.p, bytes.n);
		(void)buf_addc(&b->bodies, '\n');
	}
	if (spoil && b->spoil == FAKE_REPLY) {
		(void)fake_refuse(
		    &a, b->spoil_status, "GeneralError", NULL, NULL);
	} else if (!(spoil && b->spoil == FAKE_RESET)) {
		if (!b->hook || !b->hook(b, method, path, body, &a))
			act(b, x, path, body, &a);
		else if (a.after) {
			struct fake_answer ignored = { .status = 0 };

			act(b, x, path, body, &ignored);
		}
	}
	cJSON_Delete(body);
	if (spoil)
		spoiled(b, x, &a);
	else
		reply(x, &a);
}

static void
handle(void *arg, struct http_exchange *x)
{
	http_exchange_collect(x, whole, arg);
}

void
fake_bmc_open(
    struct fake_bmc *b, struct loop *l, struct http_net *n, const char *vendor)
{
	struct files files = files_system();
	struct err e = { .kind = ERR_NONE };
	struct buf text;
	char path[256];

	memset(b, 0, sizeof(*b));
	buf_init(&text, 1024 * 1024);
	buf_init(&b->log, 1024 * 1024);
	buf_init(&b->bodies, 1024 * 1024);
	(void)str_format(
	    path, sizeof(path), "tests/fixtures/redfish/%s/tree.json", vendor);
	CU_ASSERT_FATAL(files.read(files.self, path, &text, &e));
	b->tree = json_parse(text.p, text.n, &e);
	CU_ASSERT_FATAL(b->tree != NULL);
	buf_free(&text);
	b->username = "root";
	b->password = "s3cret";
	b->loop = l;
	b->server = http_listen(n,
	    &(struct http_listen_opts){
		.port = 80, .handle = handle, .arg = b },
	    &e);
	CU_ASSERT_FATAL(b->server != NULL);
}

void
fake_bmc_close(struct fake_bmc *b)
{
	http_server_free(b->server);
	cJSON_Delete(b->tree);
	buf_free(&b->log);
	buf_free(&b->bodies);
}

void
fake_bmc_forget_log(struct fake_bmc *b)
{
	buf_reset(&b->log);
	buf_reset(&b->bodies);
	b->requests = 0;
}

void
fake_bmc_expire(struct fake_bmc *b)
{
	b->live = 0;
	b->sessions = 0;
}
