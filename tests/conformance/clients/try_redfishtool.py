"""redfishtool of the DMTF (Debian: redfishtool)."""
import json

from stage import Skip, check, equal, holds, need, play


def tool(stage, *words, auth="Session", user=None, password=None, **how):
    return stage.run(
        "redfishtool", "-r", stage.url.removeprefix("https://"),
        "-S", "Always", "-A", auth, "-u", user or stage.user,
        "-p", password or stage.password, *words, **how)


def ask(stage, *words, **how):
    return json.loads(tool(stage, *words, **how))


def system(stage, *words):
    return tool(stage, "Systems", "-I", stage.system, *words)


def inventory(stage):
    equal("versions", ask(stage, "versions", auth="None"),
          {"v1": "/redfish/v1/"})
    root = ask(stage, "root", auth="None")
    check("Systems" in root, "the root has no Systems")
    it = json.loads(system(stage))
    equal("UUID", it["UUID"], stage.machine("uuid"))
    equal("SerialNumber", it["SerialNumber"], stage.machine("serial"))
    cpus = json.loads(system(stage, "Processors", "-a"))
    equal("processors", [c["Id"] for c in cpus["Members"]], ["CPU1", "CPU2"])
    nics = json.loads(system(stage, "EthernetInterfaces", "-a"))
    equal("first MAC", nics["Members"][0]["MACAddress"].lower(),
          stage.machine("mac").lower())
    chassis = ask(stage, "Chassis", "-F")
    sensors = ask(stage, "raw", "GET", chassis["Sensors"]["@odata.id"])
    check(sensors["Members"], "no sensors")
    holds("metadata", tool(stage, "metadata"), "ComputerSystem_v1.xml")
    names = [v["name"] for v in ask(stage, "odata")["value"]]
    holds("odata", names, "Systems", "Managers")


def sessions(stage):
    equal("sessions before", stage.machine("sessions"), 0)
    login = ask(stage, "SessionService", "login")
    equal("sessions", stage.machine("sessions"), 1)
    said = stage.run("redfishtool", "-r", stage.url.removeprefix("https://"),
                     "-S", "Always", "-A", "Session", "-t", login["X-Auth-Token"], "Systems")
    holds("what the token opens", said, stage.system)
    mine = ask(stage, "SessionService", "Sessions", "-a", auth="Basic")
    equal("owner", [m["UserName"] for m in mine["Members"]], [stage.user])
    equal("id", mine["Members"][0]["Id"], login["SessionId"])
    tool(stage, "SessionService", "logout", "-i", login["SessionId"],
         auth="Basic")
    equal("sessions after", stage.machine("sessions"), 0)


def wrong_password(stage):
    tool(stage, "Systems", password="wrong", fails=True)
    tool(stage, "Systems", password="wrong", auth="Basic", fails=True)
    equal("failed logins", stage.machine("counters", "loginFailures"), 2)


def power(stage):
    stage.power(True)
    system(stage, "reset", "GracefulShutdown")
    stage.wait_machine("Off", "power")
    equal("PowerState", json.loads(system(stage, "-P", "PowerState")),
          {"PowerState": "Off"})
    system(stage, "reset", "On")
    stage.wait_machine("Os", "phase")
    equal("PowerState", json.loads(system(stage, "-P", "PowerState")),
          {"PowerState": "On"})
    system(stage, "reset", "ForceOff")
    stage.wait_machine("Off", "power")
    equal("resets", stage.done("reset"), 3)


def boot_override(stage):
    stage.power(False)
    for enabled, target in (("Once", "Cd"), ("Continuous", "Pxe"),
                            ("Disabled", "None")):
        system(stage, "setBootOverride", enabled, target)
        it = stage.machine("override")
        equal("enabled", it["enabled"], enabled)
        if enabled != "Disabled":
            equal("target", it["target"], target)
        boot = json.loads(system(stage, "-P", "Boot"))["Boot"]
        equal("what it reads", boot["BootSourceOverrideEnabled"], enabled)


def properties_with_etag(stage):
    system(stage, "setAssetTag", "rack 7")
    equal("AssetTag", json.loads(system(stage, "-P", "AssetTag")),
          {"AssetTag": "rack 7"})
    equal("writes", stage.done("patch-system"), 1)


