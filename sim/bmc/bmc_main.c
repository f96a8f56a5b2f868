/* See bmc_main.h: options, sockets, signals around a fleet. */
#include "sim/bmc/bmc_main.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "sim/bmc/fleet.h"
#include "sim/bmc/profile.h"
#include "sim/bmc/strlist.h"
#include "sim/process.h"
#include "sim/qemu/qemu.h"
#include "sim/qemu/seam_main.h"

#define GRACE_US (2 * LOOP_S)
#define TIMES 10

struct bmc_opts {
	bool help, plain, knobs, no_control, one_service;
	const char *addr, *name_prefix, *profiles_dir, *profiles, *set, *replay,
	    *username, *password, *ca_out, *control_addr, *log, *on, *boards;
	const char *backend, *dir, *accel, *firmware, *binary, *code, *vars;
	int64_t memory, cpus, disk;
	int64_t count, prefix, port, max_conns, control_port, speed, seed,
	    trace, read_max;
	int64_t times[TIMES];
};
#define O(f) offsetof(struct bmc_opts, f)
#define TIME(name, i, dflt, help) \
	{ \
		name, 0, OPT_DURATION, "TIME", dflt, 0, 86400000000LL, help, \
		    NULL, O(times) + (i) * sizeof(int64_t) \
	}

