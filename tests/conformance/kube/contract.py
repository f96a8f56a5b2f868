#!/usr/bin/env python3
"""usage: contract.py DIR [NUMBER...]

The checks of ../capi (95, by number), against a real API server: the agent
under its own ServiceAccount, core's stand-in and simulated BMCs are processes;
time is real. Prints "ok", "not ok" and "skip" lines, and writes the table
"number, result, reason" to DIR/table.txt. Environment: what client.py needs (an
admin), B7_SIM and B7_AGENT (programs), if the server may be stopped B7_SERVER
(see server.py), and B7_CAPI, a folder with the real CRDs of Cluster API, if there
is one. Without numbers: all of them.
"""

import concurrent.futures
import os
import pathlib
import re
import secrets
import sys
import time
import traceback
import urllib.request

import between
import case
import client
import frame
import number_all
import number_crds
import number_end
import number_fault
import number_media
import number_move
import number_node
import number_owner
import number_state
import place
import rules
import see
import server

BMCS = 200
AT_ONCE = 5
# Each adds its checks to case.CHECKS.
MODULES = (number_crds, number_owner, number_state, number_end, number_move,
           number_fault, number_media, number_node, number_all)
OPTIONS = ('--poll-interval', '2s', '--bmc-grace', '8s', '--retry-max', '3s',
           '--bmc-write-timeout', '5s')


class World(case.World):
    """With the agents, which some checks kill and start."""

    def start(self, name='agent', *options, url=None):
        port = server.free_port()
        self.ports[name] = port
        self.place.agent(name, '--diagnostics-address', '127.0.0.1:%d' % port,
                         *(OPTIONS + options), url=url)

    ports = None

    def ready(self, name='agent'):
        for _ in range(100):
            try:
                with urllib.request.urlopen('http://127.0.0.1:%d/readyz' %
                                            self.ports[name], timeout=5) as r:
                    return r.status == 200
            except OSError:
                time.sleep(0.1)
        return False

    def none(self):
        for name in [n for n in self.place.running if n.startswith('agent')]:
            self.place.kill(name)

    def one(self):
        """The usual one, and no other."""
        self.none()
        self.start()
        self.ready()

    def only(self, *options):
        self.none()
        self.start('agent', *options)
        self.ready()

    def media(self, *options):
        """The usual one, which serves media as well."""
        self.only(*(place.media(self.images) + options))

    def spoiled(self, *faults):
        """The usual one, by way of what is returned: between.Between."""
        b = between.Between(server.folder() / 'pki', client.Server().url,
                            os.environ['B7_CA'])
        b.spoil(*faults)
        self.none()
        self.start(url=b.url)
        return b

    def kill(self):
        self.one()

    LEASE = ('--leader-elect', '--lease-namespace', place.SYSTEM)

    def two(self):
        self.none()
        self.again('agent-a')
        self.again('agent-b')
        for name in ('agent-a', 'agent-b'):
            self.ready(name)

    def again(self, name):
        self.start(name, *(self.LEASE + ('--lease-identity', name)))

    def leader(self, seconds=40):
        """The name of the one that leads and lives."""
        server_ = client.Server()
        for _ in range(seconds * 5):
            r = frame.Reply(*server_.ask(
                'GET', '/apis/coordination.k8s.io/v1/namespaces/%s/leases/'
                'beskar7-agent' % place.SYSTEM))
            who = r.json.get('spec', {}).get('holderIdentity', '') \
                if r.status == 200 else ''
            for name in self.place.running:
                if who.startswith(name):
                    return name
            time.sleep(0.2)
        raise frame.Failed('nobody leads')

    def stop_cont(self, name, seconds):
        """As a suspended machine: it wakes up when another one leads."""
        self.place.signal(name, 'STOP')
        try:
            for _ in range(seconds * 5):
                if self.leader() != name:
                    break
                time.sleep(0.2)
        finally:
            self.place.signal(name, 'CONT')
        time.sleep(2)

    def heal(self, bmc):
        r = urllib.request.Request(
            '%s/bmcs/%s/faults/all' % (self.control, bmc), method='DELETE')
        urllib.request.urlopen(r, timeout=20).close()


def titles():
    """number: (level, what), from the table of the checks on the stand-ins."""
    text = (rules.ROOT / 'tests/conformance/capi/README.md').read_text()
    return {int(n): (level, what) for n, level, what in re.findall(
        r'^\| (\d+) \| ([MSQ]) \| (.*?) \|', text, re.M)}


