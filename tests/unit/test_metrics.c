#include "common/metrics.h"

#include "tests/unit/unit.h"

static void
check_print(const struct metrics *m, const char *want)
{
	struct buf b;

	buf_init(&b, 1u << 16);
	metrics_print(m, &b);
	CU_ASSERT_FALSE(b.overflow);
	CHECK_TEXT(buf_str(&b), want);
	buf_free(&b);
}

static void
prints_families_and_series_in_order(void)
{
	struct metrics *m = metrics_new();

	check_print(m, "");
	metrics_add(m, "z_total", "kind=\"b\"", 2);
	metrics_add(m, "z_total", "kind=\"a\"", 1);
	metrics_add(m, "z_total", "kind=\"b\"", 3);
	metrics_set(m, "hosts", NULL, 7);
	metrics_set(m, "hosts", NULL, -1);
	metrics_help(m, "unused_total", "Never counted.");
	metrics_help(m, "z_total", "Back\\slash\nand \"line\".");
	check_print(m, "# TYPE hosts gauge\n"
		       "hosts -1\n"
		       "# HELP z_total Back\\\\slash\\nand \"line\".\n"
		       "# TYPE z_total counter\n"
		       "z_total{kind=\"a\"} 1\n"
		       "z_total{kind=\"b\"} 5\n");
	CU_ASSERT_EQUAL(metrics_get(m, "z_total", "kind=\"b\""), 5);
	CU_ASSERT_EQUAL(metrics_get(m, "z_total", "kind=\"c\""), 0);
	CU_ASSERT_EQUAL(metrics_get(m, "none", NULL), 0);
	metrics_free(m);
}

static const char *
line_of(const char *text, const char *start)
{
	static char line[200];
	const char *at = strstr(text, start);

	if (at == NULL)
		return NULL;
	(void)snprintf(line, sizeof(line), "%.*s", (int)strcspn(at, "\n"), at);
	return line;
}

static void
histograms_are_cumulative_and_in_seconds(void)
{
	struct metrics *m = metrics_new();
	struct buf b;

	metrics_observe_us(m, "d", "op=\"x\"", 1000); /* bounds belong below */
	metrics_observe_us(m, "d", "op=\"x\"", 1001);
	metrics_observe_us(m, "d", "op=\"x\"", 2500000);
	metrics_observe_us(m, "d", "op=\"x\"", 3600000000);
	metrics_observe_us(m, "d", "op=\"x\"", -5);
	metrics_observe_us(m, "d", NULL, 7);
	CU_ASSERT_EQUAL(metrics_get(m, "d", "op=\"x\""), 5);
	buf_init(&b, 1u << 16);
	metrics_print(m, &b);
	CU_ASSERT_EQUAL(strncmp(b.p, "# TYPE d histogram\n", 19), 0);
	CHECK_TEXT(line_of(b.p, "d_bucket{op=\"x\",le=\"0.001\"}"),
	    "d_bucket{op=\"x\",le=\"0.001\"} 2");
	CHECK_TEXT(line_of(b.p, "d_bucket{op=\"x\",le=\"0.005\"}"),
	    "d_bucket{op=\"x\",le=\"0.005\"} 3");
	CHECK_TEXT(line_of(b.p, "d_bucket{op=\"x\",le=\"2.5\"}"),
	    "d_bucket{op=\"x\",le=\"2.5\"} 4");
	CHECK_TEXT(line_of(b.p, "d_bucket{op=\"x\",le=\"900\"}"),
	    "d_bucket{op=\"x\",le=\"900\"} 4");
	CHECK_TEXT(line_of(b.p, "d_bucket{op=\"x\",le=\"+Inf\"}"),
	    "d_bucket{op=\"x\",le=\"+Inf\"} 5");
	CHECK_TEXT(line_of(b.p, "d_sum{"), "d_sum{op=\"x\"} 3602.502001");
	CHECK_TEXT(line_of(b.p, "d_count{"), "d_count{op=\"x\"} 5");
	CHECK_TEXT(
	    line_of(b.p, "d_bucket{le=\"0.001\"}"), "d_bucket{le=\"0.001\"} 1");
	CHECK_TEXT(line_of(b.p, "d_sum "), "d_sum 0.000007");
	CHECK_TEXT(line_of(b.p, "d_count "), "d_count 1");
	buf_free(&b);
	metrics_free(m);
}

static void
the_first_use_decides_the_type(void)
{
	struct metrics *m = metrics_new();

	metrics_set(m, "g", NULL, 5);
	metrics_add(m, "g", NULL, -2);
	metrics_observe_us(m, "g", NULL, 1);
	CU_ASSERT_EQUAL(metrics_get(m, "g", NULL), 3);
	metrics_add(m, "c", NULL, 1);
	metrics_set(m, "c", NULL, 100);
	CU_ASSERT_EQUAL(metrics_get(m, "c", NULL), 1);
	metrics_free(m);
	metrics_free(NULL);
	metrics_add(NULL, "c", NULL, 1);
	metrics_help(NULL, "c", "x");
}

static void
label_values_are_escaped(void)
{
	struct buf b;

	buf_init(&b, 100);
	metrics_label(&b, "a", "x\"y\\z\n");
	metrics_label(&b, "b", "");
	CHECK_TEXT(buf_str(&b), "a=\"x\\\"y\\\\z\\n\",b=\"\"");
	buf_free(&b);
}

static const struct unit_case cases[] = {
	{ "prints families and series in order",
	    prints_families_and_series_in_order },
	{ "histograms are cumulative and in seconds",
	    histograms_are_cumulative_and_in_seconds },
	{ "the first use decides the type", the_first_use_decides_the_type },
	{ "label values are escaped", label_values_are_escaped },
};

int
main(void)
{
	return UNIT_RUN("metrics", cases);
}
