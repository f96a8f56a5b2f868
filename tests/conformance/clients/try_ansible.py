"""Ansible's community.general.redfish_* modules (Debian: ansible)."""
import json
import os

from stage import Failed, Skip, check, equal, holds, need, play

PLACES = ("cache", "home", "tmp")


def setup(stage):
    need("ansible")
    for name in PLACES:
        os.makedirs(os.path.join(stage.dir, name), exist_ok=True)
    try:
        ask(stage, "Systems", "GetBootOverride")
    except Failed as why:
        if "couldn't resolve module" in str(why):
            raise Skip("no collection community.general") from None
        raise


def module(stage, name, fails=False, **arguments):
    """One task, as `ansible localhost -m MODULE` runs it; what it returns."""
    words = {"baseuri": stage.url.removeprefix("https://"),
             "username": stage.user, "password": stage.password, **arguments}
    if "auth_token" in arguments:
        del words["username"], words["password"]
    said = stage.run(
        "ansible", "localhost", "-i", "localhost,", "-c", "local",
        "-e", "ansible_python_interpreter=/usr/bin/python3",
        "-m", f"community.general.{name}", "-a", json.dumps(words),
        fails=fails, errors=False, env={
            "ANSIBLE_LOCAL_TEMP": os.path.join(stage.dir, "tmp"),
            "ANSIBLE_HOME": os.path.join(stage.dir, "home"),
            "ANSIBLE_REMOTE_TEMP": os.path.join(stage.dir, "tmp"),
            "ANSIBLE_NOCOLOR": "1", "ANSIBLE_LOAD_CALLBACK_PLUGINS": "0",
            "ANSIBLE_STDOUT_CALLBACK": "minimal",
            "LC_ALL": "C.UTF-8"})
    return json.loads(said[said.index("{"):])


def ask(stage, category, command, **arguments):
    return module(stage, "redfish_info", category=category, command=command,
                  **arguments)["redfish_facts"]


def do(stage, category, command, **arguments):
    """Of a command: does it say that it changed something?"""
    return module(stage, "redfish_command", category=category,
                  command=command, **arguments).get("changed")


def configure(stage, category, command, **arguments):
    return module(stage, "redfish_config", category=category,
                  command=command, **arguments).get("changed")


def entries(facts, name):
    check(facts[name]["ret"], f"{name}: {facts[name].get('msg')}")
    return facts[name]["entries"]


def resource(stage):
    """Which system; a vendor's BMC may show another one first."""
    return {"resource_id": stage.system}


def inventory(stage):
    facts = ask(stage, "Systems",
                ["GetSystemInventory", "GetCpuInventory",
                 "GetMemoryInventory", "GetNicInventory",
                 "GetDiskInventory", "GetVolumeInventory", "GetBootOrder",
                 "GetBiosAttributes", "GetHealthReport"])
    it = entries(facts, "system")[0][1]
    equal("serial number", it["SerialNumber"], stage.machine("serial"))
    equal("power", it["PowerState"], "On")
    equal("processors", len(entries(facts, "cpu")[0][1]), 2)
    check(len(entries(facts, "memory")[0][1]) >= 4, "too little memory")
    macs = [n["MACAddress"].lower() for n in entries(facts, "nic")[0][1]]
    check(stage.machine("mac").lower() in macs, f"no MAC of it in {macs}")
    check(entries(facts, "disk")[0][1], "no disks")
    check(entries(facts, "volume")[0][1], "no volume")
    check(entries(facts, "bios_attribute")[0][1], "no BIOS settings")
    check(entries(facts, "boot_order")[0][1], "no boot order")


def everything(stage):
    """What the module reads of all categories when nothing is said."""
    facts = ask(stage, ["all"], [])
    for name in ("system", "fan", "manager_nics", "user", "session",
                 "firmware"):
        holds("the facts", facts, name)
    check(entries(facts, "firmware"), "no firmware")
    check(entries(facts, "user"), "no users")
    facts = ask(stage, "Chassis", ["GetChassisInventory", "GetHealthReport"])
    check(entries(facts, "chassis")[0]["ChassisType"], "no ChassisType")


