/* Kubeconfigs and pods: what is taken, what is refused, and how it says so. */
#include <string.h>

#include "agent/kube/config.h"
#include "common/buf.h"
#include "common/random.h"
#include "common/str.h"
#include "tests/unit/unit.h"

#define HEAD \
	"apiVersion: v1\nkind: Config\ncurrent-context: lab\n" \
	"contexts:\n" \
	"- name: other\n  context: {cluster: c2, user: u2}\n" \
	"- name: lab\n" \
	"  context: {cluster: c1, user: u1, namespace: metal}\n"
#define CLUSTER \
	"clusters:\n" \
	"- name: c1\n" \
	"  cluster:\n" \
	"    server: https://10.0.0.1:6443/k8s/clusters/c-1/\n" \
	"    certificate-authority: pki/ca.crt\n" \
	"    tls-server-name: kubernetes\n"
#define USER "users:\n- name: u1\n  user: {token: abc}\n"

static bool
load(
    struct kube_config *c, const char *text, const char *context, struct err *e)
{
	struct files *f = files_memory_new();
	bool ok;

	files_memory_put(f, "/etc/b7/kubeconfig", text, strlen(text));
	*e = (struct err){ .kind = ERR_NONE };
	ok = kube_config_load(c, f, "/etc/b7/kubeconfig", context, e);
	files_memory_free(f);
	return ok;
}

static void
takes_the_current_context(void)
{
	struct kube_config c;
	struct err e;

	CU_ASSERT_TRUE_FATAL(load(&c, HEAD CLUSTER USER, NULL, &e));
	CHECK_TEXT(c.server, "https://10.0.0.1:6443");
	CHECK_TEXT(c.path_prefix, "/k8s/clusters/c-1");
	CHECK_TEXT(c.ca_file, "/etc/b7/pki/ca.crt");
	CHECK_TEXT(c.tls_server_name, "kubernetes");
	CHECK_TEXT(c.default_ns, "metal");
	CHECK_TEXT(c.context, "lab");
	CHECK_TEXT(c.user, "u1");
	CHECK_TEXT(c.token.p, "abc");
	CU_ASSERT_FALSE(c.insecure);
	kube_config_free(&c);
	CU_ASSERT_PTR_NULL(c.server);
}

static void
takes_the_named_context_and_inline_data(void)
{
	struct kube_config c;
	struct err e;
	const char *text = HEAD "clusters:\n- name: c2\n  cluster:\n"
				"    server: https://[::1]:6443\n"
				"    certificate-authority: /x\n"
				"    certificate-authority-data: Q0E=\n"
				"users:\n- name: u2\n  user:\n"
				"    client-certificate-data: Q0VSVA==\n"
				"    client-key: /secret/key.pem\n"
				"    tokenFile: token\n    token: loses\n";

	CU_ASSERT_TRUE_FATAL(load(&c, text, "other", &e));
	CHECK_TEXT(c.server, "https://[::1]:6443");
	CHECK_TEXT(c.path_prefix, "");
	CHECK_TEXT(c.ca_pem.p, "CA");
	CU_ASSERT_PTR_NULL(c.ca_file);
	CHECK_TEXT(c.cert_pem.p, "CERT");
	CHECK_TEXT(c.key_file, "/secret/key.pem");
	CHECK_TEXT(c.token_file, "/etc/b7/token");
	CU_ASSERT_EQUAL(c.token.n, 0);
	CHECK_TEXT(c.default_ns, "default");
	kube_config_free(&c);
}

/* A laptop's: hundreds of clusters, most of whose users run programs or are
 * half-made. Only what the context names is looked at. */
static void
many_contexts_of_others_do_not_matter(void)
{
	struct buf b;
	struct kube_config c;
	struct err e;

	buf_init(&b, 1u << 20);
	buf_adds(&b, "apiVersion: v1\nkind: Config\n"
		     "current-context: c400\ncontexts:\n");
	for (int i = 0; i < 500; i++)
		buf_addf(&b,
		    "- {name: c%d, context: {cluster: k%d, user: u%d}}\n", i, i,
		    i);
	buf_adds(&b, "clusters:\n");
	for (int i = 0; i < 500; i++)
		buf_addf(&b,
		    "- {name: k%d, cluster: {server: "
		    "\"%s://10.0.%d.%d:6443\"}}\n",
		    i, i % 2 == 0 ? "https" : "gopher", i / 250, i % 250);
	buf_adds(&b, "users:\n");
	for (int i = 0; i < 500; i++)
		buf_addf(&b, "- {name: u%d, user: {%s}}\n", i,
		    i == 400 ? "token: mine" : "exec: {command: evil}");
	CU_ASSERT_TRUE_FATAL(load(&c, buf_str(&b), NULL, &e));
	CHECK_TEXT(c.server, "https://10.0.1.150:6443");
	CHECK_TEXT(c.token.p, "mine");
	kube_config_free(&c);
	CU_ASSERT_FALSE(load(&c, buf_str(&b), "c402", &e));
	CHECK_TEXT(e.msg,
	    "user \"u402\" in /etc/b7/kubeconfig: exec plugins are not run; "
	    "use a token or a client certificate");
	buf_free(&b);
}

