/* The agent's one write in a workload cluster, and all that is wrong with
 * others. */
#include <string.h>

#include "common/json.h"
#include "common/str.h"
#include "tests/unit/invariants_rig.h"
#include "tests/unit/unit.h"

#define UUID "4c4c4544-0042-3510-8052-b4c04f4b3533"
#define SWAPPED "44454C4C-4200-1035-8052-B4C04F4B3533"

struct write {
	const char *cluster, *was, *is, *uuid, *created, *more;
};
static const struct write good = { "default/c1", "", "b7://default/bmc-000",
	UUID, "2026-01-01T00:00:10Z", "" };

static cJSON *
node(const struct write *w, const char *id, const char *more)
{
	char text[700];

	(void)str_format(text, sizeof(text),
	    "{\"metadata\":{\"name\":\"n\",\"creationTimestamp\":\"%s\"%s},"
	    "\"spec\":{%s%s%s},\"status\":{\"nodeInfo\":{\"systemUUID\":"
	    "\"%s\"}}}",
	    w->created, more, id[0] == '\0' ? "" : "\"providerID\":\"", id,
	    id[0] == '\0' ? "" : "\"", w->uuid);
	return rig_json(text);
}

/* What the invariants say of the write. */
static void
told(struct rig *r, const struct write *w, const char *manager)
{
	cJSON *before = node(w, w->was, ""), *after = node(w, w->is, w->more);
	struct inv_commit c = { .at_us = r->now,
		.verb = "patch",
		.group = "",
		.resource = "nodes",
		.ns = "",
		.name = "n",
		.user = "admin-0",
		.manager = manager,
		.before = before,
		.after = after };

	invariants_node(r->x, w->cluster, &c);
	cJSON_Delete(before);
	cJSON_Delete(after);
}

static void
opened(struct rig *r)
{
	rig_open(r);
	rig_provisioned(r);
	rig_record(r, "provisioned", 1, ",\"onAt\":1767225610");
	rig_host(r, "beskar7-agent",
	    "{\"status\":{\"hardwareDetails\":{\"systemUUID\":\"" UUID "\"}}}");
	rig_machine(r, "core",
	    "{\"metadata\":{\"labels\":{\"cluster.x-k8s.io/cluster-name\":"
	    "\"c1\"}}}");
	r->said[0] = '\0';
}

static void
the_right_write_is_right(void)
{
	struct write swapped = good;
	struct rig r;

	swapped.uuid = SWAPPED;
	opened(&r);
	told(&r, &good, "beskar7-agent");
	CHECK_TEXT(r.said, "");
	told(&r, &swapped, "beskar7-agent");
	CHECK_TEXT(r.said, "");
	rig_close(&r);
}

static void
what_others_write_is_theirs(void)
{
	struct write w = good;
	struct rig r;

	w.is = "aws:///1";
	opened(&r);
	told(&r, &w, "kubelet");
	CHECK_TEXT(r.said, "");
	rig_close(&r);
}

static void
every_other_write_is_caught(void)
{
	static const struct write wrongs[] = {
		/* overwritten */
		{ "default/c1", "b7://default/bmc-009", "b7://default/bmc-000",
		    UUID, "2026-01-01T00:00:10Z", "" },
		/* no host, another host */
		{ "default/c1", "", "aws:///1", UUID, "2026-01-01T00:00:10Z",
		    "" },
		{ "default/c1", "", "b7://default/bmc-009", UUID,
		    "2026-01-01T00:00:10Z", "" },
		/* another cluster */
		{ "default/c2", "", "b7://default/bmc-000", UUID,
		    "2026-01-01T00:00:10Z", "" },
		{ "other/c1", "", "b7://default/bmc-000", UUID,
		    "2026-01-01T00:00:10Z", "" },
		/* another UUID, none */
		{ "default/c1", "", "b7://default/bmc-000",
		    "5c4c4544-0042-3510-8052-b4c04f4b3533",
		    "2026-01-01T00:00:10Z", "" },
		{ "default/c1", "", "b7://default/bmc-000", "",
		    "2026-01-01T00:00:10Z", "" },
		/* older */
		{ "default/c1", "", "b7://default/bmc-000", UUID,
		    "2026-01-01T00:00:09Z", "" },
		/* more than that */
		{ "default/c1", "", "b7://default/bmc-000", UUID,
		    "2026-01-01T00:00:10Z", ",\"labels\":{\"a\":\"b\"}" },
	};
	struct rig r;

	for (size_t i = 0; i < sizeof(wrongs) / sizeof(wrongs[0]); i++) {
		opened(&r);
		told(&r, &wrongs[i], "beskar7-agent");
		CHECK_ROW(str_eq(r.said, "node-of-claim"), r.said);
		rig_close(&r);
	}
}

static void
at_rest_no_node_is_written(void)
{
	struct rig r;

	opened(&r);
	invariants_quiet(r.x, true);
	told(&r, &good, "beskar7-agent");
	CHECK_TEXT(r.said, "steady-writes-nothing");
	rig_close(&r);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		UNIT_CASE(the_right_write_is_right),
		UNIT_CASE(what_others_write_is_theirs),
		UNIT_CASE(every_other_write_is_caught),
		UNIT_CASE(at_rest_no_node_is_written),
	};

	return UNIT_RUN("invariants_nodes", cases);
}
