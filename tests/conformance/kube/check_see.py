"""Tables, partial objects, discovery, documents, and builtin kinds."""

import base64

from frame import GROUP, check

TABLE = {'Accept': 'application/json;as=Table;g=meta.k8s.io;v=v1'}
PARTIAL = {'Accept':
           'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1'}
PARTIALS = {'Accept': 'application/json;as=PartialObjectMetadataList;'
                      'g=meta.k8s.io;v=v1'}
CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'


def ready(t):
    t.have('a', spec={'size': 1, 'on': True, 'parts': [
        {'name': 'x'}, {'name': 'y'}], 'when': '2020-01-02T03:04:05Z'})
    t.patch(t.at('widgets', 'a', 'status'), {'status': {'conditions': [
        {'type': 'Ready', 'status': 'False'}]}}, quiet=True, want=200)
    t.have('b')


@check('tables', 'of a list')
def table_list(t):
    ready(t)
    r = t.get(t.at('widgets'), headers=TABLE, want=200, quiet=True).json
    for row in r['rows']:
        row['cells'][5] = None if row['cells'][5] is None else 'AGO'
        t.note('row', t.normal.table({'rows': [t.normal.walk(row)]}))
    t.note('columns', t.normal.table(r)['columnDefinitions'])


@check('tables', 'of an object')
def table_one(t):
    t.have('b', spec={'size': 3})
    t.get(t.at('widgets', 'b'), headers=TABLE, want=200)


@check('tables', 'with objects and with none')
def table_include(t):
    t.have('b', spec={'size': 3})
    for word in ('Object', 'None', 'Metadata'):
        t.get(t.at('widgets'), headers=TABLE, includeObject=word, want=200)


@check('tables', 'includeObject of another word')
def table_word(t):
    t.get(t.at('widgets'), headers=TABLE, includeObject='Some')


@check('tables', 'of a kind without columns')
def table_plain(t):
    t.have('a', resource='plains')
    t.get(t.at('plains'), headers=TABLE, want=200)


@check('tables', 'of nothing')
def table_empty(t):
    t.get(t.at('widgets'), headers=TABLE, want=200)


@check('tables', 'of Secrets, ConfigMaps, Leases')
def table_builtin(t):
    t.post(t.at('secrets'), {'metadata': {'name': 'a'}, 'data': {
        'k': 'eA=='}}, quiet=True)
    t.get(t.at('secrets', 'a'), headers=TABLE, want=200)
    t.post(t.at('configmaps'), {'metadata': {'name': 'a'}, 'data': {
        'k': 'v'}, 'binaryData': {'b': 'eA=='}}, quiet=True)
    t.get(t.at('configmaps', 'a'), headers=TABLE, want=200)
    t.post(t.at('leases.coordination.k8s.io'), {
        'metadata': {'name': 'a'}, 'spec': {'holderIdentity': 'me'}},
        quiet=True)
    t.get(t.at('leases.coordination.k8s.io', 'a'), headers=TABLE, want=200)


@check('tables', 'of namespaces')
def table_namespaces(t):
    t.get('/api/v1/namespaces/' + t.ns, headers=TABLE, want=200)


@check('tables', 'of events')
def table_events(t):
    event(t)
    t.get(t.at('events'), headers=TABLE, want=200)


@check('tables', 'of pages')
def table_pages(t):
    t.have('a')
    t.have('b')
    t.get(t.at('widgets'), headers=TABLE, limit=1, want=200)


@check('tables', 'an error is a Status')
def table_error(t):
    t.get(t.at('widgets', 'none'), headers=TABLE, want=404)


@check('partial', 'of an object, a list and a builtin')
def partial(t):
    t.have('a', spec={'size': 1}, meta={'labels': {'k': 'v'}})
    t.get(t.at('widgets', 'a'), headers=PARTIAL, want=200)
    t.get(t.at('widgets'), headers=PARTIALS, want=200)
    t.post(t.at('secrets'), {'metadata': {'name': 'a'}}, quiet=True)
    t.get(t.at('secrets', 'a'), headers=PARTIAL, want=200)


@check('partial', 'of a patch')
def partial_patch(t):
    t.have('a', spec={'size': 1})
    t.patch(t.at('widgets', 'a'), {'spec': {'size': 2}}, want=200,
            headers=PARTIAL)


@check('discovery', 'of the group')
def group(t):
    t.get('/apis/' + GROUP, want=200)


@check('discovery', 'of the resources')
def resources(t):
    r = t.get('/apis/%s/v1' % GROUP, want=200, quiet=True).json
    for x in r['resources']:
        x.pop('storageVersionHash', None)
    t.note('resources', sorted(r['resources'], key=lambda x: x['name']))
    t.note('rest', {k: v for k, v in r.items() if k != 'resources'})