def sessions(stage):
    before = stage.machine("sessions")
    it = module(stage, "redfish_command", category="Sessions",
                command="CreateSession")["session"]
    equal("sessions", stage.machine("sessions"), before + 1)
    facts = ask(stage, "Systems", "GetBootOverride",
                auth_token=it["token"])
    check(entries(facts, "boot_override"), "nothing with the token")
    do(stage, "Sessions", "DeleteSession", auth_token=it["token"],
       session_uri=it["uri"])
    equal("sessions", stage.machine("sessions"), before)
    module(stage, "redfish_info", category="Systems",
           command="GetSystemInventory", password="wrong", fails=True)
    equal("failed logins", stage.machine("counters", "loginFailures"), 1)


def power(stage):
    stage.power(True)
    equal("changed", do(stage, "Systems", "PowerOn", **resource(stage)),
          False)
    equal("changed", do(stage, "Systems", "PowerGracefulShutdown",
                        **resource(stage)), True)
    stage.wait_machine("Off", "power")
    stage.wait("the pause of iDRAC 10 after a power-off is over",
               lambda: power_on(stage))
    stage.running()
    equal("changed", do(stage, "Systems", "PowerForceOff",
                        **resource(stage)), True)
    stage.wait_machine("Off", "power")
    equal("changed", do(stage, "Systems", "PowerForceOff",
                        **resource(stage)), False)


def power_on(stage):
    try:
        return do(stage, "Systems", "PowerOn", **resource(stage))
    except Failed:
        return False


def in_system(work, *words, **arguments):
    """iDRAC 10 takes Boot in Settings only, which the module does not know."""
    try:
        return work(*words, **arguments)
    except Failed as why:
        if "Boot is a read-only property" in str(why):
            raise Skip("this BMC takes Boot in Settings only, and the module "
                       "knows the system only") from None
        raise


def boot_override(stage):
    stage.power(False)
    once = {"bootdevice": "Pxe", **resource(stage)}
    equal("changed", in_system(do, stage, "Systems", "SetOneTimeBoot",
                               **once), True)
    it = stage.machine("override")
    equal("override", (it["enabled"], it["target"]), ("Once", "Pxe"))
    equal("changed again", do(stage, "Systems", "SetOneTimeBoot", **once),
          False)
    facts = ask(stage, "Systems", "GetBootOverride")
    equal("what it reads", entries(facts, "boot_override")[0][1]
          ["BootSourceOverrideTarget"], "Pxe")
    equal("changed", do(stage, "Systems", "DisableBootOverride",
                        **resource(stage)), True)
    equal("override", stage.machine("override", "enabled"), "Disabled")


def virtual_media(stage):
    stage.power(False)
    image = stage.origin + "/installer.iso"
    media = {"virtual_media": {"image_url": image, "media_types": ["CD"]}}
    place = dict(resource(stage))
    equal("changed", do(stage, "Systems", "VirtualMediaInsert", **media,
                        **place), True)
    slot = stage.slot(image)
    facts = ask(stage, "Systems", "GetVirtualMedia")
    shown = [m for m in entries(facts, "virtual_media")[0][1]
             if m.get("Image")]
    equal("what it reads", [m["Image"] for m in shown], [image])
    equal("slot", shown[0]["Id"], slot)
    try:
        in_system(do, stage, "Systems", "SetOneTimeBoot", bootdevice="Cd",
                  **place)
        stage.wait("a start", lambda: power_on(stage))
        stage.wait("an installed disk",
                   lambda: stage.machine("disk") != "factory")
        stage.wait_machine("Off", "power")
        equal("boots from it", stage.machine("counters", "mediumBoots"), 1)
    except Skip:
        pass  # boot_override tells that; in and out it goes all the same
    do(stage, "Systems", "VirtualMediaEject",
       virtual_media={"image_url": image}, **place)
    stage.slot("")


def bios_settings(stage):
    stage.power(False)
    want = {"bios_attributes": {"ProcVirtualization": "Disabled"},
            **resource(stage)}
    equal("changed", configure(stage, "Systems", "SetBiosAttributes",
                               **want), True)
    facts = ask(stage, "Systems", "GetBiosAttributes")
    equal("before POST", entries(facts, "bios_attribute")[0][1]
          ["ProcVirtualization"], "Enabled")
    stage.power(True)
    facts = ask(stage, "Systems", "GetBiosAttributes")
    if stage.profile.startswith("idrac"):
        equal("after POST without a job", entries(facts, "bios_attribute")
              [0][1]["ProcVirtualization"], "Enabled")
        raise Skip("an iDRAC makes no job without ApplyTime, which the "
                   "module does not send")
    equal("after POST", entries(facts, "bios_attribute")[0][1]
          ["ProcVirtualization"], "Disabled")
    equal("changed again", configure(
        stage, "Systems", "SetBiosAttributes", **want), False)
    do(stage, "Systems", "VerifyBiosAttributes", **want)


