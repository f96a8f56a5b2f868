"""Redfish-Tacklebox of the DMTF (PyPI: redfish_utilities)."""
import json
import os

from stage import Skip, check, equal, holds, play


def rf(stage, name, *words, user=None, password=None, **how):
    return stage.run(
        os.path.join(stage.venv, "bin", "python3"),
        os.path.join(stage.venv, "bin", f"rf_{name}.py"),
        "-r", stage.url, "-u", user or stage.user,
        "-p", password or stage.password, *words, **how)


def raw(stage, uri, *words, **how):
    said = rf(stage, "raw_request", "-req", uri, *words, **how)
    return json.loads(said[said.index("{"):])


def setup(stage):
    if not os.path.exists(os.path.join(stage.venv, "bin", "rf_accounts.py")):
        raise Skip("no package redfish_utilities")


def inventory(stage):
    said = rf(stage, "sys_inventory", "-details")
    holds("the inventory", said, "Processor: CPU1", "Processor: CPU2",
          "DIMM 1", "Drive: 1", "Drive: 2", "NetworkAdapter: 1",
          stage.machine("serial"))
    rf(stage, "sys_inventory", "-w", "inventory")
    path = os.path.join(stage.dir, "inventory.xlsx")
    check(os.path.getsize(path) > 1000, "no spreadsheet")
    said = rf(stage, "firmware_inventory", "-details")
    holds("the firmware", said, "BIOS Firmware", "Version: 1.2.3",
          "BMC Firmware")
    root = raw(stage, "/redfish/v1/")
    equal("Systems", root["Systems"],
          {"@odata.id": "/redfish/v1/Systems"})


def sensors(stage):
    said = rf(stage, "sensor_list")
    holds("the sensors", said, "PSU 1 State", "Fan 1 SpeedPercent", "Inlet")
    check("Critical" not in said, "a sensor is critical")
    stage.control("/health", {"part": "Fan1", "health": "Critical",
                              "message": "stuck"})
    said = rf(stage, "sensor_list")
    fan = [line for line in said.splitlines() if "Fan 1 State" in line]
    holds("the broken fan", fan[0], "Critical")
    stage.control("/health", {"part": "Fan1", "health": "OK"})
    check("Critical" not in rf(stage, "sensor_list"), "it is still broken")


def sessions(stage):
    """Each tool logs in and out."""
    before = stage.machine("counters", "logins")
    rf(stage, "power_reset", "-info")
    equal("logins", stage.machine("counters", "logins"), before + 1)
    equal("sessions", stage.machine("sessions"), 0)
    rf(stage, "power_reset", "-info", password="wrong", fails=True)
    equal("failed logins", stage.machine("counters", "loginFailures"), 1)


def power(stage):
    stage.power(True)
    said = rf(stage, "power_reset", "-info")
    holds("the kinds of reset", said, "ForceOff", "GracefulShutdown",
          "Current power state: On")
    rf(stage, "power_reset", "-t", "GracefulShutdown")
    stage.wait_machine("Off", "power")
    holds("the power", rf(stage, "power_reset", "-info"),
          "Current power state: Off")
    rf(stage, "power_reset", "-t", "On")
    stage.running()
    boots = stage.machine("counters", "boots")
    rf(stage, "power_reset", "-t", "ForceRestart")
    stage.wait("another boot",
               lambda: stage.machine("counters", "boots") == boots + 1)
    rf(stage, "power_reset", "-t", "ForceOff")
    stage.wait_machine("Off", "power")
    rf(stage, "power_reset", "-t", "Suspend", fails=True)


def boot_override(stage):
    stage.power(False)
    rf(stage, "boot_override", "-t", "Pxe")
    it = stage.machine("override")
    equal("override", (it["enabled"], it["target"]), ("Once", "Pxe"))
    holds("what it reads", rf(stage, "boot_override", "-info"),
          "Target: Pxe", "Enabled: Once")
    rf(stage, "boot_override", "-t", "None")
    equal("override", stage.machine("override", "enabled"), "Disabled")
    rf(stage, "boot_override", "-t", "Floppy", fails=True)


