/*
 * Text that came from a BMC, made safe to store, log and send to Kubernetes:
 * valid UTF-8, no control bytes, trimmed, capped at a character.
 */
#ifndef B7_AGENT_REDFISH_TEXT_H
#define B7_AGENT_REDFISH_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#define RF_TEXT_MAX 128 /* of any value kept from a BMC, with its NUL */

/* false if nothing is left. src NULL is an empty text. */
bool rf_text_clean(char *dst, size_t cap, const char *src);
/* Keeps a cleaned copy in *dst (owned); NULL when nothing is left. The memory
 * stays as it is when the text did not change. */
void rf_text_keep(char **dst, const char *src);
/* A link as a target of our origin ("/path?query"), owned; NULL for others:
 * foreign hosts, other schemes, control bytes, more than 512 bytes. */
char *rf_text_link(const char *origin, const char *ref);
void rf_text_keep_link(char **dst, const char *origin, const char *ref);
/* "http://10.0.0.1/token.iso" becomes "http://10.0.0.1/...": BMCs repeat the
 * image's URL or its path in their messages, and they may carry tokens. In
 * place. */
void rf_text_mask_urls(char *s);
/* A BMC's own words: cleaned, masked, then cut. text may be NULL. */
void rf_text_sentence(char *dst, size_t cap, const char *text);
/* ASCII case folded: what a boot menu calls an entry. */
bool rf_text_contains(const char *s, const char *lower);
/* The last segment of a path; NULL if there is none. Borrowed, may be followed
 * by a slash: *n says how long it is. */
const char *rf_text_segment(const char *path, size_t *n);
bool rf_text_segment_is(const char *path, const char *name);

#endif