static const struct option_row rows[] = {
	{ "count", 'n', OPT_INT, "N", "1", 1, 100000, "BMCs in this process",
	    "Fleet", O(count) },
	{ "name-prefix", 0, OPT_STR, "TEXT", "bmc-", 0, 0,
	    "names are TEXT000, TEXT001, ...", NULL, O(name_prefix) },
	{ "profiles", 'p', OPT_STR, "NAMES", "generic", 0, 0,
	    "vendor profiles by commas, dealt round robin", NULL, O(profiles) },
	{ "profiles-dir", 0, OPT_STR, "DIR", "sim/bmc/profiles", 0, 0,
	    "where NAME.yaml is read from", NULL, O(profiles_dir) },
	{ "set", 0, OPT_STR, "YAML", NULL, 0, 0,
	    "knobs over those of the profiles: '{reset: {dynamic: true}}'",
	    NULL, O(set) },
	{ "replay", 0, OPT_STR, "DIR", NULL, 0, 0,
	    "serve this recording (beskar7-agent probe --record, or one of "
	    "DMTF's mockups); --profiles then only says what is refused",
	    NULL, O(replay) },
	{ "on", 0, OPT_STR, "NAMES", NULL, 0, 0,
	    "BMCs by commas whose machine runs an OS at the start", NULL,
	    O(on) },
	{ "boards", 0, OPT_STR, "JSON", NULL, 0, 0,
	    "what single BMCs differ in: [{\"bmc\": \"bmc-000\", \"uuid\": "
	    "..., "
	    "\"serial\": ..., \"arch\": ..., \"username\": ..., "
	    "\"password\": ..., \"disk-image\": ...}]",
	    NULL, O(boards) },
	{ "seed", 0, OPT_INT, "N", "1", 0, 1LL << 62,
	    "of identities and of faults' chances", NULL, O(seed) },
	{ "addr", 'a', OPT_STR, "IP", "127.0.0.1", 0, 0,
	    "address of the first BMC", "Network", O(addr) },
	{ "prefix", 0, OPT_INT, "BITS", "0", 0, 32,
	    "an address a BMC, counted up in this block, all on one port; "
	    "0 = one address, a port a BMC",
	    NULL, O(prefix) },
	{ "one-service", 0, OPT_FLAG, NULL, NULL, 0, 0,
	    "one address and one Redfish service, whose systems all are", NULL,
	    O(one_service) },
	{ "port", 0, OPT_INT, "N", "8443", 0, 65535, "port, or first port",
	    NULL, O(port) },
	{ "max-conns", 0, OPT_INT, "N", "1024", 1, 1000000,
	    "connections at once", NULL, O(max_conns) },
	{ "plain", 0, OPT_FLAG, NULL, NULL, 0, 0, "HTTP instead of HTTPS", NULL,
	    O(plain) },
	{ "ca-out", 0, OPT_STR, "FILE", NULL, 0, 0,
	    "writes the CA's certificate (PEM) there", NULL, O(ca_out) },
	{ "username", 'u', OPT_STR, "NAME", "root", 0, 0, "account of all",
	    NULL, O(username) },
	{ "password", 0, OPT_STR, "TEXT", "b7-sim-secret", 0, 0, "its password",
	    NULL, O(password) },
	{ "control-addr", 0, OPT_STR, "IP", "127.0.0.1", 0, 0,
	    "where the control API listens (HTTP, no password)", "Control API",
	    O(control_addr) },
	{ "control-port", 0, OPT_INT, "N", "9900", 0, 65535, "0 = any", NULL,
	    O(control_port) },
	{ "no-control", 0, OPT_FLAG, NULL, NULL, 0, 0, "no control API at all",
	    NULL, O(no_control) },
	{ "trace", 0, OPT_INT, "N", "32", 1, 10000,
	    "exchanges kept for each BMC", NULL, O(trace) },
	{ "speed", 0, OPT_INT, "N", "1", 1, 1000,
	    "all times below, and those of profiles, N times as short",
	    "Machines", O(speed) },
	TIME("power-on", 0, "2s", "Off to On"),
	TIME("power-off", 1, "2s", "On to Off"),
	TIME("shutdown", 2, "8s", "an OS obeys ACPI"),
	TIME("post", 3, "20s", "On to the choice of the boot device"),
	TIME("os-boot", 4, "15s", "boot loader to OSRunning"),
	TIME("install", 5, "30s", "an installer at work"),
	TIME("insert", 6, "500ms", "until a medium is mounted"),
	TIME("eject", 7, "300ms", "until it is gone"),
	TIME("bmc-restart", 8, "60s", "the controller is away"),
	TIME("pxe", 9, "5s", "until PXE gives up"),
	{ "read-max", 0, OPT_INT, "BYTES", "8388608", 65536, 1LL << 40,
	    "how much of a medium a boot reads", NULL, O(read_max) },
	{ "backend", 0, OPT_STR, "NAME", "virtual", 0, 0,
	    "what the machines are: virtual, or qemu, virtual machines of QEMU "
	    "that really boot (sim/qemu/README.md)",
	    "Machines of QEMU", O(backend) },
	{ "qemu-dir", 0, OPT_STR, "DIR", NULL, 0, 0,
	    "disks, UEFI variables, consoles: a folder a machine; must be "
	    "given",
	    NULL, O(dir) },
	{ "qemu-accel", 0, OPT_STR, "NAME", "auto", 0, 0,
	    "kvm, tcg (software), or auto: kvm until it fails", NULL,
	    O(accel) },
	{ "qemu-firmware", 0, OPT_STR, "NAME", "auto", 0, 0,
	    "uefi, bios, or auto: as the boot override's mode says", NULL,
	    O(firmware) },
	{ "qemu-memory", 0, OPT_INT, "MIB", "1024", 64, 1 << 20, "of each",
	    NULL, O(memory) },
	{ "qemu-cpus", 0, OPT_INT, "N", "1", 1, 255, "of each", NULL, O(cpus) },
	{ "qemu-disk", 0, OPT_INT, "GIB", "8", 1, 1 << 16,
	    "of each, as a sparse file", NULL, O(disk) },
	{ "qemu-binary", 0, OPT_STR, "FILE", "/usr/bin/qemu-system-x86_64", 0,
	    0, "QEMU", NULL, O(binary) },
	{ "qemu-uefi-code", 0, OPT_STR, "FILE",
	    "/usr/share/OVMF/OVMF_CODE_4M.fd", 0, 0, "OVMF", NULL, O(code) },
	{ "qemu-uefi-vars", 0, OPT_STR, "FILE",
	    "/usr/share/OVMF/OVMF_VARS_4M.fd", 0, 0,
	    "its variables, copied for each machine", NULL, O(vars) },
	{ "log-level", 0, OPT_STR, "LEVEL", "info", 0, 0,
	    "error, warn, info, debug (each event) or trace", "Other", O(log) },
	{ "knobs", 0, OPT_FLAG, NULL, NULL, 0, 0,
	    "prints what a profile can say, and ends", NULL, O(knobs) },
	{ "help", 'h', OPT_FLAG, NULL, NULL, 0, 0, "prints this", NULL,
	    O(help) },
	{ 0 },
};

