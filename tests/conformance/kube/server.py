"""Stops and starts what server.sh started: for each program, NAME.cmd (its
words, ended by NUL) and NAME.pid in the folder that B7_SERVER names."""

import os
import pathlib
import signal
import socket
import subprocess
import time

PROGRAMS = ('etcd', 'apiserver')


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


def folder():
    """Of the programs and of pki/, or None where the server is somebody's."""
    return pathlib.Path(os.environ['B7_SERVER']) \
        if os.environ.get('B7_SERVER') else None


def control():
    """control()('kill-api' | 'kill-all' | 'start'), or None where the server is
    somebody's."""
    where = folder()
    if where is None:
        return None
    return lambda what: start(where) if what == 'start' else \
        kill(where, PROGRAMS if what == 'kill-all' else PROGRAMS[1:])


def alive(pid):
    """A zombie is dead, whoever has not asked for it yet."""
    try:
        return pathlib.Path('/proc/%d/stat' % pid).read_text().rsplit(
            ')', 1)[1].split()[0] not in 'ZX'
    except OSError:
        return False


def pid_of(where, name):
    return int((where / (name + '.pid')).read_text())


def kill(where, names):
    """At once, as the kernel does when memory is short."""
    for name in names:
        pid = pid_of(where, name)
        os.kill(pid, signal.SIGKILL)
        while alive(pid):
            time.sleep(0.05)


def start(where):
    for name in PROGRAMS:
        if alive(pid_of(where, name)):
            continue
        command = (where / (name + '.cmd')).read_bytes().split(b'\0')[:-1]
        with open(where / (name + '.log'), 'ab') as log:
            p = subprocess.Popen(command, stdout=log, stderr=log,
                                 start_new_session=True)
        (where / (name + '.pid')).write_text(str(p.pid))
