"""Checks: functions that ask a server and write down what it answers.

    @check('update', 'a stale resourceVersion is a conflict')
    def stale(t): ...

Everything a check asks through `t` is in its transcript, normalised, unless it
says quiet. `want` is the status that any Kubernetes answers; another one fails
the check by itself, whatever the other server said.
"""

import json
import re
import urllib.parse

import client
import normal

GROUP = 'conformance.beskar7.example'
CHECKS = []

PATCHES = {
    'merge': 'application/merge-patch+json',
    'json': 'application/json-patch+json',
    'strategic': 'application/strategic-merge-patch+json',
    'apply': 'application/apply-patch+yaml',
}


def check(group, name):
    def add(f):
        CHECKS.append((group + '/' + name, f))
        return f
    return add


REVISION = re.compile(r'resourceVersion=[1-9]\d*&?')


class Failed(Exception):
    pass


class Skip(Exception):
    pass


class Reply:
    def __init__(self, status, headers, raw):
        self.status = status
        self.type = (headers.get('Content-Type') or '').split(';')[0]
        self.headers = headers
        self.raw = raw

    @property
    def json(self):
        return json.loads(self.raw)

    @property
    def rv(self):
        return self.json['metadata']['resourceVersion']

    @property
    def uid(self):
        return self.json['metadata']['uid']


class Check:
    """What one check has: a namespace of its own, and its transcript."""

    def __init__(self, server, run, number):
        self.server = server
        self.run = run
        self.number = number
        self.normal = normal.Normal(run)
        self.steps = []
        self.made = None
        self.open = []

    # ---- places ----

    @property
    def ns(self):
        if self.made is None:
            self.made = self.namespace('')
        return self.made

    def namespace(self, suffix):
        name = 'conf-%s-%d%s' % (self.run, self.number, suffix)
        self.ask('POST', '/api/v1/namespaces', {
            'apiVersion': 'v1', 'kind': 'Namespace',
            'metadata': {'name': name}}, quiet=True, want=201)
        self.normal.word(name, 'NS' + suffix.upper())
        return name

    def at(self, resource, name=None, sub=None, ns=None, version='v1'):
        """The path of an object or collection. Resources of the core group
        and others are named as kubectl does: "leases.coordination.k8s.io"."""
        plural, _, group = resource.partition('.')
        if resource in ('widgets', 'gadgets', 'plains'):
            group = GROUP
        path = '/apis/%s/%s' % (group, version) if group else '/api/v1'
        if ns != '':
            path += '/namespaces/' + (ns or self.ns)
        path += '/' + plural
        for part in (name, sub):
            path += '/' + part if part else ''
        return path

    # ---- requests ----

    def ask(self, method, path, body=None, want=None, quiet=False,
            headers=None, **query):
        target = path + ('?' + urllib.parse.urlencode(query) if query else '')
        h = dict(headers or {})
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        if body is not None and 'Content-Type' not in h:
            h['Content-Type'] = 'application/json'
        r = Reply(*self.server.ask(method, target, body, h))
        if not quiet:
            self.steps.append({
                'ask': self.normal.text(
                    method + ' ' + REVISION.sub('', target)),
                'status': r.status, 'type': r.type,
                'warnings': sorted(self.normal.text(w) for w in
                                   r.headers.get_all('Warning') or []),
                'body': self.normal.body(r.raw, r.type)})
        if want is not None and r.status != want:
            raise Failed('%s %s: status %d, not %d: %s' % (
                method, target, r.status, want,
                r.raw[:300].decode('utf-8', 'replace')))
        return r

    def get(self, path, **more):
        return self.ask('GET', path, **more)

    def post(self, path, body, **more):
        return self.ask('POST', path, body, **more)

    def put(self, path, body, **more):
        return self.ask('PUT', path, body, **more)

    def delete(self, path, body=None, **more):
        return self.ask('DELETE', path, body, **more)

    def patch(self, path, body, kind='merge', **more):
        headers = dict(more.pop('headers', {}))
        headers['Content-Type'] = PATCHES.get(kind, kind)
        return self.ask('PATCH', path, body, headers=headers, **more)

    def apply(self, path, body, manager, **more):
        return self.patch(path, body, 'apply', fieldManager=manager, **more)

    # ---- objects ----

    def widget(self, name='one', **parts):
        return body_of('Widget', name, **parts)

    def have(self, name='one', resource='widgets', **parts):
        """An object that the check needs; not part of the transcript."""
        kind = {'widgets': 'Widget', 'gadgets': 'Gadget',
                'plains': 'Plain'}[resource]
        r = self.post(self.at(resource), body_of(kind, name, **parts),
                      want=201, quiet=True)
        self.steps.append({'have': self.normal.walk(
            {'name': name, 'uid': r.uid,
             'metadata': {'name': name, 'resourceVersion': r.rv}})})
        return r

    # ---- watches ----

    def watch(self, path, **query):
        query['watch'] = 'true'
        headers = query.pop('headers', None)
        query.setdefault('timeoutSeconds', 30)
        target = path + '?' + urllib.parse.urlencode(query)
        w = client.Watch(self.server, target, headers)
        self.open.append(w)
        self.steps.append({
            'watch': self.normal.text(REVISION.sub('', target)), 'status': w.status,
            'type': w.type.split(';')[0],
            'body': None if w.body is None else
            self.normal.body(w.body, w.type)})
        return w

    def events(self, w, n, seconds=10):
        """The next n events, written down. Fewer when the watch ends."""
        got = []
        while len(got) < n:
            e = w.next(seconds)
            if e is None or e == 'silence':
                got.append('(end)' if e is None else '(silence)')
                break
            got.append(e)
        shown = [e if isinstance(e, str) else self.event(e) for e in got]
        self.steps.append({'events': shown})
        return [e for e in got if not isinstance(e, str)]

    def event(self, e):
        o = self.normal.walk(e.get('object'))
        if isinstance(o, dict) and o.get('kind') == 'Table':
            o = self.normal.table(o)
        if e.get('type') == 'BOOKMARK':
            o['metadata']['resourceVersion'] = 'rv-bookmark'
        return {'type': e.get('type'), 'object': o}

    def note(self, what, value):
        """A fact that the check made out of answers."""
        self.steps.append({'note': what, 'is': self.normal.walk(value)})

    def must(self, truth, what):
        self.note(what, bool(truth))
        if not truth:
            raise Failed('not true: ' + what)

    def close(self):
        for w in self.open:
            w.close()
        if self.made is not None:
            for resource in ('widgets', 'plains', 'configmaps'):
                self.sweep(self.at(resource))
            self.delete('/api/v1/namespaces/' + self.made, quiet=True)

    def sweep(self, path):
        """Nothing of a check may hold up the end of its kind."""
        for o in self.get(path, quiet=True).json.get('items', []):
            name = path + '/' + o['metadata']['name']
            if o['metadata'].get('finalizers'):
                self.patch(name, {'metadata': {'finalizers': None}},
                           quiet=True)
            self.delete(name, quiet=True)


def body_of(kind, name, **parts):
    o = {'apiVersion': GROUP + '/v1', 'kind': kind, 'metadata': {}}
    if name is not None:
        o['metadata']['name'] = name
    o['metadata'].update(parts.pop('meta', {}))
    o.update(parts)
    return o
