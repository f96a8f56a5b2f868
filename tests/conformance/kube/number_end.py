"""Checks 64 to 85: deletion, races, server-side apply, metadata."""

import copy
import time

import frame
from case import AX, CAPI, END, REST, number
from number_crds import with_image
from number_owner import NEW, SET, refused_soon
from place import provisioned


def off(c, host='h0'):
    m = c.machine_of(host)
    return m['power'] == 'Off' and not m['mediaInserted']


@number(64)
def off_before_it_goes(c):
    c.one_up()
    c.delete('machine', 'm')
    c.gone('b7m', 'm')
    c.must(off(c) and not c.claims(), 'off and free')
    freed = [rv for rv, _, o in c.world.seen.of('physicalhosts', c.ns)
             if o['spec'].get('consumerRef')][-1]
    ended = [rv for rv, what, _ in c.world.seen.of(
        'beskar7machines', c.ns, 'm') if what == 'DELETED']
    c.must(ended and freed < ended[0], 'free before it is gone')


@number(65)
def deletion_at_every_stage(c):
    c.hosts(9)
    c.cluster()
    c.wait('b7c', 'c', provisioned, 'provisioned')
    for n in range(9):
        c.machine('m%d' % n)
        time.sleep(0.3 * n)
        # What core has not owned yet, it does not delete.
        if n % 2 or n == 0:
            c.delete('b7m', 'm%d' % n)
        c.delete('machine', 'm%d' % n)
    for n in range(9):
        c.released('m%d' % n, hosts=())
    c.released('none', hosts=list(c.bmc))
    for h in c.bmc:
        c.must(off(c, h), h + ' is off')


@number(66)
def owners_are_gone(c):
    c.one_up()
    c.delete('b7m', 'm')
    for kind, name in (('machine', 'm'), ('cluster', 'c'), ('b7c', 'c')):
        c.force(kind, name)
    c.released()
    c.must(off(c), 'off')


@number(67)
def a_missing_owner(c):
    c.hosts()
    c.cluster()
    c.machine(parked=True)
    c.own()
    c.up()
    c.says('b7m', 'm', 'Ready', 'True')
    o = c.get('b7m', 'm')['metadata']['ownerReferences'][0]
    o['name'] = 'nobody'
    c.patch('b7m', 'm', {'metadata': {'ownerReferences': [o]}})
    time.sleep(REST)
    c.still()
    c.must(c.claims() == ['m'] and provisioned(c.get('b7m', 'm')), 'it stays')
    c.delete('b7m', 'm')
    c.released()


@number(68)
def a_silent_bmc(c):
    host = c.one_up()
    c.press(host, 'faults', {'action': 'refuse'})
    c.delete('machine', 'm')
    c.says('b7m', 'm', 'Ready', 'False', 'Deleting')
    time.sleep(REST)
    c.must(c.claims() == ['m'] and c.get('b7m', 'm'), 'it stays')
    c.world.heal(c.bmc[host])
    c.released()


@number(70)
def foreign_finalizer(c):
    c.one_up()
    c.patch('b7m', 'm', [{'op': 'add', 'path': '/metadata/finalizers/0',
                          'value': 'foo.io/f'}], how='json')
    c.delete('machine', 'm')
    c.wait('b7m', 'm', lambda o: o['metadata']['finalizers'] == ['foo.io/f'],
           'ours is gone')
    c.must(not c.claims(), 'the host is free')
    c.wait('host', 'h0', lambda o: o['status'].get('state') == 'Available',
           'Available')
    time.sleep(2)
    c.still()
    c.patch('b7m', 'm', {'metadata': {'finalizers': None}})
    c.gone('b7m', 'm')


@number(71)
def claimed_host(c):
    c.one_up()
    c.delete('host', 'h0')
    c.says('host', 'h0', 'Deleting', 'True')
    c.still()
    c.must(c.claims() == ['m'], 'claimed')
    c.delete('machine', 'm')
    c.gone('b7m', 'm')
    c.gone('host', 'h0')
    c.must(off(c), 'off')


