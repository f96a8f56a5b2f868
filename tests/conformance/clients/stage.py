"""What the script of every client needs: one simulated BMC, seen from outside.

A script defines cases (functions whose argument is the Stage) and calls play().
What a client did is checked twice: as the client reads it back, and as the
control API of the simulator tells it. Prints "ok NAME", "not ok NAME: why" or
"skip NAME: why" for each case.
"""
import base64
import gzip
import http.server
import json
import os
import shutil
import ssl
import subprocess
import sys
import threading
import time
import traceback
import urllib.request

PATIENCE = 30  # seconds until something must have happened


class Failed(Exception):
    """An assertion about a client or the simulator that does not hold."""


class Skip(Exception):
    """A case that cannot run here, with the reason."""


def check(holds, text):
    if not holds:
        raise Failed(text)


def equal(what, got, want):
    check(got == want, f"{what} is {got!r}, not {want!r}")


def holds(what, text, *parts):
    for part in parts:
        check(part in text, f"{what} does not tell {part!r}")


class Web(http.server.BaseHTTPRequestHandler):
    """Serves the stage's files, keeps the JSON that is posted to it."""

    def reply(self, status, body=b""):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_GET(self):
        body = self.server.files.get(self.path)
        self.reply(404 if body is None else 200, body or b"")

    do_HEAD = do_GET

    def do_POST(self):
        size = int(self.headers.get("Content-Length", "0"))
        body = self.rfile.read(size)
        self.server.posts.append((self.path, json.loads(body)))
        self.reply(204)

    def log_message(self, *args):
        pass


