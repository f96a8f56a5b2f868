/* Apart from tls_trust.c, so that what never asks for the system's trust does
 * not link the file system. */
#include "common/files.h"
#include "common/tls_int.h"

struct tls_trust *
tls_trust_system(struct err *e)
{
	static const char path[] = "/etc/ssl/certs/ca-certificates.crt";
	struct files files = files_system();
	struct tls_trust *t = NULL;
	struct buf pem;

	buf_init(&pem, 4u << 20);
	/* Single certificates of a kind that mbedTLS lacks are no obstacle. */
	if (files.read(files.self, path, &pem, e))
		t = tls_trust_new_tolerant(buf_str(&pem), pem.n, e);
	if (!t)
		(void)err_wrap(e, "system trust");
	buf_free(&pem);
	return t;
}
