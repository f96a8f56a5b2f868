/* deploy/examples/userdata: what is written there is delivered as it says. */
#include "agent/delivery/delivery.h"

#include <stdio.h>

#include "common/files.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "common/yaml.h"
#include "tests/unit/delivery_rig.h"
#include "tests/unit/unit.h"

#define DIR "deploy/examples/userdata/"
#define KUBEADM "## template: jinja\n#cloud-config\nruncmd: ['kubeadm join']\n"

struct example {
	const char *file;
	enum rig_family family;
	const char *payload; /* NULL = a Secret of the file */
	bool drive;
	const char *mode, *path, *says;
};
static const struct example examples[] = {
	{ "cloud-init.yaml", RIG_DEBIAN, KUBEADM, true, "ConfigDrive",
	    "/meta-data", "\"rack\": \"r7\"" },
	{ "autoinstall.yaml", RIG_UBUNTU, KUBEADM, true, "Embedded",
	    "/nocloud/user-data", "\"size\": \"smallest\"" },
	{ "ignition.yaml", RIG_COREOS, NULL, false, "Embedded",
	    "/images/ignition.img", "070701" },
	{ "combustion.yaml", RIG_MICROOS, "a: b\n", true, "ConfigDrive",
	    "/combustion/main", "provider-id=b7://default/host-1\"" },
	{ "talos.yaml", RIG_TALOS, NULL, true, "ConfigDrive", "/config.yaml",
	    "provider-id: \"b7://default/host-1\"" },
	{ "kairos.yaml", RIG_KAIROS, NULL, true, "Embedded",
	    "/beskar7_install.yaml", "auto: true" },
};

static cJSON *
read_docs(const char *name)
{
	struct files files = files_system();
	struct buf text;
	struct err e;
	char path[128];
	cJSON *docs;

	(void)str_format(path, sizeof(path), DIR "%s", name);
	buf_init(&text, 1u << 20);
	CU_ASSERT_FATAL(files.read(files.self, path, &text, &e));
	docs = yaml_parse_all(buf_str(&text), text.n, path, &e);
	buf_free(&text);
	CU_ASSERT_PTR_NOT_NULL_FATAL(docs);
	return docs;
}

/* By kind, and by name or type; NULL matches all. */
static const cJSON *
doc(const cJSON *docs, const char *kind, const char *name, const char *type)
{
	const cJSON *d;

	cJSON_ArrayForEach (d, docs)
		if (str_eq(json_str(d, "kind", ""), kind) &&
		    (name == NULL ||
			str_eq(json_str(d, "metadata/name", ""), name)) &&
		    (type == NULL || str_eq(json_str(d, "type", ""), type)))
			return d;
	return NULL;
}

static struct delivery_bytes
bytes(const char *text)
{
	return (struct delivery_bytes){ text, text != NULL ? strlen(text) : 0 };
}

/* As the controllers would ask for it. */
static void
ask(struct delivery_rig *r, const cJSON *docs, struct delivery_pair *meta)
{
	const cJSON *t = doc(docs, "Beskar7MachineTemplate", NULL, NULL);
	const char *wrapper, *word;
	const cJSON *m, *s;

	CU_ASSERT_PTR_NOT_NULL_FATAL(t);
	t = json_obj(t, "spec/template/spec");
	word = json_str(t, "userData/delivery", "");
	CU_ASSERT_TRUE(delivery_mode_parse(word, &r->in.mode));
	word = json_str(t, "userData/format", "");
	CU_ASSERT_TRUE(delivery_format_parse(word, &r->in.format));
	r->in.kernel_args = json_str(t, "userData/kernelArgs", NULL);
	r->in.installer =
	    str_eq(json_str(t, "image/kind", "Installer"), "Installer");
	r->in.meta = meta;
	r->in.n_meta = 0;
	cJSON_ArrayForEach (m, json_obj(t, "userData/metaData"))
		meta[r->in.n_meta++] =
		    (struct delivery_pair){ m->string, m->valuestring };
	wrapper = json_str(t, "userData/wrapperSecretRef/name", NULL);
	if (wrapper == NULL)
		return;
	s = doc(docs, "Secret", wrapper, NULL);
	CU_ASSERT_PTR_NOT_NULL_FATAL(s);
	r->in.wrapper = bytes(json_str(s, "stringData/value", NULL));
}

static void
each_example_is_delivered(void)
{
	for (size_t i = 0; i < sizeof(examples) / sizeof(*examples); i++) {
		const struct example *x = &examples[i];
		struct delivery_pair meta[8];
		cJSON *docs = read_docs(x->file);
		const cJSON *s;
		struct delivery_rig r;
		bool iso;

		rig_begin(&r, x->family, x->payload);
		ask(&r, docs, meta);
		s = doc(docs, "Secret", NULL, "cluster.x-k8s.io/secret");
		CHECK_ROW((s == NULL) == (x->payload != NULL), x->file);
		if (s != NULL) {
			r.in.data =
			    bytes(json_str(s, "stringData/value", NULL));
			r.in.secret_format =
			    json_str(s, "stringData/format", NULL);
		}
		r.in.second_drive = x->drive;
		CHECK_ROW(rig_run(&r) == MEDIA_DONE, x->file);
		if (r.out.reason != NULL)
			CHECK_TEXT(r.e.msg, "");
		CHECK_TEXT(delivery_mode_name(r.out.mode), x->mode);
		iso = r.out.mode == DELIVERY_EMBEDDED;
		CHECK_ROW(
		    rig_has(rig_file(&r, iso, x->path), x->says), x->file);
		rig_end(&r);
		cJSON_Delete(docs);
	}
}

static const struct unit_case cases[] = {
	UNIT_CASE(each_example_is_delivered),
};

int
main(void)
{
	return UNIT_RUN("delivery_examples", cases);
}
