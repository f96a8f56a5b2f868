/* The child processes of virtual machines, with a shell as the child. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/loop.h"
#include "common/str.h"
#include "sim/qemu/seam_main.h"
#include "tests/unit/unit.h"

struct seen {
	struct loop *loop;
	struct timer late;
	char qmp[256], console[256], how[256];
	unsigned ended;
};

static void
add(char *to, size_t cap, const char *p, size_t n)
{
	size_t at = strlen(to);

	(void)str_format(to + at, cap - at, "%.*s", (int)n, p);
}

static void
on_qmp(void *arg, const char *p, size_t n)
{
	struct seen *s = arg;

	add(s->qmp, sizeof(s->qmp), p, n);
}

static void
on_console(void *arg, const char *p, size_t n)
{
	struct seen *s = arg;

	add(s->console, sizeof(s->console), p, n);
}

static void
on_ended(void *arg, const char *how)
{
	struct seen *s = arg;

	(void)str_copy(s->how, sizeof(s->how), how);
	s->ended++;
	loop_stop(s->loop);
}

static void
too_late(void *arg)
{
	struct seen *s = arg;

	loop_stop(s->loop);
}

static struct child *
shell(struct seen *s, const char *command)
{
	char sh[] = "/bin/sh", c[] = "-c", text[512];
	char *const argv[] = { sh, c, text, NULL };
	struct child_host h = { on_qmp, on_console, on_ended, s };
	struct err e = { 0 };
	struct child *child;

	memset(s, 0, sizeof(*s));
	(void)str_copy(text, sizeof(text), command);
	s->loop = loop_event_new();
	child = child_spawn(s->loop, argv, "it_qemu_child.log", &h, &e);
	CHECK_TEXT(e.msg, "");
	return child;
}

static void
run(struct seen *s, int64_t us)
{
	timer_start(s->loop, &s->late, us, too_late, s);
	loop_run(s->loop);
	timer_stop(&s->late);
}

static void
close_all(struct seen *s, struct child *c)
{
	child_free(c);
	loop_free(s->loop);
	(void)unlink("it_qemu_child.log");
}

static void
both_streams_and_the_last_words_arrive(void)
{
	struct seen s;
	struct child *c =
	    shell(&s, "read x <&3; echo got $x >&3; echo console >&4; "
		      "echo first >&2; echo the last >&2; exit 3");

	CU_ASSERT(child_send(c, "hello\n", 6));
	run(&s, 20 * LOOP_S);
	CHECK_TEXT(s.qmp, "got hello\n");
	CHECK_TEXT(s.console, "console\n");
	CHECK_TEXT(s.how, "exit status 3: the last");
	CU_ASSERT_EQUAL(s.ended, 1);
	close_all(&s, c);
}

static void
it_has_no_environment_and_no_other_files(void)
{
	struct seen s;
	int mine = open("/dev/null", O_RDONLY);
	struct child *c = shell(&s,
	    "{ env | cut -d= -f1 | grep -vE '^(PWD|_|SHLVL|OLDPWD)$'; "
	    "echo fds; ls /proc/$$/fd; } | tr '\\n' ' ' >&4");

	CU_ASSERT(mine > 2);
	run(&s, 20 * LOOP_S);
	CU_ASSERT_PTR_NOT_NULL(strstr(s.console, "PATH"));
	CU_ASSERT_PTR_NULL(strstr(s.console, "HOME"));
	CU_ASSERT_PTR_NOT_NULL(strstr(s.console, "fds 0 1 2 3 4 "));
	CU_ASSERT_PTR_NULL(strstr(s.console, " 5 "));
	(void)close(mine);
	close_all(&s, c);
}

static void
a_child_is_killed_and_waited_for(void)
{
	struct seen s;
	char pid[16];
	struct child *c = shell(&s, "echo $$ >&4; sleep 1000");

	run(&s, LOOP_S / 2);
	CU_ASSERT_EQUAL(s.ended, 0);
	(void)str_copy(pid, sizeof(pid), s.console);
	child_kill(c);
	run(&s, 20 * LOOP_S);
	CU_ASSERT_PTR_NOT_NULL(strstr(s.how, "signal 9"));
	close_all(&s, c);
	/* and without a word, when its owner goes */
	c = shell(&s, "echo $$ >&4; exec sleep 1000");
	run(&s, LOOP_S / 2);
	child_free(c);
	(void)str_format(pid, sizeof(pid), "/proc/%.*s",
	    (int)strcspn(s.console, "\n"), s.console);
	CU_ASSERT(strlen(pid) > 6);
	CU_ASSERT_NOT_EQUAL(access(pid, F_OK), 0);
	CU_ASSERT_EQUAL(s.ended, 0);
	loop_free(s.loop);
	(void)unlink("it_qemu_child.log");
}

