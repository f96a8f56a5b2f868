"""Checks 37 to 63: what machines and clusters tell, pauses, other managers."""

import time

from case import (CAPI, END, FINALIZER, PAUSED, REST, number)
from number_crds import with_image
from number_owner import refused_soon
from place import condition, provisioned

ZONE = 'topology.kubernetes.io/zone'


@number(38)
def id_by_hand(c):
    c.one_up()
    was = c.get('b7m', 'm')['spec']['providerID']
    for now in (was + 'x', None):
        c.patch('b7m', 'm', {'spec': {'providerID': now}}, want=422)


@number(40)
def provisioned_stays(c):
    """Over a power cut, a silent BMC and a Machine that is looked at again;
    every version is looked at in the end (number_all.py)."""
    host = c.one_up()
    c.press(host, 'power-button', {'hold': True})
    c.says('b7m', 'm', 'HostHealthy', 'False')
    c.must(provisioned(c.get('b7m', 'm')), 'it stays')
    c.press(host, 'power-button', {})
    c.press(host, 'faults', {'action': 'refuse'})
    c.says('b7m', 'm', 'HostHealthy', 'False', 'BMCUnreachable')
    c.must(provisioned(c.get('b7m', 'm')), 'it still stays')


@number(43)
def failure_domains(c):
    c.hosts(1, **{'kind': 'a'})
    c.hosts(1, first=1)
    for n, zone in enumerate('ab'):
        c.patch('host', 'h%d' % n, {'metadata': {'labels': {ZONE: zone}}})
    c.cluster()
    c.machine(more={'failureDomain': 'b'})
    o = c.up()
    c.must(o['status']['hostRef']['name'] == 'h1' and
           o['status']['failureDomain'] == 'b', 'the host of the domain')
    c.machine('n', more={'failureDomain': 'b'})
    c.says('b7m', 'n', 'HostClaimed', 'False', 'NoHostInFailureDomain')
    c.must(c.claims() == ['m'], 'no fallback')
    c.patch('host', 'h0', {'metadata': {'labels': {ZONE: 'b'}}})
    c.up('n')


@number(45)
def capacity(c):
    c.hosts()
    d = c.get('host', 'h0')['status']['hardwareDetails']
    c.put('b7mt', 't', spec={'template': {'spec': with_image()}})
    o = c.wait('b7mt', 't', lambda o: o.get('status', {}).get('capacity'),
               'capacity')
    c.must(o['status']['capacity'] == {
        'cpu': str(d['processors']['cores']),
        'memory': '%dGi' % d['memoryGiB']}, str(o['status']))
    c.must(o['status']['nodeInfo'] == {
        'architecture': 'amd64', 'operatingSystem': 'linux'},
        str(o['status']))
    c.still()


@number(47)
def domains_are_a_list(c):
    c.hosts(2)
    c.cluster()
    c.wait('b7c', 'c', provisioned, 'provisioned')
    c.must('failureDomains' not in c.get('b7c', 'c')['status'], 'absent')

    def told(*names):
        c.wait('b7c', 'c', lambda o: [d['name'] for d in o['status'].get(
            'failureDomains', [])] == list(names), 'domains ' + str(names))
    for n, zone in enumerate('za'):
        c.patch('host', 'h%d' % n, {'metadata': {'labels': {ZONE: zone}}})
    told('a', 'z')
    c.patch('b7c', 'c', {'spec': {'failureDomains': [
        {'name': 'y'}, {'name': 'b', 'controlPlane': False}]}})
    told('b', 'y')
    c.patch('b7c', 'c', {'spec': {'failureDomains': None}})
    told('a', 'z')


@number(48)
def cluster_deletion(c):
    c.one_up()
    c.says('b7c', 'c', 'Ready', 'True')
    c.says('b7c', 'c', 'Paused', 'False', 'NotPaused')
    c.delete('b7c', 'c')
    c.gone('b7c', 'c')
    c.must(condition(c.get('b7m', 'm'), 'Ready')['status'] == 'True',
           'the machine runs')
    c.delete('machine', 'm')
    c.released()


# ---- conditions ----

