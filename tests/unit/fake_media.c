/* See fake_media.h. */
#include "tests/unit/fake_media.h"

#include "agent/control/record.h"
#include "common/json.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/str.h"

static void
fake_look(
    void *self, const struct boot_media_ask *ask, struct boot_media_answer *out)
{
	struct fake_media *f = self;
	const char *way =
	    ask->second_drive && f->way_of_two != NULL ? f->way_of_two : f->way;

	f->looks++;
	f->looks_of_two += ask->second_drive;
	f->attempt = ask->attempt;
	CU_ASSERT_PTR_NOT_NULL(ask->claim);
	*out = (struct boot_media_answer){ .state = f->state,
		.media_reason = f->media_reason,
		.data_reason = f->data_reason,
		.percent = f->percent,
		.config = str_eq(way, "config") };
	if (f->message != NULL)
		(void)str_copy(out->message, sizeof(out->message), f->message);
	if (f->state == BOOT_MEDIA_READY)
		(void)str_format(out->data, sizeof(out->data), "%s:%08x%02x",
		    way, f->hash, (unsigned)ask->attempt);
}

/* By the record in the API, as it is now. */
static bool
fake_lives(struct fake_media *f, const char *key, const char *claim,
    int attempt, bool config)
{
	cJSON *host = rig_get(f->r, HOST, strchr(key, '/') + 1);
	const char *text = facts_annotation(host, AX "/host-record");
	struct record r;
	bool lives =
	    text != NULL && record_parse(&r, text, NULL) &&
	    (r.phase == PHASE_PROVISIONING || r.phase == PHASE_PROVISIONED) &&
	    str_eq(r.claim_id, claim) && r.attempt == attempt &&
	    r.installed_s == 0 && r.ejected_s == 0 &&
	    (!config || r.data_gone_s == 0);

	cJSON_Delete(host);
	return lives;
}

static char *
fake_url(void *self, const char *host, const char *claim, int attempt,
    enum boot_medium which)
{
	struct fake_media *f = self;
	char *of, token[11];
	uint64_t h;

	if (f->before != NULL)
		f->before(f);
	if (f->mute ||
	    !fake_lives(f, host, claim, attempt, which == BOOT_MEDIUM_CONFIG))
		return NULL;
	of = xasprintf("%s %s %d %u %d", host, claim, attempt, f->key,
	    which == BOOT_MEDIUM_CONFIG);
	h = str_hash(of, 1);
	xfree(of);
	for (size_t i = 0; i < 10; i++, h >>= 4)
		token[i] = (char)('a' + (h & 15));
	token[10] = '\0';
	return xasprintf("http://10.0.0.3/m/" FAKE_TOKEN "%s/%s", token,
	    which == BOOT_MEDIUM_ISO
		? (f->image == NULL ? "installer.iso" : f->image)
	    : f->config == NULL ? "no-boot.iso"
				: f->config);
}

static bool
fake_seen(void *self, const char *host, enum boot_medium which,
    struct boot_media_seen *out)
{
	struct fake_media *f = self;

	(void)host;
	*out = f->seen;
	return f->has_seen && which == BOOT_MEDIUM_ISO;
}

void
fake_media_init(struct fake_media *f)
{
	*f = (struct fake_media){ .face = { .self = f,
				      .look = fake_look,
				      .url = fake_url,
				      .seen = fake_seen },
		.state = BOOT_MEDIA_READY,
		.way = "embedded",
		.hash = 0xabcd };
}

void
fake_media_wake(struct fake_media *f, const char *host)
{
	char *key = xasprintf("default/%s", host);

	if (f->face.wake != NULL)
		f->face.wake(f->face.wake_arg, key);
	xfree(key);
}

/* ---- a story with one host ---------------------------------------------------- */

const struct bmc_timing quick = { .post_ms = 15000, .install_ms = 20000 };
/* Two drives that take a CD each. */
const char two_drives[] =
    "{media: {slots: [{id: Cd, name: CD, types: [CD, DVD]}, "
    "{id: Cd2, name: CD 2, types: [CD, DVD]}]}}";

const char tells_nothing[] = "{boot: {progress: false}}";

static void
look_at_commit(void *arg, const struct inv_commit *c)
{
	struct story *t = arg;
	char *text = c->after == NULL ? NULL : json_print(c->after);

	t->shown += text != NULL && strstr(text, FAKE_TOKEN) != NULL;
	xfree(text);
}

static void
look_at_line(void *arg, const char *line, size_t n)
{
	struct story *t = arg;

	t->shown += memmem(line, n, FAKE_TOKEN, strlen(FAKE_TOKEN)) != NULL;
}

void
story_begin(struct story *t, struct rig_opts o)
{
	memset(t, 0, sizeof(*t));
	fake_media_init(&t->f);
	t->f.image = o.image;
	o.bmcs = o.bmcs == 0 ? 1 : o.bmcs;
	o.timing = quick;
	o.agent.boot_media = &t->f.face;
	o.agent.busy_us = 2 * LOOP_S;
	t->r = rig_new(&o);
	t->f.r = t->r;
	t->r->watch = look_at_commit;
	t->r->line = look_at_line;
	t->r->watch_arg = t;
}

void
story_end(struct story *t)
{
	CU_ASSERT_EQUAL(t->shown, 0);
	rig_free(t->r);
}

bool
record_is(struct rig *r, const char *member, const char *value)
{
	char *got = rig_record(r, BMC, member);
	bool same = str_eq(got, value);

	xfree(got);
	return same;
}

bool
record_begins(struct rig *r, const char *member, const char *value)
{
	char *got = rig_record(r, BMC, member);
	bool same = str_has_prefix(got, value);

	xfree(got);
	return same;
}

bool
message_has(struct rig *r, const char *res, const char *name, const char *words)
{
	cJSON *o = rig_get(r, res, name);
	char *text = json_print(json_obj(o, "status"));
	bool has = text != NULL && strstr(text, words) != NULL;

	xfree(text);
	cJSON_Delete(o);
	return has;
}

int64_t
now_us(const struct story *t)
{
	return world_now_us(stage_world(t->r->s));
}
