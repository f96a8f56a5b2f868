/* See host_medium.h. */
#include "agent/control/host_medium.h"

#include <string.h>

#include "common/mem.h"
#include "common/str.h"

/* The drive may be silent for so long after the power-on: a server's own tests
 * take minutes. */
#define MEDIUM_NO_READ_S 600
/* Between two requests of a BMC that reads. */
#define MEDIUM_GAP_US (3 * LOOP_S)

void
host_medium_forget(struct host_pass *p)
{
	for (size_t i = 0; i < 2; i++)
		xfree(p->media.url[i]);
	memset(&p->media, 0, sizeof(p->media));
}

bool
medium_composed(const struct host_pass *p)
{
	const struct record *r = &p->h.record;

	return p->c->o.boot_media != NULL &&
	       (r->armed_s == 0 || r->data[0] != '\0');
}

static const char *
medium_claim(const struct host_pass *p)
{
	return p->h.record.phase == PHASE_IDLE ? p->h.spec.consumer.claim_id
					       : p->h.record.claim_id;
}

const char *
medium_url(struct host_pass *p, enum boot_medium which)
{
	const struct boot_media *bm = p->c->o.boot_media;
	const struct record *r = &p->h.record;

	if (!medium_composed(p))
		return which == BOOT_MEDIUM_ISO ? p->h.spec.boot_iso : NULL;
	if (!p->media.asked[which]) {
		p->media.asked[which] = true;
		p->media.url[which] =
		    bm->url(bm->self, p->h.key, r->claim_id, r->attempt, which);
	}
	return p->media.url[which];
}

bool
medium_has_config(const struct host_pass *p)
{
	return str_has_prefix(p->h.record.data, "config:");
}

/* ---- what is in a drive ----------------------------------------------------- */

/* Where the path of a URL begins, or of what a BMC shows of it ("//host/m/..");
 * NULL: it is neither. */
static const char *
path_of(const char *url)
{
	const char *host = strstr(url, "//");

	return host == NULL ? NULL : strchr(host + 2, '/');
}

/* The same path but for one folder of the same length: the token of another key.
 * What stands before the path is an option of whoever inserted it. */
static bool
same_but_token(const char *image, const char *url)
{
	const char *a = path_of(image), *b = path_of(url);
	size_t n = a == NULL ? 0 : strlen(a), from = 0, to = n;

	if (a == NULL || b == NULL || strlen(b) != n)
		return false;
	while (from < n && a[from] == b[from])
		from++;
	while (to > from && a[to - 1] == b[to - 1])
		to--;
	return memchr(a + from, '/', to - from) == NULL &&
	       memchr(b + from, '/', to - from) == NULL &&
	       (from == n || strchr(a + to, '/') != NULL);
}

static bool
slot_has(const struct redfish_slot *s, const char *url, bool any_token)
{
	if (url == NULL || !s->inserted)
		return false;
	return redfish_slot_holds(s, url) ||
	       (any_token && s->image != NULL && same_but_token(s->image, url));
}

bool
medium_in(struct host_pass *p, enum boot_medium which, bool armed)
{
	const struct redfish_state *s = pass_state(p);
	const char *url = medium_url(p, which);

	for (size_t i = 0; i < s->n_slots; i++)
		if ((armed || s->slots[i].usable) &&
		    slot_has(&s->slots[i], url, armed && medium_composed(p)))
			return true;
	return false;
}

bool
medium_ours(struct host_pass *p, const struct redfish_slot *s)
{
	const char *iso = medium_url(p, BOOT_MEDIUM_ISO);

	if (p->ctl->mem.inserted_attempt != p->h.record.attempt)
		return false;
	/* A media server that says nothing for now: nothing is known of it. */
	return iso == NULL || slot_has(s, iso, false) ||
	       (medium_has_config(p) &&
		   slot_has(s, medium_url(p, BOOT_MEDIUM_CONFIG), false));
}

/* From the same server, by what stands before the path. */
static bool
same_server(const char *image, const char *url)
{
	const char *a = strstr(image, "//"), *b = strstr(url, "//");
	const char *path = path_of(url);

	return a != NULL && path != NULL &&
	       strncmp(a, b, (size_t)(path - b) + 1) == 0;
}

