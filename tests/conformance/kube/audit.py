"""What the agent asked for, by the server's audit log."""

import collections
import json

READS = ('get', 'list', 'watch')
# Granted, and not asked for by every run: why.
RARELY = {
    'get beskar7clusters': 'reads back a write of unknown fate',
    'get beskar7machinetemplates': 'reads back a write of unknown fate',
    'get beskar7remediations': 'reads back a write of unknown fate',
    'get machines': 'reads back a write of unknown fate (its status)',
    'patch events': 'an event that comes again is counted in its series',
    'list leases': 'Leases of another count of shards',
    'delete leases': 'what replicas of shards announced',
    'patch machines/status': 'a remediation answers a MachineHealthCheck',
}


class Audit:
    """path: of the log, or "" where there is none."""

    def __init__(self, path):
        self.path = path
        self.at = 0
        self.mark()

    def events(self, since):
        if not self.path:
            return []
        with open(self.path, encoding='utf-8') as f:
            f.seek(since)
            return [json.loads(x) for x in f.read().split('\n')[:-1]]

    def rows(self, since=0):
        """(verb, resource[/subresource], status) of each request."""
        return [(e['verb'], '/'.join(filter(None, (
            o.get('resource'), o.get('subresource')))),
            e.get('responseStatus', {}).get('code'))
            for e in self.events(since) for o in [e.get('objectRef') or {}]
            # Its own permissions and versions may be asked for by anybody.
            if o.get('resource')]

    def secrets(self, since):
        """How often each Secret was asked for by its name, as
        {'get NAMESPACE/NAME': N}; lists and watches apart."""
        return collections.Counter(
            '%s %s/%s' % (e['verb'], o.get('namespace'), o['name'])
            for e in self.events(since) for o in [e.get('objectRef') or {}]
            if o.get('resource') == 'secrets' and o.get('name'))

    def since(self):
        return self.rows(self.at)

    def mark(self):
        """since() begins here."""
        if self.path:
            with open(self.path, 'rb') as f:
                text = f.read()
            self.at = text.rfind(b'\n') + 1

    def counted(self):
        """In words, of what was asked for since the mark: Leases apart."""
        rows = self.since()
        told = collections.Counter(
            '%s %s' % r[:2] for r in rows if r[1] != 'leases')
        writes = sum(n for k, n in told.items() if k.split()[0] not in READS)
        return '%d writes, %d reads, %d of Leases (%s)' % (
            writes, sum(told.values()) - writes,
            sum(r[1] == 'leases' for r in rows),
            ', '.join('%d %s' % (n, k) for k, n in sorted(told.items())))

    def used(self):
        return {'%s %s' % r[:2] for r in self.rows() if r[2] != 403}
