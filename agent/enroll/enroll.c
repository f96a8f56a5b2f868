/* See enroll.h: tables and ranges, as hosts. */
#include "agent/enroll/enroll.h"

#include <string.h>

#include "agent/enroll/csv.h"
#include "agent/enroll/hosts.h"
#include "agent/enroll/span.h"
#include "common/str.h"

#define LABEL "label:"

/* ---- options ------------------------------------------------------------------- */

/* "k=v,k=v": what check_one() finds out of a column's name and values. */
static bool
enroll_labels_fit(const char *s)
{
	for (;;) {
		size_t n = strcspn(s, ","), k = strcspn(s, "=");

		if (k == 0 || k >= n || k > 317 || n - k - 1 > 63)
			return false;
		for (size_t i = 0; i < n; i++)
			if (strchr("\"\\ \t\r\n", s[i]) != NULL)
				return false;
		if (s[n] == '\0')
			return true;
		s += n + 1;
	}
}

bool
enroll_check(const struct enroll_opts *o, struct err *e)
{
	if ((o->ca_secret != NULL) + o->tofu + o->insecure > 1)
		return err_set(e, ERR_SPEC, 0,
		    "one of --ca-secret, --trust-on-first-use and --insecure");
	if (!str_empty(o->ns) && !str_is_dns_label(o->ns))
		return err_set(e, ERR_SPEC, 0, "--namespace: no such name");
	if (o->secret != NULL && !str_is_dns_subdomain(o->secret))
		return err_set(
		    e, ERR_SPEC, 0, "--credentials-secret: no such name");
	if (o->ca_secret != NULL && !str_is_dns_subdomain(o->ca_secret))
		return err_set(e, ERR_SPEC, 0, "--ca-secret: no such name");
	if (o->labels != NULL && !enroll_labels_fit(o->labels))
		return err_set(
		    e, ERR_SPEC, 0, "--labels: as in role=worker,rack=r7");
	return true;
}

/* ---- a table -------------------------------------------------------------------- */

/* Where each column of the table goes. */
struct columns {
	size_t n;
	/* offsets into struct enroll_host; SIZE_MAX: a label */
	size_t at[CSV_FIELDS];
};

struct column_row {
	const char *name;
	size_t at;
};
#define H(f) offsetof(struct enroll_host, f)
static const struct column_row known[] = {
	{ "name", H(name) },
	{ "address", H(address) },
	{ "username", H(username) },
	{ "password", H(password) },
	{ "secret", H(secret) },
	{ "ca-secret", H(ca_secret) },
	{ "fingerprint", H(fingerprint) },
	{ "system-id", H(system_id) },
	{ "zone", H(zone) },
};
#define N_KNOWN (sizeof(known) / sizeof(*known))

static bool
column_find(const char *name, size_t *at)
{
	for (size_t i = 0; i < N_KNOWN; i++)
		if (str_ieq(known[i].name, name)) {
			*at = known[i].at;
			return true;
		}
	*at = SIZE_MAX;
	return str_has_prefix(name, LABEL);
}

static bool
column_twice(const struct columns *c, const struct enroll_hosts *hs, size_t at,
    const char *label)
{
	for (size_t i = 0; i < c->n && at != SIZE_MAX; i++)
		if (c->at[i] == at)
			return true;
	for (size_t i = 0; i < hs->n_labels && at == SIZE_MAX; i++)
		if (str_eq(hs->labels[i], label))
			return true;
	return false;
}

static bool
columns_read(struct columns *c, struct enroll_hosts *hs, char *const *fields,
    size_t n, struct err *e)
{
	bool address = false;

	for (c->n = 0; c->n < n; c->n++) {
		char *f = fields[c->n], shown[64];
		size_t at;

		str_escape(shown, sizeof(shown), f, strnlen(f, 40));
		if (!column_find(f, &at))
			return err_set(e, ERR_SPEC, 0,
			    "line 1: no column is called \"%s\"; there are "
			    "name, address, username, password, secret, "
			    "ca-secret, fingerprint, system-id, zone, "
			    "label:KEY",
			    shown);
		if (column_twice(c, hs, at, f + strlen(LABEL)) ||
		    (at == SIZE_MAX && hs->n_labels == HOST_LABELS))
			return err_set(e, ERR_SPEC, 0,
			    "line 1: column \"%s\" is there twice, or one "
			    "label too many",
			    shown);
		address = address || at == H(address);
		c->at[c->n] = at;
		if (at == SIZE_MAX)
			hs->labels[hs->n_labels++] = f + strlen(LABEL);
	}
	return address || err_set(e, ERR_SPEC, 0,
			      "line 1: it names the columns, and one of them "
			      "is address");
}

