"""What a check of the contract can do with a real server: objects in a
namespace of its own, simulated BMCs of its own, and the time to wait.

    @number(22)
    def finalizer_first(c): ...

`c` is a Case. A check fails by frame.Failed (c.must, c.wait, c.still), and says
with frame.Skip why it cannot run here.
"""

import json
import threading
import time
import urllib.parse
import urllib.request

import client
import frame
from place import condition, provisioned

AX = 'infrastructure.cluster.x-k8s.io'
CAPI = 'cluster.x-k8s.io'
KINDS = {
    'host': (AX, 'physicalhosts', 'PhysicalHost'),
    'b7m': (AX, 'beskar7machines', 'Beskar7Machine'),
    'b7c': (AX, 'beskar7clusters', 'Beskar7Cluster'),
    'b7mt': (AX, 'beskar7machinetemplates', 'Beskar7MachineTemplate'),
    'b7ct': (AX, 'beskar7clustertemplates', 'Beskar7ClusterTemplate'),
    'b7r': (AX, 'beskar7remediations', 'Beskar7Remediation'),
    'cluster': (CAPI, 'clusters', 'Cluster'),
    'machine': (CAPI, 'machines', 'Machine'),
    'secret': ('', 'secrets', 'Secret'),
    'event': ('', 'events', 'Event'),
}
MANAGER = 'beskar7-agent'
MARKER = 'b7-marker-payload-7f3c'
PAUSED = CAPI + '/paused'
FOR_MOVE = 'clusterctl.cluster.x-k8s.io/delete-for-move'
FINALIZER = 'beskar7machine.' + AX
PATIENCE = 60
# Of the simulator, to power, media and boot.
WRITES = ('reset', 'insert', 'eject', 'patch-boot', 'patch-media')
REST = 5  # seconds; agents look every two at least

CHECKS = {}  # number: (function, whether it runs alone, what is not seen)
FIRST = []  # those that take longest


def number(*numbers, alone=False, part=None, first=False):
    def add(f):
        FIRST.extend(numbers if first else ())
        for n in numbers:
            CHECKS[n] = (f, alone, part)
        return f
    return add


class World:
    """What all checks share."""

    def __init__(self, place, images, control):
        self.place = place
        self.images = images
        self.control = control
        self.free = [b for b in ask_bmc(control, '')['bmcs']]
        self.lock = threading.Lock()
        self.seen = None  # see.Seen
        self.names = []

    def bmcs(self, n):
        with self.lock:
            got, self.free = self.free[:n], self.free[n:]
        if len(got) < n:
            raise frame.Skip('more BMCs than were simulated')
        return got


def ask_bmc(control, path, body=None):
    """The control API of the simulator."""
    r = urllib.request.Request(
        control + '/bmcs' + path, method='GET' if body is None else 'POST',
        data=None if body is None else json.dumps(body).encode())
    with urllib.request.urlopen(r, timeout=20) as f:
        return json.load(f)


