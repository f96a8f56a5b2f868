"""Create and update, what is checked, defaulted and pruned."""

from frame import check


@check('create', 'answers what was stored')
def plain(t):
    t.post(t.at('widgets'), t.widget(spec={'size': 1}), want=201)
    t.get(t.at('widgets', 'one'), want=200)


@check('create', 'of a name that is taken is 409')
def taken(t):
    t.have()
    t.post(t.at('widgets'), t.widget(), want=409)


@check('create', 'of a builtin name that is taken is 409')
def taken_builtin(t):
    for _ in (201, 409):
        t.post(t.at('configmaps'), {'metadata': {'name': 'a'}}, want=_)


@check('create', 'without a name is 422')
def no_name(t):
    t.post(t.at('widgets'), t.widget(None), want=422)
    t.post(t.at('configmaps'), {'metadata': {}}, want=422)


@check('create', 'with generateName')
def generate(t):
    o = t.widget(None, meta={'generateName': 'some-'})
    r = t.post(t.at('widgets'), o, want=201, quiet=True)
    name = r.json['metadata']['name']
    t.note('length', len(name))
    t.note('prefix', name[:5])
    t.note('generateName stays', r.json['metadata']['generateName'])


@check('create', 'a bad name is 422')
def bad_name(t):
    for name in ('Big', '-a', 'a_b', 'x' * 254):
        t.post(t.at('widgets'), t.widget(name), want=422)


@check('create', 'a bad builtin name is 422')
def bad_builtin_name(t):
    t.post(t.at('secrets'), {'metadata': {'name': 'Big'}}, want=422)
    t.post('/api/v1/namespaces', {'metadata': {'name': 'a.b'}}, want=422)


@check('create', 'bad labels are 422')
def bad_labels(t):
    t.post(t.at('widgets'), t.widget(meta={
        'labels': {'a b': 'x', 'ok': 'not ok!'}}), want=422)


@check('create', 'bad annotations are 422')
def bad_annotations(t):
    t.post(t.at('widgets'), t.widget(meta={
        'annotations': {'a b': 'x'}}), want=422)


@check('create', 'bad finalizers are 422')
def bad_finalizers(t):
    t.post(t.at('widgets'), t.widget(meta={'finalizers': ['x y']}), want=422)


@check('create', 'a finalizer without a domain')
def short_finalizer(t):
    t.post(t.at('widgets'), t.widget(meta={'finalizers': ['short']}))


@check('create', 'a bad owner is 422')
def bad_owner(t):
    t.post(t.at('widgets'), t.widget(meta={'ownerReferences': [
        {'apiVersion': 'v1', 'kind': '', 'name': 'a', 'uid': ''}]}),
        want=422)


@check('create', 'two controllers are 422')
def two_controllers(t):
    refs = [{'apiVersion': 'v1', 'kind': 'Secret', 'name': n, 'uid': n,
             'controller': True} for n in ('a', 'b')]
    t.post(t.at('widgets'), t.widget(meta={'ownerReferences': refs}),
           want=422)


@check('create', 'with a resourceVersion is refused')
def with_version(t):
    t.post(t.at('widgets'), t.widget(meta={'resourceVersion': '5'}))


@check('create', "server's metadata is not taken from the client")
def own_metadata(t):
    t.post(t.at('widgets'), t.widget(meta={
        'uid': '00000000-0000-4000-8000-000000000000', 'generation': 9,
        'creationTimestamp': '2001-01-01T00:00:00Z',
        'deletionTimestamp': '2001-01-01T00:00:00Z',
        'selfLink': '/x'}), want=201)


@check('create', "another namespace than the path's is 400")
def other_namespace(t):
    t.post(t.at('widgets'), t.widget(meta={'namespace': 'default'}),
           want=400)


@check('create', 'in a namespace that is not there is 404')
def nowhere(t):
    t.post(t.at('widgets', ns='none'), t.widget(), want=404)
    t.post(t.at('configmaps', ns='none'), {'metadata': {'name': 'a'}},
           want=404)


@check('create', 'a namespace in a cluster-wide object')
def namespace_in_gadget(t):
    t.post(t.at('gadgets', ns=''), {
        'apiVersion': t.widget()['apiVersion'], 'kind': 'Gadget',
        'metadata': {'name': 'g-' + t.run, 'namespace': 'default'}})


@check('create', 'a status is dropped where it is a subresource')
def drop_status(t):
    t.post(t.at('widgets'), t.widget(status={'phase': 'x'}), want=201)


