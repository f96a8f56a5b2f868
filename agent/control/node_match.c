/* See node_match.h. */
#include "agent/control/node_match.h"

#include <cjson/cJSON.h>
#include <string.h>

#include "agent/redfish/identity.h"
#include "common/json.h"
#include "common/str.h"

#define ADDRESS_MAX 253

bool
node_uuid_key(const char *uuid, char out[NODE_UUID_CAP])
{
	char a[RF_UUID_CAP], b[RF_UUID_CAP];

	out[0] = '\0';
	if (redfish_uuid_placeholder(uuid) || !redfish_uuid_normal(uuid, a))
		return false;
	redfish_uuid_swapped(a, b);
	/* One of the board makers' constants, read in the other order. */
	if (redfish_uuid_placeholder(b))
		return false;
	return str_format(
	    out, NODE_UUID_CAP, "uuid:%s", strcmp(a, b) < 0 ? a : b);
}

enum node_match
node_match(const struct node_facts *f)
{
	if (f->with_id > 1)
		return NODE_SEVERAL;
	if (f->with_id == 1)
		return f->with_uuid > 0 && !f->same ? NODE_DIVIDED : NODE_OURS;
	if (!f->host_uuid)
		return NODE_NO_UUID;
	if (f->host_twin)
		return NODE_TWO_HOSTS;
	if (f->with_uuid == 0)
		return NODE_NONE;
	if (f->with_uuid > 1)
		return NODE_SEVERAL;
	if (!str_empty(f->provider_id))
		return NODE_FOREIGN;
	if (f->on_s == 0 || f->created_s < f->on_s)
		return NODE_OLD;
	return NODE_TAKE;
}

/* ---- trees ------------------------------------------------------------------ */

/* Leaves of o only members with one of these names. */
static void
keep_only(cJSON *o, const char *const *names)
{
	cJSON *it = o == NULL ? NULL : o->child, *next;

	for (; it != NULL; it = next) {
		const char *const *n = names;

		next = it->next;
		while (*n != NULL && !str_eq(it->string, *n))
			n++;
		if (*n == NULL)
			cJSON_Delete(cJSON_DetachItemViaPointer(o, it));
	}
}

void
node_trim(cJSON *node)
{
	static const char *const top[] = { "apiVersion", "kind", "metadata",
		"spec", "status", NULL };
	static const char *const meta[] = { "name", "uid", "resourceVersion",
		"creationTimestamp", "deletionTimestamp", NULL };
	static const char *const spec[] = { "providerID", NULL };
	static const char *const status[] = { "addresses", "nodeInfo", NULL };
	static const char *const info[] = { "systemUUID", NULL };
	cJSON *s;

	if (!cJSON_IsObject(node))
		return;
	keep_only(node, top);
	keep_only(json_child(node, "metadata"), meta);
	keep_only(json_child(node, "spec"), spec);
	s = json_child(node, "status");
	keep_only(s, status);
	if (cJSON_IsObject(s))
		keep_only(json_child(s, "nodeInfo"), info);
}

bool
node_news(const cJSON *was, const cJSON *now)
{
	return was == NULL ||
	       !str_eq(json_str(was, "metadata/uid", ""),
		   json_str(now, "metadata/uid", "")) ||
	       !str_eq(json_str(was, "spec/providerID", ""),
		   json_str(now, "spec/providerID", "")) ||
	       !str_eq(json_str(was, "status/nodeInfo/systemUUID", ""),
		   json_str(now, "status/nodeInfo/systemUUID", "")) ||
	       !json_equal(json_at(was, "status/addresses"),
		   json_at(now, "status/addresses"));
}

/* ---- addresses -------------------------------------------------------------- */

static bool
address_type_known(const char *type)
{
	static const char *const known[] = { "Hostname", "InternalIP",
		"ExternalIP", "InternalDNS", "ExternalDNS" };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (str_eq(type, known[i]))
			return true;
	return false;
}

static bool
address_there(const cJSON *list, const char *type, const char *address)
{
	const cJSON *a;

	cJSON_ArrayForEach (a, list)
		if (str_eq(json_str(a, "type", NULL), type) &&
		    str_eq(json_str(a, "address", NULL), address))
			return true;
	return false;
}

void
node_addresses_add(cJSON *list, const cJSON *addresses, int most)
{
	const cJSON *a;

	if (!cJSON_IsArray(addresses))
		return;
	cJSON_ArrayForEach (a, addresses) {
		const char *type = json_str(a, "type", NULL);
		const char *text = json_str(a, "address", NULL);
		cJSON *o;

		if (cJSON_GetArraySize(list) >= most)
			return;
		if (!address_type_known(type) || str_empty(text) ||
		    strlen(text) > ADDRESS_MAX ||
		    address_there(list, type, text))
			continue;
		o = cJSON_CreateObject();
		json_set_str(o, "type", type);
		json_set_str(o, "address", text);
		cJSON_AddItemToArray(list, o);
	}
}
