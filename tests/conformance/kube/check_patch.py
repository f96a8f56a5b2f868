"""Merge, JSON and strategic patches, and server-side apply."""

import base64

from frame import check

PART = {'name': 'a', 'size': 1}


@check('merge', 'adds, changes and removes')
def merge(t):
    t.have(spec={'size': 1, 'code': 'abc', 'nest': {'a': '1', 'b': '2'}})
    t.patch(t.at('widgets', 'one'), {'spec': {
        'size': 2, 'code': None, 'on': True,
        'nest': {'a': None, 'b': '3'}}}, want=200)


@check('merge', 'replaces a list')
def merge_list(t):
    t.have(spec={'parts': [PART, {'name': 'b'}]})
    t.patch(t.at('widgets', 'one'), {
        'spec': {'parts': [{'name': 'c'}]}}, want=200)


@check('merge', 'of labels, annotations and finalizers')
def merge_meta(t):
    t.have(meta={'labels': {'a': 'b'}})
    t.patch(t.at('widgets', 'one'), {'metadata': {
        'labels': {'a': None, 'c': 'd'}, 'annotations': {'x': 'y'},
        'finalizers': ['a.b/c']}}, want=200)
    t.patch(t.at('widgets', 'one'), {'metadata': {'finalizers': None}})


@check('merge', 'of nothing is no write')
def merge_nothing(t):
    r = t.have(spec={'size': 1})
    n = t.patch(t.at('widgets', 'one'), {'spec': {'size': 1}}, want=200)
    t.must(n.rv == r.rv, 'same revision')


