#include "common/metrics.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "common/map.h"
#include "common/mem.h"
#include "common/str.h"

enum family_type {
	COUNTER,
	GAUGE,
	HISTOGRAM
};

static const char *const type_names[] = { "counter", "gauge", "histogram" };

/* From a local API call to a slow boot; texts, since no floating point is
 * printed here. */
static const struct {
	int64_t us;
	const char *text;
} buckets[] = {
	{ 1000, "0.001" },
	{ 5000, "0.005" },
	{ 10000, "0.01" },
	{ 25000, "0.025" },
	{ 50000, "0.05" },
	{ 100000, "0.1" },
	{ 250000, "0.25" },
	{ 500000, "0.5" },
	{ 1000000, "1" },
	{ 2500000, "2.5" },
	{ 5000000, "5" },
	{ 10000000, "10" },
	{ 30000000, "30" },
	{ 60000000, "60" },
	{ 300000000, "300" },
	{ 900000000, "900" },
};
#define N_BUCKETS (sizeof(buckets) / sizeof(buckets[0]))

struct series {
	int64_t value; /* of a histogram: the sum in microseconds */
	uint64_t count;
	uint64_t *in_bucket; /* owned; histograms only; not cumulative */
};

struct family {
	char *help; /* owned, may be NULL */
	enum family_type type;
	bool typed;        /* false: only its help is known */
	struct map series; /* labels -> owned struct series */
};

struct metrics {
	struct map families; /* name -> owned struct family */
};

static void
free_series(void *arg)
{
	struct series *s = arg;

	if (s == NULL)
		return;
	xfree(s->in_bucket);
	xfree(s);
}

static void
free_family(void *arg)
{
	struct family *f = arg;

	map_free(&f->series, free_series);
	xfree(f->help);
	xfree(f);
}

struct metrics *
metrics_new(void)
{
	return xcalloc(1, sizeof(struct metrics));
}

void
metrics_free(struct metrics *m)
{
	if (m == NULL)
		return;
	map_free(&m->families, free_family);
	xfree(m);
}

static struct family *
family_of(struct metrics *m, const char *name)
{
	struct family *f = map_get(&m->families, name);

	if (f == NULL) {
		f = xcalloc(1, sizeof(*f));
		(void)map_put(&m->families, name, f); /* was not there */
	}
	return f;
}

/* NULL when m is NULL or the family has another type. */
static struct series *
series_of(struct metrics *m, const char *family, const char *labels,
    enum family_type type)
{
	struct family *f;
	struct series *s;

	if (m == NULL)
		return NULL;
	f = family_of(m, family);
	if (!f->typed) {
		f->type = type;
		f->typed = true;
	}
	if (f->type != type && !(f->type == GAUGE && type == COUNTER))
		return NULL;
	if (labels == NULL)
		labels = "";
	s = map_get(&f->series, labels);
	if (s == NULL) {
		s = xcalloc(1, sizeof(*s));
		if (type == HISTOGRAM)
			s->in_bucket = xcalloc(N_BUCKETS, sizeof(uint64_t));
		(void)map_put(&f->series, labels, s); /* was not there */
	}
	return s;
}

void
metrics_add(
    struct metrics *m, const char *family, const char *labels, int64_t delta)
{
	struct series *s = series_of(m, family, labels, COUNTER);

	if (s != NULL)
		s->value += delta;
}

void
metrics_set(
    struct metrics *m, const char *family, const char *labels, int64_t value)
{
	struct series *s = series_of(m, family, labels, GAUGE);

	if (s != NULL)
		s->value = value;
}

void
metrics_drop(struct metrics *m, const char *family, const char *labels)
{
	struct family *f = m == NULL ? NULL : map_get(&m->families, family);

	if (f != NULL)
		free_series(map_take(&f->series, labels == NULL ? "" : labels));
}

