/* A line of a watch: {"type":T,"object":O}. */
#include <string.h>

#include "agent/kube/client_impl.h"
#include "agent/kube/informer_impl.h"
#include "common/json.h"
#include "common/str.h"

/* The object of a line that has nothing but its type before it, as all servers
 * write it; NULL: it is looked at more closely. */
static const char *
plain_object(const char *line, size_t n, const char **type, size_t *len)
{
	static const struct {
		const char *type, *head;
	} plain[] = {
		{ "MODIFIED", "{\"type\":\"MODIFIED\",\"object\":" },
		{ "ADDED", "{\"type\":\"ADDED\",\"object\":" },
	};

	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
		size_t head = strlen(plain[i].head);

		if (n <= head + 1 || line[n - 1] != '}' ||
		    memcmp(line, plain[i].head, head) != 0)
			continue;
		*type = plain[i].type;
		*len = n - head - 1;
		return line + head;
	}
	return NULL;
}

static cJSON *
any_line(const char *text, size_t n, char type[WATCH_TYPE_CAP], struct err *e)
{
	cJSON *line = kobj_parse(text, n, e), *o;

	if (line == NULL)
		return NULL;
	(void)str_copy(type, WATCH_TYPE_CAP, json_str(line, "type", ""));
	o = json_child(line, "object");
	if (cJSON_IsObject(o))
		o = cJSON_DetachItemViaPointer(line, o);
	else
		o = NULL;
	cJSON_Delete(line);
	if (o == NULL)
		(void)err_set(e, ERR_PROTO, 0, "a watch line without object");
	return o;
}

cJSON *
informer_line(struct informer *inf, const char *text, size_t n,
    char type[WATCH_TYPE_CAP], struct err *e)
{
	const char *plain, *object;
	cJSON *o;
	size_t len;

	/* What is only kept in part is never what a reply showed. */
	if (!inf->o.metadata_only && inf->o.trim == NULL &&
	    (object = plain_object(text, n, &plain, &len)) != NULL) {
		(void)str_copy(type, WATCH_TYPE_CAP, plain);
		o = twice_parse(&inf->c->twice, object, len, e);
		if (o != NULL)
			return o;
		/* Garbage; or there is more behind the object. */
	}
	return any_line(text, n, type, e);
}
