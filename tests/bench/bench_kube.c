/*
 * The API stand-in with 10,000 objects and 20 watches: time and memory of a
 * create, a status patch, an apply, a list; all in virtual time, so that what
 * is measured is the stand-in and not a network.
 */
#include <malloc.h>
#include <stdio.h>
#include <time.h>

#include "tests/unit/kube_rig.h"

#define OBJECTS 10000
#define WATCHES 20

static double
now_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void
report(const char *what, double since, int n)
{
	(void)printf("%-28s %8.1f us\n", what, (now_us() - since) / n);
}

/* '@' becomes the number. */
static void
expand(char *out, size_t cap, const char *text, int i)
{
	size_t n = 0;

	for (; *text != '\0' && n + 8 < cap; text++) {
		if (*text == '@')
			n += (size_t)snprintf(out + n, cap - n, "%05d", i);
		else
			out[n++] = *text;
	}
	out[n] = '\0';
}

static void
each(struct kube_rig *r, const char *method, const char *path, const char *type,
    const char *body, int want)
{
	for (int i = 0; i < OBJECTS; i++) {
		char target[200], text[2500];

		expand(target, sizeof(target), path, i);
		expand(text, sizeof(text), body, i);
		if (rig_code(r, method, target, type, text) != want)
			abort();
	}
}

int
main(void)
{
	static const char *const conditions =
	    "{\"status\":{\"phase\":\"p@\",\"conditions\":["
	    "{\"type\":\"Ready\",\"status\":\"True\",\"reason\":\"Ok\"},"
	    "{\"type\":\"Reachable\",\"status\":\"True\",\"reason\":\"Ok\"},"
	    "{\"type\":\"Healthy\",\"status\":\"True\",\"reason\":\"Ok\"},"
	    "{\"type\":\"Inspected\",\"status\":\"True\",\"reason\":\"Ok\"},"
	    "{\"type\":\"Available\",\"status\":\"@\",\"reason\":\"r@\"}]}}";
	struct rig_watch w[WATCHES];
	struct kube_rig r;
	struct mallinfo2 before, after;
	double t;

	rig_open(&r);
	before = mallinfo2();
	t = now_us();
	each(&r, "POST", RIG_HOSTS, NULL,
	    "{\"apiVersion\":\"example.org/v1\",\"kind\":\"Host\",\"metadata\":"
	    "{\"name\":\"h@\",\"labels\":{\"zone\":\"z@\"}},\"spec\":{"
	    "\"size\":1,\"zone\":\"a\",\"tags\":[\"x\",\"y\"]}}",
	    201);
	report("create", t, OBJECTS);
	after = mallinfo2();
	(void)printf("%-28s %8.1f bytes\n", "memory an object",
	    (double)(after.uordblks - before.uordblks) / OBJECTS);
	t = now_us();
	each(&r, "PATCH", RIG_HOSTS "/h@/status", RIG_MERGE, conditions, 200);
	report("status patch", t, OBJECTS);
	t = now_us();
	each(&r, "PATCH", RIG_HOSTS "/h@/status", RIG_MERGE,
	    "{\"status\":{\"phase\":\"q@\"}}", 200);
	report("small status patch", t, OBJECTS);
	t = now_us();
	each(&r, "PATCH", RIG_HOSTS "/h@/status", RIG_MERGE,
	    "{\"status\":{\"phase\":\"q@\"}}", 200);
	report("status patch of nothing", t, OBJECTS);
	t = now_us();
	each(&r, "PATCH", RIG_HOSTS "/h@?fieldManager=me", RIG_APPLY,
	    "{\"apiVersion\":\"example.org/v1\",\"kind\":\"Host\",\"metadata\":"
	    "{\"name\":\"h@\"},\"spec\":{\"args\":[\"v@\"]}}",
	    200);
	report("server-side apply", t, OBJECTS);
	t = now_us();
	each(&r, "GET", RIG_HOSTS "/h@", NULL, "", 200);
	report("get, parsed by the caller", t, OBJECTS);
	for (int i = 0; i < WATCHES; i++)
		rig_watch_open(&r, &w[i],
		    "/apis/example.org/v1/hosts?watch=true&resourceVersion=0",
		    NULL);
	rig_run(&r, 20 * LOOP_S);
	t = now_us();
	each(&r, "PATCH", RIG_HOSTS "/h@/status", RIG_MERGE,
	    "{\"status\":{\"phase\":\"r@\"}}", 200);
	report("with 20 watches", t, OBJECTS);
	rig_run(&r, 20 * LOOP_S);
	report("and delivered", t, OBJECTS);
	for (int i = 0; i < WATCHES; i++)
		rig_watch_close(&r, &w[i]);
	t = now_us();
	(void)rig_code(&r, "GET", RIG_HOSTS "?limit=500", NULL, NULL);
	report("list of 500, parsed", t, 1);
	rig_close(&r);
	return 0;
}
