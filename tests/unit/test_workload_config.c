/* What a kubeconfig Secret of a tenant may say, and what is refused by name. */
#include <stdio.h>

#include "agent/control/workload.h"
#include "agent/kube/config.h"
#include "agent/kube/secret.h"
#include "common/mem.h"
#include "common/str.h"
#include "tests/unit/unit.h"

#define TOKEN "very-secret-token"
#define CLUSTER(more) \
	"clusters: [{name: c, cluster: {server: 'https://10.0.0.5:6443'" more \
	"}}]\n"
#define CONTEXT \
	"contexts: [{name: a, context: {cluster: c, user: u}}, {name: b, " \
	"context: {cluster: d, user: v}}]\n"
#define USER(of) \
	"users: [{name: u, user: {" of "}}, {name: v, user: {exec: {}}}]\n"
#define HEAD "apiVersion: v1\nkind: Config\ncurrent-context: a\n" CONTEXT

static bool
look(const char *text, size_t n, struct kube_config *k, struct err *e)
{
	static char key[] = "ns/c1-kubeconfig";
	struct workload w = { .secret_key = key };
	struct secret v = { 0 };
	struct kube_secret_reply r = { .n = 1, .v = &v };
	bool ok;

	if (text != NULL)
		secret_set(&v, text, n);
	err_clear(e);
	ok = workload_config(k, &w, &r, e);
	secret_free(&v);
	return ok;
}

static void
of_several_contexts_the_current_one_is_taken(void)
{
	static const char text[] = HEAD CLUSTER("") USER("token: " TOKEN);
	struct kube_config k;
	struct err e;

	CU_ASSERT_TRUE_FATAL(look(text, sizeof(text) - 1, &k, &e));
	CHECK_TEXT(k.server, "https://10.0.0.5:6443");
	CU_ASSERT_EQUAL(k.token.n, sizeof(TOKEN) - 1);
	CU_ASSERT_PTR_NULL(k.token_file);
	kube_config_free(&k);
}

static void
what_reaches_out_is_refused_by_name(void)
{
	static const struct {
		const char *text, *why;
	} rows[] = {
		{ HEAD CLUSTER("")
			USER("exec: {command: /bin/sh, args: [" TOKEN "]}"),
		    "exec plugins are not run" },
		{ HEAD CLUSTER("") USER("auth-provider: {name: gcp}"),
		    "auth-provider is not supported" },
		{ HEAD CLUSTER("") USER("tokenFile: /etc/token"),
		    "tokenFile names a file" },
		{ HEAD CLUSTER("") USER("tokenFile: /etc/token, token: " TOKEN),
		    "tokenFile names a file" },
		{ HEAD CLUSTER("")
			USER("client-certificate: x, client-key: k.pem"),
		    "client-certificate names a file" },
		{ HEAD CLUSTER("") USER("client-certificate-data: eHg=, "
					"client-key: k.pem"),
		    "client-key names a file" },
		{ HEAD CLUSTER(", certificate-authority: /etc/ca")
			USER("token: " TOKEN),
		    "certificate-authority names a file" },
		{ HEAD CLUSTER(", proxy-url: 'http://1.2.3.4'")
			USER("token: " TOKEN),
		    "proxy-url is not supported" },
		{ HEAD CLUSTER("") USER("username: u, password: " TOKEN),
		    "username and password are not supported" },
		{ HEAD CLUSTER("") USER("as: admin, token: " TOKEN),
		    "impersonation is not supported" },
		{ HEAD "clusters: [{name: c, cluster: {server: "
		       "'http://10.0.0.5'}}]\n" USER("token: " TOKEN),
		    "is not https://" },
		{ HEAD CLUSTER("") USER(""), "no token" },
		{ "kind: Config\n" CONTEXT CLUSTER("") USER("token: " TOKEN),
		    "no current-context" },
		{ "kind: Config\ncurrent-context: z\n" CONTEXT, "z" },
		{ "kind: Pod\n", "kind is \"Pod\"" },
		{ "- " TOKEN "\n", "not an object" },
		{ "\t{[", "" },
	};
	struct kube_config k;
	struct err e;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CHECK_ROW(!look(rows[i].text, strlen(rows[i].text), &k, &e),
		    rows[i].text);
		CHECK_ROW(e.kind == ERR_SPEC, e.msg);
		CHECK_ROW(strstr(e.msg, rows[i].why) != NULL, e.msg);
		CHECK_ROW(strstr(e.msg, "ns/c1-kubeconfig") != NULL, e.msg);
		CHECK_ROW(strstr(e.msg, TOKEN) == NULL, e.msg);
	}
}

static void
a_secret_without_a_value_or_with_too_much_is_refused(void)
{
	char *big = xmalloc(WORKLOAD_CONFIG_MAX + 1);
	struct kube_config k;
	struct err e;

	memset(big, '#', WORKLOAD_CONFIG_MAX + 1);
	CU_ASSERT_FALSE(look(NULL, 0, &k, &e));
	CU_ASSERT_PTR_NOT_NULL(strstr(e.msg, "no key \"value\""));
	CU_ASSERT_FALSE(look("", 0, &k, &e));
	CU_ASSERT_FALSE(look(big, WORKLOAD_CONFIG_MAX + 1, &k, &e));
	CU_ASSERT_PTR_NOT_NULL(strstr(e.msg, "larger than 131072 bytes"));
	CU_ASSERT_EQUAL(e.kind, ERR_SPEC);
	xfree(big);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		UNIT_CASE(of_several_contexts_the_current_one_is_taken),
		UNIT_CASE(what_reaches_out_is_refused_by_name),
		UNIT_CASE(a_secret_without_a_value_or_with_too_much_is_refused),
	};

	return UNIT_RUN("workload_config", cases);
}
