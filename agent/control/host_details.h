/* status.hardwareDetails from what the redfish client read. */
#ifndef B7_CONTROL_HOST_DETAILS_H
#define B7_CONTROL_HOST_DETAILS_H

struct redfish;
struct redfish_inventory;
struct redfish_state;

/* JSON text, owned; bounded by the lists' caps of API.md. */
char *host_details_print(const struct redfish_state *s,
    const struct redfish_inventory *inv, const struct redfish *rf);
/* Of its health alone, which changes by itself. */
char *host_details_health(const struct redfish_state *s);
/* hostName and addresses, without what is the BMC's: its address tells. */
char *host_details_network(
    const struct redfish_state *s, const char *bmc_address);

#endif