class Case:
    def __init__(self, world, run, n):
        self.world = world
        self.server = client.Server()
        self.name = 'c%d-%s' % (n, run)
        self.made = False
        self.bmc = {}  # host name: BMC name
        self.more = []  # further namespaces

    @property
    def ns(self):
        if not self.made:
            self.made = True
            self.space(self.name)
        return self.name

    def space(self, name):
        self.more.append(name)
        self.ask('POST', '/api/v1/namespaces', {
            'apiVersion': 'v1', 'kind': 'Namespace',
            'metadata': {'name': name}}, want=201)
        self.world.names.append(name)
        self.put('secret', 'login', ns=name, stringData={
            'username': 'root', 'password': 'b7-sim-secret'})
        return name

    # ---- requests ----

    def ask(self, method, path, body=None, want=None, kind='json',
            headers=None, **query):
        h = dict(headers or {})
        if body is not None:
            h.setdefault('Content-Type', frame.PATCHES.get(
                kind, 'application/json') if method == 'PATCH'
                else 'application/json')
            body = json.dumps(body).encode()
        if query:
            path += '?' + urllib.parse.urlencode(query)
        r = frame.Reply(*self.server.ask(method, path, body, h))
        if want is not None and r.status != want:
            raise frame.Failed('%s %s: status %d, not %d: %s' % (
                method, path, r.status, want,
                r.raw[:300].decode('utf-8', 'replace')))
        return r

    def path(self, kind, name=None, sub=None, ns=None):
        group, plural, _ = KINDS[kind]
        path = '/apis/%s/v1beta2' % group if group else '/api/v1'
        path += '/namespaces/%s/%s' % (ns or self.ns, plural)
        return '/'.join([path] + [p for p in (name, sub) if p])

    def body(self, kind, name, **parts):
        group, _, word = KINDS[kind]
        meta = dict({'name': name}, **parts.pop('meta', {}))
        return dict({'apiVersion': group + '/v1beta2' if group else 'v1',
                     'kind': word, 'metadata': meta}, **parts)

    def put(self, kind, name, ns=None, want=201, **parts):
        return self.ask('POST', self.path(kind, ns=ns),
                        self.body(kind, name, **parts), want=want)

    def get(self, kind, name, ns=None):
        r = self.ask('GET', self.path(kind, name, ns=ns))
        return r.json if r.status == 200 else None

    def list(self, kind, ns=None):
        return self.ask('GET', self.path(kind, ns=ns), want=200).json['items']

    def patch(self, kind, name, body, sub=None, how='merge', want=200,
              ns=None, **query):
        return self.ask('PATCH', self.path(kind, name, sub, ns), body,
                        kind=how, want=want, **query)

    def apply(self, kind, name, manager, want=None, sub=None, **parts):
        query = parts.pop('query', {})
        return self.ask('PATCH', self.path(kind, name, sub),
                        self.body(kind, name, **parts), kind='apply',
                        want=want, fieldManager=manager, **query)

    def delete(self, kind, name, want=200, ns=None):
        return self.ask('DELETE', self.path(kind, name, ns=ns), want=want)

    def note(self, kind, name, key, value, ns=None):
        return self.patch(kind, name, {'metadata': {'annotations': {
            key: value}}}, ns=ns)

    def force(self, kind, name, ns=None):
        """As somebody who knows no patience."""
        self.patch(kind, name, {'metadata': {'finalizers': None}}, want=None,
                   ns=ns)
        self.delete(kind, name, want=None, ns=ns)
        self.patch(kind, name, {'metadata': {'finalizers': None}}, want=None,
                   ns=ns)

    # ---- waiting ----

    def must(self, truth, what):
        if not truth:
            raise frame.Failed('not so: ' + what)

    def wait(self, kind, name, holds, what, seconds=PATIENCE, ns=None):
        """Until holds(object); the object is None when it is gone."""
        end = time.monotonic() + seconds
        while True:
            o = self.get(kind, name, ns)
            if holds(o):
                return o
            if time.monotonic() > end:
                raise frame.Failed('%s: not after %d s: %s' % (
                    what, seconds, json.dumps(brief(o))[:700]))
            time.sleep(0.2)

    def up(self, name='m', seconds=PATIENCE * 2, ns=None):
        return self.wait('b7m', name, provisioned, name + ' is provisioned',
                         seconds, ns)

    def gone(self, kind, name, seconds=PATIENCE, ns=None):
        self.wait(kind, name, lambda o: o is None,
                  '%s %s is gone' % (kind, name), seconds, ns)

    def released(self, name='m', hosts=('h0',)):
        self.gone('b7m', name)
        for h in hosts:
            self.wait('host', h, lambda o: o['status'].get('state') ==
                      'Available' and not o['spec'].get('consumerRef'),
                      h + ' is Available again')

    def says(self, kind, name, type_, status=None, reason=None, message=None,
             seconds=PATIENCE, ns=None):
        def holds(o):
            k = condition(o, type_)
            return k and all(want is None or k[m] == want for m, want in (
                ('status', status), ('reason', reason), ('message', message)))
        return self.wait(kind, name, holds, '%s of %s is %s %s %s' % (
            type_, name, status, reason, message), seconds, ns)

    def versions(self):
        return {kind + '/' + o['metadata']['name']:
                o['metadata']['resourceVersion']
                for kind in ('host', 'b7m', 'b7c', 'b7mt')
                for o in self.list(kind)}

    def still(self, seconds=REST):
        """So long nothing of ours is written, nor is a BMC."""
        was, touched = self.versions(), self.touched()
        time.sleep(seconds)
        now = self.versions()
        self.must(was == now, 'nothing is written: ' + ', '.join(
            k for k in sorted(set(was) | set(now))
            if was.get(k) != now.get(k)))
        self.must(touched == self.touched(), 'no BMC is written to')

    # ---- hardware ----

    def hosts(self, n=1, ns=None, first=0, wait=True, as_bmcs=False, **labels):
        """h0, h1 ... or as_bmcs: named like their BMCs. Returns the names."""
        names = []
        for i, b in enumerate(self.world.bmcs(n), first):
            names.append(b['name'] if as_bmcs else 'h%d' % i)
            self.bmc[names[-1]] = b['name']
            self.put('host', names[-1], ns=ns, meta={'labels': labels}, spec={
                'redfishConnection': {
                    'address': b['address'], 'insecureSkipVerify': True,
                    'credentialsSecretRef': {'name': 'login'}}})
        for name in names if wait else ():
            self.wait('host', name, lambda o: o.get('status', {}).get(
                'state') == 'Available', name + ' is Available', ns=ns)
        return names

    def machine_of(self, host='h0'):
        """Its BMC, as the simulator knows it."""
        return ask_bmc(self.world.control, '/' + self.bmc[host])

    def touched(self):
        """Power, media and boot writes that the BMCs saw."""
        return {h: sum(n for what, n in self.machine_of(h)[
            'operations'].items() if what in WRITES)
                for h in self.bmc}

    def press(self, host, what, body):
        return ask_bmc(self.world.control, '/%s/%s' % (
            self.bmc[host], what), body)

    def claims(self, ns=None):
        return [o['spec']['consumerRef']['name']
                for o in self.list('host', ns) if o['spec'].get('consumerRef')]

    # ---- Cluster API's objects ----

    def cluster(self, name='c', ns=None, spec=None, meta=None,
                cluster=None):
        self.put('cluster', name, ns=ns, spec=dict({'infrastructureRef': {
            'apiGroup': AX, 'kind': 'Beskar7Cluster', 'name': name}},
            **(cluster or {})))
        self.put('b7c', name, ns=ns, meta=meta or {},
                 spec={'controlPlaneEndpoint': END} if spec is None else spec)

    def data(self, name, ns=None):
        self.put('secret', name, ns=ns, stringData={
            'format': 'cloud-config',
            'value': '#cloud-config\n# ' + MARKER + '\n'})

    def machine(self, name='m', cluster='c', ns=None, plane=True, data=None,
                more=None, parked=False, **spec):
        """A Machine with its Beskar7Machine. parked: core leaves it alone and
        nobody owns ours, so that the check plays core."""
        labels = {CAPI + '/cluster-name': cluster}
        if plane:
            labels[CAPI + '/control-plane'] = ''
        if data is None:
            data = name + '-data'
            self.data(data, ns)
        self.put('b7m', name, ns=ns, meta={'labels': labels}, spec=dict({
            'image': {'url': self.world.images + '/installer.iso'}}, **spec))
        meta = {'labels': labels}
        if parked:
            meta['annotations'] = {PAUSED: ''}
        self.put('machine', name, ns=ns, meta=meta, spec=dict({
            'clusterName': cluster, 'bootstrap': {'dataSecretName': data}
            if data else {'configRef': {'apiGroup': 'bootstrap.' + CAPI,
                                        'kind': 'KubeadmConfig',
                                        'name': 'x'}},
            'infrastructureRef': {'apiGroup': AX, 'kind': 'Beskar7Machine',
                                  'name': name}}, **(more or {})))

    def own(self, name='m', version=CAPI + '/v1beta2', kind='Machine',
            uid=None, ns=None):
        uid = uid or self.get('machine', name, ns)['metadata']['uid']
        self.patch('b7m', name, {'metadata': {'ownerReferences': [{
            'apiVersion': version, 'kind': kind, 'name': name, 'uid': uid,
            'controller': True, 'blockOwnerDeletion': True}]}}, ns=ns)

    def one_up(self, n=1):
        """Hosts, the cluster c, and machine m on one of them."""
        self.hosts(n)
        self.cluster()
        self.machine()
        self.up()
        self.says('b7m', 'm', 'Ready', 'True')
        return self.host_of('m')

    def host_of(self, name, ns=None):
        return self.get('b7m', name, ns)['status']['hostRef']['name']

    def pause(self, on, name='c'):
        self.patch('cluster', name, {'spec': {'paused': on}})

    def close(self):
        """Nothing of it goes on: hosts are forgotten, not released."""
        for ns in self.more:
            for kind in ('b7r', 'machine', 'cluster', 'b7m', 'host', 'b7c',
                         'b7mt', 'b7ct', 'secret'):
                for o in self.list(kind, ns):
                    self.force(kind, o['metadata']['name'], ns)
            self.ask('DELETE', '/api/v1/namespaces/' + ns)


END = {'host': '10.0.0.1', 'port': 6443}


def brief(o):
    """What a failure should show."""
    if o is None:
        return None
    meta = o['metadata']
    return {'status': o.get('status'), 'finalizers': meta.get('finalizers'),
            'deleted': meta.get('deletionTimestamp')}
