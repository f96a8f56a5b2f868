/* The Events recorder: counted, combined, capped, never in the way. */
#include <string.h>

#include "agent/kube/event.h"
#include "common/json.h"
#include "tests/unit/unit.h"

#include "tests/unit/agent_kube_rig.h"

struct recorder {
	struct kube_rig r;
	struct event_recorder *e;
	cJSON *about;
};

static void
open_recorder(struct recorder *x, const struct event_opts *o)
{
	const struct event_opts none = { .component = NULL };

	rig_open(&x->r, 1, NULL);
	x->e = event_recorder_new(x->r.client, o != NULL ? o : &none);
	x->about = fake_object("Host", "lab", "h1", 1);
	json_put(x->about, "metadata/uid", cJSON_CreateString("u-1"));
}

static void
close_recorder(struct recorder *x)
{
	event_recorder_free(x->e);
	cJSON_Delete(x->about);
	rig_close(&x->r);
}

/* The i-th Event that the server holds. */
static const cJSON *
stored(const struct recorder *x, size_t i)
{
	return fake_kube_nth(x->r.fake, "events", i);
}

static void
an_event_says_who_what_and_when(void)
{
	struct recorder x;
	const cJSON *e;

	open_recorder(&x, NULL);
	event_emitf(x.e, x.about, EVENT_WARNING, "BootFailed", "no %s", "disk");
	CU_ASSERT_FALSE(event_recorder_idle(x.e));
	rig_run(&x.r, LOOP_S);
	CU_ASSERT_TRUE(event_recorder_idle(x.e));
	e = stored(&x, 0);
	CU_ASSERT_PTR_NOT_NULL_FATAL(e);
	CHECK_TEXT(json_str(e, "involvedObject/kind", ""), "Host");
	CHECK_TEXT(
	    json_str(e, "involvedObject/apiVersion", ""), "example.org/v1");
	CHECK_TEXT(json_str(e, "involvedObject/uid", ""), "u-1");
	CHECK_TEXT(json_str(e, "involvedObject/name", ""), "h1");
	CHECK_TEXT(json_str(e, "metadata/namespace", ""), "lab");
	CHECK_TEXT(json_str(e, "reason", ""), "BootFailed");
	CHECK_TEXT(json_str(e, "message", ""), "no disk");
	CHECK_TEXT(json_str(e, "type", ""), "Warning");
	CHECK_TEXT(json_str(e, "source/component", ""), "beskar7-agent");
	CHECK_TEXT(json_str(e, "reportingInstance", ""), "agent-0");
	CHECK_TEXT(json_str(e, "firstTimestamp", ""), "2026-01-01T00:00:00Z");
	CU_ASSERT_EQUAL(json_i64(e, "count", 0), 1);
	close_recorder(&x);
}

static void
repeats_are_counted_once_in_ten_minutes(void)
{
	struct recorder x;
	struct event_counts n;

	open_recorder(&x, NULL);
	for (int i = 0; i < 100; i++) {
		event_emitf(x.e, x.about, EVENT_NORMAL, "Waiting", "for x");
		rig_run(&x.r, LOOP_S);
	}
	CU_ASSERT_EQUAL(x.r.fake->writes, 1);
	rig_run(&x.r, 9 * LOOP_MIN);
	CU_ASSERT_EQUAL(x.r.fake->writes, 2);
	CU_ASSERT_EQUAL(json_i64(stored(&x, 0), "count", 0), 100);
	CHECK_TEXT(json_str(stored(&x, 0), "lastTimestamp", ""),
	    "2026-01-01T00:01:39Z");
	n = event_recorder_counts(x.e);
	CU_ASSERT_EQUAL(n.emitted, 100);
	CU_ASSERT_EQUAL(n.written, 2);
	CU_ASSERT_EQUAL(n.deduplicated, 99);
	/* And nothing more while nothing more happens. */
	rig_run(&x.r, 24 * LOOP_HOUR);
	CU_ASSERT_EQUAL(x.r.fake->writes, 2);
	close_recorder(&x);
}

