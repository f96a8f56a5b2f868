"""sushy, the library of OpenStack Ironic (Debian: python3-sushy)."""
from stage import Skip, check, equal, play

try:
    import sushy
    from sushy import auth
except ImportError:
    sushy = None

root = None
session = None


def setup(stage):
    global root, session
    if not sushy:
        raise Skip("no package python3-sushy")
    session = auth.SessionOrBasicAuth(stage.user, stage.password)
    root = sushy.Sushy(stage.url, auth=session, verify=stage.ca)


def system():
    """The one that can be driven, read anew."""
    for it in root.get_system_collection().get_members():
        it.refresh(force=True)
        if it.boot and it.boot.enabled is not None:
            return it
    raise Skip("no system with Boot")


def manager():
    return root.get_manager_collection().get_members()[0]


def is_in(word, text):
    return str(getattr(word, "value", word)) == text


def inventory(stage):
    it = system()
    equal("UUID", it.uuid.lower(), stage.machine("uuid").lower())
    equal("serial number", it.serial_number, stage.machine("serial"))
    check(it.memory_summary.size_gib > 0, "no memory")
    check(it.processors.summary.count > 0, "no processors")
    macs = [n.mac_address.lower()
            for n in it.ethernet_interfaces.get_members()]
    check(stage.machine("mac").lower() in macs, f"no MAC of it in {macs}")
    chassis = root.get_chassis_collection().get_members()[0]
    check(chassis.manufacturer, "a chassis without a manufacturer")
    check(manager().firmware_version, "a manager without a version")


def storage(stage):
    try:
        it = system().storage
    except sushy.exceptions.MissingAttributeError:
        raise Skip("this BMC has no Storage") from None
    drives = [d for s in it.get_members() for d in s.drives]
    check(drives, "no drives")
    check(all(d.capacity_bytes > 0 for d in drives), "an empty drive")
    check(it.max_drive_size_bytes > 0, "no size")


def sessions(stage):
    """The connector logs in once, and again when its session is gone."""
    system()
    equal("sessions", stage.machine("sessions"), 1)
    logins = stage.machine("counters", "logins")
    stage.control("/end-sessions", {})
    equal("sessions", stage.machine("sessions"), 0)
    system()
    equal("logins", stage.machine("counters", "logins"), logins + 1)
    path = session._session_resource_id
    ids = [s.path.rstrip("/") for s in
           root.get_session_service().sessions.get_members()]
    check(any(path.rstrip("/").endswith(i) for i in ids),
          f"{path} is not one of {ids}")


def power(stage):
    stage.power(True)
    it = system()
    it.reset_system(sushy.RESET_GRACEFUL_SHUTDOWN)
    stage.wait_machine("Off", "power")
    equal("power", system().power_state, sushy.SYSTEM_POWER_STATE_OFF)
    system().reset_system(sushy.RESET_ON)
    stage.wait_machine("Os", "phase")
    equal("power", system().power_state, sushy.SYSTEM_POWER_STATE_ON)
    system().reset_system(sushy.RESET_FORCE_RESTART)
    stage.wait("two boots", lambda: stage.machine("phase") != "Os")
    stage.wait_machine("Os", "phase")
    system().reset_system(sushy.RESET_FORCE_OFF)
    stage.wait_machine("Off", "power")


def boot_source(*want):
    there = system().get_allowed_system_boot_source_values()
    for source in want:
        if source in there:
            return source
    raise Skip("no such boot source")


def boot_override(stage):
    stage.power(False)
    source = boot_source(sushy.BOOT_SOURCE_TARGET_PXE)
    system().set_system_boot_options(
        target=source, enabled=sushy.BOOT_SOURCE_ENABLED_ONCE)
    it = stage.machine("override")
    equal("override", (it["enabled"], it["target"]), ("Once", "Pxe"))
    stage.wait("the target that it reads",
               lambda: system().boot.target == source)
    stage.power(True)
    equal("after the boot", stage.machine("override", "enabled"), "Disabled")
    equal("what it reads", system().boot.enabled,
          sushy.BOOT_SOURCE_ENABLED_DISABLED)


