"""fwupdtool, its redfish plugin pointed at the BMC (Debian: fwupd)."""
import json
import os

from stage import Skip, check, equal, holds, need, play

CONFIG = """[redfish]
Uri={url}
Username={user}
Password={password}
CACheck=false
IpmiDisableCreateUser=true
ManagerResetTimeout=60
"""


def fwupd(stage, *words, **how):
    """In folders of its own: neither /etc nor /var of the machine."""
    return stage.run(
        "fwupdtool", "--plugins", "redfish", *words, env={
            "CONFIGURATION_DIRECTORY": os.path.join(stage.dir, "etc"),
            "STATE_DIRECTORY": os.path.join(stage.dir, "state"),
            "CACHE_DIRECTORY": os.path.join(stage.dir, "cache"),
            "FWUPD_LOCALSTATEDIR": os.path.join(stage.dir, "state"),
            "FWUPD_LOCKDIR": os.path.join(stage.dir, "state"),
        }, **how)


def setup(stage):
    need("fwupdtool")
    for name in ("etc", "state", "cache"):
        os.makedirs(os.path.join(stage.dir, name), exist_ok=True)
    path = os.path.join(stage.dir, "etc", "fwupd.conf")
    with open(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), "w",
              encoding="ascii") as out:
        out.write(CONFIG.format(url=stage.url, user=stage.user,
                                password=stage.password))
    said = fwupd(stage, "get-plugins", errors=False)
    if "redfish" not in said:
        raise Skip("this fwupd has no redfish plugin")


def devices(stage):
    said = fwupd(stage, "get-devices", "--json", errors=False)
    found = json.loads(said[said.index("{"):])["Devices"]
    return {d["Name"]: d for d in found if d.get("Plugin") == "redfish"}


def device(stage, part):
    for name, it in devices(stage).items():
        if part in name:
            return it
    raise Skip(f"no device {part} in {sorted(devices(stage))}")


def inventory(stage):
    found = devices(stage)
    check(len(found) >= 2, f"only {sorted(found)}")
    for part in ("BIOS", "BMC"):
        it = device(stage, part)
        equal("version of " + part, it["Version"], stage.version(part))
        holds("the flags", it["Flags"], "updatable")
        check(it["Guid"], "no GUID")


def sessions(stage):
    """It asks with a session of its own, or with each request."""
    devices(stage)
    equal("failed logins", stage.machine("counters", "loginFailures"), 0)
    check(stage.machine("sessions") <= 1, "it leaves sessions")


def push(stage, part, version, **how):
    path, _ = stage.firmware(part, version)
    return fwupd(stage, "install-blob", path, device(stage, part)["DeviceId"],
                 "--no-reboot-check", "-y", "--force", **how)


def push_an_image(stage):
    """A multipart push; its task is polled where Location says."""
    updates = stage.done("update")
    said = push(stage, "BIOS", "2.5.0", fails=None)
    if "failed to write-firmware" in said:
        # done all the same: fwupd takes AwaitToActivate, a message of the
        # DMTF's registry Update, for a failure
        check("waits until it is activated" in said,
              said.strip().splitlines()[-1])
    equal("updates", stage.done("update"), updates + 1)
    stage.wait("an image that was received", lambda: any(
        e["event"] == "task" and "ompleted" in e.get("text", "")
        for e in stage.control("/events")["events"]))
    equal("before POST", stage.version("BIOS") == "2.5.0", False)
    stage.power(False)
    stage.power(True)
    equal("after POST", stage.version("BIOS"), "2.5.0")
    equal("what it reads", device(stage, "BIOS")["Version"], "2.5.0")


def a_bad_image_is_told(stage):
    path = os.path.join(stage.dir, "bad.bin")
    with open(path, "wb") as out:
        out.write(b"this is no firmware\n" * 500)
    before = stage.version("BMC")
    fwupd(stage, "install-blob", path, device(stage, "BMC")["DeviceId"],
          "--no-reboot-check", "-y", "--force", fails=True)
    equal("version", stage.version("BMC"), before)


play("fwupd", [inventory, sessions, push_an_image, a_bad_image_is_told],
     setup)
