/*
 * Framing of what the API server streams, whatever pieces it arrives in:
 * watch lines, and the items of a list. No item is held longer than its
 * callback, so that a page of 500 objects never stands in memory as a tree.
 */
#ifndef B7_KUBE_STREAM_H
#define B7_KUBE_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/err.h"

/* false: stop; the feed then returns false with `stopped` set. */
typedef bool kube_piece_fn(void *arg, const char *text, size_t n);
/* An item over its caps was left out and the list goes on. Without one of these
 * (set after init) it is an error, as is one of four times the cap. */
typedef void kube_skip_fn(void *arg, const struct err *why);

/* JSON values separated by newlines; empty lines are skipped. */
struct kube_lines {
	struct buf line;
	kube_piece_fn *fn;
	void *arg;
	uint64_t count;
	bool stopped;
};
void kube_lines_init(
    struct kube_lines *s, size_t line_max, kube_piece_fn *fn, void *arg);
void kube_lines_free(struct kube_lines *s);
/* ERR_TOO_BIG for a line over the cap: an event that is left out would leave an
 * old object in its place, a new list does not. */
bool kube_lines_feed(
    struct kube_lines *s, const char *p, size_t n, struct err *e);

/*
 * {"kind":..., "metadata":{...}, "items":[X, X, ...]}: every X goes to fn,
 * everything else into `rest`, where items is left as an empty array.
 */
enum kube_items_at {
	ITEMS_OUTSIDE, /* anywhere but within the items array */
	ITEMS_BETWEEN, /* in the array, before or after an element */
	ITEMS_WITHIN   /* in an element */
};
struct kube_items {
	struct buf rest, item;
	kube_piece_fn *fn;
	kube_skip_fn *skip;
	void *arg;
	enum kube_items_at at;
	unsigned depth; /* of braces and brackets, all of them */
	bool in_string, escaped;
	bool skipping;      /* this element, to its end */
	size_t skipped;     /* bytes of it */
	size_t string_from; /* where the last string began in rest */
	bool key_is_items;  /* the last string at depth 1 was "items" */
	bool after_colon;
	uint64_t count;
	bool stopped;
};
void kube_items_init(
    struct kube_items *s, size_t item_max, kube_piece_fn *fn, void *arg);
void kube_items_free(struct kube_items *s);
/* ERR_TOO_BIG for a rest over its cap, or an item that is not skipped, ERR_PROTO for nonsense. */
bool kube_items_feed(
    struct kube_items *s, const char *p, size_t n, struct err *e);
/* The text ended where JSON may end; ERR_PROTO otherwise. */
bool kube_items_end(const struct kube_items *s, struct err *e);

#endif
