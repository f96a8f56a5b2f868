"""All versions of the objects that checks of the contract are about, in the
order in which the server stored them."""

import json
import threading
import time

import client

KINDS = ('physicalhosts', 'beskar7machines', 'beskar7clusters',
         'beskar7machinetemplates', 'beskar7clustertemplates')
CORE = ('machines', 'clusters')
AX = '/apis/infrastructure.cluster.x-k8s.io/v1beta2/'
CAPI = '/apis/cluster.x-k8s.io/v1beta2/'


class Seen:
    def __init__(self):
        self.all = {}  # plural: [(revision, type, object)]
        self.broken = []
        for base, kinds in ((AX, KINDS), (CAPI, CORE)):
            for plural in kinds:
                self.all[plural] = []
                threading.Thread(target=self.follow, daemon=True,
                                 args=(base + plural, plural)).start()

    def follow(self, path, plural):
        """From now on; over the server's restarts, from where it was."""
        server, last = client.Server(), None
        while True:
            try:
                if last is None:
                    last = self.now(server, path)
                w = client.Watch(server, path + '?watch=true&timeoutSeconds='
                                 '3600&resourceVersion=' + last)
                e = None
                while w.status == 200:
                    e = w.next(3600)
                    if not isinstance(e, dict) or e['type'] == 'ERROR':
                        break
                    last = e['object']['metadata']['resourceVersion']
                    self.all[plural].append((int(last), e['type'],
                                             e['object']))
                if w.status == 410 or (isinstance(e, dict) and
                                       e['type'] == 'ERROR'):
                    self.broken.append('%s: %s' % (plural, e))
                    last = None
                w.close()
            except (OSError, ValueError, AttributeError, KeyError):
                time.sleep(0.3)

    def now(self, server, path):
        status, _, raw = server.ask('GET', path + '?limit=1')
        if status != 200:
            raise OSError('status %d' % status)
        return json.loads(raw)['metadata']['resourceVersion']

    def of(self, plural, ns=None, name=None):
        """(revision, type, object) of one object, or of all."""
        return [x for x in list(self.all[plural])
                if (ns is None or x[2]['metadata'].get('namespace') == ns) and
                (name is None or x[2]['metadata']['name'] == name)]

    def lives(self, plural):
        """The versions of each object (by UID), in order; deletions last."""
        by = {}
        for x in list(self.all[plural]):
            by.setdefault(x[2]['metadata']['uid'], []).append(x)
        return by.values()
