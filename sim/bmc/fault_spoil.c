/* Bodies that are not as they should be; the framing is right. */
#include <string.h>

#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "sim/bmc/fault.h"
#include "sim/bmc/fault_wire.h"
#include "sim/bmc/request.h"

#define DEEP_LEVELS 100000
#define MANY_MEMBERS 1000000

static void
replace(struct request *rq, const char *text)
{
	buf_reset(&rq->out);
	buf_adds(&rq->out, text);
}

static void
deep(struct buf *b)
{
	for (int i = 0; i < DEEP_LEVELS; i++)
		buf_adds(b, "{\"a\":");
	buf_adds(b, "1");
	for (int i = 0; i < DEEP_LEVELS; i++)
		buf_addc(b, '}');
}

static cJSON *
twisted_value(const cJSON *c, bool nulls)
{
	if (nulls)
		return cJSON_CreateNull();
	return cJSON_IsString(c) ? cJSON_CreateNumber(4711)
				 : cJSON_CreateString("wrong");
}

static void
twist_one(cJSON *parent, cJSON *c, bool nulls)
{
	cJSON *v = twisted_value(c, nulls);

	if (c->string)
		(void)cJSON_ReplaceItemInObjectCaseSensitive(
		    parent, c->string, v);
	else
		(void)cJSON_ReplaceItemViaPointer(parent, c, v);
}

/* Every value gets another type; null with `nulls`. */
static void
twist(cJSON *j, bool nulls, unsigned depth)
{
	cJSON *c = j->child, *next;

	for (; c && depth < 32; c = next) {
		next = c->next;
		if (c->child)
			twist(c, nulls, depth + 1);
		else if (!c->string || c->string[0] != '@')
			twist_one(j, c, nulls);
	}
}

/* A resource stays one: errors and empty replies are let through. */
static void
edited(struct request *rq)
{
	const struct fault *f = rq->fault;
	struct err e = { 0 };
	cJSON *j = json_parse(buf_str(&rq->out), rq->out.n, &e);
	char *text;

	if (f->status)
		rq->status = f->status;
	if (!j)
		return;
	if (f->action == FAULT_SET)
		json_put(j, f->property, json_dup(f->value));
	else if (f->action == FAULT_REMOVE)
		json_put(j, f->property, NULL);
	else
		twist(j, f->action == FAULT_NULLS, 0);
	text = json_print(j);
	replace(rq, text);
	xfree(text);
	cJSON_Delete(j);
}

static void
duplicate(struct request *rq)
{
	char *text;

	if (rq->out.n < 3 || buf_str(&rq->out)[0] != '{')
		return;
	text = xstrndup(buf_str(&rq->out) + 1, rq->out.n - 2);
	buf_reset(&rq->out);
	buf_addf(&rq->out, "{%s,%s}", text, text);
	xfree(text);
}

/* Where the string that begins at p ends: past its closing quote. */
static char *
string_end(char *p)
{
	for (p++; *p && *p != '"'; p++)
		if (*p == '\\' && p[1])
			p++;
	return *p ? p + 1 : p;
}

/* Names begin with a small letter: powerState. */
static void
change_case(struct request *rq)
{
	char *text = xstrndup(buf_str(&rq->out), rq->out.n), *p = text, *end;

	while ((p = strchr(p, '"'))) {
		end = string_end(p);
		if (*end == ':' && p[1] >= 'A' && p[1] <= 'Z')
			p[1] = (char)(p[1] - 'A' + 'a');
		p = end;
	}
	replace(rq, text);
	xfree(text);
}

static void
cut(struct request *rq)
{
	char *text = xstrndup(buf_str(&rq->out), rq->out.n / 2);

	replace(rq, text);
	xfree(text);
}

static void
many_members(struct request *rq)
{
	long long n = rq->fault->members ? rq->fault->members : MANY_MEMBERS;
	struct buf *b = &rq->out;

	buf_free(b);
	buf_init(b, (size_t)n * (strlen(rq->path) + 32) + 4096);
	buf_addf(b,
	    "{\"@odata.id\":\"%s\",\"@odata.type\":\"#Collection.Collection\","
	    "\"Name\":\"Many\",\"Members@odata.count\":%lld,\"Members\":[",
	    rq->path, n);
	for (long long i = 0; i < n; i++)
		buf_addf(b, "%s{\"@odata.id\":\"%s/%lld\"}", i ? "," : "",
		    rq->path, i);
	buf_adds(b, "]}");
}

static void
garbage(struct request *rq)
{
	static const char bytes[] =
	    "\xef\xbb\xbf{\"PowerState\": \"O\0n,\x01]]";

	buf_reset(&rq->out);
	buf_add(&rq->out, bytes, sizeof(bytes) - 1);
}

static void
html(struct request *rq)
{
	replace(rq, "<!DOCTYPE html><html><body><h1>Service "
		    "unavailable</h1></body></html>");
}

static void
nothing(struct request *rq)
{
	buf_reset(&rq->out);
}

static void
deep_json(struct request *rq)
{
	buf_reset(&rq->out);
	deep(&rq->out);
}

static void
trailing(struct request *rq)
{
	buf_adds(&rq->out, "\r\n</body>");
}

static void
bom(struct request *rq)
{
	char *text = xstrndup(buf_str(&rq->out), rq->out.n);

	replace(rq, "\xef\xbb\xbf");
	buf_adds(&rq->out, text);
	xfree(text);
}

static void
nul(struct request *rq)
{
	buf_addc(&rq->out, '\0');
}

bool
fault_spoil_body(struct request *rq)
{
	static void (*const how[FAULT_N])(struct request * rq) = {
		[FAULT_GARBAGE] = garbage,
		[FAULT_HTML] = html,
		[FAULT_EMPTY_BODY] = nothing,
		[FAULT_DEEP_JSON] = deep_json,
		[FAULT_WRONG_TYPES] = edited,
		[FAULT_NULLS] = edited,
		[FAULT_SET] = edited,
		[FAULT_REMOVE] = edited,
		[FAULT_DUPLICATE_KEYS] = duplicate,
		[FAULT_CHANGED_CASE] = change_case,
		[FAULT_CUT_JSON] = cut,
		[FAULT_TRAILING_GARBAGE] = trailing,
		[FAULT_BOM] = bom,
		[FAULT_NUL] = nul,
		[FAULT_MANY_MEMBERS] = many_members,
	};

	if (!how[rq->fault->action])
		return false;
	how[rq->fault->action](rq);
	return true;
}