@check('create', 'a status stays where it is none')
def keep_status(t):
    o = t.widget(status={'phase': 'x'})
    o['kind'] = 'Plain'
    t.post(t.at('plains'), o, want=201)


@check('create', 'of an old version warns')
def old_version(t):
    o = t.widget()
    o['apiVersion'] = o['apiVersion'].replace('v1', 'v1alpha1')
    t.post(t.at('widgets', version='v1alpha1'), o, want=201)
    t.get(t.at('widgets', 'one'), want=200)


@check('schema', 'each violation has its cause')
def violations(t):
    t.post(t.at('widgets'), t.widget(spec={
        'size': 101, 'ratio': 0.3, 'color': 'pink', 'code': 'ABCDE',
        'when': 'now', 'labels': dict.fromkeys('abcd', 'x')}), want=422)


@check('schema', 'wrong types')
def types(t):
    t.post(t.at('widgets'), t.widget(spec={
        'size': '1', 'color': 3, 'on': 'yes', 'nest': [], 'steps': {},
        'amount': 1.5}), want=422)


@check('schema', 'a number that is no integer')
def fraction(t):
    t.post(t.at('widgets'), t.widget(spec={'size': 1.5}), want=422)
    t.post(t.at('widgets'), t.widget(spec={'size': 2.0}))


@check('schema', 'below the minimum')
def minimum(t):
    t.post(t.at('widgets'), t.widget(spec={'size': -1}), want=422)


@check('schema', 'what is required')
def required(t):
    t.post(t.at('widgets'), t.widget(spec={'parts': [{'size': 1}]}),
           want=422)


@check('schema', 'too many items')
def items(t):
    t.post(t.at('widgets'), t.widget(spec={
        'parts': [{'name': c} for c in 'abcde']}), want=422)


@check('schema', 'a key of a list map twice')
def twice(t):
    t.post(t.at('widgets'), t.widget(spec={
        'parts': [{'name': 'a'}, {'name': 'a'}]}), want=422)


@check('schema', 'an item of a set twice')
def set_twice(t):
    t.post(t.at('widgets'), t.widget(spec={'tags': ['a', 'b', 'a']}),
           want=422)


@check('schema', 'a spec that is no object')
def spec_string(t):
    t.post(t.at('widgets'), t.widget(spec='x'), want=422)


@check('schema', 'null where it is allowed and where not')
def nulls(t):
    t.post(t.at('widgets'), t.widget(spec={
        'maybe': None, 'size': None, 'color': None}))


@check('schema', 'integer or string')
def int_or_string(t):
    t.post(t.at('widgets'), t.widget('a', spec={'amount': 1}), want=201)
    t.post(t.at('widgets'), t.widget('b', spec={'amount': '1Gi'}), want=201)
    t.post(t.at('widgets'), t.widget('c', spec={'amount': True}), want=422)


@check('schema', 'defaults are stored')
def defaults(t):
    t.post(t.at('widgets'), t.widget(spec={
        'nest': {}, 'parts': [{'name': 'a'}]}), want=201)


@check('schema', 'defaults make no parents')
def no_parents(t):
    t.post(t.at('widgets'), t.widget(spec={}), want=201)
    t.post(t.at('widgets'), t.widget('two'), want=201)


@check('schema', 'defaults come back on update')
def defaults_again(t):
    r = t.have(spec={'color': 'blue'})
    o = r.json
    del o['spec']['color']
    t.put(t.at('widgets', 'one'), o, want=200)


@check('schema', 'unknown fields are pruned, with warnings')
def prune(t):
    t.post(t.at('widgets'), t.widget(
        spec={'size': 1, 'odd': 1, 'nest': {'odd': 2}}, odd=3), want=201)


@check('schema', 'unknown fields where all are kept')
def preserved(t):
    t.post(t.at('widgets'), t.widget(
        spec={'free': {'odd': {'deep': [1]}}}), want=201)


@check('schema', 'fieldValidation Strict refuses them')
def strict(t):
    t.post(t.at('widgets'), t.widget(
        spec={'odd': 1, 'nest': {'odd': 2}}, extra=3), want=400,
        fieldValidation='Strict')


@check('schema', 'fieldValidation Ignore is silent')
def ignore(t):
    t.post(t.at('widgets'), t.widget(spec={'odd': 1}), want=201,
           fieldValidation='Ignore')


