/* See argv.h. */
#include "sim/qemu/argv.h"

#include <string.h>

#include "common/mem.h"
#include "common/str.h"

struct args {
	char **v;
	size_t n;
};

static void
add_own(struct args *a, char *s)
{
	a->v = xreallocarray(a->v, a->n + 2, sizeof(*a->v));
	a->v[a->n++] = s;
	a->v[a->n] = NULL;
}

static void
add(struct args *a, const char *s)
{
	add_own(a, xstrdup(s));
}

static void
add2(struct args *a, const char *option, char *value)
{
	add(a, option);
	add_own(a, value);
}

/* In values, a comma is written twice. */
static char *
escaped(const char *s)
{
	char *out = xcalloc(2 * strlen(s) + 1, 1), *p = out;

	for (; *s; s++) {
		if (*s == ',')
			*p++ = ',';
		*p++ = *s;
	}
	return out;
}

/* Where it is in the order, from 0; -1 = it is not booted. */
static int
place(const struct board_start *s, int what)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->order[i] == what)
			return (int)i;
	return -1;
}

static char *
bootindex(const struct board_start *s, int what)
{
	int at = place(s, what);

	return at < 0 ? xstrdup("") : xasprintf(",bootindex=%d", at);
}

static void
add_machine(struct args *a, const struct argv_in *in)
{
	add(a, "-nodefaults");
	add(a, "-no-user-config");
	add2(a, "-display", xstrdup("none"));
	add2(a, "-sandbox",
	    xstrdup("on,obsolete=deny,elevateprivileges=deny,spawn=deny,"
		    "resourcecontrol=deny"));
	/* Without graphics SeaBIOS speaks on the serial line, as OVMF does. */
	add2(a, "-machine", xstrdup("q35,graphics=off"));
	add2(a, "-accel", xstrdup(in->kvm ? "kvm" : "tcg"));
	add2(a, "-cpu", xstrdup("max"));
	add2(a, "-smp", xasprintf("%lld", (long long)in->o->cpus));
	add2(a, "-m", xasprintf("%lldM", (long long)in->o->memory_mib));
	/* It waits for its media; a reset ends it, so that the next start gets
	 * the boot order that is right then; it stands still until then. */
	add(a, "-S");
	add2(a, "-action", xstrdup("reboot=shutdown,shutdown=pause"));
	add2(a, "-boot", xstrdup("strict=on"));
}

static void
add_identity(struct args *a, const struct board_facts *f)
{
	char *name = escaped(f->name), *maker = escaped(f->maker),
	     *model = escaped(f->model), *serial = escaped(f->serial);

	add2(a, "-name", xasprintf("guest=%s", name));
	add2(a, "-uuid", xstrdup(f->uuid));
	add2(a, "-smbios",
	    xasprintf("type=1,manufacturer=%s,product=%s,serial=%s,uuid=%s",
		maker, model, serial, f->uuid));
	xfree(name);
	xfree(maker);
	xfree(model);
	xfree(serial);
}

static void
add_streams(struct args *a)
{
	add2(a, "-chardev", xasprintf("socket,id=qmp,fd=%d", CHILD_QMP_FD));
	add2(a, "-mon", xstrdup("chardev=qmp,mode=control"));
	add2(a, "-chardev",
	    xasprintf("socket,id=console,fd=%d", CHILD_CONSOLE_FD));
	add2(a, "-serial", xstrdup("chardev:console"));
}

static void
add_uefi(struct args *a, const struct argv_in *in)
{
	char *code = escaped(in->o->uefi_code),
	     *vars = escaped(in->paths->vars);

	add2(a, "-drive",
	    xasprintf("if=pflash,unit=0,format=raw,readonly=on,file=%s", code));
	add2(a, "-drive",
	    xasprintf("if=pflash,unit=1,format=raw,file=%s", vars));
	xfree(code);
	xfree(vars);
}

static void
add_drives(struct args *a, const struct argv_in *in)
{
	char *disk = escaped(in->paths->disk),
	     *index = bootindex(in->start, BOARD_DISK);

	add2(a, "-drive",
	    xasprintf(
		"if=none,id=disk,format=raw,discard=unmap,file=%s", disk));
	add2(a, "-device", xasprintf("ide-hd,bus=ide.0,drive=disk%s", index));
	xfree(disk);
	xfree(index);
	for (size_t i = 0; i < in->f->n_drives; i++) {
		if (in->f->drives[i] == BOARD_DRIVE_NONE)
			continue;
		index = bootindex(in->start, (int)i);
		add2(a, "-device",
		    xasprintf(
			"ide-cd,bus=ide.%zu,id=cd%zu%s", i + 1, i, index));
		xfree(index);
	}
}

/* The first port has a network, whose 10.0.2.2 is the host's loopback; nothing
 * is plugged into the others. */
static void
add_network(struct args *a, const struct board_facts *f)
{
	add2(a, "-netdev", xstrdup("user,id=net0"));
	for (unsigned i = 0; i < f->nics; i++)
		add2(a, "-device",
		    xasprintf("virtio-net-pci,%smac=%s,romfile=",
			i == 0 ? "netdev=net0," : "", f->mac[i]));
}

char **
argv_make(const struct argv_in *in)
{
	struct args a = { 0 };

	add(&a, in->o->binary);
	add_machine(&a, in);
	add_identity(&a, in->f);
	add_streams(&a);
	if (in->uefi)
		add_uefi(&a, in);
	add_drives(&a, in);
	add_network(&a, in->f);
	add2(&a, "-device", xstrdup("virtio-rng-pci"));
	return a.v;
}

void
argv_free(char **argv)
{
	for (size_t i = 0; argv && argv[i]; i++)
		xfree(argv[i]);
	xfree(argv);
}
