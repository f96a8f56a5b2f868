/* See qemu.h. */
#include "sim/qemu/qemu.h"

#include "common/mem.h"
#include "common/str.h"
#include "sim/qemu/vm.h"

static bool
word(const char *s, const char *const *words, unsigned *out)
{
	for (unsigned i = 0; words[i]; i++)
		if (str_eq(s, words[i])) {
			*out = i;
			return true;
		}
	return false;
}

bool
qemu_accel_parse(const char *s, enum qemu_accel *out)
{
	static const char *const words[] = { "auto", "kvm", "tcg", NULL };
	unsigned i;

	if (!word(s, words, &i))
		return false;
	*out = (enum qemu_accel)i;
	return true;
}

bool
qemu_firmware_parse(const char *s, enum qemu_firmware *out)
{
	static const char *const words[] = { "auto", "uefi", "bios", NULL };
	unsigned i;

	if (!word(s, words, &i))
		return false;
	*out = (enum qemu_firmware)i;
	return true;
}

struct qemu *
qemu_new(const struct env *env, const struct qemu_seam *seam,
    const struct qemu_opts *o)
{
	struct qemu *q = xcalloc(1, sizeof(*q));

	q->env = env;
	q->seam = seam;
	q->o = *o;
	q->dir = xstrdup(o->dir);
	q->binary = xstrdup(o->binary);
	q->uefi_code = xstrdup(o->uefi_code);
	q->uefi_vars = xstrdup(o->uefi_vars);
	q->o.dir = q->dir;
	q->o.binary = q->binary;
	q->o.uefi_code = q->uefi_code;
	q->o.uefi_vars = q->uefi_vars;
	q->maker = (struct board_maker){ &vm_ops, q };
	return q;
}

void
qemu_free(struct qemu *q)
{
	if (!q)
		return;
	xfree(q->dir);
	xfree(q->binary);
	xfree(q->uefi_code);
	xfree(q->uefi_vars);
	xfree(q);
}

const struct board_maker *
qemu_maker(const struct qemu *q)
{
	return &q->maker;
}
