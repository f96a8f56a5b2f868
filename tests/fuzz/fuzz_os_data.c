/* User data of every kind, and boot loader configurations: the first byte says
 * which. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/json.h"
#include "common/mem.h"
#include "sim/os/bootcfg.h"
#include "sim/os/inflate.h"
#include "sim/os/os_impl.h"
#include "tests/fuzz/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static enum os_step
same(void *arg, const char *path, struct buf *out)
{
	(void)path;
	return buf_adds(out, arg) ? OS_OK : OS_BAD;
}

static void
config(const struct buf *b, bool grub)
{
	struct buf text = *b;
	const struct bootcfg_files files = { same, text.p };
	struct bootcfg c = { .file = "/boot/grub/grub.cfg" };
	char v[16];

	(void)(grub ? bootcfg_grub(&c, buf_str(b), &files)
		    : bootcfg_isolinux(&c, buf_str(b), &files));
	MUST(strlen(c.args) < BOOTCFG_ARGS);
	(void)bootcfg_arg(c.args, "ds", v, sizeof(v));
}

static void
take(struct os_seek *k, const struct buf *b, uint8_t kind)
{
	cJSON *meta = cJSON_CreateObject();

	json_set_str(meta, "local-hostname", "n1");
	if (kind == 0)
		os_cloudinit(k, b, NULL, meta);
	else if (kind == 1)
		os_cloudinit(k, b, b, meta);
	else if (kind == 2)
		os_ignition(k, buf_str(b), b->n);
	else
		os_heredocs(k, buf_str(b));
	os_join(k);
	cJSON_Delete(meta);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct os_look look = { .family = "cloud-init" };
	struct os_facts f = { 0 };
	struct os_seek k = { .look = &look, .f = &f };
	struct buf b, out;

	if (n == 0)
		return 0;
	buf_init(&b, 1u << 20);
	buf_init(&out, 1u << 20);
	(void)buf_add(&b, data + 1, n - 1);
	if (b.n > 0 && data[0] % 8 < 4)
		take(&k, &b, data[0] % 8);
	else if (b.n > 0 && data[0] % 8 < 6)
		config(&b, data[0] % 2);
	else
		(void)inflate_gzip(buf_str(&b), b.n, &out, NULL);
	MUST(strlen(f.why) < sizeof(f.why));
	texts_free(&k.texts);
	buf_free(&out);
	buf_free(&b);
	return 0;
}