def cd_slot():
    try:
        slots = manager().virtual_media.get_members()
    except sushy.exceptions.MissingAttributeError:
        raise Skip("sushy 4 looks for media in the manager only, "
                   "and this BMC has them in the system") from None
    for it in slots:
        if any(is_in(t, "CD") or is_in(t, "DVD") for t in it.media_types):
            return it
    raise Skip("no CD")


def virtual_media(stage):
    """Ironic's way: insert, boot once, installed, ejected."""
    stage.power(False)
    image = stage.origin + "/installer.iso"
    cd_slot().insert_media(image)
    stage.wait("an inserted medium", lambda: any(
        s["inserted"] for s in stage.machine("media")))
    stage.slot(image)
    it = cd_slot()
    equal("inserted", it.inserted, True)
    equal("image", it.image, image)
    source = boot_source(sushy.BOOT_SOURCE_TARGET_USB_CD,  # Supermicro
                         sushy.BOOT_SOURCE_TARGET_CD)
    system().set_system_boot_options(
        target=source, enabled=sushy.BOOT_SOURCE_ENABLED_ONCE)
    system().reset_system(sushy.RESET_ON)
    stage.wait("an installed disk",
               lambda: stage.machine("disk") != "factory")
    stage.wait_machine("Off", "power")
    equal("boots from it", stage.machine("counters", "mediumBoots"), 1)
    cd_slot().eject_media()
    stage.wait("an empty slot", lambda: not any(
        s["inserted"] for s in stage.machine("media")))
    equal("inserted", cd_slot().inserted, False)


def with_etag(write, *values, **options):
    """sushy 4 sends If-Match to systems only."""
    try:
        write(*values, **options)
    except sushy.exceptions.HTTPError as why:
        if why.status_code == 428:
            raise Skip("this BMC wants If-Match (428), which sushy 4 sends "
                       "to systems only") from None
        raise


def bios_settings(stage):
    try:
        bios = system().bios
    except sushy.exceptions.MissingAttributeError:
        raise Skip("this BMC has no Bios") from None
    stage.power(False)
    equal("before", bios.attributes["ProcVirtualization"], "Enabled")
    with_etag(bios.set_attribute, "ProcVirtualization", "Disabled",
              apply_time=sushy.APPLY_TIME_ON_RESET)
    bios.refresh(force=True)
    equal("pending", bios.pending_attributes["ProcVirtualization"],
          "Disabled")
    equal("before POST", bios.attributes["ProcVirtualization"], "Enabled")
    stage.power(True)
    bios.refresh(force=True)
    equal("after POST", bios.attributes["ProcVirtualization"], "Disabled")


def secure_boot(stage):
    try:
        it = system().secure_boot
    except sushy.exceptions.MissingAttributeError:
        raise Skip("this BMC has no SecureBoot") from None
    stage.power(False)
    before = it.enabled
    with_etag(it.set_enabled, not before)
    stage.power(True)
    it.refresh(force=True)
    equal("enabled", it.enabled, not before)


def finished(monitor):
    try:
        state = monitor.get_task().task_state
    except sushy.exceptions.ResourceNotFoundError:
        return False  # iDRAC shows a task only a while after its 202
    check(not is_in(state, "Exception"), "the task failed")
    return is_in(state, "Completed")


def update_and_task(stage):
    """Ironic's update_firmware: SimpleUpdate, its task, a reset."""
    try:
        service = root.get_update_service()
    except sushy.exceptions.MissingAttributeError:
        raise Skip("this BMC has no UpdateService") from None
    _, url = stage.firmware("BIOS", "4.5.6")
    monitor = service.simple_update(url)
    stage.wait("a completed task", lambda: finished(monitor))
    check(not monitor.check_is_processing, "the monitor still waits")
    stage.power(False)
    stage.power(True)
    found = {f.identity: f.version for f in
             service.firmware_inventory.get_members()}
    check("4.5.6" in found.values(), f"the versions are {found}")
    equal("what it is", stage.version("BIOS"), "4.5.6")


def manager_reset(stage):
    manager().reset_manager(sushy.RESET_MANAGER_GRACEFUL_RESTART)
    stage.restarted()
    check(manager().firmware_version, "no version after the restart")


def logout(stage):
    session.close()
    equal("sessions", stage.machine("sessions"), 0)


play("sushy", [
    inventory, storage, sessions, power, boot_override, virtual_media,
    bios_settings, secure_boot, update_and_task, manager_reset, logout,
], setup)