@check('discovery', 'of builtin resources that we serve')
def builtin(t):
    r = t.get('/api/v1', want=200, quiet=True).json
    served = ('namespaces', 'namespaces/status', 'secrets', 'configmaps',
              'events', 'serviceaccounts')
    for x in r['resources']:
        x.pop('storageVersionHash', None)
        if x['name'] in served:
            t.note(x['name'], x)
    r = t.get('/apis/coordination.k8s.io/v1', want=200, quiet=True).json
    t.note('leases', [dict(x, storageVersionHash='') for x in
                      r['resources'] if x['name'] == 'leases'])


@check('discovery', 'of versions and groups')
def groups(t):
    r = t.get('/api', want=200, quiet=True).json
    t.note('api', [r['kind'], r['versions']])
    r = t.get('/apis', want=200, quiet=True).json
    t.note('kind', r['kind'])
    t.note('ours', [g for g in r['groups'] if g['name'] == GROUP])


@check('discovery', 'aggregated')
def aggregated(t):
    kind = ('application/json;g=apidiscovery.k8s.io;v=v2;'
            'as=APIGroupDiscoveryList,application/json')
    r = t.get('/apis', want=200, quiet=True, headers={'Accept': kind})
    t.note('type', r.type)
    for g in r.json['items']:
        if g['metadata']['name'] != GROUP:
            continue
        g['metadata'] = {'name': GROUP}
        for v in g['versions']:
            v['resources'].sort(key=lambda x: x['resource'])
        t.note('group', g)


@check('discovery', '/version says what it is')
def version(t):
    r = t.get('/version', want=200, quiet=True).json
    t.note('members', sorted(set(r) & {
        'major', 'minor', 'gitVersion', 'platform'}))


@check('discovery', 'health')
def health(t):
    for path in ('/healthz', '/livez', '/readyz'):
        t.get(path, want=200)


@check('documents', 'OpenAPI v3 names our group')
def openapi(t):
    r = t.get('/openapi/v3', want=200, quiet=True).json
    path = 'apis/%s/v1' % GROUP
    t.must(path in r['paths'], 'our group is there')
    url = r['paths'][path]['serverRelativeURL']
    t.must(url.startswith('/openapi/v3/' + path + '?hash='), 'with a hash')
    d = t.get(url, want=200, quiet=True).json
    mine = [s for n, s in d['components']['schemas'].items()
            if n.endswith('.Widget')]
    t.must(len(mine) == 1, 'with one schema of Widgets')
    t.note('kind', mine[0]['x-kubernetes-group-version-kind'])
    t.note('members', sorted(mine[0]['properties']))
    t.note('size', mine[0]['properties']['spec']['properties']['size'])
    t.note('parts', mine[0]['properties']['spec']['properties']['parts'])


def event(t, name='e', **more):
    o = {'metadata': {'name': name}, 'involvedObject': {
        'kind': 'Widget', 'name': 'one', 'namespace': t.ns},
        'reason': 'Testing', 'message': 'it is a test', 'type': 'Normal'}
    o.update(more)
    return t.post(t.at('events'), o, want=201)


@check('kinds', 'an Event, and its selectors')
def events(t):
    event(t)
    for s in ('involvedObject.name=one', 'reason=Testing', 'type=Warning',
              'involvedObject.kind=Widget,type=Normal'):
        n = t.get(t.at('events'), fieldSelector=s, want=200, quiet=True)
        t.note(s, len(n.json['items']))
    t.get(t.at('events.events.k8s.io', 'e'), want=200)


@check('kinds', 'an Event elsewhere than its object is 422')
def event_elsewhere(t):
    t.post(t.at('events'), {
        'metadata': {'name': 'e'}, 'involvedObject': {
            'kind': 'X', 'name': 'one', 'namespace': 'default'}}, want=422)


@check('kinds', 'an Event is patched')
def event_patch(t):
    event(t, count=1)
    t.patch(t.at('events', 'e'), {
        'count': 2, 'lastTimestamp': '2026-01-02T03:04:05Z'}, want=200)


@check('kinds', 'a new Event')
def new_event(t):
    t.post(t.at('events.events.k8s.io'), {
        'metadata': {'name': 'e'}, 'eventTime':
        '2026-01-02T03:04:05.123456Z', 'type': 'Normal',
        'reason': 'Testing', 'action': 'Test', 'note': 'it is a test',
        'reportingController': 'example.org/test',
        'reportingInstance': 'one', 'regarding': {
            'kind': 'Widget', 'name': 'one', 'namespace': t.ns}}, want=201)
    t.post(t.at('events.events.k8s.io'), {
        'metadata': {'name': 'f'}, 'type': 'Normal'}, want=422)