@number(51, first=True)
def rest(c):
    """Five minutes, which is what the contract asks for: a day is the
    stand-in's."""
    host = c.one_up()
    c.put('b7mt', 't', spec={'template': {'spec': with_image()}})
    time.sleep(3 * REST)
    reads = -c.machine_of(host)['counters']['requests']
    c.still(300)
    reads += c.machine_of(host)['counters']['requests']
    c.must(reads > 20, 'it is awake: %d requests' % reads)
    same = 0
    for plural in ('physicalhosts', 'beskar7machines', 'beskar7clusters'):
        for life in c.world.seen.lives(plural):
            same += sum(times_stay(c, a[2], b[2])
                        for a, b in zip(life, life[1:]))
    c.must(same, 'reasons and messages changed')


def times_stay(c, was, now):
    """How many conditions changed, but not their status: nor did the time."""
    n = 0
    for k in now.get('status', {}).get('conditions', []):
        old = condition(was, k['type'])
        if old.get('status') != k['status'] or k['type'] in ('One', 'Two', 'X'):
            continue
        c.must(old['lastTransitionTime'] == k['lastTransitionTime'],
               'the time of %s' % k)
        n += (old['reason'], old['message']) != (k['reason'], k['message'])
    return n


@number(52)
def blips(c):
    """The grace is eight seconds here."""
    host = c.one_up()
    was = len(c.world.seen.of('beskar7machines', c.ns, 'm'))
    c.press(host, 'faults', {'action': 'refuse'})
    time.sleep(3)
    c.world.heal(c.bmc[host])
    time.sleep(REST)
    for _, _, o in c.world.seen.of('beskar7machines', c.ns, 'm')[was:]:
        c.must(condition(o, 'Ready')['status'] == 'True', 'a blip is nothing')
    c.press(host, 'faults', {'action': 'refuse'})
    o = c.says('b7m', 'm', 'HostHealthy', 'False', 'BMCUnreachable')
    c.must(condition(o, 'Ready')['status'] == 'False' and provisioned(o),
           'an outage is told')
    c.world.heal(c.bmc[host])
    c.says('b7m', 'm', 'Ready', 'True')


# ---- pause ----

BY_CLUSTER = 'Cluster spec.paused is set to true'
BY_NOTE = '%s has the cluster.x-k8s.io/paused annotation'
NAMES = {'b7m': ('m', 'Beskar7Machine'), 'b7c': ('c', 'Beskar7Cluster')}


def paused(c, *messages):
    for kind, (name, word) in NAMES.items():
        c.says(kind, name, 'Paused', 'True', 'Paused', ', '.join(
            m % word if '%' in m else m for m in messages))


def running(c):
    for kind, (name, _) in NAMES.items():
        c.says(kind, name, 'Paused', 'False', 'NotPaused', '')


def without_paused(o):
    return [k for k in o['status']['conditions'] if k['type'] != 'Paused'], \
        {m: v for m, v in o['status'].items() if m != 'conditions'}, o['spec']


@number(54)
def cluster_pauses(c):
    c.one_up()
    was = {k: without_paused(c.get(k, n)) for k, (n, _) in NAMES.items()}
    c.pause(True)
    paused(c, BY_CLUSTER)
    c.still()
    for k, (n, _) in NAMES.items():
        c.must(without_paused(c.get(k, n)) == was[k], 'nothing else: ' + k)
    c.machine('n')
    c.pause(False)
    c.says('b7m', 'm', 'Paused', 'False', 'NotPaused', '', seconds=5)
    running(c)


@number(55)
def annotation_pauses(c):
    c.one_up()
    for value in ('', 'false', 'x'):
        for kind, (name, _) in NAMES.items():
            c.note(kind, name, PAUSED, value)
        paused(c, BY_NOTE)
        c.pause(True)
        paused(c, BY_CLUSTER, BY_NOTE)
        c.pause(None)
        paused(c, BY_NOTE)
        for kind, (name, _) in NAMES.items():
            c.note(kind, name, PAUSED, None)
        running(c)


@number(56)
def clusters_annotation(c):
    c.hosts()
    c.cluster()
    c.wait('b7c', 'c', provisioned, 'provisioned')
    c.machine()
    c.wait('b7m', 'm', lambda o: o['metadata'].get('finalizers'), 'begun')
    c.note('cluster', 'c', PAUSED, '')
    c.up()
    running(c)


