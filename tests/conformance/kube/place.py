"""A real API server with the project installed, and the programs beside it."""

import base64
import json
import os
import pathlib
import re
import signal
import subprocess
import threading
import time
import urllib.parse

import frame
import rules
import server

ROOT = rules.ROOT
CAPI = '/apis/cluster.x-k8s.io/v1beta2/namespaces/%s/%s'
OURS = '/apis/infrastructure.cluster.x-k8s.io/v1beta2/namespaces/%s/%s'
SYSTEM = 'beskar7-system'
ACCOUNT = 'beskar7-manager'
RBAC = '/apis/rbac.authorization.k8s.io/v1/'
ACCOUNTS = '/api/v1/namespaces/%s/serviceaccounts' % SYSTEM
PLACES = {
    'Namespace': '/api/v1/namespaces',
    'ServiceAccount': ACCOUNTS,
    'ClusterRole': RBAC + 'clusterroles',
    'ClusterRoleBinding': RBAC + 'clusterrolebindings',
    'Role': RBAC + 'namespaces/%s/roles' % SYSTEM,
    'RoleBinding': RBAC + 'namespaces/%s/rolebindings' % SYSTEM,
}
KEY = '/api/v1/namespaces/%s/secrets/beskar7-media-key' % SYSTEM
# Core's stand-in acts as this one: any kubeconfig of an admin will do.
CORE = 'conformance-core'


class Place:
    def __init__(self, t, where):
        self.t = t
        self.dir = pathlib.Path(where)
        self.running = {}
        self.lock = threading.Lock()
        self.had_key = True

    # ---- the server ----

    def crds_of_core(self):
        """Never beside the real ones, nor in the place of them."""
        r = self.t.get(rules.CRDS + '/clusters.cluster.x-k8s.io', quiet=True)
        if r.status == 200 and 'conformance' not in {
                m['manager'] for m in r.json['metadata']['managedFields']}:
            raise frame.Skip('Cluster API is installed in this cluster')
        for p in sorted(ROOT.glob('sim/core/crds/*.yaml')):
            rules.put(self.t, rules.CRDS, p.read_text())
        for kind in ('clusters', 'machines'):
            for _ in range(100):
                if self.t.get(CAPI % ('default', kind),
                              quiet=True).status == 200:
                    break
                time.sleep(0.1)

    def rights(self):
        self.had_key = self.t.get(KEY, quiet=True).status == 200
        for name in ('namespace', 'rbac'):
            path = ROOT / 'deploy/kustomize' / (name + '.yaml')
            for text in re.split(r'^---\n', path.read_text(), flags=re.M):
                kind = re.search(r'^kind: (.*)$', text, re.M).group(1)
                rules.put(self.t, PLACES[kind], text)
        rules.put(self.t, ACCOUNTS, (
            'apiVersion: v1\nkind: ServiceAccount\nmetadata:\n'
            '  name: %s\n  namespace: %s\n') % (CORE, SYSTEM))
        rules.put(self.t, PLACES['ClusterRoleBinding'], (
            'apiVersion: rbac.authorization.k8s.io/v1\n'
            'kind: ClusterRoleBinding\nmetadata:\n  name: %s\n'
            'roleRef: {apiGroup: rbac.authorization.k8s.io, '
            'kind: ClusterRole, name: cluster-admin}\n'
            'subjects:\n- kind: ServiceAccount\n  name: %s\n'
            '  namespace: %s\n') % (CORE, CORE, SYSTEM))

    def token(self, account):
        with self.lock:  # one connection; checks run beside each other
            r = self.t.post(ACCOUNTS + '/%s/token' % account, {
                'apiVersion': 'authentication.k8s.io/v1',
                'kind': 'TokenRequest', 'spec': {'expirationSeconds': 7200}},
                quiet=True, want=201)
        return r.json['status']['token']

    def kubeconfig(self, name, account, namespace=SYSTEM, url=None):
        path = self.dir / (name + '.kubeconfig')
        path.write_text(json.dumps({
            'apiVersion': 'v1', 'kind': 'Config', 'current-context': 'c',
            'clusters': [{'name': 'c', 'cluster': {
                'server': url or self.t.server.url.geturl(),
                'certificate-authority-data': base64.b64encode(
                    pathlib.Path(os.environ['B7_CA']).read_bytes()
                ).decode()}}],
            'users': [{'name': 'u', 'user': {'token': self.token(account)}}],
            'contexts': [{'name': 'c', 'context': {
                'cluster': 'c', 'user': 'u', 'namespace': namespace}}]}))
        path.chmod(0o600)
        return str(path)

    # ---- programs ----

    def start(self, name, *command, ready=None):
        """Its first line of output, if it tells when it is ready."""
        out = self.dir / (name + '.out')
        with open(out, 'w') as o, open(self.dir / (name + '.log'), 'a') as e:
            self.running[name] = subprocess.Popen(
                command, stdout=o, stderr=e, cwd=ROOT)
        for _ in range(150 if ready else 0):
            m = re.search(ready, out.read_text())
            if m:
                return m.group(1)
            time.sleep(0.1)
        if ready:
            raise frame.Failed('%s is not ready' % name)
        return None

    def sim(self, name, what, *options, ready=r'ready (\S+)'):
        return self.start(name, os.environ['B7_SIM'], what, *options,
                          ready=ready)

    def control_of(self, name):
        text = (self.dir / (name + '.out')).read_text()
        return re.search(r'control=(\S+)', text).group(1)

    def core(self, control):
        self.sim('core', 'core', '--kubeconfig',
                 self.kubeconfig('core', CORE), '--bmc-control', control,
                 '--pass-interval', '300ms', ready=None)

    def agent(self, name, *options, url=None):
        self.start(name, os.environ['B7_AGENT'], '--kubeconfig',
                   self.kubeconfig(name, ACCOUNT, url=url),
                   '--busy-interval', '500ms', *options)

    def kill(self, name):
        """At once, as kill -9 does."""
        p = self.running.pop(name)
        p.send_signal(signal.SIGKILL)
        p.wait(20)

    def signal(self, name, which):
        self.running[name].send_signal(getattr(signal, 'SIG' + which))

    def end(self, name):
        p = self.running.pop(name)
        p.terminate()
        return p.wait(30)

    def stop(self):
        """Exit statuses; what was given to core for this is taken back."""
        got = [self.end(name) for name in reversed(list(self.running))]
        self.t.delete(PLACES['ClusterRoleBinding'] + '/' + CORE, quiet=True)
        self.t.delete(ACCOUNTS + '/' + CORE, quiet=True)
        if not self.had_key:
            self.t.delete(KEY, quiet=True)
        return got


def media(images):
    """Options of an agent that serves what it makes of these images."""
    at = '127.0.0.1:%d' % server.free_port()
    return ('--media-listen', at, '--media-url', 'http://' + at,
            '--image-origins', urllib.parse.urlsplit(images).netloc)


def state(word):
    return lambda o: o is not None and \
        o.get('status', {}).get('state') == word


def provisioned(o):
    return o is not None and o.get('status', {}).get(
        'initialization', {}).get('provisioned') is True


def condition(o, kind):
    for c in (o or {}).get('status', {}).get('conditions', []):
        if c['type'] == kind:
            return c
    return {}