static void
refusals_name_user_file_and_reason(void)
{
	static const struct {
		const char *text, *context, *says;
	} rows[] = {
		{ HEAD CLUSTER "users:\n- name: u1\n  user:\n    exec: "
			       "{command: evil}\n",
		    NULL,
		    "user \"u1\" in /etc/b7/kubeconfig: exec plugins are not "
		    "run" },
		{ HEAD CLUSTER "users:\n- name: u1\n  user:\n    "
			       "auth-provider: {name: gcp}\n",
		    NULL, "auth-provider is not supported" },
		{ HEAD CLUSTER "users:\n- name: u1\n  user: {username: a, "
			       "password: b}\n",
		    NULL, "username and password are not supported" },
		{ HEAD CLUSTER "users:\n- name: u1\n  user: {token: t, as: "
			       "root}\n",
		    NULL, "impersonation" },
		{ HEAD CLUSTER "users:\n- name: u1\n  user: {}\n", NULL,
		    "no token, tokenFile or client certificate" },
		{ HEAD CLUSTER "users:\n- name: u1\n  user: "
			       "{client-certificate: c}\n",
		    NULL, "client-certificate without client-key" },
		{ HEAD CLUSTER "users:\n- name: u1\n  user: {token: 7}\n", NULL,
		    "token is no string" },
		{ HEAD CLUSTER "users:\n- name: u1\n  user: "
			       "{client-key-data: '!!', "
			       "client-certificate-data: QQ==}\n",
		    NULL, "client-key-data is not base64" },
		{ HEAD CLUSTER, NULL, "user \"u1\"" },
		{ HEAD USER, NULL, "cluster \"c1\"" },
		{ HEAD CLUSTER USER, "nope", "context \"nope\"" },
		{ CLUSTER USER, NULL, "no current-context" },
		{ HEAD "clusters:\n- name: c1\n  cluster: {}\n" USER, NULL,
		    "it has no server" },
		{ HEAD "clusters:\n- name: c1\n  cluster: {server: "
		       "'ftp://x'}\n" USER,
		    NULL, "server of cluster \"c1\"" },
		{ HEAD "clusters:\n- name: c1\n  cluster: {server: "
		       "'https://x', proxy-url: 'http://p'}\n" USER,
		    NULL, "proxy-url is not supported" },
		{ HEAD "clusters:\n- name: c1\n  cluster: {server: "
		       "'https://x', insecure-skip-tls-verify: 'maybe'}\n" USER,
		    NULL, "neither true nor false" },
		{ HEAD "clusters:\n- name: c1\n  cluster: {server: "
		       "'https://x', insecure-skip-tls-verify: true, "
		       "certificate-authority: ca.crt}\n" USER,
		    NULL, "both a CA and" },
		{ "kind: Pod\n", NULL, "kind is \"Pod\"" },
		{ "[1, 2]\n", NULL, "not an object" },
		{ "a: [\n", NULL, "kubeconfig" },
		{ "", NULL, "kubeconfig" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct kube_config c;
		struct err e;

		CHECK_ROW(
		    !load(&c, rows[i].text, rows[i].context, &e), rows[i].says);
		CHECK_ROW(e.kind == ERR_SPEC, rows[i].says);
		if (strstr(e.msg, rows[i].says) == NULL)
			CHECK_TEXT(e.msg, rows[i].says);
		CHECK_ROW(strstr(e.msg, "kubeconfig") != NULL, rows[i].says);
		CHECK_ROW(c.server == NULL && c.source == NULL, rows[i].says);
	}
}

static void
a_missing_file_is_told(void)
{
	struct files *f = files_memory_new();
	struct kube_config c;
	struct err e;

	CU_ASSERT_FALSE(kube_config_load(&c, f, "/nope", NULL, &e));
	CU_ASSERT_EQUAL(e.kind, ERR_NOTFOUND);
	CU_ASSERT_PTR_NOT_NULL(strstr(e.msg, "/nope"));
	files_memory_free(f);
}

static bool
parse_secret(struct kube_config *c, const char *text, struct err *e)
{
	const struct kube_config_text t = { text, strlen(text), "Secret x",
		true };

	return kube_config_parse(c, &t, NULL, e);
}

static void
workload_kubeconfigs_may_not_name_files(void)
{
	static const char *const bad[] = { HEAD CLUSTER USER,
		HEAD "clusters:\n- name: c1\n  cluster: {server: "
		     "'https://x'}\nusers:\n- name: u1\n  user: {tokenFile: "
		     "/etc/shadow}\n",
		HEAD "clusters:\n- name: c1\n  cluster: {server: "
		     "'https://x'}\nusers:\n- name: u1\n  user: {token: t, "
		     "client-key: /etc/shadow, client-certificate-data: "
		     "QQ==}\n" };
	const char *good = HEAD
	    "clusters:\n- name: c1\n  cluster: {server: 'https://x'}\n" USER;
	struct kube_config c;
	struct err e;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CU_ASSERT_FALSE(parse_secret(&c, bad[i], &e));
		CU_ASSERT_PTR_NOT_NULL(strstr(e.msg, "only inline data"));
	}
	CU_ASSERT_TRUE(parse_secret(&c, good, &e));
	kube_config_free(&c);
}

