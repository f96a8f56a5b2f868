"""Checks 46 and 95, and the addresses of 42: what machines have from their nodes,
which the workload simulator registers."""

import contextlib
import json
import urllib.request

import place
from case import PAUSED, number
from number_media import bootstrapped, live
from payload import CLOUD
from place import provisioned


class Nodes:
    """A node for each machine of the check whose host is named like its BMC."""

    def __init__(self, c):
        p = c.world.place
        p.sim('workload', 'workload', '--kubeconfig',
              p.kubeconfig('workload', place.CORE), '--bmc-control',
              c.world.control, '--host', c.ns + '/{bmc}',
              '--control-port', '0')
        self.c = c
        self.control = p.control_of('workload') + '/clusters/' + c.ns

    def ask(self, cluster, node, body=None):
        r = urllib.request.Request(
            '%s/%s/api/v1/nodes/%s' % (self.control, cluster, node) +
            ('/status' if body else ''), method='PATCH' if body else 'GET',
            data=json.dumps(body).encode() if body else None)
        with urllib.request.urlopen(r, timeout=20) as f:
            return json.load(f)

    def addresses(self, cluster, node, told):
        """As kubelet and cloud tell them from now on."""
        self.ask(cluster, node, {'status': {'addresses': told}})


@contextlib.contextmanager
def nodes(c):
    yield Nodes(c)
    c.world.place.end('workload')


def node_of(c, name):
    """Where it is associated; its host has the name of the BMC."""
    c.says('b7m', name, 'NodeAssociated', 'True', 'Associated')
    return 'node-' + c.host_of(name)


def pairs(o):
    return [(a['type'], a['address'])
            for a in o.get('status', {}).get('addresses', [])]


def from_the_nodes(c):
    """The endpoint is the first control plane machine's address; addresses come
    and go with the node's. Nodes are looked at when a machine waits for its
    own, so that one more machine makes the agent look."""
    c.cluster(spec={'controlPlaneEndpointSource': 'FirstControlPlaneMachine'})
    o = c.says('b7c', 'c', 'ControlPlaneEndpointReady', 'False',
               'WaitingForMachine')
    c.must(provisioned(o), 'core would make no machine before')
    c.hosts(3, as_bmcs=True)
    with nodes(c) as n:
        c.machine()
        c.up()
        node = node_of(c, 'm')
        was = pairs(n.ask('c', node))
        o = c.wait('b7m', 'm', lambda o: o['status'].get('addresses'),
                   'addresses')
        have = pairs(o)
        c.must(set(have) == set(was), 'those of the node: %s' % have)
        first = next(a for kind, a in have if kind == 'InternalIP')
        o = c.wait('b7c', 'c', lambda o: o['spec'].get(
            'controlPlaneEndpoint'), 'an endpoint')
        c.must(o['spec']['controlPlaneEndpoint'] == {
            'host': first, 'port': 6443}, 'it is the first one')
        c.wait('cluster', 'c', lambda o: o['spec'].get(
            'controlPlaneEndpoint', {}).get('host') == first, 'core has it')
        for name, now in (('a', have + [('ExternalIP', '198.51.100.7')]),
                          ('b', [x for x in have if x[1] != first] +
                           [('InternalIP', '192.0.2.77')])):
            n.addresses('c', node, [
                {'type': k, 'address': a} for k, a in now])
            c.machine(name)
            c.wait('b7m', 'm', lambda o, now=now: set(pairs(o)) == set(now),
                   'addresses are %s' % now, seconds=120)
            c.wait('machine', 'm', lambda o, now=now: set(pairs(o)) ==
                   set(now), 'core has them')
            c.up(name)
        c.must(c.get('b7c', 'c')['spec']['controlPlaneEndpoint'] == {
            'host': first, 'port': 6443}, 'the endpoint stays')


@number(46, alone=True)
def endpoint(c):
    c.cluster('e', spec={'controlPlaneEndpoint': {'host': 'Ex.Org',
                                                  'port': 8443}})
    c.wait('cluster', 'e', lambda o: o.get('status', {}).get(
        'initialization', {}).get('infrastructureProvisioned'), 'core is told')
    seen = c.world.seen.of('beskar7clusters', c.ns, 'e')
    c.must(seen and all(o['spec']['controlPlaneEndpoint'] == {
        'host': 'Ex.Org', 'port': 8443} for _, _, o in seen), 'as given')
    from_the_nodes(c)


ROOM = 64  # addresses of a machine


@number(95, alone=True)
def the_unknown(c):
    """Long names of all, user data that fill a Secret, a node with as many
    addresses as core takes."""
    huge = CLOUD + '# ' + 'x' * (1048576 - len(CLOUD) - 2 - len('format'
                                                               'cloud-config'))
    c.world.media()
    try:
        names = c.hosts(2, as_bmcs=True)
        long = 'h' * 60 + ('.' + 'h' * 60) * 3
        c.put('host', long, spec=c.get('host', names[1])['spec'])
        c.force('host', names[1])
        c.bmc[long] = c.bmc.pop(names[1])
        c.cluster()
        with nodes(c) as n:
            c.note('host', long, PAUSED, '')
            c.put('secret', 'huge', stringData={
                'format': 'cloud-config', 'value': huge})
            name = 'm' * 63
            c.machine('n', data='huge', more={'orbit': {'kind': 'Polar'}},
                      image=live(c, 'cloud-init'))
            c.up('n')
            bootstrapped(c, c.host_of('n'), 'cloud-init')
            c.says('b7m', 'n', 'NodeAssociated', 'True', 'Associated')
            n.addresses('c', 'n', [
                {'type': 'InternalIP', 'address': '2001:db8::%x' % i}
                for i in range(1, 257)])
            c.note('host', long, PAUSED, None)
            c.machine(name, data='huge', image=live(c, 'cloud-init'))
            c.up(name)
            c.must(c.host_of(name) == long, 'the host of the long name')
            c.patch('machine', name, {'status': {'mood': 7}}, sub='status')
            c.says('b7m', name, 'Ready', 'True')
            c.wait('machine', name, lambda o: o['spec'].get(
                'providerID', '').endswith(long), 'core has the ID')
            c.wait('machine', 'n', lambda o: len(pairs(o)) == ROOM,
                   'as many addresses as there is room for', seconds=120)
            c.delete('machine', name)
            c.released(name, hosts=(long,))
    finally:
        c.world.one()
