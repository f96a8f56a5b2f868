/*
 * Accounts of one BMC. The first is part of struct bmc; others exist only
 * once somebody made them. Names compare exactly.
 */
#ifndef B7_SIM_BMC_ACCOUNT_H
#define B7_SIM_BMC_ACCOUNT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/mem.h"

struct bmc;

#define ACCOUNT_NAME 40
#define ACCOUNT_ID 40

enum role {
	ROLE_ADMINISTRATOR,
	ROLE_OPERATOR,
	ROLE_READ_ONLY,
	ROLE_N
};
const char *role_name(enum role r);
int role_by_name(const char *name); /* -1 = none */

struct account {
	struct account *next; /* owned by the one before; NULL = last */
	char *name;           /* owned */
	struct secret password;
	enum role role;
	uint8_t slot; /* 1-based, of profiles with slots */
	bool disabled, must_change;
	unsigned failures; /* wrong passwords in a row */
	int64_t locked_until_us;
};

/* The first account is &b->root, then ->next. */
struct account *account_get(struct bmc *b, const char *name);
struct account *account_by_id(struct bmc *b, const char *id);
/* Last part of its URI: the name, or the slot's number. */
void account_id(
    const struct bmc *b, const struct account *a, char out[ACCOUNT_ID]);
bool account_locked(const struct bmc *b, const struct account *a);
unsigned account_count(const struct bmc *b);
/* At the end of the list; the caller fills in the rest. */
struct account *account_add(struct bmc *b, const char *name);
/* Never the first; its sessions end. */
void account_drop(struct bmc *b, struct account *a);
/* Frees all but the struct of the first. */
void account_fini(struct bmc *b);

#endif