static void
a_program_that_is_not_there_is_told(void)
{
	struct seen s;
	char none[] = "/no/such/program";
	char *const argv[] = { none, NULL };
	struct child_host h = { on_qmp, on_console, on_ended, &s };
	struct err e = { 0 };
	struct child *c;

	memset(&s, 0, sizeof(s));
	s.loop = loop_event_new();
	c = child_spawn(s.loop, argv, "it_qemu_child.log", &h, &e);
	run(&s, 20 * LOOP_S);
	CHECK_TEXT(s.how,
	    "exit status 127: /no/such/program: No such file or directory");
	close_all(&s, c);
}

static void
a_folder_is_made_once_and_wiped(void)
{
	const struct vm_paths p = { .dir = "it_qemu_state/m",
		.disk = "it_qemu_state/m/disk",
		.vars = "it_qemu_state/m/vars",
		.console = "it_qemu_state/m/console" };
	struct loop *l = loop_event_new();
	struct qemu_seam seam = qemu_seam_system(l);
	struct err e = { 0 };
	struct stat st;
	static char text[65536];
	int fd;

	CU_ASSERT(seam.prepare(seam.self, &p, 1 << 20, "CMakeCache.txt", &e));
	CHECK_TEXT(e.msg, "");
	CU_ASSERT_EQUAL(stat(p.disk, &st), 0);
	CU_ASSERT_EQUAL(st.st_size, 1 << 20);
	CU_ASSERT_EQUAL(st.st_mode & 0777, 0600);
	CU_ASSERT_EQUAL(stat(p.vars, &st), 0);
	CU_ASSERT(st.st_size > 100);
	fd = open(p.disk, O_WRONLY);
	CU_ASSERT_EQUAL(write(fd, "boot", 4), 4);
	(void)close(fd);
	CU_ASSERT(seam.prepare(seam.self, &p, 1 << 10, "CMakeCache.txt", &e));
	CU_ASSERT_EQUAL(stat(p.disk, &st), 0);
	CU_ASSERT_EQUAL(st.st_size, 1 << 20);
	CU_ASSERT(st.st_blocks > 0);
	seam.wipe(seam.self, &p);
	CU_ASSERT_EQUAL(stat(p.disk, &st), 0);
	CU_ASSERT_EQUAL(st.st_size, 1 << 20);
	CU_ASSERT_EQUAL(st.st_blocks, 0);
	CU_ASSERT_NOT_EQUAL(stat(p.vars, &st), 0);
	CU_ASSERT_FALSE(
	    seam.prepare(seam.self, &p, 1 << 20, "/no/such/vars", &e));
	CHECK_TEXT(
	    e.msg, "cannot read /no/such/vars: No such file or directory");
	/* a guest that talks for ever */
	memset(text, 'x', sizeof(text));
	for (int i = 0; i < 300; i++)
		seam.keep(seam.self, &p, text, sizeof(text));
	CU_ASSERT_EQUAL(stat("it_qemu_state/m/console.1", &st), 0);
	CU_ASSERT_EQUAL(st.st_size, 129 * (int)sizeof(text));
	CU_ASSERT_EQUAL(stat(p.console, &st), 0);
	CU_ASSERT_EQUAL(st.st_size, 42 * (int)sizeof(text));
	CU_ASSERT_EQUAL(st.st_mode & 0777, 0600);
	(void)unlink("it_qemu_state/m/console.1");
	(void)unlink(p.console);
	(void)unlink(p.disk);
	(void)rmdir(p.dir);
	(void)rmdir("it_qemu_state");
	loop_free(l);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		UNIT_CASE(both_streams_and_the_last_words_arrive),
		UNIT_CASE(it_has_no_environment_and_no_other_files),
		UNIT_CASE(a_child_is_killed_and_waited_for),
		UNIT_CASE(a_program_that_is_not_there_is_told),
		UNIT_CASE(a_folder_is_made_once_and_wiped),
	};

	return UNIT_RUN("qemu child", cases);
}
