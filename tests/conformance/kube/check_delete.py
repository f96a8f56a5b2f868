"""Deletes: preconditions, finalizers, propagation, collections."""

from frame import GROUP, check


def options(**more):
    return dict({'kind': 'DeleteOptions', 'apiVersion': 'v1'}, **more)


@check('delete', 'answers Success and it is gone')
def gone(t):
    t.have()
    t.delete(t.at('widgets', 'one'), want=200)
    t.get(t.at('widgets', 'one'), want=404)


@check('delete', 'of a ConfigMap')
def config_map(t):
    t.post(t.at('configmaps'), {'metadata': {'name': 'a'}}, want=201)
    t.delete(t.at('configmaps', 'a'), want=200)


@check('delete', 'with another uid is 409')
def uid(t):
    t.have()
    t.delete(t.at('widgets', 'one'), options(preconditions={
        'uid': '00000000-0000-4000-8000-000000000000'}), want=409)


@check('delete', 'with the right uid and a stale revision is 409')
def revision(t):
    r = t.have(spec={'size': 1})
    t.patch(t.at('widgets', 'one'), {'spec': {'size': 2}}, quiet=True)
    t.delete(t.at('widgets', 'one'), options(preconditions={
        'uid': r.uid, 'resourceVersion': r.rv}), want=409)
    t.delete(t.at('widgets', 'one'), options(preconditions={
        'uid': r.uid}), want=200)


@check('delete', 'a finalizer keeps it')
def finalizer(t):
    t.have(meta={'finalizers': ['a.b/c']})
    t.delete(t.at('widgets', 'one'), want=200)
    t.get(t.at('widgets', 'one'), want=200)
    t.delete(t.at('widgets', 'one'), want=200)
    t.patch(t.at('widgets', 'one'), {'metadata': {'finalizers': None}},
            want=200)
    t.get(t.at('widgets', 'one'), want=404)


@check('delete', 'while it ends, no finalizer may be added')
def no_new_finalizer(t):
    t.have(meta={'finalizers': ['a.b/c']})
    t.delete(t.at('widgets', 'one'), want=200)
    t.patch(t.at('widgets', 'one'), {'metadata': {
        'finalizers': ['a.b/c', 'd.e/f']}}, want=422)


@check('delete', 'while it ends, it can be changed')
def change(t):
    t.have(meta={'finalizers': ['a.b/c']}, spec={'size': 1})
    t.delete(t.at('widgets', 'one'), want=200)
    t.patch(t.at('widgets', 'one'), {'spec': {'size': 2}}, want=200)
    t.patch(t.at('widgets', 'one', 'status'), {'status': {'seen': 2}},
            want=200)


@check('delete', 'while it ends, its name is taken')
def name_taken(t):
    t.have(meta={'finalizers': ['a.b/c']})
    t.delete(t.at('widgets', 'one'), want=200)
    t.post(t.at('widgets'), t.widget(), want=409)


@check('delete', 'of one of two finalizers')
def two_finalizers(t):
    t.have(meta={'finalizers': ['a.b/c', 'd.e/f']})
    t.delete(t.at('widgets', 'one'), want=200)
    t.patch(t.at('widgets', 'one'), {'metadata': {
        'finalizers': ['d.e/f']}}, want=200)
    t.get(t.at('widgets', 'one'), want=200)


@check('delete', 'deletionTimestamp cannot be taken back')
def undelete(t):
    t.have(meta={'finalizers': ['a.b/c']})
    t.delete(t.at('widgets', 'one'), want=200)
    t.patch(t.at('widgets', 'one'), {'metadata': {
        'deletionTimestamp': None}}, want=200)


@check('delete', 'an update that removes the last finalizer')
def update_ends(t):
    t.have(meta={'finalizers': ['a.b/c']})
    o = t.delete(t.at('widgets', 'one'), want=200).json
    o['metadata']['finalizers'] = []
    t.put(t.at('widgets', 'one'), o, want=200)
    t.get(t.at('widgets', 'one'), want=404)


