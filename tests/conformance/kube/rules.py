#!/usr/bin/env python3
"""usage: rules.py

Installs the CRDs and policies of the project into the server that the
environment names (a real one: the stand-in evaluates no CEL), and shows for each
rule an object that it accepts and one that it refuses. Prints "ok" and "not ok"
lines. A rule in the CRDs that has no row here is a failure.
"""

import pathlib
import re
import secrets
import sys
import time

import client
import frame

ROOT = pathlib.Path(__file__).resolve().parents[3]
GROUP = 'infrastructure.cluster.x-k8s.io'
CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
POLICIES = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies'
KINDS = {'physicalhosts': 'PhysicalHost', 'beskar7machines': 'Beskar7Machine',
         'beskar7clusters': 'Beskar7Cluster',
         'beskar7machinetemplates': 'Beskar7MachineTemplate',
         'beskar7clustertemplates': 'Beskar7ClusterTemplate'}

ISO = 'https://images.example/a.iso'
OTHER = 'https://images.example/b.iso'
IMAGE = {'image': {'url': ISO}}
EJECT = 'ejectWhenUp is only for images of kind Live'
VALUES = 'values are required with In and NotIn, and not allowed with ' \
    'Exists and DoesNotExist'
LABEL = {'metadata': {'labels': {'any': 'thing'}}}


def spec(**members):
    return {'spec': members}


def status(**members):
    return {'status': members}


def machine(**members):
    return dict(IMAGE, **members)


def of_template(**members):
    return {'template': {'spec': machine(**members)}}


def selector(operator, *values):
    e = {'key': 'role', 'operator': operator}
    if values:
        e['values'] = list(values)
    return {'matchExpressions': [e]}


BMC = {'address': 'https://10.0.0.1', 'credentialsSecretRef': {'name': 's'}}
CLAIM = {'name': 'm', 'claimID': 'c1'}


def host(**members):
    return dict({'redfishConnection': BMC}, **members)


def claimed(**members):
    return host(consumerRef=CLAIM, bootIsoSource=ISO, **members)


def provisioned(word):
    return status(initialization={'provisioned': word})


class New(dict):
    """A spec to create, where others are merge patches."""


ONE_TRUST = 'at most one of caBundleSecretRef, certificateFingerprint, ' \
    'trustOnFirstUse and insecureSkipVerify may be set'
SOURCE = 'bootIsoSource is set and cleared together with consumerRef'
SECRET = 'userDataSecretRef is set and cleared together with consumerRef'
END = {'host': '10.0.0.1', 'port': 6443}

