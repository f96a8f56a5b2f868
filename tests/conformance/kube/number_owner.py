"""Checks 14 to 36: clones, owners, finalizers, gates."""

import time

from case import AX, CAPI, END, FINALIZER, MANAGER, PAUSED, number
from number_crds import with_image
from place import condition, provisioned

SET = [{'apiVersion': CAPI + '/v1beta2', 'kind': 'MachineSet', 'name': 's',
        'uid': '0f0f0f0f-0000-4000-8000-000000000001', 'controller': True,
        'blockOwnerDeletion': True}]


@number(14)
def template_is_a_machine(c):
    t = c.put('b7mt', 't', spec={'template': {
        'metadata': {'labels': {'a': 'b'}, 'annotations': {'c': 'd'}},
        'spec': with_image(bootMode='UEFI', hostSelector={
            'matchLabels': {'x': 'y'}})}}).json
    c.put('b7m', 'm', spec=t['spec']['template']['spec'])


@number(15, 16)
def clones(c):
    for n in range(50):
        name = 'm%d' % n
        made = c.apply('b7m', name, 'capi-machineset', want=201, meta={
            'labels': {CAPI + '/cluster-name': 'c'}, 'ownerReferences': SET,
            'annotations': {CAPI + '/cloned-from-name': 't'}},
            spec=with_image()).json
        # As core does: its own entries, under the version of the create.
        c.patch('b7m', name, {'metadata': {
            'resourceVersion': made['metadata']['resourceVersion'],
            'managedFields': made['metadata']['managedFields']}})
    c.still()
    for o in c.list('b7m'):
        c.must('finalizers' not in o['metadata'] and 'status' not in o,
               o['metadata']['name'] + ' is left alone')


@number(17)
def nobodys(c):
    c.put('b7m', 'm', spec=with_image())
    c.still()
    c.must('status' not in c.get('b7m', 'm'), 'nothing is said')
    c.delete('b7m', 'm')
    c.must(c.get('b7m', 'm') is None, 'it goes at once')


@number(18)
def machine_of_another_group(c):
    c.cluster()
    c.machine(parked=True)
    c.own(version='foo.io/v1')
    c.says('b7c', 'c', 'Ready', 'True')
    c.must('finalizers' not in c.get('b7m', 'm')['metadata'], 'no finalizer')
    c.still()


@number(19)
def machine_of_any_version(c):
    c.hosts(2)
    c.cluster()
    for name, version in (('m', 'v1beta1'), ('n', 'v9')):
        c.machine(name, parked=True)
        c.own(name, CAPI + '/' + version)
    for name in 'mn':
        c.up(name)


NEW = {'spec': {'template': {'spec': {'image': {
    'url': 'https://images.example/b.iso'}}}}}


def refused_soon(c, ask):
    """A policy works some time after it was made."""
    for _ in range(50):
        if ask(dryRun='All').status == 422:
            break
        time.sleep(0.2)
    return ask().status == 422


@number(20)
def machine_templates_stay(c):
    c.put('b7mt', 't', spec={'template': {'spec': with_image()}})
    c.must(refused_soon(c, lambda **q: c.patch(
        'b7mt', 't', NEW, want=None, **q)), 'another spec is refused')
    c.patch('b7mt', 't', {'metadata': {'labels': {'a': 'b'}}})
    c.patch('b7mt', 't', {'spec': {'template': {'metadata': {
        'labels': {'a': 'b'}}}}})


@number(21)
def cluster_templates_stay(c):
    c.put('b7ct', 't', spec={'template': {'spec': {}}})
    c.patch('b7ct', 't', {'spec': {'template': {'spec': {
        'controlPlaneEndpointSource': 'User'}}}}, want=422)
    c.patch('b7ct', 't', {'metadata': {'labels': {'a': 'b'}}})
    c.patch('b7ct', 't', {'spec': {'template': {'metadata': {
        'labels': {'a': 'b'}}}}})


# ---- ownership ----

def managers(o, sub=''):
    return {m['manager'] for m in o['metadata']['managedFields']
            if m.get('subresource', '') == sub}


@number(22)
def finalizer_first(c):
    c.one_up()
    first = [rv for rv, _, o in c.world.seen.of('beskar7machines', c.ns, 'm')
             if FINALIZER in o['metadata'].get('finalizers', [])]
    claim = [rv for rv, _, o in c.world.seen.of('physicalhosts', c.ns)
             if o['spec'].get('consumerRef')]
    c.must(first and claim and first[0] < claim[0], 'in that order')


@number(24)
def foreign_metadata(c):
    c.hosts(3)
    c.cluster()
    for name, after in (('a', 0), ('b', 2), ('m', 5)):
        c.machine(name)
        time.sleep(after)
        had = c.get('b7m', name)['metadata'].get('finalizers', [])
        c.patch('b7m', name, [
            {'op': 'add', 'path': '/metadata/finalizers' + (
                '/0' if had else ''), 'value': 'foo.io/f' if had else
             ['foo.io/f']}], how='json')
        c.patch('b7m', name, {'metadata': {
            'labels': {'foo': '1'}, 'annotations': {'foo': '2'}}})
    for name in 'abm':
        c.up(name)
        c.delete('machine', name)
    for name in 'abm':
        o = c.wait('b7m', name, lambda o: o['metadata']['finalizers'] ==
                   ['foo.io/f'], 'only the foreign one is left')
        c.must(o['metadata']['labels']['foo'] == '1' and
               o['metadata']['annotations']['foo'] == '2', 'metadata stays')
        c.patch('b7m', name, {'metadata': {'finalizers': None}})


