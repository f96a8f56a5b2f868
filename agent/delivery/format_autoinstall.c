/*
 * Ubuntu's installer (subiquity): the data nested in an autoinstall document as
 * its user-data. The installed system has no data source, so templates are
 * rendered here, and its name goes in as data.
 */
#include <string.h>

#include "agent/delivery/formats.h"
#include "agent/delivery/nocloud.h"
#include "agent/delivery/template.h"
#include "agent/delivery/tree.h"
#include "common/str.h"
#include "common/yaml.h"

/* cloud-init runs what is in there as the last thing of a first boot, by name;
 * files are written long before. */
#define SCRIPTS "/var/lib/cloud/instance/scripts/"

static void
write_file(cJSON *user, const char *path, const char *content)
{
	cJSON *files = json_child(user, "write_files");
	cJSON *file = cJSON_CreateObject();

	json_set_str(file, "path", path);
	json_set_str(file, "permissions", "0700");
	json_set_str(file, "content", content);
	if (!cJSON_IsArray(files)) {
		json_set(user, "write_files", cJSON_CreateArray());
		files = json_child(user, "write_files");
	}
	(void)cJSON_AddItemToArray(files, file);
}

/* A mapping; NULL: e says why. what: for messages. */
static cJSON *
parse(struct job *j, const char *p, size_t n, const char *what)
{
	struct err why;
	cJSON *tree = yaml_parse_words(p, n, what, &why);

	if (tree != NULL && cJSON_IsObject(tree))
		return tree;
	if (tree != NULL)
		(void)job_no(j, "%s: it is no mapping", what);
	else
		(void)job_no(j, "%s", why.msg);
	tree_drop(tree);
	return NULL;
}

/* Of a cloud-config, or of a script, which becomes a file that is run. */
static cJSON *
of_text(struct job *j, const char *p, size_t n)
{
	struct payload look;
	cJSON *user;

	payload_look(&look, p, n);
	if (look.kind == PAYLOAD_CLOUD_CONFIG)
		return parse(j, p, n, "the data");
	if (look.kind != PAYLOAD_SCRIPT || strlen(p) != n) {
		(void)job_no(j,
		    "the data is %s, and only a cloud-config or a script can "
		    "be nested in an autoinstall document",
		    payload_name(look.kind));
		return NULL;
	}
	user = cJSON_CreateObject();
	write_file(user, SCRIPTS "beskar7-data", p);
	return user;
}

static cJSON *
nested(struct job *j)
{
	const struct delivery_bytes *data = &j->in->data;
	struct wiped text = { NULL, 0, 0 };
	struct err why;
	cJSON *user = NULL;

	if (j->payload->kind != PAYLOAD_JINJA)
		wiped_add(&text, data->p, data->n);
	else if (!template_render(&text, j->in, data->p, data->n, &why))
		(void)job_no(j, "%s", why.msg);
	if (text.p != NULL)
		user = of_text(j, text.p, text.n);
	wiped_free(&text);
	return user;
}

/* Who the machine is, and the report. */
static void
complete(struct job *j, cJSON *user)
{
	const char *host = nocloud_value(j->in, "local_hostname", 14);
	struct wiped script = { NULL, 0, 0 };

	if (host != NULL && json_child(user, "hostname") == NULL &&
	    json_child(user, "fqdn") == NULL)
		json_set_str(user, "hostname", host);
	if (!j->reports)
		return;
	report_script(&script, &j->report);
	write_file(user, SCRIPTS "zz-beskar7-report", script.p);
	wiped_free(&script);
	j->out->report = true;
}

/* The user's document, or the shortest one; the mapping to nest in is *into. */
static cJSON *
document(struct job *j, cJSON **into)
{
	const struct delivery_bytes *w = &j->in->wrapper;
	cJSON *doc, *outer;

	if (w->n == 0)
		doc = cJSON_CreateObject();
	else
		doc = parse(j, w->p, w->n, "userData.wrapperSecretRef");
	if (doc == NULL)
		return NULL;
	*into = json_child(doc, "autoinstall");
	if (*into == NULL) { /* as it would stand in autoinstall.yaml */
		outer = cJSON_CreateObject();
		*into = doc;
		json_set(outer, "autoinstall", doc);
		doc = outer;
	}
	if (!cJSON_IsObject(*into)) {
		(void)job_no(j, "userData.wrapperSecretRef: autoinstall is no "
				"mapping");
		tree_drop(doc);
		return NULL;
	}
	if (json_child(*into, "version") == NULL)
		json_set_i64(*into, "version", 1);
	return doc;
}

/* cloud-init of the installer's own system hands the document on. */
static void
put(struct job *j, const cJSON *doc)
{
	struct wiped w = { NULL, 0, 0 };

	wiped_adds(&w, "#cloud-config\n");
	tree_print(&w, doc);
	wiped_adds(&w, "\n");
	format_seed(j, &w);
	if (!job_has_arg(j, "autoinstall"))
		room_args(j->out, "autoinstall"); /* or it asks a person */
}

bool
format_autoinstall(struct job *j)
{
	cJSON *into = NULL, *doc, *user = nested(j);

	if (user == NULL)
		return false;
	doc = document(j, &into);
	if (doc == NULL) {
		tree_drop(user);
		return false;
	}
	complete(j, user);
	tree_merge(into, "user-data", user);
	put(j, doc);
	tree_drop(doc);
	return true;
}