static void
similar_messages_are_combined(void)
{
	struct recorder x;

	open_recorder(&x, NULL);
	for (int i = 0; i < 200; i++)
		event_emitf(x.e, x.about, EVENT_NORMAL, "Odd", "value %d", i);
	event_emitf(x.e, x.about, EVENT_NORMAL, "Other", "is not concerned");
	rig_run(&x.r, LOOP_MIN);
	CU_ASSERT_EQUAL(x.r.fake->writes, 12);
	CU_ASSERT_EQUAL(event_recorder_counts(x.e).combined, 190);
	rig_run(&x.r, 10 * LOOP_MIN);
	CU_ASSERT(x.r.fake->writes <= 13);
	close_recorder(&x);
}

static void
the_queue_and_the_rate_are_bounded(void)
{
	const struct event_opts o = { .queue_max = 50, .per_minute = 60 };
	struct recorder x;
	struct event_counts n;

	open_recorder(&x, &o);
	for (int i = 0; i < 500; i++) {
		char name[16];

		(void)str_format(name, sizeof(name), "h%d", i);
		json_put(x.about, "metadata/name", cJSON_CreateString(name));
		event_emitf(x.e, x.about, EVENT_NORMAL, "Born", "hello");
	}
	n = event_recorder_counts(x.e);
	CU_ASSERT_EQUAL(n.queued, 50);
	CU_ASSERT_EQUAL(n.dropped, 450);
	rig_run(&x.r, 10 * LOOP_S);
	CU_ASSERT(x.r.fake->writes >= 20 && x.r.fake->writes <= 32);
	rig_run(&x.r, LOOP_MIN);
	CU_ASSERT_EQUAL(x.r.fake->writes, 50);
	close_recorder(&x);
}

static void
an_outage_is_waited_out(void)
{
	struct recorder x;

	open_recorder(&x, NULL);
	fake_kube_listen(x.r.fake, world_net(x.r.server_loop), false);
	event_emitf(x.e, x.about, EVENT_NORMAL, "A", "a");
	event_emitf(x.e, x.about, EVENT_NORMAL, "B", "b");
	event_emitf(x.e, x.about, EVENT_NORMAL, "A", "a");
	rig_run(&x.r, 10 * LOOP_MIN);
	CU_ASSERT_EQUAL(event_recorder_counts(x.e).queued, 2);
	fake_kube_listen(x.r.fake, world_net(x.r.server_loop), true);
	rig_run(&x.r, 2 * LOOP_MIN);
	CU_ASSERT_EQUAL(x.r.fake->writes, 2);
	CU_ASSERT_EQUAL(event_recorder_counts(x.e).failed, 0);
	CU_ASSERT_TRUE(event_recorder_idle(x.e));
	close_recorder(&x);
}

static struct fake_fault
next_fault(void *arg, const struct fake_request *rq)
{
	struct fake_fault *f = arg, now = *f;

	(void)rq;
	*f = (struct fake_fault){ 0 };
	return now;
}

static void
a_lost_reply_makes_no_second_event(void)
{
	struct recorder x;
	struct fake_fault f = { .lose_reply = true };

	open_recorder(&x, NULL);
	x.r.fake->fault = next_fault;
	x.r.fake->fault_arg = &f;
	event_emitf(x.e, x.about, EVENT_NORMAL, "A", "a");
	rig_run(&x.r, 10 * LOOP_S);
	CU_ASSERT_EQUAL(x.r.fake->writes, 2); /* the second: AlreadyExists */
	CU_ASSERT_PTR_NOT_NULL(stored(&x, 0));
	CU_ASSERT_PTR_NULL(stored(&x, 1));
	CU_ASSERT_EQUAL(event_recorder_counts(x.e).written, 1);
	close_recorder(&x);
}

static void
a_refused_event_does_not_stop_the_others(void)
{
	struct recorder x;
	struct fake_fault f = { .status = 403, .reason = "Forbidden" };

	open_recorder(&x, NULL);
	x.r.fake->fault = next_fault;
	x.r.fake->fault_arg = &f;
	event_emitf(x.e, x.about, EVENT_NORMAL, "A", "a");
	event_emitf(x.e, x.about, EVENT_NORMAL, "B", "b");
	rig_run(&x.r, 10 * LOOP_S);
	CU_ASSERT_EQUAL(event_recorder_counts(x.e).failed, 1);
	CHECK_TEXT(json_str(stored(&x, 0), "reason", ""), "B");
	close_recorder(&x);
}

