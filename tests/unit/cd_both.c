/* See cd_both.h. */
#include "tests/unit/cd_both.h"

#include <stdio.h>

#include "tests/unit/unit.h"

enum media_step
compose_rig(struct both *b, const struct cd_rig_opts *o,
    const struct compose_file *files, size_t n, const char *args)
{
	struct compose_opts opts = { files, n, args, NULL };
	enum media_step step;

	memset(b, 0, sizeof(*b));
	cd_rig_make(&b->base, o);
	step = cd_rig_parse(&b->base, &b->cd, &b->s, &b->e);
	CU_ASSERT_EQUAL_FATAL(step, MEDIA_DONE);
	step = cd_rig_compose(&b->base, &b->cd, &b->s, &opts, &b->out, &b->e);
	if (step != MEDIA_DONE)
		return step;
	cd_rig_again(&b->made, &b->base, &b->out);
	step = cd_rig_parse(&b->made, &b->again, &b->s2, &b->e);
	if (step != MEDIA_DONE)
		printf("    composed, but: %s\n", b->e.msg);
	return step;
}

void
done(struct both *b)
{
	composed_free(&b->out);
	cd_free(&b->cd);
	cd_free(&b->again);
	sparse_free(&b->s);
	sparse_free(&b->s2);
	cd_rig_free(&b->base);
	cd_rig_free(&b->made);
}

void
text_is(const struct both *b, const char *path, const char *want)
{
	char text[4096];

	for (size_t t = 0; t < b->again.n_trees; t++)
		CHECK_TEXT(
		    cd_rig_text(&b->made, &b->again, t, path, text), want);
}

void
others_stay(const struct both *b, const char *but)
{
	for (size_t k = 0; k < b->cd.n_trees; k++) {
		const struct cd_tree *t = &b->cd.trees[k];

		for (uint32_t i = 1; i < t->n; i++) {
			char path[CD_PATH_MAX], was[4096], is[4096];

			cd_path(t, i, path);
			if (strstr(but, path) != NULL ||
			    (t->v[i].flags & CD_DIR) != 0)
				continue;
			CU_ASSERT_NOT_EQUAL(
			    cd_find(&b->again.trees[k], path), CD_NONE);
			CHECK_TEXT(
			    cd_rig_text(&b->made, &b->again, k, path, is),
			    cd_rig_text(&b->base, &b->cd, k, path, was));
		}
	}
}
