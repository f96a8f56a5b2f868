/* The network on sockets keeps the contract of http.h. */
#include "tests/unit/http_contract.h"
#include "tests/unit/http_rig_real.h"

static struct tls_identity *
issue_real(const struct tls_issue *o, struct entropy ent, struct err *e)
{
	return tls_identity_issue(o, ent, NULL, NULL, e);
}

int
main(void)
{
	struct http_rig_backend b = rig_real;

	b.issue = issue_real;
	return http_contract_run(&b);
}
