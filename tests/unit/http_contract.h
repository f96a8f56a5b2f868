/*
 * What every network behind http.h must do, run over a back end of the rig.
 * Times are kept short, since the real network lives through them.
 */
#ifndef B7_HTTP_CONTRACT_H
#define B7_HTTP_CONTRACT_H

#include "tests/unit/http_rig.h"

/* All suites; for main's return value. */
int http_contract_run(const struct http_rig_backend *b);

/* Inside: the suites' tables and the back end that is being tested. */
extern const struct unit_case http_contract_basic[];
extern const size_t http_contract_basic_n;
extern const struct unit_case http_contract_limits[];
extern const size_t http_contract_limits_n;
extern const struct unit_case http_contract_stream[];
extern const size_t http_contract_stream_n;
extern const struct unit_case http_contract_tls[];
extern const size_t http_contract_tls_n;
const struct http_rig_backend *http_contract_backend(void);

static inline void
contract_open(struct http_rig *r)
{
	rig_open(r, http_contract_backend(), 1);
}

/* Plain HTTP, one connection a call. */
static inline void
contract_plain(struct http_rig *r)
{
	contract_open(r);
	rig_listen(r, NULL);
	rig_peer(r, NULL);
}

#endif
