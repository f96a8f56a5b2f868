/* See etag.h. */
#include "sim/bmc/etag.h"

#include <endian.h>
#include <stdio.h>
#include <string.h>

#include "common/mem.h"
#include "common/str.h"
#include "sim/bmc/request.h"

#define HASH_SEED 0x6237u
#define LONG_DIGITS 192

/* A value that ticks is no change of the resource. */
static size_t
skip_clock(const char *p, size_t n)
{
	static const char key[] = "\"DateTime\":\"";
	const char *at = memmem(p, n, key, sizeof(key) - 1);

	return at ? (size_t)(at - p) + sizeof(key) - 1 : n;
}

/* The tag in a body is the last member, and no part of what it is made of. */
static size_t
skip_tag(const char *p, size_t n)
{
	static const char key[] = ",\"@odata.etag\":";
	const size_t nk = sizeof(key) - 1;
	const char *at = p, *last = NULL;

	while ((at = memmem(at, n - (size_t)(at - p), key, nk))) {
		last = at;
		at += nk;
	}
	/* of an expanded member, something follows it */
	return last && !strpbrk(last + nk, ",{[") ? (size_t)(last - p) : n;
}

/* FNV-1a over words: every read of every resource comes through here. */
static uint64_t
hash(uint64_t h, const char *p, size_t n)
{
	const unsigned char *u = (const unsigned char *)p;

	for (; n >= 8; n -= 8, u += 8) {
		uint64_t word;

		memcpy(&word, u, sizeof(word));
		h = (h ^ le64toh(word)) * 1099511628211u;
		h ^= h >> 32; /* high bits of a word count in short tags, too */
	}
	for (; n > 0; n--)
		h = (h ^ *u++) * 1099511628211u;
	return h;
}

void
etag_of(
    const struct request *rq, const char *body, size_t n, char out[ETAG_CAP])
{
	size_t head;
	uint64_t h;

	if (rq->p->etag_body)
		n = skip_tag(body, n);
	head = skip_clock(body, n);
	h = hash(HASH_SEED + rq->b->reads, body, head);
	if (head < n)
		head += strcspn(body + head, "\"");
	h = hash(h, body + head, n - head);
	switch ((enum knob_etag)rq->p->etag_style) {
	case ETAG_STRONG:
		(void)snprintf(
		    out, ETAG_CAP, "\"%016llx\"", (unsigned long long)h);
		break;
	case ETAG_WEAK:
		(void)snprintf(out, ETAG_CAP, "W/\"%08llX\"",
		    (unsigned long long)(h & 0xffffffff));
		break;
	case ETAG_DECIMAL:
		(void)snprintf(
		    out, ETAG_CAP, "%llu", (unsigned long long)(h >> 1));
		break;
	case ETAG_ODD:
		(void)snprintf(out, ETAG_CAP, "\"W/'gen-%llu'\"",
		    (unsigned long long)(h & 0xffffff));
		break;
	case ETAG_LONG:
		(void)snprintf(out, ETAG_CAP, "\"%0*llx\"", LONG_DIGITS,
		    (unsigned long long)h);
		break;
	case ETAG_NONE:
	case ETAG_EMPTY:
		out[0] = '\0';
		break;
	}
}

static bool
same(const struct request *rq, const char *asked, const char *real)
{
	const char *strong = str_has_prefix(real, "W/") ? real + 2 : real;
	size_t n = strlen(asked);

	if (rq->p->ifmatch == IFMATCH_REJECTED)
		return false;
	if (str_eq(asked, "*"))
		return true;
	if (str_eq(asked, strong))
		return true;
	/* AMI: gives a weak tag, wants its strong form back */
	if (rq->p->ifmatch == IFMATCH_STRONG)
		return false;
	if (str_eq(asked, real))
		return true;
	/* a client that quotes or weakens a tag on its own */
	return str_has_prefix(asked, "W/") && n > 2 &&
	       str_eq(asked + 2, strong);
}

void
etag_restless(struct request *rq)
{
	if (rq->p->etag_restless)
		rq->b->reads++;
}

static bool
check(struct request *rq)
{
	const char *asked = rq->in[IN_IF_MATCH];
	char real[ETAG_CAP];
	struct buf body;
	bool ok;

	if (!asked)
		return true;
	etag_restless(rq);
	buf_init(&body, REPLY_BODY_MAX);
	request_render(rq, &body);
	etag_of(rq, buf_str(&body), body.n, real);
	buf_free(&body);
	ok = same(rq, asked, real);
	if (!ok)
		request_header(rq, "ETag", real);
	return ok || request_refuse(
			 rq, REF_PRECONDITION_FAILED, NULL, NULL, NULL, NULL);
}

bool
etag_check_write(struct request *rq)
{
	if (rq->p->etag_style == ETAG_NONE || rq->p->etag_style == ETAG_EMPTY)
		return true;
	if ((rq->p->ifmatch == IFMATCH_REQUIRED ||
		rq->p->ifmatch == IFMATCH_STRONG) &&
	    rq->verb == VERB_PATCH && !rq->in[IN_IF_MATCH])
		return request_refuse(
		    rq, REF_PRECONDITION_MISSING, NULL, NULL, NULL, NULL);
	return check(rq);
}

/* iBMC: an action wants the tag of the resource that it is an action of. */
static bool
action_tag_fits(struct request *rq)
{
	const char *end = strstr(rq->path, "/Oem/"), *asked;
	char *of, real[ETAG_CAP];
	struct buf body;
	bool ok;

	if (!end)
		end = strstr(rq->path, "/Actions/");
	if (!end)
		return true;
	asked = rq->in[IN_IF_MATCH];
	if (!asked)
		return request_refuse(
		    rq, REF_PRECONDITION_MISSING, NULL, NULL, NULL, NULL);
	etag_restless(rq);
	of = xstrndup(rq->path, (size_t)(end - rq->path));
	buf_init(&body, REPLY_BODY_MAX);
	ok = !request_render_at(rq, of, &body);
	if (!ok) {
		etag_of(rq, buf_str(&body), body.n, real);
		ok = same(rq, asked, real);
	}
	buf_free(&body);
	xfree(of);
	return ok || request_refuse(
			 rq, REF_PRECONDITION_FAILED, NULL, NULL, NULL, NULL);
}

bool
etag_check_post(struct request *rq)
{
	if (rq->p->post_ifmatch == POST_IFMATCH_REQUIRE)
		return action_tag_fits(rq);
	if (!rq->in[IN_IF_MATCH] || rq->p->post_ifmatch == POST_IFMATCH_IGNORE)
		return true;
	if (rq->p->post_ifmatch == POST_IFMATCH_REFUSE)
		return request_refuse(
		    rq, REF_PRECONDITION_FAILED, NULL, NULL, NULL, NULL);
	/* actions and collections have no tag of their own to match */
	return true;
}
