/*
 * Requests about Secrets, shared: a fleet often logs in with one Secret, and a
 * thousand hosts must neither patch it a thousand times (all but the first are
 * refused) nor read it a thousand times. One patch and one read of each kind
 * are under way per Secret; who comes meanwhile gets the same answer. Values
 * are handed to those who wait and kept nowhere.
 */
#ifndef B7_CONTROL_SECRET_SHARE_H
#define B7_CONTROL_SECRET_SHARE_H

#include <cjson/cJSON.h>

struct host_ctl;

enum secret_ask {
	SECRET_HOLD,  /* our finalizer goes on */
	SECRET_FREE,  /* and off */
	SECRET_LOGIN, /* username and password */
	SECRET_CA     /* ca.crt */
};

/* Joins what is under way, or starts it; the answer ends the host's pending
 * act. body: the patch of HOLD and FREE, else NULL; borrowed. One that asks for
 * something else of the same kind, or saw another version of the Secret than
 * whoever started, is only told to look again. */
void secret_share_ask(struct host_ctl *ctl, enum secret_ask ask,
    const char *name, const cJSON *body);
/* The host wants no answer any more. What is under way goes on. */
void secret_share_leave(struct host_ctl *ctl);

void secret_share_free(void *arg); /* one value of controllers.shares */

#endif
