/* See phoned.h. */
#include "agent/control/phoned.h"

#include <string.h>

#include "common/loop.h"
#include "common/str.h"

#define PHONED_PARTS 4

const char *
phoned_outcome(bool failed)
{
	return failed ? "failed" : "succeeded";
}

/* Its words, apart by one blank each. */
static bool
split(const char *text, char v[PHONED_PARTS][64])
{
	for (size_t i = 0; i < PHONED_PARTS; i++) {
		size_t n = strcspn(text, " ");
		bool last = i == PHONED_PARTS - 1;

		if (n == 0 || n >= 64 || (text[n] == '\0') != last)
			return false;
		memcpy(v[i], text, n);
		v[i][n] = '\0';
		text += n + 1;
	}
	return true;
}

bool
phoned_parse(struct phoned *w, const char *text)
{
	char v[PHONED_PARTS][64];
	int64_t attempt, at_us;

	memset(w, 0, sizeof(*w));
	if (text == NULL || !split(text, v))
		return false;
	w->failed = str_eq(v[0], phoned_outcome(true));
	if ((!w->failed && !str_eq(v[0], phoned_outcome(false))) ||
	    !str_to_i64(v[2], &attempt) || attempt < 0 || attempt > 1000 ||
	    !rfc3339_parse(v[3], &at_us))
		return false;
	w->attempt = (int)attempt;
	w->at_s = at_us / LOOP_S;
	return str_copy(w->claim, sizeof(w->claim), v[1]);
}

bool
phoned_print(const struct phoned *w, char out[PHONED_CAP])
{
	char at[RFC3339_CAP];
	struct phoned back;

	rfc3339_s(at, w->at_s * LOOP_S);
	return str_format(out, PHONED_CAP, "%s %s %d %s",
		   phoned_outcome(w->failed), w->claim, w->attempt, at) &&
	       phoned_parse(&back, out);
}

bool
phoned_of(struct phoned *w, const char *text, const char *claim, int attempt)
{
	return phoned_parse(w, text) && str_eq(w->claim, claim) &&
	       w->attempt == attempt;
}
