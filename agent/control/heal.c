/* See heal.h. */
#include "agent/control/heal.h"

#include <string.h>

#include "agent/control/record.h"
#include "common/str.h"

bool
heal_ask_parse(struct heal_ask *a, const char *text)
{
	const char *claim, *id;
	size_t n;

	memset(a, 0, sizeof(*a));
	claim = text == NULL ? NULL : strchr(text, ' ');
	id = claim == NULL ? NULL : strrchr(text, ' ');
	if (id == NULL || id == claim)
		return false;
	n = (size_t)(claim - text);
	a->cycle = n == strlen(HEAL_CYCLE) && memcmp(text, HEAL_CYCLE, n) == 0;
	if (!a->cycle &&
	    (n != strlen(HEAL_OFF) || memcmp(text, HEAL_OFF, n) != 0))
		return false;
	n = (size_t)(id - claim - 1);
	if (n == 0 || n >= sizeof(a->claim) || id[1] == '\0')
		return false;
	memcpy(a->claim, claim + 1, n);
	return str_copy(a->id, sizeof(a->id), id + 1);
}

bool
heal_ask_print(const struct heal_ask *a, char out[160])
{
	return str_format(out, 160, "%s %s %s",
	    a->cycle ? HEAL_CYCLE : HEAL_OFF, a->claim, a->id);
}

bool
heal_id_print(char out[48], const char *uuid, int attempt)
{
	return str_format(out, 48, "%s:%d", uuid, attempt);
}

int
heal_id_attempt(const char *id, const char *uuid)
{
	size_t n = strlen(uuid);
	int64_t attempt;

	if (id == NULL || n == 0 || strncmp(id, uuid, n) != 0 || id[n] != ':' ||
	    !str_to_i64(id + n + 1, &attempt) || attempt < 1 ||
	    attempt > HEAL_ATTEMPTS_MAX)
		return 0;
	return (int)attempt;
}