static void
an_expired_event_is_made_anew(void)
{
	struct recorder x;
	char key[300];

	open_recorder(&x, NULL);
	event_emitf(x.e, x.about, EVENT_NORMAL, "A", "a");
	rig_run(&x.r, 2 * LOOP_HOUR);
	(void)str_format(key, sizeof(key), "lab/%s",
	    json_str(stored(&x, 0), "metadata/name", ""));
	fake_kube_delete(x.r.fake, "events", key);
	event_emitf(x.e, x.about, EVENT_NORMAL, "A", "a");
	rig_run(&x.r, LOOP_MIN);
	CU_ASSERT_PTR_NOT_NULL_FATAL(stored(&x, 0));
	CU_ASSERT_EQUAL(json_i64(stored(&x, 0), "count", 0), 1);
	CHECK_TEXT(json_str(stored(&x, 0), "firstTimestamp", ""),
	    "2026-01-01T02:00:00Z");
	close_recorder(&x);
}

static void
long_and_odd_input_is_cut(void)
{
	struct recorder x;
	char big[3000];
	struct event_ref ref = { "v1", "Node", NULL, "n", NULL, NULL };
	struct event_ref bad = { NULL, NULL, NULL, NULL, NULL, NULL };

	memset(big, 'm', sizeof(big));
	big[sizeof(big) - 1] = '\0';
	open_recorder(&x, NULL);
	event_emit(x.e, &ref, EVENT_NORMAL, "Long", big);
	event_emit(x.e, &bad, EVENT_NORMAL, "Nameless", "x");
	event_emit(x.e, &ref, EVENT_NORMAL, "", "x");
	event_emit(NULL, &ref, EVENT_NORMAL, "X", "x");
	rig_run(&x.r, LOOP_S);
	CU_ASSERT_EQUAL(x.r.fake->writes, 1);
	CHECK_TEXT(
	    json_str(stored(&x, 0), "metadata/namespace", ""), "default");
	CU_ASSERT_EQUAL(strlen(json_str(stored(&x, 0), "message", "")), 1024);
	close_recorder(&x);
}

static bool
closed(void *arg, unsigned shard, struct err *e)
{
	(void)arg;
	(void)shard;
	return err_set(e, ERR_SPEC, 0, "no lease");
}

static void
without_the_lease_nothing_is_written(void)
{
	struct recorder x;

	open_recorder(&x, NULL);
	kube_client_set_gate(x.r.client, closed, NULL);
	event_emitf(x.e, x.about, EVENT_NORMAL, "A", "a");
	rig_run(&x.r, LOOP_MIN);
	CU_ASSERT_EQUAL(x.r.fake->writes, 0);
	CU_ASSERT_TRUE(event_recorder_idle(x.e));
	close_recorder(&x);
}

static void
a_flood_of_objects_is_forgotten_in_order(void)
{
	struct recorder x;

	open_recorder(&x, NULL);
	for (int i = 0; i < 3000; i++) {
		char name[16];

		(void)str_format(name, sizeof(name), "h%d", i);
		json_put(x.about, "metadata/name", cJSON_CreateString(name));
		event_emitf(x.e, x.about, EVENT_NORMAL, "Born", "hello");
		rig_run(&x.r, LOOP_S);
	}
	rig_run(&x.r, LOOP_HOUR);
	CU_ASSERT_EQUAL(x.r.fake->writes, 3000);
	CU_ASSERT_EQUAL(event_recorder_counts(x.e).dropped, 0);
	close_recorder(&x);
}

static void
emit_about(struct recorder *x, int i, enum event_type type, const char *reason)
{
	char name[16];

	(void)str_format(name, sizeof(name), "h%d", i);
	json_put(x->about, "metadata/name", cJSON_CreateString(name));
	event_emitf(x->e, x->about, type, reason, "hello");
}