static const char usage[] =
    "Usage: beskar7-sim bmc [OPTIONS]\n\n"
    "Simulates servers with Redfish BMCs: power, POST, boot from virtual\n"
    "media (the image is really fetched), installers, operating systems.\n\n"
    "  beskar7-sim bmc --count 12 --profiles generic,idrac9,ilo5 \\\n"
    "      --addr 127.10.0.1 --prefix 24 --ca-out ca.pem\n"
    "  curl --cacert ca.pem -u root:b7-sim-secret \\\n"
    "      https://127.10.0.1:8443/redfish/v1/Systems\n"
    "  curl http://127.0.0.1:9900/bmcs                 who there is\n"
    "  curl http://127.0.0.1:9900/events?follow=1      what happens\n"
    "  curl -X POST http://127.0.0.1:9900/bmcs/bmc-000/power-button\n\n"
    "With --replay a recorded BMC is served: its tree, with a machine behind\n"
    "it that really boots. Machines start off and with empty slots; with\n"
    "--count each further one gets an identity of its own.\n\n"
    "  beskar7-agent probe https://bmc --record rec\n"
    "  beskar7-sim bmc --replay rec --profiles ilo5 --ca-out ca.pem\n\n"
    "sim/bmc/README.md has the control API, faults and profiles.\n\n";

struct run {
	struct sim_process p;
	struct bmc_opts o;
	struct bmc_fleet *fleet;
	struct qemu_opts backend; /* strings are those of o */
	struct qemu_seam seam;
	struct qemu *qemu; /* owned; NULL = the machines are virtual */
};

static void
on_event(void *arg, const struct bmc_event *ev)
{
	struct run *r = arg;

	if (ev->kind == BMC_EV_REQUEST)
		LOGD(&r->p.log, "request", F_STR("bmc", ev->bmc),
		    F_STR("method", ev->method), F_STR("target", ev->target),
		    F_INT("status", ev->status), F_STR("from", ev->from));
	else
		LOGI(&r->p.log, bmc_event_name(ev->kind), F_STR("bmc", ev->bmc),
		    F_STR("text", ev->text));
}

/* Thousands of BMCs are thousands of sockets. */
static void
raise_files(void)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l) == 0 && l.rlim_cur < l.rlim_max) {
		l.rlim_cur = l.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &l); /* best effort */
	}
}

/* "a,b,c" into a list. */
static void
split(struct strlist *l, const char *text)
{
	char *copy = xstrdup(text ? text : "");

	for (char *p = copy; *p; p++)
		if (*p == ',')
			*p = ' ';
	strlist_set(l, copy);
	xfree(copy);
}

static int64_t
ms(int64_t us)
{
	/* 0 asks for none, which the fleet's options write as -1 */
	return us ? (us + LOOP_MS - 1) / LOOP_MS : -1;
}

static void
fill_timing(struct bmc_timing *t, const struct bmc_opts *o)
{
	t->power_on_ms = ms(o->times[0]);
	t->power_off_ms = ms(o->times[1]);
	t->shutdown_ms = ms(o->times[2]);
	t->post_ms = ms(o->times[3]);
	t->os_boot_ms = ms(o->times[4]);
	t->install_ms = ms(o->times[5]);
	t->insert_ms = ms(o->times[6]);
	t->eject_ms = ms(o->times[7]);
	t->bmc_restart_ms = ms(o->times[8]);
	t->pxe_ms = ms(o->times[9]);
	t->time_scale = (unsigned)(1000 / o->speed);
}

/* What single BMCs differ in; strings are those of doc and on. */
struct boards {
	cJSON *doc;
	struct strlist on;
	struct bmc_override *v;
	size_t n;
};