def boot_order(stage):
    facts = ask(stage, "Systems", "GetBootOrder")
    now = [b["BootOptionReference"]
           for b in entries(facts, "boot_order")[0][1]]
    check(len(now) > 1, "too few boot options")
    want = list(reversed(now))
    equal("changed", in_system(configure, stage, "Systems", "SetBootOrder",
                               boot_order=want, **resource(stage)), True)
    facts = ask(stage, "Systems", "GetBootOrder")
    equal("boot order", [b["BootOptionReference"] for b in
                         entries(facts, "boot_order")[0][1]], want)


def secure_boot(stage):
    stage.power(False)
    equal("changed", configure(stage, "Systems", "EnableSecureBoot",
                               **resource(stage)), True)


def users(stage):
    facts = ask(stage, "Accounts", "ListUsers")
    return {u["UserName"]: u for u in entries(facts, "user")}


def accounts(stage):
    do(stage, "Accounts", ["AddUser", "EnableUser"],
       account_username="ann", account_password="Pass-word-1",
       account_roleid="Operator", account_updatename="ann")
    equal("role", users(stage)["ann"]["RoleId"], "Operator")
    do(stage, "Accounts", "UpdateUserPassword", account_username="ann",
       account_password="Pass-word-2")
    module(stage, "redfish_info", category="Systems",
           command="GetBootOverride", username="ann",
           password="Pass-word-2")
    do(stage, "Accounts", "UpdateUserRole", account_username="ann",
       account_roleid="ReadOnly")
    equal("role", users(stage)["ann"]["RoleId"], "ReadOnly")
    module(stage, "redfish_command", category="Systems",
           command="SetOneTimeBoot", bootdevice="Hdd", username="ann",
           password="Pass-word-2", fails=True, **resource(stage))
    equal("changed", do(stage, "Accounts", "DisableUser",
                        account_username="ann"), True)
    equal("enabled", users(stage)["ann"]["Enabled"], False)
    equal("changed", do(stage, "Accounts", "DeleteUser",
                        account_username="ann"), True)
    check("ann" not in users(stage), "ann is still there")


def manager(stage):
    facts = ask(stage, "Manager",
                ["GetManagerNicInventory", "GetNetworkProtocols",
                 "GetManagerInventory", "GetLogs"])
    check(entries(facts, "manager_nics"), "no NIC")
    equal("changed", configure(
        stage, "Manager", "SetNetworkProtocols",
        network_protocols={"NTP": {"ProtocolEnabled": False}}), True)
    facts = ask(stage, "Manager", "GetNetworkProtocols")
    equal("NTP", entries(facts, "network_protocols")["NTP"]
          ["ProtocolEnabled"], False)
    do(stage, "Manager", "ClearLogs")


def update_and_task(stage):
    _, url = stage.firmware("BIOS", "7.8.9")
    it = module(stage, "redfish_command", category="Update",
                command="SimpleUpdate", update_image_uri=url,
                update_protocol="HTTP")
    handle = it["return_values"]["update_status"]["handle"]
    check(handle, "no handle of the update")

    def finished():
        facts = ask(stage, "Update", "GetUpdateStatus",
                    update_handle=handle)
        return facts["update_status"]["status"] == "Completed"
    stage.wait("a completed update", finished)
    stage.power(False)
    stage.power(True)
    facts = ask(stage, "Update", "GetFirmwareInventory")
    holds("the firmware", [f["Version"] for f in
                           entries(facts, "firmware")], "7.8.9")


def bmc_restart(stage):
    do(stage, "Manager", "GracefulRestart")
    stage.restarted()
    check(users(stage), "no users after the restart")


play("ansible", [
    inventory, everything, sessions, power, boot_override, virtual_media,
    bios_settings, boot_order, secure_boot, accounts, manager,
    update_and_task, bmc_restart,
], setup)
