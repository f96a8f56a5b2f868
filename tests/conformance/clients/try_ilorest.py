"""ilorest of HPE (Debian: ilorest), which wants an iLO on port 443.

Its `set` and `commit` look at JSON schemas, which our BMCs leave to the DMTF's
site; properties are written by its raw commands, therefore.
"""
import json
import os

from stage import check, equal, holds, need, play


def ilo(stage, *words, **how):
    return stage.run(
        "ilorest", "--nologo", "--cache-dir", os.path.join(stage.dir, "c"),
        *words, env={"HOME": stage.dir}, **how)


def setup(stage):
    need("ilorest")


def login(stage):
    """A session that lasts over many commands, until it is ended."""
    ilo(stage, "login", stage.url, "-u", stage.user, "-p", "wrong",
        fails=True)
    ilo(stage, "login", stage.url, "-u", stage.user, "-p", stage.password)
    equal("sessions", stage.machine("sessions"), 1)
    logins = stage.machine("counters", "logins")
    holds("the types", ilo(stage, "types"), "#ComputerSystem.",
          "#Manager.", "#VirtualMedia.", "#Bios.")
    equal("logins", stage.machine("counters", "logins"), logins)


def got(stage, kind, *names):
    said = ilo(stage, "get", *names, "--select", kind, "--refresh", "-j")
    return json.loads(said[said.index("{"):])


def raw(stage, uri):
    said = ilo(stage, "rawget", uri, "--silent")
    return json.loads(said[said.index("{"):])


def send(stage, method, uri, body, **how):
    path = os.path.join(stage.dir, "body.json")
    with open(path, "w", encoding="utf-8") as out:
        json.dump({"path": uri, "body": body}, out)
    return ilo(stage, f"raw{method}", path, **how)


def inventory(stage):
    it = got(stage, "ComputerSystem.", "UUID", "SerialNumber", "PowerState")
    equal("UUID", it["UUID"], stage.machine("uuid"))
    equal("SerialNumber", it["SerialNumber"], stage.machine("serial"))
    equal("PowerState", it["PowerState"], "On")
    said = ilo(stage, "list", "--select", "Manager.")
    holds("the manager", said, "FirmwareVersion=iLO")
    said = ilo(stage, "list", "--select", "EthernetInterface.")
    holds("the NICs", said.lower(), stage.machine("mac").lower())
    said = ilo(stage, "list", "--select", "Processor.")
    check(said.count("SocketDesignation=") or said.count("Socket="),
          "no processors")
    said = ilo(stage, "list", "--select", "Memory.")
    check(said.count("CapacityMiB=") >= 4, "too little memory")
    said = ilo(stage, "list", "--select", "SoftwareInventory.")
    holds("the firmware", said, stage.version("BIOS"), stage.version("BMC"))


def power(stage):
    stage.power(True)
    ilo(stage, "reboot", "ForceOff")
    stage.wait_machine("Off", "power")
    equal("PowerState", got(stage, "ComputerSystem.", "PowerState"),
          {"PowerState": "Off"})
    said = ilo(stage, "reboot", "ForceOff", fails=True)
    holds("what it says of another", said, "current power state")
    ilo(stage, "reboot", "On")
    stage.running()
    boots = stage.machine("counters", "boots")
    ilo(stage, "reboot", "ForceRestart")
    stage.wait("another boot",
               lambda: stage.machine("counters", "boots") == boots + 1)
    stage.running()
    ilo(stage, "reboot", "PushPowerButton")
    stage.wait_machine("Off", "power")


def boot_override(stage):
    stage.power(False)
    send(stage, "patch", "/redfish/v1/Systems/1/", {"Boot": {
        "BootSourceOverrideTarget": "Pxe",
        "BootSourceOverrideEnabled": "Once"}})
    it = stage.machine("override")
    equal("override", (it["enabled"], it["target"]), ("Once", "Pxe"))
    boot = got(stage, "ComputerSystem.", "Boot")["Boot"]
    equal("what it reads", boot["BootSourceOverrideTarget"], "Pxe")
    said = send(stage, "patch", "/redfish/v1/Systems/1/", {"Boot": {
        "BootSourceOverrideMode": "Legacy"}}, fails=True)
    holds("what it says of the mode", said, "not writable")
    send(stage, "patch", "/redfish/v1/Systems/1/", {"Boot": {
        "BootSourceOverrideEnabled": "Disabled"}})
    equal("override", stage.machine("override", "enabled"), "Disabled")


