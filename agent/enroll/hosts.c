/* See hosts.h. */
#include "agent/enroll/hosts.h"

#include <stdlib.h>
#include <string.h>

#include "common/hex.h"
#include "common/str.h"
#include "common/url.h"

#define TOLD 20          /* messages */
#define NAME_MAX_LEN 249 /* "-bmc" is added for the Secret */

void
hosts_add(struct enroll_hosts *hs, const struct enroll_host *h)
{
	if (hs->n == hs->cap) {
		hs->cap = hs->cap == 0 ? 64 : 2 * hs->cap;
		hs->v = xrealloc(hs->v, hs->cap * sizeof(*hs->v));
	}
	hs->v[hs->n++] = *h;
}

void *
hosts_keep(struct enroll_hosts *hs, void *made)
{
	if (hs->n_made == hs->cap_made) {
		hs->cap_made = hs->cap_made == 0 ? 64 : 2 * hs->cap_made;
		hs->made = xrealloc(hs->made, hs->cap_made * sizeof(*hs->made));
	}
	hs->made[hs->n_made++] = made;
	return made;
}

void
hosts_free(struct enroll_hosts *hs)
{
	for (size_t i = 0; i < hs->n_made; i++)
		xfree(hs->made[i]);
	xfree(hs->made);
	xfree(hs->v);
	memset(hs, 0, sizeof(*hs));
}

/* ---- checks -------------------------------------------------------------------- */

static void
wrong(struct enroll_result *r, const struct enroll_host *h, const char *what,
    const char *value)
{
	char text[256], shown[80];

	/* What stands there may be anything, and goes to a terminal. */
	str_escape(shown, sizeof(shown), value, strnlen(value, 60));
	(void)str_format(text, sizeof(text), "line %u: %s%s%s%s", h->line, what,
	    *value == '\0' ? "" : " \"", shown, *value == '\0' ? "" : "\"");
	if (r->wrong++ < TOLD && r->tell != NULL)
		r->tell(r->tell_arg, text);
}

/* "10.1.1.1", "fe80::1", "bmc7:8443" or a whole URL. */
static const char *
hosts_url(struct enroll_hosts *hs, const char *address)
{
	if (strstr(address, "://") != NULL)
		return address;
	if (strchr(address, ':') != NULL && address[0] != '[' &&
	    strchr(strchr(address, ':') + 1, ':') != NULL)
		return hosts_keep(hs, xasprintf("https://[%s]", address));
	return hosts_keep(hs, xasprintf("https://%s", address));
}

static const char *
hosts_name(
    struct enroll_hosts *hs, const struct enroll_opts *o, const struct url *u)
{
	char *name = xasprintf("%s%s", o->prefix, u->host);

	for (char *p = name + strlen(o->prefix); *p != '\0'; p++)
		if (!str_is_alnum(*p))
			*p = '-';
	return hosts_keep(hs, name);
}

static bool
hosts_fingerprint(const char *s)
{
	size_t digits = 0;

	for (; *s != '\0'; s++) {
		digits += hex_value(*s) >= 0;
		if (hex_value(*s) < 0 && *s != ':')
			return false;
	}
	return digits == 64;
}

static bool
hosts_label(const char *s, bool key)
{
	size_t n = strlen(s);
	const char *slash = key ? strchr(s, '/') : NULL;
	char prefix[254];

	if (slash != NULL) {
		(void)str_format(prefix, sizeof(prefix), "%.*s",
		    (int)(slash - s < 253 ? slash - s : 253), s);
		if (!str_is_dns_subdomain(prefix))
			return false;
		s = slash + 1;
		n = strlen(s);
	}
	if (n == 0)
		return !key;
	for (size_t i = 0; i < n; i++)
		if (!str_is_alnum(s[i]) &&
		    (i == 0 || i == n - 1 || strchr("-_.", s[i]) == NULL))
			return false;
	return n <= 63;
}

