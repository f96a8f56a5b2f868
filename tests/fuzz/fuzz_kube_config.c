/* Any file is a usable configuration or an error that says something. */
#include <stdint.h>
#include <string.h>

#include "agent/kube/config.h"
#include "common/str.h"
#include "tests/fuzz/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
one(const char *text, size_t n, bool inline_only)
{
	struct kube_config c;
	struct err e = { .kind = ERR_NONE };
	const struct kube_config_text t = { text, n, "file", inline_only };

	if (!kube_config_parse(&c, &t, NULL, &e)) {
		MUST(e.kind == ERR_SPEC && e.msg[0] != '\0');
		MUST(c.server == NULL && c.token.p == NULL);
		return;
	}
	MUST(str_has_prefix(c.server, "http") && c.path_prefix != NULL);
	MUST(c.user != NULL && c.cluster != NULL && c.default_ns != NULL);
	MUST(!inline_only || (c.ca_file == NULL && c.cert_file == NULL &&
				 c.key_file == NULL && c.token_file == NULL));
	MUST((c.cert_file != NULL || c.cert_pem.n > 0) ==
	     (c.key_file != NULL || c.key_pem.n > 0));
	kube_config_free(&c);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = size == 0 ? "" : (const char *)data;

	one(text, size, false);
	one(text, size, true);
	return 0;
}
