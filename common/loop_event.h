/*
 * What code with libevent callbacks of its own owes the real loop. Only b7_net
 * and main programs include this.
 */
#ifndef B7_LOOP_EVENT_H
#define B7_LOOP_EVENT_H

struct loop;

/* First thing in every libevent callback: lets the turn's clock catch up with
 * the time spent waiting. Later calls in the same turn do nothing. */
void loop_event_enter(struct loop *l);

/* One object that lives as long as the loop, for what libevent can only give
 * back after its last callbacks ran: loop_free runs these, then fn. */
void loop_event_attach(struct loop *l, void *p, void (*fn)(void *p));
void *loop_event_attached(struct loop *l); /* NULL = none yet */

#endif