def virtual_media(stage):
    stage.power(False)
    image = stage.origin + "/installer.iso"
    rf(stage, "virtual_media", "insert", "--image", image, "--id", "Cd")
    equal("slot", stage.slot(image), "Cd")
    holds("what it reads", rf(stage, "virtual_media", "info"), image)
    rf(stage, "boot_override", "-t", "Cd")
    rf(stage, "power_reset", "-t", "On")
    stage.wait("an installed disk",
               lambda: stage.machine("disk") != "factory")
    stage.wait_machine("Off", "power")
    equal("boots from it", stage.machine("counters", "mediumBoots"), 1)
    rf(stage, "virtual_media", "eject", "--id", "Cd")
    stage.slot("")
    rf(stage, "virtual_media", "insert", "--id", "Cd", "--image",
       stage.origin + "/no-such.iso", fails=True)
    stage.slot("")


def bios_row(stage, name):
    for line in rf(stage, "bios_settings").splitlines():
        words = line.split()
        if words[:1] == [name]:
            return [w for w in words[1:] if w != "|"]
    return None


def bios_settings(stage):
    stage.power(False)
    rf(stage, "bios_settings", "-a", "ProcVirtualization", "Disabled",
       "-a", "WatchdogMinutes", "5")
    equal("before POST", bios_row(stage, "ProcVirtualization"),
          ["Enabled", "Disabled"])
    stage.power(True)
    equal("after POST", bios_row(stage, "ProcVirtualization"),
          ["Disabled", "Disabled"])
    equal("after POST", bios_row(stage, "WatchdogMinutes"), ["5", "5"])
    rf(stage, "bios_settings", "-a", "NoSuchSetting", "1", fails=True)
    rf(stage, "bios_settings", "-reset")
    stage.power(False)
    stage.power(True)
    equal("after the reset", bios_row(stage, "ProcVirtualization"),
          ["Enabled", "Enabled"])


def account(stage, name):
    for line in rf(stage, "accounts").splitlines():
        words = [w.strip() for w in line.split("|")]
        if words[0] == name:
            return words[1:]
    return None


def accounts(stage):
    rf(stage, "accounts", "--add", "ann", "Pass-word-1", "Operator")
    equal("account", account(stage, "ann"), ["Operator", "False", "True"])
    rf(stage, "power_reset", "-info", user="ann", password="Pass-word-1")
    rf(stage, "accounts", "--setpassword", "ann", "Pass-word-2")
    rf(stage, "power_reset", "-info", user="ann", password="Pass-word-1",
       fails=True)
    rf(stage, "accounts", "--setrole", "ann", "ReadOnly")
    equal("account", account(stage, "ann")[0], "ReadOnly")
    rf(stage, "power_reset", "-t", "ForceOff", user="ann",
       password="Pass-word-2", fails=True)
    rf(stage, "accounts", "--setname", "ann", "eve")
    equal("old name", account(stage, "ann"), None)
    rf(stage, "accounts", "--disable", "eve")
    equal("account", account(stage, "eve"), ["ReadOnly", "False", "False"])
    rf(stage, "power_reset", "-info", user="eve", password="Pass-word-2",
       fails=True)
    rf(stage, "accounts", "--enable", "eve")
    rf(stage, "accounts", "--delete", "eve")
    equal("account", account(stage, "eve"), None)


