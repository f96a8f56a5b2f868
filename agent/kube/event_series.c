/* See event_series.h. */
#include "agent/kube/event_series.h"

#include "common/json.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/random.h"
#include "common/str.h"

void
event_series_free(void *p)
{
	struct series *s = p;

	xfree(s->key);
	xfree(s->api_version);
	xfree(s->kind);
	xfree(s->ns);
	xfree(s->name);
	xfree(s->uid);
	xfree(s->rv);
	xfree(s->reason);
	xfree(s->message);
	xfree(s->event_name);
	xfree(s);
}

static char *
dup_nonnull(const char *s)
{
	return xstrdup(s != NULL ? s : "");
}

/* The name of an Event: the object's, cut, and something unique. */
void
event_series_name(struct series *s, const struct env *env)
{
	char hex[17];

	entropy_hex(env->entropy, hex, 8);
	xfree(s->event_name);
	s->event_name = xasprintf("%.230s.%s", s->name, hex);
}

struct series *
event_series_new(
    const struct env *env, const char *key, const struct emitted *m)
{
	struct series *s = xcalloc(1, sizeof(*s));

	s->key = xstrdup(key);
	s->api_version = dup_nonnull(m->about->api_version);
	s->kind = dup_nonnull(m->about->kind);
	s->ns = dup_nonnull(m->about->ns);
	s->name = dup_nonnull(m->about->name);
	s->uid = dup_nonnull(m->about->uid);
	s->rv = dup_nonnull(m->about->resource_version);
	s->type = m->type;
	s->reason = xstrndup(m->reason, EVENT_REASON_MAX);
	s->message = xstrdup(m->message);
	s->first_wall_us = loop_wall_us(env->loop);
	event_series_name(s, env);
	return s;
}

cJSON *
event_series_body(
    const struct series *s, const char *component, const char *instance)
{
	cJSON *e = cJSON_CreateObject(), *o;
	char first[RFC3339_CAP], last[RFC3339_CAP];

	rfc3339_s(first, s->first_wall_us);
	rfc3339_s(last, s->last_wall_us);
	json_set_str(e, "apiVersion", "v1");
	json_set_str(e, "kind", "Event");
	o = json_ensure_obj(e, "metadata");
	json_set_str(o, "name", s->event_name);
	json_set_str(o, "namespace", s->ns[0] != '\0' ? s->ns : "default");
	o = json_ensure_obj(e, "involvedObject");
	json_set_str(o, "apiVersion", s->api_version);
	json_set_str(o, "kind", s->kind);
	if (s->ns[0] != '\0')
		json_set_str(o, "namespace", s->ns);
	json_set_str(o, "name", s->name);
	if (s->uid[0] != '\0')
		json_set_str(o, "uid", s->uid);
	if (s->rv[0] != '\0')
		json_set_str(o, "resourceVersion", s->rv);
	json_set_str(e, "reason", s->reason);
	json_set_str(e, "message", s->message);
	json_set_str(
	    e, "type", s->type == EVENT_WARNING ? "Warning" : "Normal");
	json_set_str(json_ensure_obj(e, "source"), "component", component);
	json_set_str(e, "reportingComponent", component);
	json_set_str(e, "reportingInstance", instance);
	json_set_str(e, "firstTimestamp", first);
	json_set_str(e, "lastTimestamp", last);
	json_set_i64(e, "count", s->count);
	return e;
}

cJSON *
event_series_count(const struct series *s)
{
	cJSON *e = cJSON_CreateObject();
	char last[RFC3339_CAP];

	rfc3339_s(last, s->last_wall_us);
	json_set_i64(e, "count", s->count);
	json_set_str(e, "lastTimestamp", last);
	json_set_str(e, "message", s->message);
	return e;
}
