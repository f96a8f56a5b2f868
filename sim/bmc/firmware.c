/* See firmware.h. */
#include "sim/bmc/firmware.h"

#include <string.h>
#include <strings.h>

#include "common/mem.h"
#include "common/str.h"
#include "sim/bmc/bmc.h"

static const char *const part_names[FIRMWARE_N] = { "BIOS", "BMC" };

struct firmware *
firmware_of(struct bmc *b)
{
	if (!b->firmware)
		b->firmware = xcalloc(1, sizeof(*b->firmware));
	return b->firmware;
}

const char *
firmware_version(const struct bmc *b, enum firmware_part p)
{
	if (b->firmware && b->firmware->version[p][0])
		return b->firmware->version[p];
	return p == FIRMWARE_BIOS ? b->profile->bios_version
				  : b->profile->bmc_version;
}

const char *
firmware_waiting(const struct bmc *b, enum firmware_part p)
{
	return b->firmware && b->firmware->next[p][0] ? b->firmware->next[p]
						      : NULL;
}

void
firmware_activate(struct bmc *b, enum firmware_part p)
{
	struct firmware *f = b->firmware;

	if (!firmware_waiting(b, p))
		return;
	memcpy(f->version[p], f->next[p], FIRMWARE_VERSION);
	f->next[p][0] = '\0';
}

void
firmware_restart(struct bmc *b)
{
	if (b->firmware)
		update_cancel(b->firmware->update);
}

void
firmware_free(struct bmc *b)
{
	firmware_restart(b);
	xfree(b->firmware);
	b->firmware = NULL;
}

/* ---- images ------------------------------------------------------------- */

static int
part_of(const char *s, size_t n)
{
	for (int i = 0; i < FIRMWARE_N; i++)
		if (strlen(part_names[i]) == n &&
		    str_has_iprefix(s, part_names[i]))
			return i;
	return -1;
}

static void
copy_version(struct firmware_image *out, const char *s)
{
	size_t n = strspn(s, "0123456789.abcdefghijklmnopqrstuvwxyz"
			     "ABCDEFGHIJKLMNOPQRSTUVWXYZ_");

	if (n == 0 || n >= sizeof(out->version)) {
		out->part = -1;
		return;
	}
	memcpy(out->version, s, n);
	out->version[n] = '\0';
}

/* "SIMFW component=BIOS version=2.1.0" */
static bool
by_header(const char *line, struct firmware_image *out)
{
	static const char magic[] = "SIMFW ";
	const char *c = strstr(line, "component=");
	const char *v = strstr(line, "version=");

	if (!str_has_prefix(line, magic) || !c || !v)
		return false;
	c += strlen("component=");
	out->part = part_of(c, strcspn(c, " \r\n"));
	copy_version(out, v + strlen("version="));
	return true;
}

/* "bios-2.1.0.bin", "BMC_v1.2.bin" */
static void
by_name(const char *name, struct firmware_image *out)
{
	size_t n = strcspn(name, "-_");
	const char *v = name[n] ? name + n + 1 : "", *dot;

	out->part = part_of(name, n);
	if (*v == 'v')
		v++;
	if (*v < '0' || *v > '9') {
		out->part = -1;
		return;
	}
	copy_version(out, v);
	/* the extension is no part of it */
	dot = strrchr(out->version, '.');
	if (dot && (dot[1] < '0' || dot[1] > '9'))
		out->version[dot - out->version] = '\0';
}

void
firmware_identify(const char *name, const void *bytes, size_t n,
    const char *target, struct firmware_image *out)
{
	char line[128];
	const char *slash = strrchr(name, '/');
	size_t len = n < sizeof(line) - 1 ? n : sizeof(line) - 1;

	memset(out, 0, sizeof(*out));
	if (len)
		memcpy(line, bytes, len);
	line[len] = '\0';
	line[strcspn(line, "\n")] = '\0';
	if (!by_header(line, out))
		by_name(slash ? slash + 1 : name, out);
	/* an image for another component than the one that was asked for */
	if (target && out->part != part_of(target, strlen(target)))
		out->part = -1;
}
