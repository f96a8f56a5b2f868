#!/usr/bin/env python3
"""usage: story.py DIR

The life of two hosts against a real API server, with the agent under its own
ServiceAccount: enrolled, claimed, provisioned, paused, released, deleted.
Environment: what client.py needs (an admin), B7_SIM and B7_AGENT (programs).
Prints "ok" and "not ok" lines; logs go to DIR.
"""

import base64
import json
import os
import pathlib
import re
import secrets
import subprocess
import sys
import time

import client
import frame
import rules

ROOT = rules.ROOT
CAPI = '/apis/cluster.x-k8s.io/v1beta2/namespaces/%s/%s'
OURS = '/apis/infrastructure.cluster.x-k8s.io/v1beta2/namespaces/%s/%s'
SYSTEM = 'beskar7-system'
ACCOUNT = 'beskar7-manager'
RBAC = '/apis/rbac.authorization.k8s.io/v1/'
PLACES = {
    'Namespace': '/api/v1/namespaces',
    'ServiceAccount': '/api/v1/namespaces/%s/serviceaccounts' % SYSTEM,
    'ClusterRole': RBAC + 'clusterroles',
    'ClusterRoleBinding': RBAC + 'clusterrolebindings',
    'Role': RBAC + 'namespaces/%s/roles' % SYSTEM,
    'RoleBinding': RBAC + 'namespaces/%s/rolebindings' % SYSTEM,
}
PATIENCE = 60


