#include "common/yaml_scalar.h"

#include <math.h>
#include <stdint.h>
#include <string.h>
#include <yaml.h>

#include "common/json.h"
#include "common/str.h"

#define NUMBER_MAX 64
#define EXACT_MAX 9007199254740992u

static bool
one_of(const char *s, const char *const *words)
{
	for (; *words != NULL; words++) {
		if (strcmp(s, *words) == 0)
			return true;
	}
	return false;
}

static bool
is_null(const char *s)
{
	static const char *const words[] = { "", "~", "null", "Null", "NULL",
		NULL };

	return one_of(s, words);
}

static bool
is_true(const char *s)
{
	static const char *const words[] = { "true", "True", "TRUE", NULL };

	return one_of(s, words);
}

static bool
is_false(const char *s)
{
	static const char *const words[] = { "false", "False", "FALSE", NULL };

	return one_of(s, words);
}

/* Booleans to YAML 1.1, text to YAML 1.2. */
static bool
is_ambiguous(const char *s)
{
	static const char *const words[] = { "y", "Y", "yes", "Yes", "YES", "n",
		"N", "no", "No", "NO", "on", "On", "ON", "off", "Off", "OFF",
		NULL };

	return one_of(s, words);
}

/* Of those words, what PyYAML makes of them: text of one letter. */
static cJSON *
word(const char *s)
{
	static const char *const yes[] = { "yes", "Yes", "YES", "on", "On",
		"ON", NULL };

	if (s[1] == '\0')
		return cJSON_CreateString(s);
	return one_of(s, yes) ? cJSON_CreateTrue() : cJSON_CreateFalse();
}

static bool
is_not_finite(const char *s)
{
	static const char *const words[] = { ".nan", ".NaN", ".NAN", ".inf",
		".Inf", ".INF", NULL };

	return one_of(s + (*s == '-' || *s == '+'), words);
}

/* ---- numbers ------------------------------------------------------------- */

/* Copies without '_', which go-yaml lets stand between digits; false if s can
 * be no number. */
static bool
strip(const char *s, size_t n, char out[NUMBER_MAX])
{
	size_t at = 0;

	for (size_t i = 0; i < n; i++) {
		if (s[i] == '_')
			continue;
		if (at + 1 >= NUMBER_MAX)
			return false;
		out[at++] = s[i];
	}
	out[at] = '\0';
	return at > 0;
}

static int
digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 99;
}

/* "0x1f", "0b11", "0o17", and "017", which kubectl takes for octal too. */
static int
base_of(const char **s)
{
	int base;

	if ((*s)[0] != '0' || (*s)[1] == '\0')
		return 10;
	switch ((*s)[1] | 0x20) {
	case 'x':
		base = 16;
		break;
	case 'b':
		base = 2;
		break;
	case 'o':
		base = 8;
		break;
	default:
		*s += 1;
		return 8;
	}
	*s += 2;
	return base;
}

static bool
magnitude(const char *s, uint64_t *out)
{
	int base = base_of(&s);
	uint64_t v = 0;

	if (*s == '\0')
		return false;
	for (; *s != '\0'; s++) {
		int d = digit_value(*s);

		if (d >= base ||
		    v > (UINT64_MAX - (uint64_t)d) / (uint64_t)base)
			return false;
		v = v * (uint64_t)base + (uint64_t)d;
	}
	*out = v;
	return true;
}

static cJSON *
integer(const char *s)
{
	bool negative = *s == '-';
	char text[32];
	uint64_t v;

	if (!magnitude(s + (*s == '-' || *s == '+'), &v))
		return NULL;
	if (negative && v > (uint64_t)INT64_MAX + 1)
		return NULL;
	if (v <= EXACT_MAX)
		return cJSON_CreateNumber(
		    negative && v > 0 ? -(double)v : (double)v);
	(void)str_format(text, sizeof(text), "%s%llu", negative ? "-" : "",
	    (unsigned long long)v);
	return cJSON_CreateRaw(text);
}

static cJSON *
floating(const char *s)
{
	double d;

	return str_to_double(s, &d) ? cJSON_CreateNumber(d) : NULL;
}

static bool
may_be_number(const char *s)
{
	return (*s >= '0' && *s <= '9') || *s == '-' || *s == '+' || *s == '.';
}

static cJSON *
number(const struct yaml_scalar *s)
{
	char text[NUMBER_MAX];
	cJSON *j;

	if (!may_be_number(s->text) || !strip(s->text, s->n, text))
		return NULL;
	j = integer(text);
	return j != NULL ? j : floating(text);
}

/* ---- tags ---------------------------------------------------------------- */

static cJSON *
plain(const struct yaml_scalar *s, const char **why)
{
	cJSON *j;

	if (is_null(s->text))
		return cJSON_CreateNull();
	if (is_true(s->text))
		return cJSON_CreateTrue();
	if (is_false(s->text))
		return cJSON_CreateFalse();
	if (s->words && is_ambiguous(s->text))
		return word(s->text);
	if (is_ambiguous(s->text)) {
		*why = "kubectl reads this word as a boolean, YAML 1.2 as "
		       "text: put it in quotes, or write true or false";
		return NULL;
	}
	if (is_not_finite(s->text)) {
		*why = "JSON has no infinity and no NaN";
		return NULL;
	}
	j = number(s);
	return j != NULL ? j : cJSON_CreateString(s->text);
}

static cJSON *
tagged(const struct yaml_scalar *s, const char **why)
{
	double d;
	cJSON *j = NULL;

	*why = "the value does not fit its tag";
	if (str_eq(s->tag, YAML_NULL_TAG))
		return is_null(s->text) ? cJSON_CreateNull() : NULL;
	if (str_eq(s->tag, YAML_BOOL_TAG)) {
		if (is_true(s->text))
			j = cJSON_CreateTrue();
		else if (is_false(s->text))
			j = cJSON_CreateFalse();
		return j;
	}
	if (str_eq(s->tag, YAML_INT_TAG)) {
		j = number(s);
		if (j != NULL && !json_is_integer(j)) {
			cJSON_Delete(j);
			j = NULL;
		}
		return j;
	}
	if (str_eq(s->tag, YAML_FLOAT_TAG))
		return str_to_double(s->text, &d) ? cJSON_CreateNumber(d)
						  : NULL;
	*why = "this tag is not supported";
	return NULL;
}

cJSON *
yaml_scalar_json(const struct yaml_scalar *s, const char **why)
{
	if (memchr(s->text, '\0', s->n) != NULL) {
		*why = "a NUL character is not accepted";
		return NULL;
	}
	/* "!" says: not by its looks. */
	if (str_eq(s->tag, YAML_STR_TAG) || str_eq(s->tag, "!"))
		return cJSON_CreateString(s->text);
	if (s->tag != NULL)
		return tagged(s, why);
	return s->plain ? plain(s, why) : cJSON_CreateString(s->text);
}
