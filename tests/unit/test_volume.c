/* Small volumes: what is put in is found again, in each tree. */
#include "agent/media/volume.h"

#include "common/mem.h"
#include "common/str.h"
#include "tests/unit/cd_rig.h"
#include "tests/unit/unit.h"

struct made {
	struct composed out;
	struct cd_rig bytes;
	struct cd cd;
	struct sparse s;
	struct err e;
};

static bool
make(struct made *m, const char *label, const struct compose_file *v, size_t n)
{
	struct volume_opts o = { label, v, n };
	uint64_t at = 0;
	struct composed_piece p;

	memset(m, 0, sizeof(*m));
	if (!volume_make(&m->out, &o, &m->e))
		return false;
	m->bytes.n = (size_t)m->out.size;
	m->bytes.p = xcalloc(1, m->bytes.n);
	while (composed_next(&m->out, &at, m->out.size, &p)) {
		CU_ASSERT_NOT_EQUAL(p.kind, COMPOSED_BASE);
		if (p.kind == COMPOSED_MEMORY)
			memcpy(m->bytes.p + p.at, p.p, (size_t)p.n);
	}
	CU_ASSERT_EQUAL(
	    cd_rig_parse(&m->bytes, &m->cd, &m->s, &m->e), MEDIA_DONE);
	return true;
}

static void
drop(struct made *m)
{
	composed_free(&m->out);
	cd_free(&m->cd);
	sparse_free(&m->s);
	xfree(m->bytes.p);
}

static void
text_in_all_trees(const struct made *m, const char *path, const char *want)
{
	char text[4096];

	for (size_t t = 0; t < m->cd.n_trees; t++)
		CHECK_TEXT(cd_rig_text(&m->bytes, &m->cd, t, path, text), want);
}

static void
files_are_found_by_their_names(void)
{
	static const struct compose_file v[] = {
		{ "/user-data", "#cloud-config\n", 14, 0 },
		{ "/meta-data", "instance-id: x\n", 15, 0 },
		{ "/network-config", "", 0, 0 },
		{ "/ignition/config.ign", "{}", 2, 0 },
		{ "/ignition/deep/er/x.y.z", "deep", 4, 0 },
		{ "/user-data-too", "second", 6, 0 },
		{ "/user-data.txt", "third", 5, 0 },
	};
	struct made m;

	CU_ASSERT_FATAL(make(&m, "cidata", v, 7));
	CHECK_TEXT(m.cd.volume, "cidata");
	CU_ASSERT_EQUAL(m.cd.n_trees, 2);
	CU_ASSERT_TRUE(m.cd.trees[0].rock);
	CU_ASSERT_EQUAL(m.cd.trees[1].kind, CD_JOLIET);
	for (size_t i = 0; i < 7; i++)
		text_in_all_trees(&m, v[i].path, v[i].p);
	drop(&m);
}

static void
the_same_files_give_the_same_bytes(void)
{
	static const struct compose_file v[] = { { "/a", "one", 3, 0 },
		{ "/b", "two", 3, 0 } };
	static const struct compose_file w[] = { { "/a", "one", 3, 0 },
		{ "/b", "tvo", 3, 0 } };
	struct made m, n, other;

	CU_ASSERT_FATAL(make(&m, "x", v, 2));
	CU_ASSERT_FATAL(make(&n, "x", v, 2));
	CU_ASSERT_FATAL(make(&other, "x", w, 2));
	CU_ASSERT_EQUAL(m.bytes.n, n.bytes.n);
	CU_ASSERT_EQUAL(memcmp(m.bytes.p, n.bytes.p, m.bytes.n), 0);
	CU_ASSERT_NOT_EQUAL(memcmp(m.bytes.p, other.bytes.p, m.bytes.n), 0);
	drop(&m);
	drop(&n);
	drop(&other);
}

static void
many_files_and_a_big_one(void)
{
	struct compose_file v[60];
	char names[60][40];
	char *big = xcalloc(1, 3u << 20);
	struct made m;
	uint32_t node;

	for (size_t i = 0; i < 60; i++) {
		(void)str_format(names[i], sizeof(names[i]),
		    "/a-file-with-a-long-name-%zu", i);
		v[i] = (struct compose_file){ names[i], names[i],
			strlen(names[i]), 0 };
	}
	memset(big, 'b', 3u << 20);
	v[59].p = big;
	v[59].n = 3u << 20;
	CU_ASSERT_FATAL(make(&m, "MANY", v, 60));
	for (size_t i = 0; i < 59; i++)
		text_in_all_trees(&m, names[i], names[i]);
	for (size_t t = 0; t < 2; t++) {
		node = cd_find(&m.cd.trees[t], names[59]);
		CU_ASSERT_FATAL(node != CD_NONE);
		CU_ASSERT_EQUAL(m.cd.trees[t].v[node].size, 3u << 20);
	}
	drop(&m);
	xfree(big);
}

static void
what_no_volume_holds_is_refused(void)
{
	static const struct {
		const char *a, *b;
	} rows[] = {
		{ "/x", "/x" },        /* twice */
		{ "/x", "/x/y" },      /* a file is no folder */
		{ "/x/y", "/x" },      /* nor the other way round */
		{ "/x", "/" },         /* no name */
		{ "/x", "/a//b" },     /* a part without one */
		{ "/x", "/.." },       /* not upwards */
		{ "/x", "/a b" },      /* Joliet or not: not of ours */
		{ "/x", "/\xc3\xa9" }, /* nor this */
		{ "/x", "/1/2/3/4/5/6/7/8" },
		{ "/x", "/0123456789012345678901234567890123456789"
			"0123456789012345678901234567890" },
	};
	static const struct compose_file one = { "/a", "b", 1, 0 };
	struct made m;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct compose_file v[2] = { { rows[i].a, "1", 1, 0 },
			{ rows[i].b, "2", 1, 0 } };

		CHECK_ROW(!make(&m, "x", v, 2), rows[i].b);
		CU_ASSERT_EQUAL(m.e.kind, ERR_SPEC);
		CU_ASSERT_PTR_NULL(m.out.memory);
	}
	CU_ASSERT_FALSE(make(&m, "", &one, 1));
	CU_ASSERT_FALSE(make(&m, "012345678901234567890123456789012", &one, 1));
}

static const struct unit_case cases[] = {
	UNIT_CASE(files_are_found_by_their_names),
	UNIT_CASE(the_same_files_give_the_same_bytes),
	UNIT_CASE(many_files_and_a_big_one),
	UNIT_CASE(what_no_volume_holds_is_refused),
};

int
main(void)
{
	return UNIT_RUN("volume", cases);
}