static void
check_login(struct enroll_result *r, const struct enroll_opts *o,
    const struct enroll_host *h)
{
	if (*h->secret != '\0' && *h->username != '\0')
		wrong(r, h, "a Secret's name and a login; one is enough", "");
	if ((*h->username == '\0') != (*h->password == '\0'))
		wrong(r, h, "username without password, or the reverse", "");
	if (*h->secret != '\0' && !str_is_dns_subdomain(h->secret))
		wrong(r, h, "this is no name of a Secret:", h->secret);
	if (*h->secret == '\0' && *h->username == '\0' && o->secret == NULL)
		wrong(r, h,
		    "no login: give one in the table, --credentials-file, or "
		    "the name of a Secret",
		    "");
}

static void
check_rest(struct enroll_result *r, const struct enroll_hosts *hs,
    const struct enroll_host *h)
{
	if (*h->ca_secret != '\0' && !str_is_dns_subdomain(h->ca_secret))
		wrong(r, h, "this is no name of a Secret:", h->ca_secret);
	if (*h->ca_secret != '\0' && *h->fingerprint != '\0')
		wrong(r, h, "a fingerprint and a CA; one is enough", "");
	if (*h->fingerprint != '\0' && !hosts_fingerprint(h->fingerprint))
		wrong(r, h, "a fingerprint has 64 hex digits, not",
		    h->fingerprint);
	if (strlen(h->system_id) > 256)
		wrong(r, h, "system-id has more than 256 characters", "");
	if (!hosts_label(h->zone, false))
		wrong(r, h, "this cannot be a label's value:", h->zone);
	for (size_t i = 0; i < h->n_labels; i++)
		if (!hosts_label(h->label_values[i], false))
			wrong(r, h, "this cannot be a label's value:",
			    h->label_values[i]);
	(void)hs;
}

static void
check_one(struct enroll_hosts *hs, struct enroll_host *h,
    const struct enroll_opts *o, struct enroll_result *r)
{
	struct url u;
	struct err e;

	if (*h->address == '\0') {
		wrong(r, h, "the address is missing", "");
		return;
	}
	h->address = hosts_url(hs, h->address);
	if (strlen(h->address) > 512 || !url_parse(&u, h->address, &e)) {
		wrong(r, h, "this is no address of a BMC:", h->address);
		return;
	}
	if (*h->name == '\0')
		h->name = hosts_name(hs, o, &u);
	if (!str_is_dns_subdomain(h->name) || strlen(h->name) > NAME_MAX_LEN)
		wrong(r, h,
		    "a name has lower case letters, digits and dashes, not",
		    h->name);
	check_login(r, o, h);
	check_rest(r, hs, h);
}

struct twin {
	const char *what;
	const struct enroll_host *h;
};

static int
twin_order(const void *a, const void *b)
{
	const struct twin *x = a, *y = b;
	int c = strcmp(x->what, y->what);

	return c != 0 ? c
		      : (x->h->line > y->h->line) - (x->h->line < y->h->line);
}

/* Two hosts with one BMC would each take the other for a stranger. */
static void
check_twins(
    const struct enroll_hosts *hs, struct enroll_result *r, bool by_name)
{
	struct twin *t = xcalloc(hs->n + 1, sizeof(*t));
	char text[64];

	for (size_t i = 0; i < hs->n; i++)
		t[i] =
		    (struct twin){ by_name ? hs->v[i].name : hs->v[i].address,
			    &hs->v[i] };
	qsort(t, hs->n, sizeof(*t), twin_order);
	for (size_t i = 1; i < hs->n; i++) {
		if (t[i].what[0] == '\0' || !str_eq(t[i].what, t[i - 1].what))
			continue;
		(void)str_format(text, sizeof(text),
		    by_name ? "line %u has this name, too:"
			    : "line %u has this address, too:",
		    t[i - 1].h->line);
		wrong(r, t[i].h, text, t[i].what);
	}
	xfree(t);
}

bool
hosts_check(struct enroll_hosts *hs, const struct enroll_opts *o,
    struct enroll_result *r)
{
	for (size_t i = 0; i < hs->n_labels; i++)
		if (!hosts_label(hs->labels[i], true)) {
			struct enroll_host head = { .line = 1 };

			wrong(
			    r, &head, "this cannot be a label:", hs->labels[i]);
		}
	for (size_t i = 0; i < hs->n; i++)
		check_one(hs, &hs->v[i], o, r);
	check_twins(hs, r, true);
	check_twins(hs, r, false);
	return r->wrong == 0;
}