static void
pods_use_their_service_account(void)
{
	struct files *f = files_memory_new();
	struct kube_config c;
	struct err e;

	CU_ASSERT_FALSE(kube_config_in_cluster(&c, f, NULL, NULL, &e));
	CU_ASSERT_PTR_NOT_NULL(strstr(e.msg, "KUBERNETES_SERVICE_HOST"));
	CU_ASSERT_FALSE(kube_config_in_cluster(&c, f, "10.1.1.1", "443", &e));
	CU_ASSERT_PTR_NOT_NULL(strstr(e.msg, "token"));
	files_memory_put(f, KUBE_SERVICE_ACCOUNT_DIR "/token", "t", 1);
	CU_ASSERT_FALSE(kube_config_in_cluster(&c, f, "a b", "443", &e));
	CU_ASSERT_FALSE(kube_config_in_cluster(&c, f, "x", "44/3", &e));
	CU_ASSERT_TRUE(kube_config_in_cluster(&c, f, "fd00::1", "6443", &e));
	CHECK_TEXT(c.server, "https://[fd00::1]:6443");
	CHECK_TEXT(c.default_ns, "default");
	kube_config_free(&c);
	files_memory_put(
	    f, KUBE_SERVICE_ACCOUNT_DIR "/namespace", "beskar7\n", 8);
	CU_ASSERT_TRUE(kube_config_in_cluster(&c, f, "10.1.1.1", "443", &e));
	CHECK_TEXT(c.server, "https://10.1.1.1");
	CHECK_TEXT(c.default_ns, "beskar7");
	CHECK_TEXT(c.token_file, KUBE_SERVICE_ACCOUNT_DIR "/token");
	CHECK_TEXT(c.ca_file, KUBE_SERVICE_ACCOUNT_DIR "/ca.crt");
	kube_config_free(&c);
	files_memory_free(f);
}

/* Random damage: an error or a configuration, never anything else. */
static void
damaged_files_end_in_an_error(void)
{
	static const char good[] = HEAD CLUSTER USER;
	struct rng rng;
	unsigned refused = 0;

	rng_seed(&rng, 5, "damage");
	for (int i = 0; i < 3000; i++) {
		char text[sizeof(good)];
		struct kube_config_text t;
		struct kube_config c;
		struct err e;
		size_t n = sizeof(good) - 1;
		uint64_t hits = 1 + rng_below(&rng, 6);

		memcpy(text, good, sizeof(good));
		while (hits-- > 0) {
			uint64_t at = rng_below(&rng, n);

			text[at] = (char)rng_below(&rng, 256);
		}
		if (rng_below(&rng, 4) == 0)
			n = (size_t)rng_below(&rng, n);
		e = (struct err){ .kind = ERR_NONE };
		t = (struct kube_config_text){ text, n, "f", false };
		if (kube_config_parse(&c, &t, NULL, &e)) {
			CU_ASSERT_PTR_NOT_NULL(c.server);
			kube_config_free(&c);
		} else {
			CU_ASSERT_EQUAL(e.kind, ERR_SPEC);
			CU_ASSERT_NOT_EQUAL(e.msg[0], '\0');
			refused++;
		}
	}
	CU_ASSERT(refused > 500);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		{ "takes the current context", takes_the_current_context },
		{ "takes the named context and inline data",
		    takes_the_named_context_and_inline_data },
		{ "many contexts of others do not matter",
		    many_contexts_of_others_do_not_matter },
		{ "refusals name user, file and reason",
		    refusals_name_user_file_and_reason },
		{ "a missing file is told", a_missing_file_is_told },
		{ "workload kubeconfigs may not name files",
		    workload_kubeconfigs_may_not_name_files },
		{ "pods use their service account",
		    pods_use_their_service_account },
		{ "damaged files end in an error",
		    damaged_files_end_in_an_error },
	};

	return UNIT_RUN("kube_config", cases);
}
