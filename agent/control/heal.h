/*
 * What a Beskar7Remediation asks of a host: the value of the annotation
 * AX/remediate, "TYPE CLAIMID ID". The claim id makes it void for any other
 * tenant; the id, "UUID:N", is the remediation's and the number of the attempt,
 * and stands in the host's record with what came of it.
 */
#ifndef B7_CONTROL_HEAL_H
#define B7_CONTROL_HEAL_H

#include <stdbool.h>

#define HEAL_ATTEMPTS_MAX 100

struct heal_ask {
	bool cycle; /* HEAL_CYCLE; else HEAL_OFF */
	char claim[64];
	char id[48];
};

/* text NULL: false. */
bool heal_ask_parse(struct heal_ask *a, const char *text);
/* false if it does not fit. */
bool heal_ask_print(const struct heal_ask *a, char out[160]);
bool heal_id_print(char out[48], const char *uuid, int attempt);
/* The attempt that id tells of, 0 if it is not of this remediation. */
int heal_id_attempt(const char *id, const char *uuid);

#endif
