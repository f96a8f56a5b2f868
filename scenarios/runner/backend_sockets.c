#include "scenarios/runner/backend.h"

struct backend *
backend_sockets_new(
    const struct backend_opts *o, const struct backend_hooks *h, struct err *e)
{
	(void)o;
	(void)h;
	(void)err_set(e, ERR_INTERNAL, 0, "sockets are not built in");
	return NULL;
}
