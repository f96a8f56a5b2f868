/* The volume's name in all descriptors, and who looks for the former one. */
#include <string.h>

#include "agent/media/compose_int.h"
#include "common/str.h"

#define LABEL 32u

/* d-characters are not insisted on: systems look for "cidata" as it is. Joliet
 * holds half as many characters, in two bytes each. */
static void
put_label(struct plan *p, uint32_t sector, bool joliet)
{
	uint64_t at = (uint64_t)sector * MEDIA_SECTOR + VOL_NAME;
	size_t n = strlen(p->label);
	uint8_t v[LABEL];

	for (size_t i = 0; i < LABEL; i++) {
		size_t k = joliet ? i / 2 : i;
		char c = k < n ? p->label[k] : ' ';

		v[i] = joliet && i % 2 == 0 ? 0 : (uint8_t)c;
	}
	p->missing |= !overlay_set(&p->o, at, v, LABEL);
}

bool
compose_label_ok(struct plan *p, const char *label)
{
	size_t n = strlen(label);

	if (n == 0 || n > LABEL)
		return err_set(p->e, ERR_SPEC, 0,
		    "a volume's label has 1 to %u bytes", LABEL);
	for (size_t i = 0; i < n; i++)
		if (!str_is_alnum(label[i]) && label[i] != '_' &&
		    label[i] != '-')
			return err_set(p->e, ERR_SPEC, 0,
			    "a volume's label has letters, digits, '_' and '-' "
			    "alone");
	return true;
}

void
compose_label(struct plan *p)
{
	if (p->label == NULL)
		return;
	for (size_t i = 0; i < p->cd->n_trees; i++)
		put_label(p, p->cd->trees[i].descriptor,
		    p->cd->trees[i].kind == CD_JOLIET);
	if (p->cd->enhanced != 0)
		put_label(p, p->cd->enhanced, false);
}

/* Labels with blanks are written in several ways: their first word tells. A
 * line that is a comment counts too: better refused than not booted. */
bool
compose_label_free(struct plan *p, const char *path, const struct buf *text)
{
	const char *was = p->cd->volume;
	size_t n = strcspn(was, " ");
	char shown[CD_SHOWN];

	if (p->label == NULL || n == 0 || str_eq(was, p->label))
		return true;
	for (size_t i = 0; i + n <= text->n; i++)
		if (memcmp(text->p + i, was, n) == 0)
			return err_set(p->e, ERR_SPEC, 0,
			    "%s names the volume by its label, which would "
			    "have to become \"%s\"",
			    cd_shown(path, shown), p->label);
	return true;
}