# kind, where, message, spec to begin with, accepted, refused
ROWS = [
    ('beskar7machines', 'spec', 'providerID cannot be removed', IMAGE,
     spec(providerID='b7://a/h'), spec(providerID=None)),
    ('beskar7machines', 'spec.providerID', 'providerID is immutable once set',
     machine(providerID='b7://a/h'), LABEL, spec(providerID='b7://a/i')),
    ('beskar7machines', 'spec', 'bootMode is immutable', IMAGE, LABEL,
     spec(bootMode='UEFI')),
    ('beskar7machines', 'spec.bootMode', 'bootMode is immutable',
     machine(bootMode='UEFI'), LABEL, spec(bootMode='Legacy')),
    ('beskar7machines', 'spec', 'hostSelector is immutable', IMAGE, LABEL,
     spec(hostSelector={'matchLabels': {'a': 'b'}})),
    ('beskar7machines', 'spec.hostSelector', 'hostSelector is immutable',
     machine(hostSelector={'matchLabels': {'a': 'b'}}), LABEL,
     spec(hostSelector={'matchLabels': {'a': 'c'}})),
    ('beskar7machines', 'spec', 'hardwareRequirements is immutable', IMAGE,
     LABEL, spec(hardwareRequirements={'minCores': 2})),
    ('beskar7machines', 'spec.hardwareRequirements',
     'hardwareRequirements is immutable',
     machine(hardwareRequirements={'minCores': 2}), LABEL,
     spec(hardwareRequirements={'minCores': 3})),
    ('beskar7machines', 'spec.image', EJECT, IMAGE,
     New(image={'url': ISO, 'kind': 'Live', 'ejectWhenUp': True}),
     New(image={'url': ISO, 'kind': 'Installer', 'ejectWhenUp': True})),
    ('beskar7machines', 'spec.image', 'image is immutable', IMAGE, LABEL,
     spec(image={'url': OTHER})),
    ('beskar7machines', 'spec.userData', 'userData is immutable',
     machine(userData={'delivery': 'ConfigDrive'}), LABEL,
     spec(userData={'delivery': 'None'})),
    ('beskar7machines', 'spec.hostSelector.matchExpressions[]', VALUES, IMAGE,
     New(machine(hostSelector=selector('In', 'a'))),
     New(machine(hostSelector=selector('In')))),
    ('beskar7machines', 'spec.hostSelector.matchExpressions[]', VALUES, IMAGE,
     New(machine(hostSelector=selector('Exists'))),
     New(machine(hostSelector=selector('Exists', 'a')))),
    ('beskar7machines', 'spec.completion', 'completion is immutable',
     machine(completion={'timeoutSeconds': 3600}), LABEL,
     spec(completion={'timeoutSeconds': 7200})),
    ('beskar7machines', 'spec.release', 'release is immutable',
     machine(release={'gracefulSeconds': 10}), LABEL,
     spec(release={'gracefulSeconds': 20})),
    ('beskar7machines', 'status.initialization.provisioned',
     'provisioned never goes back to false', IMAGE, provisioned(True),
     provisioned(False)),
    ('beskar7machinetemplates', 'spec.template.spec.image', EJECT,
     of_template(), New(of_template(image={
         'url': ISO, 'kind': 'Live', 'ejectWhenUp': True})),
     New(of_template(image={
         'url': ISO, 'kind': 'Installer', 'ejectWhenUp': True}))),
    ('beskar7machinetemplates',
     'spec.template.spec.hostSelector.matchExpressions[]', VALUES,
     of_template(), New(of_template(hostSelector=selector('NotIn', 'a'))),
     New(of_template(hostSelector=selector('DoesNotExist', 'a')))),
    ('beskar7clusters', 'spec', 'controlPlaneEndpoint cannot be removed', {},
     spec(controlPlaneEndpoint=END), spec(controlPlaneEndpoint=None)),
    ('beskar7clusters', 'spec.controlPlaneEndpoint',
     'controlPlaneEndpoint.host is immutable once set',
     {'controlPlaneEndpoint': {'port': 6443}},
     spec(controlPlaneEndpoint=END),
     spec(controlPlaneEndpoint={'host': '10.0.0.2'})),
    ('beskar7clusters', 'spec.controlPlaneEndpoint',
     'controlPlaneEndpoint.port is immutable once set',
     {'controlPlaneEndpoint': {'host': '10.0.0.1'}},
     spec(controlPlaneEndpoint=END),
     spec(controlPlaneEndpoint={'port': None})),
    ('beskar7clusters', 'status.initialization.provisioned',
     'provisioned never goes back to false', {}, provisioned(True),
     provisioned(False)),
    ('beskar7clustertemplates', 'spec.template.spec',
     'spec.template.spec is immutable; make a new template',
     {'template': {'spec': {}}},
     spec(template={'metadata': {'labels': {'a': 'b'}}}),
     spec(template={'spec': {'controlPlaneEndpointSource': 'User'}})),
    ('physicalhosts', 'spec', 'redfishConnection.address may only change '
     'while the host is unclaimed or in maintenance', claimed(),
     spec(maintenance={},
          redfishConnection={'address': 'https://10.0.0.2'}),
     spec(maintenance=None,
          redfishConnection={'address': 'https://10.0.0.3'})),
    ('physicalhosts', 'spec', SOURCE, host(),
     spec(consumerRef=CLAIM, bootIsoSource=ISO), spec(bootIsoSource=None)),
    ('physicalhosts', 'spec', 'userDataSecretRef needs a consumerRef',
     claimed(userDataSecretRef={'name': 'u'}),
     spec(consumerRef=None, bootIsoSource=None, userDataSecretRef=None),
     spec(userDataSecretRef={'name': 'u'})),
    ('physicalhosts', 'spec', SECRET, host(),
     spec(consumerRef=CLAIM, bootIsoSource=ISO,
          userDataSecretRef={'name': 'u'}), spec(userDataSecretRef=None)),
    ('physicalhosts', 'spec.redfishConnection', ONE_TRUST, host(),
     spec(redfishConnection={'trustOnFirstUse': True}),
     spec(redfishConnection={'insecureSkipVerify': True})),
    ('physicalhosts', 'spec.consumerRef', 'a claimed host must be released '
     '(consumerRef cleared) before another consumer may claim it', claimed(),
     LABEL, spec(consumerRef={'name': 'n'})),
    ('physicalhosts', 'spec.bootIsoSource', SOURCE, claimed(), LABEL,
     spec(bootIsoSource=OTHER)),
    ('physicalhosts', 'spec.userDataSecretRef', SECRET,
     claimed(userDataSecretRef={'name': 'u'}), LABEL,
     spec(userDataSecretRef={'name': 'v'})),
]


