/* See fleet.h. */
#include "sim/bmc/fleet.h"

#include <stdio.h>
#include <string.h>

#include "common/env.h"
#include "common/mem.h"
#include "common/str.h"
#include "common/tls.h"
#include "sim/bmc/control.h"
#include "sim/bmc/fault.h"
#include "sim/bmc/fault_wire.h"
#include "sim/bmc/firmware.h"
#include "sim/bmc/fleet_internal.h"
#include "sim/bmc/journal.h"
#include "sim/bmc/machine.h"
#include "sim/bmc/machine_ops.h"
#include "sim/bmc/media.h"
#include "sim/bmc/replay.h"
#include "sim/bmc/request.h"
#include "sim/bmc/service.h"
#include "sim/bmc/session.h"
#include "sim/bmc/subscription.h"
#include "sim/bmc/trace.h"
#include "sim/bmc/view.h"

#define JOURNAL_KEPT 8192
#define ONE_SERVICE_MAX 20000u /* members fit into a reply */
#define DFLT(v, d) ((v) ? (v) : (d))

/* ---- addresses ---------------------------------------------------------- */

static uint32_t
v4_of(const struct http_addr *a)
{
	return (uint32_t)a->ip[12] << 24 | (uint32_t)a->ip[13] << 16 |
	       (uint32_t)a->ip[14] << 8 | a->ip[15];
}

static void
address_of(const struct bmc_fleet *f, unsigned i, struct http_addr *a)
{
	uint32_t v4 = v4_of(&f->first) + i;

	*a = f->first;
	if (f->one_service) {
		a->port = (uint16_t)f->port;
		return;
	}
	if (!f->prefix) {
		a->port = (uint16_t)(f->port + i);
		return;
	}
	a->port = (uint16_t)f->port;
	a->ip[12] = (uint8_t)(v4 >> 24);
	a->ip[13] = (uint8_t)(v4 >> 16);
	a->ip[14] = (uint8_t)(v4 >> 8);
	a->ip[15] = (uint8_t)v4;
}

struct bmc *
bmc_fleet_by_addr(struct bmc_fleet *f, const struct http_addr *local)
{
	unsigned i = f->prefix ? v4_of(local) - v4_of(&f->first)
			       : (unsigned)local->port - f->port;

	if (f->one_service)
		i = 0;
	return i < f->count ? &f->bmcs[i] : NULL;
}

void
fleet_ids_forget(const struct bmc *b)
{
	const char *ids[] = { b->sys_id, b->mgr_id, b->cha_id };

	for (size_t i = 0; b->fleet->one_service && i < 3; i++)
		if (ids[i])
			(void)map_take(&b->fleet->ids, ids[i]); /* not owned */
}

void
fleet_ids_learn(struct bmc *b)
{
	const char *ids[] = { b->sys_id, b->mgr_id, b->cha_id };

	for (size_t i = 0; b->fleet->one_service && i < 3; i++)
		(void)map_put(&b->fleet->ids, ids[i], b); /* or the same */
}

struct bmc *
fleet_machine_of(struct bmc *front, const char *path)
{
	static const char *const parts[] = { V1 "/Systems/", V1 "/Managers/",
		V1 "/Chassis/" };
	char id[REQUEST_ARG];
	struct bmc *b = NULL;

	for (size_t i = 0; front->fleet->one_service && i < 3; i++) {
		const char *at = path + strlen(parts[i]);
		size_t n;

		if (!str_has_prefix(path, parts[i]))
			continue;
		n = strcspn(at, "/?#");
		if (n >= sizeof(id))
			break;
		memcpy(id, at, n);
		id[n] = '\0';
		b = map_get(&front->fleet->ids, id);
	}
	return b ? b : front;
}

void
bmc_address(const struct bmc *b, char *out, size_t cap)
{
	char text[64];

	http_addr_text(&b->addr, text);
	(void)str_format(
	    out, cap, "%s://%s", b->fleet->tls ? "https" : "http", text);
}

/* ---- the listener ------------------------------------------------------- */

static bool
accepts(
    void *arg, const struct http_addr *local, const struct http_addr *remote)
{
	struct bmc *b = bmc_fleet_by_addr(arg, local);

	(void)remote;
	if (!b || b->down || fault_on_connect(b) ||
	    (b->profile->connections &&
		b->n_conns >= (unsigned)b->profile->connections))
		return false;
	b->n_conns++;
	return true;
}

static void
closed(void *arg, const struct http_addr *local)
{
	struct bmc *b = bmc_fleet_by_addr(arg, local);

	if (b)
		b->n_conns--;
}

