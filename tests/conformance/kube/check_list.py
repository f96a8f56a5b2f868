"""Lists, pages, selectors, revisions and watches."""

import base64
import json
import time
import urllib.parse
import urllib.request

import frame
from frame import check


def three(t, **more):
    return [t.have(n, meta={'labels': {'k': n, 'all': 'x'}},
                   spec={'size': i, 'color': ('red', 'blue', 'blue')[i]},
                   **more) for i, n in enumerate('abc')]


def etcd(url, call, **body):
    urllib.request.urlopen(urllib.request.Request(
        url + '/v3/kv/' + call, json.dumps(body).encode())).read()


def compact(t):
    """Forgets the history, as the API server makes etcd do every five
    minutes; by this key it tells its caches, which look every 15 seconds."""
    where = t.server.history
    if where == 'sim':
        t.ask('POST', '/_sim/compact', {}, quiet=True)
        return
    if not where:
        raise frame.Skip('history cannot be compacted through the API')
    rv = t.get('/api/v1/namespaces', quiet=True).rv
    etcd(where, 'compaction', revision=rv, physical=True)
    etcd(where, 'put', key=base64.b64encode(b'compact_rev_key').decode(),
         value=base64.b64encode(rv.encode()).decode())


def wait_gone(t, **query):
    """Until the caches have noticed; checks whose answer is 410 say so."""
    for _ in range(60):
        if t.get(t.at('widgets'), quiet=True, **query).status == 410:
            return
        time.sleep(0.5)


@check('list', 'is sorted by name, with a revision')
def plain(t):
    three(t)
    t.get(t.at('widgets'), want=200)


@check('list', 'over all namespaces')
def everywhere(t):
    three(t)
    t.get(t.at('widgets', ns=''), labelSelector='all=x', want=200,
          fieldSelector='metadata.namespace=' + t.ns)


@check('list', 'of nothing')
def nothing(t):
    t.get(t.at('widgets'), want=200)
    t.get(t.at('configmaps'), labelSelector='no=one', want=200)


@check('list', 'pages with limit and continue')
def pages(t):
    three(t)
    r = t.get(t.at('widgets'), limit=2, want=200)
    t.get(t.at('widgets'), limit=2, want=200, quiet=True,
          **{'continue': r.json['metadata']['continue']})
    n = t.get(t.at('widgets'), want=200, quiet=True, limit=2,
              **{'continue': r.json['metadata']['continue']}).json
    t.note('second page', [o['metadata']['name'] for o in n['items']])
    t.note('more', n['metadata'].get('continue', ''))


@check('list', 'pages show one revision')
def snapshot(t):
    three(t)
    r = t.get(t.at('widgets'), limit=1, want=200).json['metadata']
    t.delete(t.at('widgets', 'b'), quiet=True)
    t.have('d')
    n = t.get(t.at('widgets'), want=200, quiet=True,
              **{'continue': r['continue']}).json
    t.note('names', [o['metadata']['name'] for o in n['items']])
    t.must(n['metadata']['resourceVersion'] == r['resourceVersion'],
           'the revision of the first page')


@check('list', 'pages with a selector tell no rest')
def pages_selector(t):
    three(t)
    t.get(t.at('widgets'), limit=1, labelSelector='all=x', want=200)


@check('list', 'a continue token that is none is 400')
def odd_token(t):
    t.get(t.at('widgets'), limit=1, **{'continue': 'abc'}, want=400)


@check('list', 'a continue token with a resourceVersion is 400')
def token_revision(t):
    three(t)
    c = t.get(t.at('widgets'), limit=1).json['metadata']['continue']
    t.normal.word(c, 'CONTINUE')
    t.ask('GET', '%s?limit=1&resourceVersion=1&continue=%s' % (
        t.at('widgets'), c), want=400)