@number(72)
def all_at_once(c):
    """Where no controller-manager runs, the check does what the namespace
    controller does."""
    c.one_up(2)
    c.machine('n')
    time.sleep(1.5)
    path = '/api/v1/namespaces/' + c.ns
    c.ask('DELETE', path, want=200)
    kinds = deletable(c)
    left = None
    for _ in range(300):
        o = c.ask('GET', path)
        if o.status == 404:
            break
        c.must(o.json['status']['phase'] == 'Terminating', 'it ends')
        if c.world.server is not None:
            left = emptied(c, kinds)
            if not left:
                c.ask('PUT', path + '/finalize', dict(
                    o.json, spec={'finalizers': []}), want=200)
        time.sleep(0.3)
    c.must(c.ask('GET', path).status == 404, 'the namespace is gone: %s' % left)
    c.must(off(c) and off(c, 'h1'), 'both are off')


def deletable(c):
    """Bases of all that can be in a namespace and be deleted together."""
    bases = ['/api/v1'] + [
        '/apis/' + g['preferredVersion']['groupVersion']
        for g in c.ask('GET', '/apis', want=200).json['groups']]
    return ['%s/namespaces/%s/%s' % (base, c.ns, r['name'])
            for base in bases
            for r in c.ask('GET', base, want=200).json['resources']
            if r['namespaced'] and 'deletecollection' in r['verbs']]


def emptied(c, kinds):
    """What is still there, after all of it was deleted once more."""
    left = []
    for kind in kinds:
        items = c.ask('GET', kind, want=200).json['items']
        if items:
            c.ask('DELETE', kind, want=200)
            left.append('%d %s' % (len(items), kind.split('/')[-1]))
    return left


@number(73)
def a_name_again(c):
    c.one_up(2)
    first = c.get('b7m', 'm')['metadata']['annotations'][AX + '/claim-id']
    c.delete('machine', 'm')
    c.released(hosts=('h0', 'h1'))
    c.gone('machine', 'm')
    c.data('again')
    c.machine(data='again')
    c.up()
    c.must(c.get('b7m', 'm')['metadata']['annotations'][AX + '/claim-id'] !=
           first, 'another claim')


# ---- races ----

@number(74)
def a_host_too_few(c):
    c.hosts(3)
    c.cluster()
    for n in range(4):
        c.machine('m%d' % n)
    end = time.monotonic() + 120
    while time.monotonic() < end:
        ready = [n for n in range(4) if provisioned(c.get('b7m', 'm%d' % n))]
        if len(ready) == 3:
            break
        time.sleep(0.5)
    c.must(len(ready) == 3 and len(set(c.claims())) == 3, 'three are up')
    last = ({0, 1, 2, 3} - set(ready)).pop()
    c.says('b7m', 'm%d' % last, 'HostClaimed', 'False', 'NoHostAvailable')
    c.delete('machine', 'm%d' % ready[0])
    c.up('m%d' % last)


@number(77, alone=True)
def two_replicas(c):
    """The leader is killed in the middle of a provisioning, then another one
    stopped and woken up late."""
    c.hosts(2)
    c.cluster()
    c.wait('b7c', 'c', provisioned, 'provisioned')
    c.world.two()
    try:
        first = c.world.leader()
        c.machine()
        c.wait('host', 'h0', lambda o: c.claims(), 'claimed')
        c.world.place.kill(first)
        c.up(seconds=120)
        second = c.world.leader()
        c.must(second != first, 'the other one leads')
        c.must(c.machine_of(c.host_of('m'))['counters']['mediumBoots'] <= 2,
               'no needless boot')
        c.world.again(first)
        c.world.stop_cont(second, 40)
        c.must(c.world.leader() == first, 'and back')
        c.machine('n')
        c.up('n')
    finally:
        c.world.one()


# ---- server-side apply ----

TOPOLOGY = 'capi-topology'
FORCE = {'force': 'true'}
DRY = dict(FORCE, dryRun='All')
DRY_NOTE = {'annotations': {'topology.cluster.x-k8s.io/dry-run': ''}}


@number(79)
def the_topologys_dry_run(c):
    one = {'template': {'spec': with_image()}}
    c.apply('b7mt', 't', TOPOLOGY, want=201, spec=one, query=FORCE)
    new = NEW['spec']
    c.must(refused_soon(c, lambda **q: c.apply(
        'b7mt', 't', TOPOLOGY, spec=new, query=dict(FORCE, **q))), 'refused')
    c.apply('b7mt', 't', TOPOLOGY, want=200, spec=new, query=DRY,
            meta=copy.deepcopy(DRY_NOTE))
    c.apply('b7mt', 't', TOPOLOGY, want=422, spec=new, query=FORCE,
            meta=copy.deepcopy(DRY_NOTE))