static bool
table_row(const struct columns *c, struct enroll_hosts *hs, char *const *fields,
    size_t n, unsigned line, struct err *e)
{
	struct enroll_host h = { line, "", "", "", "", "", "", "", "", "", 0,
		NULL };
	const char **values;
	size_t k = 0;

	if (n > c->n)
		return err_set(e, ERR_SPEC, 0,
		    "line %u: %zu fields, but %zu columns", line, n, c->n);
	if (hs->n == ENROLL_HOSTS_MAX)
		return err_set(
		    e, ERR_TOO_BIG, 0, "more than %d hosts", ENROLL_HOSTS_MAX);
	values = hs->n_labels == 0
		     ? NULL
		     : hosts_keep(hs, xcalloc(hs->n_labels, sizeof(*values)));
	for (size_t i = 0; i < c->n; i++) {
		const char *f = i < n ? fields[i] : "";

		if (c->at[i] == SIZE_MAX && values != NULL)
			values[k++] = f;
		else
			memcpy((char *)&h + c->at[i], &f, sizeof(f));
	}
	h.n_labels = k;
	h.label_values = values;
	hosts_add(hs, &h);
	return true;
}

static bool
table_read(struct enroll_hosts *hs, char *text, size_t n_text, struct err *e)
{
	struct columns cols = { 0 };
	char *fields[CSV_FIELDS];
	struct csv c;
	unsigned line;
	size_t n;

	if (!csv_open(&c, text, n_text, e))
		return false;
	for (;;)
		switch (csv_next(&c, fields, &n, &line, e)) {
		case CSV_BAD:
			return false;
		case CSV_END:
			return hs->n > 0 || err_set(e, ERR_SPEC, 0,
						"the table has no hosts");
		case CSV_ROW:
			if (cols.n == 0
				? !columns_read(&cols, hs, fields, n, e)
				: !table_row(&cols, hs, fields, n, line, e))
				return false;
		}
}

static bool
enroll_end(bool ok, struct enroll_hosts *hs, struct buf *out,
    const struct enroll_opts *o, struct enroll_result *r, struct err *e)
{
	ok = ok && enroll_check(o, e);
	if (ok && !hosts_check(hs, o, r))
		ok = err_set(e, ERR_SPEC, 0,
		    "%u things are wrong; nothing was written", r->wrong);
	ok = ok && hosts_write(hs, o, out, r, e);
	hosts_free(hs);
	return ok;
}

bool
enroll_csv(struct buf *out, char *text, size_t n, const struct enroll_opts *o,
    struct enroll_result *r, struct err *e)
{
	struct enroll_hosts hs = { 0 };

	return enroll_end(table_read(&hs, text, n, e), &hs, out, o, r, e);
}

/* ---- ranges --------------------------------------------------------------------- */

static bool
range_read(struct enroll_hosts *hs, const char *range, struct err *e)
{
	const char *s = range;

	for (;; s++) {
		size_t n = strcspn(s, ",");
		struct span r;

		if (!span_parse(&r, s, n))
			return err_set(e, ERR_SPEC, 0,
			    "\"%.*s\" is no range: 10.1.1.1-10.1.1.40, "
			    "10.1.1.1-40, 10.1.1.0/26, fd00::11-2f or "
			    "fd00::/120",
			    n > 60 ? 60 : (int)n, s);
		if (r.n > ENROLL_RANGE_MAX - hs->n)
			return err_set(e, ERR_TOO_BIG, 0,
			    "more than %d addresses", ENROLL_RANGE_MAX);
		for (uint64_t i = 0; i < r.n; i++) {
			struct enroll_host h = { 0, "", "", "", "", "", "", "",
				"", "", 0, NULL };

			h.address = hosts_keep(hs, span_url(&r, i));
			hosts_add(hs, &h);
		}
		s += n;
		if (*s == '\0')
			return true;
	}
}

bool
enroll_range(struct buf *out, const char *range, const struct enroll_opts *o,
    struct enroll_result *r, struct err *e)
{
	struct enroll_hosts hs = { 0 };

	return enroll_end(range_read(&hs, range, e), &hs, out, o, r, e);
}