def virtual_media(stage):
    if stage.profile == "openbmc":
        raise Skip("this BMC takes images by https only")
    stage.power(False)
    image = stage.origin + "/installer.iso"
    slot = f"/redfish/v1/Systems/{stage.system}/VirtualMedia/Cd"
    tool(stage, "raw", "POST", f"{slot}/Actions/VirtualMedia.InsertMedia",
         "-d", json.dumps({"Image": image}))
    equal("slot", stage.slot(image), "Cd")
    equal("Image", ask(stage, "raw", "GET", slot)["Image"], image)
    system(stage, "setBootOverride", "Once", "Cd")
    system(stage, "reset", "On")
    # the installer writes the disk and powers off
    stage.wait("an installed disk",
               lambda: stage.machine("disk") != "factory")
    stage.wait_machine("Off", "power")
    equal("boots from the medium",
          stage.machine("counters", "mediumBoots"), 1)
    tool(stage, "raw", "POST", f"{slot}/Actions/VirtualMedia.EjectMedia",
         "-d", "{}")
    stage.slot("")


def bios_settings(stage):
    stage.power(False)
    bios = f"/redfish/v1/Systems/{stage.system}/Bios"
    tool(stage, "raw", "PATCH", bios + "/Settings", "-d", json.dumps(
        {"Attributes": {"ProcVirtualization": "Disabled"}}))
    equal("before POST",
          ask(stage, "raw", "GET", bios)["Attributes"]["ProcVirtualization"],
          "Enabled")
    stage.power(True)
    equal("after POST",
          ask(stage, "raw", "GET", bios)["Attributes"]["ProcVirtualization"],
          "Disabled")


def accounts(stage):
    def users():
        all_ = ask(stage, "AccountService", "Accounts", "-a")["Members"]
        return {m["UserName"]: m for m in all_ if m["UserName"]}

    tool(stage, "AccountService", "adduser", "joe", "Pass-word-1", "Operator")
    equal("role", users()["joe"]["RoleId"], "Operator")
    tool(stage, "Systems", user="joe", password="Pass-word-1")
    tool(stage, "AccountService", "Accounts", user="joe",
         password="Pass-word-1", fails=False)
    tool(stage, "AccountService", "setpassword", "joe", "Pass-word-2")
    tool(stage, "Systems", user="joe", password="Pass-word-1", fails=True)
    tool(stage, "Systems", user="joe", password="Pass-word-2")
    tool(stage, "AccountService", "useradmin", "joe", "setRoleId", "ReadOnly")
    equal("role", users()["joe"]["RoleId"], "ReadOnly")
    tool(stage, "Systems", "-I", stage.system, "setAssetTag", "joe's",
         user="joe", password="Pass-word-2", fails=True)
    tool(stage, "AccountService", "useradmin", "joe", "disable")
    tool(stage, "Systems", user="joe", password="Pass-word-2", fails=True)
    tool(stage, "AccountService", "deleteuser", "joe")
    check("joe" not in users(), "joe is still there")


def events(stage):
    web = stage.web()
    service = "/redfish/v1/EventService"
    tool(stage, "raw", "POST", service + "/Subscriptions", "-d", json.dumps(
        {"Destination": web.at + "/tool", "Protocol": "Redfish",
         "Context": "tool"}))
    subs = ask(stage, "raw", "GET", service + "/Subscriptions")["Members"]
    equal("subscriptions", len(subs), 1)
    stage.control("/power-button", {})
    body = stage.wait("an event", lambda: [
        b for path, b in web.posts if path == "/tool"])[0]
    equal("Context", body["Context"], "tool")
    tool(stage, "raw", "DELETE", subs[0]["@odata.id"])
    equal("subscriptions", ask(
        stage, "raw", "GET", service + "/Subscriptions")["Members"], [])


def update_and_task(stage):
    _, url = stage.firmware("BMC", "3.0.1")
    tool(stage, "-N", "raw", "POST", "/redfish/v1/UpdateService/Actions/"
         "UpdateService.SimpleUpdate", "-d", json.dumps({"ImageURI": url}))
    tasks = ask(stage, "raw", "GET", "/redfish/v1/TaskService/Tasks")
    last = tasks["Members"][-1]["@odata.id"]
    stage.wait("a completed task", lambda: ask(
        stage, "raw", "GET", last)["TaskState"] == "Completed")
    tool(stage, "Managers", "-I", stage.manager, "reset", "ForceRestart")
    stage.restarted()
    equal("version", ask(stage, "Managers", "-I", stage.manager, "-P",
                         "FirmwareVersion"), {"FirmwareVersion": "3.0.1"})


def nothing_is_left(stage):
    equal("sessions", stage.machine("sessions"), 0)


play("redfishtool", [
    inventory, sessions, wrong_password, power, boot_override,
    properties_with_etag, virtual_media, bios_settings, accounts, events,
    update_and_task, nothing_is_left,
], lambda stage: need("redfishtool"))
