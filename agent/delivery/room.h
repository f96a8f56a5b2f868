/* The memory of one delivery: user data lives in wiped bytes alone. */
#ifndef B7_AGENT_DELIVERY_ROOM_H
#define B7_AGENT_DELIVERY_ROOM_H

#include "agent/delivery/delivery.h"

#define ROOM_FILES 16

struct delivery_room {
	struct compose_file iso[ROOM_FILES], config[ROOM_FILES];
	struct secret *v; /* owned: paths and bytes */
	size_t n, cap;
};

#endif