def without_times(o):
    o = copy.deepcopy(o)
    for m in o['metadata'].get('managedFields', []):
        m.pop('time', None)
    return o


@number(80, 81)
def applied_twice(c):
    rows = (('b7mt', 't', {'template': {'spec': with_image()}}),
            ('b7c', 'c', {'controlPlaneEndpointSource': 'User',
                          'failureDomains': [{'name': 'a'}]}))
    for kind, name, spec in rows:
        c.apply(kind, name, TOPOLOGY, want=201, spec=spec, query=FORCE)
    c.put('cluster', 'c', spec={
        'controlPlaneEndpoint': END, 'infrastructureRef': {
            'apiGroup': AX, 'kind': 'Beskar7Cluster', 'name': 'c'}})
    c.wait('b7c', 'c', provisioned, 'provisioned')
    time.sleep(2)
    c.still()
    for kind, name, spec in rows:
        now = without_times(c.get(kind, name))
        for query in (DRY, DRY, FORCE, {'dryRun': 'All'}):
            r = c.apply(kind, name, TOPOLOGY, want=200, spec=spec,
                        query=query)
            c.must(without_times(r.json) == now, 'no difference: ' + name)
    for m in c.get('b7c', 'c')['metadata']['managedFields']:
        fields = m['fieldsV1']
        if m['manager'] == TOPOLOGY:
            c.must('f:status' not in fields and 'f:controlPlaneEndpoint'
                   not in fields['f:spec'], 'what is ours is not theirs')
        if m['manager'] == 'beskar7-agent':
            c.must('f:spec' not in fields, 'what is theirs is not ours')


@number(82)
def a_controlling_cluster(c):
    c.put('cluster', 'c', meta={'annotations': {CAPI + '/paused': ''}}, spec={
        'infrastructureRef': {'apiGroup': AX, 'kind': 'Beskar7Cluster',
                              'name': 'c'}})
    c.put('b7c', 'c', spec={'controlPlaneEndpoint': END}, meta={
        'ownerReferences': [dict(SET[0], kind='Cluster', name='c', uid=c.get(
            'cluster', 'c')['metadata']['uid'])]})
    c.wait('b7c', 'c', provisioned, 'provisioned')
    c.delete('b7c', 'c')
    c.gone('b7c', 'c')


@number(83)
def propagated_metadata(c):
    c.one_up()
    c.note('b7m', 'm', CAPI + '/cloned-from-name', 't')
    for value in ('1', '2', None):
        meta = {'labels': {'tier': value}, 'annotations': {'n': value}} \
            if value else {}
        c.apply('b7m', 'm', 'capi-machineset-metadata', want=200, meta=meta,
                query=FORCE)
        c.still()
        o = c.get('b7m', 'm')['metadata']
        c.must(o['labels'].get('tier') == value and
               o['annotations'].get('n') == value, 'as applied')
        c.must(o['annotations'][CAPI + '/cloned-from-name'] == 't', 'kept')


@number(84)
def cores_patches(c):
    c.hosts(4)
    c.cluster()
    for n in range(4):
        name = 'm%d' % n
        c.machine(name)
        o = c.wait('b7m', name, lambda o: o['metadata'].get(
            'ownerReferences'), 'owned')
        time.sleep(0.6 * n)
        refs = o['metadata']['ownerReferences'] + [{
            'apiVersion': CAPI + '/v1beta2', 'kind': 'Cluster', 'name': 'c',
            'uid': c.get('cluster', 'c')['metadata']['uid']}]
        c.patch('b7m', name, {'metadata': {'ownerReferences': refs,
                                           'labels': {'by': 'core'}}})
        o = c.up(name)
        c.must(o['metadata']['ownerReferences'] == refs and
               o['metadata']['labels']['by'] == 'core', 'as core wrote it')


@number(85)
def spec_stays(c):
    c.one_up()
    for change in ({'image': {'url': 'https://images.example/z.iso'}},
                   {'bootMode': 'Legacy'},
                   {'hostSelector': {'matchLabels': {'no': 'where'}}}):
        c.patch('b7m', 'm', {'spec': change}, want=422)
    c.still()
