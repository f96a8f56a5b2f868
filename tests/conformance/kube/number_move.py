"""Checks 86 to 95: clusterctl move, instances, the unknown."""

import copy
import time

from case import AX, CAPI, FOR_MOVE, REST, number
from place import SYSTEM


def essence(o):
    s = copy.deepcopy(o['status'])
    s.pop('operation', None)
    for k in s.get('conditions', []):
        k.pop('lastTransitionTime')
    return s


@number(86)
def wiped_status(c):
    c.one_up()
    time.sleep(3)
    touched = c.touched()
    for kind, name in (('b7m', 'm'), ('b7c', 'c'), ('host', 'h0')):
        was = essence(c.get(kind, name))
        c.patch(kind, name, {'status': None}, sub='status')
        c.wait(kind, name, lambda o, was=was: o.get('status') and
               essence(o) == was, 'the status of %s is as before' % name)
    c.must(touched == c.touched(), 'no BMC is written to')


MOVED = ('host', 'secret', 'cluster', 'b7c', 'machine', 'b7m')


def let_go(c, exported, between):
    """As clusterctl: the mark instead of all annotations, DELETE, no
    finalizers."""
    for kind in reversed(MOVED):
        for o in exported[kind]:
            name = o['metadata']['name']
            c.patch(kind, name, [{'op': 'add', 'path': '/metadata/annotations',
                                  'value': {FOR_MOVE: ''}}], how='json')
            time.sleep(between)
            c.delete(kind, name)
            time.sleep(between)
            c.patch(kind, name, {'metadata': {'finalizers': []}}, want=None)
            c.must(c.get(kind, name) is None, name + ' is gone')


def bring(c, exported, after_hosts):
    uids = {}
    for kind in MOVED:
        for old in exported[kind]:
            o = copy.deepcopy(old)
            o.pop('status', None)
            for m in ('uid', 'resourceVersion', 'generation',
                      'creationTimestamp', 'managedFields'):
                o['metadata'].pop(m, None)
            for ref in o['metadata'].get('ownerReferences', []):
                ref['uid'] = uids.get(ref['uid'], ref['uid'])
            made = c.ask('POST', c.path(kind), o, want=201).json
            uids[old['metadata']['uid']] = made['metadata']['uid']
        if kind == 'secret':
            time.sleep(after_hosts)


@number(87, 88)
def a_move(c):
    """Hosts first; the source is seen between all of its steps."""
    c.one_up(2)
    login = c.get('secret', 'login')['metadata']
    c.must('clusterctl.cluster.x-k8s.io/move' in login['labels'] and
           login['finalizers'], 'the login moves, too')
    c.pause(True)
    c.says('b7m', 'm', 'Paused', 'True')
    time.sleep(1)
    touched = c.touched()
    was = c.get('b7m', 'm')['spec']['providerID']
    exported = {kind: c.list(kind) for kind in MOVED}
    mark = len(c.world.seen.all['physicalhosts'])
    let_go(c, exported, 1.5)
    claimed = {o['metadata']['name'] for o in exported['host']
               if o['spec'].get('consumerRef')}
    for _, _, o in c.world.seen.all['physicalhosts'][mark:]:
        if o['metadata']['namespace'] == c.ns:
            c.must(bool(o['spec'].get('consumerRef')) ==
                   (o['metadata']['name'] in claimed), 'nothing is released')
    c.must(touched == c.touched(), 'the source does nothing to hardware')
    bring(c, exported, 2 * REST)
    time.sleep(2)
    c.must(touched == c.touched(), 'nor does the target')
    c.pause(None)
    c.up()
    c.says('b7m', 'm', 'Ready', 'True')
    c.must(c.get('b7m', 'm')['spec']['providerID'] == was, 'the same ID')
    c.must(touched == c.touched(), 'nor afterwards')
    c.delete('machine', 'm')
    c.released(hosts=('h0', 'h1'))


@number(89)
def a_dangling_consumer(c):
    c.one_up()
    touched = c.touched()
    # No moment to see the deletion: unmarked first, then gone in one request.
    c.patch('b7m', 'm', [{'op': 'add', 'path': '/metadata/annotations',
                          'value': {FOR_MOVE: ''}}], how='json')
    c.force('b7m', 'm')
    c.says('host', 'h0', 'HostProvisioned', reason='ClaimLost')
    time.sleep(REST)
    c.must(c.claims() == ['m'] and touched == c.touched(), 'it stays claimed')