static void
boards_fini(struct boards *b)
{
	cJSON_Delete(b->doc);
	strlist_free(&b->on);
	xfree(b->v);
}

static bool
boards_add(struct boards *b, const cJSON *j, struct err *e)
{
	static const char *const keys[] = { "bmc", "uuid", "serial", "arch",
		"username", "password", "disk-image" };
	const cJSON *m;

	cJSON_ArrayForEach (m, j) {
		bool known = false;

		for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
			known = known || str_eq(keys[i], m->string);
		if (!known || !cJSON_IsString(m))
			return err_set(e, ERR_SPEC, 0,
			    "--boards: %s: not a text that is known",
			    m->string == NULL ? "" : m->string);
	}
	if (json_str(j, "bmc", NULL) == NULL)
		return err_set(e, ERR_SPEC, 0, "--boards: one without bmc");
	b->v[b->n++] = (struct bmc_override){ .bmc = json_str(j, "bmc", NULL),
		.uuid = json_str(j, "uuid", NULL),
		.serial = json_str(j, "serial", NULL),
		.arch = json_str(j, "arch", NULL),
		.username = json_str(j, "username", NULL),
		.password = json_str(j, "password", NULL),
		.disk_image = json_str(j, "disk-image", NULL) };
	return true;
}

static void
boards_switch_on(struct boards *b, const char *name)
{
	for (size_t i = 0; i < b->n; i++)
		if (str_eq(b->v[i].bmc, name)) {
			b->v[i].powered_on = true;
			return;
		}
	b->v[b->n++] = (struct bmc_override){ .bmc = name, .powered_on = true };
}

static bool
boards_read(struct boards *b, const struct bmc_opts *o, struct err *e)
{
	const cJSON *j;
	size_t n = 0;

	split(&b->on, o->on);
	if (o->boards != NULL) {
		b->doc = json_parse(o->boards, strlen(o->boards), e);
		if (b->doc == NULL)
			return err_wrap(e, "--boards");
		if (!cJSON_IsArray(b->doc))
			return err_set(e, ERR_SPEC, 0, "--boards: not a list");
		n = (size_t)cJSON_GetArraySize(b->doc);
	}
	b->v = xcalloc(n + b->on.n + 1, sizeof(*b->v));
	cJSON_ArrayForEach (j, b->doc)
		if (!boards_add(b, j, e))
			return false;
	for (size_t i = 0; i < b->on.n; i++)
		boards_switch_on(b, b->on.v[i]);
	return true;
}

/* --backend and what belongs to it; dir NULL: the machines are virtual. */
static bool
backend_opts(const struct bmc_opts *o, struct qemu_opts *q, struct err *e)
{
	*q = (struct qemu_opts){ .binary = o->binary,
		.uefi_code = o->code,
		.uefi_vars = o->vars,
		.memory_mib = o->memory,
		.cpus = o->cpus,
		.disk_bytes = o->disk << 30 };
	if (str_eq(o->backend, "virtual"))
		return true;
	if (!str_eq(o->backend, "qemu"))
		return err_set(e, ERR_SPEC, 0,
		    "--backend %s: neither virtual nor qemu", o->backend);
	if (!o->dir)
		return err_set(
		    e, ERR_SPEC, 0, "--backend qemu needs --qemu-dir");
	if (!qemu_accel_parse(o->accel, &q->accel))
		return err_set(e, ERR_SPEC, 0,
		    "--qemu-accel %s: neither auto, kvm nor tcg", o->accel);
	if (!qemu_firmware_parse(o->firmware, &q->firmware))
		return err_set(e, ERR_SPEC, 0,
		    "--qemu-firmware %s: neither auto, uefi nor bios",
		    o->firmware);
	q->dir = o->dir;
	return true;
}

static bool
there(
    const struct files *f, const char *path, const char *package, struct err *e)
{
	struct err why = { 0 };
	uint64_t n;

	return f->size(f->self, path, &n, &why) ||
	       err_set(e, ERR_NOTFOUND, 0,
		   "--backend qemu: no %s (Debian's package %s)", path,
		   package);
}

