/* See drive.h. */
#include "sim/qemu/drive.h"

#include <string.h>

#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "sim/qemu/vm.h"

#define READ_AHEAD (256 << 10)
#define TIMEOUT_S 30

/* QEMU's words may quote the URL, and the URL may be a secret. */
static void
drive_tell(struct board *d, unsigned drive, const char *why)
{
	bool quotes = strstr(why, "://") != NULL || strchr(why, '/') != NULL;

	d->host.drive_failed(
	    d->host.arg, drive, quotes ? "QEMU cannot open the medium" : why);
}

static void
drive_loaded(void *arg, const cJSON *value, const char *why)
{
	struct vm_drive *v = arg;

	(void)value;
	if (why)
		drive_tell(v->owner, v->index, why);
}

/* As QEMU's block layer reads it: with ranges, as firmware does, and ahead. */
static char *
drive_source(const struct vm_drive *v)
{
	cJSON *raw = cJSON_CreateObject(), *j = cJSON_CreateObject();
	bool tls = str_has_iprefix(v->url, "https:");
	char *text, *name;

	json_set_str(j, "driver", tls ? "https" : "http");
	json_set_str(j, "url", v->url);
	json_set_i64(j, "readahead", READ_AHEAD);
	json_set_i64(j, "timeout", TIMEOUT_S);
	if (tls)
		json_set_bool(j, "sslverify", v->verify);
	json_set_str(raw, "driver", "raw");
	json_set(raw, "file", j);
	text = json_print(raw);
	name = xasprintf("json:%s", text);
	secret_wipe(text, strlen(text));
	xfree(text);
	cJSON_Delete(raw);
	return name;
}

static void
drive_insert(struct board *d, struct vm_drive *v, const char *id)
{
	cJSON *args = cJSON_CreateObject();
	char *source = drive_source(v);

	json_set_str(args, "id", id);
	json_set_str(args, "filename", source);
	json_set_str(args, "read-only-mode", "read-only");
	json_set_bool(args, "force", true);
	secret_wipe(source, strlen(source));
	xfree(source);
	v->loaded = true;
	qmp_ask(&d->qmp, "blockdev-change-medium", args, drive_loaded, v);
}

void
drive_change(struct board *d, unsigned drive)
{
	struct vm_drive *v = &d->drives[drive];
	char id[16];

	(void)str_format(id, sizeof(id), "cd%u", drive);
	if (v->url && !str_has_iprefix(v->url, "http:") &&
	    !str_has_iprefix(v->url, "https:")) {
		drive_tell(d, drive, "QEMU reads http and https alone");
	} else if (v->url) {
		drive_insert(d, v, id);
	} else if (v->loaded) {
		cJSON *args = cJSON_CreateObject();

		v->loaded = false;
		json_set_str(args, "id", id);
		json_set_bool(args, "force", true);
		qmp_ask(&d->qmp, "eject", args, drive_loaded, v);
	}
}
