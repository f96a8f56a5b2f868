/* Roles, privileges, and who may do what. DSP0266 13.2, DSP8011. */
#ifndef B7_SIM_BMC_PRIVILEGE_H
#define B7_SIM_BMC_PRIVILEGE_H

#include <stdbool.h>

#include "sim/bmc/account.h"

struct jw;
struct request;

enum privilege {
	PRIV_LOGIN = 1,
	PRIV_MANAGER = 2,
	PRIV_USERS = 4,
	PRIV_COMPONENTS = 8,
	PRIV_SELF = 16 /* counts for what belongs to the user */
};
unsigned privilege_of_role(enum role r); /* bits of enum privilege */
void privilege_names_write(struct jw *w, const char *key, unsigned bits);
/* May the user of rq do this? False after a refusal. The route is known. */
bool privilege_check(struct request *rq);

#endif
