#!/usr/bin/env python3
"""usage: story.py DIR

The life of two hosts against a real API server, with the agent under its own
ServiceAccount: enrolled, claimed, provisioned with user data by its media server,
at rest, paused, power-cycled by a remediation, released, deleted; and what that
cost the server, by its audit log.
Environment: what client.py needs (an admin), B7_SIM and B7_AGENT (programs).
Prints "ok" and "not ok" lines; logs go to DIR.
"""

import json
import os
import pathlib
import secrets
import socket
import subprocess
import sys
import time

import audit
import case
import client
import frame
import payload
import place
import rules
from place import CAPI, OURS, PLACES, RBAC, SYSTEM, provisioned, state

PATIENCE = 60
REST = 60


class Story:
    def __init__(self, where):
        self.t = frame.Check(client.Server(), secrets.token_hex(3), 0)
        self.dir = pathlib.Path(where)
        self.place = place.Place(self.t, where)
        self.audit = audit.Audit(os.environ.get('B7_AUDIT', ''))
        self.begun = self.audit.at
        self.bad = 0

    def say(self, ok, what, why=''):
        self.bad += not ok
        print('%s kube/agent/%s%s' % ('ok' if ok else 'not ok', what,
                                      '' if ok else ': ' + why), flush=True)
        return ok

    def install(self):
        rules.install(self.t)
        self.place.crds_of_core()
        self.place.rights()

    def programs(self):
        p = self.place
        self.images = p.sim('origin', 'origin', '--port', '0')
        self.bmcs = [p.sim(
            'bmc-%d' % n, 'bmc', '--profiles', profile, '--port', '0',
            '--control-port', '0', '--speed', '40',
            '--seed', str(1 + secrets.randbelow(1 << 30)))
            for n, profile in enumerate(('generic', 'idrac9'))]
        p.core(p.control_of('bmc-0'))
        with socket.socket() as free:
            free.bind(('127.0.0.1', 0))
            self.diagnostics = '127.0.0.1:%d' % free.getsockname()[1]
        p.agent('agent', '--leader-elect', '--lease-namespace', SYSTEM,
                '--diagnostics-address', self.diagnostics,
                '--namespace', self.t.ns, '--bmc-write-timeout', '5s',
                *place.media(self.images))

    # ---- objects ----

    def make(self, path, kind, name, **parts):
        version = '/'.join(path.split('/')[2:4])
        meta = dict({'name': name}, **parts.pop('meta', {}))
        body = dict({'apiVersion': version if path.startswith('/apis') else
                     'v1', 'kind': kind, 'metadata': meta}, **parts)
        self.t.post(path, body, quiet=True, want=201)

    def ours(self, kind, name=''):
        return (OURS % (self.t.ns, kind)) + ('/' + name if name else '')

    def capi(self, kind, name=''):
        return (CAPI % (self.t.ns, kind)) + ('/' + name if name else '')

    def wait(self, what, path, holds):
        """Until holds(object); the object is None when it is gone."""
        last = None
        for _ in range(PATIENCE * 4):
            r = self.t.get(path, quiet=True)
            last = r.json if r.status == 200 else None
            if holds(last):
                return self.say(True, what)
            time.sleep(0.25)
        return self.say(False, what, 'after %d s: %s' % (
            PATIENCE, json.dumps(last and last.get('status'))[:600]))

    def hosts(self):
        self.make('/api/v1/namespaces/%s/secrets' % self.t.ns, 'Secret',
                  'login', stringData={'username': 'root',
                                       'password': 'b7-sim-secret'})
        for n, url in enumerate(self.bmcs):
            self.make(self.ours('physicalhosts'), 'PhysicalHost',
                      'h%d' % n, spec={'redfishConnection': {
                          'address': url, 'trustOnFirstUse': True,
                          'credentialsSecretRef': {'name': 'login'}}})
        for n in range(len(self.bmcs)):
            self.wait('host %d becomes Available' % n,
                      self.ours('physicalhosts', 'h%d' % n), state('Available'))

    def cluster(self):
        ref = {'apiGroup': 'infrastructure.cluster.x-k8s.io'}
        self.make(self.capi('clusters'), 'Cluster', 'c', spec={
            'infrastructureRef': dict(ref, kind='Beskar7Cluster', name='c')})
        self.make(self.ours('beskar7clusters'), 'Beskar7Cluster', 'c',
                  spec={'controlPlaneEndpoint': {'host': '10.0.0.1',
                                                 'port': 6443}})
        self.make('/api/v1/namespaces/%s/secrets' % self.t.ns, 'Secret',
                  'boot', type='cluster.x-k8s.io/secret', stringData={
                      'format': 'cloud-config', 'value': payload.CLOUD},
                  meta={'labels': {'cluster.x-k8s.io/cluster-name': 'c'}})
        labels = {'labels': {'cluster.x-k8s.io/cluster-name': 'c'}}
        self.make(self.ours('beskar7machines'), 'Beskar7Machine', 'm',
                  meta=labels, spec={'image': {
                      'url': self.images + '/installer.iso?family=ubuntu'}})
        self.make(self.capi('machines'), 'Machine', 'm', meta=labels, spec={
            'clusterName': 'c', 'bootstrap': {'dataSecretName': 'boot'},
            'infrastructureRef': dict(ref, kind='Beskar7Machine',
                                      name='m')})
        self.wait('the cluster is provisioned',
                  self.ours('beskar7clusters', 'c'), provisioned)
        self.wait('the machine is provisioned',
                  self.ours('beskar7machines', 'm'), provisioned)
        self.delivered()

    def delivered(self):
        """The installed system has found its data, and has said so."""
        control = self.place.control_of('bmc-' + self.claimed()[1:])
        for _ in range(PATIENCE * 4):
            found = case.ask_bmc(control, '/bmc-000')['userData']
            if found['state'] == 'Bootstrapped' and found['reported']:
                break
            time.sleep(0.25)
        self.say((found['state'], found['fromDisk'], found['reported']) ==
                 ('Bootstrapped', True, True),
                 'the machine has its user data', str(found))

    def template(self):
        path = self.ours('beskar7machinetemplates')
        self.make(path, 'Beskar7MachineTemplate', 't', spec={
            'template': {'spec': {'image': {
                'url': self.images + '/installer.iso'}}}})
        self.wait('the template has a capacity', path + '/t',
                  lambda o: o.get('status', {}).get('capacity'))

    def rest(self):
        """For a minute nobody writes anything but Leases."""
        time.sleep(10)
        self.audit.mark()
        time.sleep(REST)
        writes = [r for r in self.audit.since() if r[0] not in audit.READS
                  and r[1] != 'leases']
        self.say(not writes, 'a minute of rest is without a write',
                 str(writes))
        self.mark('in %d s of rest' % REST)

    def remediate(self):
        """As a MachineHealthCheck does, which waits for an answer."""
        for _ in range(20):  # core writes there, too
            m = self.t.get(self.capi('machines', 'm'), quiet=True).json
            told = m['status'].get('conditions', []) + [{
                'type': kind, 'status': 'False', 'reason': why, 'message': '',
                'lastTransitionTime': m['metadata']['creationTimestamp']}
                for kind, why in (
                    ('HealthCheckSucceeded', 'NodeUnhealthy'),
                    ('ExternallyRemediated', 'WaitingForRemediation'))]
            if self.t.patch(self.capi('machines', 'm/status'), {
                    'metadata': {'resourceVersion': m['metadata'][
                        'resourceVersion']},
                    'status': {'conditions': told}},
                    quiet=True).status == 200:
                break
        time.sleep(1)
        self.make(self.ours('beskar7remediations'), 'Beskar7Remediation',
                  'm', spec={'type': 'PowerCycle'}, meta={
                      'ownerReferences': [{
                          'apiVersion': m['apiVersion'], 'kind': 'Machine',
                          'name': 'm', 'uid': m['metadata']['uid'],
                          'controller': True}]})
        path = self.ours('beskar7remediations', 'm')
        self.wait('the machine was power-cycled', path, lambda o:
                  place.condition(o, 'Remediated').get('status') == 'True' and
                  place.condition(o, 'Fenced').get('status') == 'True')
        self.wait('its Machine hears of it', self.capi('machines', 'm'),
                  lambda o: place.condition(o, 'ExternallyRemediated').get(
                      'status') == 'True')
        self.t.delete(path, quiet=True, want=200)
        self.wait('the remediation is gone', path, lambda o: o is None)
        self.wait('the machine is well again',
                  self.ours('beskar7machines', 'm'), lambda o:
                  place.condition(o, 'Ready').get('status') == 'True')

    def explain(self):
        """To whom the server knows and allows to get hosts, alone."""
        path = self.dir / 'explain.token'
        for what, token, want, says in (
                ('explains a host to who may get it',
                 self.place.token(place.ACCOUNT), 0, 'Provisioned'),
                ('explains nothing to a token that nobody made',
                 'nobody.made.this', 1, '')):
            path.write_text(token)
            path.chmod(0o600)
            r = subprocess.run(
                (os.environ['B7_AGENT'], 'explain', '--server',
                 'http://' + self.diagnostics, '--token-file', str(path),
                 '%s/%s' % (self.t.ns, self.claimed())),
                capture_output=True, text=True, timeout=30, check=False)
            self.say((r.returncode != 0) == bool(want) and says in r.stdout,
                     what, '%d %s %s' % (r.returncode, r.stdout[:300],
                                         r.stderr[:300]))
        path.unlink()

    def claimed(self):
        return self.t.get(self.ours('beskar7machines', 'm'),
                          quiet=True).json['status']['hostRef']['name']

    def pause(self):
        path = self.ours('beskar7machines', 'm')
        for value, word in (('true', 'True'), (None, 'False')):
            self.t.patch(path, {'metadata': {'annotations': {
                'cluster.x-k8s.io/paused': value}}}, quiet=True, want=200)
            self.wait('Paused becomes ' + word, path, lambda o, w=word: any(
                c['type'] == 'Paused' and c['status'] == w
                for c in o['status'].get('conditions', [])))

    def release(self):
        self.t.delete(self.capi('machines', 'm'), quiet=True, want=200)
        self.wait('the machine is gone', self.ours('beskar7machines', 'm'),
                  lambda o: o is None)
        for n in range(len(self.bmcs)):
            self.wait('host %d is Available again' % n,
                      self.ours('physicalhosts', 'h%d' % n), state('Available'))
            self.t.delete(self.ours('physicalhosts', 'h%d' % n), quiet=True)
            self.wait('host %d is gone' % n,
                      self.ours('physicalhosts', 'h%d' % n),
                      lambda o: o is None)

    def sweep(self):
        """Nothing stays in a cluster that is somebody's."""
        for kind in ('beskar7remediations', 'beskar7machines', 'physicalhosts',
                     'beskar7clusters', 'beskar7machinetemplates'):
            self.t.sweep(self.ours(kind))
        for kind in ('machines', 'clusters'):
            self.t.sweep(self.capi(kind))
        self.t.sweep('/api/v1/namespaces/%s/secrets' % self.t.ns)
        self.t.close()

    # ---- what it cost ----

    def mark(self, what):
        if self.audit.path:
            print('# API requests %s: %s' % (what, self.audit.counted()),
                  flush=True)
        self.audit.mark()

    def verbs(self):
        """What the agent asked for (in the contract's checks, too), by the
        server's audit log if there is one, against what its roles grant; and
        nothing was forbidden."""
        log = (self.dir / 'agent.log').read_text()
        self.say('orbidden' not in log, 'nothing was forbidden',
                 next((x for x in log.splitlines() if 'orbidden' in x), ''))
        if not self.audit.path:
            return
        refused = [r for r in self.audit.rows(self.begun) if r[2] == 403]
        self.say(not refused, 'the audit log has no 403', str(refused))
        granted, used = self.granted(), self.audit.used()
        self.say(used <= granted, 'no verb but those granted is asked for',
                 str(used - granted))
        self.secrets()
        idle = granted - used
        self.say(idle <= set(audit.RARELY), 'each verb has a use',
                 str(idle - set(audit.RARELY)))
        print('# verbs granted: %d, used: %s' % (
            len(granted), ', '.join(sorted(used))))
        for verb in sorted(idle):
            print('# not used: %s: %s' % (verb, audit.RARELY.get(verb)))

    def secrets(self):
        """Of all Secrets of the cluster these, and nothing more of them."""
        asked = self.audit.secrets(self.begun)
        key = SYSTEM + '/beskar7-media-key'
        may = {'%s %s' % (verb, key) for verb in (
            'create', 'get', 'list', 'watch')} | {
                '%s %s/%s' % (verb, self.t.ns, name) for verb, name in (
                    ('get', 'login'), ('patch', 'login'), ('get', 'boot'))}
        self.say(may >= set(asked), 'no Secret but its own is asked for',
                 str(set(asked) - may))
        self.say(asked['create ' + key] == 1 and
                 asked['get %s/boot' % self.t.ns] > 0,
                 'the key is made once, the user data is read', str(asked))
        print('# Secrets by name: ' + ', '.join(
            '%d %s' % (n, k.replace(self.t.ns, 'NS'))
            for k, n in sorted(asked.items())), flush=True)

    def nowhere(self):
        """What is in the user data is not in any other object, nor told."""
        for path in (self.ours('physicalhosts'), self.ours('beskar7machines'),
                     '/api/v1/namespaces/%s/events' % self.t.ns):
            raw = self.t.get(path, quiet=True).raw
            self.say(case.MARKER.encode() not in raw,
                     'no user data in ' + path.split('/')[-1])
        self.say(case.MARKER not in (self.dir / 'agent.log').read_text(),
                 'no user data in the log')

    def granted(self):
        found = set()
        for path in (RBAC + 'clusterroles/' + SYSTEM + '-manager',
                     PLACES['Role'] + '/beskar7-leader-election',
                     PLACES['Role'] + '/beskar7-media-key'):
            for rule in self.t.get(path, quiet=True).json['rules']:
                found |= {'%s %s' % (v, r) for v in rule['verbs']
                          for r in rule['resources']}
        return found


def main(where):
    s = Story(where)
    try:
        s.install()
        s.programs()
        for step, what in (
                (s.hosts, 'to start and enrol two hosts'),
                (s.template, 'for a template'),
                (s.cluster, 'for a cluster and to provision one host'),
                (s.rest, None), (s.nowhere, None),
                (s.explain, 'to explain one host twice'),
                (s.pause, 'for a pause'),
                (s.remediate, 'for a remediation'),
                (s.release, 'to release one host and forget two')):
            step()
            if what:
                time.sleep(1)  # for its log
                s.mark(what)
            if s.bad:
                break
    except frame.Skip as e:
        print('skip kube/agent: %s' % e, flush=True)
        s.place.stop()
        return 0
    except (frame.Failed, OSError) as e:
        s.say(False, 'the story goes on', repr(e))
    status = s.place.stop()
    s.say(not any(status), 'all programs end well', str(status))
    s.verbs()
    s.sweep()
    return 1 if s.bad else 0


if __name__ == '__main__':
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