@number(57)
def paused_deletion(c):
    c.one_up()
    for kind, (name, _) in NAMES.items():
        c.note(kind, name, PAUSED, '')
    paused(c, BY_NOTE)
    for kind, (name, _) in NAMES.items():
        c.delete(kind, name)
    time.sleep(2)  # what is said about that
    c.still()
    c.must(FINALIZER in c.get('b7m', 'm')['metadata']['finalizers'] and
           c.get('b7c', 'c') and c.claims() == ['m'], 'both stay')
    for kind, (name, _) in NAMES.items():
        c.note(kind, name, PAUSED, None)
    c.released()
    c.gone('b7c', 'c')


@number(58)
def paused_midway(c):
    c.hosts(6)
    c.cluster()
    c.wait('b7c', 'c', provisioned, 'provisioned')
    for n in range(6):
        c.machine('m%d' % n)
        time.sleep(0.5)
    c.pause(True)
    time.sleep(2)
    touched = c.touched()
    time.sleep(2 * REST)
    c.must(touched == c.touched(), 'no BMC is written to meanwhile')
    c.pause(False)
    for n in range(6):
        c.up('m%d' % n)
    for h in c.bmc:
        c.must(c.machine_of(h)['counters']['mediumBoots'] <= 2,
               'one boot more at most')


@number(59)
def hosts_pause(c):
    c.hosts()
    c.cluster()
    c.note('host', 'h0', PAUSED, '')
    c.says('host', 'h0', 'Paused', 'True', 'Paused', BY_NOTE % 'PhysicalHost')
    c.machine()
    c.says('b7m', 'm', 'HostClaimed', 'False', 'NoHostAvailable')
    time.sleep(2)
    c.still()
    c.must(not c.claims(), 'a paused host is not had')
    c.note('host', 'h0', PAUSED, None)
    c.up()
    c.pause(True)
    c.says('host', 'h0', 'Paused', 'True', 'Paused')
    c.delete('b7m', 'm')
    time.sleep(2)  # what is said about that
    c.still()
    c.must(c.claims() == ['m'], 'it is kept')


@number(60)
def no_lost_wakeup(c):
    c.hosts(8)
    c.cluster()
    c.wait('b7c', 'c', provisioned, 'provisioned')
    for n in range(8):
        c.pause(True)
        c.machine('m%d' % n)
        c.note('b7m', 'm%d' % n, PAUSED, '')
        time.sleep(0.13 * n)
        c.pause(False)
        time.sleep(0.011 * n)
        c.note('b7m', 'm%d' % n, PAUSED, None)
    for n in range(8):
        c.up('m%d' % n)


# ---- somebody else's ----

MANAGED = CAPI + '/managed-by'


@number(61)
def managed_elsewhere(c):
    for n, value in enumerate(('', 'x', 'false')):
        c.cluster('c%d' % n, spec={}, meta={'annotations': {MANAGED: value}})
    time.sleep(REST)
    c.still()
    for n in range(3):
        o = c.get('b7c', 'c%d' % n)
        c.must('status' not in o and 'finalizers' not in o['metadata'],
               'nothing is done')
        c.delete('b7c', 'c%d' % n)
        c.must(c.get('b7c', 'c%d' % n) is None, 'it goes at once')


@number(62)
def machines_beside_it(c):
    c.hosts()
    c.cluster(spec={}, meta={'annotations': {MANAGED: 'x'}})
    c.machine()
    time.sleep(REST)
    c.must(not c.claims(), 'no claim yet')
    c.patch('b7c', 'c', {'spec': {'controlPlaneEndpoint': END}})
    c.patch('b7c', 'c', {'status': {'initialization': {
        'provisioned': True}}}, sub='status')
    c.up()


@number(63)
def managed_by_stays(c):
    c.put('b7c', 'c', meta={'annotations': {MANAGED: 'x'}}, spec={})
    c.must(refused_soon(c, lambda **q: c.patch(
        'b7c', 'c', {'metadata': {'annotations': {MANAGED: None}}},
        want=None, **q)), 'it cannot be taken off')