@check('delete', 'Foreground adds its finalizer')
def foreground(t):
    t.have(meta={'finalizers': ['a.b/c']})
    t.delete(t.at('widgets', 'one'), options(
        propagationPolicy='Foreground'), want=200)


@check('delete', 'Orphan adds its finalizer')
def orphan(t):
    t.have(meta={'finalizers': ['a.b/c']})
    t.delete(t.at('widgets', 'one'), options(
        propagationPolicy='Orphan'), want=200)


@check('delete', 'another policy is refused')
def policy(t):
    t.have()
    t.delete(t.at('widgets', 'one'), options(propagationPolicy='Some'))
    t.delete(t.at('widgets', 'one'), propagationPolicy='Some')


@check('delete', 'a policy and orphanDependents are refused')
def both(t):
    t.have()
    t.delete(t.at('widgets', 'one'), options(
        propagationPolicy='Background', orphanDependents=True))


@check('delete', 'a grace period means nothing here')
def grace(t):
    t.have()
    t.delete(t.at('widgets', 'one'), options(gracePeriodSeconds=30),
             want=200)
    t.get(t.at('widgets', 'one'), want=404)


@check('delete', 'a body that is none')
def body(t):
    t.have()
    t.delete(t.at('widgets', 'one'), b'{"a":', want=400)
    t.get(t.at('widgets', 'one'), want=200)


@check('delete', 'a body of another kind')
def body_kind(t):
    t.have()
    t.delete(t.at('widgets', 'one'), t.widget())


@check('delete', 'of a collection')
def collection(t):
    for n in 'abc':
        t.have(n, meta={'labels': {'k': n}})
    t.delete(t.at('widgets'), labelSelector='k in (a,b)', want=200)
    t.get(t.at('widgets'), want=200)


@check('delete', 'of a collection by a field')
def collection_field(t):
    t.have('a')
    t.have('b')
    t.delete(t.at('widgets'), fieldSelector='metadata.name=a', want=200)
    t.get(t.at('widgets'), want=200)


@check('delete', 'of a collection with finalizers')
def collection_finalizers(t):
    t.have('a', meta={'finalizers': ['a.b/c']})
    t.have('b')
    t.delete(t.at('widgets'), want=200)
    t.get(t.at('widgets'), want=200)


@check('delete', 'of an empty collection')
def collection_empty(t):
    t.delete(t.at('widgets'), want=200)


@check('delete', 'of a collection as a dry run')
def collection_dry(t):
    t.have('a')
    t.delete(t.at('widgets'), dryRun='All', want=200)
    t.get(t.at('widgets', 'a'), want=200)


@check('delete', 'of a collection of a kind that has none')
def collection_namespaces(t):
    t.delete('/api/v1/namespaces', labelSelector='no=one', want=405)


@check('delete', 'of a cluster-wide object')
def gadget(t):
    name = 'gone-' + t.run
    t.post(t.at('gadgets', ns=''), {
        'apiVersion': GROUP + '/v1', 'kind': 'Gadget',
        'metadata': {'name': name}}, want=201)
    t.delete(t.at('gadgets', name, ns=''), want=200)


@check('delete', 'of a namespace')
def namespace(t):
    name = t.namespace('x')
    t.delete('/api/v1/namespaces/' + name, want=200)


@check('delete', 'nothing is made in a namespace that ends')
def namespace_ends(t):
    name = t.namespace('y')
    path = '/api/v1/namespaces/' + name
    t.post(t.at('widgets', ns=name), t.widget(
        meta={'finalizers': ['a.b/c']}), want=201)
    t.delete(path, want=200, quiet=True)
    t.post(t.at('widgets', ns=name), t.widget('two'), want=403)
    t.patch(t.at('widgets', 'one', ns=name), {'metadata': {
        'finalizers': None}}, quiet=True)
