/* Unified kernel images hold their arguments, under their signature: nothing is
 * added to them. Those that were made with what is asked for are fine. */
#include "agent/media/compose_int.h"
#include "agent/media/fat.h"
#include "agent/media/karg.h"
#include "common/str.h"

#define HEAD 4096u
#define REACH (1u << 20) /* the arguments stand before the kernel */
#define ARGS_MAX 65536u

static bool
refuse(struct plan *p, unsigned boot, const char *path, const char *args)
{
	char shown[CD_SHOWN], where[40] = "";

	if (boot > 0)
		(void)str_format(
		    where, sizeof(where), " in boot image %u", boot);
	return err_set(p->e, ERR_SPEC, 0,
	    "%s%s is a unified kernel image: its arguments are inside of it "
	    "and cannot be added to; make it with \"%.60s\"",
	    cd_shown(path, shown), where, args);
}

static bool
judge(struct plan *p, unsigned boot, const char *path, const char *args,
    const struct buf *is)
{
	if (!karg_has_all(buf_str(is), is->n, args))
		return refuse(p, boot, path, args);
	p->lines++;
	return true;
}

bool
compose_unified_fat(struct plan *p, const struct fat *f, unsigned boot,
    const char *path, const struct fat_file *file, const char *args)
{
	enum media_step step;
	uint32_t at, n;
	struct buf b;
	bool ok = false;

	buf_init(&b, REACH);
	step = fat_read(f, &p->o, file, HEAD, &b);
	if (step == MEDIA_DONE &&
	    karg_unified_args(buf_str(&b), b.n, &at, &n) && n <= ARGS_MAX &&
	    at <= REACH - n) {
		step = fat_read(f, &p->o, file, at + n, &b);
		ok = step == MEDIA_DONE && b.n == at + n;
	}
	p->missing |= step == MEDIA_WANTS;
	if (ok) {
		buf_consume(&b, at);
		ok = judge(p, boot, path, args, &b);
	} else {
		ok = step == MEDIA_WANTS || refuse(p, boot, path, args);
	}
	buf_free(&b);
	return ok;
}

bool
compose_unified_tree(
    struct plan *p, uint32_t node, const char *path, const char *args)
{
	const struct cd_tree *t = &p->cd->trees[0];
	const struct cd_extent *x = &t->extents[t->v[node].extents];
	uint64_t from = (uint64_t)x->sector * MEDIA_SECTOR;
	uint8_t head[HEAD];
	uint32_t at, n;
	struct buf b;
	bool ok = true;
	char *to;

	n = x->n < HEAD ? x->n : HEAD;
	if (!sparse_get(p->o.base, from, head, n)) {
		p->missing = true;
		return true;
	}
	if (!karg_unified_args(head, n, &at, &n) || n > ARGS_MAX || at > x->n ||
	    n > x->n - at)
		return refuse(p, 0, path, args);
	buf_init(&b, ARGS_MAX);
	to = buf_extend(&b, n);
	if (to == NULL || !sparse_get(p->o.base, from + at, to, n))
		p->missing = true;
	else
		ok = judge(p, 0, path, args, &b);
	buf_free(&b);
	return ok;
}