static void
manner(void *arg, const struct http_addr *local, struct http_manner *m)
{
	struct bmc *b = bmc_fleet_by_addr(arg, local);

	if (!b)
		return;
	fault_on_accepted(b, m);
	m->once = !b->profile->keep_alive;
}

static bool
start_listener(struct bmc_fleet *f, const struct bmc_fleet_opts *o,
    const char *addr, struct err *e)
{
	struct http_listen_opts lo = { .addr = addr,
		.prefix = o->prefix,
		.port = o->port,
		.n_ports = o->prefix || o->one_service ? 1 : f->count,
		.max_conns = o->max_conns,
		.accept = accepts,
		.closed = closed,
		.manner = manner,
		.handle = service_handle,
		.arg = f,
		.limits = { .body_max = 1u << 20 } };

	if (!o->prefix && !o->one_service && f->count > 1 && !o->port)
		return err_set(
		    e, ERR_SPEC, 0, "a range of ports needs its first port");
	if (f->tls)
		lo.identity = fleet_identity;
	f->server = http_listen(f->env->net, &lo, e);
	if (!f->server)
		return false;
	f->port = http_server_port(f->server);
	return true;
}

/* ---- making ------------------------------------------------------------- */

static void
copy_timing(struct bmc_timing *t, const struct bmc_timing *from)
{
	static const struct bmc_timing dflt = { .power_on_ms = 2000,
		.power_off_ms = 2000,
		.shutdown_ms = 8000,
		.post_ms = 20000,
		.os_boot_ms = 15000,
		.install_ms = 30000,
		.insert_ms = 500,
		.eject_ms = 300,
		.bmc_restart_ms = 60000,
		.pxe_ms = 5000,
		.time_scale = 1000 };
	const struct bmc_timing *d = &dflt;

	t->power_on_ms = DFLT(from->power_on_ms, d->power_on_ms);
	t->power_off_ms = DFLT(from->power_off_ms, d->power_off_ms);
	t->shutdown_ms = DFLT(from->shutdown_ms, d->shutdown_ms);
	t->post_ms = DFLT(from->post_ms, d->post_ms);
	t->os_boot_ms = DFLT(from->os_boot_ms, d->os_boot_ms);
	t->install_ms = DFLT(from->install_ms, d->install_ms);
	t->insert_ms = DFLT(from->insert_ms, d->insert_ms);
	t->eject_ms = DFLT(from->eject_ms, d->eject_ms);
	t->bmc_restart_ms = DFLT(from->bmc_restart_ms, d->bmc_restart_ms);
	t->pxe_ms = DFLT(from->pxe_ms, d->pxe_ms);
	t->time_scale = DFLT(from->time_scale, d->time_scale);
}

static const struct bmc_profile *
profile_of(struct bmc_fleet *f, const struct bmc_fleet_opts *o,
    const char *name, struct err *e)
{
	struct bmc_profile *p = map_get(&f->profiles, name);

	if (p)
		return p;
	p = profile_load(f->env->files, o->profiles_dir, name, e);
	if (p && o->knobs &&
	    !profile_apply(p, o->knobs, strlen(o->knobs), "knobs", e)) {
		profile_free(p);
		return NULL;
	}
	if (p && f->replay)
		replay_profile(f->replay, p);
	if (p)
		(void)map_put(&f->profiles, name, p); /* was absent */
	return p;
}

static const struct bmc_override *
override_of(const struct bmc_fleet_opts *o, const char *name)
{
	for (size_t i = 0; i < o->n_overrides; i++)
		if (str_eq(o->overrides[i].bmc, name))
			return &o->overrides[i];
	return NULL;
}

static void
override_board(struct bmc *b, const struct bmc_override *ov)
{
	if (ov->serial)
		(void)str_copy(b->hw.serial, sizeof(b->hw.serial), ov->serial);
	if (ov->uuid)
		(void)str_copy(b->hw.uuid, sizeof(b->hw.uuid), ov->uuid);
	if (ov->arch)
		(void)str_copy(b->hw.arch, sizeof(b->hw.arch), ov->arch);
	if (ov->powered_on && !b->fleet->board)
		machine_start_running(
		    b, ov->disk_image ? ov->disk_image : "factory");
	else if (ov->disk_image)
		xreplace(&b->m.disk_image, ov->disk_image);
}

/* A real machine that is found on boots what its disk holds. */
static bool
make_board(struct bmc *b, const struct bmc_override *ov, struct err *e)
{
	if (!machine_board_make(b, e)) {
		bmc_fini(b);
		return false;
	}
	if (ov->powered_on)
		machine_reset(b, RESET_ON);
	return true;
}

