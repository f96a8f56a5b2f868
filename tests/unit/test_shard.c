/* How work is shared: what all replicas must agree upon. */
#include <stdio.h>
#include <string.h>

#include "agent/kube/shard.h"
#include "common/str.h"
#include "tests/unit/unit.h"

/* Replicas of two versions run beside each other during an upgrade: a key that
 * were of another shard to one of them would have two drivers. */
static void
a_key_is_of_the_same_shard_in_every_version(void)
{
	static const struct {
		const char *key;
		unsigned n, shard;
	} rows[] = {
		{ "default/bmc-000", 1, 0 },
		{ "default/bmc-000", 8, 7 },
		{ "default/bmc-001", 8, 1 },
		{ "default/bmc-002", 8, 2 },
		{ "rack-7/node-0815", 8, 6 },
		{ "rack-7/node-0815", 16, 11 },
		{ "rack-7/node-0815", 128, 27 },
		{ "a/b", 3, 1 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		unsigned shard = shard_of(rows[i].key, rows[i].n);

		if (shard != rows[i].shard)
			(void)fprintf(stderr, "%s of %u: %u\n", rows[i].key,
			    rows[i].n, shard);
		CU_ASSERT_EQUAL(shard, rows[i].shard);
	}
}

#define KEYS 20000

static void
key_at(unsigned i, char out[40])
{
	(void)snprintf(out, 40, "rack-%u/bmc-%03u", i / 500, i % 500);
}

static void
shards_are_of_about_one_size(void)
{
	for (unsigned n = 2; n <= 64; n *= 2) {
		unsigned in[64] = { 0 };
		char key[40];

		for (unsigned i = 0; i < KEYS; i++) {
			key_at(i, key);
			in[shard_of(key, n)]++;
		}
		for (unsigned s = 0; s < n; s++) {
			CU_ASSERT(in[s] > KEYS / n * 3 / 4);
			CU_ASSERT(in[s] < KEYS / n * 5 / 4);
		}
	}
}

static void
one_shard_more_moves_its_part_and_no_more(void)
{
	for (unsigned n = 1; n < 32; n++) {
		unsigned moved = 0;
		char key[40];

		for (unsigned i = 0; i < KEYS; i++) {
			unsigned was, now;

			key_at(i, key);
			was = shard_of(key, n);
			now = shard_of(key, n + 1);
			CU_ASSERT(was == now || now == n);
			moved += was != now;
		}
		CU_ASSERT(moved > KEYS / (n + 1) * 3 / 4);
		CU_ASSERT(moved < KEYS / (n + 1) * 5 / 4);
	}
}

static void
names_tell_shard_and_count(void)
{
	static const struct {
		const char *name;
		enum shard_lease_kind kind;
		unsigned index, count;
	} rows[] = {
		{ "b7", SHARD_LEASE_SHARD, 0, 1 },
		{ "b7-shard-0-of-8", SHARD_LEASE_SHARD, 0, 8 },
		{ "b7-shard-127-of-128", SHARD_LEASE_SHARD, 127, 128 },
		{ "b7-of-8-r0a1b-2c", SHARD_LEASE_REPLICA, 0, 8 },
		{ "b7-shard-8-of-8", SHARD_LEASE_OTHER, 0, 0 },
		{ "b7-shard-01-of-8", SHARD_LEASE_OTHER, 0, 0 },
		{ "b7-shard-1-of-8x", SHARD_LEASE_OTHER, 0, 0 },
		{ "b7-shard--1-of-8", SHARD_LEASE_OTHER, 0, 0 },
		{ "b7-shard-99999999999-of-8", SHARD_LEASE_OTHER, 0, 0 },
		{ "b7-of-8-r", SHARD_LEASE_OTHER, 0, 0 },
		{ "b7-of-0-rx", SHARD_LEASE_OTHER, 0, 0 },
		{ "b7x", SHARD_LEASE_OTHER, 0, 0 },
		{ "b", SHARD_LEASE_OTHER, 0, 0 },
		{ "kube-scheduler", SHARD_LEASE_OTHER, 0, 0 },
	};
	char name[SHARD_NAME_CAP];

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct shard_lease l = shard_lease_parse("b7", rows[i].name);

		CHECK_ROW(l.kind == rows[i].kind, rows[i].name);
		if (l.kind == SHARD_LEASE_OTHER)
			continue;
		CHECK_ROW(l.count == rows[i].count, rows[i].name);
		CHECK_ROW(l.index == rows[i].index, rows[i].name);
	}
	CU_ASSERT_TRUE(shard_lease_name(name, "b7", 0, 1));
	CHECK_TEXT(name, "b7");
	CU_ASSERT_TRUE(shard_lease_name(name, "b7", 3, 8));
	CHECK_TEXT(name, "b7-shard-3-of-8");
	CU_ASSERT_TRUE(shard_replica_name(name, "b7", "0a1b-2c", 8));
	CHECK_TEXT(name, "b7-of-8-r0a1b-2c");
}

static unsigned
quota_sum(const struct shard_replica *v, size_t n_v, unsigned n)
{
	unsigned sum = 0;

	for (size_t i = 0; i < n_v; i++)
		sum += shard_quota(v, n_v, i, n);
	return sum;
}

static void
quotas_add_up_and_differ_by_one(void)
{
	static const char *const ids[] = { "a", "b", "c", "d", "e", "f", "g" };
	struct shard_replica v[7];

	for (unsigned n = 1; n <= 20; n++)
		for (size_t k = 1; k <= 7; k++)
			for (unsigned seed = 0; seed < 50; seed++) {
				for (size_t i = 0; i < k; i++)
					v[i] = (struct shard_replica){ ids[i],
						(seed * 7 + (unsigned)i * 5) %
						    (n + 1) };
				CU_ASSERT_EQUAL(quota_sum(v, k, n), n);
				for (size_t i = 0; i < k; i++) {
					unsigned q = shard_quota(v, k, i, n);

					CU_ASSERT(q >= n / k);
					CU_ASSERT(q <= n / k + 1);
				}
			}
}

static void
whoever_holds_more_keeps_the_larger_share(void)
{
	struct shard_replica v[] = { { "a", 2 }, { "b", 3 }, { "c", 3 } };
	struct shard_replica w[] = { { "a", 4 }, { "b", 4 }, { "c", 0 } };

	/* At rest nothing moves. */
	for (size_t i = 0; i < 3; i++)
		CU_ASSERT_EQUAL(shard_quota(v, 3, i, 8), v[i].held);
	/* A newcomer gets two; each of the others gives one. */
	CU_ASSERT_EQUAL(shard_quota(w, 3, 0, 8), 3);
	CU_ASSERT_EQUAL(shard_quota(w, 3, 1, 8), 3);
	CU_ASSERT_EQUAL(shard_quota(w, 3, 2, 8), 2);
	/* More replicas than shards: some stand by. */
	CU_ASSERT_EQUAL(shard_quota(w, 3, 2, 2), 0);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		UNIT_CASE(a_key_is_of_the_same_shard_in_every_version),
		UNIT_CASE(shards_are_of_about_one_size),
		UNIT_CASE(one_shard_more_moves_its_part_and_no_more),
		UNIT_CASE(names_tell_shard_and_count),
		UNIT_CASE(quotas_add_up_and_differ_by_one),
		UNIT_CASE(whoever_holds_more_keeps_the_larger_share),
	};

	return UNIT_RUN("shard", cases);
}