static bool
make_backend(struct run *r, struct err *e)
{
	const struct qemu_opts *q = &r->backend;
	const struct files *f = r->p.env.files;

	if (!q->dir)
		return true;
	if (!there(f, q->binary, "qemu-system-x86", e))
		return false;
	if (q->firmware != QEMU_FIRMWARE_BIOS &&
	    (!there(f, q->uefi_code, "ovmf", e) ||
		!there(f, q->uefi_vars, "ovmf", e)))
		return false;
	r->seam = qemu_seam_system(r->p.loop);
	r->qemu = qemu_new(&r->p.env, &r->seam, q);
	return true;
}

static bool
start(void *arg, struct err *e)
{
	struct run *r = arg;
	const struct bmc_opts *o = &r->o;
	struct strlist names = { 0 };
	struct boards boards = { 0 };
	struct bmc_fleet_opts f = { .count = (unsigned)o->count,
		.name_prefix = o->name_prefix,
		.addr = o->addr,
		.prefix = (unsigned)o->prefix,
		.port = (unsigned)o->port,
		.one_service = o->one_service,
		.max_conns = (unsigned)o->max_conns,
		.profiles_dir = o->profiles_dir,
		.knobs = o->set,
		.replay = o->replay,
		.username = o->username,
		.password = o->password,
		.tls = !o->plain,
		.control_addr = o->control_addr,
		.control_port = (unsigned)o->control_port,
		.control = !o->no_control,
		.read_max = o->read_max,
		.trace = (unsigned)o->trace,
		.on_event = on_event,
		.arg = r };

	if (!make_backend(r, e))
		return false;
	f.board = r->qemu ? qemu_maker(r->qemu) : NULL;
	split(&names, o->profiles);
	f.profiles = (const char *const *)names.v;
	f.n_profiles = names.n;
	fill_timing(&f.timing, o);
	if (boards_read(&boards, o, e)) {
		f.overrides = boards.v;
		f.n_overrides = boards.n;
		r->fleet = bmc_fleet_new(&r->p.env, &f, e);
	}
	boards_fini(&boards);
	strlist_free(&names);
	if (!r->fleet)
		return false;
	return !o->ca_out || o->plain ||
	       sim_write_file(o->ca_out, bmc_fleet_ca_pem(r->fleet), 0644, e);
}

static void
ready(void *arg)
{
	const struct run *r = arg;
	char first[128], last[128];
	unsigned n = bmc_fleet_count(r->fleet);

	bmc_address(bmc_fleet_at(r->fleet, 0), first, sizeof(first));
	bmc_address(bmc_fleet_at(r->fleet, n - 1), last, sizeof(last));
	(void)printf("ready %s", first);
	if (n > 1)
		(void)printf(" to %s", last);
	if (!r->o.no_control)
		(void)printf(" control=http://%s:%u", r->o.control_addr,
		    bmc_fleet_control_port(r->fleet));
	(void)printf("\n");
}

static void
stop(void *arg, int64_t grace_us)
{
	struct run *r = arg;

	bmc_fleet_stop(r->fleet, grace_us);
}

static void
fini(void *arg)
{
	struct run *r = arg;

	bmc_fleet_free(r->fleet);
	qemu_free(r->qemu);
}

int
bmc_main(int argc, char **argv)
{
	static const struct sim_command command = { "bmc", "BESKAR7_BMC", usage,
		rows };
	struct sim_args args = { .argc = argc, .argv = argv };
	struct run r = { 0 };
	struct err e = { 0 };
	int status;

	if (!sim_options(&command, &r.o, &r.o.help, &args, &status))
		return status;
	if (r.o.knobs) {
		profile_print_knobs(stdout);
		return 0;
	}
	if (!backend_opts(&r.o, &r.backend, &e))
		return sim_refuse(&command, &e);
	raise_files();
	r.p = (struct sim_process){ .name = "bmc",
		.log_level = r.o.log,
		.seed = (uint64_t)r.o.seed,
		.start = start,
		.ready = ready,
		.stop = stop,
		.grace_us = GRACE_US,
		.fini = fini,
		.arg = &r };
	return sim_process_run(&r.p);
}