@check('schema', 'fieldValidation of another word')
def validation_word(t):
    t.post(t.at('widgets'), t.widget(), fieldValidation='Maybe', want=422)


@check('schema', 'a key twice warns, and Strict refuses it')
def duplicate(t):
    o = (b'{"apiVersion":"conformance.beskar7.example/v1","kind":"Widget",'
         b'"metadata":{"name":"one"},"spec":{"size":1,"size":2}}')
    t.post(t.at('widgets'), o, want=400, fieldValidation='Strict')
    t.post(t.at('widgets'), o, want=201)


@check('schema', 'unknown metadata')
def odd_metadata(t):
    t.post(t.at('widgets'), t.widget('a', meta={'odd': 1}), want=400,
           fieldValidation='Strict')
    t.post(t.at('widgets'), t.widget('a', meta={'odd': 1}), want=201)


@check('schema', 'unknown fields of a builtin')
def odd_builtin(t):
    o = {'metadata': {'name': 'a'}, 'odd': 1}
    t.post(t.at('configmaps'), o, want=400, fieldValidation='Strict')
    t.post(t.at('configmaps'), o, want=201)


@check('schema', 'unknown fields in a merge patch')
def odd_patch(t):
    t.have()
    p = {'spec': {'odd': 1}}
    t.patch(t.at('widgets', 'one'), p, want=422, fieldValidation='Strict')
    t.patch(t.at('widgets', 'one'), p, want=200)


@check('update', 'takes the new and raises the generation')
def update(t):
    o = t.have(spec={'size': 1}).json
    o['spec']['size'] = 2
    t.put(t.at('widgets', 'one'), o, want=200)


@check('update', 'that changes nothing is no write')
def no_change(t):
    o = t.have(spec={'size': 1}).json
    r = t.put(t.at('widgets', 'one'), o, want=200)
    t.must(r.rv == o['metadata']['resourceVersion'], 'same revision')


@check('update', 'of metadata leaves the generation')
def metadata(t):
    o = t.have(spec={'size': 1}).json
    o['metadata']['labels'] = {'a': 'b'}
    t.put(t.at('widgets', 'one'), o, want=200)


@check('update', 'a stale resourceVersion is 409')
def stale(t):
    o = t.have(spec={'size': 1}).json
    t.patch(t.at('widgets', 'one'), {'spec': {'size': 2}}, quiet=True)
    t.put(t.at('widgets', 'one'), o, want=409)


@check('update', 'a stale builtin is 409')
def stale_builtin(t):
    o = t.post(t.at('configmaps'), {'metadata': {'name': 'a'}}).json
    t.patch(t.at('configmaps', 'a'), {'data': {'a': 'b'}})
    t.put(t.at('configmaps', 'a'), o, want=409)


@check('update', 'without a resourceVersion')
def unconditional(t):
    t.have()
    t.put(t.at('widgets', 'one'), t.widget(spec={'size': 1}), want=422)
    t.post(t.at('configmaps'), {'metadata': {'name': 'a'}})
    t.put(t.at('configmaps', 'a'), {
        'metadata': {'name': 'a'}, 'data': {'x': 'y'}}, want=200)


@check('update', 'a resourceVersion that is no number')
def odd_version(t):
    t.have()
    t.put(t.at('widgets', 'one'), t.widget(
        meta={'resourceVersion': 'abc'}))


@check('update', 'another uid is 409')
def other_uid(t):
    o = t.have().json
    o['metadata']['uid'] = '00000000-0000-4000-8000-000000000000'
    t.put(t.at('widgets', 'one'), o, want=409)


@check('update', 'another name is 400')
def other_name(t):
    o = t.have().json
    o['metadata']['name'] = 'two'
    t.put(t.at('widgets', 'one'), o, want=400)


@check('update', 'another namespace is 400')
def update_namespace(t):
    o = t.have().json
    o['metadata']['namespace'] = 'default'
    t.put(t.at('widgets', 'one'), o, want=400)


@check('update', 'what cannot change is kept')
def kept(t):
    o = t.have().json
    o['metadata'].update(creationTimestamp='2001-01-01T00:00:00Z',
                         generation=7)
    o['status'] = {'phase': 'x'}
    o['spec'] = {'size': 1}
    t.put(t.at('widgets', 'one'), o, want=200)


@check('update', 'an invalid one is 422')
def invalid(t):
    o = t.have().json
    o['spec'] = {'size': 1000}
    t.put(t.at('widgets', 'one'), o, want=422)


