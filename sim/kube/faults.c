#include "sim/kube/faults.h"

#include <string.h>

#include "common/mem.h"
#include "common/str.h"

static void
rule_free(struct kube_fail *r)
{
	char *s[] = { (char *)(uintptr_t)r->user, (char *)(uintptr_t)r->verb,
		(char *)(uintptr_t)r->resource, (char *)(uintptr_t)r->object };

	for (size_t i = 0; i < sizeof(s) / sizeof(s[0]); i++)
		xfree(s[i]);
}

void
ks_faults_fini(struct ks_faults *f)
{
	for (size_t i = 0; i < f->n; i++)
		rule_free(&f->v[i]);
	xfree(f->v);
	f->v = NULL;
	f->n = 0;
}

static void
drop(struct ks_faults *f, size_t i)
{
	rule_free(&f->v[i]);
	f->n--;
	memmove(&f->v[i], &f->v[i + 1], (f->n - i) * sizeof(*f->v));
}

void
ks_faults_add(struct ks_faults *f, const struct kube_fail *rule)
{
	struct kube_fail r = *rule;

	if (f->n == KS_MAX_FAILS)
		drop(f, 0);
	r.user = xstrdup(rule->user);
	r.verb = xstrdup(rule->verb);
	r.resource = xstrdup(rule->resource);
	r.object = xstrdup(rule->object);
	if (r.count == 0)
		r.count = 1;
	if (r.status == 0)
		r.status = 500;
	f->v = xreallocarray(f->v, f->n + 1, sizeof(*f->v));
	f->v[f->n++] = r;
}

enum kube_outage
ks_faults_outage(struct ks_faults *f, int64_t mono_us)
{
	if (f->outage != KUBE_UP && mono_us >= f->until_us)
		f->outage = KUBE_UP;
	return f->outage;
}

static bool
matches(const char *pattern, const char *s)
{
	return pattern == NULL || str_glob(pattern, s);
}

/* What changes an object that somebody means to keep. */
static bool
is_write(const char *verb, const char *resource)
{
	static const char *const reads[] = { "get", "list", "watch" };

	for (size_t i = 0; i < sizeof(reads) / sizeof(reads[0]); i++)
		if (str_eq(verb, reads[i]))
			return false;
	return !str_has_prefix(resource, "events") &&
	       !str_has_prefix(resource, "leases");
}

bool
ks_faults_hit(struct ks_faults *f, const char *user, const char *verb,
    const char *resource, const char *object, struct kube_fail *out)
{
	for (size_t i = 0; i < f->n; i++) {
		struct kube_fail *r = &f->v[i];

		if (!matches(r->user, user) || !matches(r->verb, verb) ||
		    !matches(r->resource, resource) ||
		    !matches(r->object, object) ||
		    (r->writes && !is_write(verb, resource)))
			continue;
		if (r->after > 0) {
			r->after--;
			continue;
		}
		*out = (struct kube_fail){ .status = r->status,
			.retry_after_s = r->retry_after_s,
			.after_commit = r->after_commit,
			.hang = r->hang };
		f->held += r->hang;
		if (--r->count == 0)
			drop(f, i);
		return true;
	}
	return false;
}