@check('merge', 'with the right and a stale resourceVersion')
def merge_version(t):
    rv = t.have(spec={'size': 1}).rv
    for want in (200, 409):
        t.patch(t.at('widgets', 'one'), {
            'metadata': {'resourceVersion': rv},
            'spec': {'size': want}} if want == 1 else {
            'metadata': {'resourceVersion': rv},
            'spec': {'size': want // 100}}, want=want)


@check('merge', 'with another uid is 409')
def merge_uid(t):
    t.have()
    t.patch(t.at('widgets', 'one'), {'metadata': {
        'uid': '00000000-0000-4000-8000-000000000000'}}, want=422)


@check('merge', 'that renames is refused')
def merge_name(t):
    t.have()
    t.patch(t.at('widgets', 'one'), {'metadata': {'name': 'two'}}, want=400)


@check('merge', 'that is invalid is 422')
def merge_invalid(t):
    t.have(spec={'size': 1})
    t.patch(t.at('widgets', 'one'), {'spec': {'size': 'x'}}, want=422)
    t.patch(t.at('widgets', 'one'), {'spec': 3}, want=422)


@check('merge', 'that is no JSON or no object is 400')
def merge_broken(t):
    t.have()
    t.patch(t.at('widgets', 'one'), b'{"a"', want=400)
    t.patch(t.at('widgets', 'one'), b'[]', want=400)
    t.patch(t.at('widgets', 'one'), b'', want=400)


@check('merge', 'of a builtin')
def merge_builtin(t):
    t.post(t.at('configmaps'), {'metadata': {'name': 'a'},
                                'data': {'x': '1', 'y': '2'}})
    t.patch(t.at('configmaps', 'a'), {'data': {'x': None, 'z': '3'}},
            want=200)


@check('json-patch', 'each operation')
def json_patch(t):
    t.have(spec={'size': 1, 'steps': ['a', 'b'], 'nest': {'a': 'x'}})
    t.patch(t.at('widgets', 'one'), [
        {'op': 'test', 'path': '/spec/size', 'value': 1},
        {'op': 'replace', 'path': '/spec/size', 'value': 2},
        {'op': 'add', 'path': '/spec/steps/-', 'value': 'c'},
        {'op': 'add', 'path': '/spec/steps/0', 'value': 'z'},
        {'op': 'remove', 'path': '/spec/steps/1'},
        {'op': 'copy', 'from': '/spec/nest/a', 'path': '/spec/nest/b'},
        {'op': 'move', 'from': '/spec/nest/a', 'path': '/spec/code'},
    ], 'json')


@check('json-patch', 'a test that fails is 422')
def json_test(t):
    t.have(spec={'size': 1})
    t.patch(t.at('widgets', 'one'), [
        {'op': 'test', 'path': '/spec/size', 'value': 2}], 'json', want=422)


@check('json-patch', 'a path that is not there is 422')
def json_path(t):
    t.have()
    for op in ({'op': 'remove', 'path': '/spec/size'},
               {'op': 'replace', 'path': '/spec/size', 'value': 1},
               {'op': 'add', 'path': '/spec/nest/a', 'value': 'x'}):
        t.patch(t.at('widgets', 'one'), [op], 'json', want=422)


@check('json-patch', 'an unknown operation')
def json_odd(t):
    t.have()
    t.patch(t.at('widgets', 'one'), [
        {'op': 'turn', 'path': '/spec'}], 'json')


@check('json-patch', 'that is no list is 400')
def json_broken(t):
    t.have()
    t.patch(t.at('widgets', 'one'), {'op': 'add'}, 'json', want=400)


@check('json-patch', 'an escaped path')
def json_escape(t):
    t.have(meta={'annotations': {'a.b/c_d': '1'}})
    t.patch(t.at('widgets', 'one'), [
        {'op': 'replace', 'path': '/metadata/annotations/a.b~1c_d',
         'value': '2'}], 'json', want=200)


@check('strategic', 'merges and deletes in a builtin')
def strategic(t):
    t.post(t.at('configmaps'), {
        'metadata': {'name': 'a', 'finalizers': ['a.b/c']},
        'data': {'x': '1', 'y': '2'}}, want=201)
    t.patch(t.at('configmaps', 'a'), {
        'metadata': {'finalizers': ['d.e/f']},
        'data': {'x': None, 'z': '3'}}, 'strategic', want=200)
    t.patch(t.at('configmaps', 'a'), {
        'metadata': {'$deleteFromPrimitiveList/finalizers': ['a.b/c']}},
        'strategic', want=200)
    t.patch(t.at('configmaps', 'a'), {'metadata': {'finalizers': None}},
            'strategic', want=200)


@check('strategic', 'merges owners by uid')
def strategic_owners(t):
    refs = [{'apiVersion': 'v1', 'kind': 'Secret', 'name': n, 'uid': t.post(
        t.at('secrets'), {'metadata': {'name': n}}).uid} for n in 'ab']
    t.post(t.at('configmaps'), {'metadata': {
        'name': 'a', 'ownerReferences': refs[:1]}}, want=201)
    t.patch(t.at('configmaps', 'a'), {'metadata': {
        'ownerReferences': refs[1:]}}, 'strategic', want=200)
    t.patch(t.at('configmaps', 'a'), {'metadata': {'ownerReferences': [
        {'$patch': 'delete', 'uid': refs[0]['uid']}]}}, 'strategic',
        want=200)


@check('apply', 'creates and owns')
def apply_create(t):
    t.apply(t.at('widgets', 'one'), t.widget(spec={
        'size': 1, 'parts': [PART], 'tags': ['x'], 'steps': ['s'],
        'whole': {'a': '1'}, 'labels': {'k': 'v'}}), 'first', want=201)


@check('apply', 'again is no write')
def apply_again(t):
    o = t.widget(spec={'size': 1})
    a = t.apply(t.at('widgets', 'one'), o, 'first', want=201)
    b = t.apply(t.at('widgets', 'one'), o, 'first', want=200)
    t.must(a.rv == b.rv, 'same revision')


@check('apply', 'removes what is no longer said')
def apply_removes(t):
    t.apply(t.at('widgets', 'one'), t.widget(spec={
        'size': 1, 'code': 'abc', 'parts': [PART, {'name': 'b'}]}), 'first')
    t.apply(t.at('widgets', 'one'), t.widget(spec={
        'size': 1, 'parts': [{'name': 'b'}]}), 'first', want=200)


@check('apply', 'of two managers, each its own')
def apply_two(t):
    t.apply(t.at('widgets', 'one'), t.widget(spec={
        'size': 1, 'parts': [PART], 'tags': ['x']}), 'first')
    t.apply(t.at('widgets', 'one'), t.widget(spec={
        'code': 'abc', 'parts': [{'name': 'b'}], 'tags': ['y']}), 'second',
        want=200)
    t.apply(t.at('widgets', 'one'), t.widget(spec={'size': 1}), 'first',
            want=200)


@check('apply', 'of the same value is shared')
def apply_shared(t):
    o = t.widget(spec={'size': 1})
    t.apply(t.at('widgets', 'one'), o, 'first')
    t.apply(t.at('widgets', 'one'), o, 'second', want=200)
    t.apply(t.at('widgets', 'one'), t.widget(spec={}), 'first', want=200)


@check('apply', "of another's field is a conflict")
def apply_conflict(t):
    t.apply(t.at('widgets', 'one'), t.widget(spec={'size': 1}), 'first')
    t.apply(t.at('widgets', 'one'), t.widget(spec={'size': 2}), 'second',
            want=409)


@check('apply', 'with several conflicts tells all')
def apply_conflicts(t):
    t.apply(t.at('widgets', 'one'), t.widget(spec={
        'size': 1, 'parts': [PART], 'nest': {'a': '1'}}), 'first')
    t.apply(t.at('widgets', 'one'), t.widget(spec={
        'code': 'abc'}), 'third')
    t.apply(t.at('widgets', 'one'), t.widget(spec={
        'size': 2, 'parts': [{'name': 'a', 'size': 2}], 'code': 'xyz',
        'nest': {'a': '2'}}), 'second', want=409)


@check('apply', 'conflicts with an update')
def apply_over_update(t):
    t.have(spec={'size': 1})
    t.apply(t.at('widgets', 'one'), t.widget(spec={'size': 2}), 'second',
            want=409)


@check('apply', 'with force takes over')
def apply_force(t):
    t.apply(t.at('widgets', 'one'), t.widget(spec={'size': 1}), 'first')
    t.apply(t.at('widgets', 'one'), t.widget(spec={'size': 2}), 'second',
            force='true', want=200)
    t.apply(t.at('widgets', 'one'), t.widget(spec={'size': 3}), 'first',
            want=409)


@check('apply', 'an update takes ownership')
def update_takes(t):
    t.apply(t.at('widgets', 'one'), t.widget(spec={'size': 1}), 'first')
    t.patch(t.at('widgets', 'one'), {'spec': {'size': 2}}, want=200,
            fieldManager='hand')
    t.apply(t.at('widgets', 'one'), t.widget(spec={'size': 1}), 'first',
            want=409)


@check('apply', 'of an atomic map')
def apply_atomic(t):
    t.apply(t.at('widgets', 'one'), t.widget(
        spec={'whole': {'a': '1'}}), 'first')
    t.apply(t.at('widgets', 'one'), t.widget(
        spec={'whole': {'b': '2'}}), 'second', want=409)
    t.apply(t.at('widgets', 'one'), t.widget(
        spec={'whole': {'b': '2'}}), 'second', force='true', want=200)


@check('apply', 'of labels and annotations')
def apply_labels(t):
    t.apply(t.at('widgets', 'one'), t.widget(meta={
        'labels': {'a': '1'}, 'annotations': {'b': '2'},
        'finalizers': ['a.b/c']}), 'first', want=201)
    t.apply(t.at('widgets', 'one'), t.widget(meta={
        'labels': {'c': '3'}, 'finalizers': ['d.e/f']}), 'second', want=200)
    t.apply(t.at('widgets', 'one'), t.widget(), 'first', want=200)
    t.apply(t.at('widgets', 'one'), t.widget(), 'second', want=200)


@check('apply', 'of owner references')
def apply_owners(t):
    for name in ('x', 'y'):
        uid = t.post(t.at('configmaps'), {'metadata': {'name': name}}).uid
        t.apply(t.at('widgets', 'one'), t.widget(meta={'ownerReferences': [
            {'apiVersion': 'v1', 'kind': 'ConfigMap', 'name': name,
             'uid': uid}]}), 'm-' + name)


@check('apply', 'of a status')
def apply_status(t):
    t.have(spec={'size': 1})
    t.apply(t.at('widgets', 'one', 'status'), t.widget(status={
        'phase': 'x', 'conditions': [{'type': 'A', 'status': 'True'}]}),
        'first', want=200)
    t.apply(t.at('widgets', 'one', 'status'), t.widget(status={
        'conditions': [{'type': 'B', 'status': 'True'}]}), 'second',
        want=200)
    t.apply(t.at('widgets', 'one', 'status'), t.widget(status={
        'conditions': [{'type': 'B', 'status': 'False'}]}), 'first',
        want=409)
    t.apply(t.at('widgets', 'one', 'status'), t.widget(status={}), 'first',
            want=200)


@check('apply', 'a status by apply of the object is dropped')
def apply_main_status(t):
    t.apply(t.at('widgets', 'one'), t.widget(
        spec={'size': 1}, status={'phase': 'x'}), 'first', want=201)


@check('apply', 'a status of nothing is 404')
def apply_no_status(t):
    t.apply(t.at('widgets', 'one', 'status'), t.widget(
        status={'phase': 'x'}), 'first', want=404)


@check('apply', 'without a field manager is 422')
def apply_nameless(t):
    t.patch(t.at('widgets', 'one'), t.widget(), 'apply')


@check('apply', 'with managedFields in the object is 400')
def apply_managed(t):
    t.apply(t.at('widgets', 'one'), t.widget(meta={'managedFields': [
        {'manager': 'x', 'operation': 'Apply'}]}), 'first')


@check('apply', 'with another name is refused')
def apply_name(t):
    t.apply(t.at('widgets', 'one'), t.widget('two'), 'first', want=400)


@check('apply', 'without a kind is refused')
def apply_kindless(t):
    t.apply(t.at('widgets', 'one'), {'metadata': {'name': 'one'}}, 'first',
            want=400)


@check('apply', 'with another version')
def apply_version(t):
    o = t.widget(spec={'size': 1})
    o['apiVersion'] = o['apiVersion'].replace('v1', 'v1alpha1')
    t.apply(t.at('widgets', 'one'), o, 'first')


@check('apply', 'with a stale resourceVersion is 409')
def apply_stale(t):
    rv = t.have(spec={'size': 1}).rv
    t.patch(t.at('widgets', 'one'), {'spec': {'size': 2}}, quiet=True)
    t.apply(t.at('widgets', 'one'), t.widget(
        meta={'resourceVersion': rv}, spec={'code': 'abc'}), 'first',
        want=409)


@check('apply', 'with a uid does not create')
def apply_uid(t):
    t.apply(t.at('widgets', 'one'), t.widget(meta={
        'uid': '00000000-0000-4000-8000-000000000000'}), 'first', want=409)


@check('apply', 'with a resourceVersion and nothing there')
def apply_version_none(t):
    t.apply(t.at('widgets', 'one'), t.widget(
        meta={'resourceVersion': '7'}), 'first')


@check('apply', 'unknown fields')
def apply_unknown(t):
    t.apply(t.at('widgets', 'one'), t.widget(spec={'odd': 1}), 'first')
    t.apply(t.at('widgets', 'two'), t.widget('two', spec={'odd': 1}),
            'first', fieldValidation='Strict')


@check('apply', 'an invalid one is 422')
def apply_invalid(t):
    t.apply(t.at('widgets', 'one'), t.widget(spec={'size': 1000}), 'first',
            want=422)


@check('apply', 'of a wrong type')
def apply_type(t):
    t.apply(t.at('widgets', 'one'), t.widget(spec={'parts': {}}), 'first')
    t.apply(t.at('widgets', 'one'), t.widget(spec={'parts': [
        {'size': 1}]}), 'first')
    t.apply(t.at('widgets', 'one'), t.widget(spec={'parts': [
        PART, PART]}), 'first')


@check('apply', 'that is no YAML is 400')
def apply_broken(t):
    t.apply(t.at('widgets', 'one'), b'{', 'first', want=400)


@check('apply', 'null is a value')
def apply_null(t):
    t.apply(t.at('widgets', 'one'), t.widget(spec={
        'maybe': None, 'code': None, 'nest': None}), 'first')


@check('apply', 'empty maps and lists are owned')
def apply_empty(t):
    t.apply(t.at('widgets', 'one'), t.widget(spec={
        'nest': {}, 'parts': [], 'tags': [], 'labels': {}, 'free': {}}),
        'first', want=201)


@check('apply', 'to an object with unknown fields kept')
def apply_free(t):
    t.apply(t.at('widgets', 'one'), t.widget(spec={
        'free': {'a': {'b': 1}, 'c': [1, 2]}}), 'first', want=201)
    t.apply(t.at('widgets', 'one'), t.widget(spec={
        'free': {'a': {'d': 1}}}), 'second', want=200)


@check('apply', 'of a ConfigMap and a Secret')
def apply_builtin(t):
    t.apply(t.at('configmaps', 'a'), {
        'apiVersion': 'v1', 'kind': 'ConfigMap', 'metadata': {'name': 'a'},
        'data': {'x': '1'}}, 'first', want=201)
    t.apply(t.at('configmaps', 'a'), {
        'apiVersion': 'v1', 'kind': 'ConfigMap', 'metadata': {'name': 'a'},
        'data': {'x': '2', 'y': '2'}}, 'second', want=409)
    t.apply(t.at('secrets', 'a'), {
        'apiVersion': 'v1', 'kind': 'Secret', 'metadata': {'name': 'a'},
        'data': {'k': base64.b64encode(b'v').decode()}}, 'first', want=201)


@check('apply', 'of a Lease')
def apply_lease(t):
    t.apply(t.at('leases.coordination.k8s.io', 'a'), {
        'apiVersion': 'coordination.k8s.io/v1', 'kind': 'Lease',
        'metadata': {'name': 'a'}, 'spec': {
            'holderIdentity': 'me', 'leaseDurationSeconds': 15,
            'renewTime': '2026-01-02T03:04:05.000000Z'}}, 'first', want=201)


@check('managed', 'updates of one manager are one entry')
def managed_update(t):
    t.have(spec={'size': 1})
    t.patch(t.at('widgets', 'one'), {'spec': {'code': 'abc'}}, want=200)
    t.patch(t.at('widgets', 'one'), {'spec': {'size': None}}, want=200)


@check('managed', 'of two managers by updates')
def managed_two(t):
    t.have(spec={'size': 1, 'parts': [PART]})
    t.patch(t.at('widgets', 'one'), {'spec': {'size': 2}}, want=200,
            fieldManager='hand')
    t.patch(t.at('widgets', 'one'), {'spec': {'parts': [
        {'name': 'a', 'size': 2}]}}, want=200, fieldManager='hand')


@check('managed', 'an empty list clears them')
def managed_clear(t):
    t.have(spec={'size': 1})
    t.patch(t.at('widgets', 'one'), {'metadata': {'managedFields': [{}]}},
            want=200)


@check('managed', 'names that are none')
def managed_names(t):
    t.post(t.at('widgets'), t.widget(), fieldManager='x' * 129)
    t.post(t.at('widgets'), t.widget(), fieldManager='a\tb')


@check('apply', 'removes the last member of maps and lists')
def apply_last(t):
    full = {'size': 1, 'labels': {'k': 'v'}, 'free': {'a': {'b': 1}},
            'tags': ['x'], 'parts': [PART], 'nest': {'a': '1'}}
    less = {'size': 1, 'labels': {}, 'free': {'a': {}}, 'tags': [],
            'parts': [], 'nest': {}}
    for n, spec in (('one', less), ('two', {'size': 1})):
        t.apply(t.at('widgets', n), t.widget(n, spec=full), 'first',
                want=201)
        t.apply(t.at('widgets', n), t.widget(n, spec=spec), 'first')


@check('apply', 'of nothing where another owns part of a list is 422')
def apply_below(t):
    t.apply(t.at('widgets', 'one'), t.widget(spec={
        'parts': [{'name': 'a'}, {'name': 'b'}]}), 'first')
    t.patch(t.at('widgets', 'one'), {'spec': {'parts': [
        {'name': 'a', 'size': 3}, {'name': 'b'}]}}, want=200,
        fieldManager='hand')
    t.apply(t.at('widgets', 'one'), t.widget(spec={}), 'first', want=422)


@check('managed', 'an update of what nobody owns stays so')
def managed_nobody(t):
    t.have()
    t.patch(t.at('widgets', 'one'), {'spec': {'size': 1}}, want=200)
    t.apply(t.at('widgets', 'one'), t.widget(spec={'code': 'abc'}), 'first',
            want=200)
    t.patch(t.at('widgets', 'one'), {'spec': {'size': 2}}, want=200)
