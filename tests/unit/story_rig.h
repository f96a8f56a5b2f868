/*
 * A whole story without the scenario runner: the stage with hosts and one
 * machine, waits, and the numbers that it cost. VERBOSE=1 prints every log
 * line, BMC event and commit.
 */
#ifndef B7_STORY_RIG_H
#define B7_STORY_RIG_H

#include <stdint.h>

#include "scenarios/runner/stage.h"

/* Hosts named as their BMCs, "bmc-000" and so on, of one profile. */
struct stage *story_new(const char *profile, unsigned hosts);
/* The same with knobs (YAML) over the profile. */
struct stage *story_new_knobs(
    const char *profile, const char *knobs, unsigned hosts);
/* The same with workload clusters: their nodes come without a providerID. */
struct stage *story_new_workload(const char *profile, unsigned hosts);
/* The same, serving a recording with that profile's refusals. */
struct stage *story_new_replay(
    const char *profile, const char *replay, unsigned hosts);
/* The first, with all that is logged, a line each, in heard. */
struct buf;
struct stage *story_new_heard(
    const char *profile, unsigned hosts, struct buf *heard);
void story_apply(struct stage *s, const char *yaml);
/* Cluster c1 with the one machine m1 that boots the image. */
void story_machine(struct stage *s, const char *image, const char *kind);
void story_delete_machine(struct stage *s);
/* Until the object's path has the value; path NULL: until it is gone. Fails
 * the test, and shows all hosts, when the (virtual) time is over. */
void story_wait(struct stage *s, const char *resource, const char *name,
    const char *path, const char *value, int64_t within_us);

/*
 * With an agent running: all hosts become Available, the machine boots the
 * image, goes again, and leaves every server off, without a medium, and one
 * of them booted once from it.
 */
void story_round(struct stage *s, const char *image, const char *kind);

#endif