static bool
make_bmc(struct bmc_fleet *f, const struct bmc_fleet_opts *o, unsigned i,
    struct err *e)
{
	static const struct bmc_override none = { 0 };
	struct bmc *b = &f->bmcs[i];
	const struct bmc_override *ov;
	const char *name =
	    o->n_profiles ? o->profiles[i % o->n_profiles] : "generic";
	const char *password;

	b->fleet = f;
	b->front = f->one_service ? &f->bmcs[0] : b;
	b->index = i;
	b->name = xasprintf("%s%03u", DFLT(o->name_prefix, "bmc-"), i);
	ov = override_of(o, b->name);
	if (!ov)
		ov = &none;
	b->profile = profile_of(f, o, DFLT(ov->profile, name), e);
	if (!b->profile) {
		xfree(b->name);
		return false;
	}
	password = DFLT(ov->password, DFLT(o->password, "b7-sim-secret"));
	b->root.name = xstrdup(DFLT(ov->username, DFLT(o->username, "root")));
	secret_set(&b->root.password, password, strlen(password));
	bmc_init(b);
	if (f->replay)
		replay_board(f->replay, b);
	override_board(b, ov);
	return !f->board || make_board(b, ov, e);
}

static bool
make_bmcs(struct bmc_fleet *f, const struct bmc_fleet_opts *o, struct err *e)
{
	unsigned want = DFLT(o->count, 1);

	if (o->replay) {
		f->replay = replay_load(f->env->files, o->replay, e);
		if (!f->replay)
			return false;
	}
	f->bmcs = xcalloc(want, sizeof(*f->bmcs));
	/* f->count counts those that must be taken down again */
	while (f->count < want) {
		if (!make_bmc(f, o, f->count, e))
			return false;
		f->count++;
	}
	for (size_t i = 0; i < o->n_overrides; i++)
		if (!bmc_fleet_get(f, o->overrides[i].bmc))
			return err_set(e, ERR_SPEC, 0,
			    "override for %s: there is no such BMC",
			    o->overrides[i].bmc);
	return true;
}

static bool
block_fits(const struct bmc_fleet *f, struct err *e)
{
	uint64_t room;

	if (f->one_service)
		return true;
	if (!f->prefix)
		return f->port + f->count <= 65536 ||
		       err_set(e, ERR_SPEC, 0, "too few ports for %u BMCs",
			   f->count);
	if (f->prefix > 32 || f->prefix < 8)
		return err_set(e, ERR_SPEC, 0,
		    "the prefix of an address block must be 8 to 32");
	room = 1ull << (32 - f->prefix);
	room -= v4_of(&f->first) & (room - 1);
	return f->count <= room || err_set(e, ERR_SPEC, 0,
				       "%u BMCs do not fit into the address "
				       "block",
				       f->count);
}

static bool
start(struct bmc_fleet *f, const struct bmc_fleet_opts *o, struct err *e)
{
	const char *addr = DFLT(o->addr, "127.0.0.1");

	if (!http_addr_ip_parse(&f->first, addr, 0))
		return err_set(e, ERR_SPEC, 0, "%s is not an IP address", addr);
	f->prefix = o->prefix;
	f->port = o->port;
	f->one_service = o->one_service;
	if (o->one_service &&
	    (o->prefix || o->replay || o->count > ONE_SERVICE_MAX))
		return err_set(e, ERR_SPEC, 0,
		    "one service has one address, no recording, and at most "
		    "%u systems",
		    ONE_SERVICE_MAX);
	if (o->ca)
		f->ca = tls_identity_ref(o->ca);
	else if (f->tls && !fleet_own_ca(f, e))
		return false;
	if (!make_bmcs(f, o, e) || !block_fits(f, e) ||
	    !start_listener(f, o, addr, e))
		return false;
	for (unsigned i = 0; i < f->count; i++)
		address_of(f, i, &f->bmcs[i].addr);
	if (o->control) {
		f->control = control_listen(
		    f, DFLT(o->control_addr, "127.0.0.1"), o->control_port, e);
		return f->control != NULL;
	}
	return true;
}