def rules_of(schema, path=''):
    """(path, message) of every rule in a schema."""
    for r in schema.get('x-kubernetes-validations', []):
        yield path, r['message']
    for name, sub in schema.get('properties', {}).items():
        yield from rules_of(sub, path + '.' + name if path else name)
    if 'items' in schema:
        yield from rules_of(schema['items'], path + '[]')
    if isinstance(schema.get('additionalProperties'), dict):
        yield from rules_of(schema['additionalProperties'], path + '{}')


class Table:
    def __init__(self, t):
        self.t = t
        self.n = 0
        self.bad = 0

    def say(self, ok, name, why=''):
        self.bad += not ok
        print('%s kube/rules/%s%s' % ('ok' if ok else 'not ok', name,
                                      '' if ok else ': ' + why))

    def place(self, kind, name=None, sub=None):
        path = '/apis/%s/v1beta2/namespaces/%s/%s' % (GROUP, self.t.ns, kind)
        return '/'.join([path] + [p for p in (name, sub) if p])

    def make(self, kind, members):
        self.n += 1
        name = 'o-%d' % self.n
        return name, self.t.post(self.place(kind), {
            'apiVersion': GROUP + '/v1beta2', 'kind': KINDS[kind],
            'metadata': {'name': name}, 'spec': members}, quiet=True)

    def change(self, kind, name, what, **query):
        if isinstance(what, New):
            return self.make(kind, what)[1]
        sub = 'status' if 'status' in what else None
        return self.t.patch(self.place(kind, name, sub), what, quiet=True,
                            **query)

    def row(self, kind, where, message, begin, accepted, refused):
        label = '%s %s: %s' % (kind, where, message)
        name, r = self.make(kind, begin)
        if r.status != 201:
            return self.say(False, label, 'to begin with: %r' % r.raw)
        r = self.change(kind, name, accepted)
        if r.status not in (200, 201):
            return self.say(False, label, 'not accepted: %r' % r.raw)
        r = self.change(kind, name, refused)
        if r.status != 422:
            return self.say(False, label, 'not refused: %d' % r.status)
        told = [(re.sub(r'\[\d+\]', '[]', c['field']), c['message'])
                for c in r.json['details']['causes']]
        ok = any(f == where and message in m for f, m in told)
        return self.say(ok, label, 'refused by another: %r' % told)

    def coverage(self):
        have = {row[:3] for row in ROWS}
        for c in self.t.get(CRDS, quiet=True).json['items']:
            if c['spec']['group'] != GROUP:
                continue
            plural = c['spec']['names']['plural']
            schema = c['spec']['versions'][0]['schema']['openAPIV3Schema']
            for path, message in rules_of(schema):
                if (plural, path, message) not in have:
                    self.say(False, '%s %s: %s' % (plural, path, message),
                             'no row for this rule')

    def until(self, want, f):
        """A policy works some time after it was made."""
        for _ in range(50):
            r = f()
            if r.status == want:
                break
            time.sleep(0.2)
        return r

    def policies(self):
        dry = 'topology.cluster.x-k8s.io/dry-run'
        kind = 'beskar7machinetemplates'
        name = self.make(kind, of_template())[0]
        new = spec(template={'spec': {'image': {'url': OTHER}}})
        r = self.until(422, lambda: self.t.patch(
            self.place(kind, name), new, quiet=True, dryRun='All'))
        self.say(r.status == 422 and b'immutable' in r.raw,
                 'policy: templates are immutable', repr(r.raw))
        new['metadata'] = {'annotations': {dry: ''}}
        r = self.change(kind, name, new, dryRun='All')
        self.say(r.status == 200, 'policy: the topology dry-run may',
                 repr(r.raw))
        r = self.change(kind, name, new)
        self.say(r.status == 422, 'policy: its annotation alone may not',
                 repr(r.raw))
        r = self.change(kind, name, LABEL)
        self.say(r.status == 200, 'policy: metadata of templates may change',
                 repr(r.raw))
        self.managed_by()

    def managed_by(self):
        key = 'cluster.x-k8s.io/managed-by'
        kind = 'beskar7clusters'
        name = self.make(kind, {})[0]
        with_it = {'metadata': {'annotations': {key: 'x'}}}
        r = self.change(kind, name, with_it)
        self.say(r.status == 200, 'policy: managed-by may be set',
                 repr(r.raw))
        without = {'metadata': {'annotations': {key: None}}}
        r = self.until(422, lambda: self.t.patch(
            self.place(kind, name), without, quiet=True, dryRun='All'))
        self.say(r.status == 422, 'policy: managed-by stays', repr(r.raw))
        without['metadata']['annotations'][
            'clusterctl.cluster.x-k8s.io/delete-for-move'] = ''
        r = self.change(kind, name, without)
        self.say(r.status == 200, 'policy: a move may take it', repr(r.raw))