@check('list', 'an old continue token is 410 with a new one')
def old_token(t):
    three(t)
    c = t.get(t.at('widgets'), limit=1).json['metadata']['continue']
    t.normal.word(urllib.parse.quote_plus(c), 'CONTINUE')
    t.patch(t.at('widgets', 'a'), {'spec': {'size': 7}}, quiet=True)
    compact(t)
    wait_gone(t, limit=1, **{'continue': c})
    e = t.get(t.at('widgets'), want=410, limit=1, **{'continue': c})
    fresh = e.json['metadata'].get('continue', '')
    t.must(fresh, 'a token to go on with')
    t.normal.word(fresh, 'FRESH')
    n = t.get(t.at('widgets'), want=200, limit=1, quiet=True,
              **{'continue': fresh}).json
    t.note('names', [o['metadata']['name'] for o in n['items']])


@check('list', 'a negative and an odd limit')
def odd_limit(t):
    t.get(t.at('widgets'), limit=-1)
    t.get(t.at('widgets'), limit='x')


@check('list', 'at a revision: 0, old, exact')
def at_revision(t):
    rv = three(t)[2].rv
    t.get(t.at('widgets'), resourceVersion=0, want=200, quiet=True)
    for match in ('NotOlderThan', 'Exact'):
        n = t.get(t.at('widgets'), resourceVersion=rv, quiet=True,
                  resourceVersionMatch=match, want=200).json
        t.note(match, [o['metadata']['name'] for o in n['items']])


@check('list', 'at an exact revision of the past')
def past(t):
    rv = three(t)[1].rv
    n = t.get(t.at('widgets'), resourceVersion=rv, want=200, quiet=True,
              resourceVersionMatch='Exact').json
    t.note('names', [o['metadata']['name'] for o in n['items']])
    t.must(n['metadata']['resourceVersion'] == rv, 'that revision')


@check('list', 'at an exact revision that is forgotten is 410')
def forgotten(t):
    rv = three(t)[0].rv
    t.patch(t.at('widgets', 'a'), {'spec': {'size': 7}}, quiet=True)
    compact(t)
    wait_gone(t, resourceVersion=rv, resourceVersionMatch='Exact')
    t.get(t.at('widgets'), resourceVersion=rv, want=410,
          resourceVersionMatch='Exact')


@check('list', 'a revision that is no number is 400')
def odd_revision(t):
    t.get(t.at('widgets'), resourceVersion='abc', want=400)
    t.have()
    t.get(t.at('widgets', 'one'), resourceVersion='abc')


@check('list', 'match words without a revision or unknown')
def match_words(t):
    t.get(t.at('widgets'), resourceVersionMatch='Exact')
    t.get(t.at('widgets'), resourceVersionMatch='Maybe', resourceVersion=1)
    t.get(t.at('widgets'), resourceVersionMatch='Exact', resourceVersion=0)


@check('list', 'a future revision times out')
def future(t):
    rv = int(t.have().rv) + 1000000
    t.normal.word(str(rv), 'FUTURE')
    t.get(t.at('widgets'), resourceVersion=rv, want=504)


@check('selectors', 'of labels')
def labels(t):
    three(t)
    for s in ('k=a', 'k==a', 'k!=a', 'k in (a,c)', 'k notin (a)', 'k',
              '!k', 'k,k!=b', 'k=a,k=b', ''):
        n = t.get(t.at('widgets'), labelSelector=s, want=200,
                  quiet=True).json
        t.note(s, [o['metadata']['name'] for o in n['items']])


@check('selectors', 'of labels that are wrong are 400')
def bad_labels(t):
    for s in ('k in a', 'k=(a)', '=a', 'a b', 'k=a=b', 'k in (a'):
        t.get(t.at('widgets'), labelSelector=s, want=400)


@check('selectors', 'of fields')
def fields(t):
    three(t)
    for s in ('metadata.name=b', 'metadata.name!=b', 'spec.color=blue',
              'spec.color=blue,metadata.name=c', 'metadata.namespace=no'):
        n = t.get(t.at('widgets'), fieldSelector=s, want=200,
                  quiet=True).json
        t.note(s, [o['metadata']['name'] for o in n['items']])


