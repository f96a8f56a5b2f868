/* How a resource of a recording reads, with the machine's state over it. */
#ifndef B7_SIM_BMC_REPLAY_VIEW_H
#define B7_SIM_BMC_REPLAY_VIEW_H

struct jw;
struct request;

/* A view that writes its whole body (ROUTE_WHOLE). */
void replay_view(struct request *rq, struct jw *w);

#endif