const struct redfish_slot *
medium_config_slot(struct host_pass *p)
{
	const struct redfish_state *st = pass_state(p);
	const char *iso = medium_url(p, BOOT_MEDIUM_ISO);
	const char *config = medium_url(p, BOOT_MEDIUM_CONFIG);

	for (size_t i = 0; i < st->n_slots; i++) {
		const struct redfish_slot *s = &st->slots[i];

		if (!s->usable || !s->inserted)
			continue;
		if (slot_has(s, config, true))
			return s;
		/* Its own URL may be gone with its token already. */
		if (config == NULL && iso != NULL && s->image != NULL &&
		    same_server(s->image, iso) && !slot_has(s, iso, true))
			return s;
	}
	return NULL;
}

/* ---- asking ----------------------------------------------------------------- */

static bool
medium_second_drive(const struct host_pass *p)
{
	const struct redfish_state *s = pass_state(p);
	unsigned n = 0;

	for (size_t i = 0; i < s->n_slots; i++)
		n += s->slots[i].usable;
	return n > 1 && !p->ctl->mem.one_drive;
}

const struct boot_media_answer *
medium_look(struct host_pass *p)
{
	const struct boot_media *bm = p->c->o.boot_media;
	const struct record *r = &p->h.record;
	struct boot_media_ask ask = { .host = p->h.key,
		.claim = medium_claim(p),
		.attempt = r->phase == PHASE_IDLE ? 1 : r->attempt,
		/* Once it was armed, it stays as it was decided. */
		.second_drive = r->armed_s != 0 ? medium_has_config(p)
						: medium_second_drive(p) };

	if (!p->media.looked) {
		p->media.looked = true;
		bm->look(bm->self, &ask, &p->media.answer);
		p->media.answer.data[BOOT_MEDIA_DATA - 1] = '\0';
	}
	return &p->media.answer;
}

void
medium_say_data(struct host_pass *p)
{
	const char *data = p->h.record.data;
	const struct boot_media_answer *a = &p->media.answer;
	bool now = p->media.looked && a->state == BOOT_MEDIA_READY;

	if (now && p->h.record.armed_s == 0)
		data = a->data;
	if (data[0] == '\0')
		return;
	if (now && a->data_reason != NULL)
		report_say(&p->rep, HC_DATA, SAY_TRUE, a->data_reason, "%s",
		    a->message);
	else if (str_has_prefix(data, "none"))
		report_say(&p->rep, HC_DATA, SAY_TRUE, "DeliveryNone", "%s",
		    "spec.userData.delivery is None: the image is as it is");
	else
		report_say(&p->rep, HC_DATA, SAY_TRUE, "Ready", "%s",
		    str_has_prefix(data, "config:")
			? "on a medium of its own, in the second drive"
			: "in the image that is booted");
}

/* ---- what was read ------------------------------------------------------------ */

/* The loop's clock a second after the power-on was announced. */
static int64_t
medium_since_us(const struct host_pass *p)
{
	return (p->h.record.on_s + 1) * LOOP_S - p->c->wall_us;
}

enum medium_level
medium_level(const struct host_pass *p)
{
	const struct boot_media_seen *s = &p->media.seen;
	int64_t since = medium_since_us(p);

	if (!p->media.has_seen || p->h.record.on_s == 0 || s->last_us == 0 ||
	    s->last_us < since)
		return MEDIUM_SILENT;
	if (s->downloaded)
		return MEDIUM_READ;
	if (s->root_us != 0 && s->root_us >= since)
		return MEDIUM_ROOT;
	if (s->kernel_us != 0 && s->kernel_us >= since)
		return MEDIUM_KERNEL;
	if (s->loader_us != 0 && s->loader_us >= since)
		return MEDIUM_LOADER;
	return MEDIUM_READ;
}

bool
medium_being_read(const struct host_pass *p)
{
	const struct boot_media_seen *s = &p->media.seen;

	return p->media.has_seen &&
	       (s->reading || (s->last_us != 0 &&
				  pass_now_us(p) - s->last_us < MEDIUM_GAP_US));
}