class Story:
    def __init__(self, where):
        self.t = frame.Check(client.Server(), secrets.token_hex(3), 0)
        self.dir = pathlib.Path(where)
        self.running = []
        self.bad = 0

    def say(self, ok, what, why=''):
        self.bad += not ok
        print('%s kube/agent/%s%s' % ('ok' if ok else 'not ok', what,
                                      '' if ok else ': ' + why), flush=True)
        return ok

    # ---- the server ----

    def install(self):
        rules.install(self.t)
        for p in sorted(ROOT.glob('sim/core/crds/*.yaml')):
            rules.put(self.t, rules.CRDS, p.read_text())
        for name in ('namespace', 'rbac'):
            path = ROOT / 'deploy/kustomize' / (name + '.yaml')
            for text in re.split(r'^---\n', path.read_text(), flags=re.M):
                kind = re.search(r'^kind: (.*)$', text, re.M).group(1)
                rules.put(self.t, PLACES[kind], text)
        for kind in ('clusters', 'machines'):
            for _ in range(100):
                if self.t.get(CAPI % ('default', kind),
                              quiet=True).status == 200:
                    break
                time.sleep(0.1)

    def token(self):
        r = self.t.post(PLACES['ServiceAccount'] + '/%s/token' % ACCOUNT, {
            'apiVersion': 'authentication.k8s.io/v1',
            'kind': 'TokenRequest', 'spec': {'expirationSeconds': 3600}},
            quiet=True, want=201)
        return r.json['status']['token']

    def kubeconfig(self, name, token):
        url = self.t.server.url
        path = self.dir / (name + '.kubeconfig')
        path.write_text(json.dumps({
            'apiVersion': 'v1', 'kind': 'Config', 'current-context': 'c',
            'clusters': [{'name': 'c', 'cluster': {
                'server': url.geturl(),
                'certificate-authority-data': base64.b64encode(
                    pathlib.Path(os.environ['B7_CA']).read_bytes()
                ).decode()}}],
            'users': [{'name': 'u', 'user': {'token': token}}],
            'contexts': [{'name': 'c', 'context': {
                'cluster': 'c', 'user': 'u', 'namespace': SYSTEM}}]}))
        path.chmod(0o600)
        return str(path)

    # ---- programs ----

    def start(self, name, *command, ready=None):
        """Its first line of output, if it tells when it is ready."""
        out = self.dir / (name + '.out')
        with open(out, 'w') as o, open(self.dir / (name + '.log'), 'w') as e:
            p = subprocess.Popen(command, stdout=o, stderr=e, cwd=ROOT)
        self.running.append(p)
        for _ in range(100 if ready else 0):
            m = re.search(ready, out.read_text())
            if m:
                return m.group(1)
            time.sleep(0.1)
        return None

    def programs(self):
        sim, agent = os.environ['B7_SIM'], os.environ['B7_AGENT']
        self.images = self.start('origin', sim, 'origin', '--port', '0',
                                 ready=r'ready (\S+)')
        self.bmcs, control = [], None
        for n, profile in enumerate(('generic', 'idrac9')):
            self.bmcs.append(self.start(
                'bmc-%d' % n, sim, 'bmc', '--profiles', profile, '--port',
                '0', '--control-port', '0', '--speed', '40', '--seed',
                str(n + 1), ready=r'ready (\S+)'))
            text = (self.dir / ('bmc-%d.out' % n)).read_text()
            control = control or re.search(r'control=(\S+)', text).group(1)
        self.start('core', sim, 'core', '--kubeconfig',
                   self.kubeconfig('admin', os.environ['B7_TOKEN']),
                   '--bmc-control', control)
        self.start('agent', agent, '--kubeconfig',
                   self.kubeconfig('agent', self.token()),
                   '--leader-elect', '--lease-namespace', SYSTEM,
                   '--busy-interval', '500ms', '--diagnostics-address', '',
                   '--namespace', self.t.ns)

    def stop(self):
        status = []
        for p in reversed(self.running):
            p.terminate()
            status.append(p.wait(20))
        return status

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
                      'format': 'cloud-config', 'value': '#cloud-config\n'},
                  meta={'labels': {'cluster.x-k8s.io/cluster-name': 'c'}})
        labels = {'labels': {'cluster.x-k8s.io/cluster-name': 'c'}}
        self.make(self.ours('beskar7machines'), 'Beskar7Machine', 'm',
                  meta=labels, spec={'image': {
                      'url': self.images + '/installer.iso'}})
        self.make(self.capi('machines'), 'Machine', 'm', meta=labels, spec={
            'clusterName': 'c', 'bootstrap': {'dataSecretName': 'boot'},
            'infrastructureRef': dict(ref, kind='Beskar7Machine',
                                      name='m')})
        self.wait('the cluster is provisioned',
                  self.ours('beskar7clusters', 'c'), provisioned)
        self.wait('the machine is provisioned',
                  self.ours('beskar7machines', 'm'), provisioned)

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

    def verbs(self):
        """What the agent asked for, by the server's audit log if there is
        one, against what its roles grant; and nothing was forbidden."""
        log = (self.dir / 'agent.log').read_text()
        self.say('orbidden' not in log, 'nothing was forbidden',
                 next((x for x in log.splitlines() if 'orbidden' in x), ''))
        path = os.environ.get('B7_AUDIT')
        if not path:
            return
        used, refused = set(), set()
        for line in open(path):
            e = json.loads(line)
            o = e.get('objectRef') or {}
            row = '%s %s' % (e['verb'], '/'.join(
                filter(None, (o.get('resource'), o.get('subresource')))))
            # Its own permissions and versions may be asked for by anybody.
            if o.get('resource'):
                used.add(row)
            if e.get('responseStatus', {}).get('code') == 403:
                refused.add(row)
        self.say(not refused, 'the audit log has no 403', str(refused))
        granted = self.granted()
        self.say(used <= granted, 'no verb but those granted is asked for',
                 str(used - granted))
        print('# verbs granted: %d, used: %s; not used: %s' % (
            len(granted), ', '.join(sorted(used)),
            ', '.join(sorted(granted - used))))

    def granted(self):
        found = set()
        for path in (RBAC + 'clusterroles/' + SYSTEM + '-manager',
                     PLACES['Role'] + '/beskar7-leader-election'):
            for rule in self.t.get(path, quiet=True).json['rules']:
                found |= {'%s %s' % (v, r) for v in rule['verbs']
                          for r in rule['resources']}
        return found


def state(word):
    return lambda o: o is not None and \
        o.get('status', {}).get('state') == word


def provisioned(o):
    return o is not None and o.get('status', {}).get(
        'initialization', {}).get('provisioned') is True


def main(where):
    s = Story(where)
    try:
        s.install()
        s.programs()
        for step in (s.hosts, s.cluster, s.pause, s.release):
            step()
            if s.bad:
                break
    except (frame.Failed, OSError) as e:
        s.say(False, 'the story goes on', repr(e))
    status = s.stop()
    s.say(not any(status), 'all programs end well', str(status))
    s.verbs()
    return 1 if s.bad else 0


if __name__ == '__main__':
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
