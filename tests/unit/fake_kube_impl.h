/* What fake_kube.c (paths, verbs, watches) and fake_kube_store.c share. */
#ifndef B7_TEST_FAKE_KUBE_IMPL_H
#define B7_TEST_FAKE_KUBE_IMPL_H

#include "common/buf.h"
#include "tests/unit/fake_kube.h"

struct fake_object {
	char *id; /* "plural|ns/name" */
	cJSON *o;
};
struct fake_event {
	uint64_t rv;
	char *plural, *ns, *line;
};
struct fake_watch {
	struct fake_watch *next;
	struct fake_kube *f;
	struct http_exchange *x;
	char *plural, *ns;
	struct buf out;
	struct timer end;
	bool muted, ended, reset, paused;
};

struct fk_path {
	char plural[80], ns[80], name[300], sub[40];
};

/* fake_kube_store.c */
void fk_rv_text(const struct fake_kube *f, uint64_t rv, char out[32]);
uint64_t fk_rv_number(const struct fake_kube *f, const char *s);
struct fake_object *fk_find(const struct fake_kube *f, const char *id);
struct fake_object *fk_add(struct fake_kube *f, const char *id);
void fk_drop(struct fake_kube *f, struct fake_object *o);
void fk_make_id(const struct fk_path *p, char out[512]);
bool fk_gone(const cJSON *o);
/* Stores what o became; the caller's tree is taken. */
void fk_commit(struct fake_kube *f, struct fake_object *at, const char *plural,
    cJSON *o, bool created);
bool fk_parse_path(const char *target, struct fk_path *p);
void fk_note_request(
    struct fake_kube *f, const char *method, const char *target);
void fk_forget(struct fake_kube *f);

/* fake_kube.c */
void fk_tell(
    struct fake_kube *f, const char *type, const char *plural, const cJSON *o);
void fk_bookmark(void *arg);

#endif