class Stage:
    """One BMC with the machine "bmc-000", and a folder for what is written."""

    def __init__(self):
        env = os.environ
        self.profile = env["B7_PROFILE"]
        self.url = env["B7_URL"]
        self.ca = env["B7_CA"]
        self.user = env["B7_USER"]
        self.password = env["B7_PASSWORD"]
        self.origin = env["B7_ORIGIN"]
        self.dir = env["B7_DIR"]
        self.venv = env["B7_VENV"]
        self.system = env["B7_SYSTEM"]
        self.manager = env["B7_MANAGER"]
        self._control = env["B7_CONTROL"]
        self.log = open(os.path.join(self.dir, "log"), "w", encoding="utf-8")
        self._web = None

    # ---- the simulator's side --------------------------------------------

    def control(self, path="", body=None):
        """The control API of the machine: GET, or POST of body."""
        data = None if body is None else json.dumps(body).encode()
        ask = urllib.request.Request(
            f"{self._control}/bmcs/bmc-000{path}", data)
        with urllib.request.urlopen(ask, timeout=PATIENCE) as reply:
            text = reply.read()
        return json.loads(text) if text else None

    def machine(self, *names):
        """The machine as it is, or one thing of it by the names on the way."""
        it = self.control()
        for name in names:
            it = it[name]
        return it

    def wait(self, what, is_so):
        """Polls is_so() until it is true, at most PATIENCE seconds."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            got = is_so()
            if got:
                return got
            time.sleep(0.1)
        raise Failed(f"after {PATIENCE} s still not: {what}")

    def wait_machine(self, want, *names):
        self.wait(f"{'.'.join(map(str, names))} {want!r}",
                  lambda: self.machine(*names) == want)

    def done(self, operation):
        """How often the BMC was asked for this operation."""
        return self.machine("operations").get(operation, 0)

    def slot(self, image):
        """The slot that has this image ("" = none of them has one)."""
        slots = [s for s in self.machine("media") if s["inserted"]]
        if image == "":
            equal("what is inserted", [s["image"] for s in slots], [])
            return None
        equal("what is inserted", [s["image"] for s in slots], [image])
        return slots[0]["id"]

    def restarted(self, times=1):
        """Waits until the BMC was restarted and is there again."""
        equal("restarts of the BMC", self.done("manager-reset"), times)
        self.wait_machine(False, "down")

    def running(self, power=True):
        """The machine runs its system, or is off, at the start of a case."""
        self.wait_machine("Os" if power else "Off", "phase")

    def power(self, on):
        """Puts the machine into this state by its button."""
        self.wait("a power that does not change",
                  lambda: self.machine("power") in ("On", "Off"))
        if (self.machine("power") == "On") != on:
            self.control("/power-button", {} if on else {"hold": True})
        self.running(on)

    def version(self, part):
        """What the firmware of a part is, by a reader that is no client."""
        trust = ssl.create_default_context(cafile=self.ca)
        login = base64.b64encode(
            f"{self.user}:{self.password}".encode()).decode()
        ask = urllib.request.Request(
            f"{self.url}/redfish/v1/UpdateService/FirmwareInventory/{part}/",
            headers={"Authorization": f"Basic {login}",
                     "Accept-Encoding": "gzip"})  # iLO 6 insists
        with urllib.request.urlopen(ask, context=trust, timeout=PATIENCE) as r:
            body = r.read()
            if r.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            return json.loads(body)["Version"]

    # ---- the client's side -----------------------------------------------

    def web(self):
        """A web server of ours: .files to serve, .posts that came, .at."""
        if not self._web:
            self._web = http.server.ThreadingHTTPServer(
                ("127.0.0.1", 0), Web)
            self._web.files = {}
            self._web.posts = []
            self._web.at = f"http://127.0.0.1:{self._web.server_port}"
            threading.Thread(target=self._web.serve_forever,
                             daemon=True).start()
        return self._web

    def firmware(self, part, version, size=20000):
        """An image, with every byte there is in it, in a file of ours."""
        body = f"SIMFW component={part} version={version}\n".encode()
        body += bytes(range(256)) * (size // 256)
        name = f"{part.lower()}.bin"
        self.web().files["/" + name] = body
        path = os.path.join(self.dir, name)
        with open(path, "wb") as out:
            out.write(body)
        return path, f"{self.web().at}/{name}"

    def run(self, *argv, fails=False, env=None, cwd=None, errors=True):
        """Runs a program; what it said. It must succeed, or
        with fails it must not; with None it may."""
        argv = [str(a) for a in argv]
        done = subprocess.run(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if errors else subprocess.PIPE,
            timeout=180, check=False, cwd=cwd or self.dir,
            env={**os.environ, **(env or {})})
        said = done.stdout.decode("utf-8", "replace")
        aside = "" if errors else done.stderr.decode("utf-8", "replace")
        shown = [a.replace(self.password, "***") for a in argv]
        self.log.write(f"$ {' '.join(shown)}\n{said}{aside}")
        self.log.write(f"[status {done.returncode}]\n")
        self.log.flush()
        if fails is not None and (done.returncode != 0) != fails:
            last = (said + aside).strip().splitlines()[-1:] or ["nothing"]
            told = [n for n in (said + aside).splitlines() if '"msg"' in n]
            raise Failed(f"{os.path.basename(argv[0])} ended with "
                         f"{done.returncode}, saying: "
                         f"{(told or last)[-1].strip()[:300]}")
        return said


def need(program):
    """The path of a program, or a skip of the whole client."""
    path = shutil.which(program)
    if not path:
        raise Skip(f"no program {program}")
    return path


def one(stage, name, case):
    try:
        case(stage)
        return f"ok {name}"
    except Skip as why:
        return f"skip {name}: {why}"
    except Failed as why:
        return f"not ok {name}: {why}"
    except Exception as why:  # a client's library may raise anything
        stage.log.write(traceback.format_exc())
        return f"not ok {name}: {type(why).__name__}: {str(why)[:200]}"


def play(client, cases, setup=None):
    """Runs the cases in their order; cases after a failed setup are skipped."""
    stage = Stage()
    prefix = f"{stage.profile}/{client}"
    try:
        if setup:
            setup(stage)
    except Skip as why:
        print(f"skip {prefix}: {why}")
        return
    for case in cases:
        name = f"{prefix}/{case.__name__}"
        stage.log.write(f"---- {name}\n")
        line = one(stage, name, case)
        print(" ".join(line.split()))
        sys.stdout.flush()