@check('selectors', 'of fields that are not selectable are 400')
def bad_fields(t):
    t.get(t.at('widgets'), fieldSelector='spec.size=1', want=400)
    t.get(t.at('secrets'), fieldSelector='data.a=1', want=400)


@check('selectors', 'of fields that are wrong are 400')
def odd_fields(t):
    t.get(t.at('widgets'), fieldSelector='metadata.name', want=400)


@check('selectors', 'of Secret types')
def secret_types(t):
    t.post(t.at('secrets'), {'metadata': {'name': 'a'}}, quiet=True)
    t.post(t.at('secrets'), {'metadata': {'name': 'b'}, 'type': 'x/y'},
           quiet=True)
    n = t.get(t.at('secrets'), fieldSelector='type=x/y', want=200).json
    t.note('names', [o['metadata']['name'] for o in n['items']])


@check('watch', 'from a revision: added, modified, deleted')
def watch(t):
    rv = t.have('first').rv
    w = t.watch(t.at('widgets'), resourceVersion=rv)
    t.have('a', spec={'size': 1})
    t.patch(t.at('widgets', 'a'), {'spec': {'size': 2}}, quiet=True)
    t.patch(t.at('widgets', 'a', 'status'), {'status': {'seen': 1}},
            quiet=True)
    t.delete(t.at('widgets', 'a'), quiet=True)
    t.events(w, 4)


@check('watch', 'catches up')
def catch_up(t):
    rv = t.have('first').rv
    t.have('a')
    t.delete(t.at('widgets', 'first'), quiet=True)
    t.events(t.watch(t.at('widgets'), resourceVersion=rv), 2)


@check('watch', 'without a revision begins with what is there')
def from_now(t):
    three(t)
    w = t.watch(t.at('widgets'))
    t.events(w, 3)
    t.have('d')
    t.events(w, 1)


@check('watch', 'from 0 begins with what is there')
def from_zero(t):
    three(t)
    t.events(t.watch(t.at('widgets'), resourceVersion=0), 3)


@check('watch', 'a change without effect is no event')
def silent(t):
    rv = t.have('a', spec={'size': 1}).rv
    w = t.watch(t.at('widgets'), resourceVersion=rv)
    t.patch(t.at('widgets', 'a'), {'spec': {'size': 1}}, quiet=True)
    t.patch(t.at('widgets', 'a'), {'spec': {'size': 2}}, quiet=True)
    t.events(w, 1)


@check('watch', 'a finalizer makes two events of a delete')
def finalizers(t):
    rv = t.have('a', meta={'finalizers': ['a.b/c']}).rv
    w = t.watch(t.at('widgets'), resourceVersion=rv)
    t.delete(t.at('widgets', 'a'), quiet=True)
    t.patch(t.at('widgets', 'a'), {'metadata': {'finalizers': None}},
            quiet=True)
    t.events(w, 2)


@check('watch', 'objects come into and leave a selection')
def selection(t):
    rv = t.have('a', meta={'labels': {'k': 'no'}}).rv
    w = t.watch(t.at('widgets'), resourceVersion=rv,
                labelSelector='k=yes')
    for n, k in enumerate(('yes', 'yes', 'no')):
        t.patch(t.at('widgets', 'a'), {'metadata': {'labels': {
            'k': k}, 'annotations': {'n': str(n)}}}, quiet=True)
    for e in t.events(w, 3):
        t.note('type', e['type'])


@check('watch', 'of one object by its name')
def by_name(t):
    rv = t.have('a').rv
    w = t.watch(t.at('widgets'), resourceVersion=rv,
                fieldSelector='metadata.name=b')
    t.have('b')
    t.patch(t.at('widgets', 'a'), {'spec': {'size': 1}}, quiet=True)
    t.delete(t.at('widgets', 'b'), quiet=True)
    t.events(w, 2)