@number(25)
def our_manager(c):
    c.one_up()
    for kind, name in (('b7m', 'm'), ('b7c', 'c'), ('host', 'h0')):
        o = c.get(kind, name)
        c.must(managers(o, 'status') == {MANAGER}, 'status of ' + kind)
        c.must(MANAGER in managers(o), 'metadata of ' + kind)
        c.must('manager' not in managers(o), 'no anonymous manager')


@number(26)
def waits_for_the_label(c):
    c.hosts()
    c.machine(parked=True, cluster='late')
    for kind in ('machine', 'b7m'):
        c.patch(kind, 'm', {'metadata': {'labels': {
            CAPI + '/cluster-name': None}}})
    c.own()
    c.says('b7m', 'm', 'HostClaimed', 'False',
           'WaitingForClusterInfrastructureReady')
    c.still()
    c.must(not c.claims(), 'no claim')
    c.cluster('late')
    c.up()


@number(27)
def cluster_waits_for_its_owner(c):
    c.put('b7c', 'c', spec={'controlPlaneEndpoint': END})
    c.still()
    c.patch('b7c', 'c', {'metadata': {'ownerReferences': [{
        'apiVersion': 'v1', 'kind': 'Secret', 'name': 'shim',
        'uid': SET[0]['uid']}]}})
    c.still()
    c.must('status' not in c.get('b7c', 'c'), 'nothing is said')
    c.put('cluster', 'c', meta={'annotations': {PAUSED: ''}}, spec={
        'infrastructureRef': {'apiGroup': AX, 'kind': 'Beskar7Cluster',
                              'name': 'c'}})
    c.patch('b7c', 'c', {'metadata': {'ownerReferences': [{
        'apiVersion': CAPI + '/v1beta2', 'kind': 'Cluster', 'name': 'c',
        'uid': c.get('cluster', 'c')['metadata']['uid']}]}})
    c.wait('b7c', 'c', provisioned, 'provisioned')


# ---- gates ----

@number(28)
def waits_for_infrastructure(c):
    c.hosts()
    c.cluster(spec={})
    c.machine()
    o = c.says('b7m', 'm', 'HostClaimed', 'False',
               'WaitingForClusterInfrastructureReady')
    c.must(condition(o, 'Ready')['status'] == 'False', 'Ready is False')
    c.must('HostClaimed' in condition(o, 'Ready')['message'],
           'Ready names it: ' + condition(o, 'Ready')['message'])
    c.still()
    c.must(not c.claims(), 'no claim')
    c.patch('b7c', 'c', {'spec': {'controlPlaneEndpoint': END}})
    c.up()


@number(29)
def waits_for_data(c):
    c.hosts()
    c.cluster()
    c.wait('cluster', 'c', lambda o: o.get('status', {}).get(
        'initialization', {}).get('infrastructureProvisioned'), 'gate 1')
    for name, plane, why in (
            ('m', True, 'WaitingForBootstrapData'),
            ('w', False, 'WaitingForControlPlaneInitialized')):
        c.machine(name, plane=plane, data='', parked=True)
        c.own(name)
        c.says('b7m', name, 'BootstrapDataReady', 'False', why)
    c.still()
    c.must(not c.claims(), 'no claim')


@number(30)
def waits_for_the_secret(c):
    c.hosts()
    c.cluster()
    c.machine(data='later')
    c.says('b7m', 'm', 'BootstrapDataReady', 'False', 'SecretNotFound')
    c.must(not c.claims(), 'no claim')
    c.data('later')
    c.wait('host', 'h0', lambda o: o['spec'].get('consumerRef'), 'claimed',
           seconds=15)


@number(32)
def opaque_secret(c):
    c.put('secret', 'mine', type='Opaque', stringData={'value': 'x'})
    c.hosts()
    c.cluster()
    c.machine(data='mine')
    c.up()
    c.must(c.get('host', 'h0')['spec']['userDataSecretRef']['name'] ==
           'mine', 'that one is used')


@number(34)
def no_gate_of_ours(c):
    c.hosts()
    c.cluster(meta={'annotations': {CAPI + '/managed-by': 'x'}})
    c.patch('b7c', 'c', {'status': {'initialization': {
        'provisioned': True}}}, sub='status')
    c.machine()
    c.up()
    c.must('conditions' not in c.get('b7c', 'c')['status'], 'it stays alone')


@number(35)
def waits_for_an_endpoint(c):
    for name, kind in (('a', 'cluster'), ('b', 'b7c')):
        c.cluster(name, spec={})
        o = c.says('b7c', name, 'ControlPlaneEndpointReady', 'False',
                   'WaitingForEndpoint')
        c.must('initialization' not in o['status'], 'not provisioned')
        c.patch(kind, name, {'spec': {'controlPlaneEndpoint': END}})
        c.wait('b7c', name, provisioned, name + ' is provisioned')
        c.wait('cluster', name, lambda o: o['spec'].get(
            'controlPlaneEndpoint') == END, 'core has the endpoint')


@number(36)
def no_machine_is_needed(c):
    c.cluster()
    c.wait('b7c', 'c', provisioned, 'provisioned')
    c.must(not c.list('host') and not c.list('b7m'), 'nothing else is there')
