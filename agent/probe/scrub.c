#include "agent/probe/scrub.h"

#include <string.h>

#include "agent/probe/pseudonym.h"
#include "agent/redfish/text.h"
#include "common/buf.h"
#include "common/json.h"
#include "common/str.h"

#define SCRUBBED "scrubbed"
#define TEXT_MAX (4u << 20)
#define PASSWORD_MIN 4 /* shorter ones stand in every other word */

struct scrub {
	struct pseudonyms *names;
	struct secret password;
};

/* Where in a resource a value stands. */
struct place {
	const char *type; /* "@odata.type" of the resource */
	const char *key;  /* the nearest one above */
	bool secret;      /* below something secret */
};

struct scrub *
scrub_new(
    bool keep_identity, const char *username, const struct secret *password)
{
	struct scrub *s = xcalloc(1, sizeof(*s));

	s->names = pseudonyms_new(keep_identity);
	if (!str_empty(username))
		pseudonym_learn(s->names, PSEUDONYM_USER, username);
	if (password)
		secret_set(&s->password, password->p, password->n);
	return s;
}

void
scrub_free(struct scrub *s)
{
	if (!s)
		return;
	pseudonyms_free(s->names);
	secret_free(&s->password);
	xfree(s);
}

/* ---- what keys say ------------------------------------------------------------ */

static bool
contains_any(const char *key, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (rf_text_contains(key, words[i]))
			return true;
	return false;
}
#define CONTAINS_ANY(key, words) \
	contains_any((key), (words), sizeof(words) / sizeof((words)[0]))

static bool
is_annotation(const char *key)
{
	return strchr(key, '@') != NULL || key[0] == '#';
}

static bool
says_secret(const char *key)
{
	static const char *const words[] = { "password", "passwd", "passphrase",
		"secret", "token", "community", "credential", "privatekey",
		"private_key", "privkey", "publickey", "sshkey", "authkey",
		"authorizedkey", "authenticationkey", "encryptionkey",
		"privacykey", "licensekey", "activationkey", "accesskey",
		"apikey", "keystring", "licensestring", "certificatestring",
		"pskkey", "email", "phone", "contactinfo", "contactname",
		"contactperson", "postaladdress", "httpheaders" };

	return !is_annotation(key) && CONTAINS_ANY(key, words);
}

static bool
says_user(const char *key)
{
	static const char *const words[] = { "username", "user_name",
		"loginname", "accountname" };

	return !is_annotation(key) && CONTAINS_ANY(key, words);
}

static bool
says_serial(const char *key)
{
	static const char *const words[] = { "serialnumber", "serialno",
		"servicetag", "expressservicecode", "nodeid", "ppin", "wwn",
		"wwpn", "iscsiname", "initiatorname", "durablename" };

	return !is_annotation(key) &&
	       (CONTAINS_ANY(key, words) || str_ieq(key, "Serial"));
}

static bool
says_host(const char *key)
{
	static const char *const words[] = { "hostname", "fqdn", "dnsname",
		"domainname", "dnsracname", "servername", "dnsdomain" };

	return !is_annotation(key) && CONTAINS_ANY(key, words);
}

/* A dotted quad is an address but where it is the number of some version. */
static bool
may_hold_ip4(const char *key)
{
	static const char *const words[] = { "version", "firmware", "revision",
		"build", "release", "softwareid" };

	return !CONTAINS_ANY(key, words);
}

/* Links and types are read by machines; only identities are replaced. */
static bool
is_plumbing(const char *key)
{
	return str_has_prefix(key, "@odata.") ||
	       str_has_prefix(key, "@Redfish.") || str_eq(key, "target");
}

/* Of EventDestination: free text that often is a token. */
static bool
is_secret(const struct place *at, const char *key)
{
	return says_secret(key) ||
	       (str_eq(key, "Context") &&
		   rf_text_contains(at->type, "eventdestination"));
}

static enum pseudonym_kind
kind_of(const char *key)
{
	if (says_user(key))
		return PSEUDONYM_USER;
	if (says_serial(key))
		return PSEUDONYM_SERIAL;
	if (says_host(key))
		return PSEUDONYM_HOST;
	return rf_text_contains(key, "assettag") ? PSEUDONYM_ASSET
						 : PSEUDONYM_KINDS;
}

