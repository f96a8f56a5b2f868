"""Checks 1 to 13: CRDs, and what is installed."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import time

import frame
import rules
from case import AX, CAPI, KINDS, number
from place import ACCOUNT, SYSTEM, condition

CONTRACT = ('b7m', 'b7mt', 'b7c', 'b7ct')
OURS = CONTRACT + ('host',)


def crd(c, kind):
    return c.ask('GET', '%s/%s.%s' % (rules.CRDS, KINDS[kind][1], AX),
                 want=200).json


@number(1)
def names(c):
    for kind in OURS:
        s = crd(c, kind)['spec']
        c.must(s['scope'] == 'Namespaced', kind + ' is Namespaced')
        c.must(s['names']['listKind'] == KINDS[kind][2] + 'List',
               'the list kind of ' + kind)


@number(2)
def contract_label(c):
    for kind in CONTRACT:
        o = crd(c, kind)
        served = {v['name'] for v in o['spec']['versions'] if v['served']}
        named = {k.split('/')[1]: v for k, v in o['metadata']['labels'].items()
                 if re.match(re.escape(CAPI) + r'/v\d', k)}
        c.must(list(named) == ['v1beta2'], kind + ' has one contract label')
        c.must(set(named['v1beta2'].split('_')) <= served, 'versions served')


def with_image(**more):
    return dict({'image': {'url': 'https://images.example/a.iso'}}, **more)


SPECS = {'b7m': with_image(), 'b7c': {}, 'b7mt': {'template': {
    'spec': with_image()}}, 'host': {'redfishConnection': {
        'address': 'https://192.0.2.1', 'credentialsSecretRef': {
            'name': 'none'}}}}
SOME = {'b7m': {'failureDomain': 'x'}, 'b7c': {'failureDomains': [
    {'name': 'x', 'controlPlane': True}]}, 'b7mt': {'capacity': {
        'cpu': '7'}}, 'host': {'observedGeneration': 77}}


@number(3)
def status_is_apart(c):
    for kind, spec in SPECS.items():
        meta = {'annotations': {CAPI + '/paused': ''}}
        c.put(kind, 'o', spec=spec, meta=meta)
        one = list(SOME[kind])[0]
        c.patch(kind, 'o', {'status': SOME[kind]})
        c.must(c.get(kind, 'o').get('status', {}).get(one) !=
               SOME[kind][one], 'status by the object itself: ' + kind)
        c.patch(kind, 'o', {'status': SOME[kind]}, sub='status')


STAMP = '2026-11-22T00:00:00Z'


def cond(**over):
    k = {'type': 'X', 'status': 'True', 'reason': 'Ok', 'message': '',
         'lastTransitionTime': STAMP}
    k.update(over)
    return {'conditions': [{m: v for m, v in k.items() if v is not None}]}


@number(4)
def types(c):
    c.put('b7m', 'm', spec=with_image())
    c.put('b7c', 'c', spec={})
    c.patch('b7m', 'm', {'status': cond()}, sub='status')
    for kind, name, bad in (
            ('b7m', 'm', {'initialization': {}}),
            ('b7m', 'm', {'initialization': {'provisioned': 'true'}}),
            ('b7m', 'm', {'addresses': [{'type': 'Foo', 'address': 'a'}]}),
            ('b7m', 'm', {'addresses': [{'type': 'InternalIP',
                                         'address': ''}]}),
            ('b7m', 'm', cond(reason=None)), ('b7m', 'm', cond(reason='a.b')),
            ('b7c', 'c', {'failureDomains': {'a': {}}})):
        c.patch(kind, name, {'status': bad}, sub='status', want=422)
    c.put('b7c', 'd', want=422, spec={'controlPlaneEndpoint': {
        'host': 'h', 'port': 70000}})


@number(5)
def no_failure_domain(c):
    body = c.body('b7m', 'm', spec=with_image(failureDomain='a'))
    c.ask('POST', c.path('b7m'), body, want=400, fieldValidation='Strict')
    r = c.ask('POST', c.path('b7m'), body, want=201)
    c.must('failureDomain' not in r.json['spec'], 'it is pruned')


@number(6)
def conditions_are_a_map(c):
    c.put('b7m', 'm', spec=with_image())
    for who in ('one', 'two'):
        c.apply('b7m', 'm', who, sub='status', want=200,
                status=cond(type=who.title()))
    o = c.get('b7m', 'm')
    c.must(condition(o, 'One') and condition(o, 'Two'), 'both are there')
    o['status']['conditions'] *= 2
    c.ask('PUT', c.path('b7m', 'm', 'status'), o, want=422)


@number(7)
def columns(c):
    c.one_up()
    for kind in OURS:
        c.must('cluster-api' in crd(c, kind)['spec']['names']['categories'],
               'the category of ' + kind)
    for kind, name, filled in (
            ('b7m', 'm', ('Cluster', 'Host', 'Ready', 'Provisioned')),
            ('b7c', 'c', ('Cluster', 'Ready')),
            ('host', 'h0', ('State', 'Power', 'Consumer', 'Ready'))):
        t = c.ask('GET', c.path(kind, name), want=200, headers={
            'Accept': 'application/json;as=Table;v=v1;g=meta.k8s.io'}).json
        row = dict(zip((d['name'] for d in t['columnDefinitions']),
                       t['rows'][0]['cells']))
        for column in filled:
            c.must(str(row.get(column) or '') not in ('', '<none>'),
                   'column %s of %s: %s' % (column, kind, row))


# ---- what is installed ----

def kubectl(c, *arguments, fed=None):
    program = shutil.which('kubectl')
    if program is None:
        raise frame.Skip('no kubectl')
    p = subprocess.run(
        [program, '--kubeconfig', c.world.place.kubeconfig(
            'kubectl-' + c.ns, 'conformance-core', c.ns)] + list(arguments),
        input=fed, capture_output=True, timeout=120, text=True)
    if p.returncode != 0:
        raise frame.Failed('kubectl %s: %s' % (arguments[0],
                                               p.stderr.strip()[:400]))
    return p.stdout


def release(c):
    """A release for clusterctl in a folder, with its variables filled in."""
    if shutil.which('kubectl') is None:
        raise frame.Skip('no kubectl')
    out = c.world.place.dir / ('release-' + c.ns)
    subprocess.run([str(rules.ROOT / 'deploy/clusterctl/release.sh'),
                    '--image', 'images.example/beskar7-agent:v1', '--out',
                    str(out)], check=True, capture_output=True)
    return next(pathlib.Path(out).glob('infrastructure-beskar7/v*'))


def filled(text, **variables):
    def value(m):
        name, default = m.group(1), m.group(2)
        if name in variables:
            return variables[name]
        if default is None:
            raise frame.Failed('${%s} has no default' % name)
        return default
    return re.sub(r'\$\{(\w+)(?::?[=-]([^}]*))?\}', value, text)


def components(c):
    text = filled((release(c) / 'infrastructure-components.yaml').read_text())
    return json.loads(kubectl(c, 'apply', '--dry-run=server', '-o', 'json',
                              '-f', '-', fed=text))['items']


@number(8)
def labels(c):
    seen = 0
    for o in components(c):
        have = o['metadata'].get('labels', {})
        c.must(have.get(CAPI + '/provider') == 'infrastructure-beskar7',
               'the label of %s %s' % (o['kind'], o['metadata']['name']))
        if o['kind'] == 'CustomResourceDefinition':
            seen += 1
            c.must('clusterctl.cluster.x-k8s.io' in have or
                   any(k.startswith('clusterctl.cluster.x-k8s.io')
                       for k in have), 'clusterctl knows the CRD')
            if o['spec']['names']['kind'] == 'PhysicalHost':
                c.must('clusterctl.cluster.x-k8s.io/move-hierarchy' in have,
                       'hosts are moved')
    c.must(seen >= 5, 'CRDs are among them')


@number(9)
def shape(c):
    items = components(c)
    kinds = [o['kind'] for o in items]
    c.must(kinds.count('Namespace') == 1, 'one Namespace')
    managers = 0
    for o in items:
        name = o['metadata']['name']
        if 'namespace' in o['metadata']:
            c.must(o['metadata']['namespace'] == SYSTEM, 'where ' + name)
        elif o['kind'] not in ('Namespace', 'CustomResourceDefinition'):
            c.must(name.startswith(SYSTEM + '-'), 'the name ' + name)
        if o['kind'] == 'Deployment':
            managers += o['spec']['template']['spec']['containers'][0][
                'name'] == 'manager'
    c.must(managers == 1, 'one container manager')


@number(10)
def series(c):
    where = release(c)
    text = (where / 'metadata.yaml').read_text()
    major, minor = re.match(r'v(\d+)\.(\d+)', where.name).groups()
    c.must(re.search(r'- major: %s\n\s+minor: %s\n\s+contract: v1beta2' % (
        major, minor), text), 'the series of the version')
    c.must('kind: Metadata' in text, 'kind')
    c.must(crd(c, 'b7m')['metadata']['labels'].get(CAPI + '/v1beta2'),
           'the CRDs say the same')


# What nobody but the user knows.
OWN = {'BESKAR7_ENDPOINT_HOST': '192.0.2.1',
       'BESKAR7_CONTROL_PLANE_IMAGE_URL': 'https://images.example/a.iso',
       'BESKAR7_WORKER_IMAGE_URL': 'https://images.example/b.iso'}


NO_DEFAULT = 'the endpoint and the images have no default, and can have none'


@number(11)
def templates(c):
    where = release(c)
    real = crds_of_capi(c)
    stored = 0
    try:
        for path in sorted(where.glob('cluster-template*.yaml')) + \
                sorted(where.glob('clusterclass*.yaml')):
            text = filled(path.read_text(), CLUSTER_NAME='one', NAMESPACE=c.ns,
                          KUBERNETES_VERSION='v1.35.0', **OWN)
            for one in re.split(r'^---\s*$', text, flags=re.M):
                m = re.search(r'^apiVersion: (\S+)/\S+', one, re.M)
                if m and (m.group(1) == AX or real):
                    kubectl(c, 'apply', '--dry-run=server',
                            '--validate=strict', '-f', '-',
                            fed=apart(one))
                    stored += 1
    finally:
        for name in real:
            c.ask('DELETE', rules.CRDS + '/' + name)
    c.must(stored >= (14 if real else 4), 'several objects: %d' % stored)
    return NO_DEFAULT if real else \
        'kinds of Cluster API (see --capi-crds); ' + NO_DEFAULT


def apart(text):
    """In a group of another name if its kind is Cluster API's: beside those of
    its stand-in, where nobody acts on it."""
    return re.sub(r'^apiVersion: (?!infrastructure\.)(\S*%s/)' % re.escape(CAPI),
                  r'apiVersion: %s\1' % REAL, text, flags=re.M)


REAL = 'real.'


def crds_of_capi(c):
    """Installs them; their names."""
    if not os.environ.get('B7_CAPI'):
        return []
    names = []
    for path in sorted(pathlib.Path(os.environ['B7_CAPI']).glob(
            '*' + CAPI + '_*.yaml')):
        if path.name.startswith(('infrastructure.', 'clusterctl.')):
            continue
        text = path.read_text()
        plural = re.search(r'^    plural: (\S+)', text, re.M).group(1)
        group = REAL + re.search(r'^  group: (\S+)', text, re.M).group(1)
        text = re.sub(r'^  group: \S+', '  group: ' + group, text, flags=re.M)
        text = re.sub(r'^  name: \S+', '  name: %s.%s' % (plural, group), text,
                      count=1, flags=re.M)
        rules.put(frame.Check(c.server, c.ns, 0), rules.CRDS, text)
        names.append('%s.%s' % (plural, group))
    for name in names:
        for _ in range(100):
            o = c.ask('GET', rules.CRDS + '/' + name, want=200).json
            if condition(o, 'Established').get('status') == 'True':
                break
            time.sleep(0.1)
    c.must(len(names) >= 8, 'CRDs of Cluster API are there')
    return names


MAY = (
    ('get list watch patch', '', 'secrets', True),
    ('create update delete', '', 'secrets', False),
    ('list watch', CAPI, 'clusters', True),
    ('get list watch', CAPI, 'machines', True),
    ('patch update delete create', CAPI, 'clusters', False),
    ('patch update delete create', CAPI, 'machines', False),
    ('patch', CAPI, 'machines/status', True),
    ('patch update', CAPI, 'clusters/status', False),
    ('get list watch patch', AX, 'beskar7machines', True),
    ('patch', AX, 'beskar7machines/status', True),
    ('patch', AX, 'physicalhosts/status', True),
    ('create delete update', AX, 'physicalhosts', False),
    ('create patch', '', 'events', True),
    ('escalate bind', 'rbac.authorization.k8s.io', 'clusterroles', False),
    ('create', '', 'pods/exec', False),
    ('*', '*', '*', False),
)


@number(12)
def rights(c):
    user = 'system:serviceaccount:%s:%s' % (SYSTEM, ACCOUNT)
    for verbs, group, resource, yes in MAY:
        plural, _, sub = resource.partition('/')
        for verb in verbs.split():
            r = c.ask('POST', '/apis/authorization.k8s.io/v1/'
                      'subjectaccessreviews', {
                          'apiVersion': 'authorization.k8s.io/v1',
                          'kind': 'SubjectAccessReview', 'spec': {
                              'user': user, 'resourceAttributes': {
                                  'namespace': 'default', 'verb': verb,
                                  'group': group, 'resource': plural,
                                  'subresource': sub}}}, want=201)
            c.must(r.json['status']['allowed'] is yes,
                   '%s %s %s' % (verb, resource, yes))
    # And by the server itself.
    who = {'Authorization': 'Bearer ' + c.world.place.token(ACCOUNT)}
    c.put('secret', 'mine', stringData={'a': 'b'})
    c.ask('GET', c.path('secret', 'mine'), want=200, headers=who)
    c.ask('DELETE', c.path('secret', 'mine'), want=403, headers=who)
    c.ask('DELETE', c.path('machine', 'any'), want=403, headers=who)


def core_crds(c, there):
    for p in sorted(rules.ROOT.glob('sim/core/crds/*.yaml')):
        text = p.read_text()
        name = re.search(r'^  name: (.*)$', text, re.M).group(1)
        if not there:
            c.ask('DELETE', rules.CRDS + '/' + name, want=200)
    if there:
        c.world.place.crds_of_core()


@number(13, alone=True)
def late_crds(c):
    """The agent was started before any of them (contract.py). Core's go, and
    come back, under its feet."""
    if c.world.server is None:
        raise frame.Skip('this cluster is not ours to take CRDs from')
    c.hosts(1)
    core_crds(c, False)
    for word in ('clusters', 'machines'):
        for _ in range(150):
            if c.ask('GET', '%s/%s.%s' % (rules.CRDS, word, CAPI)
                     ).status == 404:
                break
            time.sleep(0.2)
    c.hosts(1, first=1)
    core_crds(c, True)
    c.cluster()
    c.machine()
    c.up()
