/* See base_proof.h. */
#include "agent/claims/base_proof.h"

#include <string.h>

#include "agent/claims/marks.h"
#include "common/mem.h"
#include "common/str.h"

static void turn(void *arg);

/* At the next turn of the loop: readers must not be freed inside of their own
 * callbacks, and others come in between. */
static void
soon(struct proof *p)
{
	timer_start(p->env->loop, &p->turn, 0, turn, p);
}

/* The first error is the end of it: other pieces on their way may fail, too. */
static void
end(struct proof *p, const struct err *e)
{
	if (p->failed)
		return;
	p->failed = e != NULL;
	if (e != NULL)
		p->why = *e;
	p->ended = true;
	soon(p);
}

/* ---- opening ------------------------------------------------------------ */

static void
opened(void *arg, const struct err *e)
{
	end(arg, e);
}

struct proof *
proof_new(const struct env *env, const struct proof_opts *o)
{
	struct proof *p = xcalloc(1, sizeof(*p));
	struct origin_opts oo = {
		.url = o->url, .allowed = o->origins, .trust = o->trust
	};
	struct err e = { .kind = ERR_NONE };
	char path[FOLDER_PATH];

	p->refs = 1;
	p->env = env;
	for (size_t i = 0; i < PROOF_WINDOW; i++)
		p->v[i].of = p;
	if (folder_path(o->folders, o->url, path, &e)) {
		if (path[0] != '\0')
			p->folder = folder_image_new(env, path, &e);
		end(p, p->folder == NULL ? &e : NULL);
		return p;
	}
	p->origin = origin_reader_new(env, &oo, opened, p, &e);
	if (p->origin == NULL)
		end(p, &e);
	return p;
}

const char *
proof_name(const struct proof *p)
{
	return p->folder != NULL ? folder_image_name(p->folder)
				 : origin_reader_name(p->origin);
}

bool
proof_changed(const struct proof *p)
{
	return p->folder != NULL ? folder_image_changed(p->folder)
				 : origin_reader_changed(p->origin);
}

/* ---- reading all of it -------------------------------------------------- */

static void
came(void *arg, const void *p, size_t n, const struct err *e)
{
	struct proof_piece *v = arg;

	v->asked = false;
	if (p == NULL) {
		end(v->of, e);
		return;
	}
	v->p = xmalloc(n);
	memcpy(v->p, p, n);
	v->n = n;
	soon(v->of);
}

static void
ask(struct proof *p, struct proof_piece *v)
{
	uint64_t left = p->raw->size - p->asked, at = p->asked;
	size_t n = left < PROOF_PIECE ? (size_t)left : PROOF_PIECE;

	if (n == 0)
		return;
	p->asked += n;
	v->asked = true;
	p->raw->read(p->raw->self, at, n, came, v);
}

static enum media_step
last_step(void *arg, struct sparse *s, struct err *e)
{
	struct proof *p = arg;

	(void)s;
	return prepass_end(&p->image.p, e);
}

static void
ran(void *arg, const struct err *e)
{
	end(arg, e);
}

/* All was seen: what went by too early is read once more, checked. */
static void
finish(struct proof *p)
{
	p->ending = true;
	source_run(
	    &p->run, p->image.source, &p->image.p.base, last_step, ran, p);
}

static void
add_one(struct proof *p)
{
	struct proof_piece *v = &p->v[p->first];
	struct err e = { .kind = ERR_NONE };
	bool ok = prepass_add(&p->image.p, v->p, v->n, &e);

	xfree(v->p);
	v->p = NULL;
	if (!ok) {
		end(p, &e);
		return;
	}
	p->first = (p->first + 1) % PROOF_WINDOW;
	ask(p, v);
	if (p->progress != NULL)
		p->progress(p->arg);
	if (p->image.p.digests.seen == p->raw->size)
		finish(p);
	else if (p->v[p->first].p != NULL)
		soon(p);
}

static void
tell(struct proof *p)
{
	struct err e = p->why;
	bool was_begun = p->begun;

	p->ended = false;
	p->why.kind = ERR_NONE;
	if (!was_begun && e.kind == ERR_NONE)
		p->raw = p->folder != NULL ? folder_image_source(p->folder)
					   : origin_reader_source(p->origin);
	if (was_begun && e.kind == ERR_NONE)
		p->image.n_marks = marks_of(&p->image.p.cd, p->image.marks);
	if (p->done != NULL)
		p->done(p->arg, e.kind == ERR_NONE ? NULL : &e);
}

static void
turn(void *arg)
{
	struct proof *p = arg;

	if (p->ended)
		tell(p); /* p may be gone */
	else if (p->begun && !p->ending && !p->failed &&
		 p->v[p->first].p != NULL)
		add_one(p);
}

static void
told(void *arg, const struct err *e)
{
	struct proof *p = arg;

	if (p->told != NULL)
		p->told(p->arg, e);
}

void
proof_begin(struct proof *p, const uint8_t *sha256, struct blocks *cache,
    const char *name)
{
	struct err e = { .kind = ERR_NONE };

	p->begun = true;
	if (!prepass_init(&p->image.p, p->raw->size, sha256, &e)) {
		end(p, &e);
		return;
	}
	proven_init(&p->proven, p->raw, &p->image.p.digests, told, p);
	p->view = blocks_view_new(cache, name, &p->proven.source);
	p->image.source = blocks_view_source(p->view);
	for (size_t i = 0; i < PROOF_WINDOW; i++)
		ask(p, &p->v[i]);
}

unsigned
proof_percent(const struct proof *p)
{
	if (!p->begun || p->raw->size == 0)
		return 0;
	return (unsigned)(p->image.p.digests.seen * 100 / p->raw->size);
}

void
proof_mute(struct proof *p)
{
	p->done = NULL;
	p->told = NULL;
	p->progress = NULL;
}

void
proof_unref(struct proof *p)
{
	if (p == NULL || --p->refs > 0)
		return;
	timer_stop(&p->turn);
	source_stop(&p->run);
	for (size_t i = 0; i < PROOF_WINDOW; i++) {
		if (p->v[i].asked)
			p->raw->cancel(p->raw->self, &p->v[i]);
		xfree(p->v[i].p);
	}
	blocks_view_free(p->view);
	if (p->view != NULL)
		proven_fini(&p->proven);
	origin_reader_free(p->origin);
	folder_image_free(p->folder);
	if (p->begun)
		prepass_free(&p->image.p);
	xfree(p);
}

const char *
proof_refusal(const struct err *e)
{
	if (str_has_prefix(e->msg, "its SHA-256 is"))
		return "ChecksumMismatch";
	if (str_has_prefix(e->msg, "not an ISO 9660 image"))
		return "NotAnISO";
	return "ImageRefused";
}