class Run:
    def __init__(self, where, wanted):
        self.dir = pathlib.Path(where)
        self.titles = titles()
        self.wanted = wanted or set(self.titles)
        self.run = secrets.token_hex(3)
        self.results = {}  # number: (result, why)

    def stage(self):
        t = frame.Check(client.Server(), self.run, 0)
        p = place.Place(t, self.dir)
        self.place = p
        r = t.get('/apis/%s/v1beta2/physicalhosts' % case.AX, quiet=True)
        if r.status == 200 and r.json['items']:
            raise frame.Skip('this cluster has PhysicalHosts, which the agent '
                             'under test would drive')
        p.rights()
        images = p.sim('origin', 'origin', '--port', '0')
        p.sim('bmcs', 'bmc', '--count', str(BMCS), '--addr', '127.77.0.1',
              '--prefix', '24', '--port', str(server.free_port()),
              '--control-port', '0', '--speed', '40',
              # Other servers than those that another run left behind.
              '--seed', str(1 + secrets.randbelow(1 << 30)))
        self.world = World(p, images, p.control_of('bmcs'))
        self.world.every = list(self.world.free)
        self.world.ports = {}
        self.world.server = server.control()
        # Before there is any CRD: check 13.
        self.world.start()
        time.sleep(2)
        rules.install(t)
        p.crds_of_core()
        self.world.seen = see.Seen()
        p.core(self.world.control)

    def check(self, n):
        f, _, part = case.CHECKS[n]
        c = case.Case(self.world, self.run, n)
        why = None
        try:
            part = f(c) or part
            if n in (38, 40):
                number_all.always(c)
            result = 'in part' if part else 'passed'
            why = part
        except frame.Skip as e:
            result, why = 'skipped', str(e)
        except frame.Failed as e:
            result, why = 'FAILED', str(e)
        except Exception:  # a check that broke is a failed one
            result = 'FAILED'
            why = traceback.format_exc(limit=-3).replace('\n', ' | ')
        try:
            c.close()
        except (frame.Failed, OSError) as e:
            print('# check %d: its end: %s' % (n, e), flush=True)
        return result, why

    def say(self, n, result, why):
        self.results[n] = result, why
        name = 'kube/contract/%d %s' % (n, self.titles[n][1])
        if result == 'FAILED':
            print('not ok %s: %s' % (name, why), flush=True)
        elif result == 'skipped':
            print('skip %s: %s' % (name, why), flush=True)
        else:
            print('ok ' + name, flush=True)
            if result == 'in part':
                print('skip %s, in part: %s' % (name, why), flush=True)

    def all_of(self, numbers, at_once):
        """Several numbers may be one check."""
        of = {}
        for n in numbers:
            of.setdefault(case.CHECKS[n][0], []).append(n)
        with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
            todo = {pool.submit(self.check, ns[0]): ns for ns in of.values()}
            for done in concurrent.futures.as_completed(todo):
                for n in todo[done]:
                    self.say(n, *done.result())

    def main(self):
        for n in sorted(self.wanted):
            if n not in case.CHECKS:
                self.say(n, 'FAILED', 'there is no check')
        todo = sorted((n for n in self.wanted if n in case.CHECKS),
                      key=lambda n: (n not in case.FIRST, n))
        alone = [n for n in todo if case.CHECKS[n][1] and
                 n not in number_all.LAST]
        try:
            self.stage()
            self.all_of([n for n in todo if not case.CHECKS[n][1]], AT_ONCE)
            self.all_of(alone, 1)
            self.all_of([n for n in todo if n in number_all.LAST], 1)
        finally:
            self.place.stop()
        if self.world.seen.broken:
            print('# watches of the suite that were too old: %d' %
                  len(self.world.seen.broken))

    def table(self):
        rows = ['number, result, reason']
        for n, (result, why) in sorted(self.results.items()):
            rows.append('check %2d  %-7s  %s%s' % (
                n, result, self.titles[n][1],
                '; not seen: ' + why if why else ''))
        words = [r for r, _ in self.results.values()]
        rows.append('%d passed, %d in part, %d failed, %d skipped' % (
            words.count('passed'), words.count('in part'),
            words.count('FAILED'), words.count('skipped')))
        (self.dir / 'table.txt').write_text('\n'.join(rows) + '\n')
        print('# contract: ' + rows[-1])
        return words.count('FAILED')


def main(where, *numbers):
    r = Run(where, {int(n) for n in numbers})
    try:
        r.main()
    except frame.Skip as e:
        print('skip kube/contract: %s' % e, flush=True)
        return 0
    except (frame.Failed, OSError) as e:
        print('not ok kube/contract: %r' % e, flush=True)
        return 1
    return 1 if r.table() else 0


if __name__ == '__main__':
    if len(sys.argv) < 2 or not all(n.isdigit() for n in sys.argv[2:]):
        sys.exit(__doc__)
    assert MODULES
    sys.exit(main(*sys.argv[1:]))