void
metrics_observe_us(
    struct metrics *m, const char *family, const char *labels, int64_t us)
{
	struct series *s = series_of(m, family, labels, HISTOGRAM);
	size_t i = 0;

	if (s == NULL)
		return;
	if (us < 0)
		us = 0;
	s->value += us;
	s->count++;
	while (i < N_BUCKETS && us > buckets[i].us)
		i++;
	if (i < N_BUCKETS)
		s->in_bucket[i]++;
}

void
metrics_help(struct metrics *m, const char *family, const char *help)
{
	if (m != NULL)
		xreplace(&family_of(m, family)->help, help);
}

int64_t
metrics_get(const struct metrics *m, const char *family, const char *labels)
{
	const struct family *f = map_get(&m->families, family);
	const struct series *s;

	if (f == NULL)
		return 0;
	s = map_get(&f->series, labels != NULL ? labels : "");
	if (s == NULL)
		return 0;
	return f->type == HISTOGRAM ? (int64_t)s->count : s->value;
}

static void
add_escaped(struct buf *out, const char *s, bool quotes)
{
	for (; *s != '\0'; s++) {
		if (*s == '\n')
			(void)buf_adds(out, "\\n");
		else if (*s == '\\' || (quotes && *s == '"'))
			(void)buf_addf(out, "\\%c", *s);
		else
			(void)buf_addc(out, *s);
	}
}

void
metrics_label(struct buf *out, const char *name, const char *value)
{
	(void)buf_addf(out, "%s%s=\"", out->n > 0 ? "," : "", name);
	add_escaped(out, value, true);
	(void)buf_addc(out, '"'); /* an overflow stays set for the caller */
}

static void
print_bucket(struct buf *out, const char *name, const char *labels,
    const char *bound, uint64_t n)
{
	(void)buf_addf(out, "%s_bucket{%s%sle=\"%s\"} %" PRIu64 "\n", name,
	    labels, *labels != '\0' ? "," : "", bound, n);
}

static void
print_histogram(struct buf *out, const char *name, const char *labels,
    const struct series *s)
{
	const char *open = *labels != '\0' ? "{" : "";
	const char *close = *labels != '\0' ? "}" : "";
	uint64_t below = 0;

	for (size_t i = 0; i < N_BUCKETS; i++) {
		below += s->in_bucket[i];
		print_bucket(out, name, labels, buckets[i].text, below);
	}
	print_bucket(out, name, labels, "+Inf", s->count);
	(void)buf_addf(out, "%s_sum%s%s%s %" PRId64 ".%06d\n", name, open,
	    labels, close, s->value / 1000000, (int)(s->value % 1000000));
	(void)buf_addf(out, "%s_count%s%s%s %" PRIu64 "\n", name, open, labels,
	    close, s->count);
}

static void
print_family(struct buf *out, const char *name, const struct family *f)
{
	if (f->help != NULL) {
		(void)buf_addf(out, "# HELP %s ", name);
		add_escaped(out, f->help, false);
		(void)buf_addc(out, '\n');
	}
	(void)buf_addf(out, "# TYPE %s %s\n", name, type_names[f->type]);
	for (size_t i = 0; i < f->series.n; i++) {
		const char *labels = f->series.v[i].key;
		const struct series *s = f->series.v[i].value;

		if (f->type == HISTOGRAM)
			print_histogram(out, name, labels, s);
		else if (*labels != '\0')
			(void)buf_addf(out, "%s{%s} %" PRId64 "\n", name,
			    labels, s->value);
		else
			(void)buf_addf(out, "%s %" PRId64 "\n", name, s->value);
	}
}

/* The caller looks at out->overflow, once. */
void
metrics_print(const struct metrics *m, struct buf *out)
{
	for (size_t i = 0; i < m->families.n; i++) {
		const struct family *f = m->families.v[i].value;

		if (f->series.n > 0)
			print_family(out, m->families.v[i].key, f);
	}
}
