/*
 * An API server whose history was set back (an etcd restored from a backup, a
 * stand-in started anew): what it has is older than what we saw, and right. We
 * list without a version, which every server answers from its newest state, so
 * that a list can be older than a watch for no other reason.
 */
#include "agent/kube/informer_impl.h"
#include "common/log.h"
#include "common/mem.h"

bool
informer_is_back(const struct informer *inf, const char *rv)
{
	bool cmp;

	return inf->rv != NULL && kube_rv_compare(rv, inf->rv, &cmp) < 0 && cmp;
}

void
informer_set_back(struct informer *inf, const char *rv)
{
	LOGW(inf->env->log,
	    "the API server's history was set back: all is read anew",
	    F_STR("resource", inf->o.res->plural), F_STR("from", inf->rv),
	    F_STR("to", rv));
	/* A version that is no number gives way to any. */
	for (size_t i = 0; i < inf->objects.n; i++) {
		struct cached *c = inf->objects.v[i].value;

		c->rv = "";
		c->awaited = false;
	}
	for (size_t i = 0; i < inf->tombs.n; i++)
		xreplace(&((struct tomb *)inf->tombs.v[i].value)->rv, "");
	xreplace(&inf->want_rv, NULL);
	xreplace(&inf->rv, NULL);
	timer_stop(&inf->confirm);
}