def put(t, path, text):
    """One manifest by server-side apply, so that it may be there already."""
    name = re.search(r'^  name: (.*)$', text, re.M).group(1)
    r = t.patch(path + '/' + name, text.encode(), 'apply', quiet=True,
                fieldManager='conformance', force='true')
    if r.status not in (200, 201):
        raise frame.Failed('%s: %r' % (name, r.raw))


def install(t):
    for p in sorted(ROOT.glob('crds/*.yaml')):
        put(t, CRDS, p.read_text())
    for text in (ROOT / 'deploy/policy/templates.yaml').read_text().split(
            '\n---\n'):
        kind = re.search(r'^kind: (.*)$', text, re.M).group(1)
        put(t, POLICIES if kind.endswith('Policy') else
            POLICIES[:-3] + 'ybindings', text)
    for kind in KINDS:
        path = '/apis/%s/v1beta2/%s' % (GROUP, kind)
        for _ in range(100):
            if t.get(path, quiet=True).status == 200:
                break
            time.sleep(0.1)


def main():
    t = frame.Check(client.Server(), secrets.token_hex(3), 0)
    table = Table(t)
    try:
        install(t)
    except frame.Failed as e:
        table.say(False, 'install', str(e))
        return 1
    for row in ROWS:
        table.row(*row)
    table.coverage()
    table.policies()
    t.delete('/api/v1/namespaces/' + t.ns, quiet=True)
    return 1 if table.bad else 0


if __name__ == '__main__':
    sys.exit(main())