/* ---- learning ----------------------------------------------------------------- */

static void
learn(struct scrub *s, const cJSON *j, const char *key)
{
	const cJSON *c;
	const char *name;

	cJSON_ArrayForEach (c, j) {
		name = c->string ? c->string : key;
		if (c->child)
			learn(s, c, name);
		else if (cJSON_IsString(c) && c->valuestring[0] &&
			 kind_of(name) != PSEUDONYM_KINDS)
			pseudonym_learn(
			    s->names, kind_of(name), c->valuestring);
	}
}

void
scrub_learn(struct scrub *s, const cJSON *resource)
{
	learn(s, resource, "");
}

/* ---- texts -------------------------------------------------------------------- */

/* Of the web of standards, not of this site. */
static bool
is_public_host(const char *host, size_t n)
{
	static const char *const known[] = { "dmtf.org", "oasis-open.org",
		"swordfish.org", "odata.org", "snia.org", "w3.org" };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		size_t k = strlen(known[i]);

		if (n >= k && memcmp(host + n - k, known[i], k) == 0)
			return true;
	}
	return false;
}

static bool
is_url_byte(char c)
{
	return (unsigned char)c > ' ' && !strchr("\"'<>", c);
}

/* After "://": the user goes, the host stays (as what it is called here), the
 * path goes: both carry tokens. Returns how much was read. */
static size_t
add_url_rest(struct scrub *s, const char *rest, struct buf *out)
{
	size_t host = strcspn(rest, "/?# \"'<>"), all = 0, at;
	char *name;

	while (rest[all] && is_url_byte(rest[all]))
		all++;
	at = host;
	while (at > 0 && rest[at - 1] != '@')
		at--;
	if (is_public_host(rest + at, host - at)) {
		(void)buf_add(out, rest, all);
		return all;
	}
	name = xstrndup(rest + at, host - at);
	pseudonyms_apply(s->names, name, true, out);
	xfree(name);
	if (all > host + 1)
		(void)buf_adds(out, "/" SCRUBBED);
	return all;
}

static void
mask_urls(struct scrub *s, const char *text, struct buf *out)
{
	const char *at;

	while ((at = strstr(text, "://"))) {
		at += 3;
		(void)buf_add(out, text, (size_t)(at - text));
		text = at + add_url_rest(s, at, out);
	}
	(void)buf_adds(out, text);
}

/* What nobody should have put into a plain property. */
static bool
looks_secret(const char *v)
{
	static const char *const starts[] = { "-----BEGIN", "ssh-rsa ",
		"ssh-ed25519 ", "ecdsa-sha2-", "eyJ", "Bearer ", "Basic " };

	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
		if (str_has_prefix(v, starts[i]))
			return true;
	return strstr(v, "-----BEGIN") != NULL;
}

static bool
repeats_password(const struct scrub *s, const char *v)
{
	return s->password.n >= PASSWORD_MIN && strstr(v, s->password.p);
}

/* "/redfish/v1/AccountService/Accounts/root" names a user. */
static char *
rename_account(struct scrub *s, const char *v)
{
	static const char part[] = "/Accounts/";
	const char *at = strstr(v, part), *name;
	char *user, *out;
	size_t n;

	at = at ? at + strlen(part) : v + strlen(v);
	n = strcspn(at, "/#?");
	user = xstrndup(at, n);
	/* numbers are slots */
	name = strspn(user, "0123456789") == n
		   ? user
		   : pseudonym_of(s->names, PSEUDONYM_USER, user);
	out = xasprintf("%.*s%s%s", (int)(at - v), v, name, at + n);
	xfree(user);
	return out;
}

char *
scrub_path(struct scrub *s, const char *path)
{
	struct buf out;
	char *named = rename_account(s, path);

	buf_init(&out, TEXT_MAX);
	pseudonyms_apply(s->names, named, false, &out);
	xfree(named);
	return buf_take(&out, NULL);
}