struct bmc_fleet *
bmc_fleet_new(
    const struct env *env, const struct bmc_fleet_opts *o, struct err *e)
{
	struct bmc_fleet *f = xcalloc(1, sizeof(*f));

	f->env = env;
	f->board = o->board;
	f->machine = o->board ? &machine_board : &machine_virtual;
	f->tls = o->tls;
	f->virtual_tls = o->virtual_tls;
	f->read_chunk = o->read_chunk ? (int64_t)o->read_chunk : 512 << 10;
	f->read_max = DFLT(o->read_max, 8 << 20);
	f->trace_kept = DFLT(o->trace, 32);
	copy_timing(&f->timing, &o->timing);
	LIST_INIT(&f->requests);
	LIST_INIT(&f->floods);
	LIST_INIT(&f->chunks);
	f->journal = journal_new(env, JOURNAL_KEPT, o->on_event, o->arg);
	f->faults = fault_set_new();
	f->traces = trace_log_new();
	if (start(f, o, e))
		return f;
	bmc_fleet_free(f);
	return NULL;
}

void
bmc_fleet_stop(struct bmc_fleet *f, int64_t grace_us)
{
	for (unsigned i = 0; i < f->count; i++)
		events_close_streams(&f->bmcs[i]);
	if (f->server)
		http_server_stop(f->server, grace_us);
	control_stop(f->control, grace_us);
}

static void
free_profile(void *p)
{
	profile_free(p);
}

void
bmc_fleet_free(struct bmc_fleet *f)
{
	if (!f)
		return;
	/* first whoever could still call us, then what they would call */
	control_free(f->control);
	service_forget_clients(f);
	for (unsigned i = 0; i < f->count; i++) {
		media_cancel_all(&f->bmcs[i]);
		events_free(&f->bmcs[i]);
		firmware_restart(&f->bmcs[i]);
	}
	service_drop_all(f);
	fault_wire_drop_all(f);
	send_drop_all(f);
	http_server_free(f->server);
	for (unsigned i = 0; i < f->count; i++)
		bmc_fini(&f->bmcs[i]);
	xfree(f->bmcs);
	map_free(&f->ids, NULL);
	map_free(&f->profiles, free_profile);
	replay_free(f->replay);
	for (size_t i = 0; i < f->n_old; i++)
		tls_identity_free(f->old[i]);
	xfree(f->old);
	tls_identity_free(f->ca);
	xfree(f->ca_pem);
	fault_set_free(f->faults);
	trace_log_free(f->traces);
	journal_free(f->journal);
	xfree(f);
}

/* ---- looking ------------------------------------------------------------ */

unsigned
bmc_fleet_count(const struct bmc_fleet *f)
{
	return f->count;
}

unsigned
bmc_fleet_port(const struct bmc_fleet *f)
{
	return f->port;
}

unsigned
bmc_fleet_control_port(const struct bmc_fleet *f)
{
	return f->control ? control_port(f->control) : 0;
}

const char *
bmc_fleet_ca_pem(const struct bmc_fleet *f)
{
	return f->ca_pem;
}

struct tls_identity *
bmc_fleet_ca(const struct bmc_fleet *f)
{
	return f->ca;
}

struct bmc *
bmc_fleet_get(struct bmc_fleet *f, const char *name)
{
	for (unsigned i = 0; i < f->count; i++)
		if (str_eq(f->bmcs[i].name, name))
			return &f->bmcs[i];
	return NULL;
}

struct bmc *
bmc_fleet_at(struct bmc_fleet *f, unsigned index)
{
	return index < f->count ? &f->bmcs[index] : NULL;
}

const char *
bmc_name(const struct bmc *b)
{
	return b->name;
}

static const char *
or_empty(const char *s)
{
	return s ? s : "";
}

void
bmc_snapshot(const struct bmc *b, struct bmc_snapshot *s)
{
	int slot = bmc_cd_slot(b);
	const struct slot_state *cd = slot >= 0 ? &b->st.slots[slot] : NULL;

	memset(s, 0, sizeof(*s));
	s->name = b->name;
	s->profile = b->profile->name;
	s->uuid = b->hw.uuid;
	s->serial = b->hw.serial;
	s->power = power_name(b->st.power);
	s->boot_progress = boot_progress_name(b->st.progress);
	s->override_enabled = b->st.boot.enabled;
	s->override_target = b->st.boot.target;
	s->override_mode = b->st.boot.mode;
	s->media_inserted = cd && cd->inserted;
	s->media = s->media_inserted ? or_empty(cd->image) : "";
	s->disk_image = or_empty(b->m.disk_image);
	s->os = machine_os_up(b) ? or_empty(b->m.running) : "";
	s->os_from_disk = machine_os_up(b) && b->m.from_disk;
	s->sessions = b->front->n_sessions;
	s->boots = b->m.boots;
	s->medium_boots = b->m.medium_boots;
	s->requests = b->requests;
	s->writes = b->writes;
	s->logins = b->logins;
	s->login_failures = b->login_failures;
}
