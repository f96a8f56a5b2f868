/*
 * Talos on its platform "metal": config.yaml on a volume "metal-iso", if the
 * kernel's arguments say so (Talos' documentation, "Kernel", talos.config).
 * Nothing of it reports.
 */
#include <string.h>

#include "common/json.h"
#include "common/str.h"
#include "common/yaml.h"
#include "sim/os/os_impl.h"

#define TA_VOLUME "metal-iso"

static void
ta_document(struct os_seek *k, const cJSON *doc, bool *machine)
{
	const char *id, *host;

	if (str_eq(json_str(doc, "kind", ""), "HostnameConfig")) {
		(void)str_copy(k->f->hostname, sizeof(k->f->hostname),
		    json_str(doc, "hostname", ""));
		return;
	}
	if (json_obj(doc, "machine") == NULL ||
	    json_obj(doc, "cluster") == NULL)
		return;
	*machine = true;
	k->f->kubelet = true;
	id = json_str(
	    json_obj(doc, "machine/kubelet/extraArgs"), "provider-id", "");
	(void)str_copy(k->f->provider_id, sizeof(k->f->provider_id), id);
	if (strstr(id, "{{") != NULL)
		os_fails(k, "the providerID was not rendered", id);
	host = json_str(doc, "machine/network/hostname", NULL);
	if (host != NULL)
		(void)str_copy(k->f->hostname, sizeof(k->f->hostname), host);
}

enum os_step
os_talos(struct os_seek *k)
{
	int drive = os_volume(k, TA_VOLUME, false);
	struct err e = { 0 };
	bool machine = false;
	cJSON *docs;
	const cJSON *d;
	char v[64];
	enum os_step s = OS_NONE;

	if (!bootcfg_arg(k->cfg.args, "talos.config", v, sizeof(v)) ||
	    !str_eq(v, TA_VOLUME)) {
		(void)os_bad(k,
		    "the kernel's arguments lack talos.config=" TA_VOLUME
		    ": maintenance mode",
		    "");
		return OS_NONE;
	}
	if (drive >= 0)
		s = os_file(k, (size_t)drive, "/config.yaml", &k->user);
	if (s == OS_NONE)
		(void)os_bad(
		    k, "no volume " TA_VOLUME " with /config.yaml", "");
	if (s != OS_OK)
		return s;
	os_source(k, "Talos", "/config.yaml", (size_t)drive);
	os_found(k, "talos", &k->user);
	docs = yaml_parse_all(buf_str(&k->user), k->user.n, "config.yaml", &e);
	cJSON_ArrayForEach (d, docs)
		ta_document(k, d, &machine);
	if (!machine)
		s = os_bad(k, "config.yaml is no machine configuration", "");
	cJSON_Delete(docs);
	return s;
}