/* ---- values ------------------------------------------------------------------- */

static char *
plain_text(struct scrub *s, const struct place *at, const char *v)
{
	struct buf out, again;
	bool ip4 = may_hold_ip4(at->key);

	buf_init(&out, TEXT_MAX);
	buf_init(&again, TEXT_MAX);
	mask_urls(s, v, &out);
	pseudonyms_apply(s->names, buf_str(&out), ip4, &again);
	if (rf_text_contains(at->type, "logentry") ||
	    rf_text_contains(at->type, "manageraccount.")) {
		buf_reset(&out);
		/* the Id and Name of an account, "root logged in" */
		if (str_eq(at->key, "RoleId"))
			(void)buf_adds(&out, buf_str(&again));
		else
			pseudonyms_apply_users(s->names, buf_str(&again), &out);
		buf_free(&again);
		return buf_take(&out, NULL);
	}
	buf_free(&out);
	return buf_take(&again, NULL);
}

/* Owned. */
static char *
scrub_text(struct scrub *s, const struct place *at, const char *v)
{
	enum pseudonym_kind kind = kind_of(at->key);

	if (v[0] == '\0')
		return xstrdup(v);
	if (is_plumbing(at->key) || str_has_prefix(v, "/redfish/"))
		return scrub_path(s, v);
	if (at->secret || looks_secret(v) || repeats_password(s, v))
		return xstrdup(SCRUBBED);
	if (kind != PSEUDONYM_KINDS)
		return xstrdup(pseudonym_of(s->names, kind, v));
	return plain_text(s, at, v);
}

static cJSON *scrub_value(
    struct scrub *s, const struct place *at, const cJSON *v);

static char *
scrub_key(struct scrub *s, const char *key)
{
	struct buf out;

	if (is_annotation(key))
		return xstrdup(key);
	buf_init(&out, TEXT_MAX);
	pseudonyms_apply(s->names, key, false, &out);
	return buf_take(&out, NULL);
}

/* {"AttributeName": "SetupPassword", "CurrentValue": ...} */
static bool
is_secret_attribute(const cJSON *o)
{
	const char *name = json_str(o, "AttributeName", NULL);

	return name && says_secret(name);
}

static bool
is_attribute_value(const char *key)
{
	return str_eq(key, "CurrentValue") || str_eq(key, "DefaultValue");
}

static cJSON *
scrub_object(struct scrub *s, const struct place *at, const cJSON *v)
{
	cJSON *out = cJSON_CreateObject();
	bool secret_value = is_secret_attribute(v);
	const cJSON *c;
	struct place below;
	char *key;

	cJSON_ArrayForEach (c, v) {
		below = *at;
		below.key = c->string;
		below.secret = at->secret || is_secret(at, c->string) ||
			       (secret_value && is_attribute_value(c->string));
		key = scrub_key(s, c->string);
		/* keys differ, unless two of them became one name */
		if (str_eq(key, c->string) || !json_child(out, key))
			(void)cJSON_AddItemToObject(
			    out, key, scrub_value(s, &below, c));
		xfree(key);
	}
	return out;
}

static cJSON *
scrub_array(struct scrub *s, const struct place *at, const cJSON *v)
{
	cJSON *out = cJSON_CreateArray();
	const cJSON *c;

	cJSON_ArrayForEach (c, v)
		(void)cJSON_AddItemToArray(out, scrub_value(s, at, c));
	return out;
}

static cJSON *
scrub_value(struct scrub *s, const struct place *at, const cJSON *v)
{
	cJSON *out;
	char *text;

	if (cJSON_IsObject(v))
		return scrub_object(s, at, v);
	if (cJSON_IsArray(v))
		return scrub_array(s, at, v);
	if (!cJSON_IsString(v))
		return json_dup(v);
	text = scrub_text(s, at, v->valuestring);
	out = cJSON_CreateString(text);
	xfree(text);
	return out;
}

cJSON *
scrub_resource(struct scrub *s, const cJSON *resource)
{
	struct place at = { .type = json_str(resource, "@odata.type", ""),
		.key = "" };

	return scrub_object(s, &at, resource);
}
