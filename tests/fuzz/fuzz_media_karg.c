/* A configuration of a boot loader: by all syntaxes. What comes out is what went
 * in with the arguments put in between, as often as lines tell. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "agent/media/karg.h"
#include "tests/fuzz/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* Every byte of the text stands in the result, in its order. */
static bool
is_within(const char *text, size_t n, const struct buf *out)
{
	size_t i = 0;

	for (size_t k = 0; i < n && k < out->n; k++)
		i += out->p[k] == text[i];
	return i == n;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const enum karg_syntax all[] = { KARG_GRUB, KARG_SYSLINUX,
		KARG_LOADER };
	const char *text = (const char *)data;
	uint32_t at, len;

	(void)karg_is_unified(data, n);
	if (karg_unified_args(data, n, &at, &len))
		MUST(len > 0);
	(void)karg_has_all(text, n, "a b=c");
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		struct karg k = { all[i], "a=b;c", 0 };
		struct err e = { .kind = ERR_NONE };
		struct buf out;

		buf_init(&out, 4 * KARG_CONFIG);
		if (n > 0 && karg_add(&k, text, n, &out, &e)) {
			MUST(out.n >= n && is_within(text, n, &out));
			MUST((out.n == n) == (k.lines == 0));
		}
		buf_free(&out);
	}
	return 0;
}
