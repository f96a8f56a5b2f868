/* See account.h. */
#include "sim/bmc/account.h"

#include "common/str.h"
#include "sim/bmc/bmc.h"
#include "sim/bmc/session.h"

static const char *const role_names[ROLE_N] = { "Administrator", "Operator",
	"ReadOnly" };

const char *
role_name(enum role r)
{
	return role_names[r];
}

int
role_by_name(const char *name)
{
	for (int i = 0; i < ROLE_N; i++)
		if (str_eq(role_names[i], name))
			return i;
	return -1;
}

struct account *
account_get(struct bmc *b, const char *name)
{
	struct account *a = &b->root;

	while (a && !str_eq(a->name, name))
		a = a->next;
	return a;
}

void
account_id(const struct bmc *b, const struct account *a, char out[ACCOUNT_ID])
{
	if (b->profile->accounts == ACCOUNTS_SLOTS)
		(void)str_format(out, ACCOUNT_ID, "%u", a->slot);
	else
		(void)str_copy(out, ACCOUNT_ID, a->name); /* names are short */
}

struct account *
account_by_id(struct bmc *b, const char *id)
{
	char own[ACCOUNT_ID];

	for (struct account *a = &b->root; a; a = a->next) {
		account_id(b, a, own);
		if (str_eq(own, id))
			return a;
	}
	return NULL;
}

bool
account_locked(const struct bmc *b, const struct account *a)
{
	return a->locked_until_us > bmc_now(b);
}

unsigned
account_count(const struct bmc *b)
{
	unsigned n = 0;

	for (const struct account *a = &b->root; a; a = a->next)
		n++;
	return n;
}

struct account *
account_add(struct bmc *b, const char *name)
{
	struct account *a = xcalloc(1, sizeof(*a)), *last = &b->root;

	while (last->next)
		last = last->next;
	last->next = a;
	a->name = xstrdup(name);
	return a;
}

static void
clear(struct account *a)
{
	secret_free(&a->password);
	xreplace(&a->name, NULL);
}

void
account_drop(struct bmc *b, struct account *a)
{
	struct account *before = &b->root;

	while (before->next != a)
		before = before->next;
	before->next = a->next;
	session_close_of(b, a->name, "account deleted");
	clear(a);
	xfree(a);
}

void
account_fini(struct bmc *b)
{
	struct account *a = b->root.next, *next;

	for (; a; a = next) {
		next = a->next;
		clear(a);
		xfree(a);
	}
	b->root.next = NULL;
	clear(&b->root);
}
