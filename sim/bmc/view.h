/* Views: each renders one resource from state. See route.c for their URIs. */
#ifndef B7_SIM_BMC_VIEW_H
#define B7_SIM_BMC_VIEW_H

#include <stdbool.h>

struct jw;
struct request;
struct strlist;

/* view_service.c */
void view_versions(struct request *rq, struct jw *w);
void view_root(struct request *rq, struct jw *w);
void view_odata(struct request *rq, struct jw *w);
void view_metadata(struct request *rq, struct jw *w);
void view_session_service(struct request *rq, struct jw *w);
void view_sessions(struct request *rq, struct jw *w);
void view_session(struct request *rq, struct jw *w);
bool exists_session(struct request *rq);
bool exists_sessions(struct request *rq); /* the service */
/* view_task.c */
void view_task_service(struct request *rq, struct jw *w);
void view_tasks(struct request *rq, struct jw *w);
void view_task(struct request *rq, struct jw *w);
void view_monitor(struct request *rq, struct jw *w);
bool exists_task(struct request *rq);
bool exists_monitor(struct request *rq);
/* view_system.c */
void view_systems(struct request *rq, struct jw *w);
void view_system(struct request *rq, struct jw *w);
/* A part with its own system, such as the baseboard of a GPU tray. */
void view_extra_system(struct request *rq, struct jw *w);
bool exists_extra_system(struct request *rq);
/* What PowerState shows; while the power changes that is the vendor's taste.
 * NULL = null. */
const char *view_power_shown(const struct request *rq);
void view_reset_info(struct request *rq, struct jw *w);
/* The ActionInfo of either Reset. */
void view_reset_parameters(
    struct jw *w, bool required, const struct strlist *types);
/* view_boot.c */
void view_boot(struct request *rq, struct jw *w); /* the Boot object */
void view_settings(struct request *rq, struct jw *w);
void view_boot_options(struct request *rq, struct jw *w);
void view_boot_option(struct request *rq, struct jw *w);
bool exists_settings(struct request *rq);
bool exists_boot_options(struct request *rq);
bool exists_boot_option(struct request *rq);
/* view_inventory.c */
void view_processors(struct request *rq, struct jw *w);
void view_processor(struct request *rq, struct jw *w);
void view_memory_all(struct request *rq, struct jw *w);
void view_memory(struct request *rq, struct jw *w);
void view_storages(struct request *rq, struct jw *w);
void view_storage(struct request *rq, struct jw *w);
void view_drives(struct request *rq, struct jw *w);
void view_drive(struct request *rq, struct jw *w);
void view_nics(struct request *rq, struct jw *w);
void view_nic(struct request *rq, struct jw *w);
bool exists_processor(struct request *rq);
bool exists_memory(struct request *rq);
bool exists_drive(struct request *rq);
bool exists_nic(struct request *rq);
/* view_media.c */
void view_media_all(struct request *rq, struct jw *w);
void view_media(struct request *rq, struct jw *w);
void view_insert_info(struct request *rq, struct jw *w);
bool exists_media_all(struct request *rq);
bool exists_media(struct request *rq);
bool exists_vmm_control(struct request *rq);
/* media/oemActions: insert and eject once more, as HPE's own actions. */
#define VIEW_HPE_INSERT "HpeiLOVirtualMedia.InsertVirtualMedia"
#define VIEW_HPE_EJECT "HpeiLOVirtualMedia.EjectVirtualMedia"
bool exists_hpe_media(struct request *rq);
int media_slot_of(const struct request *rq); /* -1 = none */
/* view_manager.c */
void view_chassis_all(struct request *rq, struct jw *w);
void view_chassis(struct request *rq, struct jw *w);
void view_managers(struct request *rq, struct jw *w);
void view_manager(struct request *rq, struct jw *w);
void view_manager_reset_info(struct request *rq, struct jw *w);
void view_manager_nics(struct request *rq, struct jw *w);
void view_manager_nic(struct request *rq, struct jw *w);

/* ---- helpers (view.c) --------------------------------------------------- */

#define V1 "/redfish/v1"
#define SYS V1 "/Systems/%s"
#define MGR V1 "/Managers/%s"
#define CHA V1 "/Chassis/%s"
/* The attribute registry of the BIOS. */
#define BIOS_REGISTRY "SimBiosAttributeRegistry.v1_0_0"

/* Id and Name of the resource at rq->path. */
void view_names(struct jw *w, const char *id, const char *name);
/* {State: Enabled, Health: OK} */
void view_status(struct jw *w, bool rollup);
/* Members of a collection: begin, jw_ref(w, NULL, ...)..., end with count. */
void view_members(struct jw *w, const char *name);
void view_members_end(struct jw *w, long count);
/* The same with one member more for each machine of this service. */
enum machine_id {
	SYSTEM_ID,
	MANAGER_ID,
	CHASSIS_ID
};
void view_machines_end(
    struct request *rq, struct jw *w, enum machine_id what, long others);
/* Action entry: {"#Type.Action": {target: ...}}; close with jw_close(). */
void view_action(struct request *rq, struct jw *w, const char *action);
/* 1-based number in rq->arg[i]; prefix before it; 0 = none of 1..max. */
unsigned view_number(
    const struct request *rq, unsigned i, const char *prefix, long max);

#endif