@check('kinds', 'a Secret: strings, types, bad data')
def secret(t):
    t.post(t.at('secrets'), {'metadata': {'name': 'a'},
                             'stringData': {'k': 'v'}}, want=201)
    t.post(t.at('secrets'), {'metadata': {'name': 'b'},
                             'data': {'k': '!!'}}, want=400)
    t.post(t.at('secrets'), {'metadata': {'name': 'c'},
                             'data': {'a b': 'eA=='}}, want=422)
    t.post(t.at('secrets'), {'metadata': {'name': 'd'},
                             'type': 'kubernetes.io/tls'}, want=422)
    t.post(t.at('secrets'), {'metadata': {'name': 'e'},
                             'type': 'kubernetes.io/basic-auth'}, want=422)


@check('kinds', 'a Secret that is too large is 422')
def large_secret(t):
    t.post(t.at('secrets'), {'metadata': {'name': 'a'}, 'data': {
        'k': base64.b64encode(b'x' * 1100000).decode()}}, want=422)


@check('kinds', 'a ConfigMap: keys, binary data')
def config_map(t):
    t.post(t.at('configmaps'), {'metadata': {'name': 'a'}, 'data': {
        'k': 'v'}, 'binaryData': {'b': 'eA=='}}, want=201)
    t.post(t.at('configmaps'), {'metadata': {'name': 'b'}, 'data': {
        'a b': 'v'}}, want=422)
    t.post(t.at('configmaps'), {'metadata': {'name': 'c'}, 'data': {
        'k': 'v'}, 'binaryData': {'k': 'eA=='}}, want=422)


@check('kinds', 'a Lease: create, renew, take over')
def lease(t):
    r = 'leases.coordination.k8s.io'
    o = t.post(t.at(r), {'metadata': {'name': 'a'}, 'spec': {
        'holderIdentity': 'me', 'leaseDurationSeconds': 15,
        'acquireTime': '2026-01-02T03:04:05.000000Z',
        'renewTime': '2026-01-02T03:04:05.123456Z',
        'leaseTransitions': 0}}, want=201).json
    o['spec']['renewTime'] = '2026-01-02T03:04:15.500000Z'
    t.put(t.at(r, 'a'), o, want=200)
    t.put(t.at(r, 'a'), o, want=409)


@check('kinds', 'a Lease that is wrong is refused')
def bad_lease(t):
    r = 'leases.coordination.k8s.io'
    for spec in ({'leaseDurationSeconds': 0}, {'leaseTransitions': -1},
                 {'leaseDurationSeconds': 'x'}, {'renewTime': 'now'}):
        t.post(t.at(r), {'metadata': {'name': 'a'}, 'spec': spec})


@check('kinds', 'a namespace and its label')
def namespace(t):
    t.get('/api/v1/namespaces/' + t.ns, want=200)


@check('kinds', 'a CRD that is wrong is 422')
def bad_crd(t):
    def crd(**more):
        spec = {'group': 'x.example', 'scope': 'Namespaced', 'names': {
            'plural': 'things', 'singular': 'thing', 'kind': 'Thing'},
            'versions': [{'name': 'v1', 'served': True, 'storage': True,
                          'schema': {'openAPIV3Schema': {
                              'type': 'object'}}}]}
        spec.update(more)
        return {'apiVersion': 'apiextensions.k8s.io/v1',
                'kind': 'CustomResourceDefinition',
                'metadata': {'name': 'things.x.example'}, 'spec': spec}
    wrong = crd()
    wrong['metadata']['name'] = 'other.x.example'
    t.post(CRDS, wrong, want=422)
    t.post(CRDS, crd(scope='Some'), want=422)
    t.post(CRDS, crd(versions=[]), want=422)


@check('kinds', 'our CRD is established')
def established(t):
    r = t.get(CRDS + '/widgets.' + GROUP, want=200, quiet=True).json
    t.note('conditions', sorted(
        [c['type'], c['status'], c['reason']] for c in
        r['status']['conditions']))
    t.note('names', r['status']['acceptedNames'])
    t.note('stored', r['status']['storedVersions'])


@check('access', 'reviews of the admin say yes')
def reviews(t):
    t.post('/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
        'apiVersion': 'authorization.k8s.io/v1',
        'kind': 'SelfSubjectAccessReview', 'spec': {'resourceAttributes': {
            'verb': 'get', 'resource': 'secrets'}}}, quiet=True)
    r = t.post('/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
        'apiVersion': 'authorization.k8s.io/v1',
        'kind': 'SelfSubjectAccessReview', 'spec': {'resourceAttributes': {
            'verb': 'get', 'resource': 'secrets'}}}, want=201,
        quiet=True).json
    t.must(r['status']['allowed'], 'allowed')