@check('watch', 'of one object by its path')
def by_path(t):
    rv = t.have('a').rv
    w = t.watch(t.at('widgets', 'a'), resourceVersion=rv)
    t.have('b')
    t.delete(t.at('widgets', 'a'), quiet=True)
    t.events(w, 1)


@check('watch', 'initial events end with a bookmark')
def initial(t):
    three(t)
    w = t.watch(t.at('widgets'), sendInitialEvents='true',
                allowWatchBookmarks='true', resourceVersion=0,
                resourceVersionMatch='NotOlderThan')
    first = t.events(w, 4)
    if 'RequestWatchProgress' in first[0]['object'].get('message', ''):
        raise frame.Skip('this etcd does not tell its progress')
    t.have('d')
    t.events(w, 1)


@check('watch', 'initial events without the match are 422')
def initial_match(t):
    t.watch(t.at('widgets'), sendInitialEvents='true')
    t.get(t.at('widgets'), sendInitialEvents='true')


@check('watch', 'no initial events')
def no_initial(t):
    three(t)
    w = t.watch(t.at('widgets'), sendInitialEvents='false',
                allowWatchBookmarks='true',
                resourceVersionMatch='NotOlderThan')
    t.have('d')
    t.events(w, 1)


@check('watch', 'ends after timeoutSeconds')
def timeout(t):
    rv = t.have('a').rv
    w = t.watch(t.at('widgets'), resourceVersion=rv, timeoutSeconds=1)
    t.events(w, 1, 8)


@check('watch', 'a bookmark before the end')
def bookmark(t):
    rv = t.have('a').rv
    w = t.watch(t.at('widgets'), resourceVersion=rv, timeoutSeconds=5,
                allowWatchBookmarks='true')
    t.have('b')
    seen = t.events(w, 2, 15)
    t.must(int(seen[-1]['object']['metadata']['resourceVersion']) >=
           int(seen[0]['object']['metadata']['resourceVersion']),
           'the bookmark is not before the event')


@check('watch', 'from a forgotten revision is 410')
def gone(t):
    rv = t.have('a').rv
    t.have('b')
    compact(t)
    del rv
    w = t.watch(t.at('widgets'), resourceVersion=1)
    t.events(w, 2)


@check('watch', 'a revision that is no number is refused')
def odd(t):
    t.watch(t.at('widgets'), resourceVersion='abc')


@check('watch', 'a wrong selector is 400')
def odd_selector(t):
    t.watch(t.at('widgets'), labelSelector='a b')
    t.watch(t.at('widgets'), fieldSelector='spec.size=1')


@check('watch', 'of metadata only')
def partial(t):
    rv = t.have('first').rv
    w = t.watch(t.at('widgets'), resourceVersion=rv, headers={
        'Accept': 'application/json;as=PartialObjectMetadata;'
                  'g=meta.k8s.io;v=v1'})
    t.have('a', spec={'size': 1})
    t.events(w, 1)


@check('watch', 'of Tables')
def tables(t):
    rv = t.have('first').rv
    w = t.watch(t.at('widgets'), resourceVersion=rv, headers={
        'Accept': 'application/json;as=Table;g=meta.k8s.io;v=v1'})
    t.have('a', spec={'size': 1})
    t.delete(t.at('widgets', 'a'), quiet=True)
    t.events(w, 2)


@check('watch', 'of Secrets, ConfigMaps and Leases')
def builtins(t):
    for r in ('secrets', 'configmaps', 'leases.coordination.k8s.io'):
        o = {'metadata': {'name': 'a'}}
        rv = t.get(t.at(r), quiet=True).rv
        w = t.watch(t.at(r), resourceVersion=rv,
                    fieldSelector='metadata.name=a')
        t.post(t.at(r), o, quiet=True, want=201)
        t.delete(t.at(r, 'a'), quiet=True)
        t.events(w, 2)
