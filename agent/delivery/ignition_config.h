/*
 * Ignition configurations as they come: brought to specification 3, and names of
 * ds.meta_data filled in. Cluster API's kubeadm provider writes 2.3, which no
 * image of today takes but Flatcar's; what it uses of it has the same meaning in
 * 3 ("Upgrading Configs" of Ignition's documentation, 2.3.0 to 3.0.0).
 */
#ifndef B7_AGENT_DELIVERY_IGNITION_CONFIG_H
#define B7_AGENT_DELIVERY_IGNITION_CONFIG_H

#include "agent/delivery/formats.h"

/* The data, byte for byte if nothing is to be done. false: something in it has no
 * like in specification 3, and is named. */
bool ignition_config(struct job *j, struct wiped *out);

#endif
