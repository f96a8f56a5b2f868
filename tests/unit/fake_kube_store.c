/* The scripted API server: versions and objects. */
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "tests/unit/fake_kube_impl.h"

void
fk_rv_text(const struct fake_kube *f, uint64_t rv, char out[32])
{
	if (f->opaque)
		(void)str_format(out, 32, "%c-%llx", (char)('a' + rv * 7 % 26),
		    (unsigned long long)(rv * 2654435761u & 0xffffff) << 20 |
			rv);
	else
		(void)str_format(out, 32, "%llu", (unsigned long long)rv);
}

uint64_t
fk_rv_number(const struct fake_kube *f, const char *s)
{
	uint64_t n = 0;

	if (!f->opaque || strlen(s) <= 2) {
		(void)str_to_u64(s, &n);
		return n;
	}
	for (s += 2; *s != '\0'; s++) /* what fk_rv_text wrote */
		n = n << 4 | (unsigned)(*s <= '9' ? *s - '0' : *s - 'a' + 10);
	n &= 0xfffff;
	return n;
}

struct fake_object *
fk_find(const struct fake_kube *f, const char *id)
{
	for (size_t i = 0; i < f->n_objects; i++) {
		if (str_eq(f->objects[i]->id, id))
			return f->objects[i];
	}
	return NULL;
}

static int
by_id(const void *a, const void *b)
{
	const struct fake_object *const *x = a, *const *y = b;

	return strcmp((*x)->id, (*y)->id);
}

struct fake_object *
fk_add(struct fake_kube *f, const char *id)
{
	struct fake_object *n = xcalloc(1, sizeof(*n));

	n->id = xstrdup(id);
	f->objects =
	    xreallocarray(f->objects, f->n_objects + 1, sizeof(*f->objects));
	f->objects[f->n_objects++] = n;
	qsort(f->objects, f->n_objects, sizeof(*f->objects), by_id);
	return n;
}

void
fk_drop(struct fake_kube *f, struct fake_object *o)
{
	for (size_t i = 0; i < f->n_objects; i++) {
		if (f->objects[i] != o)
			continue;
		memmove(&f->objects[i], &f->objects[i + 1],
		    (f->n_objects - i - 1) * sizeof(*f->objects));
		f->n_objects--;
		break;
	}
	xfree(o->id);
	cJSON_Delete(o->o);
	xfree(o);
}

void
fk_make_id(const struct fk_path *p, char out[512])
{
	(void)str_format(out, 512, "%s|%s%s%s", p->plural, p->ns,
	    p->ns[0] != '\0' ? "/" : "", p->name);
}

static void
stamp(struct fake_kube *f, cJSON *o)
{
	char rv[32];

	f->rv++;
	fk_rv_text(f, f->rv, rv);
	json_set_str(json_ensure_obj(o, "metadata"), "resourceVersion", rv);
}

bool
fk_gone(const cJSON *o)
{
	return json_str(o, "metadata/deletionTimestamp", "")[0] != '\0' &&
	       cJSON_GetArraySize(json_arr(o, "metadata/finalizers")) == 0;
}

/* Stores what o became; the caller's tree is taken. */
void
fk_commit(struct fake_kube *f, struct fake_object *at, const char *plural,
    cJSON *o, bool created)
{
	cJSON_Delete(at->o);
	at->o = o;
	stamp(f, o);
	fk_tell(f,
	    fk_gone(o) ? "DELETED"
	    : created  ? "ADDED"
		       : "MODIFIED",
	    plural, o);
}

void
fk_forget(struct fake_kube *f)
{
	for (size_t i = 0; i < f->n_events; i++) {
		xfree(f->events[i].plural);
		xfree(f->events[i].ns);
		xfree(f->events[i].line);
	}
	f->n_events = 0;
}