def virtual_media(stage):
    stage.power(False)
    image = stage.origin + "/installer.iso"
    holds("the slots", ilo(stage, "virtualmedia"), "CD DVD", "USBStick")
    ilo(stage, "virtualmedia", "2", image)
    stage.wait("an inserted medium", lambda: any(
        s["inserted"] for s in stage.machine("media")))
    equal("slot", stage.slot(image), "2")
    holds("what it reads", ilo(stage, "virtualmedia"), image)
    send(stage, "patch", "/redfish/v1/Systems/1/", {"Boot": {
        "BootSourceOverrideTarget": "Cd",
        "BootSourceOverrideEnabled": "Once"}})
    ilo(stage, "reboot", "On")
    stage.wait("an installed disk",
               lambda: stage.machine("disk") != "factory")
    stage.wait_machine("Off", "power")
    equal("boots from it", stage.machine("counters", "mediumBoots"), 1)
    ilo(stage, "virtualmedia", "2", "--remove")
    stage.wait("an empty slot", lambda: not any(
        s["inserted"] for s in stage.machine("media")))
    ilo(stage, "virtualmedia", "2", "--remove", fails=True)


def bios_settings(stage):
    stage.power(False)
    bios = "/redfish/v1/Systems/1/Bios/"
    send(stage, "patch", bios + "Settings/",
         {"Attributes": {"ProcVirtualization": "Disabled"}})
    equal("before POST", raw(stage, bios)["Attributes"]
          ["ProcVirtualization"], "Enabled")
    stage.power(True)
    equal("after POST", raw(stage, bios)["Attributes"]
          ["ProcVirtualization"], "Disabled")


def accounts(stage):
    uri = "/redfish/v1/AccountService/Accounts/"
    send(stage, "post", uri, {"UserName": "ann", "Password": "Pass-word-1",
                              "RoleId": "ReadOnly"})
    mine = [m["@odata.id"] for m in raw(stage, uri)["Members"]]
    ann = [m for m in mine if raw(stage, m)["UserName"] == "ann"]
    equal("accounts named ann", len(ann), 1)
    other = {"--cache-dir": os.path.join(stage.dir, "ann")}
    flags = [w for pair in other.items() for w in pair]
    stage.run("ilorest", "--nologo", *flags, "login", stage.url, "-u", "ann",
              "-p", "Pass-word-1", env={"HOME": stage.dir})
    equal("sessions", stage.machine("sessions"), 2)
    stage.run("ilorest", "--nologo", *flags, "reboot", "On", fails=True,
              env={"HOME": stage.dir})
    stage.run("ilorest", "--nologo", *flags, "logout",
              env={"HOME": stage.dir})
    ilo(stage, "rawdelete", ann[0])
    check(ann[0] not in [m["@odata.id"] for m in raw(stage, uri)["Members"]],
          "ann is still there")


def events(stage):
    web = stage.web()
    uri = "/redfish/v1/EventService/Subscriptions/"
    body = {"Destination": web.at + "/ilo", "Protocol": "Redfish",
            "Context": "ilo"}
    if stage.profile == "ilo5":
        body["EventTypes"] = ["Alert", "StatusChange", "ResourceUpdated"]
    send(stage, "post", uri, body)
    subs = raw(stage, uri)["Members"]
    equal("subscriptions", len(subs), 1)
    stage.control("/power-button", {})
    said = stage.wait("an event", lambda: [
        b for path, b in web.posts if path == "/ilo"])[0]
    equal("Context", said["Context"], "ilo")
    ilo(stage, "rawdelete", subs[0]["@odata.id"])
    equal("subscriptions", raw(stage, uri)["Members"], [])


def update_and_task(stage):
    _, url = stage.firmware("BIOS", "U99 v9.9")
    send(stage, "post", "/redfish/v1/UpdateService/Actions/"
         "UpdateService.SimpleUpdate/", {"ImageURI": url})
    tasks = "/redfish/v1/TaskService/Tasks/"
    last = raw(stage, tasks)["Members"][-1]["@odata.id"]
    stage.wait("a completed task",
               lambda: raw(stage, last)["TaskState"] == "Completed")
    stage.power(False)
    stage.power(True)
    holds("the version", stage.version("BIOS"), "U99")


def restart_and_logout(stage):
    ilo(stage, "iloreset")
    stage.restarted()
    ilo(stage, "login", stage.url, "-u", stage.user, "-p", stage.password)
    equal("sessions", stage.machine("sessions"), 1)
    ilo(stage, "logout")
    equal("sessions", stage.machine("sessions"), 0)


play("ilorest", [
    login, inventory, power, boot_override, virtual_media, bios_settings,
    accounts, events, update_and_task, restart_and_logout,
], setup)