@check('update', 'an immutable Secret stays')
def immutable(t):
    o = t.post(t.at('secrets'), {
        'metadata': {'name': 'a'}, 'stringData': {'k': 'v'},
        'immutable': True}, want=201).json
    o['data'] = {'k': 'eA=='}
    t.put(t.at('secrets', 'a'), o, want=422)
    t.patch(t.at('secrets', 'a'), {'immutable': False}, want=422)


@check('update', "a Secret's type stays")
def secret_type(t):
    t.post(t.at('secrets'), {'metadata': {'name': 'a'}}, want=201)
    t.patch(t.at('secrets', 'a'), {'type': 'x/y'}, want=422)


@check('status', 'an update changes nothing else')
def status_only(t):
    o = t.have(spec={'size': 1}).json
    o['spec']['size'] = 5
    o['metadata']['labels'] = {'a': 'b'}
    o['metadata']['annotations'] = {'a': 'b'}
    o['metadata']['finalizers'] = ['a.b/c']
    o['status'] = {'phase': 'x'}
    t.put(t.at('widgets', 'one', 'status'), o, want=200)
    t.get(t.at('widgets', 'one', 'status'), want=200)


@check('status', 'an update of the object leaves it')
def status_stays(t):
    t.have(spec={'size': 1})
    o = t.patch(t.at('widgets', 'one', 'status'), {
        'status': {'phase': 'x'}}, want=200).json
    del o['status']
    o['spec']['size'] = 2
    t.put(t.at('widgets', 'one'), o, want=200)


@check('status', 'a patch takes the status only')
def status_patch(t):
    t.have(spec={'size': 1})
    t.patch(t.at('widgets', 'one', 'status'), {
        'metadata': {'labels': {'a': 'b'}}, 'spec': {'size': 2},
        'status': {'seen': 1}}, want=200)


@check('status', 'an invalid one is 422')
def status_invalid(t):
    t.have()
    t.patch(t.at('widgets', 'one', 'status'), {
        'status': {'seen': 'x', 'conditions': [{'type': 'A'}]}}, want=422)


@check('status', 'a stale one is 409')
def status_stale(t):
    o = t.have().json
    t.patch(t.at('widgets', 'one'), {'spec': {'size': 2}}, quiet=True)
    o['status'] = {'phase': 'x'}
    t.put(t.at('widgets', 'one', 'status'), o, want=409)


@check('status', 'of a namespace')
def namespace_status(t):
    t.get('/api/v1/namespaces/%s/status' % t.ns, want=200)


@check('dry-run', 'a create stores nothing')
def dry_create(t):
    t.post(t.at('widgets'), t.widget(spec={'size': 1}), want=201,
           dryRun='All')
    t.get(t.at('widgets', 'one'), want=404)


@check('dry-run', 'an update stores nothing')
def dry_update(t):
    o = t.have(spec={'size': 1}).json
    o['spec']['size'] = 2
    t.put(t.at('widgets', 'one'), o, want=200, dryRun='All')
    t.get(t.at('widgets', 'one'), want=200)


@check('dry-run', 'a patch and an apply store nothing')
def dry_patch(t):
    t.have(spec={'size': 1})
    t.patch(t.at('widgets', 'one'), {'spec': {'size': 3}}, want=200,
            dryRun='All')
    t.apply(t.at('widgets', 'two'), t.widget('two'), 'm', want=201,
            dryRun='All')
    t.get(t.at('widgets', 'two'), want=404)
    t.get(t.at('widgets', 'one'), want=200)


@check('dry-run', 'a delete deletes nothing')
def dry_delete(t):
    t.have()
    t.delete(t.at('widgets', 'one'), want=200, dryRun='All')
    t.delete(t.at('widgets', 'one'), {
        'kind': 'DeleteOptions', 'apiVersion': 'v1', 'dryRun': ['All']},
        want=200)
    t.get(t.at('widgets', 'one'), want=200)


@check('dry-run', 'of what is refused')
def dry_refused(t):
    t.have()
    t.post(t.at('widgets'), t.widget(), want=409, dryRun='All')
    t.post(t.at('widgets'), t.widget('two', spec={'size': -1}), want=422,
           dryRun='All')


@check('dry-run', 'another word is refused')
def dry_word(t):
    t.post(t.at('widgets'), t.widget(), dryRun='Some', want=422)
    t.get(t.at('widgets', 'one'), want=404)