/* A fleet that enrols: 1,000 hosts, three transitions each, at once. */
static void
a_fleet_that_enrols_at_once_loses_nothing(void)
{
	static const char *const reasons[] = { "Enrolling", "Inspecting",
		"Available" };
	struct recorder x;
	struct event_counts n;

	open_recorder(&x, NULL);
	for (int k = 0; k < 3; k++)
		for (int i = 0; i < 1000; i++)
			emit_about(&x, i, EVENT_NORMAL, reasons[k]);
	rig_run(&x.r, 90 * LOOP_S);
	n = event_recorder_counts(x.e);
	CU_ASSERT_EQUAL(n.written, 3000);
	CU_ASSERT_EQUAL(n.dropped, 0);
	CU_ASSERT_EQUAL(n.spam, 0);
	CU_ASSERT_TRUE(event_recorder_idle(x.e));
	close_recorder(&x);
}

/* One that never stops is silenced; its neighbours are heard. */
static void
an_object_that_says_too_much_is_silenced_alone(void)
{
	struct recorder x;
	char reason[16];
	struct event_counts n;

	open_recorder(&x, NULL);
	for (int i = 0; i < 200; i++) {
		(void)str_format(reason, sizeof(reason), "Odd%d", i);
		emit_about(&x, 1, EVENT_NORMAL, reason);
	}
	emit_about(&x, 2, EVENT_NORMAL, "Calm");
	rig_run(&x.r, 10 * LOOP_S);
	n = event_recorder_counts(x.e);
	CU_ASSERT_EQUAL(n.spam, 175);
	CU_ASSERT_EQUAL(n.written, 26);
	/* Time gives it a voice again: one event a minute. */
	rig_run(&x.r, 3 * LOOP_MIN);
	for (int i = 0; i < 10; i++) {
		(void)str_format(reason, sizeof(reason), "New%d", i);
		emit_about(&x, 1, EVENT_NORMAL, reason);
	}
	n = event_recorder_counts(x.e);
	CU_ASSERT_EQUAL(n.spam, 175 + 7);
	close_recorder(&x);
}

static void
warnings_displace_news_in_a_full_queue(void)
{
	const struct event_opts o = { .queue_max = 50, .per_minute = 60 };
	struct recorder x;
	struct event_counts n;
	unsigned warnings = 0;

	open_recorder(&x, &o);
	for (int i = 0; i < 60; i++)
		emit_about(&x, i, EVENT_NORMAL, "Born");
	for (int i = 0; i < 60; i++)
		emit_about(&x, i, EVENT_WARNING, "Sick");
	n = event_recorder_counts(x.e);
	CU_ASSERT_EQUAL(n.queued, 50);
	CU_ASSERT_EQUAL(n.dropped, 70);
	CU_ASSERT_EQUAL(x.r.warnings, 1);
	rig_run(&x.r, 5 * LOOP_MIN);
	for (size_t i = 0; stored(&x, i) != NULL; i++)
		warnings +=
		    str_eq(json_str(stored(&x, i), "type", ""), "Warning");
	CU_ASSERT_EQUAL(warnings, 49); /* the first was on its way */
	CU_ASSERT_EQUAL(metrics_get(x.r.env.metrics, "beskar7_events_total",
			    "result=\"dropped\""),
	    70);
	close_recorder(&x);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		{ "an event says who, what and when",
		    an_event_says_who_what_and_when },
		{ "repeats are counted once in ten minutes",
		    repeats_are_counted_once_in_ten_minutes },
		{ "similar messages are combined",
		    similar_messages_are_combined },
		{ "the queue and the rate are bounded",
		    the_queue_and_the_rate_are_bounded },
		{ "an outage is waited out", an_outage_is_waited_out },
		{ "a lost reply makes no second event",
		    a_lost_reply_makes_no_second_event },
		{ "a refused event does not stop the others",
		    a_refused_event_does_not_stop_the_others },
		{ "an expired event is made anew",
		    an_expired_event_is_made_anew },
		{ "long and odd input is cut", long_and_odd_input_is_cut },
		{ "without the lease nothing is written",
		    without_the_lease_nothing_is_written },
		{ "a flood of objects is forgotten in order",
		    a_flood_of_objects_is_forgotten_in_order },
		{ "a fleet that enrols at once loses nothing",
		    a_fleet_that_enrols_at_once_loses_nothing },
		{ "an object that says too much is silenced alone",
		    an_object_that_says_too_much_is_silenced_alone },
		{ "warnings displace news in a full queue",
		    warnings_displace_news_in_a_full_queue },
	};

	return UNIT_RUN("event", cases);
}
