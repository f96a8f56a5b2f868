/*
 * Nodes of workload clusters: the agent gives a providerID to a node only if
 * the host of that name is claimed for this very cluster, has the node's UUID,
 * and was switched on before the node registered; it changes nothing else and
 * overwrites nothing.
 */
#include <string.h>

#include "common/json.h"
#include "common/str.h"
#include "scenarios/runner/invariants.h"

#define AX "infrastructure.cluster.x-k8s.io"
#define NAME "node-of-claim"

struct nodes_write {
	struct invariants *x;
	const char *cluster; /* "ns/name" */
	const struct inv_commit *c;
	char name[360];
	char ns[256], host[256]; /* of the providerID */
};

static bool
nodes_fail(const struct nodes_write *w, const char *text)
{
	inv_fail(w->x, NAME, w->name, "%s", text);
	return false;
}

static bool
nodes_only_the_id(const struct nodes_write *w)
{
	cJSON *was = json_dup(w->c->before), *is = json_dup(w->c->after);
	bool same;

	json_put(was, "spec/providerID", NULL);
	json_put(is, "spec/providerID", NULL);
	json_put(was, "metadata/resourceVersion", NULL);
	json_put(is, "metadata/resourceVersion", NULL);
	json_put(was, "metadata/managedFields", NULL);
	json_put(is, "metadata/managedFields", NULL);
	/* A spec that was not there. */
	(void)json_ensure_obj(was, "spec");
	(void)json_ensure_obj(is, "spec");
	same = json_equal(was, is);
	cJSON_Delete(was);
	cJSON_Delete(is);
	return same || nodes_fail(w, "more than its providerID was changed");
}

static bool
nodes_names_a_host(struct nodes_write *w)
{
	const char *id = json_str(w->c->after, "spec/providerID", "");
	const char *slash;

	if (!str_empty(json_str(w->c->before, "spec/providerID", NULL)))
		return nodes_fail(w, "its providerID was overwritten");
	slash = str_has_prefix(id, "b7://") ? strchr(id + 5, '/') : NULL;
	if (slash == NULL ||
	    !str_format(
		w->ns, sizeof(w->ns), "%.*s", (int)(slash - id - 5), id + 5) ||
	    !str_copy(w->host, sizeof(w->host), slash + 1))
		return nodes_fail(w, "its providerID names no host");
	return true;
}

/* SMBIOS 7.2.1 */
static bool
nodes_same_uuid(const char *a, const char *b)
{
	static const unsigned char at[] = { 6, 7, 4, 5, 2, 3, 0, 1, 8, 11, 12,
		9, 10, 13, 16, 17, 14, 15 };
	char other[37];

	if (str_ieq(a, b))
		return a[0] != '\0';
	if (!str_copy(other, sizeof(other), b) || strlen(other) != 36)
		return false;
	for (size_t i = 0; i < sizeof(at); i++)
		other[i] = b[at[i]];
	return str_ieq(a, other);
}

static bool
nodes_of_the_cluster(const struct nodes_write *w, const cJSON *host)
{
	const cJSON *m = facts_tree(&w->x->facts, AX, "beskar7machines", w->ns,
	    json_str(host, "spec/consumerRef/name", ""));
	const cJSON *label = json_child(
	    json_obj(m, "metadata/labels"), "cluster.x-k8s.io/cluster-name");
	char key[520];

	(void)str_format(
	    key, sizeof(key), "%s/%s", w->ns, json_str(label, "", ""));
	return str_eq(key, w->cluster) ||
	       nodes_fail(w, "its host is not claimed for that cluster");
}

static bool
nodes_younger(const struct nodes_write *w, const cJSON *host)
{
	const cJSON *text = json_child(
	    json_obj(host, "metadata/annotations"), AX "/host-record");
	const char *s = json_str(text, "", "");
	cJSON *record = json_parse(s, strlen(s), NULL);
	int64_t on = json_i64(record, "onAt", 0), created;

	cJSON_Delete(record);
	if (!rfc3339_parse(
		json_str(w->c->after, "metadata/creationTimestamp", ""),
		&created))
		created = 0;
	return (on > 0 && created / 1000000 >= on) ||
	       nodes_fail(w, "it is older than the power-on of its host");
}

void
invariants_node(
    struct invariants *x, const char *cluster, const struct inv_commit *c)
{
	struct nodes_write w = { .x = x, .cluster = cluster, .c = c };
	const cJSON *host;

	if (!str_eq(c->manager, "beskar7-agent"))
		return;
	(void)str_format(
	    w.name, sizeof(w.name), "node/%.100s/%.200s", cluster, c->name);
	if (x->quiet)
		inv_fail(x, "steady-writes-nothing", w.name, "%s", c->verb);
	if (c->before == NULL || c->after == NULL ||
	    !str_eq(c->resource, "nodes")) {
		(void)nodes_fail(&w, "the agent made or deleted something");
		return;
	}
	if (!nodes_names_a_host(&w) || !nodes_only_the_id(&w))
		return;
	host = facts_tree(&x->facts, AX, "physicalhosts", w.ns, w.host);
	if (nodes_of_the_cluster(&w, host) && nodes_younger(&w, host) &&
	    !nodes_same_uuid(
		json_str(host, "status/hardwareDetails/systemUUID", ""),
		json_str(c->after, "status/nodeInfo/systemUUID", "")))
		(void)nodes_fail(&w, "it has not the UUID of its host");
}