BLOCK = 'clusterctl.cluster.x-k8s.io/block-move'


@number(90)
def block_move(c):
    c.one_up()
    busy = idle = 0
    events = sorted(c.world.seen.of('physicalhosts', c.ns) +
                    c.world.seen.of('beskar7machines', c.ns),
                    key=lambda x: x[0])
    claim = block = is_up = False
    for _, _, o in events:
        if o['kind'] == 'PhysicalHost':
            claim = 'consumerRef' in o['spec']
        else:
            block = BLOCK in o['metadata'].get('annotations', {})
            is_up = bool(o['spec'].get('providerID'))
        if claim and not is_up:
            busy += 1
            c.must(block, 'blocked')
        elif is_up:
            idle += 1
            c.must(not block, 'free')
    c.must(busy > 3 and idle, 'both were seen')
    c.hosts(1, first=1)
    c.machine('n')
    c.wait('host', 'h1', lambda o: o['status'].get('state') ==
           'Provisioning', 'busy')
    c.pause(True)
    c.wait('b7m', 'n', lambda o: BLOCK not in o['metadata']['annotations'],
           'a pause ends it')
    c.pause(False)
    c.up('n')


@number(91)
def a_new_uid(c):
    host = c.one_up(2)
    touched, old = c.touched(), c.get('b7m', 'm')
    c.patch('b7m', 'm', [{'op': 'add', 'path': '/metadata/annotations',
                          'value': {FOR_MOVE: ''}}], how='json')
    c.delete('b7m', 'm')
    c.patch('b7m', 'm', {'metadata': {'finalizers': []}}, want=None)
    time.sleep(1)
    new = {k: old['metadata'][k] for k in ('name', 'labels', 'annotations',
                                           'finalizers', 'ownerReferences')}
    c.ask('POST', c.path('b7m'), dict(c.body('b7m', 'm', spec=old['spec']),
                                      metadata=new), want=201)
    o = c.up()
    c.must(o['metadata']['uid'] != old['metadata']['uid'] and
           o['status']['hostRef']['name'] == host, 'the same host')
    c.must(touched == c.touched(), 'no BMC is written to')


# ---- instances ----

@number(92, alone=True)
def instances(c):
    other = c.space(c.ns + '-o')
    c.hosts(1, wait=False)
    c.put('host', 'h0', ns=other, spec=c.get('host', 'h0')['spec'])
    c.world.only('--namespace', other)
    try:
        c.wait('host', 'h0', lambda o: o.get('status'), 'seen', ns=other)
        c.force('host', 'h0', ns=other)
        was = c.get('host', 'h0')['metadata']['resourceVersion']
        c.world.only('--watch-filter', 'x')
        c.hosts(1, first=1, wait=False, **{CAPI + '/watch-filter': 'x'})
        c.wait('host', 'h1', lambda o: o.get('status'), 'ours')
        c.must(was == c.get('host', 'h0')['metadata']['resourceVersion'],
               'the others are left alone')
    finally:
        c.world.one()


@number(93, alone=True)
def ends_well(c):
    c.world.only('--leader-elect', '--lease-namespace', SYSTEM, '--lease-name',
                 c.ns)
    try:
        path = '/apis/coordination.k8s.io/v1/namespaces/%s/leases/%s' % (
            SYSTEM, c.ns)
        for _ in range(100):
            r = c.ask('GET', path)
            if r.status == 200 and r.json['spec'].get('holderIdentity'):
                break
            time.sleep(0.2)
        c.must(r.json['spec'].get('holderIdentity'), 'held')
        c.must(c.world.ready(), 'ready')
        t = time.monotonic()
        status = c.world.place.end('agent')
        c.must(status == 0 and time.monotonic() - t < 10, 'it ends at once')
        c.must(not c.ask('GET', path).json['spec'].get('holderIdentity'),
               'and lets go')
        c.ask('DELETE', path)
    finally:
        c.world.one()


@number(94)
def core_is_read_as_v1beta2(c):
    c.ask('GET', '/apis/cluster.x-k8s.io/v1beta1', want=404)
    c.one_up()