const char *
fake_kube_put(struct fake_kube *f, const char *plural, cJSON *o)
{
	struct fk_path p = { .plural = "" };
	struct fake_object *at;
	char id[512], uid[40];
	bool created;

	if (f->bookmark_us > 0 && !timer_armed(&f->bookmark))
		timer_start(
		    f->loop, &f->bookmark, f->bookmark_us, fk_bookmark, f);
	(void)str_copy(p.plural, sizeof(p.plural), plural);
	(void)str_copy(
	    p.ns, sizeof(p.ns), json_str(o, "metadata/namespace", ""));
	(void)str_copy(
	    p.name, sizeof(p.name), json_str(o, "metadata/name", ""));
	fk_make_id(&p, id);
	at = fk_find(f, id);
	created = at == NULL;
	if (created)
		at = fk_add(f, id);
	(void)str_format(
	    uid, sizeof(uid), "uid-%llu", (unsigned long long)f->rv + 1);
	if (!created)
		(void)str_copy(
		    uid, sizeof(uid), json_str(at->o, "metadata/uid", ""));
	json_set_str(json_ensure_obj(o, "metadata"), "uid", uid);
	fk_commit(f, at, plural, o, created);
	return json_str(o, "metadata/resourceVersion", "");
}

void
fake_kube_delete(struct fake_kube *f, const char *plural, const char *key)
{
	char id[512];
	struct fake_object *o;

	(void)str_format(id, sizeof(id), "%s|%s", plural, key);
	o = fk_find(f, id);
	if (o == NULL)
		return;
	stamp(f, o->o);
	fk_tell(f, "DELETED", plural, o->o);
	fk_drop(f, o);
}

const cJSON *
fake_kube_get(const struct fake_kube *f, const char *plural, const char *key)
{
	char id[512];
	const struct fake_object *o;

	(void)str_format(id, sizeof(id), "%s|%s", plural, key);
	o = fk_find(f, id);
	return o == NULL ? NULL : o->o;
}

const cJSON *
fake_kube_nth(const struct fake_kube *f, const char *plural, size_t i)
{
	size_t n = strlen(plural);

	for (size_t k = 0; k < f->n_objects; k++) {
		const char *id = f->objects[k]->id;

		if (strncmp(id, plural, n) == 0 && id[n] == '|' && i-- == 0)
			return f->objects[k]->o;
	}
	return NULL;
}

void
fake_kube_compact(struct fake_kube *f)
{
	fk_forget(f);
	f->compacted = f->rv;
}

unsigned
fake_kube_logged(const struct fake_kube *f, const char *text)
{
	unsigned n = 0;

	for (size_t i = 0; i < f->n_log; i++)
		n += strstr(f->log[i], text) != NULL;
	return n;
}

cJSON *
fake_object(const char *kind, const char *ns, const char *name, int n)
{
	cJSON *o = cJSON_CreateObject();

	json_set_str(o, "apiVersion", "example.org/v1");
	json_set_str(o, "kind", kind);
	if (ns != NULL)
		json_put(o, "metadata/namespace", cJSON_CreateString(ns));
	json_put(o, "metadata/name", cJSON_CreateString(name));
	json_set_i64(json_ensure_obj(o, "spec"), "n", n);
	return o;
}

bool
fk_parse_path(const char *target, struct fk_path *p)
{
	char copy[2000], *parts[10], *s;
	size_t n = 0, i;

	*p = (struct fk_path){ .plural = "" };
	(void)str_copy(copy, sizeof(copy), target);
	copy[strcspn(copy, "?")] = '\0';
	for (s = copy + strspn(copy, "/"); *s != '\0' && n < 10;
	     s += strspn(s, "/")) {
		parts[n++] = s;
		s += strcspn(s, "/");
		if (*s != '\0')
			*s++ = '\0';
	}
	i = n > 0 && str_eq(parts[0], "api") ? 2 : 3;
	if (n > i + 1 && str_eq(parts[i], "namespaces")) {
		(void)str_copy(p->ns, sizeof(p->ns), parts[i + 1]);
		i += 2;
	}
	if (i >= n)
		return false;
	(void)str_copy(p->plural, sizeof(p->plural), parts[i]);
	if (i + 1 < n)
		(void)str_copy(p->name, sizeof(p->name), parts[i + 1]);
	if (i + 2 < n)
		(void)str_copy(p->sub, sizeof(p->sub), parts[i + 2]);
	return true;
}

void
fk_note_request(struct fake_kube *f, const char *method, const char *target)
{
	if (f->n_log == f->cap_log) {
		f->cap_log = 2 * f->cap_log + 16;
		f->log = xreallocarray(f->log, f->cap_log, sizeof(*f->log));
	}
	f->log[f->n_log++] = xasprintf("%s %s", method, target);
}
