"""Checks of every version of every object that the other checks made; they run
when those are done."""

import json
import re

from case import AX, MANAGER, MARKER, number
from number_node import from_the_nodes
from place import condition, provisioned

LAST = []
# Of addresses, in the contract.
TYPES = ('Hostname', 'InternalIP', 'ExternalIP', 'InternalDNS', 'ExternalDNS')


def last(*numbers, part=None):
    LAST.extend(numbers)
    return number(*numbers, alone=True, part=part)


def lives(c, plural, least=20):
    got = list(c.world.seen.lives(plural))
    c.must(len(got) >= least, '%d objects of %s were seen' % (
        len(got), plural))
    return got


@last(23)
def owners_are_left_alone(c):
    for life in lives(c, 'beskar7machines'):
        for _, _, o in life:
            for m in o['metadata'].get('managedFields', []):
                c.must(m['manager'] != MANAGER or
                       'f:ownerReferences' not in json.dumps(m['fieldsV1']),
                       'owners of ' + o['metadata']['name'])


@last(33)
def payload_is_nowhere(c):
    for path in ('/api/v1/events', '/api/v1/configmaps', '/apis/%s/v1beta2/'
                 'beskar7machines' % AX, '/apis/%s/v1beta2/physicalhosts' %
                 AX):
        c.must(MARKER.encode() not in c.ask('GET', path, want=200).raw, path)
    for plural in ('beskar7machines', 'physicalhosts', 'beskar7clusters'):
        c.must(MARKER not in json.dumps(c.world.seen.all[plural]), plural)
    for path in c.world.place.dir.glob('agent*.log'):
        c.must(MARKER not in path.read_text(), path.name)


@last(37, 41)
def initialization(c):
    seen = 0
    for life in lives(c, 'beskar7machines'):
        for _, _, o in life:
            i = o.get('status', {}).get('initialization')
            if i is None:
                continue
            seen += 1
            c.must(i == {'provisioned': True}, 'initialization %s' % i)
            c.must(o['spec'].get('providerID'), 'never without providerID')
    c.must(seen > 20, 'machines were provisioned')


@last(39)
def ids_are_unique(c):
    ids = {}
    for life in lives(c, 'beskar7machines'):
        for _, _, o in life:
            if o['spec'].get('providerID'):
                ids.setdefault(o['spec']['providerID'], set()).add(
                    o['metadata']['namespace'])
    c.must(len(ids) > 20, 'IDs were seen')
    for one, spaces in ids.items():
        c.must(len(spaces) == 1 and one.split('/')[2] in spaces, one)


@last(42)
def addresses(c):
    from_the_nodes(c)
    bmcs = [b['address'].split('//')[1].split(':')[0]
            for b in c.world.every]
    for life in lives(c, 'beskar7machines', 3):
        for _, _, o in life:
            for a in o.get('status', {}).get('addresses', []):
                c.must(a['type'] in TYPES and a['address'] not in bmcs,
                       'no address of a BMC: %s' % a)


@last(44)
def cores_objects(c):
    for plural in ('clusters', 'machines', 'beskar7machinetemplates',
                   'beskar7clustertemplates'):
        for life in lives(c, plural, 1):
            for _, _, o in life:
                c.must(not any(
                    m['manager'] == MANAGER and m.get('subresource') !=
                    'status' for m in o['metadata'].get('managedFields', [])),
                    '%s %s' % (plural, o['metadata']['name']))
                if plural == 'clusters':
                    c.must(MANAGER not in json.dumps(
                        o['metadata'].get('managedFields')), 'a Cluster')


REASON = re.compile(r'[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$')


@last(49)
def conditions(c):
    seen = 0
    for plural in ('physicalhosts', 'beskar7machines', 'beskar7clusters'):
        for life in lives(c, plural):
            for _, _, o in life:
                for k in o.get('status', {}).get('conditions', []):
                    if k['type'] in ('One', 'Two', 'X'):
                        continue  # of check 4 and 6
                    seen += 1
                    c.must(set(k) >= {'type', 'status', 'reason', 'message',
                                      'lastTransitionTime'}, str(k))
                    c.must(REASON.match(k['reason']) and
                           len(k['message']) <= 10240 and
                           k.get('observedGeneration', 1) <=
                           o['metadata']['generation'], str(k))
    c.must(seen > 500, 'conditions were seen')


PARTS = {'beskar7machines': (('HostClaimed', 'BootstrapDataReady',
                              'HostProvisioned', 'HostHealthy'), 'Deleting'),
         'beskar7clusters': (('ControlPlaneEndpointReady',), 'Deleting')}


def summary(o, parts, bad):
    said = [condition(o, p).get('status', 'Unknown') for p in parts]
    if condition(o, bad).get('status') == 'True':
        said.append('False')
    return 'False' if 'False' in said else \
        'Unknown' if 'Unknown' in said else 'True'


@last(50)
def ready_sums_up(c):
    seen = 0
    for plural, (parts, bad) in PARTS.items():
        for life in lives(c, plural):
            for _, _, o in life:
                if condition(o, 'Paused').get('status') != 'False' or \
                        condition(o, 'X') or condition(o, 'One'):
                    continue
                ready = condition(o, 'Ready')
                c.must(ready, 'Ready from the first status on')
                seen += 1
                c.must(ready['status'] == summary(o, parts, bad),
                       '%s: %s' % (plural, o['status']['conditions']))
    c.must(seen > 100, 'summaries were seen')


@last(53)
def no_older_fields(c):
    for plural in ('beskar7machines', 'beskar7clusters'):
        for life in lives(c, plural):
            for _, _, o in life:
                c.must(not {'failureReason', 'failureMessage', 'ready',
                            'v1beta2', 'deprecated'} & set(
                                o.get('status', {})), o['metadata']['name'])


@last(78)
def no_second_claim(c):
    claims = 0
    for life in lives(c, 'physicalhosts'):
        was = None
        for _, _, o in life:
            now = (o['spec'].get('consumerRef') or {}).get('claimID')
            c.must(not was or not now or was == now, 'from one to another')
            claims += now is not None and was is None
            was = now
    c.must(claims > 20, 'claims were seen')


def always(c):
    """Checks 38 and 40 of every version; they have parts of their own, too."""
    for life in lives(c, 'beskar7machines'):
        was, up = None, False
        for _, what, o in life:
            now = o['spec'].get('providerID')
            c.must(was is None or was == now, 'the ID stays')
            # Check 86 takes a whole status away.
            c.must(not up or provisioned(o) or 'initialization' not in
                   o.get('status', {}), 'provisioned stays')
            was, up = now, provisioned(o)
