/* The in-process network keeps the contract of http.h. */
#include "tests/unit/http_contract.h"
#include "tests/unit/http_rig_virtual.h"

int
main(void)
{
	return http_contract_run(&rig_virtual);
}