int
medium_progress(const struct host_pass *p, int most)
{
	int percent;

	if (medium_level(p) < MEDIUM_LOADER)
		return -1;
	percent = 50 + (int)(p->media.seen.permille * 30 / 1000);
	percent -= percent % 10;
	return percent < most ? percent : most;
}

void
medium_note_evidence(struct host_pass *p)
{
	const struct boot_media_seen *s = &p->media.seen;
	const struct {
		const char *what;
		int64_t at_us;
	} of[] = {
		[MEDIUM_LOADER] = { "boot loader", s->loader_us },
		[MEDIUM_KERNEL] = { "kernel", s->kernel_us },
		[MEDIUM_ROOT] = { "root file system", s->root_us },
	};
	enum medium_level l = medium_level(p);

	/* Of the boot loader the BMC may tell as much. */
	if (l < MEDIUM_LOADER ||
	    (l == MEDIUM_LOADER &&
		pass_state(p)->progress == RF_PROGRESS_OS_BOOT_STARTED))
		return;
	report_evidence(&p->rep, (of[l].at_us + p->c->wall_us) / LOOP_S,
	    "medium: %s read", of[l].what);
}

static void
medium_say_read(struct host_pass *p)
{
	const struct boot_media_seen *s = &p->media.seen;
	const char *was = host_condition(&p->h, "MediaReachable", NULL);

	if (medium_level(p) >= MEDIUM_KERNEL)
		report_say(&p->rep, HC_MEDIA, SAY_TRUE, "Reachable", "%s",
		    "read past the boot loader");
	else if (p->media.has_seen && s->downloaded)
		report_say(&p->rep, HC_MEDIA, SAY_TRUE, "Reachable", "%s",
		    "the BMC has copied all of it");
	else if (p->media.has_seen && s->bytes > 0)
		report_say(&p->rep, HC_MEDIA, SAY_TRUE, "Reachable", "%s",
		    "the BMC reads it");
	else if (str_eq(was, "True"))
		return;
	else if (pass_wall_s(p) - p->h.record.on_s >= MEDIUM_NO_READ_S)
		report_say(&p->rep, HC_MEDIA, SAY_UNKNOWN, "NoReadFromBMC",
		    "nothing of it was read since the server was switched on, "
		    "here at least; does the BMC reach the media server?");
	else if (str_eq(was, "False"))
		report_say(&p->rep, HC_MEDIA, SAY_UNKNOWN, "NotYetRead", "%s",
		    "nothing of it was read yet");
}

/* What the boot needs fails, or is not what it was: nothing else would be served
 * than what the record says. */
static void
medium_say_trouble(struct host_pass *p)
{
	const struct boot_media_answer *a = medium_look(p);
	const char *was = host_condition(&p->h, "BootstrapDataReady", NULL);

	if (a->state == BOOT_MEDIA_READY) {
		if (!str_eq(a->data, p->h.record.data))
			report_say(&p->rep, HC_DATA, SAY_FALSE,
			    "BootstrapDataChanged",
			    "the image or the data that goes into it has "
			    "changed since the boot began; the machine gets "
			    "what was recorded, or nothing");
		else if (was == NULL || !str_eq(was, "True"))
			medium_say_data(p);
		return;
	}
	if (a->state == BOOT_MEDIA_WORKING)
		return;
	p->media.trouble = a->media_reason != NULL;
	if (p->media.trouble)
		report_say(&p->rep, HC_MEDIA, SAY_FALSE, a->media_reason, "%s",
		    a->message);
	if (a->data_reason != NULL)
		report_say(&p->rep, HC_DATA, SAY_FALSE, a->data_reason, "%s",
		    a->message);
}

void
medium_watched(struct host_pass *p)
{
	const struct boot_media *bm = p->c->o.boot_media;

	if (!medium_composed(p) || p->media.watched)
		return;
	p->media.watched = true;
	p->media.has_seen =
	    bm->seen(bm->self, p->h.key, BOOT_MEDIUM_ISO, &p->media.seen);
	medium_say_read(p);
	medium_say_trouble(p);
}
