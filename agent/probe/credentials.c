#include "agent/probe/credentials.h"

#include <string.h>

#include "common/json.h"
#include "common/str.h"
#include "common/yaml.h"

#define FILE_BYTES (256u << 10)
#define VALUE_MAX 1024

void
credentials_fini(struct credentials *c)
{
	xfree(c->username);
	c->username = NULL;
	secret_free(&c->password);
}

static bool
take(struct credentials *c, const char *username, const char *password)
{
	if (str_empty(username) || !password)
		return false;
	c->username = xstrdup(username);
	secret_set(&c->password, password, strlen(password));
	return true;
}

static bool
decode(const char *text, char out[VALUE_MAX + 1])
{
	size_t n = 0;

	if (!text || !b64_decode(text, strlen(text), out, VALUE_MAX, &n))
		return false;
	out[n] = '\0';
	return strlen(out) == n;
}

static bool
take_encoded(struct credentials *c, const cJSON *doc)
{
	char username[VALUE_MAX + 1], password[VALUE_MAX + 1];
	bool ok = decode(json_str(doc, "data/username", NULL), username) &&
		  decode(json_str(doc, "data/password", NULL), password) &&
		  take(c, username, password);

	secret_wipe(password, sizeof(password));
	return ok;
}

static bool
take_any(struct credentials *c, const cJSON *doc)
{
	return take(c, json_str(doc, "username", NULL),
		   json_str(doc, "password", NULL)) ||
	       take(c, json_str(doc, "stringData/username", NULL),
		   json_str(doc, "stringData/password", NULL)) ||
	       take_encoded(c, doc);
}

bool
credentials_read(
    struct credentials *c, struct files *files, const char *path, struct err *e)
{
	struct buf text;
	cJSON *all = NULL;
	const cJSON *doc;
	bool ok = false;

	buf_init(&text, FILE_BYTES);
	if (files->read(files->self, path, &text, e))
		all = yaml_parse_all(buf_str(&text), text.n, path, e);
	cJSON_ArrayForEach (doc, all)
		ok = ok || take_any(c, doc);
	if (all && !ok)
		(void)err_set(
		    e, ERR_SPEC, 0, "%s has no username with a password", path);
	cJSON_Delete(all);
	if (text.p)
		secret_wipe(text.p, text.n);
	buf_free(&text);
	return ok;
}