def events(stage):
    web = stage.web()
    rf(stage, "event_service", "subscribe", "--destination", web.at + "/box",
       "--context", "box")
    said = rf(stage, "event_service", "info")
    holds("the subscriptions", said, web.at + "/box", "Context: box")
    stage.control("/power-button", {})
    body = stage.wait("an event", lambda: [
        b for path, b in web.posts if path == "/box"])[0]
    equal("Context", body["Context"], "box")
    subs = raw(stage, "/redfish/v1/EventService/Subscriptions")["Members"]
    rf(stage, "event_service", "unsubscribe", "--id",
       subs[0]["@odata.id"].rsplit("/", 1)[1])
    holds("the subscriptions", rf(stage, "event_service", "info"),
          "No subscriptions")


def logs(stage):
    stage.power(False)
    stage.power(True)
    said = rf(stage, "logs", "-s", "-details")
    check(len(said.splitlines()) > 1, "the log is empty")
    rf(stage, "logs", "-s", "-clear")
    equal("after it was cleared",
          len(rf(stage, "logs", "-s").strip().splitlines()), 1)
    rf(stage, "sel")


def certificates(stage):
    said = rf(stage, "certificates", "info")
    holds("the certificates", said, "CN=bmc-000",
          "NetworkProtocol/HTTPS/Certificates/1")
    rf(stage, "certificates", "csr", "--commonname", "bmc.example",
       "--organization", "Example", "--organizationalunit", "Racks",
       "--city", "Here", "--state", "There", "--country", "DE",
       "--certificatecollection", f"/redfish/v1/Managers/{stage.manager}"
       "/NetworkProtocol/HTTPS/Certificates", "--out", "csr.pem")
    with open(os.path.join(stage.dir, "csr.pem"), encoding="ascii") as it:
        holds("the request", it.read(), "BEGIN CERTIFICATE REQUEST")


def manager(stage):
    holds("the manager", rf(stage, "manager_config", "info"),
          "FirmwareVersion: 1.0.0", "Health: OK")
    holds("its port", rf(stage, "manager_config", "getnet"), "127.0.0.1")
    holds("its protocols", rf(stage, "manager_config", "getprotocol"),
          "HTTPS")
    rf(stage, "manager_config", "setprotocol", "--protocol", "NTP",
       "--disable")
    said = rf(stage, "manager_config", "getprotocol")
    ntp = [line for line in said.splitlines() if line.strip().
           startswith("NTP")]
    holds("NTP", ntp[0], "False")
    # its session dies with the BMC, so it may fail to log out
    rf(stage, "manager_config", "reset", "--type", "ForceRestart",
       fails=None)
    stage.restarted()


def update_and_task(stage):
    _, url = stage.firmware("BIOS", "2.2.2")
    rf(stage, "update", "-i", url)
    stage.power(False)
    stage.power(True)
    equal("version", stage.version("BIOS"), "2.2.2")
    path, _ = stage.firmware("BIOS", "2.2.3")
    rf(stage, "update", "-i", path, "-t",
       "/redfish/v1/UpdateService/FirmwareInventory/BIOS")
    stage.power(False)
    stage.power(True)
    holds("the firmware", rf(stage, "firmware_inventory", "-details"),
          "Version: 2.2.3")
    tasks = raw(stage, "/redfish/v1/TaskService/Tasks")["Members"]
    equal("the last task",
          raw(stage, tasks[-1]["@odata.id"])["TaskState"], "Completed")


def what_is_not_there(stage):
    """Told as absent, not as an error of the service."""
    holds("power equipment", rf(stage, "power_equipment", "list",
                                fails=True), "does not contain")
    holds("thermal equipment", rf(stage, "thermal_equipment", "list",
                                  fails=True), "does not contain")
    holds("licences", rf(stage, "licenses", "info", fails=True),
          "does not contain")
    holds("diagnostics", rf(stage, "diagnostic_data", "-m", fails=True),
          "does not support")


def nothing_is_left(stage):
    equal("sessions", stage.machine("sessions"), 0)


play("tacklebox", [
    inventory, sensors, sessions, power, boot_override, virtual_media,
    bios_settings, accounts, events, logs, certificates, manager,
    update_and_task, what_is_not_there, nothing_is_left,
], setup)
